# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take a release back: the alias in one step, and $LATEST as well when that is wanted.

Where an alias stood before is noted in its description (`alias.py`), in the same step in which it moves, so that taking
back twice is the same as once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .._errors import EngineError
from .alias import Alias
from .aliases import read_alias, send_back
from .client import LambdaApi
from .deadline import Deadline
from .deployment import Deployer, Deployment
from .errors import InvalidRequest, UnknownFunction
from .journal import Journal, Outcome
from .release import MoveAlias
from .restore import code_of, refuse_unrestorable, wanted_as
from .snapshot import FunctionSnapshot


@dataclass(frozen=True)
class Target:
    """Where an alias is to go back to. why: in a few words, for the result."""

    version: str
    why: str


@dataclass(frozen=True)
class RolledBack:
    """How it ended, or how it would. latest: None when $LATEST was not asked for."""

    before: Alias
    after: Alias
    target: Target
    journal: Journal
    latest: Deployment | None = None


def choose_target(alias: Alias, version: str | None, versions: list[str]) -> Target:
    """Pure. version: what the user named. versions: all published ones. Raises InvalidRequest."""
    if version is not None:
        if not version.isdigit():
            raise InvalidRequest(
                f"version: {version!r} is no published version.", hint="Give its number, or leave it out."
            )
        return Target(version, "as named")
    if alias.weights:
        return Target(alias.version, "the version that was about to be replaced")
    if alias.rolled_back_from:
        return Target(alias.version, f"it was rolled back from {alias.rolled_back_from} before")
    if alias.previous in versions:
        return Target(alias.previous or "", "the version before")
    earlier = [each for each in versions if alias.version.isdigit() and int(each) < int(alias.version)]
    if not earlier:
        raise InvalidRequest(
            f"{alias.name} stands for {alias.version}, and there is no earlier version to go back to.",
            hint="Name a version, or release what is wanted.",
        )
    return Target(max(earlier, key=int), "the newest earlier version, since the alias does not say where it stood")


@dataclass
class Rollback:
    """What one task is to do, and what it needs all the way."""

    api: LambdaApi
    name: str
    alias: str
    deadline: Deadline
    version: str | None = None
    restore_latest: bool = False

    def roll_back(self, *, carry_out: bool = True) -> RolledBack:
        """Move the alias back, then $LATEST, unless told to plan only.

        Raises an EngineError whose facts say what is in force: `phases`, `changed`, `conflicts` and `api_calls`.
        """
        journal = Journal({"alias": MoveAlias.operation}, self.deadline.clock)
        try:
            before = self._read_alias()
            versions = [] if self.version else [each.version for each in self.api.versions(self.name)]
            target = choose_target(before, self.version, versions)
            snapshot = self._read_version(target.version)
            if self.restore_latest:
                refuse_unrestorable(snapshot, code=True)
            after = replace(before, version=target.version, weights={})
            if (before.version, before.weights) != (after.version, after.weights):
                with journal.phase("alias") as phase:
                    if carry_out:
                        note = before.note_of_rollback(target.version)
                        write = MoveAlias(self.name, before.name, target.version, {}, note)
                        after = send_back(self.api, write, before, phase, self.deadline)
                    else:
                        phase.outcome = Outcome.PLANNED
            journal.close()
            latest = self._latest(snapshot, journal, carry_out=carry_out) if self.restore_latest else None
            return RolledBack(before, after, target, journal, latest)
        except EngineError as error:
            error.facts = {**journal.facts, "api_calls": dict(self.api.calls)}
            raise

    def _read_alias(self) -> Alias:
        alias = read_alias(self.api, self.name, self.alias)
        if alias is None:
            raise UnknownFunction(
                f"There is no function {self.name} with an alias {self.alias} in {self.api.region}.",
                hint="Check the name, the alias, the region and the account.",
            )
        return alias

    def _read_version(self, version: str) -> FunctionSnapshot:
        try:
            return self.api.get_function(self.name, version)
        except UnknownFunction:
            raise UnknownFunction(
                f"{self.name} has no version {version} to go back to.",
                hint="aws lambda list-versions-by-function shows those that exist; keep_versions deletes old ones.",
            ) from None

    def _latest(self, version: FunctionSnapshot, journal: Journal, *, carry_out: bool) -> Deployment:
        """Bring $LATEST to what the version is."""
        latest = self.api.get_function(self.name)
        code = None if _code(latest) == _code(version) else code_of(self.api, version)
        deployer = Deployer(self.api, wanted_as(version, self.name, code), self.deadline)
        try:
            return deployer.deploy(carry_out=carry_out, journal=journal)
        except EngineError as error:
            error.advise(f"The alias stands for {version.version}.")
            raise


def _code(snapshot: FunctionSnapshot) -> tuple[object, ...]:
    """All that UpdateFunctionCode sets."""
    return (snapshot.code_sha256, snapshot.architectures, snapshot.source_kms_key_arn)
