# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sqlite databases against what the writer of another room put in, and against rpm."""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
import tracemalloc
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._errors import EngineError
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm import database as rpm_database
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.database import read_packages
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.errors import BrokenRpmDatabase
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.packages import Evr, Package
from lambdaops_testbed.debian import require
from lambdaops_testbed.images import rpmdb as written

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


def test_the_libraries_of_a_database(database: bytes) -> None:
    assert [package.libraries for package in read_packages(database)] == [{"libc.so.6()(64bit)"}, set(), set()]


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


def test_a_log_without_room_for_it_says_nothing_of_the_database(
    tmp_path: Path, database: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(EngineError, match=r"can't be written aside .* TMPDIR") as failed:
        read_packages(database, b"log")
    assert not isinstance(failed.value, BrokenRpmDatabase)


def test_more_names_than_any_image_has_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpm_database, "_NAMES", 1000)
    few, more = (
        [
            written.Package(
                name, "1", "1", "noarch", provides=tuple(written.Provide(f"{name}{n}") for n in range(count))
            )
            for name in "ab"
        ]
        for count in (400, 600)
    )
    assert len(read_packages(written.database(few, 1730332800))) == 2
    with pytest.raises(BrokenRpmDatabase, match="more than 1000 names"):
        read_packages(written.database(more, 1730332800))


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
        ["CREATE TABLE Packages (hnum, blob)", "INSERT INTO Packages VALUES ('\x1b[2J', x'00')"],
        ["CREATE TABLE Packages (hnum)"],
        ["CREATE TABLE Packages (hnum, blob)"],
    ],
)
def test_a_database_of_another_kind(statements: list[str]) -> None:
    with pytest.raises(BrokenRpmDatabase) as failed:
        read_packages(made_by(*statements))
    assert str(failed.value).isprintable()


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
