# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of a Debian release's packages and of all that they depend on, without installing any of them.

They come from where the machine's apt gets its own. apt chooses and checks them, with lists of its own below the
folder that is given; no root is needed. What the files become is runtime_images.py's business.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from .. import debian
from ..errors import TestbedError
from .oci import Entry, file, symlink

_PATIENCE = 300.0  # seconds for one program
_DIRECTORIES = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")  # links into usr since Debian merged them
_WITHOUT = re.compile(
    r"usr/share/(bash-completion|bug|debconf|dpkg|doc|doc-base|info|lintian|locale|man|perl5|polkit-1|zoneinfo)/"
    r"|usr/lib/[^/]+/(gconv|perl-base|ossl-modules|engines-3)/|usr/lib/(dpkg|systemd)/|usr/bin/(perl|dpkg|openssl)"
    r"|etc/(cron|default|init\.d|logrotate)|var/(cache|lib)/"
)


def packages(release: str, names: Sequence[str], folder: Path) -> list[Path]:
    """The packages of the release (`bookworm`) and their dependencies as .deb files below folder, by name.

    Raises TestbedError where the machine has no apt, or its apt can't get them.
    """
    for program in ("apt-get", "dpkg-deb"):
        if not debian.find(program):
            raise TestbedError(
                f"An image with Debian's Python needs {program}, which is not here: use Debian or Ubuntu."
            )
    options = _own_apt(release, folder)
    _run(["apt-get", *options, "update"], folder)
    _run(["apt-get", *options, "install", "--download-only", "--yes", *names], folder)
    return sorted((folder / "cache" / "archives").glob("*.deb"))


def entries(package: Path) -> Iterator[Entry]:
    """A package's regular files and links, all below usr where Debian has moved them; without documentation."""
    with tarfile.open(
        fileobj=io.BytesIO(_run(["dpkg-deb", "--fsys-tarfile", str(package)], package.parent))
    ) as archive:
        for member in archive:
            name = _merged(member.name)
            if member.isdir() or _WITHOUT.match(name):
                continue
            if member.issym():
                yield symlink(name, member.linkname)
            elif stored := archive.extractfile(member):  # of a hard link, what it leads to
                yield file(name, stored.read(), member.mode & 0o777)


def architecture() -> str:
    """Of this machine, as both Debian and images call it: `amd64`, `arm64`."""
    return _run(["dpkg", "--print-architecture"], Path("/")).decode().strip()


def _merged(name: str) -> str:
    name = name.removeprefix("./").strip("/")
    return f"usr/{name}" if name.partition("/")[0] in _DIRECTORIES else name


def _own_apt(release: str, folder: Path) -> list[str]:
    for name in ("lists/partial", "cache/archives/partial", "sources"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "status").write_text("")  # nothing is installed: apt takes every dependency
    (folder / "sources" / "debian.list").write_text(f"deb {_mirror()} {release} main\n")
    settings = {
        "Dir::State": folder,
        "Dir::State::Lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": folder / "sources",
        "Acquire::Languages": "none",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "",  # the cache folder may be closed to the user that apt would become
        "Debug::NoLocking": "true",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _mirror() -> str:
    """Of the machine's sources, the one that has Debian's own releases: its updates' come from elsewhere."""
    wanted = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)", "Created-By: Packages"]
    sources = [line.split() for line in _run(wanted, Path("/")).decode().splitlines()]
    for uri, component in sources:
        if component == "main" and uri.rstrip("/").endswith("/debian"):
            return uri
    raise TestbedError("An image with Debian's Python needs Debian's packages, and none of apt's sources has them.")


def _run(command: Sequence[str], folder: Path) -> bytes:
    environment = {**os.environ, "PATH": debian.search_path(), "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise TestbedError(
            f"`{command[0]}` took more than {_PATIENCE / 60:.0f} minutes: is the mirror slow?"
        ) from error
    if done.returncode != 0:
        raise TestbedError(
            f"`{command[0]}` can't get Debian's packages for an image: see below.", done.stderr.decode(errors="replace")
        )
    return done.stdout
