# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry a release out: publish, wait, verify, shift the traffic, move the alias, prune.

Every write is guarded by what was read: a version by the revision and the hash of $LATEST, an alias by its own
revision. When one is refused, or its answer is lost, nothing is repeated here: a Setback sends the caller back to
reading.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from .._errors import EngineError
from .alarms import Alarms
from .alias import Alias
from .aliases import read_alias, write_alias
from .client import LambdaApi
from .deadline import Deadline
from .errors import AlarmRaised, FunctionBroken, FunctionError, InvalidRequest
from .journal import Journal, Outcome
from .prune import prune, versions_to_prune
from .release import (
    CreateAlias,
    DeleteVersion,
    MoveAlias,
    Publish,
    Published,
    Release,
    gradual,
    planned_phases,
    released,
    shares_traffic,
)
from .service import Service
from .setbacks import TRANSIENT, TRIES, Setback, setbacks
from .settle import settle
from .snapshot import FunctionSnapshot
from .traffic import Traffic
from .verify import verify


@dataclass(frozen=True)
class Released:
    """How a release ended. name: of the alias that was asked for.

    version: what the alias stands for, or what was published; None where nobody knows yet. pruned: the versions that
    were deleted, or would be. warnings: what could not be tidied up.
    """

    name: str | None
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
    _failures: int = 0

    def __post_init__(self) -> None:
        self._traffic = Traffic(self.api, self.name, self.release, self.deadline, self.journal, self.alarms)

    def find(self) -> Published:
        """What is published now."""
        if self.release.alias is None:
            versions = self.api.versions(self.name)  # which do not tell their State
            return Published(version=self.api.get_function(self.name, versions[-1].version) if versions else None)
        alias = read_alias(self.api, self.name, self.release.alias)
        return Published(alias, self.api.get_function(self.name, alias.version) if alias else None)

    def check(self, latest: FunctionSnapshot) -> None:
        """Before the first write: hold what will be sent against Lambda's rules, and look at the alarms.

        latest: $LATEST as it will be.
        """
        self.api.check(Publish(self.name, "x" * 44, self.release.version_description))
        if self.release.alias:
            self.api.check(CreateAlias(self.name, self.release.alias, "1"))
        if not self.release.traffic:
            return
        found = self.find()
        if gradual(found, self.release) and found.version:
            _refuse_to_share(latest, found.version)
        try:
            self._traffic.refuse_alarms("before the release began")
        except AlarmRaised:
            if found.alias and found.alias.weights:  # of a release that was ended in its middle
                self._traffic.shared = found.alias
            raise

    def until_released(self, latest: FunctionSnapshot) -> Released:
        """Bring the alias to what $LATEST is. Raises Setback when $LATEST or the alias has to be read again."""
        found = self.find()
        before = alias = found.alias
        version = found.version.version if found.version else ""
        if released(latest, found, self.release):
            self._accept_lost()
            if self.release.alias is None:  # nobody knows whether it was verified when it was published
                self._verify(version)
        elif shares_traffic(latest, found, self.release):
            alias = self._move(found, version)
        else:
            version = self._publish(latest, found)
            if not found.stands_for(version):
                self._verify(version)
                alias = self._move(found, version) if self.release.alias else None
        pruned: tuple[str, ...] = ()
        warnings: tuple[str, ...] = ()
        if self.release.keep_versions is not None:
            with self.journal.phase("prune") as phase:
                pruned, warnings = prune(self.api, self.name, self.release.keep_versions, phase)
        return Released(self.release.alias, version, before, alias, pruned, warnings)

    def take_back(self, error: EngineError) -> None:
        """A release that fails leaves no version on trial; what else it changed for callers of the alias is nothing."""
        self._traffic.take_back(error)

    def predict(self, latest: FunctionSnapshot) -> tuple[frozenset[str], Released]:
        """The phases that will do something, and how the release will end. latest: $LATEST as it will be."""
        found, keep = self.find(), self.release.keep_versions
        coming = planned_phases(latest, found, self.release)
        alias = found.alias
        pruned: tuple[str, ...] = ()
        if keep is not None:
            new = str(max((int(each.version) for each in self.api.versions(self.name)), default=0) + 1)
            stands = Alias(self.release.alias or "", new, description=(alias and alias.note_of_move(new)) or "")
            pruned = versions_to_prune(self.api, self.name, keep, stands if "publish" in coming else alias)
        version = found.version.version if found.version and "publish" not in coming else None
        return (
            coming | ({"prune"} if pruned else set()),
            Released(self.release.alias, version, found.alias, alias, pruned),
        )

    def _accept_lost(self) -> None:
        """Writes whose answer was lost have come through, as was found now."""
        for name in ("publish", "alias"):
            if (phase := self.journal.phases.get(name)) and phase.lost:
                phase.accept()

    def _publish(self, latest: FunctionSnapshot, found: Published) -> str:
        with self.journal.phase("publish") as phase:
            with setbacks(phase):
                write = Publish(self.name, latest.code_sha256, self.release.version_description)
                published = self.api.write(write, latest)
            if found.stands_for(published.version):  # Lambda knows better that nothing has changed
                phase.outcome = Outcome.UNCHANGED
                return published.version
            phase.outcome = Outcome.UNKNOWN
            try:
                settle(self.api, self.name, self.deadline, qualifier=published.version)
            except FunctionBroken as broken:
                phase.outcome = Outcome.FAILED
                self._discard(published.version)
                self._failures += 1
                if broken.reason_code in TRANSIENT and self._failures < TRIES:
                    raise Setback(broken, phase.name) from None
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
                return write_alias(self.api, CreateAlias(self.name, self.release.alias or "", version), None, phase)
        if gradual(found, self.release) and alias.version != version:
            alias = self._traffic.shift(alias, version)
        with self.journal.phase("alias") as phase:
            note = alias.note_of_move(version) if alias.version != version else None
            moved = write_alias(self.api, MoveAlias(self.name, alias.name, version, {}, note), alias, phase)
        self._traffic.shared = None
        return moved


def _refuse_to_share(latest: FunctionSnapshot, version: FunctionSnapshot) -> None:
    """Source: Lambda developer guide, "Weighted aliases": one role and one dead-letter queue for both versions."""
    for option in ("role", "dead_letter_arn"):
        if latest.settings[option] != version.settings[option]:
            raise InvalidRequest(
                f"traffic: {option} changes, and Lambda shares the traffic of an alias only between versions that "
                "have the same.",
                hint="Release this change without traffic.",
            )
