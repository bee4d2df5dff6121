# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a settled $LATEST to the steps that bring an alias to it. Pure: no client, no clock.

What callers of an alias get is a published version, code and configuration together. Nothing is published while
$LATEST is in between two steps, and an alias moves in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from .alias import Alias
from .errors import InvalidRequest
from .snapshot import FunctionSnapshot
from .steps import guarded
from .verify import Verification


@dataclass(frozen=True)
class Shift:
    """One step of a gradual move: the share (0 to 1) of the calls that the new version gets, for how many seconds."""

    weight: float
    pause: float


@dataclass(frozen=True)
class Release:
    """What is wanted beyond $LATEST. alias: None to publish only. alarms: names; any of them in ALARM ends a shift.

    keep_versions: how many published versions are kept, beside those that are in use.
    """

    alias: str | None = None
    version_description: str | None = None
    verification: Verification | None = None
    traffic: tuple[Shift, ...] = ()
    alarms: tuple[str, ...] = ()
    keep_versions: int | None = None


@dataclass(frozen=True)
class Published:
    """What was found. version: the one that the alias stands for, or the newest when no alias is wanted."""

    alias: Alias | None = None
    version: FunctionSnapshot | None = None

    @property
    def usable(self) -> FunctionSnapshot | None:
        """The version, if it is a published one that has come to life."""
        version = self.version
        if version is None or version.version == "$LATEST" or version.broken or version.in_motion:
            return None
        return version

    def stands_for(self, version: str) -> bool:
        """Whether that version was there before, and all traffic of the alias goes to it."""
        if self.usable is None or self.usable.version != version:
            return False
        return not (self.alias and self.alias.weights)


@dataclass(frozen=True)
class Publish:
    """Make $LATEST a version. Lambda makes none when nothing changed since the newest, and returns that one."""

    operation: ClassVar[str] = "PublishVersion"
    name: str
    code_sha256: str
    description: str | None = None

    def members(self, revision_id: str | None) -> dict[str, Any]:
        description = {} if self.description is None else {"Description": self.description}
        return guarded({"FunctionName": self.name, "CodeSha256": self.code_sha256, **description}, revision_id)


@dataclass(frozen=True)
class MoveAlias:
    """Point an alias at a version, with all its traffic or with a share of it beside another one."""

    operation: ClassVar[str] = "UpdateAlias"
    name: str
    alias: str
    version: str
    weights: dict[str, float]
    description: str | None = None

    def members(self, revision_id: str | None) -> dict[str, Any]:
        description = {} if self.description is None else {"Description": self.description}
        return guarded(
            {
                "FunctionName": self.name,
                "Name": self.alias,
                "FunctionVersion": self.version,
                "RoutingConfig": {"AdditionalVersionWeights": self.weights},
                **description,
            },
            revision_id,
        )


@dataclass(frozen=True)
class CreateAlias:
    """Make an alias that is not there yet."""

    operation: ClassVar[str] = "CreateAlias"
    name: str
    alias: str
    version: str

    def members(self, revision_id: str | None) -> dict[str, Any]:
        return {"FunctionName": self.name, "Name": self.alias, "FunctionVersion": self.version}


@dataclass(frozen=True)
class DeleteVersion:
    """Delete one published version; the function itself is never meant."""

    operation: ClassVar[str] = "DeleteFunction"
    name: str
    version: str

    def members(self, revision_id: str | None) -> dict[str, Any]:
        return {"FunctionName": self.name, "Qualifier": str(int(self.version))}


def release_phases(release: Release) -> dict[str, str]:
    """The phases of a release by name, with their operations."""
    phases = {"publish": Publish.operation}
    if release.verification:
        phases["verify"] = "Invoke"
    if release.alias and release.traffic:
        phases["shift"] = MoveAlias.operation
    if release.alias:
        phases["alias"] = MoveAlias.operation
    if release.keep_versions is not None:
        phases["prune"] = DeleteVersion.operation
    return phases


def released(latest: FunctionSnapshot, found: Published, release: Release) -> bool:
    """Whether what is in force in $LATEST is published, and all callers of the alias get it."""
    if found.usable is None or (found.alias and found.alias.weights):
        return False
    return same_content(latest, found.usable, release)


def shares_traffic(latest: FunctionSnapshot, found: Published, release: Release) -> bool:
    """Whether the alias stands for the right version already, while a part of its traffic still goes elsewhere."""
    if found.usable is None or not (found.alias and found.alias.weights):
        return False
    return same_content(latest, found.usable, release)


def same_content(latest: FunctionSnapshot, version: FunctionSnapshot, release: Release) -> bool:
    """Whether a version is known to behave as $LATEST does.

    One that was published under a description of its own differs there. Source: Lambda API reference, PublishVersion.
    """
    if latest.environment_error or version.environment_error:
        return False
    if latest.content == version.content:
        return True
    if release.version_description is None or not version.settings["description"]:
        return False
    described = {**version.settings, "description": latest.settings["description"]}
    return latest.content == replace(version, settings=described).content


def planned_phases(latest: FunctionSnapshot, found: Published, release: Release) -> frozenset[str]:
    """The phases that would do something, for a $LATEST as it will be; pruning is not planned here."""
    if released(latest, found, release):
        return frozenset()
    if shares_traffic(latest, found, release):
        return frozenset({"alias"})
    phases = release_phases(release).keys() - {"prune"}
    return frozenset(phases - (set() if gradual(found, release) else {"shift"}))


def gradual(found: Published, release: Release) -> bool:
    """Whether there is a version to shift the traffic from."""
    return bool(release.traffic and found.alias and found.alias.version != "$LATEST")


def prunable(versions: Sequence[str], aliases: Iterable[Alias], keep: int) -> tuple[str, ...]:
    """The versions beyond the newest `keep` that no alias uses or would be rolled back to, oldest first."""
    protected = {version for alias in aliases for version in alias.protected}
    newest = sorted(versions, key=int)[max(0, len(versions) - keep) :] if keep else []
    return tuple(version for version in sorted(versions, key=int) if version not in {*protected, *newest})


def refuse_odd_release(release: Release, *, publish: bool) -> None:
    """Raises InvalidRequest for what no release can be. publish: whether one is asked for without an alias."""
    if release.alias == "":
        raise InvalidRequest("alias is empty.", hint="Name the alias, or leave it out.")
    if release.alarms and not release.traffic:
        raise InvalidRequest(
            "alarms is given without traffic.", hint="Give the steps in which the traffic is shifted while they watch."
        )
    if release.traffic and not release.alias:
        raise InvalidRequest("traffic is given without alias.", hint="Name the alias whose traffic is to be shifted.")
    if release != Release() and not release.alias and not publish:
        raise InvalidRequest(
            "verify, version_description or keep_versions is given, but nothing is to be published.",
            hint="Add alias, or publish=true.",
        )
    for shift in release.traffic:
        if not 0 < shift.weight < 1:
            raise InvalidRequest(
                f"traffic: a weight of {shift.weight:g} is no share of the traffic between 0 and 1.",
                hint="Write 0.1 for a tenth; all of it is what the version gets in the end.",
            )
        if shift.pause < 0:
            raise InvalidRequest("traffic: a pause is negative.", hint="Give the seconds that the step lasts.")
    if release.verification and not 1 <= release.verification.timeout <= 900:
        raise InvalidRequest("verify: timeout is not within 1 and 900 seconds.", hint="A function runs no longer.")
    if release.keep_versions is not None and release.keep_versions < 1:
        raise InvalidRequest("keep_versions is less than 1.", hint="Give how many published versions are to stay.")
