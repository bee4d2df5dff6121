# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Readers of what anybody may have written, given damaged and made-up bytes: ELF files and others, packages, layers.

Whatever they are given, they end in a result or in an error of ours, soon and in little memory. The examples are the
same in each run.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import re
import resource
import signal
import stat
import struct
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import FrameType

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.elf import elf_of, read_elf
from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.errors import BrokenElf
from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.segments import (
    holds_debug_only,
    read_few_segments,
    read_segments,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.symbols import NODE, PYTHON_AND_RUBY, entry_points
from ansible_collections.lambdaops.deploy.plugins.module_utils._errors import EngineError
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.decompression import Limits
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.layers import open_layer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.manifests import Descriptor
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.views import view_layer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.wanted import wanted
from ansible_collections.lambdaops.deploy.plugins.module_utils._native import reading
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.formats import (
    HEAD,
    MORE,
    elf_native,
    look_at,
    mach_o_native,
    other_native,
    pe_native,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.reading import read_contents
from hypothesis import given, settings
from hypothesis import strategies as st
from lambdaops_testbed.images import oci
from lambdaops_testbed.images.elf import Export, Import, SharedObject, write
from lambdaops_testbed.images.elf_file import Machine

LIBRARIES = [
    write(
        SharedObject(
            machine,
            soname="libx.so.1",
            needed=("liba.so.1", "libb.so.1"),
            defines=("X_1", "X_2"),
            exports=(Export("PyInit_x", "X_1"), Export("napi_register_module_v1")),
            imports=(Import("liba.so.1", "A_1", symbol="napi_module_register"), Import("libb.so.1", "B_1", weak=True)),
            rpath="/a",
            runpath="/b",
            interpreter="/lib64/ld.so",
            sysv_hash=machine is Machine.AARCH64,
        )
    )
    for machine in Machine
]
REAL = min(Path(sysconfig.get_path("platlib")).rglob("*.so"), key=lambda path: path.stat().st_size).read_bytes()
SECONDS, MEMORY = 10.0, 512 << 20  # of processor time for one example; more than the process has before
FEW, MANY = (settings(max_examples=count, deadline=None, derandomize=True, database=None) for count in (150, 600))


@pytest.fixture(autouse=True, scope="module")
def little_memory() -> Iterator[None]:
    """More than this is a MemoryError, which no reader takes for damage."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """So that what takes too long can be interrupted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_THREADS", 1)
        yield


@contextlib.contextmanager
def soon() -> Iterator[None]:
    def late(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"it is not done after {SECONDS} s of processor time")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


EXTREMES = [0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**63, 2**64 - 1]
# One choice for an example, from which all others follow: it takes a tenth of the time of choosing them one by one.
CHANCE = st.integers(0, 1 << 40).map(Random)


def number(chance: Random, size: int) -> int:
    """An extreme, a place in the file, or a small one."""
    return chance.choice((chance.choice(EXTREMES), chance.randrange(size + 1), chance.randrange(256)))


def mutated(chance: Random, seeds: list[bytes]) -> bytes:
    """A seed with some fields set to extremes or to places, cut, or grown."""
    changed = bytearray(chance.choice(seeds))
    for _change in range(chance.randrange(7)):
        size = chance.choice((1, 2, 4, 8))
        at = chance.randrange(len(changed) - size + 1)
        value = number(chance, len(changed)) % 2 ** (8 * size)
        changed[at : at + size] = value.to_bytes(size, chance.choice(("little", "big")))
    match chance.randrange(5):
        case 0:
            del changed[chance.randrange(len(changed)) :]
        case 1:
            changed += chance.randbytes(chance.randrange(50)) * chance.choice((1, 1000))
    return bytes(changed)


def read_as_everything(content: bytes) -> None:
    with contextlib.suppress(BrokenElf):
        read_elf(content, "x")
    few = read_few_segments(lambda offset, size: content[offset : offset + size], len(content))
    with contextlib.suppress(BrokenElf):  # then all of it is read
        assert few is None or elf_of(few, "x") == read_elf(content, "x")
    with contextlib.suppress(BrokenElf):
        for starts in (NODE, PYTHON_AND_RUBY):
            entry_points(read_segments(content, "x"), starts, "x")
    holds_debug_only(content)
    look_at(content[:HEAD], "x.so")
    for native in (
        elf_native("x", "", content),
        mach_o_native("x", "", 1, content[:MORE]) if len(content) >= 28 else None,
        pe_native("x", "", 1, content[:MORE]),
        other_native("x", "", 1, content[:MORE]),
    ):
        assert native is None or native.unread.isprintable()


@MANY
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\x7fELF\2\1", b"\x7fELF\1\2", b"MZ", b"\xca\xfe\xba\xbe", b"!<arch>\n"]),
)
def test_any_bytes(content: bytes, start: bytes) -> None:
    with soon():
        read_as_everything(start + content)


@MANY
@given(CHANCE)
def test_elf_files_that_were_changed_anywhere(chance: Random) -> None:
    with soon():
        read_as_everything(mutated(chance, [*LIBRARIES, REAL]))


@MANY
@given(CHANCE)
def test_elf_files_whose_headers_and_tags_were_changed(chance: Random) -> None:
    """Fields of the program headers and of the dynamic section, which lead to all the rest."""
    content = bytearray(chance.choice(LIBRARIES))
    (count,) = struct.unpack_from("<H", content, 56)
    headers = [64 + 56 * index for index in range(count)]
    (dynamic,) = [struct.unpack_from("<Q", content, at + 8)[0] for at in headers if content[at] == 2]
    fields = [at + field for at in headers for field in (0, 8, 16, 32)] + [dynamic + 8 * index for index in range(32)]
    for _change in range(chance.randint(1, 4)):
        at = chance.choice([field for field in fields if field + 8 <= len(content)])
        struct.pack_into("<Q", content, at, number(chance, len(content)))
    with soon():
        read_as_everything(bytes(content))


@MANY
@given(CHANCE)
def test_elf_files_whose_tables_were_changed(chance: Random) -> None:
    """Versions, hashes and symbols: 32-bit fields before the code."""
    content = bytearray(chance.choice(LIBRARIES))
    for _change in range(chance.randint(1, 8)):
        struct.pack_into("<I", content, chance.randrange(300, 1500, 4), number(chance, len(content)) & 0xFFFFFFFF)
    with soon():
        read_as_everything(bytes(content))


def zipped(method: int) -> bytes:
    stream, inner = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("A.class", struct.pack(">IHH", 0xCAFEBABE, 0, 65) + bytes(90))
        archive.writestr("libx.so", LIBRARIES[0])
    link = zipfile.ZipInfo("libx.so")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(link, "libx.so.1")
        archive.writestr("libx.so.1", LIBRARIES[1])
        archive.writestr("bootstrap", b"#!/bin/sh\n")
        archive.writestr("node_modules/a/package.json", b"{}")
        archive.writestr("node_modules/a/a.node", b"MZ" + bytes(90))
        archive.writestr("lib/a.jar", inner.getvalue())
    return stream.getvalue()


ZIPS = [zipped(zipfile.ZIP_DEFLATED), zipped(zipfile.ZIP_STORED)]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "p.zip"


def read_package(package: Path, content: bytes) -> None:
    package.write_bytes(content)
    with soon(), contextlib.suppress(EngineError):
        found = read_contents(str(package))
        assert all(note.isprintable() for note in found.notes)
        assert {native.name for native in found.natives if native.place} <= found.members.keys()


@FEW
@given(chance=CHANCE)
def test_packages_that_were_changed_anywhere(package: Path, chance: Random) -> None:
    read_package(package, mutated(chance, ZIPS))


@FEW
@given(chance=CHANCE)
def test_packages_whose_headers_were_changed(package: Path, chance: Random) -> None:
    """Headers of entries, of the directory, and the end of it."""
    content = bytearray(chance.choice(ZIPS))
    places = [found.start() for found in re.finditer(rb"PK(\x01\x02|\x03\x04|\x05\x06)", content)]
    for _change in range(chance.randint(1, 3)):
        size = chance.choice((2, 4))
        at = chance.choice(places) + chance.randrange(4, 50, 2)
        content[at : at + size] = (number(chance, len(content)) % 2 ** (8 * size)).to_bytes(size, "little")
    read_package(package, bytes(content))


@FEW
@given(content=st.binary(max_size=300), start=st.sampled_from([b"", b"PK\3\4", b"PK\5\6"]))
def test_packages_of_any_bytes(package: Path, content: bytes, start: bytes) -> None:
    read_package(package, start + content)


@FEW
@given(chance=CHANCE)
def test_sound_packages_of_damaged_files(package: Path, chance: Random) -> None:
    """Nothing in a sound zip is an error: what can't be read is told."""
    names = chance.sample(["a.so", "b.jar", "bootstrap", "A.class", "node_modules/a/a.node", "c.dylib"], 3)
    with zipfile.ZipFile(package, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name in names:
            archive.writestr(name, mutated(chance, [*LIBRARIES, *ZIPS]))
    with soon():
        found = read_contents(str(package))
    assert found.members.keys() == set(names)


TAR = oci.tar(
    [
        oci.directory("etc"),
        oci.file("etc/os-release", b"ID=amzn\n"),
        oci.file("usr/lib64/libx.so.1", LIBRARIES[0]),
        oci.file("usr/lib64/" + "long" * 60 + ".so", b"x"),
        oci.symlink("usr/lib64/libx.so", "libx.so.1"),
        oci.hardlink("usr/lib64/liby.so", "usr/lib64/libx.so.1"),
        oci.file("usr/lib64/.wh.libz.so", b""),
        oci.file("var/.wh..wh..opq", b""),
    ]
)
ASKED = wanted(["etc/os-release"], {"usr/lib64", "var"})
LIMITS = Limits(size=1 << 24, entries=1000)


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def read_layer(blob: bytes, tar: bytes) -> None:
    descriptor = Descriptor(digest(blob), len(blob))
    with (
        soon(),
        contextlib.suppress(EngineError),
        open_layer(io.BytesIO(blob), descriptor, digest(tar), "layer", LIMITS) as entries,
    ):
        view_layer(entries, ASKED, "layer", 1 << 24)


FIELDS = ((0, 100), (124, 12), (156, 1), (157, 100), (345, 155))  # name, size, kind, link, prefix: where, how long
TEXTS = (
    b"0" * 11,
    b"7" * 11,
    b"\x80" + b"\xff" * 11,
    b"x",
    b"L",
    b"S",
    b"1",
    b"2",
    b"../x",
    b"usr",
    b"usr/lib64/libx.so",
)


@FEW
@given(CHANCE)
def test_layers_whose_headers_were_changed(chance: Random) -> None:
    """With checksums that are right all the same, or tarfile would look no further."""
    content = bytearray(mutated(chance, [TAR]))
    for at in range(0, len(content) - 511, 512):
        if content[at + 257 : at + 262] == b"ustar" and chance.randrange(4):
            if chance.randrange(2):
                start, size = chance.choice(FIELDS)
                text = chance.choice((*TEXTS, chance.randbytes(size)))
                content[at + start : at + start + size] = text[:size].ljust(size, b"\0")
            content[at + 148 : at + 156] = b" " * 8
            content[at + 148 : at + 156] = b"%06o\0 " % sum(content[at : at + 512])
    read_layer(bytes(content), bytes(content))


@FEW
@given(CHANCE)
def test_layers_whose_compression_was_changed(chance: Random) -> None:
    read_layer(mutated(chance, [gzip.compress(TAR, mtime=0), TAR]), TAR)


def test_the_bounds_are_in_force() -> None:
    """Or a reader that never ends would stop the tests instead of failing one."""
    with pytest.raises(MemoryError):
        bytearray(2 * MEMORY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "SECONDS", 0.05)
        with pytest.raises(AssertionError, match="not done after"):
            run_forever()


def run_forever() -> None:
    with soon():
        while os.getpid():
            pass
