# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zips that are damaged or hostile end in one sentence with the entry's name, soon and in little memory."""

from __future__ import annotations

import random
import struct
import time
import tracemalloc
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.errors import (
    BrokenZip,
    CodeError,
    EmptyPackage,
    EncryptedZip,
    NotAZip,
    PackageTooLarge,
    UnsafeEntry,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._errors import EngineError
from ansible_collections.lambdaops.deploy.plugins.module_utils._native import archives
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.errors import NativeError
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.mounts import Mounts
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.reading import read_contents
from lambdaops_testbed.images.elf import SharedObject, write
from lambdaops_testbed.images.elf_file import Machine

LIBRARY = write(SharedObject(Machine.X86_64, soname="libx.so")) + random.Random(1).randbytes(5000)


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


@dataclass
class Entry:
    """One entry, each field of which may lie. packed: as it stands in the zip; own: the name in its own header."""

    name: bytes
    content: bytes = LIBRARY
    packed: bytes | None = None
    method: int = 8
    flags: int = 0
    crc: int | None = None
    size: int | None = None
    packed_size: int | None = None
    own: bytes | None = None
    own_method: int | None = None
    extra: bytes = b""
    offset: int | None = None
    magic: bytes = b"PK\3\4"


def archive(*entries: Entry, gap: bytes = b"") -> bytes:
    out, directory = b"", b""
    for entry in entries:
        packed = entry.packed
        if packed is None:
            packed = deflated(entry.content) if entry.method == 8 else entry.content
        crc = zlib.crc32(entry.content) if entry.crc is None else entry.crc
        size = len(entry.content) if entry.size is None else entry.size
        packed_size = len(packed) if entry.packed_size is None else entry.packed_size
        own = entry.name if entry.own is None else entry.own
        method = entry.method if entry.own_method is None else entry.own_method
        at = len(out) if entry.offset is None else entry.offset
        sizes = struct.pack("<HHIII", 0, 0x21, crc, packed_size, size)
        out += entry.magic + struct.pack("<HHH", 20, entry.flags, method) + sizes
        out += struct.pack("<HH", len(own), len(entry.extra)) + own + entry.extra + packed + gap
        directory += b"PK\1\2" + struct.pack("<HHHH", 0x314, 20, entry.flags, entry.method) + sizes
        directory += struct.pack("<HHHHHII", len(entry.name), 0, 0, 0, 0, 0o100644 << 16, at) + entry.name
    end = struct.pack("<4H2IH", 0, 0, len(entries), len(entries), len(directory), len(out), 0)
    return out + directory + b"PK\5\6" + end


@pytest.fixture(params=["isal", "zlib"])
def decompressor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both that entries can be inflated with, one of them is a part of Python."""
    module = zlib if request.param == "zlib" else pytest.importorskip("isal.isal_zlib")
    monkeypatch.setattr(archives, "deflate", module)


def read(content: bytes, folder: Path) -> list[str]:
    (folder / "p.zip").write_bytes(content)
    return [native.name for native in read_contents(str(folder / "p.zip")).natives]


PACKED = deflated(LIBRARY)
SOUND = {
    "deflated": archive(Entry(b"a.so"), Entry(b"b.so")),
    "stored": archive(Entry(b"a.so", method=0), Entry(b"b.so", method=0)),
    "with extra fields": archive(Entry(b"a.so", extra=bytes(60_000)), Entry(b"b.so", extra=b"x" * 9)),
    "with gaps, as data descriptors leave": archive(Entry(b"a.so"), Entry(b"b.so"), gap=bytes(16)),
    "behind a script, as executable zips are": b"#!/usr/bin/env python3\n" + archive(Entry(b"a.so"), Entry(b"b.so")),
    "with more packed bytes than deflate needs": archive(Entry(b"a.so", packed=PACKED + b"xyz"), Entry(b"b.so")),
    "with directories": archive(
        Entry(b"d/", b"", method=0), Entry(b"a.so"), Entry(b"d/", b"", method=0), Entry(b"b.so")
    ),
}


@pytest.mark.usefixtures("decompressor")
@pytest.mark.parametrize("name", SOUND)
def test_what_is_sound(name: str, tmp_path: Path) -> None:
    assert read(SOUND[name], tmp_path) == ["a.so", "b.so"]


DAMAGED = {
    "wrong CRC-32": (Entry(b"a.so", crc=1), "can't be unpacked (its CRC-32 does not match)"),
    "wrong CRC-32, stored": (Entry(b"a.so", method=0, crc=1), "can't be unpacked (its CRC-32 does not match)"),
    "fewer bytes than declared": (Entry(b"a.so", size=len(LIBRARY) + 1), "can't be unpacked (its data ends too early)"),
    "more bytes than declared": (
        Entry(b"a.so", size=len(LIBRARY) - 1),
        f"has more than the {len(LIBRARY) - 1:,} bytes that it declares",
    ),
    "more bytes than declared, stored": (
        Entry(b"a.so", method=0, size=len(LIBRARY) - 1),
        "has more bytes than it declares",
    ),
    "fewer bytes than declared, stored": (
        Entry(b"a.so", method=0, size=len(LIBRARY) + 1),
        "can't be unpacked (its data ends too early)",
    ),
    "half of its bytes": (
        Entry(b"a.so", packed=PACKED[: len(PACKED) // 2]),
        "can't be unpacked (its data ends too early)",
    ),
    "no bytes": (Entry(b"a.so", packed=b""), "can't be unpacked (its data ends too early)"),
    "bytes that are not deflated": (
        Entry(b"a.so", packed=LIBRARY),
        "can't be unpacked (its compressed bytes are damaged)",
    ),
    "damage behind its first bytes": (
        Entry(b"a.so", packed=PACKED[:4000] + bytes(100) + PACKED[4100:]),
        "",
    ),
    "another name in its own header": (
        Entry(b"a.so", own=b"b.so"),
        "has another name or compression in its own header",
    ),
    "another method in its own header": (
        Entry(b"a.so", own_method=0),
        "has another name or compression in its own header",
    ),
    "no header of its own": (Entry(b"a.so", magic=b"PK\0\0"), "has no header of its own where the directory says"),
    "another place": (Entry(b"a.so", offset=5), "has no header of its own where the directory says"),
    "another's bytes": (Entry(b"a.so", packed_size=len(PACKED) + 1000), "overlaps what stands behind it"),
}


@pytest.mark.usefixtures("decompressor")
@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_named(name: str, tmp_path: Path) -> None:
    entry, why = DAMAGED[name]
    with pytest.raises(BrokenZip) as caught:
        read(archive(entry), tmp_path)
    assert caught.value.message.startswith(f"{tmp_path}/p.zip is damaged: its entry a.so {why}")
    assert caught.value.hint == "Build or download it again; `unzip -t` shows the damage."


@pytest.mark.parametrize("name", [b"", b"."])
def test_an_entry_without_a_name(name: bytes, tmp_path: Path) -> None:
    with pytest.raises(BrokenZip, match=r"p\.zip has an entry without a name\."):
        read(archive(Entry(b"a.so"), Entry(name)), tmp_path)


def test_damage_of_what_is_only_looked_at(tmp_path: Path) -> None:
    with pytest.raises(BrokenZip, match=r"its entry app\.py can't be unpacked"):
        read(archive(Entry(b"app.py", packed=b"\7")), tmp_path)


def test_entries_that_overlap(tmp_path: Path) -> None:
    """Many entries that name the same bytes are how some zip bombs are made."""
    whole = Entry(b"a.so")
    length = len(archive(whole)) - 22 - 46 - 4
    for second in (Entry(b"a.so", own=b"a.so", offset=0), Entry(b"b.so", offset=length // 2)):
        second.name = b"b.so"
        with pytest.raises(BrokenZip):
            read(archive(whole, second), tmp_path)


@pytest.mark.parametrize("method", [1, 9, 12, 14, 93, 99])
def test_methods_that_are_not_read(method: int, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        read(archive(Entry(b"a.so", method=method, content=LIBRARY)), tmp_path)
    assert f"compressed by method {method}" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("names", [(b"a.so", b"a.so"), (b"a.so", b"./a.so"), (b"d//a.so", b"d/a.so")])
def test_names_that_occur_twice(names: tuple[bytes, ...], tmp_path: Path) -> None:
    with pytest.raises(NativeError, match=r"p\.zip holds (d/)?a\.so twice, and which of them a function would see"):
        read(archive(*(Entry(name, LIBRARY + bytes([number])) for number, name in enumerate(names))), tmp_path)


def test_the_same_file_may_occur_twice(tmp_path: Path) -> None:
    """As licences do in jars that were made of several."""
    entries = Entry(b"a.so"), Entry(b"META-INF/LICENSE", b"free", method=0), Entry(b"b.so")
    (tmp_path / "p.zip").write_bytes(archive(*entries, entries[1], entries[0], entries[1]))
    found = read_contents(str(tmp_path / "p.zip"))
    assert [native.name for native in found.natives] == ["a.so", "b.so"]
    assert list(found.members) == ["a.so", "META-INF/LICENSE", "b.so"]
    assert found.notes == (
        f"{tmp_path}/p.zip holds META-INF/LICENSE and 1 more names more than once, with the same content.",
    )


def test_of_two_files_of_one_name_with_different_modes_none_is_right(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as package, warnings.catch_warnings(action="ignore"):
        for mode in (0o644, 0o755):
            info = zipfile.ZipInfo("bootstrap")
            info.external_attr = mode << 16
            package.writestr(info, b"#!/bin/sh")
    with pytest.raises(NativeError, match="holds bootstrap twice"):
        read_contents(str(tmp_path / "p.zip"))


def test_a_name_of_many_folders_takes_little_memory(tmp_path: Path) -> None:
    """All folders above it, each by its whole name, would take 64 MB."""
    name = "a/" * 8000 + "b"
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as package:
        package.writestr(name, b"")
    tracemalloc.start()
    try:
        mounts = Mounts([read_contents(str(tmp_path / "p.zip"))])
        assert mounts.is_directory("/var/task/a/a")
        assert not mounts.is_directory(f"/var/task/{name}")
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_a_file_that_is_a_directory_as_well(tmp_path: Path) -> None:
    with pytest.raises(NativeError, match=r"p\.zip holds a/b as a file and as a directory\."):
        read(archive(Entry(b"a/b/c/d.so"), Entry(b"a/b")), tmp_path)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (archive(Entry(b"a.so", flags=1)), EncryptedZip),
        (archive(Entry(b"../a.so")), UnsafeEntry),
        (archive(Entry(b"/a.so")), UnsafeEntry),
        (archive(Entry(b"C:\\a.so")), UnsafeEntry),
        (archive(Entry(b"a.so", b"", size=251 << 20)), PackageTooLarge),
        (archive(), EmptyPackage),
        (archive(Entry(b"a.so"))[:-40], BrokenZip),
        (archive(Entry(b"a.so"))[: len(PACKED) // 2], BrokenZip),
        (LIBRARY, NotAZip),
        (b"", NotAZip),
    ],
)
def test_what_is_refused_before_anything_is_read(content: bytes, error: type[CodeError], tmp_path: Path) -> None:
    with pytest.raises(error) as caught:
        read(content, tmp_path)
    assert caught.value.hint


@pytest.mark.usefixtures("decompressor")
def test_what_grows_without_end_takes_little_memory(tmp_path: Path) -> None:
    """A native that declares some bytes and has a thousand times as many, and a jar in which one grows as much."""
    bomb = deflated(LIBRARY + bytes(200 << 20))
    jar = archive(Entry(b"b.so", packed=bomb))
    content = archive(Entry(b"a.jar", jar), Entry(b"b.py", packed=deflated(bytes(200 << 20))), Entry(b"c.so"))
    (tmp_path / "p.zip").write_bytes(content)
    tracemalloc.start()
    started = time.process_time()
    found = read_contents(str(tmp_path / "p.zip"))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [native.name for native in found.natives] == ["c.so"]
    assert found.notes[0].startswith("a.jar was not looked into any further: a.jar is damaged: its entry b.so has more")
    assert peak < 8 << 20
    assert time.process_time() - started < 5
