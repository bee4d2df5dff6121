# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Eight writers at the same time on one function, each with code and environment of its own number."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from statistics import median

from programs import Program, run, update
from stage import Stage, environment, pair_of
from table import Row

WRITERS = 8
ROUNDS = 3
PACE = 0.2  # seconds an update


@dataclass(frozen=True)
class Round:
    """Seconds until the last writer was done; `pair` are the numbers of code and environment in force at the end."""

    seconds: float
    failures: tuple[str, ...]
    calls: int
    pair: tuple[int, int]

    @property
    def same_writer(self) -> bool:
        return self.pair[0] == self.pair[1]


def writers(stage: Stage) -> Iterator[Row]:
    rounds: dict[Program, list[Round]] = {Program.OURS: [], Program.PEER: []}
    for number in range(ROUNDS):
        for program in rounds:
            one = _round(stage, program)
            rounds[program].append(one)
            print(
                f"{WRITERS} writers, round {number + 1}: {program.value} {len(one.failures)} failed, "
                f"{one.seconds:.2f} s, {one.calls} calls, code {one.pair[0]} and environment {one.pair[1]}",
                flush=True,
            )
    runs = {program.value: [asdict(one) for one in found] for program, found in rounds.items()}
    failed, peer_failed = (sum(len(one.failures) for one in rounds[program]) for program in rounds)
    same, peer_same = (sum(one.same_writer for one in rounds[program]) for program in rounds)
    seconds, peer_seconds = (median(one.seconds for one in rounds[program]) for program in rounds)
    tasks, label = WRITERS * ROUNDS, f"{WRITERS} writers"
    yield Row(
        f"{label}: failed", f"{failed} of {tasks}", f"{peer_failed} of {tasks}", goal="0", met=not failed, runs=runs
    )
    yield Row(
        f"{label}: same pair at end",
        f"{same} of {ROUNDS}",
        f"{peer_same} of {ROUNDS}",
        goal="always",
        met=same == ROUNDS,
    )
    yield Row(
        f"{label}: all ended after", f"{seconds:.2f} s", f"{peer_seconds:.2f} s", ratio=round(seconds / peer_seconds, 2)
    )


def _round(stage: Stage, program: Program) -> Round:
    with stage.function(0, update_seconds=PACE) as function, ThreadPoolExecutor(WRITERS) as pool:
        numbers = range(1, WRITERS + 1)
        tasks = [update(program, function.name, stage.zip_file(n), environment(n)) for n in numbers]
        stage.bed.forget_calls()
        begun = time.monotonic()
        ran = list(pool.map(run, tasks))
        seconds = time.monotonic() - begun
        failures = tuple(one.failure for one in ran if one.failure)
        return Round(round(seconds, 3), failures, sum(stage.calls().values()), pair_of(function))
