# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions against rpm's own test vectors. rpm itself is asked as well; what it said is recorded in the vectors."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.packages import Evr, compare_versions
from hypothesis import given, settings
from hypothesis import strategies as st
from lambdaops_testbed.debian import require

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
