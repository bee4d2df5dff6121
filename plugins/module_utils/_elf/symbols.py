# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names by which interpreters start an extension, found among an ELF file's dynamic symbols: bytes → names.

Other symbols are not looked at: a table of names is searched for the few beginnings first, and most files have none.

Sources: System V gABI, chapters 4 and 5 (symbol table, DT_HASH); glibc, elf/dl-lookup.c (DT_GNU_HASH); Python's
importlib and PEP 489 (PyInit_, PyInitU_); Ruby, dln.c (Init_); Node.js, node_api.h and node.h.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import partial
from itertools import chain, compress, count
from typing import NamedTuple

from .segments import Damage, Names, Segments, readable


class Starts(NamedTuple):
    """Beginnings of names that a file defines, whole names that it wants others to define, and a text that all of them
    have, so that most tables are searched for that alone."""

    exported: tuple[bytes, ...]
    called: tuple[bytes, ...]
    searched: bytes


NODE = Starts(
    (b"napi_register_module_v", b"node_register_module_v"),
    (b"napi_module_register", b"node_module_register"),  # by what registers itself while it is loaded
    b"_module",
)
PYTHON_AND_RUBY = Starts((b"PyInit_", b"PyInitU_", b"Init_"), (), b"Init")

_DT_HASH, _DT_STRTAB, _DT_SYMTAB, _DT_GNU_HASH = 4, 5, 6, 0x6FFFFEF5
_TABLES = (_DT_HASH, _DT_STRTAB, 7, 17, 23, _DT_GNU_HASH, 0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFE)  # relocations, versions
_LOCAL, _VISIBLE = 0, (0, 3)  # STB_LOCAL; STV_DEFAULT, STV_PROTECTED
# The largest libraries of browsers have some ten thousand symbols.
_SYMBOLS = 1 << 20


def entry_points(segments: Segments, starts: Starts, where: str) -> frozenset[str]:
    """Of `starts` what the file defines and shows to others, and what it wants others to define.

    where: names the file in messages. Raises BrokenElf.
    """
    return readable(partial(_entry_points, starts=starts), segments, where)


def _entry_points(segments: Segments, starts: Starts) -> frozenset[str]:
    if _DT_SYMTAB not in segments.tags:
        return frozenset()
    content, (start, end) = segments.content, segments.strings
    if content.find(starts.searched, start, end) < 0:
        return frozenset()
    exported = {at for text in starts.exported for at in _places(segments, text)}
    called = {at for text in starts.called for at in _places(segments, text + b"\0")}
    if not exported and not called:
        return frozenset()
    names, layout = Names(content, start, end), segments.layout
    at, each = segments.offset(segments.tags[_DT_SYMTAB]), layout.symbol.size
    size = min(_count(segments) * each, len(content) - at)
    table = content[at : at + size - size % each]
    places = array("I", table)[:: each // 4]  # in the table of names: what a symbol begins with
    if layout.swapped:
        places.byteswap()
    named = compress(count(), map((exported | called).__contains__, places))
    symbols = (layout.symbol.unpack_from(table, number * each) for number in named)
    return frozenset(
        names.at(name)
        for name, info, other, section in symbols
        if name in (exported if section else called) and info >> 4 != _LOCAL and other & 3 in _VISIBLE
    )


def _places(segments: Segments, text: bytes) -> Iterator[int]:
    """In the table of names."""
    start, end = segments.strings
    at = segments.content.find(text, start, end)
    while at >= 0:
        yield at - start
        at = segments.content.find(text, at + 1, end)


def _count(segments: Segments) -> int:
    """How many symbols there are: a hash table tells, nothing else does. Without one, the loader finds none."""
    if _DT_HASH in segments.tags:
        word = segments.layout.word  # how many buckets there are comes first
        many = word.unpack_from(segments.content, segments.offset(segments.tags[_DT_HASH]) + word.size)[0]
    elif _DT_GNU_HASH in segments.tags:
        many = _hashed(segments) or _up_to_next_table(segments)
    else:
        many = 0
    if many > _SYMBOLS:
        raise Damage("it has too many symbols")
    return int(many)


def _hashed(segments: Segments) -> int:
    """One more than the last symbol of DT_GNU_HASH, where the symbols that others define come first; 0 when the
    file defines none itself."""
    content, layout, word = segments.content, segments.layout, segments.layout.word
    at = segments.offset(segments.tags[_DT_GNU_HASH])
    buckets, first, bloom = layout.hashed.unpack_from(content, at)
    at += 16 + bloom * (8 if layout.symbol.size == 24 else 4)
    if buckets > _SYMBOLS:
        raise Damage("it has too many symbols")
    behind = at + buckets * word.size
    if behind > len(content):
        raise Damage("its hash table does not fit")
    last = max(chain.from_iterable(word.iter_unpack(content[at:behind])), default=0)
    if last < first:
        return 0
    at = behind - first * word.size
    while last <= _SYMBOLS and not word.unpack_from(content, at + word.size * last)[0] & 1:
        last += 1
    return int(last + 1)


def _up_to_next_table(segments: Segments) -> int:
    """Linkers say nothing of how many there are where none is hashed; the next table begins behind the last one."""
    start = segments.tags[_DT_SYMTAB]
    behind = [segments.tags[tag] for tag in _TABLES if segments.tags.get(tag, 0) > start]
    return (min(behind) - start) // segments.layout.symbol.size if behind else 0
