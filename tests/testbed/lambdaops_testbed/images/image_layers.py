# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layers of runtime and build images: what AWS's Dockerfiles do, as entries. Which images there are: pairs.py."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from . import amazon_linux_2, libraries
from .elf import Export, Import, SharedObject, write
from .oci import Entry, Layer, directory, file, layer, opaque, symlink, whiteout, with_parents
from .release import MACHINES, Release, files_of


@dataclass(frozen=True, slots=True)
class Language:
    """repository and tag of the runtime image, repository of the build image, interpreter by release.

    libraries: sonames that it brings in /var/lang/lib, with the key of their versions.
    """

    runtime: str
    tag: str
    build: str
    program: str
    versions: tuple[tuple[str, str], ...]
    libraries: tuple[tuple[str, str, tuple[str, ...]], ...]

    def version(self, release: str) -> str:
        return dict(self.versions)[release]


def runtime_layers(language: Language, release: str, machine: str, pad: int) -> tuple[Layer, ...]:
    return (
        _base_layer(release, machine, pad),
        _language_layer(language, release, machine),
        _interface_layer(language),
    )


_VERSIONS = {**libraries.VERSIONS, "python": (), "openssl-1.1": ("OPENSSL_1_1_0", "OPENSSL_1_1_1")}


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
    """The interpreter with libraries of its own, of no package, which shadow those of the system."""
    number, glibc = MACHINES[machine][0], Release(release, machine).system.glibc
    libc = (Import("libc.so.6", glibc),)
    own = tuple(soname for soname, _versions, _needs in language.libraries)
    needed = (*own, *(name for name in ("libstdc++.so.6", "libm.so.6", "libc.so.6") if name not in own))
    objects = {
        f"bin/{language.program}": SharedObject(
            number, needed=needed, imports=(*libc, Import("libstdc++.so.6", "GLIBCXX_3.4.21")), runpath="$ORIGIN/../lib"
        )
    }
    for soname, key, needs in language.libraries:
        versions = _VERSIONS[key if key in _VERSIONS else f"{key}/{machine}"]
        exports = tuple(Export(f"{soname.partition('.')[0]}_{v}", v) for v in versions)
        objects[f"lib/{soname}"] = SharedObject(number, soname, (*needs, "libc.so.6"), versions, exports, libc)
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
def upgrade_layer(below: str, release: str, machine: str) -> Layer:
    changes = _changes(Release(below, machine), Release(release, machine))
    log = file("var/log/dnf.log", f"releasever {release}\n".encode())
    clean = [opaque("var/cache/dnf"), log]
    command = "dnf upgrade -y --releasever=latest && dnf clean all"
    if below in amazon_linux_2.INSTALLED_AT:
        command = "yum update -y && yum clean all"
    return layer(with_parents([*changes, *clean]), f"RUN {command} # buildkit")


@cache
def compiler_layer(machine: str) -> Layer:
    """GCC 14 built from source and installed over the system's: rpm knows nothing of it."""
    versions = libraries.VERSIONS[f"gcc-14/{machine}"]
    exports = tuple(Export(f"libstdc++_{v}", v) for v in versions)
    needed = ("libm.so.6", "libgcc_s.so.1", "libc.so.6")
    imports = (Import("libc.so.6", "GLIBC_2.34"),)
    shared = SharedObject(MACHINES[machine][0], "libstdc++.so.6", needed, versions, exports, imports)
    entries = [
        file("usr/lib64/libstdc++.so.6.0.33", write(shared), mode=0o755),
        symlink("usr/lib64/libstdc++.so.6", "libstdc++.so.6.0.33"),
    ]
    return layer(with_parents(entries), "RUN make -C /tmp/gcc-14.2.0 install # buildkit")


@cache
def development_layer(release: str, machine: str, pad: int) -> Layer:
    changes = _changes(Release(release, machine), Release(release, machine, development=True))
    entries = [*changes, opaque("var/cache/dnf"), *_padding("development", pad)]
    command = "dnf groupinstall -y development && dnf clean all"
    if release in amazon_linux_2.INSTALLED_AT:
        command = "yum groupinstall -y development && yum clean all"
    return layer(with_parents(entries), f"RUN {command} # buildkit")


@cache
def sam_layer(version: str) -> Layer:
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
