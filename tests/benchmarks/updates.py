# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One update by one program at a time: nothing to do, code, environment, both, at several lengths of an update."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from statistics import median

from programs import Program, Task, must_run, task, update
from stage import ALIAS, Stage, environment, in_motion
from table import Row, cell

RUNS = 3
RUNS_OF_NOTHING = 9  # they are short, and their goal is near
PACES = (0.2, 1, 5)  # seconds an update; Lambda takes about 1 for a zip outside a VPC
OLD, NEW = 1, 2


@dataclass(frozen=True)
class Run:
    """`early`: it returned while an update was still in progress."""

    calls: int
    seconds: float
    early: bool


Runs = dict[Program, list[Run]]


def updates(stage: Stage) -> Iterator[Row]:
    runs = _take_turns(stage, "nothing to do", (Program.OURS, Program.PEER), RUNS_OF_NOTHING, code=OLD, variables=OLD)
    calls, ratio = _calls(runs[Program.OURS]), _ratio(runs)
    yield _row("nothing to do", runs, goal="1 call, ratio ≤ 1", met=calls == 1 and ratio <= 1)
    for pace in PACES:
        for work, code, variables in (
            ("code", NEW, OLD),
            ("environment", OLD, NEW),
            ("code + environment", NEW, NEW),
        ):
            label = f"{work} at {pace:g} s"
            runs = _take_turns(
                stage,
                label,
                (Program.OURS, Program.PEER, Program.WAITERS),
                RUNS,
                code=code,
                variables=variables,
                pace=pace,
            )
            if work == "code + environment" and pace == 1:
                met = _calls(runs[Program.OURS]) <= 7 and _ratio(runs) <= 0.6
                yield _row(label, runs, goal="≤ 7, ratio ≤ 0.6", met=met)
            else:
                yield _row(label, runs)


def aliased(stage: Stage) -> Iterator[Row]:
    """Nothing to do for a function with an alias; amazon.aws takes two modules for it."""
    label = "nothing to do, alias"
    runs: Runs = {Program.OURS: [], Program.PEER: []}
    with stage.function(OLD, update_seconds=PACES[0], released=True) as function:
        wanted = (function.name, stage.zip_file(OLD), environment(OLD))
        alias = task(Program.PEER_ALIAS, function_name=function.name, name=ALIAS, function_version=1)
        chains = {
            Program.OURS: (update(Program.OURS, *wanted, alias=ALIAS),),
            Program.PEER: (update(Program.PEER, *wanted), alias),
        }
        for number in range(RUNS_OF_NOTHING):
            for program, chain in chains.items():
                runs[program].append(_measured(stage, *chain))
                _say(label, number, program, runs[program][-1])
        changed = {version["Version"] for version in function.versions()} != {"$LATEST", "1"}
    if changed:
        raise SystemExit("There was something to do for a function with an alias.")
    yield _row(label, runs)


def _take_turns(
    stage: Stage,
    label: str,
    programs: tuple[Program, ...],
    times: int,
    *,
    code: int,
    variables: int,
    pace: float = PACES[0],
) -> Runs:
    """Each program in turn, so that whatever else the machine does meets all of them."""
    runs: Runs = {program: [] for program in programs}
    for number in range(times):
        for program in programs:
            with stage.function(OLD, update_seconds=pace) as function:
                # The script compares nothing, so it is told what to write; a task says the whole state.
                skipped = program is Program.WAITERS
                wanted = update(
                    program,
                    function.name,
                    None if skipped and code == OLD else stage.zip_file(code),
                    None if skipped and variables == OLD else environment(variables),
                )
                one = _measured(stage, wanted)
                runs[program].append(Run(one.calls, one.seconds, early=in_motion(function)))
            _say(label, number, program, runs[program][-1])
    return runs


def _measured(stage: Stage, *chain: Task) -> Run:
    stage.bed.forget_calls()
    seconds = sum(must_run(wanted).seconds for wanted in chain)
    return Run(sum(stage.calls().values()), round(seconds, 3), early=False)


def _say(label: str, number: int, program: Program, one: Run) -> None:
    print(f"{label}, run {number + 1}: {program.value} {cell(one.calls, one.seconds, early=one.early)}", flush=True)


def _row(label: str, runs: Runs, goal: str = "", met: bool | None = None) -> Row:
    cells = {program: _cell(found) for program, found in runs.items()}
    return Row(
        label,
        cells[Program.OURS],
        cells[Program.PEER],
        cells.get(Program.WAITERS, ""),
        _ratio(runs),
        goal,
        met,
        {program.value: [asdict(one) for one in found] for program, found in runs.items()},
    )


def _cell(runs: list[Run]) -> str:
    return cell(_calls(runs), _seconds(runs), early=any(one.early for one in runs))


def _calls(runs: list[Run]) -> int:
    return int(median(one.calls for one in runs))


def _seconds(runs: list[Run]) -> float:
    return median(one.seconds for one in runs)


def _ratio(runs: Runs) -> float:
    return round(_seconds(runs[Program.OURS]) / _seconds(runs[Program.PEER]), 2)
