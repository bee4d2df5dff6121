# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases of code and environment while a client calls the function's alias at a steady rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from lambdaops_testbed.traffic import Report, Traffic
from programs import Program, run, task, update
from stage import ALIAS, Stage, environment, mixed
from table import Row

BLOCKS, EACH = 2, 5  # releases; the programs take turns
RATE = 20.0  # calls a second
PACE = 1.0  # seconds an update


@dataclass
class Seen:
    """What one program's releases took, and what the client saw meanwhile."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)

    @property
    def asked(self) -> int:
        return sum(report.asked for report in self.reports)

    @property
    def failed(self) -> int:
        return sum(report.failed for report in self.reports)

    @property
    def mixed(self) -> int:
        return sum(report.mixed for report in self.reports)

    @property
    def numbers(self) -> dict[str, Any]:
        return {
            "seconds": self.seconds,
            "failed_releases": self.failures,
            "asked": self.asked,
            "failed": self.failed,
            "failures": [failure for report in self.reports for failure in report.failures],
            "mixed": self.mixed,
            "mixtures": [mixture for report in self.reports for mixture in report.mixtures],
        }


def releases(stage: Stage) -> Iterator[Row]:
    seen = {Program.OURS: Seen(), Program.PEER: Seen()}
    for _ in range(BLOCKS):
        for program, so_far in seen.items():
            _block(stage, program, so_far)
    ours, peer, label = seen[Program.OURS], seen[Program.PEER], f"{BLOCKS * EACH} releases"
    yield Row(
        f"{label}: failed answers",
        f"{ours.failed} of {ours.asked}",
        f"{peer.failed} of {peer.asked}",
        goal="0",
        met=ours.asked > 0 and not ours.failed,
        runs={program.value: so_far.numbers for program, so_far in seen.items()},
    )
    yield Row(
        f"{label}: mixed answers",
        f"{ours.mixed} of {ours.asked}",
        f"{peer.mixed} of {peer.asked}",
        goal="0",
        met=ours.asked > 0 and not ours.mixed,
    )
    yield Row(
        f"{label}: failed",
        f"{len(ours.failures)} of {BLOCKS * EACH}",
        f"{len(peer.failures)} of {BLOCKS * EACH}",
        goal="0",
        met=not ours.failures,
    )
    seconds, peer_seconds = median(ours.seconds), median(peer.seconds)
    yield Row(f"{label}: each", f"{seconds:.2f} s", f"{peer_seconds:.2f} s", ratio=round(seconds / peer_seconds, 2))


def _block(stage: Stage, program: Program, seen: Seen) -> None:
    with stage.function(0, update_seconds=PACE, released=True) as function:
        client = Traffic(stage.bed.endpoint, function.name, ALIAS, mixed=mixed, rate=RATE).start()
        try:
            for number in range(1, EACH + 1):
                seconds, failure = _release(stage, program, function.name, number)
                seen.seconds.append(round(seconds, 3))
                seen.failures += [failure] if failure else []
                report = client.report()
                print(
                    f"release {number} of {EACH} under traffic: {program.value} {seconds:.2f} s; {report.asked} calls, "
                    f"{report.failed} failed, {report.mixed} mixed" + (f"; it failed: {failure}" if failure else ""),
                    flush=True,
                )
        finally:
            seen.reports.append(client.stop())


def _release(stage: Stage, program: Program, name: str, number: int) -> tuple[float, str]:
    """Seconds and what failed. amazon.aws takes two modules: the alias goes to the version that the first one made."""
    wanted = (name, stage.zip_file(number), environment(number))
    if program is Program.OURS:
        ran = run(update(program, *wanted, publish=True, alias=ALIAS))
        return ran.seconds, ran.failure
    ran = run(update(program, *wanted))
    if ran.failure:
        return ran.seconds, ran.failure
    version = int(ran.result["configuration"]["version"])
    moved = run(task(Program.PEER_ALIAS, function_name=name, name=ALIAS, function_version=version))
    return ran.seconds + moved.seconds, moved.failure
