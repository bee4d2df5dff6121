# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Headers made by hand, and by the testbed's writer: what is read of them, and what is refused."""

from __future__ import annotations

import contextlib
import struct

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.errors import BrokenRpmDatabase
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.headers import parse_header
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.packages import Evr, Package
from hypothesis import given
from hypothesis import strategies as st
from lambdaops_testbed.images import rpmdb as written


def header(*tags: tuple[int, int, bytes], count: int = 1) -> bytes:
    index, store = b"", b""
    for tag, kind, content in tags:
        index += struct.pack(">iiii", tag, kind, len(store), count)
        store += content
    return struct.pack(">ii", len(tags), len(store)) + index + store


NAME, VERSION, RELEASE = (1000, 6, b"n\0"), (1001, 6, b"1\0"), (1002, 6, b"2\0")


def test_a_header() -> None:
    blob = header(NAME, VERSION, RELEASE, (1003, 4, struct.pack(">I", 7)), (1022, 6, b"noarch\0"))
    assert parse_header(blob, "1") == Package("n", Evr(7, "1", "2"), "noarch")
    assert parse_header(header(NAME, VERSION, RELEASE), "1") == Package("n", Evr(0, "1", "2"), "")


def test_names_move_no_cursor() -> None:
    blob = header((1000, 6, b"x\x1b[2J\ny\0"), (1001, 6, b"1\r\0"), RELEASE)
    assert parse_header(blob, "1") == Package("x[2Jy", Evr(0, "1", "2"), "")


def test_the_libraries_that_a_package_provides() -> None:
    index = struct.pack(">iiii", 1047, 8, 6, 3)
    plain = header(NAME, VERSION, RELEASE)
    blob = bytes(8) + plain[8 : 8 + 48] + index + plain[56:] + b"n = 1\0libz.so.1()(64bit)\0lib\0"
    blob = struct.pack(">ii", 4, len(blob) - 72) + blob[8:]
    assert parse_header(blob, "1").libraries == {"libz.so.1()(64bit)"}


WRITTEN = written.Package(
    "openssl-libs",
    "3.0.8",
    "1.amzn2023",
    "x86_64",
    epoch=1,
    provides=(written.Provide("libssl.so.3()(64bit)"), written.Provide("config(openssl-libs)", "1:3.0.8-1.amzn2023")),
    requires=("libc.so.6(GLIBC_2.34)(64bit)", "/bin/sh", "(a or b)", "ca-certificates"),
    files=("/usr/lib64/libssl.so.3", "/usr/lib64/engines/afalg.so", "/usr/share/doc/x.so.txt/y", "/etc/ssl/so"),
)


def test_what_a_package_provides_requires_and_owns() -> None:
    package = parse_header(written.header(WRITTEN, 1730332800), "1")
    assert package.evr == Evr(1, "3.0.8", "1.amzn2023")
    assert package.provides == {"openssl-libs", "libssl.so.3()(64bit)", "config(openssl-libs)"}
    assert package.libraries == {"libssl.so.3()(64bit)"}
    assert package.requires == {"libc.so.6(GLIBC_2.34)(64bit)", "/bin/sh", "(a or b)", "ca-certificates"}
    assert package.files == {"usr/lib64/libssl.so.3", "usr/lib64/engines/afalg.so"}


FILES = (1116, 4, struct.pack(">I", 0)), (1117, 8, b"libx.so\0"), (1118, 8, b"/usr/lib64/\0")


def test_a_path_is_put_together() -> None:
    assert parse_header(aligned(NAME, VERSION, RELEASE, *FILES), "1").files == {"usr/lib64/libx.so"}


@pytest.mark.parametrize("missing", [0, 2])
def test_a_path_with_a_part_missing(missing: int) -> None:
    tags = [tag for n, tag in enumerate(FILES) if n != missing]
    with pytest.raises(BrokenRpmDatabase, match="its files do not fit"):
        parse_header(aligned(NAME, VERSION, RELEASE, *tags), "1")


def test_a_path_in_a_directory_that_is_not_listed() -> None:
    tags = (1116, 4, struct.pack(">i", -1)), *FILES[1:]
    with pytest.raises(BrokenRpmDatabase, match="its files do not fit"):
        parse_header(aligned(NAME, VERSION, RELEASE, *tags), "1")


def aligned(*tags: tuple[int, int, bytes]) -> bytes:
    """Numbers first, where no text before them moves them."""
    return header(*sorted(tags, key=lambda tag: tag[1] != 4))


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\0" * 8,
        struct.pack(">ii", -1, 10),
        struct.pack(">ii", 1, 2**31 - 1),
        struct.pack(">ii", 2**31 - 1, 1),
        header(NAME, VERSION),
        header(NAME, VERSION, RELEASE)[:-1],
        header(NAME, VERSION, (1002, 6, b"no end")),
        header(NAME, VERSION, RELEASE, (1003, 4, b"\0")),
        header(NAME, VERSION, RELEASE, count=0),
        header(NAME, VERSION, RELEASE, (1047, 8, b"no end")),
        header(NAME, VERSION, RELEASE, (1047, 8, b"\0" * (2 << 20)), count=2 << 20),
        header(NAME, VERSION, RELEASE, (1116, 4, b"\0" * 7), count=2),
        struct.pack(">iiiiii", 1, 4, 1000, 6, -5, 1) + b"abc\0",
        struct.pack(">iiiiii", 1, 4, 1000, 6, 4, 1) + b"abc\0",
    ],
)
def test_a_damaged_header(blob: bytes) -> None:
    with pytest.raises(BrokenRpmDatabase, match="Header 1 of the rpm database is damaged"):
        parse_header(blob, "1")


@given(st.binary(max_size=200))
def test_no_bytes_at_all_break_the_header_reader(blob: bytes) -> None:
    with contextlib.suppress(BrokenRpmDatabase):
        parse_header(blob, "1")
