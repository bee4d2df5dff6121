# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wheels and npm packages from the registries that pip and npm are set up for, each by its hash: bytes of others only.

`wheels.txt` and `npm.txt` say which versions. uv chooses the wheels as `pip install --platform` would.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..debian import require
from ..errors import TestbedError
from .artifact import Artifact

_HERE = Path(__file__).parent
_PATIENCE = 300.0  # seconds for one run of pip, uv or npm


def pinned(name: str) -> list[str]:
    """The lines of wheels.txt or npm.txt."""
    lines = (_HERE / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def wheel_pin(name: str) -> str:
    """The line of wheels.txt: `numpy==2.4.6 --hash=sha256:…`. name: `numpy`, or `numpy==2.4.6` where it has two."""
    return _pin(name, "wheels.txt", "==")


def npm_pin(name: str) -> str:
    """The line of npm.txt: `sharp@0.34.5 sha512-…`. name: `sharp`, or `sharp@0.34.5` where it has two."""
    return _pin(name, "npm.txt", "@")


def _pin(name: str, file: str, separator: str) -> str:
    lines = [line for line in pinned(file) if line.startswith((f"{name}{separator}", f"{name} "))]
    if len(lines) != 1:
        raise TestbedError(f"{file} has {len(lines)} lines for {name}: name a version that it has.")
    return lines[0]


def pins(artifact: Artifact) -> list[str]:
    return [*map(wheel_pin, artifact.wheels), *map(npm_pin, artifact.npm)]


@dataclass(frozen=True, slots=True)
class Registries:
    """folder: where npm's downloads are kept. wheels: uv's cache, which is large, since it holds them unpacked.
    environ: with what uv has to know of pip's settings."""

    folder: Path
    wheels: Path
    environ: Mapping[str, str]

    def install_wheels(self, artifact: Artifact, target: Path) -> None:
        """As `pip install --target` does for the artifact's platform and Python."""
        with tempfile.TemporaryDirectory() as room:
            wanted = Path(room, "requirements.txt")
            wanted.write_text("\n".join(map(wheel_pin, artifact.wheels)) + "\n")
            choice = ("--require-hashes", "--no-deps", "--only-binary=:all:", "-r", str(wanted))
            if artifact.abi:
                self._unzip_wheels(artifact, target, Path(room), choice)
                return
            uv = str(Path(sys.executable).with_name("uv"))
            platform = (f"--python-platform={artifact.platform}", f"--python-version={artifact.python}")
            place = ("--python", sys.executable, "--target", str(target), "--link-mode=copy")
            _run([uv, "pip", "install", *place, *platform, *choice], {**self.environ, "UV_CACHE_DIR": str(self.wheels)})
        # uv's own, which no package has.
        (target / ".lock").unlink(missing_ok=True)

    def _unzip_wheels(self, artifact: Artifact, target: Path, room: Path, choice: tuple[str, ...]) -> None:
        """For Pythons that uv can't choose for."""
        choice = (*choice, "--platform=manylinux_2_17_x86_64", f"--python-version={artifact.python}")
        choice = (*choice, "--implementation=cp", f"--abi={artifact.abi}", "--dest", str(room))
        _run([sys.executable, "-m", "pip", "download", *choice], self.environ)
        for wheel in room.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(target)

    def fetch_npm(self, names: Iterable[str]) -> None:
        """All in one call of npm; those that are there already are not fetched again."""
        wanted = dict(npm_pin(name).split() for name in names)
        missing = [name for name, integrity in wanted.items() if not self._is(name, integrity)]
        if not missing:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        npm = require("npm", "npm")
        command = [str(npm), "pack", "--silent", "--json", "--pack-destination", str(self.folder), *missing]
        for entry in json.loads(_run(command, self.environ)):
            if entry["integrity"] != wanted[entry["id"]]:
                raise TestbedError(f"{entry['id']} from npm is not the one that npm.txt names.")

    def unpack_npm(self, artifact: Artifact, target: Path) -> None:
        """Each into node_modules/<name>, as npm installs them when no two versions of one are needed."""
        for name in artifact.npm:
            pinned, integrity = npm_pin(name).split()
            if not self._is(pinned, integrity):
                raise TestbedError(f"{pinned} from npm is not the one that npm.txt names.")
            place = target / "node_modules" / pinned.rpartition("@")[0]
            place.mkdir(parents=True)
            with tarfile.open(self._tarball(pinned)) as archive:
                for member in archive.getmembers():
                    member.name = member.name.partition("/")[2]  # "package", mostly
                    if member.name:
                        archive.extract(member, place, filter="data")

    def _tarball(self, pinned: str) -> Path:
        name, _at, version = pinned.rpartition("@")
        return self.folder / f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"

    def _is(self, pinned: str, integrity: str) -> bool:
        place = self._tarball(pinned)
        if not place.is_file():
            return False
        found = hashlib.sha512(place.read_bytes()).digest()
        return integrity == f"sha512-{base64.b64encode(found).decode()}"


def _run(command: list[str], environ: Mapping[str, str]) -> str:
    done = subprocess.run(
        command,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode:
        raise TestbedError(f"`{' '.join(command[:4])} …` failed.", done.stdout[-2000:] + done.stderr[-2000:])
    return done.stdout
