# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find a program, or get it from its Debian package: unpacked into the cache folder, or installed by root."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from .errors import TestbedError

SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"  # which the PATH of a user may lack
_PATIENCE = 600.0  # seconds for one run of apt


def find(program: str) -> Path | None:
    found = shutil.which(program, path=search_path())
    return Path(found) if found else None


def require(program: str, package: str) -> Path:
    """The program, installed where root runs this on Debian; else a TestbedError that says how to install it."""
    found = find(program) or install(program, package)
    if found is None:
        raise TestbedError(
            f"This needs the program {program}, which is not here: "
            f"install it with `apt-get install {package}` (as root, Debian or Ubuntu)."
        )
    return found


def search_path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:{SYSTEM_FOLDERS}"


def unpack(program: str, package: str, folder: Path) -> Path | None:
    """The program from its package, unpacked below folder: no root needed, no service started, nothing installed.

    For packages whose programs stand alone. None where there is no apt, or it can't get the package.
    """
    target = folder / package
    place = target / "usr" / "bin" / program
    if place.is_file():
        return place
    if not (find("apt-get") and find("dpkg-deb")):
        return None
    shutil.rmtree(target, ignore_errors=True)
    (target / "lists" / "partial").mkdir(parents=True)
    if not _run(["apt-get", "download", package], target):
        # The machine's package lists are missing or too old, and only root may renew them: take lists of our own.
        own = ["-o", f"Dir::State::Lists={target / 'lists'}", "-o", f"Dir::Cache={target / 'apt'}"]
        if not (_run(["apt-get", *own, "update"], target) and _run(["apt-get", *own, "download", package], target)):
            return None
    for archive in target.glob("*.deb"):
        _run(["dpkg-deb", "-x", str(archive), str(target)], target)
    return place if place.is_file() else None


def install(program: str, package: str) -> Path | None:
    """The program after apt-get has installed its package; None for other users than root and other systems."""
    if os.geteuid() != 0 or not find("apt-get"):
        return None
    command = ["apt-get", "install", "-y", "--no-install-recommends", package]
    if not _run(command, Path("/")):
        _run(["apt-get", "update"], Path("/"))
        _run(command, Path("/"))
    return find(program)


def _run(command: list[str], folder: Path) -> bool:
    environment = {**os.environ, "PATH": search_path(), "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise TestbedError(
            f"`{' '.join(command)}` took more than {_PATIENCE / 60:.0f} minutes: is its mirror slow?"
        ) from error
    return done.returncode == 0
