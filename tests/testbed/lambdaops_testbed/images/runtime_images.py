# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runtime images that run: Debian's Python and Node.js in the form of Lambda's images, as archives for `docker load`.

`python -m lambdaops_testbed.images.runtime_images` builds all of them. They are of this machine's architecture.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import TestbedError
from ..settings import read_settings
from . import oci, pairs, runtime_packages
from .oci import Entry, directory, file, symlink, with_parents

_SYSTEM = ("base-files", "bash", "coreutils", "dash", "libc-bin", "libgcc-s1", "libstdc++6", "sed", "grep", "findutils")
_USERS = b"root:x:0:0:root:/root:/bin/bash\nsbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n"
_GROUPS = b"root:x:0:\nsbx_user1051:x:990:\n"


@dataclass(frozen=True, slots=True)
class Debian:
    """release: Debian's name of it. programs: in /var/lang/bin, with what they lead to."""

    release: str
    packages: tuple[str, ...]
    programs: tuple[tuple[str, str], ...]

    @property
    def reference(self) -> str:
        """What an engine that has loaded the image calls it."""
        return f"lambdaops-testbed/{self.release}:latest"


BOOKWORM = Debian(  # glibc 2.36, libstdc++ of GCC 12
    "bookworm",
    ("ca-certificates", "nodejs", "python3"),
    (("node", "/usr/bin/node"), ("python3", "python3.11"), ("python3.11", "/usr/bin/python3.11")),
)
BULLSEYE = Debian(  # glibc 2.31, libstdc++ of GCC 10: for packages that were built on something newer
    "bullseye",
    ("python3",),
    (("python3", "python3.9"), ("python3.9", "/usr/bin/python3.9")),
)


def runtime_archive(cache: Path, system: Debian = BOOKWORM) -> Path:
    """The archive of an image as `docker load` and our `docker-archive:PATH` take it, built if it is not there.

    cache: the folder that testbeds keep things in (`Settings.cache`). A second process that builds the same waits for
    the first. Raises TestbedError where Debian's packages can't be had.
    """
    folder = cache / "runtimes"
    place = folder / f"{system.release}-{_version()}.tar"
    if place.is_file():
        return place
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{system.release}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.is_file():
            with tempfile.TemporaryDirectory(dir=folder, prefix=f".{system.release}-") as room:
                fresh = Path(room, "image.tar")
                _write(fresh, system, _image(system, Path(room)))
                for stale in folder.glob(f"{system.release}-*.tar"):
                    stale.unlink()
                fresh.rename(place)
    return place


def _version() -> str:
    """Of what makes the images: Debian's own updates come with the next change of these files."""
    seen = hashlib.sha256()
    for source in (Path(__file__), Path(runtime_packages.__file__), Path(oci.__file__)):
        seen.update(source.read_bytes())
    return seen.hexdigest()[:16]


def _image(system: Debian, room: Path) -> oci.Image:
    found = {
        entry.name: entry
        for package in runtime_packages.packages(system.release, (*_SYSTEM, *system.packages), room)
        for entry in runtime_packages.entries(package)
    }
    stored = oci.layer(
        with_parents([*_skeleton(), *found.values(), *_certificates(found.values())]),
        f"RUN apt-get install {' '.join(system.packages)}",
        compress=bytes,
    )
    lambdas = oci.layer(with_parents(_of_lambda(system)), "COPY /var/lang /var/runtime / # buildkit", compress=bytes)
    settings = {
        "Env": pairs.environment(pairs.LIBRARY_PATH),
        "Entrypoint": ["/lambda-entrypoint.sh"],
        "WorkingDir": "/var/task",
    }
    return oci.image([stored, lambdas], runtime_packages.architecture(), settings)


def _skeleton() -> list[Entry]:
    """What the packages' scripts would have made."""
    return [
        *(symlink(name, f"usr/{name}") for name in ("bin", "lib", "lib64", "sbin")),
        *(directory(f"usr/{name}") for name in ("bin", "lib", "lib64", "sbin")),
        *(directory(name) for name in ("dev", "etc", "opt", "proc", "root", "run", "sys")),
        *(Entry(name, tarfile.DIRTYPE, mode=0o1777) for name in ("tmp", "var/tmp")),
        symlink("usr/bin/sh", "dash"),
        file("etc/passwd", _USERS),
        file("etc/group", _GROUPS),
    ]


def _certificates(entries: Iterable[Entry]) -> list[Entry]:
    trusted = [entry for entry in entries if entry.name.startswith("usr/share/ca-certificates/")]
    bundle = b"".join(entry.content for entry in sorted(trusted, key=lambda entry: entry.name))
    return [file("etc/ssl/certs/ca-certificates.crt", bundle)] if bundle else []


def _of_lambda(system: Debian) -> list[Entry]:
    return [
        *(directory(name) for name in ("opt", "var/lang/lib", "var/runtime/lib", "var/task")),
        *(symlink(f"var/lang/bin/{name}", target) for name, target in system.programs),
        file("lambda-entrypoint.sh", b'#!/bin/sh\nexec /var/runtime/bootstrap "$@"\n', mode=0o755),
        file("var/runtime/bootstrap", b'#!/bin/sh\necho "This image has no runtime client." >&2\nexit 1\n', mode=0o755),
    ]


def _write(place: Path, system: Debian, image: oci.Image) -> None:
    """As `docker save` does: manifest.json, the configuration by its digest, a folder for each layer."""
    manifest = json.loads(image.manifest)
    config = manifest["config"]["digest"]
    names = {config: f"{config.removeprefix('sha256:')}.json"}
    for stored in manifest["layers"]:
        names[stored["digest"]] = f"{stored['digest'].removeprefix('sha256:')}/layer.tar"
    layers = [names[stored["digest"]] for stored in manifest["layers"]]
    listed = [{"Config": names[config], "RepoTags": [system.reference], "Layers": layers}]
    members = {"manifest.json": json.dumps(listed).encode(), **{name: image.blobs[d] for d, name in names.items()}}
    with tarfile.open(place, "w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def main() -> int:
    try:
        cache = read_settings(os.environ).cache
        for system in (BOOKWORM, BULLSEYE):
            print(system.reference, runtime_archive(cache, system))
    except TestbedError as error:
        print(f"images: {error}", error.details, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
