# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The BerkeleyDB package database against BerkeleyDB's verifier, and against rpm, which still reads that kind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from lambdaops_testbed.debian import require
from lambdaops_testbed.images.berkeley import write
from lambdaops_testbed.images.release import Release, packages_of
from lambdaops_testbed.images.rpmdb import Package, header

PACKAGES = packages_of(Release("2023.6.20241031", "x86_64"))
HEADERS = [header(package, 1730332800) for package in PACKAGES]


@pytest.mark.parametrize("headers", [[], HEADERS[:1], HEADERS], ids=["none", "one", "many"])
@pytest.mark.parametrize(("order", "page_size"), [("<", 4096), ("<", 512), (">", 4096), (">", 65536)])
def test_berkeleydb_finds_no_fault(order: str, page_size: int, headers: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "Packages"
    path.write_bytes(write(headers, page_size, order))
    command = [require("db5.3_verify", "db5.3-util"), path]
    assert "succeeded" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_fault_would_be_found(tmp_path: Path) -> None:
    content = bytearray(write(HEADERS))
    content[4096 + 20] += 2  # one pair more than there is
    (tmp_path / "Packages").write_bytes(content)
    command = [require("db5.3_verify", "db5.3-util"), tmp_path / "Packages"]
    assert subprocess.run(command, capture_output=True, check=False).returncode


@pytest.mark.parametrize("order", ["<", ">"])
def test_rpm_lists_the_packages(order: str, tmp_path: Path) -> None:
    (tmp_path / "Packages").write_bytes(write(HEADERS, order=order))
    row = "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\n"
    command = [require("rpm", "rpm"), "--define", "_db_backend bdb_ro", "--dbpath", tmp_path, "-qa", "--qf", row]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert sorted(listed) == sorted(told(package) for package in PACKAGES)


def told(package: Package) -> str:
    return f"{package.name} {package.evr}"
