# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole way of one task: update $LATEST, then release it; and put it back when told to and something fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._errors import EngineError
from .client import LambdaApi
from .deadline import Deadline
from .errors import ForeignChange, RevisionMismatch
from .journal import Journal, Outcome
from .plan import Plan, make_plan
from .setbacks import Setback
from .snapshot import FunctionSnapshot
from .steps import predicted
from .update import OnConflict, Updater, update_phases
from .wanted import Wanted

if TYPE_CHECKING:  # a task that releases nothing, and puts nothing back, does not wait for these
    from .alarms import Alarms
    from .publish import Publisher, Released
    from .release import Release
    from .restore import Restorer
    from .service import Service

_NAMES = {
    "expand": "new environment variables",
    "code": "code",
    "configuration": "configuration",
    "tag": "tags",
    "untag": "removed tags",
    "concurrency": "reserved concurrency",
}


@dataclass(frozen=True)
class Deployment:
    """How a task ended, or how it would. before: the first reading. after: the last, or what is predicted."""

    before: FunctionSnapshot
    after: FunctionSnapshot
    journal: Journal
    released: Released | None = None


@dataclass
class Deployer:
    """What one task is to do, and what it needs all the way.

    invoker: a Lambda client that waits for an answer as long as a verification allows. alarms: for a release with some.
    """

    api: LambdaApi
    wanted: Wanted
    deadline: Deadline
    on_conflict: OnConflict = OnConflict.RETRY
    release: Release | None = None
    invoker: Service | None = None
    alarms: Alarms | None = None
    rollback_on_failure: bool = False
    _restorer: Restorer | None = field(init=False, default=None)

    def deploy(self, *, carry_out: bool = True, journal: Journal | None = None) -> Deployment:
        """Plan, and carry the plan out unless told not to.

        journal: of a task that has done something before. Raises an EngineError whose facts say what is in force:
        `phases`, `changed`, `conflicts` and `api_calls`.
        """
        journal = journal or Journal({}, self.deadline.clock)
        journal.extend(update_phases(self.wanted))
        updater = Updater(self.api, self.wanted, self.deadline, self.on_conflict, journal)
        publisher = self._publisher(journal)
        try:
            with journal.phase("settle") as phase:
                phase.outcome = Outcome.FAILED
                before = updater.look()
                phase.outcome = Outcome.DONE
            plan = make_plan(before, self.wanted)
            self._check(plan)
            if publisher and plan.steps:
                publisher.check(predicted(before, plan.steps))
            if not carry_out:
                return self._predict(before, plan, journal, publisher)
            return self._carry_out(before, plan, updater, publisher)
        except EngineError as error:
            if publisher and carry_out:
                publisher.take_back(error)
            if self._restorer:
                self._restorer.restore(error)
            done = [words for name, words in _NAMES.items() if _in_force(journal, name)]
            if done:
                error.advise(f"The {' and the '.join(done)} had been updated before.")
            error.facts |= journal.facts | {"api_calls": dict(self.api.calls)}
            raise

    def _publisher(self, journal: Journal) -> Publisher | None:
        if self.release is None:
            return None
        from .publish import Publisher
        from .release import release_phases

        journal.extend(release_phases(self.release))
        invoker = self.invoker or self.api
        return Publisher(self.api, self.wanted.name, self.release, self.deadline, journal, invoker, self.alarms)

    def _check(self, plan: Plan) -> None:
        """Find before the first write whatever can be found then."""
        for step in plan.steps:
            self.api.check(step)
        if any(step.phase == "code" for step in plan.steps) and self.wanted.code:
            self.wanted.code.prove()

    def _look_again(self, before: FunctionSnapshot, setback: Setback, updater: Updater) -> FunctionSnapshot:
        """What is in force after a setback of the release. Raises ForeignChange if that is to stop it."""
        updater.pause(setback.cause)
        alias_moved = setback.phase != "publish" and isinstance(setback.cause, RevisionMismatch)
        if alias_moved and self.on_conflict is OnConflict.FAIL:
            raise ForeignChange(
                f"The alias of {self.wanted.name} was changed by somebody else during this release.",
                hint="Agree on one writer, or set on_conflict=retry to go on from the new state.",
            )
        return updater.look_again(before)

    def _predict(
        self, before: FunctionSnapshot, plan: Plan, journal: Journal, publisher: Publisher | None
    ) -> Deployment:
        after = predicted(before, plan.steps)
        planned, outcome = set(plan.phases), None
        if publisher:
            coming, outcome = publisher.predict(after)
            planned |= coming
        journal.close(planned)
        return Deployment(before, after, journal, outcome)

    def _carry_out(
        self, before: FunctionSnapshot, plan: Plan, updater: Updater, publisher: Publisher | None
    ) -> Deployment:
        if self.rollback_on_failure and plan.steps:
            from .restore import Restorer

            self._restorer = Restorer(self.api, before, plan, updater)
        after, outcome = updater.until_in_force(before, plan), None
        while publisher and outcome is None:
            try:
                outcome = publisher.until_released(after)
            except Setback as setback:
                after = updater.until_in_force(self._look_again(after, setback, updater))
        updater.journal.close()
        return Deployment(before, after, updater.journal, outcome)


def _in_force(journal: Journal, name: str) -> bool:
    phase = journal.phases.get(name)
    return phase is not None and phase.accepted and phase.outcome is Outcome.APPLIED
