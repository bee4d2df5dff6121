# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands that install or build what a target can load, to be copied into a shell. Pure.

When which of them is of use is told by `hints.py`. Sources: pip's user guide, `pip install --platform`; PEP 600
(manylinux tags name the glibc that they ask for); npm, `npm install --os --cpu --libc`; AWS Lambda developer guide (Go
and Rust on provided.*).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from .._native.target import Target

_GLIBC = re.compile(r"GLIBC_([0-9]+)\.([0-9]+)")
_FOLDER = "<the folder that you pack>"  # no shell runs a command with this in it
_BUILD_IMAGE = "<build image>"
_OF_GO = {"x86_64": "amd64", "aarch64": "arm64"}
_OF_NODE = {"x86_64": "x64", "aarch64": "arm64"}  # and of .NET


def pip_install(requirements: Iterable[str], target: Target, folder: str = "") -> str:
    """requirements: `numpy<=2.4.6`. folder: where the packages are now. pip takes the tags in the order in which they
    are given, and no older ones by itself; without --upgrade it leaves folders alone that exist."""
    tags = [f"manylinux2014_{target.machine}"]
    if newest_glibc(target) >= (2, 28):
        tags.insert(0, f"manylinux_2_28_{target.machine}")
    platforms = " ".join(f"--platform {tag}" for tag in tags)
    python = f"--python-version {target.version} " if target.language == "python" else ""
    into = shlex.quote(folder) if folder else _FOLDER
    return f"pip install --upgrade {platforms} --only-binary=:all: {python}--target {into} {shlex.join(requirements)}"


def newest_glibc(target: Target) -> tuple[int, int]:
    """Of the image's C library; (0, 0) where it was not read."""
    versions = (v for library in target.libraries.libraries if library.name == "libc.so.6" for v in library.versions)
    return max(((int(f[1]), int(f[2])) for v in versions if (f := _GLIBC.fullmatch(v))), default=(0, 0))


def npm_install(target: Target) -> str:
    """Without names: with them it would write them into package.json."""
    return f"npm install --os=linux --cpu={_OF_NODE.get(target.machine, target.machine)} --libc=glibc"


def npm_in_image(target: Target) -> str:
    """The images' own entry points take nothing but the name of one program or handler."""
    image = target.build_image or _BUILD_IMAGE
    return f'docker run --rm --entrypoint npm -v "$PWD":/var/task -w /var/task {image} ci'


def bundle_install(target: Target) -> str:
    return f"bundle lock --add-platform {target.machine}-linux && bundle install"


def dotnet_publish(target: Target) -> str:
    return f"dotnet publish -c Release -r linux-{_OF_NODE.get(target.machine, target.machine)}"


def go_build(target: Target) -> str:
    """Without C code it needs neither a C library nor a loader."""
    machine = _OF_GO.get(target.machine, target.machine)
    return f"GOOS=linux GOARCH={machine} CGO_ENABLED=0 go build -tags lambda.norpc -o bootstrap"


def cargo_build(target: Target) -> str:
    return f"cargo lambda build --release{' --arm64' if target.machine == 'aarch64' else ''}"
