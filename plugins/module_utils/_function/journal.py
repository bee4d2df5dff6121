# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was done to a function and how it ended: the truth that a result tells, in success and in failure."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How one phase ended.

    done: a wait or a check that ended well. unchanged: nothing to do. planned: check mode. applied: in force, settled
    and read back. rolled_back: was in force, until a later phase failed. failed: not in force, what was before still
    is. unknown: sent, but the end was not seen. not_started: an earlier phase ended the work.
    """

    DONE = "done"
    UNCHANGED = "unchanged"
    PLANNED = "planned"
    APPLIED = "applied"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_STARTED = "not_started"


@dataclass
class Phase:
    """One phase of an update. name: what it is about; operation: what is sent to Lambda.

    seconds: how long it took with its waiting. conflicts: 409s, 412s and changes by others that it met. accepted:
    whether a write came into force, whatever somebody else made of it later. lost: writes whose answer never came.
    """

    name: str
    operation: str
    outcome: Outcome = Outcome.NOT_STARTED
    seconds: float = 0.0
    conflicts: int = 0
    accepted: bool = False
    lost: int = 0

    @property
    def written(self) -> bool:
        """Whether something was sent that is in force, was, or may be."""
        return self.accepted or self.lost > 0 or self.outcome is Outcome.UNKNOWN

    def accept(self) -> None:
        self.outcome = Outcome.APPLIED
        self.accepted = True

    def lose(self) -> None:
        self.outcome = Outcome.UNKNOWN
        self.lost += 1

    def as_result(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "operation": self.operation,
            "outcome": self.outcome.value,
            "seconds": round(self.seconds, 2),
            "conflicts": self.conflicts,
        }


class Journal:
    """The phases of one task, in the order in which they are carried out.

    operations: of each phase, by its name.
    """

    def __init__(self, operations: Mapping[str, str], clock: Callable[[], float]) -> None:
        self.phases: dict[str, Phase] = {}
        self.clock = clock
        self.extend(operations)

    @contextmanager
    def phase(self, name: str) -> Iterator[Phase]:
        """Time what happens inside, and add it to the phase; a phase can be entered again."""
        phase, started = self.phases[name], self.clock()
        try:
            yield phase
        finally:
            phase.seconds += self.clock() - started

    def extend(self, operations: Mapping[str, str]) -> None:
        """Phases that come after those which are known."""
        self.phases |= {name: Phase(name, operation) for name, operation in operations.items()}

    def close(self, planned: Container[str] = ()) -> None:
        """Say of each phase how it ended, now that what is wanted is in force, or is planned."""
        for name, phase in self.phases.items():
            if name in planned:
                phase.outcome = Outcome.PLANNED
            elif phase.outcome not in (Outcome.DONE, Outcome.PLANNED):
                unwritten = Outcome.UNKNOWN if phase.lost else Outcome.UNCHANGED
                phase.outcome = Outcome.APPLIED if phase.accepted else unwritten

    @property
    def changed(self) -> bool:
        """Whether anything was written, or may have been, or would be."""
        return any(phase.written or phase.outcome is Outcome.PLANNED for phase in self.phases.values())

    @property
    def conflicts(self) -> int:
        return sum(phase.conflicts for phase in self.phases.values())

    @property
    def facts(self) -> dict[str, Any]:
        """What a result says of an update, however it ended."""
        return {"changed": self.changed, "phases": self.as_result(), "conflicts": self.conflicts}

    def as_result(self) -> list[dict[str, Any]]:
        return [phase.as_result() for phase in self.phases.values()]
