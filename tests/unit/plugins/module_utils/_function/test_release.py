# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which steps bring an alias to what is in force: nothing when it is there, and never a version that is in use lost."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.alias import Alias
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.errors import InvalidRequest
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.release import (
    DeleteVersion,
    Published,
    Release,
    Shift,
    planned_phases,
    prunable,
    refuse_odd_release,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.snapshot import FunctionSnapshot
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.verify import ANYTHING, Verification, missing
from hypothesis import given
from hypothesis import strategies as st
from lambda_service import configuration

LATEST = FunctionSnapshot.of(configuration(Environment={"Variables": {"AB": "1"}}))
SAME = replace(LATEST, version="4", revision_id="v4")
OTHER_CODE = replace(SAME, code_sha256="other")
OTHER_ENVIRONMENT = replace(SAME, environment={"AB": "2"})
LIVE = Release(alias="live")
EVERYTHING = Release(alias="live", verification=Verification(), traffic=(Shift(0.1, 1),), keep_versions=3)


@pytest.mark.parametrize(
    ("found", "release", "phases"),
    [
        (Published(Alias("live", "4"), SAME), LIVE, set()),
        (Published(Alias("live", "4"), SAME), EVERYTHING, set()),
        (Published(Alias("live", "4"), OTHER_CODE), LIVE, {"publish", "alias"}),
        (Published(Alias("live", "4"), OTHER_ENVIRONMENT), LIVE, {"publish", "alias"}),
        (Published(Alias("live", "4"), OTHER_CODE), EVERYTHING, {"publish", "verify", "shift", "alias"}),
        (Published(), LIVE, {"publish", "alias"}),
        (Published(), EVERYTHING, {"publish", "verify", "alias"}),
        (Published(Alias("live", "$LATEST"), LATEST), EVERYTHING, {"publish", "verify", "alias"}),
        (Published(Alias("live", "4", {"5": 0.1}), SAME), EVERYTHING, {"alias"}),
        (Published(Alias("live", "4", {"5": 0.1}), OTHER_CODE), LIVE, {"publish", "alias"}),
        (Published(version=SAME), Release(), set()),
        (Published(version=OTHER_CODE), Release(), {"publish"}),
        (Published(), Release(), {"publish"}),
    ],
)
def test_only_what_is_missing_is_done(found: Published, release: Release, phases: set[str]) -> None:
    assert planned_phases(LATEST, found, release) == phases


@pytest.mark.parametrize(
    "version",
    [
        replace(SAME, state="Failed"),
        replace(SAME, state="Pending"),
        replace(SAME, environment_error="AccessDeniedException"),
    ],
)
def test_what_is_not_known_to_be_the_same_is_left_to_lambda(version: FunctionSnapshot) -> None:
    assert "publish" in planned_phases(LATEST, Published(version=version), Release())


def test_a_version_with_a_description_of_its_own_is_the_same() -> None:
    described = replace(SAME, settings={**SAME.settings, "description": "build 41"})
    found = Published(Alias("live", "4"), described)
    assert planned_phases(LATEST, found, replace(LIVE, version_description="build 42")) == set()
    assert planned_phases(LATEST, found, LIVE) == {"publish", "alias"}


VERSIONS = st.lists(st.integers(1, 30), unique=True).map(lambda numbers: [str(number) for number in numbers])
ALIASES = st.lists(
    st.builds(
        Alias,
        st.just("live"),
        st.integers(1, 30).map(str),
        st.dictionaries(st.integers(1, 30).map(str), st.just(0.1), max_size=1),
        description=st.integers(1, 30).map(lambda number: f"text [{number}, before: {31 - number}]"),
    ),
    max_size=3,
)


@given(VERSIONS, ALIASES, st.integers(1, 10))
def test_no_version_in_use_and_none_of_the_newest_is_ever_deleted(
    versions: list[str], aliases: list[Alias], keep: int
) -> None:
    gone = prunable(versions, aliases, keep)
    newest = sorted(versions, key=int)[-keep:]
    used = {v for alias in aliases for v in (alias.version, *alias.weights, alias.previous)}
    assert not set(gone) & {*newest, *used}
    assert set(versions) - set(gone) - used == set(newest) - used


def test_the_function_itself_is_never_deleted() -> None:
    assert DeleteVersion("orders", "7").members(None) == {"FunctionName": "orders", "Qualifier": "7"}
    with pytest.raises(ValueError, match="LATEST"):
        DeleteVersion("orders", "$LATEST").members(None)


@pytest.mark.parametrize(
    ("release", "publish", "said"),
    [
        (Release(alias=""), True, "alias is empty"),
        (Release(traffic=(Shift(0.1, 1),)), True, "traffic is given without alias"),
        (Release(alias="live", alarms=("errors",)), False, "alarms is given without traffic"),
        (Release(alias="live", traffic=(Shift(10, 1),)), False, "10 is no share"),
        (Release(alias="live", traffic=(Shift(0, 1),)), False, "0 is no share"),
        (Release(alias="live", traffic=(Shift(0.5, -1),)), False, "pause is negative"),
        (Release(alias="live", keep_versions=0), False, "keep_versions is less than 1"),
        (Release(alias="live", verification=Verification(timeout=0)), False, "within 1 and 900"),
        (Release(verification=Verification()), False, "nothing is to be published"),
        (Release(keep_versions=3), False, "nothing is to be published"),
        (Release(version_description="b"), False, "nothing is to be published"),
    ],
)
def test_nonsense_is_refused(release: Release, publish: bool, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        refuse_odd_release(release, publish=publish)


@pytest.mark.parametrize("release", [Release(), LIVE, EVERYTHING])
def test_sense_is_not(release: Release) -> None:
    refuse_odd_release(release, publish=release.alias is None)


def test_an_alias_remembers_where_it_stood_behind_its_own_description() -> None:
    alias = Alias("live", "4", description="Customers call this [4, before: 3]")
    assert alias.previous == "3"
    assert alias.note_of_move("5") == "Customers call this [5, before: 4]"
    assert alias.note_of_rollback("3") == "Customers call this [3, rolled back from: 4]"
    back = replace(alias, version="3", description=str(alias.note_of_rollback("3")))
    assert (back.previous, back.rolled_back_from) == (None, "4")
    assert Alias("live", "4").note_of_move("5") == "[5, before: 4]"
    assert len(str(Alias("live", "4", description="x" * 256).note_of_move("5"))) <= 256


def test_a_share_that_was_taken_back_is_remembered_too() -> None:
    alias = Alias("live", "4", {"5": 0.1}, description="[4, before: 3]")
    assert alias.note_of_rollback("4") == "[4, rolled back from: 5]"


@pytest.mark.parametrize("description", ["[4, before: 3]", "[4, rolled back from: 5]"])
def test_a_note_means_nothing_once_another_tool_has_moved_the_alias(description: str) -> None:
    alias = Alias("live", "9", description=description)
    assert (alias.previous, alias.rolled_back_from) == (None, None)


def test_latest_is_no_version_to_come_back_to() -> None:
    assert Alias("live", "$LATEST").note_of_move("5") is None


@pytest.mark.parametrize(
    ("expected", "answer", "said"),
    [
        ({}, {"a": 1}, None),
        ({"a": 1}, {"a": 1, "b": 2}, None),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 2, "d": 3}]}}, None),
        (1, 1.0, None),
        (None, None, None),
        ({"a": 1}, {"b": 1}, "the answer has no a"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, r"the answer\.a\.b is 2 instead of 1"),
        ([1, 2], [1], r"the answer is \[1\] instead of \[1, 2\]"),
        ([1, 2], [1, 3], r"the answer\[1\] is 3 instead of 2"),
        (1, True, "is true instead of 1"),
        ("1", 1, 'is 1 instead of "1"'),
        ({"a": 1}, "text", 'is "text" instead of'),
        ({"a": 1}, None, "is null instead of"),
    ],
)
def test_an_answer_has_to_hold_what_is_expected(expected: Any, answer: Any, said: str | None) -> None:
    found = missing(expected, answer)
    assert (found is None) if said is None else re.search(said, str(found))


def test_any_answer_will_do_when_none_is_expected() -> None:
    assert Verification().expected is ANYTHING
