# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""BerkeleyDB databases that BerkeleyDB itself wrote, and those of the testbed; and damaged ones."""

from __future__ import annotations

import contextlib
import struct
import subprocess
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.berkeley import read_headers
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.database import read_packages
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.errors import BrokenRpmDatabase
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.packages import Evr, Package
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lambdaops_testbed.debian import require
from lambdaops_testbed.images import berkeley, rpmdb

INSTALLED = [
    rpmdb.Package("glibc", "2.26", "64.amzn2", "x86_64", provides=(rpmdb.Provide("libc.so.6()(64bit)"),)),
    rpmdb.Package("openssl-libs", "1.0.2k", "24.amzn2", "x86_64", epoch=1),
    rpmdb.Package("many", "1", "1", "noarch", files=tuple(f"/usr/share/many/{number}" for number in range(2000))),
]
HEADERS = [rpmdb.header(package, 1730332800) for package in INSTALLED]
EXPECTED = (
    Package("glibc", Evr(0, "2.26", "64.amzn2"), "x86_64"),
    Package("many", Evr(0, "1", "1"), "noarch"),
    Package("openssl-libs", Evr(1, "1.0.2k", "24.amzn2"), "x86_64"),
)
FORMS = [("<", 4096), ("<", 512), ("<", 65536), (">", 4096), (">", 512)]


@pytest.mark.parametrize(("order", "page_size"), FORMS)
def test_a_database_of_the_testbed(order: str, page_size: int) -> None:
    database = berkeley.write(HEADERS, page_size, order)
    assert dict(read_headers(database)) == dict(enumerate(HEADERS, 1))
    assert read_packages(database) == EXPECTED


@pytest.mark.parametrize(("order", "page_size"), FORMS)
def test_a_database_that_berkeleydb_loaded(order: str, page_size: int, tmp_path: Path) -> None:
    many = dict(enumerate(HEADERS * 40, 1))
    byte_order = {"<": 1234, ">": 4321}[order]
    lines = ["VERSION=3", "format=bytevalue", "type=hash", f"db_lorder={byte_order}", f"db_pagesize={page_size}"]
    lines.append("HEADER=END")
    for number, value in {0: struct.pack(f"{order}I", len(many)), **many}.items():
        lines += [f" {struct.pack(f'{order}I', number).hex()}", f" {value.hex()}"]
    command = [require("db5.3_load", "db5.3-util"), tmp_path / "Packages"]
    subprocess.run(command, input="\n".join([*lines, "DATA=END", ""]), text=True, check=True, capture_output=True)
    assert dict(read_headers((tmp_path / "Packages").read_bytes())) == many


# Applies lines of "number hex", or "number" to delete, through BerkeleyDB itself.
CHURN = """
use DB_File;
$DB_HASH->{bsize} = 512;
my $database = tie(my %packages, "DB_File", $ARGV[0], O_RDWR | O_CREAT, 0644, $DB_HASH) or die $!;
while (<STDIN>) {
    my ($number, $value) = split;
    my $key = pack("L", $number);
    if (length $value) { $packages{$key} = pack("H*", $value) } else { delete $packages{$key} }
}
"""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(0, 60), st.none() | st.integers(1, 3000)), min_size=1, max_size=200),
    fill=st.integers(0, 255),
)
def test_packages_come_and_go(changes: list[tuple[int, int | None]], fill: int, tmp_path: Path) -> None:
    """Installed, upgraded to longer and shorter headers, erased: what is left is read, and nothing else."""
    path = tmp_path / "Packages"
    path.unlink(missing_ok=True)
    left: dict[int, bytes] = {}
    lines = []
    for step, (number, size) in enumerate(changes):
        if size is None:
            left.pop(number, None)
            lines.append(str(number))
        else:
            left[number] = (struct.pack(">I", step) + bytes([fill]) * size)[:size]
            lines.append(f"{number} {left[number].hex()}")
    command = [require("perl", "perl"), "-e", CHURN, path]
    subprocess.run(command, input="\n".join(lines), text=True, check=True, capture_output=True)
    left.pop(0, None)
    found = list(read_headers(path.read_bytes()))
    assert dict(found) == left
    assert len(found) == len(left)


DATABASE = berkeley.write(HEADERS, 512)


def changed(at: int, form: str, value: int) -> bytes:
    content = bytearray(DATABASE)
    struct.pack_into(form, content, at, value)
    return bytes(content)


def page(kind: int) -> int:
    """Where the first page of a type begins."""
    return next(at for at in range(512, len(DATABASE), 512) if DATABASE[at + 25] == kind)


HASH, OVERFLOW = page(13), page(7)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "neither an sqlite nor a BerkeleyDB"),
        (b"x" * 600, "neither an sqlite nor a BerkeleyDB"),
        (DATABASE[:511], "not a BerkeleyDB hash file"),
        (DATABASE[:-1], "ends before its last page"),
        (changed(20, "<I", 500), "ends before its last page"),
        (changed(20, "<I", 1 << 17), "ends before its last page"),
        (changed(32, "<I", 2**32 - 1), "ends before its last page"),
        (changed(24, "<B", 1), "encrypted"),
        (changed(25, "<B", 9), "encrypted"),
        (changed(26, "<B", 1), "checksums"),
        (changed(32, "<I", 0), "lists no package"),
        (changed(HASH + 20, "<H", 3), "Page 1 of the rpm database is damaged"),
        (changed(HASH + 20, "<H", 0xFFFE), "Page 1 of the rpm database is damaged"),
        (changed(HASH + 26, "<H", 0), "Page 1 of the rpm database is damaged"),
        (changed(HASH + 26, "<H", 512), "Page 1 of the rpm database is damaged"),
        (changed(OVERFLOW + 16, "<I", 0), "Page 0 of the rpm database is damaged"),
        (changed(OVERFLOW + 16, "<I", OVERFLOW // 512), "is damaged"),
        (changed(OVERFLOW + 16, "<I", 2**32 - 1), "Page 4294967295 of the rpm database is damaged"),
        (changed(OVERFLOW + 16, "<I", HASH // 512), "Page 1 of the rpm database is damaged"),
        (changed(OVERFLOW + 22, "<H", 487), "is damaged"),
        (changed(OVERFLOW + 25, "<B", 0), "is damaged"),
    ],
)
def test_damage_is_an_error_in_words(content: bytes, why: str) -> None:
    with pytest.raises(BrokenRpmDatabase, match=why):
        read_packages(content)


def test_a_key_of_another_length_is_refused() -> None:
    content = bytearray(berkeley.write([b"x" * 20], 512))
    struct.pack_into("<H", content, 1024 + 26, 508)  # the first offset on the second bucket's page
    with pytest.raises(BrokenRpmDatabase, match="a key that is no header number"):
        read_packages(bytes(content))


def test_two_headers_on_the_same_pages_are_refused() -> None:
    """Else a short file could have very many long headers."""
    content = bytearray(berkeley.write([HEADERS[2], HEADERS[2]], 65536))
    size = struct.pack("<I", len(HEADERS[2]))
    items = [at - 8 for at in range(65536, 3 * 65536) if content[at : at + 4] == size]
    for at in items:
        content[at : at + 12] = content[items[0] : items[0] + 12]
    assert len(items) == 2
    with pytest.raises(BrokenRpmDatabase, match="is damaged"):
        read_packages(bytes(content))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(DATABASE) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_no_change_breaks_the_reader(changes: list[tuple[int, int]]) -> None:
    content = bytearray(DATABASE)
    for at, byte in changes:
        content[at] = byte
        content[at % 512] ^= byte >> 7  # the first page is where most depends on
        content[512 + at % 60] = byte
    with contextlib.suppress(BrokenRpmDatabase):
        read_packages(bytes(content))
