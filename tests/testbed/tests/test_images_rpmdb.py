# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The package database against rpm itself."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import pytest
from lambdaops_testbed.debian import require
from lambdaops_testbed.images.rpmdb import Package, Provide, database

INSTALLED_AT = 1730332800
PACKAGES = (
    Package("gpg-pubkey", "d832c631", "6515c85e", None, summary="Amazon Linux"),
    Package(
        "glib2",
        "2.74.7",
        "689.amzn2023.0.2",
        "x86_64",
        license="LGPL-2.1-or-later",
        source="glib2-2.74.7-689.amzn2023.0.2.src.rpm",
        provides=(Provide("libglib-2.0.so.0()(64bit)"), Provide("glib2(x86-64)", "2.74.7-689.amzn2023.0.2")),
        requires=("libc.so.6(GLIBC_2.34)(64bit)", "libc.so.6()(64bit)"),
        files=("/usr/lib64/libglib-2.0.so.0", "/usr/bin/gio", "/usr/lib64/libgio-2.0.so.0"),
    ),
    Package("openssl-libs", "3.0.8", "1.amzn2023.0.16", "x86_64", epoch=1, source="openssl-3.0.8.src.rpm"),
    Package("tzdata", "2024a", "1.amzn2023.0.1", "noarch", epoch=0, source="tzdata-2024a.src.rpm"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rpmdb.sqlite").write_bytes(database(PACKAGES, INSTALLED_AT))
    return tmp_path


def rpm(folder: Path, *arguments: str) -> list[str]:
    command = [require("rpm", "rpm"), "--dbpath", folder, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "error:" not in done.stderr
    return done.stdout.splitlines()


def test_rpm_lists_the_packages(folder: Path) -> None:
    row = "%{NAME} %|EPOCH?{%{EPOCH}}:{-}| %{VERSION} %{RELEASE} %|ARCH?{%{ARCH}}:{-}| %{INSTALLTIME}\\n"
    assert set(rpm(folder, "-qa", "--qf", row)) == {
        f"{p.name} {'-' if p.epoch is None else p.epoch} {p.version} {p.release} {p.arch or '-'} {INSTALLED_AT}"
        for p in PACKAGES
    }


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            ("-q", "--provides", "glib2"),
            [
                "glib2 = 2.74.7-689.amzn2023.0.2",
                "glib2(x86-64) = 2.74.7-689.amzn2023.0.2",
                "libglib-2.0.so.0()(64bit)",
            ],
        ),
        (("-q", "--provides", "openssl-libs"), ["openssl-libs = 1:3.0.8-1.amzn2023.0.16"]),
        (("-q", "--requires", "glib2"), ["libc.so.6()(64bit)", "libc.so.6(GLIBC_2.34)(64bit)"]),
        (("-ql", "glib2"), ["/usr/bin/gio", "/usr/lib64/libgio-2.0.so.0", "/usr/lib64/libglib-2.0.so.0"]),
        # These three go through the index tables.
        (("-q", "--whatprovides", "libglib-2.0.so.0()(64bit)"), ["glib2-2.74.7-689.amzn2023.0.2.x86_64"]),
        (("-q", "--whatrequires", "libc.so.6()(64bit)"), ["glib2-2.74.7-689.amzn2023.0.2.x86_64"]),
        (("-qf", "/usr/bin/gio"), ["glib2-2.74.7-689.amzn2023.0.2.x86_64"]),
        (("-q", "--qf", "%{LICENSE} %{SOURCERPM}", "tzdata"), ["MIT tzdata-2024a.src.rpm"]),
    ],
)
def test_rpm_answers(question: tuple[str, ...], answer: list[str], folder: Path) -> None:
    assert sorted(rpm(folder, *question)) == sorted(answer)


def test_rpm_verifies_the_digests_of_every_header(folder: Path) -> None:
    command = [require("rpm", "rpm"), "--dbpath", folder, "-qavv"]
    seen = subprocess.run(command, capture_output=True, text=True, check=True)
    # Once for each package, and once more for the key that it looks for first.
    assert (seen.stdout + seen.stderr).count("Header SHA256 digest: OK") >= len(PACKAGES)
    assert "BAD" not in seen.stdout + seen.stderr


def test_a_header_that_was_tampered_with_is_refused(folder: Path) -> None:
    """The test above can fail: rpm does look at the digests."""
    with sqlite3.connect(folder / "rpmdb.sqlite") as connection:
        connection.execute("UPDATE Packages SET blob = replace(blob, x'322e37342e37', x'322e37342e38') WHERE hnum = 2")
    seen = subprocess.run(
        [require("rpm", "rpm"), "--dbpath", folder, "-qa"], capture_output=True, text=True, check=False
    )
    assert "BAD" in seen.stderr
    assert "glib2" not in seen.stdout


def test_the_tables_are_those_that_rpm_creates(folder: Path, tmp_path: Path) -> None:
    subprocess.run([require("rpmdb", "rpm"), "--initdb", "--dbpath", tmp_path / "rpms"], check=True)
    assert schema(folder / "rpmdb.sqlite") == schema(tmp_path / "rpms" / "rpmdb.sqlite")


def schema(path: Path) -> set[tuple[str, str, str, str]]:
    with sqlite3.connect(path) as connection:
        return set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))


def test_the_wal_flag_is_set_as_in_real_images() -> None:
    assert database((), INSTALLED_AT)[18:20] == b"\x02\x02"


def test_the_same_packages_give_the_same_bytes() -> None:
    assert database(PACKAGES, INSTALLED_AT) == database(PACKAGES, INSTALLED_AT)
