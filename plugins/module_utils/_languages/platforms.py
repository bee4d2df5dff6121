# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which platform a native file is for, by its content, and what its name is without the words that say it. Pure.

Sources: the names that node-gyp-build, prebuildify, napi-rs, Prisma, .NET's RID catalog, and the jars of netty, jna,
sqlite-jdbc, snappy, rocksdb and aws-crt give to variants; the sonames of C libraries other than glibc's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._elf.elf import Elf
from .._native.contents import Format, Native
from .._native.findings import Problem
from .._native.target import Target

_SYSTEMS = (
    "linux linux32 linux64 linuxmusl linuxglibc linux-gnu unknown-linux darwin apple-darwin mac macos macosx osx "
    "maccatalyst ios iossimulator tvos win win32 win64 windows pc-windows cygwin mingw32 android freebsd openbsd "
    "netbsd dragonflybsd sunos solaris aix alpine rhel debian ubuntu centos fedora opensuse tizen unix"
)
_MACHINES = (
    "x64 x86_64 x86-64 x86 amd64 ia32 i386 i486 i586 i686 arm64 arm64ec aarch64 aarch_64 arm armel armhf armv5 armv6 "
    "armv6l armv6hf armv7 armv7a armv7l armv7hf armv8 arm32 riscv64 riscv64gc s390x s390 ppc ppc64 ppc64le powerpc64le "
    "ppcle_64 loong64 loongarch64 mips mipsel mips64 mips64el sparc sparcv9 universal universal2"
)
_LIBRARIES = (
    "musl glibc cruntime gnu gnueabi gnueabihf gnux32 musleabi musleabihf androideabi eabi msvc mingw "
    r"manylinux\w* musllinux\w* openssl-[0-9.]+x"
)
_WORDS = sorted(f"{_SYSTEMS} {_MACHINES} {_LIBRARIES}".split(), key=len, reverse=True)
_WORD = re.compile(rf"(?:^|(?<=/)|[-_.@+])(?:{'|'.join(_WORDS)})(?:\.?[0-9]+(?:\.[0-9]+)*)?(?=[-_./@+]|$)")
_SUFFIX = re.compile(r"(?:\.so(?:\.[0-9][0-9a-z]*)*|(?:\.[0-9]+)*\.dylib|\.jnilib|\.dll|\.exe|\.node|\.pyd|\.bundle)$")
_PYTHON_TAG = re.compile(r"\.(?:cpython-[0-9]+[a-z]*|cp[0-9]+[a-z]*|abi3t?|pypy[0-9]+-pp[0-9]+|graalpy[0-9]+-[0-9]+)")
_ENDINGS = 3  # as in libquery_engine.so.node
_NAME_MAX = 255  # no file system of Linux has longer ones
_LIB = re.compile(r"(?<=/)lib(?=[^/]+$)")
_C_LIBRARY = re.compile(r"libc\.(?:so|musl)\b.*")
_C_LIBRARIES = {"libc.so.7": "FreeBSD", "libc.so.8": "DragonFly BSD", "libc.so.12": "NetBSD", "libc.so.1": "Solaris"}
_FOREIGN_NAME = re.compile(
    r"(?:^|[-_./@+])(?:linuxmusl|musl\w*|alpine|android\w*|darwin|ios(?:simulator)?|mac|macos\w*|osx|win(?:32|64|dows)?|"
    r"\w*bsd|sunos|solaris|aix)(?=[-_./@+]|$)"
)


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a file can't be loaded on a target, whatever is around it. platform: as messages name it: `macOS arm64`."""

    problem: Problem
    platform: str


def misfit(native: Native, target: Target) -> Misfit | None:
    """None for what fits, and for what is no machine code of a platform: .NET assemblies, and what can't be read."""
    match native.format:
        case Format.MACH_O:
            return Misfit(Problem.FORMAT, f"macOS {'/'.join(native.machines)}".rstrip())
        case Format.PE if not native.managed:
            return Misfit(Problem.FORMAT, f"Windows {'/'.join(native.machines)}".rstrip())
        case Format.ELF if native.elf:
            return _elf_misfit(native.elf, target)
    return None


def _elf_misfit(elf: Elf, target: Target) -> Misfit | None:
    if elf.machine != target.machine or elf.bits != 64 or not elf.little_endian:
        bits = f" ({elf.bits}-bit)" if elf.machine == target.machine else ""
        machine = f"machine {elf.machine}" if elf.machine.isdigit() else elf.machine
        return Misfit(Problem.ARCHITECTURE, f"Linux {machine}{bits}")
    system = _other_system(elf)
    return Misfit(Problem.LIBC, f"{system} {elf.machine}") if system else None


def _other_system(elf: Elf) -> str:
    """What else than Linux with glibc it is for, told by its loader and by the name of the C library it needs."""
    if "/ld-musl-" in elf.interpreter or any(name.startswith(("libc.musl-", "ld-musl-")) for name in elf.needed):
        return "Linux with musl"
    if elf.interpreter.startswith("/system/bin/linker"):
        return "Android"
    if elf.interpreter.startswith("/libexec/ld-elf"):
        return "FreeBSD"
    libraries = {name for name in elf.needed if _C_LIBRARY.fullmatch(name)}
    if not libraries or "libc.so.6" in libraries:
        return ""
    if "libc.so" in libraries:  # the soname of both, where musl was not named by Alpine
        return "Android" if {"liblog.so", "libdl.so", "libm.so"} & {*elf.needed} else "Linux with musl"
    return _C_LIBRARIES.get(min(libraries), f"a system with {min(libraries)}")


def says_another_system(name: str) -> bool:
    """Whether the path has the word of a system that Lambda is not. Only a hint: who names files is free to err."""
    return bool(_FOREIGN_NAME.search(name.lower()))


def says_a_platform(name: str) -> bool:
    """Whether the path has words for systems, machines or C libraries at all, by which code may choose."""
    return bool(_WORD.search(name.lower()))


def without_platform(name: str) -> str:
    """What variants of one file have in common: the path without platforms, suffixes of libraries, tags of Python.

    `@img/sharp-linux-x64/lib/sharp-linux-x64.node` and its twins for other platforms are all `@img/sharp/lib/sharp`.
    """
    folder, slash, file = name.lower().rpartition("/")
    for _ending in range(_ENDINGS if len(file) <= _NAME_MAX else 0):
        file = _SUFFIX.sub("", file)
    name = _WORD.sub("", folder + slash + file)
    name = _PYTHON_TAG.sub("", name)
    return re.sub("//+", "/", _LIB.sub("", "/" + name)).strip("/")
