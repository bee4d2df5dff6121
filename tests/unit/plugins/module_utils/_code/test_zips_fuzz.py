# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zips that somebody damaged on purpose: an error of ours or a package, never anything else, in little memory."""

from __future__ import annotations

import io
import lzma
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code import errors, zips
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.content import UNZIPPED_LIMIT, Entry
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.zips import open_zip, read_entries
from hypothesis import example, given, settings
from hypothesis import strategies as st

MiB = 1024 * 1024
LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"


def real_zip(*, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    """Files of several kinds, with what some tools write beside them."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", method) as archive:
        archive.comment = comment
        archive.writestr("app.py", "def handler(event, context):\n    return 'ok'\n" * 40)
        archive.mkdir("lib")
        archive.writestr("lib/größe.txt", b"")
        link = zipfile.ZipInfo("link")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "app.py")
        with archive.open("large", "w", force_zip64=True) as file:
            file.write(os.urandom(300) * 3)
    return zipped.getvalue()


REAL = [
    real_zip(),
    real_zip(method=zipfile.ZIP_STORED, comment=b"made by a tool"),
    real_zip(method=zipfile.ZIP_BZIP2),
    real_zip(method=zipfile.ZIP_LZMA),
]

Mutation = Callable[[bytearray], None]


def places(content: bytes, signature: bytes) -> list[int]:
    found, at = [], content.find(signature)
    while at >= 0:
        found.append(at)
        at = content.find(signature, at + 1)
    return found


def flipped(where: float, mask: int) -> Mutation:
    def mutate(content: bytearray) -> None:
        if content:
            content[int(where * (len(content) - 1))] ^= mask

    return mutate


def cut(where: float, length: int) -> Mutation:
    def mutate(content: bytearray) -> None:
        at = int(where * len(content))
        del content[at : at + length]

    return mutate


def doubled(where: float, length: int) -> Mutation:
    """Entries of the same name, or one over the other, when it hits a record."""

    def mutate(content: bytearray) -> None:
        at = int(where * len(content))
        content[at:at] = content[at : at + length]

    return mutate


def field(signature: bytes, number: int, offset: int, value: bytes) -> Mutation:
    """Another value in a field of a record: a size, an offset, a flag, a method, a mode, a length."""

    def mutate(content: bytearray) -> None:
        records = places(content, signature)
        if records:
            at = records[number % len(records)] + offset
            content[at : at + len(value)] = value

    return mutate


SHARES = st.floats(0, 1, allow_nan=False)
VALUES = st.one_of(
    st.binary(min_size=1, max_size=4),
    st.sampled_from(
        [struct.pack("<I", value) for value in (0, 1, 2**31, 2**32 - 1, UNZIPPED_LIMIT, UNZIPPED_LIMIT - 5000)]
    ),
)
MUTATIONS = st.one_of(
    st.builds(flipped, SHARES, st.integers(1, 255)),
    st.builds(cut, SHARES, st.integers(1, 400)),
    st.builds(doubled, SHARES, st.integers(1, 400)),
    st.builds(field, st.sampled_from((LOCAL, CENTRAL, END)), st.integers(0, 5), st.integers(4, 50), VALUES),
)


def read(content: bytes) -> list[Entry]:
    with open_zip(io.BytesIO(content), "code.zip") as archive:
        return read_entries(archive, "code.zip")


def test_they_are_read_before_they_are_damaged() -> None:
    for content in REAL:
        assert {entry.name.decode() for entry in read(content)} == {"app.py", "lib/größe.txt", "link", "large"}


@settings(max_examples=800)
@given(content=st.sampled_from(REAL), mutations=st.lists(MUTATIONS, min_size=1, max_size=4))
@example(content=REAL[0], mutations=[field(CENTRAL, 0, 42, struct.pack("<I", 2**32 - 1))])
@example(content=REAL[0], mutations=[field(CENTRAL, 0, 46, b"\0")])
@example(content=REAL[0], mutations=[field(CENTRAL, 0, 30, b"\xff\xff")])
@example(content=REAL[0], mutations=[field(END, 0, 16, b"\xff\xff\xff\xff")])
@example(content=REAL[0], mutations=[field(END, 0, 10, b"\0\0")])
def test_damage_is_an_error_of_ours(content: bytes, mutations: Sequence[Mutation]) -> None:
    damaged = bytearray(content)
    for mutate in mutations:
        mutate(damaged)
    try:
        entries = read(bytes(damaged))
    except errors.CodeError as error:
        assert error.message.endswith(".")
        assert error.hint.endswith(".")
        assert error.message.isprintable()
    else:
        assert sum(entry.size for entry in entries) <= UNZIPPED_LIMIT


@settings(max_examples=300)
@given(content=st.binary(max_size=300), head=st.sampled_from([b"", LOCAL, CENTRAL, END]), tail=st.booleans())
def test_noise_is_an_error_of_ours(content: bytes, head: bytes, tail: bool) -> None:
    end = END + struct.pack("<4H2IH", 0, 0, 1, 1, len(content), 0, 0) if tail else b""
    with pytest.raises(errors.CodeError):
        read(head + content + end)


@pytest.mark.parametrize("share", [number / 40 for number in range(40)])
def test_a_zip_that_is_cut_short_is_no_package(share: float) -> None:
    content = REAL[0][: int(share * len(REAL[0]))]
    with pytest.raises((errors.NotAZip, errors.BrokenZip)):
        read(content)


def test_the_last_of_two_entries_with_one_name_counts(recwarn: pytest.WarningsRecorder) -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        for content in ("first", "second one"):
            archive.writestr("app.py", content)
    assert [(entry.name, entry.size) for entry in read(zipped.getvalue())] == [(b"app.py", 10)]


def overlapping(path: Path) -> None:
    """Ten thousand entries that all mean one content of 1 MB, which is 10 GB from 1 MB, as in 42.zip's successors."""
    name, content = b"a", b"\0" * MiB
    head = LOCAL + struct.pack("<5H3I2H", 20, 0, 0, 0, 0x21, 0, MiB, MiB, 1, 0) + name
    listed = CENTRAL + struct.pack("<6H3I5H2I", 20, 20, 0, 0, 0, 0x21, 0, MiB, MiB, 1, 0, 0, 0, 0, 0, 0) + name
    directory = listed * 10_000
    end = END + struct.pack("<4H2IH", 0, 0, 10_000, 10_000, len(directory), len(head) + MiB, 0)
    path.write_bytes(head + content + directory + end)


def endless_directory(path: Path) -> None:
    """Two million entries without a byte in them."""
    listed = CENTRAL + struct.pack("<6H3I5H2I", 20, 20, 0, 0, 0, 0x21, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    directory = listed * 2_000_000
    end = END + struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, len(directory), 0, 0)
    path.write_bytes(directory + end)


def endless_directory_of_zip64(path: Path) -> None:
    """The same as writers do it that note the size in Zip64's record alone."""
    endless_directory(path)
    content = path.read_bytes()
    at = content.rindex(END)
    size = at.to_bytes(8, "little")
    more = b"PK\6\6" + struct.pack("<Q2H2I2Q", 44, 45, 45, 0, 0, 2_000_000, 2_000_000) + size + bytes(8)
    end = END + struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    path.write_bytes(content[:at] + more + b"PK\6\7" + struct.pack("<IQI", 0, at, 1) + end)


def hungry(path: Path) -> None:
    """LZMA that wants a dictionary of 4 GB."""
    content = lzma.compress(b"x" * 1000, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1}])
    head = struct.pack("<BBH", 9, 4, 5) + struct.pack("<BI", 93, 2**32 - 1)
    size, crc, name = len(head + content), zlib.crc32(b"x" * 1000), b"a"
    local = LOCAL + struct.pack("<5H3I2H", 63, 0, 14, 0, 0x21, crc, size, 1000, 1, 0) + name + head + content
    listed = CENTRAL + struct.pack("<6H3I5H2I", 63, 63, 0, 14, 0, 0x21, crc, size, 1000, 1, 0, 0, 0, 0, 0, 0) + name
    path.write_bytes(local + listed + END + struct.pack("<4H2IH", 0, 0, 1, 1, len(listed), len(local), 0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (overlapping, "holds 10,485,760,000 bytes unzipped, and Lambda takes at most"),
        (endless_directory, "has a directory of entries of 94,000,000 bytes"),
        (endless_directory_of_zip64, "has a directory of entries of 94,000,000 bytes"),
        (hungry, "its entry a can't be unpacked (it takes too much memory)"),
    ],
)
def test_bombs_are_refused_in_little_memory(tmp_path: Path, make: Callable[[Path], None], message: str) -> None:
    """In a process that may have 200 MB more than it starts with."""
    path = tmp_path / "bomb.zip"
    make(path)
    script = (
        f"from {zips.__name__} import open_zip, read_entries\n"
        f"from {errors.__name__} import CodeError\n"
        "import resource\n"
        "now = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        f"resource.setrlimit(resource.RLIMIT_AS, (now + 200 * {MiB}, now + 200 * {MiB}))\n"
        "try:\n"
        f"    with open({str(path)!r}, 'rb') as handle, open_zip(handle, 'bomb.zip') as archive:\n"
        "        read_entries(archive, 'bomb.zip')\n"
        "except CodeError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    path.unlink()
    assert message in done.stdout, done.stderr
