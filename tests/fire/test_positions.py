# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fault at every call of a release: the wanted state, or a failure that tells the truth; and again, it converges."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_safe_update
from bed import Bed
from calls import listening, without_polls
from faults import LATE, Fire, blind, fires, unmet
from length import LONG, SEED, sample
from numbered import Released, answer_of
from scenarios import ALARM, NUMBER, SCENARIOS, Scenario, wish
from tasks import PATIENCE, Task
from truth import Content, Truth, contradictions

WANTED = Content.numbered(NUMBER)
FEW, FEW_PAIRS = 7, 1
MANY, MANY_PAIRS = {"plain": 1000, "gradual": 45, "taken back": 25}, 25

Case = tuple[Scenario, tuple[Fire, ...]]


def cases() -> list[Case]:
    """Each kind at each position of a plain release, and some of the others; or, in short, some kinds somewhere."""
    if LONG:
        return [
            (scenario, (fire,)) for scenario in SCENARIOS for fire in sample(fires(scenario.calls), MANY[scenario.name])
        ]
    every = [(scenario, (fire,)) for scenario in SCENARIOS for fire in fires(scenario.calls) if fire.kind != "late"]
    random.Random(SEED).shuffle(every)
    return sample([*{case[1][0].kind: case for case in every}.values()], FEW)


def pairs() -> list[Case]:
    """Two at once: too many to try them all."""
    chance, found = random.Random(SEED), []
    for _ in range(MANY_PAIRS if LONG else FEW_PAIRS):
        scenario = chance.choice(SCENARIOS)
        one, two = sorted(chance.sample(fires(scenario.calls), 2), key=lambda fire: fire.position.at)
        found.append((scenario, (one, two)))
    return found


def blind_cases() -> list[Case]:
    every = [(scenario, pair) for scenario in SCENARIOS for pair in blind(scenario.calls)]
    return every if LONG else sample(every, FEW_PAIRS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_the_positions_are_those_of_an_undisturbed_release(
    scenario: Scenario, bed: Bed, released: Released, task: Task, tmp_path: Path
) -> None:
    bed.alarm(ALARM, "OK")
    with listening() as calls:
        task(lambda_safe_update, **wish(scenario, tmp_path))
    assert without_polls(calls) == without_polls(scenario.calls)
    assert released.ask() == answer_of(NUMBER)


@pytest.mark.parametrize(
    ("scenario", "fires"),
    [
        pytest.param(*case, id=f"{case[0]}: {' + '.join(map(str, case[1]))}")
        for case in (*cases(), *blind_cases(), *pairs())
    ],
)
def test_a_release_under_fire(
    scenario: Scenario, fires: Sequence[Fire], bed: Bed, released: Released, task: Task, tmp_path: Path, hurried: None
) -> None:
    bed.alarm(ALARM, "OK")
    wanted = wish(scenario, tmp_path)
    before = Truth.read(released.function)
    bed.fault(*(fire.fault for fire in fires)).raise_for_status()
    patience = min(fire.patience for fire in fires)
    result = task(lambda_safe_update, wait_timeout=patience, **wanted)
    assert len(unmet(bed)) < len(fires)
    bed.clear_faults()
    if any(fire.kind == "late" for fire in fires):
        time.sleep(max(0, LATE - patience) + 0.5)  # until what came late has had its effect
    after = Truth.read(released.function)
    assert not [*contradictions(result, before, after, WANTED, theirs(fires))], (result["msg"], result["phases"])
    if result.get("failed"):
        assert len(fires) > 1 or not fires[0].passes, result["msg"]
    else:
        assert wrong(scenario, fires, after) == [], result["msg"]
    again = task(lambda_safe_update, wait_timeout=PATIENCE, **wanted)
    assert not again.get("failed"), again["msg"]
    assert wrong(scenario, (), Truth.read(released.function)) == []
    assert released.ask() == answer_of(NUMBER)
    assert task(lambda_safe_update, wait_timeout=PATIENCE, **wanted)["changed"] is False


def theirs(fires: Sequence[Fire]) -> frozenset[str]:
    """The phases over whose work somebody else writes."""
    phases = {"environment": {"expand", "configuration", "publish"}, "alias": {"shift", "alias", "prune"}}
    return frozenset().union(*(phases.get(fire.theirs or "", {"none"}) for fire in fires if fire.theirs))


def wrong(scenario: Scenario, fires: Sequence[Fire], truth: Truth) -> list[str]:
    """What is not as wanted after a success, beside what somebody else wrote when the task had no more to do there."""
    after_publishing = {fire.theirs for fire in fires if fire.theirs and fire.position.at > scenario.published}
    after_moving = {fire.theirs for fire in fires if fire.theirs and fire.position.at > scenario.moved}
    found = []
    if truth.latest != WANTED and "environment" not in after_publishing:
        found.append(f"$LATEST is {truth.latest}")
    if "alias" not in after_moving and (truth.released != WANTED or truth.weights):
        found.append(f"the alias gives {truth.alias} {truth.weights}")
    if "tags" in scenario.options and (truth.tags != {"stage": "new"} or truth.reserved != 5):
        found.append(f"tags are {truth.tags}, reserved are {truth.reserved}")
    return found
