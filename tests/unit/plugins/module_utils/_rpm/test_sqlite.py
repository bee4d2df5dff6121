# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions against rpm's own test vectors, and databases against what the writer of another room put in.

rpm itself is asked as well; what it said is recorded in the vectors.
"""

from __future__ import annotations

import contextlib
import sqlite3
import struct
import subprocess
import tracemalloc
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.errors import BrokenRpmDatabase
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.headers import parse_header
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.packages import Evr, Package, compare_versions
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.sqlite import read_packages
from hypothesis import given, settings
from hypothesis import strategies as st
from lambdaops_testbed.debian import require
from lambdaops_testbed.images import rpmdb as written

# rpm, tests/rpmvercmp.at; the last ones are ours, recorded from rpm 4.18.
VECTORS = """
1.0 1.0 0 | 1.0 2.0 -1 | 2.0 1.0 1 | 2.0.1 2.0.1 0 | 2.0 2.0.1 -1 | 2.0.1 2.0 1 | 2.0.1a 2.0.1a 0 | 2.0.1a 2.0.1 1
2.0.1 2.0.1a -1 | 5.5p1 5.5p1 0 | 5.5p1 5.5p2 -1 | 5.5p2 5.5p1 1 | 5.5p10 5.5p10 0 | 5.5p1 5.5p10 -1 | 5.5p10 5.5p1 1
10xyz 10.1xyz -1 | 10.1xyz 10xyz 1 | xyz10 xyz10 0 | xyz10 xyz10.1 -1 | xyz10.1 xyz10 1 | xyz.4 xyz.4 0 | xyz.4 8 -1
8 xyz.4 1 | xyz.4 2 -1 | 2 xyz.4 1 | 5.5p2 5.6p1 -1 | 5.6p1 5.5p2 1 | 5.6p1 6.5p1 -1 | 6.5p1 5.6p1 1 | 6.0.rc1 6.0 1
6.0 6.0.rc1 -1 | 10b2 10a1 1 | 10a2 10b2 -1 | 1.0aa 1.0aa 0 | 1.0a 1.0aa -1 | 1.0aa 1.0a 1 | 10.0001 10.0001 0
10.0001 10.1 0 | 10.1 10.0001 0 | 10.0001 10.0039 -1 | 10.0039 10.0001 1 | 4.999.9 5.0 -1 | 5.0 4.999.9 1
20101121 20101121 0 | 20101121 20101122 -1 | 20101122 20101121 1 | 2_0 2_0 0 | 2.0 2_0 0 | 2_0 2.0 0 | a a 0 | a+ a+ 0
a+ a_ 0 | a_ a+ 0 | +a +a 0 | +a _a 0 | _a +a 0 | +_ +_ 0 | _+ +_ 0 | _+ _+ 0 | + _ 0 | _ + 0 | 1.0~rc1 1.0~rc1 0
1.0~rc1 1.0 -1 | 1.0 1.0~rc1 1 | 1.0~rc1 1.0~rc2 -1 | 1.0~rc2 1.0~rc1 1 | 1.0~rc1~git123 1.0~rc1~git123 0
1.0~rc1~git123 1.0~rc1 -1 | 1.0~rc1 1.0~rc1~git123 1 | 1.0^ 1.0^ 0 | 1.0^ 1.0 1 | 1.0 1.0^ -1 | 1.0^git1 1.0^git1 0
1.0^git1 1.0 1 | 1.0 1.0^git1 -1 | 1.0^git1 1.0^git2 -1 | 1.0^git2 1.0^git1 1 | 1.0^git1 1.01 -1 | 1.01 1.0^git1 1
1.0^20160101 1.0^20160101 0 | 1.0^20160101 1.0.1 -1 | 1.0.1 1.0^20160101 1 | 1.0^20160101^git1 1.0^20160101^git1 0
1.0^20160102 1.0^20160101^git1 1 | 1.0^20160101^git1 1.0^20160102 -1 | 1.0~rc1^git1 1.0~rc1^git1 0
1.0~rc1^git1 1.0~rc1 1 | 1.0~rc1 1.0~rc1^git1 -1 | 1.0^git1~pre 1.0^git1~pre 0 | 1.0^git1 1.0^git1~pre 1
1.0^git1~pre 1.0^git1 -1 | 1b.fc17 1b.fc17 0 | 1b.fc17 1.fc17 -1 | 1.fc17 1b.fc17 1 | 1g.fc17 1.fc17 1
2023.6.20241031 2023.6.20250107 -1 | 2023.10.20260101 2023.9.20250101 1 | 1.amzn2023.0.10 1.amzn2023.0.9 1
"""


@pytest.mark.parametrize("vector", [v.strip() for line in VECTORS.strip().splitlines() for v in line.split("|")])
def test_versions_compare_as_rpm_does(vector: str) -> None:
    first, second, expected = vector.split()
    assert compare_versions(first, second) == int(expected)


versions = st.text("01289abzAZ.~^_+", min_size=1, max_size=10)


@given(versions, versions)
def test_the_order_has_two_directions(first: str, second: str) -> None:
    assert compare_versions(first, second) == -compare_versions(second, first)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(versions, versions), min_size=40, max_size=40))
def test_versions_compare_as_the_rpm_here_does(pairs: list[tuple[str, str]]) -> None:
    calls = "".join(f'print(rpm.vercmp("{first}", "{second}") .. " ")' for first, second in pairs)
    asked = subprocess.run(
        [require("rpm", "rpm"), "--eval", f"%{{lua:{calls}}}"], capture_output=True, text=True, check=True
    )
    assert [compare_versions(*pair) for pair in pairs] == [int(answer) for answer in asked.stdout.split()]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Evr(0, "9", "9"), Evr(1, "1", "1")),
        (Evr(0, "1.9", "9"), Evr(0, "1.10", "1")),
        (Evr(0, "1", "2.amzn2023.0.9"), Evr(0, "1", "2.amzn2023.0.10")),
    ],
)
def test_epoch_then_version_then_release(first: Evr, second: Evr) -> None:
    assert first < second
    assert second > first
    assert first != second


def test_versions_as_people_write_them() -> None:
    assert str(Evr(0, "2.34", "52.amzn2023")) == "2.34-52.amzn2023"
    assert str(Evr(1, "3.0.8", "1")) == "1:3.0.8-1"
    assert Evr(0, "1.0", "1") == Evr(0, "1.00", "01")


INSTALLED = [
    written.Package("glibc", "2.34", "52.amzn2023.0.11", "x86_64", provides=(written.Provide("libc.so.6()(64bit)"),)),
    written.Package("openssl-libs", "3.0.8", "1.amzn2023", "x86_64", epoch=1),
    written.Package("tzdata", "2024a", "1", "noarch", files=("/usr/share/zoneinfo/UTC",)),
]
EXPECTED = (
    Package("glibc", Evr(0, "2.34", "52.amzn2023.0.11"), "x86_64"),
    Package("openssl-libs", Evr(1, "3.0.8", "1.amzn2023"), "x86_64"),
    Package("tzdata", Evr(0, "2024a", "1"), "noarch"),
)


@pytest.fixture(scope="module")
def database() -> bytes:
    return written.database(INSTALLED, 1730332800)


def test_a_database(database: bytes) -> None:
    assert read_packages(database) == EXPECTED


def test_the_write_ahead_flag_of_real_databases(database: bytes) -> None:
    assert read_packages(database[:18] + b"\x02\x02" + database[20:]) == EXPECTED


def test_a_write_ahead_log_is_read_too(tmp_path: Path, database: bytes) -> None:
    path = tmp_path / "rpmdb.sqlite"
    path.write_bytes(database)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("DELETE FROM Packages WHERE hnum = (SELECT max(hnum) FROM Packages)")
    connection.commit()
    wal = path.with_name("rpmdb.sqlite-wal").read_bytes()
    assert wal
    assert read_packages(path.read_bytes(), wal) == EXPECTED[:2]
    assert len(read_packages(path.read_bytes())) == 3
    connection.close()


def test_damage_anywhere_is_an_error_in_words(database: bytes) -> None:
    for content in (
        b"",
        b"x" * 5000,
        database[:100],
        database[:5000],
        database[:50] + b"\xff" * 4000 + database[4050:],
    ):
        with pytest.raises(BrokenRpmDatabase, match="rpm database"):
            read_packages(content)


def made_by(*statements: str) -> bytes:
    with sqlite3.connect(":memory:") as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        content: bytes = connection.serialize()
    connection.close()
    return content


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS hnum, x'00' AS blob FROM n"


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE Other (x)"],
        [f"CREATE VIEW Packages AS {ENDLESS}"],
        ["CREATE TABLE Packages (hnum, blob)", "INSERT INTO Packages VALUES (1, 'text')"],
        ["CREATE TABLE Packages (hnum, blob)", "INSERT INTO Packages VALUES (1, x'00')"],
        ["CREATE TABLE Packages (hnum)"],
        ["CREATE TABLE Packages (hnum, blob)"],
    ],
)
def test_a_database_of_another_kind(statements: list[str]) -> None:
    with pytest.raises(BrokenRpmDatabase):
        read_packages(made_by(*statements))


@pytest.mark.parametrize(
    ("column", "rows"),
    [("replace(hex(zeroblob(4000000)), '0', 'a')", 1), (f"x'{written.header(INSTALLED[0], 1).hex()}'", 500)],
    ids=["one value", "all values"],
)
def test_a_schema_that_makes_much_of_little_is_refused_in_little_memory(column: str, rows: int) -> None:
    content = made_by(
        f"CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB AS (CAST({column} AS BLOB)))",
        *(f"INSERT INTO Packages (hnum) VALUES ({number})" for number in range(rows)),
    )
    tracemalloc.start()
    try:
        with pytest.raises(BrokenRpmDatabase, match=r"rpm database (claims more|can't be read)"):
            read_packages(content)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


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


def test_the_libraries_of_a_database(database: bytes) -> None:
    assert [package.libraries for package in read_packages(database)] == [{"libc.so.6()(64bit)"}, set(), set()]


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


def test_packages_are_those_that_rpm_lists(tmp_path: Path, database: bytes) -> None:
    (tmp_path / "rpmdb.sqlite").write_bytes(database)
    command = [
        require("rpm", "rpm"),
        "-qa",
        "--dbpath",
        str(tmp_path),
        "--qf",
        "%{NAME} %{EPOCHNUM} %{VERSION} %{RELEASE} %{ARCH}\n",
    ]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    ours = [f"{p.name} {p.evr.epoch} {p.evr.version} {p.evr.release} {p.arch}" for p in read_packages(database)]
    assert sorted(listed) == sorted(ours)
