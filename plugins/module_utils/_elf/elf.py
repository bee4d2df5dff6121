# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an ELF file needs of other files, and what it defines: bytes → Elf.

Reads what a loader reads: program headers and the dynamic section. Section headers may be missing or wrong. Knows
nothing of where libraries are found.

Sources: System V gABI, chapters 4 and 5; LSB Core, "Symbol Versioning"; glibc, elf/elf.h and elf/dl-version.c.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .._errors import printable
from .errors import BrokenElf

MAGIC = b"\x7fELF"

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
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 10, 14, 15, 29
_DT_FLAGS_1, _DT_VERDEF, _DT_VERNEED = 0x6FFFFFFB, 0x6FFFFFFC, 0x6FFFFFFE
_DF_1_PIE, _VER_FLG_BASE, _VER_FLG_WEAK = 0x08000000, 1, 2
_ET_CORE = 4

# No real file is near: the largest ones have some hundred entries, and some kilobytes of names that are read here.
_ENTRIES, _NAMES = 1 << 16, 1 << 18


@dataclass(frozen=True, slots=True)
class Need:
    """A symbol version that a library must define. weak: the loader only warns when it does not."""

    library: str
    version: str
    weak: bool


@dataclass(frozen=True, slots=True)
class Elf:
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


class _Layout:
    """The structures in one byte order and one class, reduced to the fields that are read."""

    __slots__ = ("dynamic", "file", "needed", "needed_version", "program", "version", "version_name")

    def __init__(self, order: str, wide: bool) -> None:
        self.file = struct.Struct(order + ("16xHH12xQ14xHH" if wide else "16xHH8xI10xHH"))
        self.program = struct.Struct(order + ("I4xQQ8xQ16x" if wide else "IIIxxxxI12x"))
        self.dynamic = struct.Struct(order + ("QQ" if wide else "II"))
        self.needed = struct.Struct(order + "4xIII")  # file, first version, next library
        self.needed_version = struct.Struct(order + "4xH2xII")  # flags, name, next
        self.version = struct.Struct(order + "2xH8xII")  # flags, first name, next version
        self.version_name = struct.Struct(order + "I4x")


_LAYOUTS = {bytes((bits, data)): _Layout("<>"[data - 1], bits == 2) for bits in (1, 2) for data in (1, 2)}


def read_elf(content: bytes | memoryview, where: str) -> Elf:
    """where: names the file in messages. A file without a dynamic section needs and defines nothing.

    Raises BrokenElf.
    """
    try:
        return _read(content)
    except _Damage as damage:
        why = str(damage)
    except (struct.error, OverflowError):
        why = "it points outside of itself"
    raise BrokenElf(f"{where} can't be read as an ELF file: {why}.")


class _Damage(Exception):
    """Why a file can't be read."""


def _read(content: bytes | memoryview) -> Elf:
    if bytes(content[:4]) != MAGIC:
        raise _Damage("it does not begin as one")
    layout = _LAYOUTS.get(bytes(content[4:6]))
    if layout is None:
        raise _Damage("its class or its byte order does not exist")
    file_type, machine, at, size, count = layout.file.unpack_from(content)
    loads: list[tuple[int, int, int]] = []
    places: dict[int, tuple[int, int]] = {}
    if count and file_type != _ET_CORE:  # a core dump's segments are another program's memory
        if size != layout.program.size or at + size * count > len(content):
            raise _Damage("its program headers do not fit")
        for segment, offset, address, length in layout.program.iter_unpack(content[at : at + size * count]):
            if segment == _PT_LOAD:
                loads.append((offset, address, length))
            elif segment in (_PT_INTERP, _PT_DYNAMIC):
                places[segment] = (offset, length)  # of several, one is read: thousands could name the same bytes
    interpreter = _Names(content, *places[_PT_INTERP]).at(0) if _PT_INTERP in places else ""
    dynamic = _entries(content, *places[_PT_DYNAMIC], layout.dynamic) if _PT_DYNAMIC in places else []
    tags = dict(dynamic)
    names = _Names(content, 0, 0)
    if _DT_STRTAB in tags:
        names = _Names(content, _offset(tags[_DT_STRTAB], loads), tags.get(_DT_STRSZ, 0))
    needs: tuple[Need, ...] = ()
    if _DT_VERNEED in tags:
        needs = tuple(_needs(content, _offset(tags[_DT_VERNEED], loads), layout, names))
    defines: frozenset[str] = frozenset()
    if _DT_VERDEF in tags:
        defines = frozenset(_defines(content, _offset(tags[_DT_VERDEF], loads), layout, names))
    kind = _KINDS.get(file_type, str(file_type))
    return Elf(
        machine=_MACHINES.get(machine, str(machine)),
        bits=32 * content[4],
        little_endian=content[5] == 1,
        kind="executable" if tags.get(_DT_FLAGS_1, 0) & _DF_1_PIE else kind,
        soname=names.at(tags[_DT_SONAME]) if _DT_SONAME in tags else "",
        needed=tuple(names.at(value) for tag, value in dynamic if tag == _DT_NEEDED),
        needs=needs,
        defines=defines,
        rpath=names.at(tags[_DT_RPATH]) if _DT_RPATH in tags else "",
        runpath=names.at(tags[_DT_RUNPATH]) if _DT_RUNPATH in tags else "",
        interpreter=interpreter,
    )


def _entries(content: bytes | memoryview, offset: int, length: int, entry: struct.Struct) -> list[tuple[int, int]]:
    """The dynamic section: tags and values, up to DT_NULL."""
    length = min(length, _ENTRIES * entry.size)
    if offset + length > len(content):
        raise _Damage("its dynamic section does not fit")
    found = []
    for tag, value in entry.iter_unpack(content[offset : offset + length - length % entry.size]):
        if tag == _DT_NULL:
            break
        found.append((tag, value))
    return found


def _offset(address: int, loads: list[tuple[int, int, int]]) -> int:
    """Where in the file that is which the loader puts at an address."""
    for offset, start, length in loads:
        if start <= address < start + length:
            return offset + address - start
    raise _Damage(f"nothing of it is loaded at the address {address:#x}")


def _needs(content: bytes | memoryview, at: int, layout: _Layout, names: _Names) -> Iterator[Need]:
    """VERNEED: a chain of libraries, each with a chain of versions; distances, so both only go forward."""
    while True:
        file, first, following = layout.needed.unpack_from(content, at)
        library = names.at(file)
        version_at = at + first
        while True:
            flags, name, step = layout.needed_version.unpack_from(content, version_at)
            yield Need(library, names.at(name), bool(flags & _VER_FLG_WEAK))
            if not step:
                break
            version_at += step
        if not following:
            return
        at += following


def _defines(content: bytes | memoryview, at: int, layout: _Layout, names: _Names) -> Iterator[str]:
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


class _Names:
    """A string table. What all its answers add up to is bounded, since many entries can name one long text."""

    __slots__ = ("_content", "_end", "_left", "_start")

    def __init__(self, content: bytes | memoryview, start: int, length: int) -> None:
        self._content = content
        self._start = start
        self._end = min(start + length, len(content))
        self._left = _NAMES

    def at(self, offset: int) -> str:
        start = self._start + offset
        text, end, _rest = bytes(self._content[start : start + 64]).partition(b"\0")
        if not end:
            text, end, _rest = bytes(self._content[start : start + self._left]).partition(b"\0")
            if not end and start + self._left < self._end:
                raise _Damage("it names too much")
        if not end or start + len(text) >= self._end:
            raise _Damage("one of its names has no end")
        self._left -= len(text) + 1
        if self._left < 0:
            raise _Damage("it names too much")
        name = text.decode("utf-8", "replace")
        return name if name.isprintable() else printable(name)
