# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a file is by its first bytes, and what its content says as native code: bytes → Native.

Where the bytes come from is archives.py's and folders.py's business.

Sources: System V gABI (ELF); Apple, mach-o/loader.h and mach-o/fat.h; Microsoft, PE format; ECMA-335 II.25 (CLI
header); .NET runtime, docs/design/coreclr/botr/readytorun-format.md (other systems' machines); JVMS 4.1 (class files).
"""

from __future__ import annotations

import re
import struct
from enum import Enum, auto

from .._elf.elf import Elf, elf_of
from .._elf.errors import BrokenElf
from .._elf.segments import (
    ET_CORE,
    ET_REL,
    MAGIC,
    ReadAt,
    Segments,
    holds_debug_only,
    read_few_segments,
    read_segments,
)
from .._elf.symbols import NODE, PYTHON_AND_RUBY, entry_points
from .contents import Format, Native

HEAD = 64  # bytes that tell what a file is; more of it is read only where it is worth it
MORE = 1 << 16  # holds the headers of a PE file, and the list of a fat file's machines
_SMALL = 16 << 10  # bytes; files up to this are read in one piece

_EXTENSIONS = {"node": NODE, "so": PYTHON_AND_RUBY}  # interpreters open no other names as theirs
_PROMISES = re.compile(r"\.(so(\.\d[^/]*)?|node|pyd|dylib)$")
_ZIPPED = re.compile(r"\.(jar|war|ear|whl|egg|zip)$", re.IGNORECASE)
_CLASS, _FAT, _FAT_64 = b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"
_FIRST_CLASS_VERSION = 45  # of Java 1.0.2; a fat file has fewer machines
_MACH = {b"\xfe\xed\xfa\xce": ">", b"\xfe\xed\xfa\xcf": ">", b"\xce\xfa\xed\xfe": "<", b"\xcf\xfa\xed\xfe": "<"}
_MACH_UNLINKED = (1, 4, 10)  # object files, core dumps, and debugging information alone
_MACH_CPUS = {7: "i386", 0x01000007: "x86_64", 12: "arm", 0x0100000C: "aarch64", 18: "ppc", 0x01000012: "ppc64"}
_PE_MACHINES = {0x14C: "i386", 0x8664: "x86_64", 0x1C0: "arm", 0x1C4: "arm", 0xAA64: "aarch64"}
_PE_SYSTEMS = (0, 0x7B79, 0x4644, 0xADC4, 0x1993)  # Windows, Linux, Apple, FreeBSD, NetBSD: all by XOR
_PE_DIRECTORIES = {0x10B: 92, 0x20B: 108}  # where their number is in the optional header of 32 and of 64 bits
_CLI_HEADER = 14

_OTHERS = (
    (rb"version https://git-lfs", "is a Git LFS pointer"),
    (rb"!<(arch|thin)>\n", "is a static archive"),
    (rb"BC\xc0\xde|\xde\xc0\x17\x0b", "is LLVM bitcode"),
    (rb"\x1f\x8b", "is a gzip file"),
    (rb"\x28\xb5\x2f\xfd", "is a Zstandard file"),
    (rb"PK[\x03\x05\x07]", "is a zip"),
    (rb"(?is)\s*(<!--.*?-->\s*)?<(!doctype )?html", "is an HTML page"),
    (rb"\s*<", "is an XML text"),
    (rb"#!", "is a script"),
    (rb"\0*\Z", "is full of zeros"),
    (rb"MZ", "is a DOS program"),
)


class Look(Enum):
    """What the first bytes, and the name where they say nothing, make of a file."""

    NOTHING = auto()
    ELF = auto()
    MACH_O = auto()
    PE = auto()
    CLASS = auto()
    ZIP = auto()
    OTHER = auto()  # its name promises a library


def look_at(head: bytes, name: str) -> Look:
    """head: the first HEAD bytes, or all of a shorter file. Object files, core dumps and static archives are no
    natives."""
    magic = head[:4]
    if magic == MAGIC and not _unlinked(head):
        return Look.ELF
    if magic in _MACH and len(head) >= 28 and _mach_type(head) not in _MACH_UNLINKED:
        return Look.MACH_O
    if magic in (_FAT, _FAT_64) and len(head) >= 8:
        if magic == _FAT_64 or int.from_bytes(head[4:8], "big") < _FIRST_CLASS_VERSION:
            return Look.MACH_O
        return Look.CLASS
    if magic[:2] == b"MZ" and len(head) == HEAD:
        return Look.PE
    if _PROMISES.search(name):
        return Look.OTHER
    if _ZIPPED.search(name):
        return Look.ZIP
    return Look.NOTHING


def class_version(head: bytes) -> int:
    """The major version of a class file: 52 for Java 8, 65 for Java 21."""
    return int.from_bytes(head[6:8], "big")


def elf_native(name: str, place: str, content: bytes) -> Native | None:
    """None for a file that holds debugging information alone."""
    elf: Elf | None = None
    names: frozenset[str] = frozenset()
    unread = ""
    try:
        segments = read_segments(content, "it")
        elf = elf_of(segments, "it")
        names = _entry_points(segments, name)
    except BrokenElf as error:
        unread = error.message.removeprefix("it ").rstrip(".")
    if (elf is None or not elf.needed) and holds_debug_only(content):
        return None
    return Native(name, place, len(content), Format.ELF, elf=elf, entry_points=names, unread=unread)


def elf_native_in_part(name: str, place: str, size: int, read_at: ReadAt) -> Native | None:
    """The same from a few parts of the file; None where that does not do."""
    segments = read_few_segments(read_at, size) if size > _SMALL else None
    if segments is None:
        return None
    try:
        elf = elf_of(segments, "it")
        names = _entry_points(segments, name)
    except BrokenElf:
        return None
    return Native(name, place, size, Format.ELF, elf=elf, entry_points=names) if elf.needed else None


def _entry_points(segments: Segments, name: str) -> frozenset[str]:
    starts = _EXTENSIONS.get(name.rpartition(".")[2])
    return entry_points(segments, starts, "it") if starts else frozenset()


def mach_o_native(name: str, place: str, size: int, head: bytes) -> Native:
    """head: the first MORE bytes."""
    order = _MACH.get(head[:4])
    if order:
        cpus = [struct.unpack_from(order + "I", head, 4)[0]]
    else:
        step = 20 if head[:4] == _FAT else 32
        count = int.from_bytes(head[4:8], "big")
        whole = min(count, (len(head) - 8) // step, 44)
        cpus = [cpu for (cpu,) in struct.iter_unpack(f">I{step - 4}x", head[8 : 8 + step * whole])]
    machines = tuple(dict.fromkeys(_MACH_CPUS.get(cpu, str(cpu)) for cpu in cpus))
    return Native(name, place, size, Format.MACH_O, machines=machines)


def pe_native(name: str, place: str, size: int, head: bytes) -> Native | None:
    """head: the first MORE bytes. None for what only begins like a PE file."""
    try:
        (start,) = struct.unpack_from("<I", head, 0x3C)
        signature, machine, optional = struct.unpack_from("<4sH18xH", head, start)
        if signature != b"PE\0\0":
            return None
        managed = False
        if optional in _PE_DIRECTORIES:
            at = start + 24 + _PE_DIRECTORIES[optional]
            count, address = struct.unpack_from(f"<I{8 * _CLI_HEADER}xI", head, at)
            managed = count > _CLI_HEADER and address != 0
    except struct.error:
        return None
    known = (_PE_MACHINES[machine ^ system] for system in _PE_SYSTEMS if machine ^ system in _PE_MACHINES)
    return Native(name, place, size, Format.PE, machines=(next(known, str(machine)),), managed=managed)


def other_native(name: str, place: str, size: int, head: bytes) -> Native:
    """A file whose name promises a library that it is not. head: the first MORE bytes."""
    return Native(name, place, size, Format.OTHER, unread=_what_else(head))


def promises_library(name: str) -> bool:
    return bool(_PROMISES.search(name))


def _what_else(head: bytes) -> str:
    if not head:
        return "is empty"
    if head[:4] == MAGIC:
        return "is an object file that was not linked" if _file_type(head) == ET_REL else "is a core dump"
    for pattern, what in _OTHERS:
        if re.match(pattern, head):
            return what
    text = head[:4096].decode(errors="ignore")
    if len(text.encode()) < len(head[:4096]) - 3 or "\0" in text:  # its end may be within a character
        return "is in no format of a library"
    if "GNU ld script" in text or re.search(r"\b(INPUT|GROUP)\s*\(", text):
        return "is a linker script"
    if re.fullmatch(r"[\w.+@/-]{1,255}", text) and ("/" in text or _PROMISES.search(text)):
        return "is a text with the name of another file, as a symbolic link becomes where links are not kept"
    return "is a text"


def _unlinked(head: bytes) -> bool:
    return _file_type(head) in (ET_REL, ET_CORE)


def _mach_type(head: bytes) -> int:
    return int.from_bytes(head[12:16], "big" if _MACH[head[:4]] == ">" else "little")


def _file_type(head: bytes) -> int:
    return int.from_bytes(head[16:18], "big" if head[5:6] == b"\2" else "little")
