# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring $LATEST to the wanted state, one settled step at a time, and prove the end by reading it back.

Each turn of the loop carries out the first step of a plan made from a settled reading. Whatever happens to it (busy,
foreign change, lost answer), the function is read and planned again, so nothing is ever repeated blindly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from .._errors import EngineError
from .client import LambdaApi
from .deadline import Deadline, backoff
from .errors import ForeignChange, NotStored, StillInMotion, UpdateFailed
from .journal import Journal, Outcome, Phase
from .plan import Plan, changed_fields, make_plan
from .setbacks import TRANSIENT, TRIES, Setback, setbacks
from .settle import settle
from .snapshot import FunctionSnapshot
from .steps import CodeStep, ConcurrencyStep, ConfigurationStep, Step, TagStep, UntagStep
from .wanted import Order, Wanted

_ASIDE = 0.5  # seconds; the least that a writer steps aside for another one, up to twice as long by jitter

_ORDERS: dict[Order, tuple[str, ...]] = {
    Order.CODE_FIRST: ("code", "configuration"),
    Order.CONFIG_FIRST: ("configuration", "code"),
    Order.EXPAND_CONTRACT: ("expand", "code", "configuration"),
}


class OnConflict(StrEnum):
    """What to do when somebody else changes the function meanwhile: plan again, or stop and name the fields."""

    RETRY = "retry"
    FAIL = "fail"


def update_phases(wanted: Wanted) -> dict[str, str]:
    """The phases of an update by name, with their operations."""
    phases = {"settle": "Settle"}
    for name in _ORDERS[wanted.order]:
        phases[name] = CodeStep.operation if name == CodeStep.phase else ConfigurationStep.operation
    if wanted.tags is not None:
        phases[TagStep.phase] = TagStep.operation
        if wanted.purge_tags:
            phases[UntagStep.phase] = UntagStep.operation
    if wanted.reserved_concurrency is not None:
        phases[ConcurrencyStep.phase] = "PutFunctionConcurrency"
    return phases


@dataclass
class Updater:
    """The loop of read, plan and write, and what it needs all the way."""

    api: LambdaApi
    wanted: Wanted
    deadline: Deadline
    on_conflict: OnConflict
    journal: Journal
    setbacks: Iterator[float] = field(default_factory=backoff)
    _failures: int = 0
    _unseen: int = 0
    _settling: float = 0.0

    def until_in_force(self, snapshot: FunctionSnapshot, plan: Plan | None = None) -> FunctionSnapshot:
        """Carry out what is left to do; returns the reading that proves that nothing is."""
        plan = plan or make_plan(snapshot, self.wanted)
        while plan.steps:
            step = plan.steps[0]
            self._refuse_to_start_late(step)
            with self.journal.phase(step.phase) as phase:
                phase.operation = step.operation
                seen = self._carry_out(step, snapshot, phase)
                plan = make_plan(seen, self.wanted)
                if phase.lost and step.phase not in plan.phases:
                    phase.accept()
                if self._crossed(snapshot, seen, plan):
                    seen = self._step_aside(seen)
                    plan = make_plan(seen, self.wanted)
                snapshot = seen
        for name in update_phases(self.wanted):
            if (phase := self.journal.phases[name]).outcome is Outcome.NOT_STARTED:
                phase.outcome = Outcome.UNCHANGED
        return snapshot

    def look(self, *, just_written: bool = False) -> FunctionSnapshot:
        """The function once it has settled."""
        begun = self.deadline.elapsed
        seen = settle(self.api, self.wanted.name, self.deadline, just_written=just_written)
        self._settling = self.deadline.elapsed - begun
        return seen

    def look_again(self, before: FunctionSnapshot) -> FunctionSnapshot:
        """After a setback beyond the update: the function, once nobody else is at work on it."""
        seen = self.look()
        self._refuse_others(before, seen)
        return self._step_aside(seen) if self._crossed(before, seen, make_plan(seen, self.wanted)) else seen

    def pause(self, refusal: EngineError) -> None:
        """Wait a little longer each time; when there is no time left, the refusal is how it ends."""
        if self.deadline.passed:
            raise refusal
        self.deadline.sleep(next(self.setbacks))

    def _carry_out(self, step: Step, snapshot: FunctionSnapshot, phase: Phase) -> FunctionSnapshot:
        answer = self._write(step, snapshot, phase)
        seen = self.look(just_written=answer is not None and step.moves)
        if answer is None:
            self._notice_others(snapshot, seen, phase)
            return seen
        if self._failed(seen, step, phase):
            return seen
        phase.accept()
        self._check_stored(answer, step)
        self._refuse_unseen(seen, step)
        self._notice_others(answer, seen, phase)
        return seen

    def _write(self, step: Step, snapshot: FunctionSnapshot, phase: Phase) -> FunctionSnapshot | None:
        """Send one step. None after a pause: refused for now, or nobody knows; the phase tells which."""
        try:
            with setbacks(phase):
                if step.moves:
                    answer = self.api.write(step, snapshot)
                else:
                    self.api.call(step.operation, step.members(None))
                    answer = step.predict(snapshot)
        except Setback as setback:
            self.pause(setback.cause)
            return None
        phase.outcome = Outcome.UNKNOWN
        return answer

    def _refuse_to_start_late(self, step: Step) -> None:
        if not self.deadline.passed:
            return
        conflicts = self.journal.phases[step.phase].conflicts
        raise StillInMotion(
            f"{step.operation} on {self.wanted.name} is still to be done after {self.deadline.seconds:g} s"
            + (f" and {conflicts} conflict{'s' * (conflicts != 1)} with other updates." if conflicts else "."),
            hint="Raise wait_timeout, or find out what else updates this function.",
        )

    def _crossed(self, before: FunctionSnapshot, seen: FunctionSnapshot, plan: Plan) -> bool:
        """Whether another writer is at work, and it is better to let it finish.

        A writer whose earlier steps are still in force goes on at once: it is the others who have to step aside.
        """
        accepted = {name for name, phase in self.journal.phases.items() if phase.accepted}
        if not plan.steps or (accepted and not accepted & plan.phases):
            return False
        return bool(accepted) or before.revision_id != seen.revision_id

    def _step_aside(self, seen: FunctionSnapshot) -> FunctionSnapshot:
        """Wait, a jittered while, until nobody has written since the last look."""
        while not self.deadline.passed:
            self.deadline.sleep(max(_ASIDE, self._settling / 2) * (1 + self.deadline.jitter()))
            before, seen = seen, self.look()
            if before.revision_id == seen.revision_id:
                break
        return seen

    def _notice_others(self, before: FunctionSnapshot, seen: FunctionSnapshot, phase: Phase) -> None:
        """Between two readings, or an answer and a reading, nothing should change but what was written."""
        if not phase.lost and self._refuse_others(before, seen) and phase.accepted:
            phase.conflicts += 1

    def _refuse_others(self, before: FunctionSnapshot, seen: FunctionSnapshot) -> bool:
        """Whether somebody else changed something; raises ForeignChange if that is to stop the task."""
        fields = changed_fields(before, seen)
        if fields and self.on_conflict is OnConflict.FAIL:
            raise ForeignChange(
                f"{seen.name} was changed by somebody else during this update: {', '.join(fields)}.",
                hint="Agree on one writer, or set on_conflict=retry to go on from the new state.",
            )
        return bool(fields)

    def _failed(self, seen: FunctionSnapshot, step: Step, phase: Phase) -> bool:
        """Whether an accepted update ended Failed for a reason that passes; a lasting one is raised."""
        if not seen.update_failed or not step.moves:
            return False
        # Where Lambda shows the new values all the same, nobody can tell whether they are in force.
        shown = step.phase not in make_plan(seen, self.wanted).phases
        phase.outcome = Outcome.UNKNOWN if shown else Outcome.FAILED
        code, reason = seen.last_update_reason_code, self.api.hide(seen.last_update_reason.rstrip("."))
        failure = UpdateFailed(
            f"{step.operation} on {seen.name} was accepted, and then LastUpdateStatus was Failed "
            f"({code or 'no reason code'}: {reason or 'no reason given'})"
            + ("." if shown else "; what was in force before still is."),
            hint="Mend the cause, then run the task again.",
        )
        self._failures += 1
        if shown or code not in TRANSIENT or self._failures == TRIES:
            raise failure
        self.pause(failure)
        return True

    def _refuse_unseen(self, seen: FunctionSnapshot, step: Step) -> None:
        """What needs no settling is there at once, or this caller may not see it."""
        if step.moves or step.phase not in make_plan(seen, self.wanted).phases:
            return
        self._unseen += 1
        if self._unseen == TRIES:
            raise NotStored(
                f"{step.operation} on {self.wanted.name} was accepted {TRIES} times, "
                "and GetFunction shows nothing of it.",
                hint="Allow lambda:ListTags and lambda:GetFunctionConcurrency, or find out who else writes this.",
            )

    def _check_stored(self, answer: FunctionSnapshot, step: Step) -> None:
        """Hold Lambda's answer, which has the values it stored, against what was asked."""
        if isinstance(step, CodeStep):
            if step.after is None:
                self.wanted = self.wanted.knowing(answer.code_sha256)
            elif answer.code_sha256 != step.after:
                raise NotStored(
                    f"{self.wanted.name} now runs {step.code} with CodeSha256 {answer.code_sha256} "
                    f"instead of {step.after}.",
                    hint="What lies there is not what code_sha256 states or what was found before: put the right code "
                    "there, then run the task again.",
                )
            return
        if not step.moves:
            return
        left = [again for again in make_plan(answer, self.wanted).steps if again.phase == step.phase]
        if left:
            raise NotStored(
                f"{step.operation} on {self.wanted.name}: Lambda took the request but stored another value for "
                f"{', '.join(left[0].fields)}.",
                hint="Write the value as Lambda returns it (aws lambda get-function-configuration shows it).",
            )
