# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shift the traffic of an alias to a new version step by step, while alarms watch, and take it back when told to."""

from __future__ import annotations

from dataclasses import dataclass

from .._errors import EngineError
from .alarms import Alarms
from .alias import Alias
from .aliases import send_back, write_alias
from .client import LambdaApi
from .deadline import Deadline
from .errors import AlarmRaised
from .journal import Journal, Outcome
from .release import MoveAlias, Release

_WATCH = 10.0  # seconds between two looks at the alarms during a pause


@dataclass
class Traffic:
    """The traffic of one release. shared: the alias, while a part of its traffic goes to a version that is on trial."""

    api: LambdaApi
    name: str
    release: Release
    deadline: Deadline
    journal: Journal
    alarms: Alarms | None = None
    shared: Alias | None = None

    def shift(self, alias: Alias, version: str) -> Alias:
        """Give a version its shares of the traffic, one after the other. Raises Setback, and AlarmRaised."""
        if alias.weights:  # a task before this one was ended in the middle of it
            self.shared = alias
        with self.journal.phase("shift") as phase:
            phase.outcome = Outcome.FAILED
            self.refuse_alarms("before the traffic was shifted")
            for step in self.release.traffic:
                weights = {version: step.weight}
                self.shared = alias
                alias = write_alias(self.api, MoveAlias(self.name, alias.name, alias.version, weights), alias, phase)
                self.shared = alias
                self._watch(step.pause)
        return alias

    def take_back(self, error: EngineError) -> None:
        """Give all traffic to the version that had it, and say so in the error; a failure to do so is told as well."""
        if self.shared is None:
            return
        alias, self.shared = self.shared, None
        self.deadline.restart()
        with self.journal.phase("shift") as phase:
            back = MoveAlias(self.name, alias.name, alias.version, {})
            try:
                send_back(self.api, back, alias, phase, self.deadline)
            except EngineError as trouble:
                phase.outcome = Outcome.UNKNOWN
                error.advise(f"The alias may still share its traffic: {trouble.message}")
            else:
                phase.accepted, phase.lost, phase.outcome = False, 0, Outcome.ROLLED_BACK
                error.advise(f"All traffic of {alias.name} goes to version {alias.version}.")

    def refuse_alarms(self, when: str) -> None:
        """Raises AlarmRaised when one that watches this release is in ALARM."""
        if self.alarms and (firing := self.alarms.firing(self.release.alarms)):
            raise AlarmRaised(
                f"{self.name}: in ALARM {when}: {', '.join(firing)}.", hint="Find out what the alarm is about first."
            )

    def _watch(self, pause: float) -> None:
        until = self.deadline.clock() + pause
        while True:
            with self.deadline.not_counted():
                self.deadline.sleeper(max(0.0, min(until - self.deadline.clock(), _WATCH)))
            self.refuse_alarms("while the traffic was shifted")
            if self.deadline.clock() >= until:
                return
