# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry a release out: publish, wait, verify, shift, move the alias, prune.

Every write is guarded by what was read: a version by the revision and the hash of $LATEST, an alias by its own
revision. When one is refused, or its answer is lost, nothing is repeated here: a Setback sends the caller back to
reading.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from .._errors import EngineError
from .alarms import Alarms
from .alias import Alias
from .client import LambdaApi
from .deadline import Deadline
from .errors import (
    AlarmRaised,
    AnswerLost,
    FunctionBroken,
    FunctionError,
    Refused,
    RevisionMismatch,
    Setback,
    UnknownFunction,
    Unreachable,
    UpdateConflict,
)
from .journal import Journal, Outcome, Phase
from .release import (
    CreateAlias,
    DeleteVersion,
    MoveAlias,
    Publish,
    Published,
    Release,
    gradual,
    prunable,
    released,
    same_content,
)
from .service import Service
from .settle import settle
from .snapshot import FunctionSnapshot
from .update import LOST_WRITES
from .verify import verify

_WATCH = 10.0  # seconds between two looks at the alarms during a pause


@dataclass(frozen=True)
class Released:
    """How a release ended. version: what the alias stands for, or what was published; None where nobody knows yet.

    pruned: the versions that were deleted, or would be. warnings: what could not be tidied up.
    """

    version: str | None
    alias_before: Alias | None = None
    alias: Alias | None = None
    pruned: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass
class Publisher:
    """A release and what it needs all the way. invoker: a Lambda client that waits as long as a verification may."""

    api: LambdaApi
    name: str
    release: Release
    deadline: Deadline
    journal: Journal
    invoker: Service
    alarms: Alarms | None = None
    _verified: set[str] = field(default_factory=set)

    def find(self) -> Published:
        """What is published now."""
        if self.release.alias is None:
            versions = self.api.versions(self.name)
            return Published(version=versions[-1] if versions else None)
        alias = self.api.get_alias(self.name, self.release.alias)
        return Published(alias, self.api.get_function(self.name, alias.version) if alias else None)

    def check(self) -> None:
        """Before the first write: hold what will be sent against the model's limits, and look at the alarms."""
        self.api.check(Publish(self.name, "x" * 44, self.release.version_description))
        if self.release.alias:
            self.api.check(CreateAlias(self.name, self.release.alias, "1"))
        self._refuse_alarms("before the release began; nothing was changed")

    def until_released(self, latest: FunctionSnapshot) -> Released:
        """Bring the alias to what $LATEST is. Raises Setback when $LATEST or the alias has to be read again."""
        found = self.find()
        self._accept_lost(latest, found)
        before = alias = found.alias
        version = found.version.version if found.version else ""
        if self._runs(latest, found):
            alias = self._move(found, version)
        elif not released(latest, found, self.release):
            version = self._publish(latest, found)
            if not self._stands(found, version):
                self._verify(version)
                alias = self._move(found, version) if self.release.alias else None
        pruned, warnings = self._prune()
        return Released(version, before, alias, pruned, warnings)

    def _runs(self, latest: FunctionSnapshot, found: Published) -> bool:
        """Whether the alias stands for the right version already, with traffic that still goes elsewhere."""
        version = found.version
        if version is None or version.version == "$LATEST" or not found.alias or not found.alias.weights:
            return False
        return same_content(latest, version, self.release)

    def _stands(self, found: Published, version: str) -> bool:
        """Whether that version was there before, and all traffic of the alias goes to it."""
        if found.version is None or found.version.version != version:
            return False
        return found.alias is None or not found.alias.weights

    def _accept_lost(self, latest: FunctionSnapshot, found: Published) -> None:
        """Writes whose answer was lost, and which are in force as was found now, have come through."""
        if released(latest, found, self.release):
            for name in ("publish", "alias"):
                if (phase := self.journal.phases.get(name)) and phase.lost:
                    phase.accept()

    def _publish(self, latest: FunctionSnapshot, found: Published) -> str:
        with self.journal.phase("publish") as phase:
            with _setbacks(phase):
                write = Publish(self.name, latest.code_sha256, self.release.version_description)
                published = self.api.write(write, latest)
            if self._stands(found, published.version):  # Lambda knows better that nothing has changed
                phase.outcome = Outcome.UNCHANGED
                return published.version
            phase.outcome = Outcome.UNKNOWN
            try:
                settle(self.api, self.name, self.deadline, qualifier=published.version)
            except FunctionBroken:
                phase.outcome = Outcome.FAILED
                self._discard(published.version)
                raise
            phase.accept()
        return published.version

    def _discard(self, version: str) -> None:
        """Delete a version that never came to life: Lambda would return it again, instead of publishing anew."""
        with suppress(FunctionError):
            self.api.call(DeleteVersion.operation, DeleteVersion(self.name, version).members(None))

    def _verify(self, version: str) -> None:
        if self.release.verification is None or version in self._verified:
            return
        with self.journal.phase("verify") as phase:
            phase.outcome = Outcome.FAILED
            verify(self.invoker, self.name, version, self.release.verification, self.deadline)
            phase.outcome = Outcome.DONE
        self._verified.add(version)

    def _move(self, found: Published, version: str) -> Alias:
        alias = found.alias
        if alias is None:
            with self.journal.phase("alias") as phase:
                phase.operation = CreateAlias.operation
                return self._write_alias(CreateAlias(self.name, self.release.alias or "", version), None, phase)
        if gradual(found, self.release) and alias.version != version:
            with self.journal.phase("shift") as phase:
                alias = self._shift(alias, version, phase)
        with self.journal.phase("alias") as phase:
            note = alias.moved_description if alias.version.isdigit() and alias.version != version else None
            return self._write_alias(MoveAlias(self.name, alias.name, version, {}, note), alias, phase)

    def _shift(self, alias: Alias, version: str, phase: Phase) -> Alias:
        """Give the new version its share, step by step; back to none of it when anything goes wrong."""
        self._refuse_alarms("before the traffic was shifted; the alias stands where it stood")
        try:
            for shift in self.release.traffic:
                weights = {version: shift.weight}
                alias = self._write_alias(MoveAlias(self.name, alias.name, alias.version, weights), alias, phase)
                self._watch(shift.pause)
        except EngineError as error:
            if phase.accepted:
                self._unshift(alias, phase, error)
            raise
        return alias

    def _unshift(self, alias: Alias, phase: Phase, error: EngineError) -> None:
        phase.outcome = Outcome.UNKNOWN
        back = MoveAlias(self.name, alias.name, alias.version, {})
        try:
            self.api.call(back.operation, back.members(alias.revision_id))
        except FunctionError as trouble:
            error.hint = f"{error.hint} The alias may still share its traffic: {trouble.message}".strip()
        else:
            phase.accepted, phase.outcome = False, Outcome.ROLLED_BACK

    def _watch(self, pause: float) -> None:
        with self.deadline.not_counted():
            until = self.deadline.clock() + pause
            while True:
                left = until - self.deadline.clock()
                self.deadline.sleeper(max(0.0, min(left, _WATCH)))
                self._refuse_alarms("while the traffic was shifted; the alias stands where it stood")
                if self.deadline.clock() >= until:
                    return

    def _refuse_alarms(self, when: str) -> None:
        if self.alarms and (firing := self.alarms.firing(self.release.alarms)):
            raise AlarmRaised(
                f"{self.name}: in ALARM {when}: {', '.join(firing)}.", hint="Find out what the alarm is about first."
            )

    def _write_alias(self, write: MoveAlias | CreateAlias, alias: Alias | None, phase: Phase) -> Alias:
        with _setbacks(phase):
            answer = self.api.call(write.operation, write.members(alias.revision_id if alias else None))
        phase.accept()
        return Alias.of(answer)

    def _prune(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if self.release.keep_versions is None:
            return (), ()
        warnings, pruned = [], []
        with self.journal.phase("prune") as phase:
            for version in self.prunable():
                try:
                    self.api.call(DeleteVersion.operation, DeleteVersion(self.name, version).members(None))
                except UnknownFunction:
                    continue  # somebody else was faster
                except FunctionError as error:
                    warnings.append(f"Version {version} of {self.name} could not be deleted: {error.message}")
                    continue
                pruned.append(version)
                phase.accept()
        return tuple(pruned), tuple(warnings)

    def prunable(self, coming: Alias | None = None) -> tuple[str, ...]:
        """The versions that pruning would delete. coming: an alias as it will stand, at a version that may be new."""
        versions = [each.version for each in self.api.versions(self.name)]
        aliases = [each for each in self.api.aliases(self.name) if not coming or each.name != coming.name]
        if coming:
            versions = sorted({*versions, coming.version}, key=int)
            aliases.append(coming)
        return prunable(versions, aliases, self.release.keep_versions or 0)

    def predict(self, found: Published, coming: Container[str]) -> Released:
        """How the release will end. coming: the phases that will do something."""
        version = found.version.version if found.version else None
        alias = found.alias
        pruned: tuple[str, ...] = ()
        if self.release.keep_versions is not None:
            new = str(max((int(each.version) for each in self.api.versions(self.name)), default=0) + 1)
            name = self.release.alias or ""
            stands = Alias(name, new, description=alias.moved_description if alias else "")
            pruned = self.prunable(stands if "publish" in coming else alias)
        return Released(None if "publish" in coming else version, found.alias, alias, pruned)


@contextmanager
def _setbacks(phase: Phase) -> Iterator[None]:
    """Turn what may pass into a Setback, and note it."""
    phase.outcome = Outcome.UNKNOWN if phase.lost else Outcome.FAILED
    try:
        yield
    except (UpdateConflict, RevisionMismatch) as refusal:
        phase.conflicts += 1
        raise Setback(refusal, phase.name) from None
    except AnswerLost as trouble:
        if not isinstance(trouble, Unreachable):
            phase.lose()
        if phase.lost == LOST_WRITES:
            raise
        raise Setback(trouble, phase.name) from None
    except Refused as refusal:
        if "already exists" not in refusal.message:
            raise
        phase.conflicts += 1  # somebody else created the alias
        raise Setback(refusal, phase.name) from None
