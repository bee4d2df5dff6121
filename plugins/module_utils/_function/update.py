# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring one function to the wanted state, one settled step at a time, and prove the end by reading it back.

Each turn of the loop carries out the first step of a plan made from a settled reading. Whatever happens to it (busy,
foreign change, lost answer), the function is read and planned again, so nothing is ever repeated blindly.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .._code.digests import parse_sha256
from .._errors import EngineError
from .client import LambdaApi
from .deadline import Deadline, backoff
from .errors import AnswerLost, ForeignChange, NotStored, RevisionMismatch, StillInMotion, UpdateConflict, UpdateFailed
from .journal import Journal, Outcome, Phase
from .plan import CodeStep, ConfigurationStep, Plan, Step, changed_fields, make_plan, predicted
from .settle import settle
from .snapshot import FunctionSnapshot
from .wanted import Wanted

SETTLE = "Settle"
_WRITES = (CodeStep.operation, ConfigurationStep.operation)


class OnConflict(StrEnum):
    """What to do when somebody else changes the function meanwhile: plan again, or stop and name the fields."""

    RETRY = "retry"
    FAIL = "fail"


@dataclass(frozen=True)
class Update:
    """How an update ended, or how it would. plan: the one made from the first reading."""

    before: FunctionSnapshot
    after: FunctionSnapshot
    plan: Plan
    journal: Journal


def update_function(
    api: LambdaApi,
    wanted: Wanted,
    deadline: Deadline,
    *,
    on_conflict: OnConflict = OnConflict.RETRY,
    carry_out: bool = True,
) -> Update:
    """Plan, and carry the plan out unless told not to.

    Raises an EngineError whose facts say what is in force: `phases`, `changed`, `conflicts` and `api_calls`.
    """
    journal = Journal((SETTLE, *_WRITES), deadline.clock)
    try:
        with journal.phase(SETTLE) as phase:
            phase.outcome = Outcome.FAILED
            before = settle(api, wanted.name, deadline)
            phase.outcome = Outcome.DONE
        plan = make_plan(before, wanted)
        for step in plan.steps:
            api.check(wanted.name, step)
            if isinstance(step, CodeStep):
                step.code.prove()
        if not carry_out:
            journal.mark(Outcome.PLANNED, plan.operations)
            journal.mark(Outcome.UNCHANGED, frozenset(_WRITES) - plan.operations)
            return Update(before, predicted(before, plan), plan, journal)
        after = _Round(api, deadline, on_conflict, journal).until_in_force(before, wanted)
        return Update(before, after, plan, journal)
    except EngineError as error:
        error.facts |= {
            "changed": journal.changed,
            "phases": journal.as_result(),
            "conflicts": journal.conflicts,
            "api_calls": dict(api.calls),
        }
        raise


@dataclass
class _Round:
    """The loop of read, plan and write, and what it needs all the way."""

    api: LambdaApi
    deadline: Deadline
    on_conflict: OnConflict
    journal: Journal

    def until_in_force(self, snapshot: FunctionSnapshot, wanted: Wanted) -> FunctionSnapshot:
        setbacks = backoff()
        plan = make_plan(snapshot, wanted)
        while plan.steps:
            step = plan.steps[0]
            with self.journal.phase(step.operation) as phase:
                answer = self._write(wanted.name, step, snapshot, phase)
                if answer is None:
                    self._pause_or_give_up(wanted.name, phase, next(setbacks))
                    seen = settle(self.api, wanted.name, self.deadline)
                    self._notice_others(snapshot, seen, phase)
                else:
                    seen = settle(self.api, wanted.name, self.deadline, just_written=True)
                    _refuse_failure(seen, step, phase)
                    phase.accept()
                    wanted = _checked(answer, step, wanted)
                plan = make_plan(seen, wanted)
                if phase.outcome is Outcome.UNKNOWN and step.operation not in plan.operations:
                    phase.accept()
                snapshot = seen
        self.journal.mark(
            Outcome.UNCHANGED,
            frozenset(name for name in _WRITES if self.journal.phases[name].outcome is not Outcome.APPLIED),
        )
        return snapshot

    def _write(self, name: str, step: Step, snapshot: FunctionSnapshot, phase: Phase) -> FunctionSnapshot | None:
        """Send one step. None: refused for now, or nobody knows; phase.outcome tells which."""
        phase.outcome = Outcome.FAILED
        try:
            answer = self.api.write(name, step, snapshot.revision_id)
        except (UpdateConflict, RevisionMismatch):
            phase.conflicts += 1
            return None
        except AnswerLost:
            phase.outcome = Outcome.UNKNOWN
            return None
        phase.outcome = Outcome.UNKNOWN
        return answer

    def _pause_or_give_up(self, name: str, phase: Phase, pause: float) -> None:
        if self.deadline.passed:
            raise StillInMotion(
                f"{phase.operation} on {name} had not been taken after {self.deadline.seconds:g} s "
                f"and {phase.conflicts} conflicts.",
                hint="Something else keeps updating this function: find it, or raise wait_timeout.",
            )
        self.deadline.sleep(pause)

    def _notice_others(self, before: FunctionSnapshot, seen: FunctionSnapshot, phase: Phase) -> None:
        if self.on_conflict is OnConflict.RETRY or phase.outcome is Outcome.UNKNOWN:
            return
        if fields := changed_fields(before, seen):
            raise ForeignChange(
                f"{seen.name} was changed by somebody else during this update: {', '.join(fields)}.",
                hint="Agree on one writer, or set on_conflict=retry to go on from the new state.",
            )


def _checked(answer: FunctionSnapshot, step: Step, wanted: Wanted) -> Wanted:
    """Hold Lambda's answer, which has the values it stored, against what was asked."""
    if isinstance(step, CodeStep) and step.after is None:
        return wanted.knowing(parse_sha256(answer.code_sha256))
    if isinstance(step, CodeStep):
        if answer.code_sha256 != step.after:
            raise NotStored(
                f"{wanted.name} now runs {step.code} with CodeSha256 {answer.code_sha256} instead of {step.after}.",
                hint="The object behind the key is another one than code_sha256 states: upload the right one, then "
                "run the task again.",
            )
        return wanted
    left = [again for again in make_plan(answer, wanted).steps if again.operation == step.operation]
    if left:
        raise NotStored(
            f"{step.operation} on {wanted.name}: Lambda took the request but stored another value for "
            f"{', '.join(left[0].fields)}.",
            hint="Write the value as Lambda returns it (aws lambda get-function-configuration shows it).",
        )
    return wanted


def _refuse_failure(seen: FunctionSnapshot, step: Step, phase: Phase) -> None:
    if not seen.update_failed:
        return
    phase.outcome = Outcome.FAILED
    code, reason = seen.last_update_reason_code or "no reason code", seen.last_update_reason.rstrip(".")
    raise UpdateFailed(
        f"{step.operation} on {seen.name} was accepted and then failed ({code}: {reason or 'no reason given'}); "
        "what was in force before still is.",
        hint="Mend the cause, then run the task again.",
    )
