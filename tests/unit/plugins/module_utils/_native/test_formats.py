# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What files are by their first bytes, and what they are told to be instead of the library that their name promises."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import Format
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.formats import (
    HEAD,
    Look,
    class_version,
    elf_native,
    look_at,
    mach_o_native,
    other_native,
    pe_native,
)
from lambdaops_testbed.debian import require
from lambdaops_testbed.images.elf import Export, SharedObject, write
from lambdaops_testbed.images.elf_file import Machine

X86 = write(SharedObject(Machine.X86_64, soname="libx.so", exports=(Export("PyInit_x"),)))


def mach(cpu: int, order: str = "<", magic: int = 0xFEEDFACF) -> bytes:
    return struct.pack(f"{order}7I", magic, cpu, 0, 6, 0, 0, 0) + bytes(100)


def fat(*cpus: int, wide: bool = False) -> bytes:
    step = 32 if wide else 20
    entries = b"".join(struct.pack(">I", cpu) + bytes(step - 4) for cpu in cpus)
    return struct.pack(">II", 0xCAFEBABF if wide else 0xCAFEBABE, len(cpus)) + entries + bytes(100)


def pe(machine: int, *, wide: bool = True, managed: bool = False, directories: int = 16) -> bytes:
    optional = struct.pack("<H", 0x20B if wide else 0x10B).ljust(108 if wide else 92, b"\0")
    addresses = struct.pack("<II", 0x2000 if managed else 0, 72).rjust(8 * 15, b"\0") + bytes(8)
    optional += struct.pack("<I", directories) + addresses
    coff = struct.pack("<4sHH12xHH", b"PE\0\0", machine, 3, len(optional), 0x2022)
    return b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80) + bytes(0x40) + coff + optional


def java(major: int) -> bytes:
    return struct.pack(">IHH", 0xCAFEBABE, 0, major) + bytes(100)


def elf_type(number: int, order: str = "<") -> bytes:
    return (
        b"\x7fELF\x02" + (b"\1" if order == "<" else b"\2") + bytes(10) + struct.pack(f"{order}H", number) + bytes(50)
    )


LOOKS = {
    "a library": (X86, "a", Look.ELF),
    "a library of another name": (X86, "README.md", Look.ELF),
    "only ELF's magic number": (b"\x7fELF", "a", Look.ELF),
    "an object file": (elf_type(1), "a.o", Look.NOTHING),
    "an object file, big endian": (elf_type(1, ">"), "a.o", Look.NOTHING),
    "an object file named as a library": (elf_type(1), "a.so", Look.OTHER),
    "a core dump": (elf_type(4), "core", Look.NOTHING),
    "a static archive": (b"!<arch>\nx", "a.a", Look.NOTHING),
    "Mach-O, 64 bit": (mach(0x0100000C), "a.node", Look.MACH_O),
    "Mach-O, 32 bit, big endian": (mach(18, ">", 0xFEEDFACE), "a", Look.MACH_O),
    "Mach-O, an object file": (mach(7)[:12] + b"\1\0\0\0" + bytes(48), "a.o", Look.NOTHING),
    "Mach-O's magic number alone": (mach(7)[:8], "a", Look.NOTHING),
    "Mach-O, fat": (fat(0x01000007, 0x0100000C), "a.so", Look.MACH_O),
    "Mach-O, fat, 64 bit": (fat(0x01000007, wide=True), "a.so", Look.MACH_O),
    "PE": (pe(0x8664), "a.dll", Look.PE),
    "short, with PE's magic number": (b"MZ is how it begins", "a.txt", Look.NOTHING),
    "a class of Java 1": (java(45), "A.class", Look.CLASS),
    "a class of Java 21": (java(65), "a", Look.CLASS),
    "a script": (b"#!/bin/sh", "bootstrap", Look.NOTHING),
    "nothing": (b"", "a/__init__.py", Look.NOTHING),
    "an empty library": (b"", "a.so", Look.OTHER),
    "a jar": (b"PK\3\4", "lib/a.jar", Look.ZIP),
    "a wheel": (b"PK\3\4", "a.WHL", Look.ZIP),
    "a zip of another name": (b"PK\3\4", "weights.npz", Look.NOTHING),
}


@pytest.mark.parametrize("name", LOOKS)
def test_first_bytes(name: str) -> None:
    content, file, expected = LOOKS[name]
    assert look_at(content[:HEAD], file) is expected


@pytest.mark.parametrize(
    "name", ["liba.so", "liba.so.1", "liba.so.1.2.3", "b/a.node", "a.pyd", "a.dylib", "liba.so.1-rc1"]
)
def test_names_that_promise_a_library(name: str) -> None:
    assert look_at(b"x", name) is Look.OTHER


@pytest.mark.parametrize(
    "name", ["a.so.py", "a.solution", "node", "a.nodes", "a.so/readme", "so", "a.dll", "liba.so.txt"]
)
def test_names_that_promise_none(name: str) -> None:
    assert look_at(b"x", name) is Look.NOTHING


def test_class_version() -> None:
    assert class_version(java(61)) == 61


@pytest.mark.parametrize(
    ("content", "machines"),
    [
        (mach(0x01000007), ("x86_64",)),
        (mach(0x0100000C), ("aarch64",)),
        (mach(7, ">", 0xFEEDFACE), ("i386",)),
        (mach(99), ("99",)),
        (fat(0x01000007, 0x0100000C), ("x86_64", "aarch64")),
        (fat(0x01000007, 0x01000007), ("x86_64",)),
        (fat(0x0100000C, wide=True), ("aarch64",)),
        (fat(0x01000007, 0x0100000C)[:30], ("x86_64",)),
        (fat(), ()),
    ],
)
def test_mach_o(content: bytes, machines: tuple[str, ...]) -> None:
    found = mach_o_native("a", "/var/task/a", 5, content)
    assert (found.format, found.machines, found.size, found.place) == (Format.MACH_O, machines, 5, "/var/task/a")


@pytest.mark.parametrize(
    ("content", "machine", "managed"),
    [
        (pe(0x8664), "x86_64", False),
        (pe(0xAA64), "aarch64", False),
        (pe(0x14C, wide=False), "i386", False),
        (pe(0x14C, wide=False, managed=True), "i386", True),
        (pe(0x8664, managed=True), "x86_64", True),
        (pe(0x8664 ^ 0x7B79, managed=True), "x86_64", True),  # compiled ahead of time for Linux
        (pe(0xAA64 ^ 0x4644, managed=True), "aarch64", True),  # for Mac
        (pe(0x8664, managed=True, directories=10), "x86_64", False),
        (pe(0x1234), "4660", False),
    ],
)
def test_pe(content: bytes, machine: str, managed: bool) -> None:
    found = pe_native("a", "", 1, content)
    assert found is not None
    assert (found.format, found.machines, found.managed) == (Format.PE, (machine,), managed)


@pytest.mark.parametrize("content", [b"MZ".ljust(200, b"x"), pe(0x8664)[:0x90], b"MZ".ljust(0x80, b"\0"), pe(1)[:150]])
def test_what_begins_like_pe_only(content: bytes) -> None:
    assert pe_native("a", "", 1, content) is None


def test_elf() -> None:
    found = elf_native("a.so", "/opt/a.so", X86)
    assert found is not None
    assert found.elf is not None
    assert (found.format, found.elf.soname, found.entry_points) == (Format.ELF, "libx.so", {"PyInit_x"})
    assert (found.size, found.place, found.unread) == (len(X86), "/opt/a.so", "")


@pytest.mark.parametrize("size", [4, 60, 100, 400, 500])
def test_an_elf_file_that_is_cut_short_is_one_still(size: int) -> None:
    found = elf_native("a.so", "", X86[:size])
    assert found is not None
    assert (found.format, found.elf) == (Format.ELF, None)
    assert found.unread.startswith("can't be read as an ELF file: it")


def test_files_with_debugging_information_alone_are_no_natives(tmp_path: Path) -> None:
    library, debug = Path("/usr/bin/env").resolve(), tmp_path / "x"
    subprocess.run([require("objcopy", "binutils"), "--only-keep-debug", library, debug], check=True)
    assert elf_native("x.so", "", debug.read_bytes()) is None
    assert elf_native("x.so", "", library.read_bytes()) is not None


OTHERS = {
    "is empty": b"",
    "is a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    "is a static archive": b"!<arch>\n",
    "is LLVM bitcode": b"BC\xc0\xde5",
    "is a gzip file": b"\x1f\x8b\x08",
    "is a Zstandard file": b"\x28\xb5\x2f\xfd",
    "is a zip": b"PK\3\4",
    "is an HTML page": b"\n<!DOCTYPE html><html>",
    "is an XML text": b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
    "is a script": b"#!/bin/sh\n",
    "is a linker script": b"/* GNU ld script\n*/\nOUTPUT_FORMAT(elf64-x86-64)\nGROUP ( /lib64/libc.so.6 )\n",
    "is full of zeros": bytes(5000),
    "is a DOS program": b"MZ\0\0",
    "is an object file that was not linked": elf_type(1),
    "is a core dump": elf_type(4),
    "is a text": b"raise ImportError('not built')\n",
    "is in no format of a library": b"\x81\x99\0binary GROUP (x)",
    "is a text with the name of another file, as a symbolic link becomes where links are not kept": b"libz.so.1.2.13",
}


@pytest.mark.parametrize("unread", OTHERS)
def test_what_stands_in_place_of_a_library(unread: str) -> None:
    found = other_native("a.so", "/var/task/a.so", 7, OTHERS[unread])
    assert (found.format, found.unread, found.size) == (Format.OTHER, unread, 7)


@pytest.mark.parametrize(
    ("content", "link"),
    [(b"libz.so", True), (b"../lib/z", True), (b"addon.node", True), (b"junk", False), (b"a.b", False)],
)
def test_a_text_is_taken_for_a_link_only_where_it_could_be_one(content: bytes, link: bool) -> None:
    assert ("symbolic link" in other_native("x.so", "", len(content), content).unread) is link


def test_a_text_may_be_cut_within_a_character() -> None:
    assert other_native("a.so", "", 9, ("x" * 4095 + "ä" * 9).encode()).unread == "is a text"
