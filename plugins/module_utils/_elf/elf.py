# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an ELF file needs of other files, and what it defines: bytes → Elf.

Reads what a loader reads: program headers and the dynamic section. Section headers may be missing or wrong. Knows
nothing of where libraries are found.

Sources: System V gABI, chapters 4 and 5; LSB Core, "Symbol Versioning"; glibc, elf/elf.h and elf/dl-version.c.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .segments import Layout, Names, Segments, read_segments, readable

_KINDS = {1: "relocatable", 2: "executable", 3: "shared object", 4: "core"}
_MACHINES = {
    3: "i386",
    8: "mips",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    62: "x86_64",
    183: "aarch64",
    243: "riscv",
    258: "loongarch",
}
_DT_NEEDED, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 1, 14, 15, 29
_DT_FLAGS_1, _DT_VERDEF, _DT_VERNEED = 0x6FFFFFFB, 0x6FFFFFFC, 0x6FFFFFFE
_DF_1_PIE, _VER_FLG_BASE, _VER_FLG_WEAK = 0x08000000, 1, 2


class Need(NamedTuple):
    """A symbol version that a library must define. weak: the loader only warns when it does not."""

    library: str
    version: str
    weak: bool


class Elf(NamedTuple):
    """machine: as `uname -m` says it (x86_64, aarch64), or the number of e_machine as text. kind: "shared object",
    "executable" (position-independent ones too), "relocatable", "core", or the number of e_type as text. Names are
    in the order of the file; texts that the file does not have are empty."""

    machine: str
    bits: int
    little_endian: bool
    kind: str
    soname: str = ""
    needed: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    defines: frozenset[str] = frozenset()
    rpath: str = ""
    runpath: str = ""
    interpreter: str = ""


def read_elf(content: bytes, where: str) -> Elf:
    """where: names the file in messages. A file without a dynamic section needs and defines nothing.

    Raises BrokenElf.
    """
    return elf_of(read_segments(content, where), where)


def elf_of(segments: Segments, where: str) -> Elf:
    """The same of a file whose outer form has been read."""
    return readable(_elf, segments, where)


def _elf(segments: Segments) -> Elf:
    content = segments.content
    layout, tags = segments.layout, segments.tags
    names = Names(content, *segments.strings)
    needs: tuple[Need, ...] = ()
    if _DT_VERNEED in tags:
        needs = tuple(_needs(content, segments.offset(tags[_DT_VERNEED]), layout, names))
    defines: frozenset[str] = frozenset()
    if _DT_VERDEF in tags:
        defines = frozenset(_defines(content, segments.offset(tags[_DT_VERDEF]), layout, names))
    kind = _KINDS.get(segments.file_type, str(segments.file_type))
    return Elf(
        machine=_MACHINES.get(segments.machine, str(segments.machine)),
        bits=32 * content[4],
        little_endian=content[5] == 1,
        kind="executable" if tags.get(_DT_FLAGS_1, 0) & _DF_1_PIE else kind,
        soname=names.at(tags[_DT_SONAME]) if _DT_SONAME in tags else "",
        needed=tuple([names.at(value) for tag, value in segments.dynamic if tag == _DT_NEEDED]),
        needs=needs,
        defines=defines,
        rpath=names.at(tags[_DT_RPATH]) if _DT_RPATH in tags else "",
        runpath=names.at(tags[_DT_RUNPATH]) if _DT_RUNPATH in tags else "",
        interpreter=_whole(segments.interpreter),
    )


def _whole(name: bytes | None) -> str:
    return "" if name is None else Names(name, 0, len(name)).at(0)


def _needs(content: bytes, at: int, layout: Layout, names: Names) -> list[Need]:
    """VERNEED: a chain of libraries, each with a chain of versions; distances, so both only go forward."""
    found = []
    name_at, one_version = names.at, layout.needed_version.unpack_from
    while True:
        file, first, following = layout.needed.unpack_from(content, at)
        library = name_at(file)
        version_at = at + first
        while True:
            flags, name, step = one_version(content, version_at)
            found.append(Need(library, name_at(name), bool(flags & _VER_FLG_WEAK)))
            if not step:
                break
            version_at += step
        if not following:
            return found
        at += following


def _defines(content: bytes, at: int, layout: Layout, names: Names) -> Iterator[str]:
    """VERDEF without the entry that names the file itself; the first name is the version, more are its parents."""
    while True:
        flags, first, following = layout.version.unpack_from(content, at)
        # Of base entries as well: what names add up to bounds the chain.
        name = names.at(layout.version_name.unpack_from(content, at + first)[0])
        if not flags & _VER_FLG_BASE:
            yield name
        if not following:
            return
        at += following
