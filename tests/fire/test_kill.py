# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release that is killed at one of its calls: callers see no mix, and running it again brings it to its end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_safe_update
from bed import Bed
from faults import Position, positions, unmet
from lambdaops_testbed.traffic import Traffic
from length import LONG
from numbered import ALIAS, Released, answer_of, mixed
from processes import waiting
from scenarios import NUMBER, SCENARIOS, wish
from tasks import Task
from truth import Content, Truth

HELD = 0.6  # seconds for which a call is held; it takes effect after that, when its sender is long dead
LIMIT = 60  # seconds until a call has to come
KINDS = {"held": {"delay": HELD}, "never arrived": {"drop": "before"}}
TELLING = [
    ("UpdateFunctionCode", "held"),
    ("UpdateFunctionConfiguration", "never arrived"),
    ("UpdateAlias", "held"),
]


def places() -> list[Any]:
    every = [(position, kind) for position in positions(SCENARIOS[0].calls) for kind in KINDS]
    short = [(position, kind) for position, kind in every if (position.operation, kind) in TELLING]
    return [pytest.param(position, kind, id=f"{position} {kind}") for position, kind in (every if LONG else short)]


def until_met(bed: Bed) -> None:
    """Until the one fault that was given has met its call."""
    limit = time.monotonic() + LIMIT
    while time.monotonic() < limit:
        if not unmet(bed):
            return
        time.sleep(0.01)
    raise AssertionError("the call did not come")


@pytest.mark.parametrize(("position", "kind"), places())
def test_a_release_is_killed(
    position: Position, kind: str, bed: Bed, released: Released, task: Task, tmp_path: Path, hurried: None
) -> None:
    wanted = wish(SCENARIOS[0], tmp_path)
    with waiting(lambda_safe_update) as (process,):
        bed.fault({"operation": position.operation, "after": position.nth, **KINDS[kind]}).raise_for_status()
        traffic = Traffic(bed.endpoint, released.name, ALIAS, mixed=mixed)
        in_the_way = position.operation == "Invoke"  # callers would meet the fault themselves
        if not in_the_way:
            traffic.start()
        process.go(name=released.name, **wanted)
        until_met(bed)
        process.kill()
        if in_the_way:
            traffic.start()
    killed = time.monotonic()
    assert released.ask() in (answer_of(2), answer_of(NUMBER))
    again = task(lambda_safe_update, **wanted)
    assert not again.get("failed"), again["msg"]
    time.sleep(max(0.0, killed + HELD + 0.3 - time.monotonic()))  # a held call comes late: it must find itself outrun
    report = traffic.stop()
    assert report.clean, report
    truth = Truth.read(released.function)
    assert (truth.latest, truth.released, truth.weights) == (Content.numbered(NUMBER), Content.numbered(NUMBER), {})
    assert released.ask() == answer_of(NUMBER)
    assert task(lambda_safe_update, **wanted)["changed"] is False
