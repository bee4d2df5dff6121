# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names, values, merging and the limit of an environment."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.environment import (
    LIMIT,
    Fate,
    Mode,
    combine,
    fates,
    read_wanted,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.errors import InvalidRequest
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{1,8}", fullmatch=True)
ENVIRONMENTS = st.dictionaries(NAMES, st.text(max_size=20), max_size=6)


@pytest.mark.parametrize(
    ("value", "text"),
    [("plain", "plain"), ("", ""), (3, "3"), (1.5, "1.5"), (True, "true"), (False, "false"), ("süß", "süß")],
)
def test_values_become_the_text_that_lambda_stores(value: Any, text: str) -> None:
    assert read_wanted({"NAME": value}, Mode.REPLACE) == {"NAME": text}


@pytest.mark.parametrize("name", ["A", "1A", "A-B", "_AB", "", "A B", "ÄB", 12])
def test_names_that_lambda_refuses_are_named(name: Any) -> None:
    with pytest.raises(InvalidRequest, match="can't be the name of a variable"):
        read_wanted({name: "x"}, Mode.REPLACE)


@pytest.mark.parametrize("name", ["AWS_REGION", "_HANDLER", "LAMBDA_TASK_ROOT", "AWS_SESSION_TOKEN"])
def test_reserved_names_are_named(name: str) -> None:
    with pytest.raises(InvalidRequest, match=f"Lambda reserves the name {name}"):
        read_wanted({name: "x"}, Mode.REPLACE)


@pytest.mark.parametrize(("value", "kind"), [({"a": "canary"}, "a dictionary"), (["canary"], "a list"), (None, "null")])
def test_values_without_one_text_are_refused_and_not_shown(value: Any, kind: str) -> None:
    with pytest.raises(InvalidRequest, match=f"value of NAME is {kind}") as caught:
        read_wanted({"NAME": value}, Mode.REPLACE)
    assert "canary" not in str(caught.value)


def test_null_removes_in_merge_mode() -> None:
    wanted = read_wanted({"OLD": None, "NEW": "1"}, Mode.MERGE)
    assert combine({"OLD": "x", "STAYS": "y"}, wanted, Mode.MERGE) == {"STAYS": "y", "NEW": "1"}


def test_the_limit_is_measured_as_lambda_does() -> None:
    room = LIMIT - len('{"AB":""}')
    assert combine({}, {"AB": "x" * room}, Mode.REPLACE)
    with pytest.raises(InvalidRequest, match=f"would measure {LIMIT + 1} bytes, and Lambda takes {LIMIT}"):
        combine({}, {"AB": "x" * (room + 1)}, Mode.REPLACE)
    with pytest.raises(InvalidRequest):
        combine({"AB": "x" * room}, {"CD": "1"}, Mode.MERGE)


@given(ENVIRONMENTS, ENVIRONMENTS, st.sampled_from(Mode))
def test_combining_twice_changes_nothing_more(current: dict[str, str], wanted: dict[str, str], mode: Mode) -> None:
    once = combine(current, wanted, mode)
    assert combine(once, wanted, mode) == once
    assert wanted.items() <= once.items()
    if mode is Mode.REPLACE:
        assert once == wanted


@given(ENVIRONMENTS, ENVIRONMENTS)
def test_every_name_has_one_fate(before: dict[str, str], after: dict[str, str]) -> None:
    told = fates(before, after)
    assert set(told) == set(before) | set(after)
    assert {name for name, fate in told.items() if fate is Fate.KEPT} == {
        name for name in before if after.get(name) == before[name]
    }
    assert json.dumps(told) == json.dumps({name: str(fate) for name, fate in sorted(told.items())})
