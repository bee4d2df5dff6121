# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runtime images, and the build images made FROM them, as AWS makes its own: which there are and their layers.

* lambda/nodejs:20, lambda/python:3.12: the runtimes, at 2023.6.20241031; dated tags name this and a newer one.
* sam/build-*: `latest` (= 1.131.0) stands on the newer runtime, at 2023.6.20250107: no common base, drifted;
  `1.127.0` on this very runtime with nothing but development packages added; `upgraded` on this very runtime too,
  but every package upgraded above it; `older` (= 1.121.0) on an older runtime.

Each tag is an index of linux/amd64, linux/arm64 and an attestation; TAG-x86_64 and TAG-arm64 are the single images.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum
from functools import cache

from .catalog import NEWER, OLDER, RUNTIME
from .elf import Export, Import, SharedObject, write
from .libraries import VERSIONS
from .oci import (
    Entry,
    Image,
    Layer,
    Layout,
    directory,
    file,
    image,
    index,
    layer,
    opaque,
    symlink,
    whiteout,
    with_parents,
)
from .release import MACHINES, Release, files_of

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}  # of the machine, of the platform
TAG_SUFFIX = {"x86_64": "x86_64", "aarch64": "arm64"}
LIBRARY_PATH = "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"


@dataclass(frozen=True, slots=True)
class Language:
    """repository and tag of the runtime image, repository of the build image, interpreter by release."""

    runtime: str
    tag: str
    build: str
    program: str
    versions: tuple[tuple[str, str], ...]

    def version(self, release: str) -> str:
        return dict(self.versions)[release]


NODE = Language(
    "lambda/nodejs",
    "20",
    "sam/build-nodejs20.x",
    "node",
    ((OLDER, "20.17.0"), (RUNTIME, "20.18.0"), (NEWER, "20.18.1")),
)
PYTHON = Language(
    "lambda/python",
    "3.12",
    "sam/build-python3.12",
    "python3.12",
    ((OLDER, "3.12.6"), (RUNTIME, "3.12.7"), (NEWER, "3.12.8")),
)


class Recipe(Enum):
    """How a build image came about: its runtime's release, its own release, and SAM's version."""

    DRIFTED = (NEWER, NEWER, "1.131.0")
    SAME_BASE = (RUNTIME, RUNTIME, "1.127.0")
    UPGRADED = (RUNTIME, NEWER, "1.127.1")
    OLDER = (OLDER, OLDER, "1.121.0")


def repositories(pad: int = 0) -> dict[str, Layout]:
    """Repository name -> layout with all its tags; pad adds that many MiB to the base and the development layer."""
    found: dict[str, Layout] = {}
    for language in (NODE, PYTHON):
        runtime, build = Layout(), Layout()
        for tag, release in (
            (language.tag, RUNTIME),
            (f"{language.tag}.2024.10.31", RUNTIME),
            (f"{language.tag}.2025.01.07", NEWER),
        ):
            _add(runtime, tag, {machine: runtime_image(language, release, machine, pad) for machine in ARCHITECTURES})
        for tag, recipe in (
            ("latest", Recipe.DRIFTED),
            ("1.131.0", Recipe.DRIFTED),
            ("1.127.0", Recipe.SAME_BASE),
            ("upgraded", Recipe.UPGRADED),
            ("older", Recipe.OLDER),
            ("1.121.0", Recipe.OLDER),
        ):
            _add(build, tag, {machine: build_image(language, recipe, machine, pad) for machine in ARCHITECTURES})
        found |= {language.runtime: runtime, language.build: build}
    return found


def _add(layout: Layout, tag: str, images: dict[str, Image]) -> None:
    layout.add(tag, index(list(images.values())))
    for machine, one in images.items():
        layout.add(f"{tag}-{TAG_SUFFIX[machine]}", one)


@cache
def runtime_image(language: Language, release: str, machine: str, pad: int = 0) -> Image:
    settings = {
        "Env": _environment(LIBRARY_PATH),
        "Entrypoint": ["/lambda-entrypoint.sh"],
        "WorkingDir": "/var/task",
    }
    return image(_runtime_layers(language, release, machine, pad), ARCHITECTURES[machine], settings)


@cache
def build_image(language: Language, recipe: Recipe, machine: str, pad: int = 0) -> Image:
    below, release, version = recipe.value
    layers = list(_runtime_layers(language, below, machine, pad))
    if recipe in (Recipe.DRIFTED, Recipe.UPGRADED):
        layers.append(_upgrade_layer(below, release, machine))
    layers += [_development_layer(release, machine, pad), _sam_layer(version)]
    environment = [*_environment(""), f"SAM_CLI_VERSION={version}"]
    return image(layers, ARCHITECTURES[machine], {"Env": environment, "WorkingDir": "/tmp/samcli/source"})


def _environment(library_path: str) -> list[str]:
    return [
        "LANG=en_US.UTF-8",
        "TZ=:/etc/localtime",
        "PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        f"LD_LIBRARY_PATH={library_path}",
        "LAMBDA_TASK_ROOT=/var/task",
        "LAMBDA_RUNTIME_DIR=/var/runtime",
    ]


def _runtime_layers(language: Language, release: str, machine: str, pad: int) -> tuple[Layer, ...]:
    return (
        _base_layer(release, machine, pad),
        _language_layer(language, release, machine),
        _interface_layer(language),
    )


@cache
def _base_layer(release: str, machine: str, pad: int) -> Layer:
    entries = [
        *files_of(Release(release, machine)).values(),
        *(symlink(name, f"usr/{name}") for name in ("bin", "lib", "lib64", "sbin")),
        *(directory(name) for name in ("dev", "opt", "proc", "root", "sys", "tmp", "usr/sbin", "var/task")),
        file("var/cache/dnf/packages.db", b"left over from the base image"),
        *_padding("base", pad),
    ]
    return layer(with_parents(entries), "COPY / / # buildkit")


@cache
def _language_layer(language: Language, release: str, machine: str) -> Layer:
    """The interpreter with libraries of its own, which shadow those of the system."""
    number = MACHINES[machine][0]
    libc = (Import("libc.so.6", "GLIBC_2.34"),)
    glibcxx = Import("libstdc++.so.6", "GLIBCXX_3.4.29")
    needed = ("libstdc++.so.6", "libm.so.6", "libc.so.6")
    objects = {
        f"bin/{language.program}": SharedObject(
            number, needed=needed, imports=(*libc, glibcxx), runpath="$ORIGIN/../lib"
        )
    }
    for soname, versions, needs in (
        ("libstdc++.so.6", VERSIONS[f"gcc-11/{machine}"], ("libm.so.6", "libgcc_s.so.1", "libc.so.6")),
        ("libcrypto.so.3", VERSIONS["openssl"], ("libc.so.6",)),
        ("libssl.so.3", VERSIONS["openssl"], ("libcrypto.so.3", "libc.so.6")),
    ):
        exports = tuple(Export(f"{soname.partition('.')[0]}_{v}", v) for v in versions)
        objects[f"lib/{soname}"] = SharedObject(number, soname, needs, versions, exports, libc)
    entries = [file(f"var/lang/{path}", write(shared), mode=0o755) for path, shared in objects.items()]
    entries.append(file("var/lang/VERSION", f"{language.version(release)}\n".encode()))
    return layer(with_parents(entries), "COPY /var/lang /var/lang # buildkit")


@cache
def _interface_layer(language: Language) -> Layer:
    script = b'#!/bin/sh\nexec /usr/local/bin/aws-lambda-rie /var/runtime/bootstrap "$@"\n'
    bootstrap = f'#!/bin/sh\nexec /var/lang/bin/{language.program} /var/runtime/index "$@"\n'.encode()
    entries = [file("lambda-entrypoint.sh", script, mode=0o755), file("var/runtime/bootstrap", bootstrap, mode=0o755)]
    return layer(with_parents(entries), "COPY /lambda-entrypoint.sh /var/runtime / # buildkit")


@cache
def _upgrade_layer(below: str, release: str, machine: str) -> Layer:
    changes = _changes(Release(below, machine), Release(release, machine))
    log = file("var/log/dnf.log", f"releasever {release}\n".encode())
    clean = [opaque("var/cache/dnf"), log]
    return layer(with_parents([*changes, *clean]), "RUN dnf upgrade -y --releasever=latest && dnf clean all # buildkit")


@cache
def _development_layer(release: str, machine: str, pad: int) -> Layer:
    changes = _changes(Release(release, machine), Release(release, machine, development=True))
    entries = [*changes, opaque("var/cache/dnf"), *_padding("development", pad)]
    return layer(with_parents(entries), "RUN dnf groupinstall -y development && dnf clean all # buildkit")


@cache
def _sam_layer(version: str) -> Layer:
    entry = file("usr/local/opt/sam-cli/VERSION", f"{version}\n".encode())
    return layer(with_parents([entry]), f"RUN ./sam-installation/install # SAM_CLI_VERSION={version}")


def _changes(lower: Release, upper: Release) -> list[Entry]:
    """What a layer holds that turns the files of one release into those of another."""
    before, after = files_of(lower), files_of(upper)
    changed = [entry for name, entry in after.items() if before.get(name) != entry]
    return changed + [whiteout(name) for name in before if name not in after]


def _padding(name: str, mebibytes: int) -> list[Entry]:
    """Files of 32 KiB, of which one half compresses well and the other not at all."""
    source = random.Random(name)
    half = 16 * 1024
    path = f"usr/share/padding/{name}"
    return [file(f"{path}/{n:06}", source.randbytes(half) + bytes(half)) for n in range(32 * mebibytes)]
