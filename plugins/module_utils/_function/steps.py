# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of an update: what each one sends, and what the function is once it is done. Pure.

moves: whether it puts the function in motion, under the guard of a revision, so that it has to settle afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeAlias

from .code import Code
from .settings import Setting, request_members
from .snapshot import FunctionSnapshot

NO_RESERVATION = -1


def guarded(members: Mapping[str, Any], revision_id: str | None) -> dict[str, Any]:
    """The members of a request that is refused when somebody else wrote since revision_id was read."""
    return {**members, "RevisionId": revision_id} if revision_id else dict(members)


@dataclass(frozen=True)
class CodeStep:
    """Replace the code. after is None when the hash is known only once Lambda has read the object or the tag.

    architecture, source_kms_key_arn: None when they stay as they are.
    """

    operation: ClassVar[str] = "UpdateFunctionCode"
    moves: ClassVar[bool] = True
    phase: ClassVar[str] = "code"
    name: str
    code: Code
    before: str
    after: str | None
    architecture: str | None = None
    source_kms_key_arn: str | None = None

    @property
    def request(self) -> dict[str, Any]:
        architecture = {"Architectures": [self.architecture]} if self.architecture else {}
        # An update without this member takes the key away.
        key = {"SourceKMSKeyArn": self.source_kms_key_arn} if self.source_kms_key_arn else {}
        return {**self.code.request, **architecture, **key}

    @property
    def fields(self) -> tuple[str, ...]:
        return ("code",)

    def members(self, revision_id: str | None) -> dict[str, Any]:
        return guarded({"FunctionName": self.name, **self.request}, revision_id)

    def predict(self, snapshot: FunctionSnapshot) -> FunctionSnapshot:
        architectures = (self.architecture,) if self.architecture else snapshot.architectures
        key = self.source_kms_key_arn
        return replace(
            snapshot, code_sha256=self.after or "", architectures=architectures, source_kms_key_arn=key or ""
        )


@dataclass(frozen=True)
class SettingChange:
    """One setting's value now and then, in the form of its option."""

    setting: Setting
    before: Any
    after: Any


@dataclass(frozen=True)
class ConfigurationStep:
    """Change settings and the environment in one request. environment is None when it stays as it is.

    settings: all of them as they will be. expanding: the first half of an expand_contract.
    """

    operation: ClassVar[str] = "UpdateFunctionConfiguration"
    moves: ClassVar[bool] = True
    name: str
    changes: tuple[SettingChange, ...]
    settings: Mapping[str, Any] = field(repr=False)
    environment: Mapping[str, str] | None = field(repr=False)
    expanding: bool = False

    @property
    def phase(self) -> str:
        return "expand" if self.expanding else "configuration"

    @property
    def request(self) -> dict[str, Any]:
        members = request_members((change.setting.option for change in self.changes), self.settings)
        if self.environment is not None:
            members["Environment"] = {"Variables": dict(self.environment)}
        return members

    @property
    def fields(self) -> tuple[str, ...]:
        names = tuple(change.setting.option for change in self.changes)
        return names if self.environment is None else (*names, "environment_variables")

    def members(self, revision_id: str | None) -> dict[str, Any]:
        return guarded({"FunctionName": self.name, **self.request}, revision_id)

    def predict(self, snapshot: FunctionSnapshot) -> FunctionSnapshot:
        environment = snapshot.environment if self.environment is None else self.environment
        return replace(snapshot, settings=self.settings, environment=environment)


@dataclass(frozen=True)
class TagStep:
    """Add and change tags."""

    operation: ClassVar[str] = "TagResource"
    moves: ClassVar[bool] = False
    phase: ClassVar[str] = "tag"
    fields: ClassVar[tuple[str, ...]] = ("tags",)
    arn: str
    tags: Mapping[str, str]

    def members(self, revision_id: str | None) -> dict[str, Any]:
        return {"Resource": self.arn, "Tags": dict(self.tags)}

    def predict(self, snapshot: FunctionSnapshot) -> FunctionSnapshot:
        return replace(snapshot, tags={**(snapshot.tags or {}), **self.tags})


@dataclass(frozen=True)
class UntagStep:
    """Remove tags."""

    operation: ClassVar[str] = "UntagResource"
    moves: ClassVar[bool] = False
    phase: ClassVar[str] = "untag"
    fields: ClassVar[tuple[str, ...]] = ("tags",)
    arn: str
    keys: tuple[str, ...]

    def members(self, revision_id: str | None) -> dict[str, Any]:
        return {"Resource": self.arn, "TagKeys": list(self.keys)}

    def predict(self, snapshot: FunctionSnapshot) -> FunctionSnapshot:
        left = {key: text for key, text in (snapshot.tags or {}).items() if key not in self.keys}
        return replace(snapshot, tags=left)


@dataclass(frozen=True)
class ConcurrencyStep:
    """Reserve concurrent executions; None gives the reservation up."""

    phase: ClassVar[str] = "concurrency"
    moves: ClassVar[bool] = False
    fields: ClassVar[tuple[str, ...]] = ("reserved_concurrent_executions",)
    name: str
    reserved: int | None

    @property
    def operation(self) -> str:
        return "DeleteFunctionConcurrency" if self.reserved is None else "PutFunctionConcurrency"

    def members(self, revision_id: str | None) -> dict[str, Any]:
        reserved = {} if self.reserved is None else {"ReservedConcurrentExecutions": self.reserved}
        return {"FunctionName": self.name, **reserved}

    def predict(self, snapshot: FunctionSnapshot) -> FunctionSnapshot:
        return replace(snapshot, reserved_concurrency=self.reserved)


Step: TypeAlias = "CodeStep | ConfigurationStep | TagStep | UntagStep | ConcurrencyStep"


def predicted(snapshot: FunctionSnapshot, steps: Iterable[Step]) -> FunctionSnapshot:
    """The function as it will be read once the steps are carried out; code_sha256 is "" where nobody knows it yet."""
    for step in steps:
        snapshot = step.predict(snapshot)
    return snapshot
