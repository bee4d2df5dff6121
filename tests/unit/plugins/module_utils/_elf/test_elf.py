# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Damaged and hostile ELF files end in an error in words, soon; and what an honest file may leave out."""

from __future__ import annotations

import contextlib
import struct
import sysconfig
import time
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.elf import Elf, read_elf
from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.errors import BrokenElf
from hypothesis import given, settings
from hypothesis import strategies as st
from lambdaops_testbed.images.elf import Export, Import, SharedObject, write
from lambdaops_testbed.images.elf_file import Machine

LIBRARY = write(
    SharedObject(
        Machine.X86_64,
        soname="libx.so.1",
        needed=("liba.so.1", "libb.so.1"),
        defines=("X_1", "X_2", "X_3"),
        exports=(Export("x", "X_1"),),
        imports=(Import("liba.so.1", "A_1"), Import("liba.so.1", "A_2"), Import("libb.so.1", "B_1", weak=True)),
        rpath="/a",
        runpath="/b",
        interpreter="/lib64/ld.so",
    )
)
# The smallest library of the wheels here, some tens of kilobytes.
REAL = min(Path(sysconfig.get_path("platlib")).rglob("*.so"), key=lambda path: path.stat().st_size).read_bytes()

LOAD, DYNAMIC, INTERPRETER = 1, 2, 3
NEEDED, STRTAB, STRSZ, SONAME, VERDEF, VERNEED = 1, 5, 10, 14, 0x6FFFFFFC, 0x6FFFFFFE


def elf(
    *segments: tuple[int, int, int, int], body: bytes = b"", kind: int = 3, machine: int = 62, size: int = 56
) -> bytes:
    """A 64-bit file; segments are (type, offset, address, length), offsets and addresses counted from the body."""
    start = 64 + 56 * len(segments)
    header = struct.pack("<16sHHI", b"\x7fELF\x02\x01\x01", kind, machine, 1)
    header += struct.pack("<QQQI6H", 0, 64, 0, 0, 64, size, len(segments), 0, 0, 0)
    table = b"".join(
        struct.pack("<IIQQQQQQ", segment, 4, start + offset, address, 0, length, length, 1)
        for segment, offset, address, length in segments
    )
    return header + table + body


def dynamic(*tags: tuple[int, int], strings: bytes = b"", tables: bytes = b"") -> bytes:
    """Strings at address 0, tables after them, then the dynamic section."""
    section = b"".join(struct.pack("<QQ", *tag) for tag in ((STRTAB, 0), (STRSZ, len(strings)), *tags, (0, 0)))
    loaded = len(strings) + len(tables)
    return elf((LOAD, 0, 0, loaded), (DYNAMIC, loaded, loaded, len(section)), body=strings + tables + section)


def test_a_file_without_dynamic_section_needs_nothing() -> None:
    assert read_elf(elf(), "x") == Elf("x86_64", 64, True, "shared object")


@pytest.mark.parametrize(
    ("kind", "name"), [(1, "relocatable"), (2, "executable"), (3, "shared object"), (4, "core"), (0xFE00, "65024")]
)
def test_kinds(kind: int, name: str) -> None:
    assert read_elf(elf(kind=kind), "x").kind == name


@pytest.mark.parametrize(("number", "name"), [(62, "x86_64"), (183, "aarch64"), (40, "arm"), (9999, "9999")])
def test_machines(number: int, name: str) -> None:
    assert read_elf(elf(machine=number), "x").machine == name


def test_the_segments_of_a_core_dump_are_not_its_own() -> None:
    assert read_elf(elf((DYNAMIC, 0, 0, 1 << 40), kind=4), "core").kind == "core"


def test_the_last_of_several_paths_counts() -> None:
    assert read_elf(LIBRARY, "x").runpath == "/b"


def test_names_of_any_length_and_any_bytes() -> None:
    strings = b"\0" + b"a" * 3000 + b"\0lib\xff\x1b[2J.so\0"
    found = read_elf(dynamic((NEEDED, 1), (SONAME, 3002), strings=strings), "x")
    assert found.needed == ("a" * 3000,)
    assert found.soname == "lib\N{REPLACEMENT CHARACTER}[2J.so"


def test_the_last_of_two_tags_counts_as_it_does_for_the_loader() -> None:
    assert read_elf(dynamic((SONAME, 0), (SONAME, 2), strings=b"a\0b\0"), "x").soname == "b"


BROKEN = {
    "nothing": b"",
    "another format": b"\xcf\xfa\xed\xfe" + bytes(60),
    "only the magic number": b"\x7fELF",
    "no class": b"\x7fELF\x03\x01" + bytes(58),
    "no byte order": b"\x7fELF\x02\x00" + bytes(58),
    "half a header": LIBRARY[:40],
    "half of the program headers": LIBRARY[:100],
    "program headers of another size": elf((LOAD, 0, 0, 0), size=32),
    "program headers outside": elf((LOAD, 0, 0, 0))[:-1],
    "dynamic section outside": elf((DYNAMIC, 0, 0, 16)),
    "dynamic section far outside": elf((DYNAMIC, 2**63, 0, 16)),
    "interpreter outside": elf((INTERPRETER, 2**64 - 200, 0, 16)),
    "interpreter without end": elf((INTERPRETER, 0, 0, 3), body=b"abc\0"),
    "strings that are not loaded": dynamic((SONAME, 0), (STRTAB, 99), strings=b"a\0"),
    "name without strings": dynamic((SONAME, 0)),
    "name outside of the strings": dynamic((SONAME, 2), strings=b"a\0"),
    "name without end": dynamic((SONAME, 0), strings=b"ab"),
    "needs that are not loaded": dynamic((VERNEED, 2**64 - 1), strings=b"a\0"),
    "need that names nothing": dynamic((VERNEED, 2), strings=b"a\0", tables=struct.pack("<HHIII", 1, 1, 7, 16, 0)),
    "need that points outside": dynamic(
        (VERNEED, 2), strings=b"a\0", tables=struct.pack("<HHIII", 1, 1, 0, 2**32 - 1, 0)
    ),
    "version outside": dynamic((VERDEF, 2), strings=b"a\0", tables=struct.pack("<HHHHIII", 1, 0, 2, 1, 0, 2**31, 0)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_damage_is_an_error_in_words(name: str) -> None:
    with pytest.raises(BrokenElf, match=r"^lib/x\.so can't be read as an ELF file: [a-z ]+( 0x[0-9a-f]+)?\.$"):
        read_elf(BROKEN[name], "lib/x.so")


def hostile_chains() -> dict[str, bytes]:
    """Entries that overlap, so that a short file has very many of them; and few bytes that are named very often."""
    overlapping = struct.pack("<HHHHIII", 1, 0, 1, 1, 0, 0, 1) * 100_000
    long = b"a" * 4095 + b"\0"
    section = struct.pack("<QQ", NEEDED, 0) * 50_000
    return {
        "overlapping versions": dynamic((VERDEF, 2), strings=b"a\0", tables=b"\1" * 4_000_000),
        "overlapping definitions": dynamic((VERDEF, 2), strings=b"a\0", tables=overlapping),
        "one name, often": dynamic(*[(NEEDED, 0)] * 60_000, strings=long),
        "base definitions alone": dynamic((VERDEF, 8), strings=bytes(8), tables=bytes([0, 0, 1, 0, 6, 0]) * 400_000),
        "thousands of dynamic sections": elf(*[(DYNAMIC, 0, 0, len(section))] * 5_000, body=section),
        "endless dynamic section": dynamic(*[(NEEDED, 0)] * 500_000, strings=b"a\0"),
    }


@pytest.mark.parametrize("name", ["one name, often", "base definitions alone"])
def test_names_that_are_named_very_often_are_refused(name: str) -> None:
    """Else a short file could fill the memory, or take long."""
    with pytest.raises(BrokenElf, match="it names too much"):
        read_elf(hostile_chains()[name], "x")


@pytest.mark.parametrize("name", hostile_chains())
def test_hostile_files_end_soon(name: str) -> None:
    content = hostile_chains()[name]
    started = time.process_time()
    with contextlib.suppress(BrokenElf):
        read_elf(content, "x")
    assert time.process_time() - started < 5


@settings(max_examples=200, deadline=None)
@given(
    content=st.sampled_from([LIBRARY, REAL]),
    changes=st.lists(st.tuples(st.integers(0, 700) | st.integers(0, 100_000), st.integers(0, 255)), max_size=8),
    length=st.none() | st.integers(0, 100_000),
)
def test_no_change_of_a_real_file_breaks_the_reader(
    content: bytes, changes: list[tuple[int, int]], length: int | None
) -> None:
    changed = bytearray(content[:length])
    for at, byte in changes:
        if changed:
            changed[at % len(changed)] = byte
    with contextlib.suppress(BrokenElf):
        read_elf(bytes(changed), "x")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_change_of_what_is_read_breaks_the_reader(data: st.DataObject) -> None:
    """Changes only where the reader looks: program headers, and the version tables and dynamic section behind them."""
    changed = bytearray(LIBRARY)
    for _change in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.sampled_from(range(0, 1600, 4)))
        size = data.draw(st.sampled_from([1, 2, 4, 8]))
        value = data.draw(st.sampled_from([0, 1, 2, 16, 2 ** (8 * size) - 1, 2 ** (8 * size - 1), 1000]))
        changed[at : at + size] = (value % 2 ** (8 * size)).to_bytes(size, "little")
    with contextlib.suppress(BrokenElf):
        read_elf(bytes(changed), "x")


@given(st.binary(max_size=300))
def test_no_bytes_at_all_break_the_reader(content: bytes) -> None:
    for start in (b"", b"\x7fELF\x02\x01", b"\x7fELF\x01\x02"):
        with contextlib.suppress(BrokenElf):
            read_elf(start + content, "x")
