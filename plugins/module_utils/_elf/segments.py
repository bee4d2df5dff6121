# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outer form of an ELF file: header, program headers, dynamic section and its names. Bytes → Segments.

What the dynamic section means is elf.py's and symbols.py's business.

Sources: System V gABI, chapters 4 and 5; glibc, elf/elf.h.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from operator import itemgetter
from typing import TypeAlias, TypeVar

from .._errors import printable
from .errors import BrokenElf

MAGIC = b"\x7fELF"

ET_REL, ET_CORE = 1, 4
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_PLACED = frozenset((_PT_DYNAMIC, _PT_INTERP))
_DT_STRTAB, _DT_STRSZ = 5, 10
_TAG = itemgetter(0)
# All that elf.py and symbols.py look up: hash tables, names, symbols, versions defined and needed.
_TABLES = frozenset((4, _DT_STRTAB, 6, 0x6FFFFEF5, 0x6FFFFFFC, 0x6FFFFFFE))
_PAGE = 4096  # bytes, which hold the program headers
_SHT_NOBITS, _CODE = 8, 4  # SHF_EXECINSTR

# No real file is near: the largest ones have some hundred entries, and some kilobytes of names that are read here.
_ENTRIES, _NAMES = 1 << 16, 1 << 18


ReadAt: TypeAlias = "Callable[[int, int], bytes]"  # offset and size of what is read
_From = TypeVar("_From")
_To = TypeVar("_To")


class Damage(Exception):
    """Why a file can't be read. Stays inside of this package: readers raise BrokenElf."""


def readable(read: Callable[[_From], _To], source: _From, where: str) -> _To:
    """What `read` makes of `source`. where: names the file in messages. Raises BrokenElf."""
    try:
        return read(source)
    except Damage as damage:
        why = str(damage)
    except (struct.error, OverflowError):
        why = "it points outside of itself"
    raise BrokenElf(f"{where} can't be read as an ELF file: {why}.")


_NATIVE = "<" if sys.byteorder == "little" else ">"


class Layout:
    """The structures in one byte order and one class, reduced to the fields that are read."""

    __slots__ = (
        "dynamic",
        "file",
        "hashed",
        "needed",
        "needed_version",
        "program",
        "section",
        "sections",
        "swapped",
        "symbol",
        "version",
        "version_name",
        "word",
    )

    def __init__(self, order: str, wide: bool) -> None:
        self.file = struct.Struct(order + ("16xHH12xQ14xHH" if wide else "16xHH8xI10xHH"))
        self.program = struct.Struct(order + ("I4xQQ8xQ16x" if wide else "IIIxxxxI12x"))
        self.dynamic = struct.Struct(order + ("QQ" if wide else "II"))
        self.needed = struct.Struct(order + "4xIII")  # file, first version, next library
        self.needed_version = struct.Struct(order + "4xH2xII")  # flags, name, next
        self.version = struct.Struct(order + "2xH8xII")  # flags, first name, next version
        self.version_name = struct.Struct(order + "I4x")
        self.sections = struct.Struct(order + ("40xQ10xHH" if wide else "32xI10xHH"))
        self.section = struct.Struct(order + ("4xIQ48x" if wide else "4xII28x"))  # type, flags
        self.symbol = struct.Struct(order + ("IBBH16x" if wide else "I8xBBH"))  # name, info, other, section
        self.swapped = order != _NATIVE  # for what reads this machine's order only
        self.word = struct.Struct(order + "I")
        self.hashed = struct.Struct(order + "III")  # of DT_GNU_HASH: buckets, first symbol, words of the bloom filter


_LAYOUTS = {bytes((bits, data)): Layout("<>"[data - 1], bits == 2) for bits in (1, 2) for data in (1, 2)}


@dataclass(slots=True)
class Segments:
    """loads: (offset, address, length) of what the loader maps; interpreter: the bytes that hold its name; dynamic:
    tags and values up to DT_NULL; tags: the same, and where one stands twice, the last one counts, as it does for the
    loader; strings: where the table of names that belongs to it begins and ends."""

    content: bytes
    layout: Layout
    file_type: int
    machine: int
    loads: list[tuple[int, int, int]]
    interpreter: bytes | None
    dynamic: list[tuple[int, int]]
    tags: dict[int, int]
    strings: tuple[int, int]

    def offset(self, address: int) -> int:
        """Where in the file that is which the loader puts at an address."""
        for offset, start, length in self.loads:
            if start <= address < start + length:
                return offset + address - start
        raise Damage(f"nothing of it is loaded at the address {address:#x}")


def read_segments(content: bytes, where: str) -> Segments:
    """where: names the file in messages. Raises BrokenElf."""
    return readable(_read, content, where)


def read_few_segments(read_at: ReadAt, size: int) -> Segments | None:
    """The same of a file of `size` bytes from its beginning and its dynamic section alone, between which linkers put
    most of it. None where that does not do, or is most of the file; then all of it has to be read."""
    try:
        return _read_few(read_at, size)
    except (Damage, struct.error, OverflowError):
        return None


@dataclass(slots=True)
class _Program:
    """The header and the program headers. places: of PT_INTERP and PT_DYNAMIC, (offset, length)."""

    layout: Layout
    file_type: int
    machine: int
    loads: list[tuple[int, int, int]]
    places: dict[int, tuple[int, int]]


def _program(head: bytes, whole: int) -> _Program:
    """head: the first bytes of a file that has `whole`."""
    if head[:4] != MAGIC:
        raise Damage("it does not begin as one")
    layout = _LAYOUTS.get(head[4:6])
    if layout is None:
        raise Damage("its class or its byte order does not exist")
    file_type, machine, at, size, count = layout.file.unpack_from(head)
    loads: list[tuple[int, int, int]] = []
    places: dict[int, tuple[int, int]] = {}
    if count and file_type != ET_CORE:  # a core dump's segments are another program's memory
        if size != layout.program.size or at + size * count > len(head):
            raise Damage("its program headers do not fit")
        for segment, offset, address, length in layout.program.iter_unpack(head[at : at + size * count]):
            if segment == _PT_LOAD:
                if length and offset + length > whole:
                    raise Damage("it is cut short")
                loads.append((offset, address, length))
            elif segment in _PLACED:
                places[segment] = (offset, length)  # of several, one is read: thousands could name the same bytes
    return _Program(layout, file_type, machine, loads, places)


def _read(content: bytes) -> Segments:
    program = _program(content, len(content))
    places = program.places
    dynamic = _entries(content, *places[_PT_DYNAMIC], program.layout.dynamic) if _PT_DYNAMIC in places else []
    return _segments(program, content, program.loads, dynamic)


def _read_few(read_at: ReadAt, size: int) -> Segments | None:
    program = _program(read_at(0, min(_PAGE, size)), size)
    first = program.loads[0] if program.loads else (0, 0, 0)  # the loader, too, looks at it first
    end = first[2]
    if first[0] or _PT_DYNAMIC not in program.places or end > size // 2:
        return None
    if sum(program.places.get(_PT_INTERP, ())) > end:
        return None
    offset, length = program.places[_PT_DYNAMIC]
    section = read_at(offset, min(length, size - offset))
    dynamic = _entries(section, 0, length, program.layout.dynamic)
    found = _segments(program, read_at(0, end), [first], dynamic)
    tags = found.tags
    for tag in _TABLES:
        if tag in tags and not first[1] <= tags[tag] < first[1] + end:
            return None
    return found if found.strings[0] + tags.get(_DT_STRSZ, 0) == found.strings[1] else None


def _segments(
    program: _Program, content: bytes, loads: list[tuple[int, int, int]], dynamic: list[tuple[int, int]]
) -> Segments:
    tags = dict(dynamic)
    found = Segments(content, program.layout, program.file_type, program.machine, loads, None, dynamic, tags, (0, 0))
    if _PT_INTERP in program.places:
        start, length = program.places[_PT_INTERP]
        found.interpreter = content[start : start + min(length, _NAMES)]
    if _DT_STRTAB in tags:
        start = found.offset(tags[_DT_STRTAB])
        found.strings = (start, min(start + tags.get(_DT_STRSZ, 0), len(content)))
    return found


def holds_debug_only(content: bytes) -> bool:
    """Whether its code stands elsewhere: `objcopy --only-keep-debug` leaves of each section that is loaded only its
    header. Of a file without section headers it can't be said."""
    layout = _LAYOUTS.get(content[4:6])
    try:
        if layout is None:
            return False
        at, size, count = layout.sections.unpack_from(content)
        if not at or size != layout.section.size or at + size * count > len(content):
            return False
        found = {kind for kind, flags in layout.section.iter_unpack(content[at : at + size * count]) if flags & _CODE}
    except struct.error:
        return False
    return found == {_SHT_NOBITS}


def _entries(content: bytes, offset: int, length: int, entry: struct.Struct) -> list[tuple[int, int]]:
    length = min(length, _ENTRIES * entry.size)
    if offset + length > len(content):
        raise Damage("its dynamic section does not fit")
    entries = entry.iter_unpack(content[offset : offset + length - length % entry.size])
    return list(takewhile(_TAG, entries))  # DT_NULL ends them, which is 0


# Names as bytes and as text: most files need the same few libraries and versions.
_KNOWN: dict[bytes, str] = {}
_KEPT = 4096


class Names:
    """A string table. What all its answers add up to is bounded, since many entries can name one long text."""

    __slots__ = ("_content", "_end", "_left", "_start")

    def __init__(self, content: bytes, start: int, end: int) -> None:
        self._content = content
        self._start = start
        self._end = end
        self._left = _NAMES

    def at(self, offset: int) -> str:
        content, start = self._content, self._start + offset
        end = content.find(0, start, self._end)
        if end < 0:
            raise Damage("one of its names has no end")
        self._left -= end + 1 - start
        if self._left < 0:
            raise Damage("it names too much")
        raw = content[start:end]
        return _KNOWN.get(raw) or _known(raw)


def _known(raw: bytes) -> str:
    name = raw.decode("utf-8", "replace")
    name = name if name.isprintable() else printable(name)
    if len(_KNOWN) < _KEPT:
        _KNOWN[raw] = name
    return name
