# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring one function to the wanted state, one settled step at a time, and prove the end by reading it back.

Each turn of the loop carries out the first step of a plan made from a settled reading. Whatever happens to it (busy,
foreign change, lost answer), the function is read and planned again, so nothing is ever repeated blindly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from .._code.digests import parse_sha256
from .._errors import EngineError
from .client import LambdaApi
from .deadline import Deadline, backoff
from .errors import (
    AnswerLost,
    ForeignChange,
    NotStored,
    RevisionMismatch,
    StillInMotion,
    Unreachable,
    UpdateConflict,
    UpdateFailed,
)
from .journal import Journal, Outcome, Phase
from .plan import CodeStep, ConfigurationStep, Plan, Step, changed_fields, make_plan, predicted
from .settle import settle
from .snapshot import FunctionSnapshot
from .wanted import Wanted

SETTLE = "Settle"
WRITES = {CodeStep.operation: "code", ConfigurationStep.operation: "configuration"}
_LOST_WRITES = 5  # that end without an answer, before the last of them is given up on


class OnConflict(StrEnum):
    """What to do when somebody else changes the function meanwhile: plan again, or stop and name the fields."""

    RETRY = "retry"
    FAIL = "fail"


@dataclass(frozen=True)
class Update:
    """How an update ended, or how it would. before: the first reading. after: the last, or what is predicted."""

    before: FunctionSnapshot
    after: FunctionSnapshot
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
    journal = Journal((SETTLE, *WRITES), deadline.clock)
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
        if carry_out:
            after = _Work(api, deadline, on_conflict, journal).until_in_force(before, plan, wanted)
            journal.close(frozenset(WRITES))
        else:
            after = predicted(before, plan)
            journal.close(frozenset(WRITES), planned=plan.operations)
        return Update(before, after, journal)
    except EngineError as error:
        if done := [name for operation, name in WRITES.items() if journal.phases[operation].accepted]:
            error.hint = f"{error.hint} The {' and the '.join(done)} had been updated before.".strip()
        error.facts |= journal.facts | {"api_calls": dict(api.calls)}
        raise


@dataclass
class _Work:
    """The loop of read, plan and write, and what it needs all the way."""

    api: LambdaApi
    deadline: Deadline
    on_conflict: OnConflict
    journal: Journal
    setbacks: Iterator[float] = field(default_factory=backoff)

    def until_in_force(self, snapshot: FunctionSnapshot, plan: Plan, wanted: Wanted) -> FunctionSnapshot:
        while plan.steps:
            step = plan.steps[0]
            self._refuse_to_start_late(step, wanted)
            with self.journal.phase(step.operation) as phase:
                answer = self._write(wanted.name, step, snapshot, phase)
                seen = settle(self.api, wanted.name, self.deadline, just_written=answer is not None)
                if answer is None:
                    wanted = _found(seen, step, phase, wanted)
                    self._notice_others(snapshot, seen, phase)
                else:
                    self._refuse_failure(seen, step, phase, wanted)
                    phase.accept()
                    wanted = _checked(answer, step, wanted)
                    self._notice_others(answer, seen, phase)
                plan = make_plan(seen, wanted)
                if phase.lost and step.operation not in plan.operations:
                    phase.accept()
                if phase.accepted and step.operation in plan.operations:
                    self.deadline.sleep(next(self.setbacks))
                snapshot = seen
        return snapshot

    def _refuse_to_start_late(self, step: Step, wanted: Wanted) -> None:
        if not self.deadline.passed:
            return
        conflicts = self.journal.phases[step.operation].conflicts
        raise StillInMotion(
            f"{step.operation} on {wanted.name} is still to be done after {self.deadline.seconds:g} s"
            + (f" and {conflicts} conflict{'s' * (conflicts != 1)} with other updates." if conflicts else "."),
            hint="Raise wait_timeout, or find out what else updates this function.",
        )

    def _write(self, name: str, step: Step, snapshot: FunctionSnapshot, phase: Phase) -> FunctionSnapshot | None:
        """Send one step. None after a pause: refused for now, or nobody knows; the phase tells which."""
        phase.outcome = Outcome.UNKNOWN if phase.lost else Outcome.FAILED
        try:
            answer = self.api.write(name, step, snapshot.revision_id)
        except (UpdateConflict, RevisionMismatch) as refusal:
            phase.conflicts += 1
            self._pause(refusal)
            return None
        except AnswerLost as trouble:
            if not isinstance(trouble, Unreachable):
                phase.lose()
            if phase.lost == _LOST_WRITES:
                raise
            self._pause(trouble)
            return None
        phase.outcome = Outcome.UNKNOWN
        return answer

    def _pause(self, refusal: EngineError) -> None:
        """Wait a little longer each time; when there is no time left, the refusal is how it ends."""
        if self.deadline.passed:
            raise refusal
        self.deadline.sleep(next(self.setbacks))

    def _notice_others(self, before: FunctionSnapshot, seen: FunctionSnapshot, phase: Phase) -> None:
        """Between two readings, or an answer and a reading, nothing should change but what was written."""
        if phase.lost or not (fields := changed_fields(before, seen)):
            return
        if self.on_conflict is OnConflict.FAIL:
            raise ForeignChange(
                f"{seen.name} was changed by somebody else during this update: {', '.join(fields)}.",
                hint="Agree on one writer, or set on_conflict=retry to go on from the new state.",
            )
        if phase.accepted:
            phase.conflicts += 1

    def _refuse_failure(self, seen: FunctionSnapshot, step: Step, phase: Phase, wanted: Wanted) -> None:
        if not seen.update_failed:
            return
        # Where Lambda shows the new values all the same, nobody can tell whether they are in force.
        shown = step.operation not in make_plan(seen, wanted).operations
        phase.outcome = Outcome.UNKNOWN if shown else Outcome.FAILED
        code, reason = seen.last_update_reason_code, self.api.hide(seen.last_update_reason.rstrip("."))
        raise UpdateFailed(
            f"{step.operation} on {seen.name} was accepted, and then LastUpdateStatus was Failed "
            f"({code or 'no reason code'}: {reason or 'no reason given'})"
            + ("." if shown else "; what was in force before still is."),
            hint="Mend the cause, then run the task again.",
        )


def _found(seen: FunctionSnapshot, step: Step, phase: Phase, wanted: Wanted) -> Wanted:
    """What a reading after a lost answer tells of code whose hash nobody knew: other code than before is ours."""
    if phase.lost and isinstance(step, CodeStep) and step.after is None and seen.code_sha256 != step.before:
        return wanted.knowing(parse_sha256(seen.code_sha256))
    return wanted


def _checked(answer: FunctionSnapshot, step: Step, wanted: Wanted) -> Wanted:
    """Hold Lambda's answer, which has the values it stored, against what was asked."""
    if isinstance(step, CodeStep):
        if step.after is None:
            return wanted.knowing(parse_sha256(answer.code_sha256))
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
