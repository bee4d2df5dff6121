# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Eight writers with eight codes and environments on one function: none fails, and one of them is in force, whole."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_safe_update
from bed import Bed
from length import LONG
from numbered import ALIAS, Released, environment, mixed, zip_file
from processes import waiting

WRITERS = range(11, 19)
PATIENCE = 200  # seconds of wait_timeout


def race(released: Released, folder: Path, **options: Any) -> tuple[float, list[dict[str, Any]]]:
    """All of them together; how long until the last was done, and what they say."""
    with waiting(lambda_safe_update, len(WRITERS)) as processes:
        begun = time.monotonic()
        for number, process in zip(WRITERS, processes, strict=True):
            wish = {"zip_file": zip_file(folder, number), "environment_variables": environment(number)}
            process.go(name=released.name, wait_timeout=PATIENCE, **wish, **options)
        results = [process.result() for process in processes]
        return time.monotonic() - begun, results


ROUNDS = [(0.2, ALIAS, 3), (0.2, None, 25), (0.05, None, 3), (1.0, None, 3)] if LONG else [(0.2, ALIAS, 1)]


@pytest.mark.parametrize(("pace", "alias", "rounds"), ROUNDS)
def test_eight_writers(
    pace: float,
    alias: str | None,
    rounds: int,
    bed: Bed,
    released: Released,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bed.pace(pace)
    took, conflicts = [], 0
    for _ in range(rounds):
        seconds, results = race(released, tmp_path, **({"alias": alias} if alias else {}))
        assert [result["msg"] for result in results if result.get("failed")] == []
        released.function.settle()
        for answer in (released.ask(alias), released.ask(None)):
            assert not mixed(answer)
            assert answer["code"] in WRITERS
        took.append(seconds)
        conflicts += sum(result["conflicts"] for result in results)
    with capsys.disabled():
        print(
            f"\n{len(WRITERS)} writers, {pace:g} s an update, {alias or 'no alias'}: {rounds} rounds of "
            f"{min(took):.1f} / {statistics.median(took):.1f} / {max(took):.1f} s (min/median/max), "
            f"{conflicts} conflicts, 0 failures"
        )
