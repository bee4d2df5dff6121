# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write small ELF64 objects that a real loader accepts, without a compiler.

What a loader and a reader look at is there: program headers, dynamic section, symbols, hash table, symbol
versions defined and needed, section headers. Each exported function returns one number. Nothing is linked:
imports carry no relocations, so a missing library or version stops the loader and a missing symbol does not.

Sources: System V gABI, chapter 5; LSB Core, "Symbol Versioning"; the GNU hash section of glibc's dl-lookup.c.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from .elf_file import ElfFile, Machine, Section

_DT_NULL, _DT_NEEDED, _DT_HASH, _DT_STRTAB, _DT_SYMTAB, _DT_STRSZ, _DT_SYMENT = 0, 1, 4, 5, 6, 10, 11
_DT_SONAME, _DT_RPATH, _DT_RUNPATH, _DT_GNU_HASH, _DT_VERSYM = 14, 15, 29, 0x6FFFFEF5, 0x6FFFFFF0
_DT_VERDEF, _DT_VERDEFNUM, _DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_GLOBAL_FUNC = 0x12
_WEAK = 2


@dataclass(frozen=True, slots=True)
class Export:
    """A function that the object offers; version is one of the versions that the object defines, or None."""

    symbol: str
    version: str | None = None
    result: int = 0


@dataclass(frozen=True, slots=True)
class Import:
    """A symbol version that the object needs from a library (by its soname), and optionally the symbol itself."""

    library: str
    version: str
    symbol: str | None = None
    weak: bool = False


@dataclass(frozen=True, slots=True)
class SharedObject:
    machine: Machine
    soname: str | None = None
    needed: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    exports: tuple[Export, ...] = ()
    imports: tuple[Import, ...] = ()
    rpath: str | None = None
    runpath: str | None = None
    interpreter: str | None = None
    sysv_hash: bool = False  # today's linkers write DT_GNU_HASH alone


def write(library: SharedObject) -> bytes:
    """The bytes of the object file."""
    strings = _Strings()
    version_index = {name: 2 + n for n, name in enumerate(library.defines)}
    need_index = {
        (wanted.library, wanted.version): 2 + len(library.defines) + n
        for n, wanted in enumerate(_distinct(library.imports))
    }
    imported = [wanted for wanted in library.imports if wanted.symbol]
    first_export = 1 + len(imported)
    names = [wanted.symbol or "" for wanted in imported] + [export.symbol for export in library.exports]
    versions = [0, *(need_index[wanted.library, wanted.version] for wanted in imported)]
    versions += [version_index[export.version] if export.version else 1 for export in library.exports]

    tags = [(_DT_NEEDED, strings.add(name)) for name in library.needed]
    for tag, text in (
        (_DT_SONAME, library.soname),
        (_DT_RPATH, library.rpath),
        (_DT_RUNPATH, library.runpath),
    ):
        if text is not None:
            tags.append((tag, strings.add(text)))
    symbol_names = [strings.add(name) for name in names]
    verdef = _verdef(library, strings)
    verneed = _verneed(library, need_index, strings)

    out = ElfFile(program_headers=4 + (library.interpreter is not None))
    interpreter = (library.interpreter or "").encode() + b"\0"
    interp = out.place(".interp", Section.PROGBITS, interpreter) if library.interpreter else None
    style = (_DT_HASH, ".hash", Section.HASH, _sysv_hash(names))
    if not library.sysv_hash:
        style = (_DT_GNU_HASH, ".gnu.hash", Section.GNU_HASH, _gnu_hash(names, first_export))
    tags.append((style[0], out.place(style[1], style[2], style[3], link=".dynsym")))
    tags.append((_DT_STRTAB, out.place(".dynstr", Section.STRTAB, bytes(strings.table))))
    tags.append((_DT_STRSZ, len(strings.table)))
    if verdef or verneed:
        versym = struct.pack(f"<{len(versions)}H", *versions)
        tags.append((_DT_VERSYM, out.place(".gnu.version", Section.VERSYM, versym, link=".dynsym", entry=2)))
    if verdef:
        defined = len(library.defines) + 1
        at = out.place(".gnu.version_d", Section.VERDEF, verdef, link=".dynstr", info=defined)
        tags += [(_DT_VERDEF, at), (_DT_VERDEFNUM, defined)]
    if verneed:
        libraries = len({wanted.library for wanted in library.imports})
        at = out.place(".gnu.version_r", Section.VERNEED, verneed, link=".dynstr", info=libraries)
        tags += [(_DT_VERNEED, at), (_DT_VERNEEDNUM, libraries)]
    text_at = out.place(
        ".text", Section.PROGBITS, b"".join(library.machine.function(e.result) for e in library.exports)
    )
    symbols = bytearray(24)
    for n, name in enumerate(symbol_names):
        export = n - len(imported)
        value, size, section = (text_at + 8 * export, 8, out.number(".text")) if export >= 0 else (0, 0, 0)
        symbols += struct.pack("<IBBHQQ", name, _GLOBAL_FUNC, 0, section, value, size)
    tags.append((_DT_SYMTAB, out.place(".dynsym", Section.DYNSYM, bytes(symbols), link=".dynstr", info=1, entry=24)))
    tags += [(_DT_SYMENT, 24), (_DT_NULL, 0)]
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in tags)
    return out.finish(library.machine, dynamic, None if interp is None else (interp, len(interpreter)))


def _distinct(imports: tuple[Import, ...]) -> list[Import]:
    return list({(wanted.library, wanted.version): wanted for wanted in imports}.values())


def _verdef(library: SharedObject, strings: _Strings) -> bytes:
    """Version definitions: the file itself first, then each version with the one before it as its parent."""
    if not library.defines:
        return b""
    chain = [library.soname or "", *library.defines]
    out = bytearray()
    for n, name in enumerate(chain):
        aux = [name] if n < 2 else [name, chain[n - 1]]
        following = 0 if n == len(chain) - 1 else 20 + 8 * len(aux)
        out += struct.pack("<HHHHIII", 1, n == 0, n + 1, len(aux), _elf_hash(name), 20, following)
        for m, text in enumerate(aux):
            out += struct.pack("<II", strings.add(text), 8 if m < len(aux) - 1 else 0)
    return bytes(out)


def _verneed(library: SharedObject, index: dict[tuple[str, str], int], strings: _Strings) -> bytes:
    by_library: dict[str, list[Import]] = {}
    for wanted in _distinct(library.imports):
        by_library.setdefault(wanted.library, []).append(wanted)
    out = bytearray()
    for n, (name, wants) in enumerate(by_library.items()):
        following = 0 if n == len(by_library) - 1 else 16 + 16 * len(wants)
        out += struct.pack("<HHIII", 1, len(wants), strings.add(name), 16, following)
        for m, want in enumerate(wants):
            flags = _WEAK if want.weak else 0
            text = strings.add(want.version)
            more = 16 if m < len(wants) - 1 else 0
            out += struct.pack("<IHHII", _elf_hash(want.version), flags, index[name, want.version], text, more)
    return bytes(out)


def _sysv_hash(names: list[str]) -> bytes:
    """One bucket: the chain runs through all symbols, which is right for tables this small."""
    count = len(names) + 1
    chain = [0, *(n + 1 if n + 1 < count else 0 for n in range(1, count))]
    return struct.pack(f"<3I{count}I", 1, count, 1 if names else 0, *chain)


def _gnu_hash(names: list[str], first: int) -> bytes:
    """One bucket and a Bloom filter that lets everything through, so the symbols need no order."""
    hashes = [_gnu_name_hash(name) & ~1 for name in names[first - 1 :]]
    if hashes:
        hashes[-1] |= 1
    bloom = 0xFFFFFFFFFFFFFFFF
    return struct.pack(f"<4IQI{len(hashes)}I", 1, first, 1, 0, bloom, first if hashes else 0, *hashes)


def _gnu_name_hash(name: str) -> int:
    value = 5381
    for byte in name.encode():
        value = value * 33 + byte & 0xFFFFFFFF
    return value


def _elf_hash(name: str) -> int:
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ high >> 24) & ~high & 0xFFFFFFFF
    return value


@dataclass(slots=True)
class _Strings:
    table: bytearray = field(default_factory=lambda: bytearray(1))
    known: dict[str, int] = field(default_factory=dict)

    def add(self, text: str) -> int:
        if text not in self.known:
            self.known[text] = len(self.table)
            self.table += text.encode() + b"\0"
        return self.known[text]
