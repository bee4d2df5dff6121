# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outer form of an ELF64 object: header, segments, sections. What is in the sections is elf.py's business.

Source: System V gABI, chapter 4.
"""

from __future__ import annotations

import struct
from enum import Enum, IntEnum

_ET_DYN = 3
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_GNU_STACK = 1, 2, 3, 0x6474E551


class Section(IntEnum):
    PROGBITS = 1
    STRTAB = 3
    HASH = 5
    DYNAMIC = 6
    DYNSYM = 11
    GNU_HASH = 0x6FFFFFF6
    VERDEF = 0x6FFFFFFD
    VERNEED = 0x6FFFFFFE
    VERSYM = 0x6FFFFFFF


class Machine(Enum):
    """e_machine, the largest page that its loader may use, and the code of a function that returns a number."""

    X86_64 = (62, 0x1000)
    AARCH64 = (183, 0x10000)

    @property
    def number(self) -> int:
        return self.value[0]

    @property
    def page(self) -> int:
        return self.value[1]

    def function(self, result: int) -> bytes:
        """Eight bytes of code: put result (0 to 65535) into the return register and return."""
        if self is Machine.X86_64:
            return b"\xb8" + struct.pack("<I", result) + b"\xc3\x90\x90"
        return struct.pack("<II", 0x52800000 | result << 5, 0xD65F03C0)


class ElfFile:
    """Sections one after the other; addresses equal file offsets, but for the dynamic section, one page up."""

    def __init__(self, program_headers: int) -> None:
        self._headers = program_headers
        self._body = bytearray(64 + 56 * program_headers)
        self._sections: list[tuple[str, int, int, int, int, str, int, int]] = []

    def place(self, name: str, kind: int, content: bytes, *, link: str = "", info: int = 0, entry: int = 0) -> int:
        self._body += bytes(-len(self._body) % 8)
        at = len(self._body)
        self._body += content
        self._sections.append((name, kind, at, at, len(content), link, info, entry))
        return at

    def number(self, name: str) -> int:
        return 1 + [section[0] for section in self._sections].index(name)

    def finish(self, machine: Machine, dynamic: bytes, interp: tuple[int, int] | None) -> bytes:
        self._body += bytes(-len(self._body) % 8)
        at = len(self._body)
        up = at + machine.page
        self._body += dynamic
        self._sections.append((".dynamic", Section.DYNAMIC, at, up, len(dynamic), ".dynstr", 0, 16))
        segments = [
            (_PT_LOAD, 5, 0, 0, at, machine.page),
            (_PT_LOAD, 6, at, up, len(dynamic), machine.page),
            (_PT_DYNAMIC, 6, at, up, len(dynamic), 8),
            (_PT_GNU_STACK, 6, 0, 0, 0, 16),
        ]
        if interp:
            segments.insert(0, (_PT_INTERP, 4, interp[0], interp[0], interp[1], 1))
        names = bytearray(b"\0.shstrtab\0")
        table = bytearray(64)
        for name, kind, offset, address, size, link, info, entry in self._sections:
            flags = {".text": 6, ".dynamic": 3}.get(name, 2)
            linked = self.number(link) if link else 0
            table += struct.pack("<IIQQQQIIQQ", len(names), kind, flags, address, offset, size, linked, info, 8, entry)
            names += name.encode() + b"\0"
        table += struct.pack("<IIQQQQIIQQ", 1, Section.STRTAB, 0, 0, len(self._body), len(names), 0, 0, 1, 0)
        self._body += names + bytes(-len(names) % 8 + -len(self._body) % 8)
        count = len(self._sections) + 2
        counts = (64, 56, self._headers, 64, count, count - 1)
        header = struct.pack("<16sHHI", b"\x7fELF\x02\x01\x01", _ET_DYN, machine.number, 1)
        header += struct.pack("<QQQI6H", 0, 64, len(self._body), 0, *counts)
        self._body[: len(header)] = header
        for n, (kind, flags, offset, address, size, align) in enumerate(segments):
            packed = struct.pack("<IIQQQQQQ", kind, flags, offset, address, address, size, size, align)
            self._body[64 + 56 * n : 120 + 56 * n] = packed
        return bytes(self._body + table)
