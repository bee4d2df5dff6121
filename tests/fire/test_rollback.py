# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fault at every call of a rollback: taken back, once, or a failure that tells the truth; and again, it converges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_rollback
from bed import Bed
from calls import listening, without_polls
from faults import Fire, fires, unmet
from length import LONG, sample
from numbered import ALIAS, Released, answer_of
from tasks import PATIENCE, Task
from truth import Content, Truth, contradictions

BACK = Content.numbered(2)
FEW = 1
CALLS = ("GetAlias", "ListVersionsByFunction", "GetFunction", "UpdateAlias")
LATEST = (
    *("GetFunction", "GetFunction", "GetFunction", "UpdateFunctionCode", "GetFunction"),
    *("UpdateFunctionConfiguration", "GetFunction"),
)
WISHES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "alias": ({}, CALLS),
    "alias and latest": ({"restore_latest": True}, (*CALLS, *LATEST)),
}


def cases() -> list[Any]:
    found = []
    for name, (options, calls) in WISHES.items():
        every = fires(calls)
        chosen = every if LONG and not options else sample(every, 20 if LONG else FEW)
        found += [pytest.param(options, fire, id=f"{name}-{fire}") for fire in chosen]
    return found


@pytest.fixture
def third(released: Released) -> Released:
    """Number 3 in $LATEST and behind the alias, which notes that it stood at version 2 before."""
    released.become(3)
    released.function.client.update_alias(
        FunctionName=released.name, Name=ALIAS, FunctionVersion="3", Description="ours [before: 2]"
    )
    return released


@pytest.mark.parametrize("name", WISHES)
def test_the_positions_are_those_of_an_undisturbed_rollback(name: str, bed: Bed, third: Released, task: Task) -> None:
    options, expected = WISHES[name]
    with listening() as calls:
        task(lambda_rollback, alias=ALIAS, **options)
    assert without_polls(calls) == without_polls(expected)
    assert third.ask() == answer_of(2)
    assert third.ask(None) == answer_of(2 if options else 3)


@pytest.mark.parametrize(("options", "fire"), cases())
def test_a_rollback_under_fire(
    options: dict[str, Any], fire: Fire, bed: Bed, third: Released, task: Task, tmp_path: Path, hurried: None
) -> None:
    before = Truth.read(third.function)
    bed.fault(fire.fault).raise_for_status()
    result = task(lambda_rollback, alias=ALIAS, wait_timeout=fire.patience, **options)
    assert unmet(bed) == []
    bed.clear_faults()
    after = Truth.read(third.function)
    theirs = {"alias": {"alias"}, "environment": {"configuration"}}.get(fire.theirs or "", {"none"})
    assert not [*contradictions(result, before, after, BACK, frozenset(theirs if fire.theirs else ()))], result
    # Where somebody else just moved the alias, a person has to look before it moves again.
    assert not (result.get("failed") and fire.passes and fire.theirs != "alias"), result["msg"]
    if not result.get("failed") and not fire.theirs:
        assert (after.released, after.weights) == (BACK, {})
        assert after.latest == (BACK if options else before.latest)
    if fire.theirs == "alias":  # their move voided the note of where it stood before: now a version has to be named
        options = {**options, "version": "2"}
    again = task(lambda_rollback, alias=ALIAS, wait_timeout=PATIENCE, **options)
    assert not again.get("failed"), again["msg"]
    assert third.ask() == answer_of(2)
    if options.get("restore_latest"):
        assert third.ask(None) == answer_of(2)
    assert task(lambda_rollback, alias=ALIAS, wait_timeout=PATIENCE, **options)["changed"] is False
