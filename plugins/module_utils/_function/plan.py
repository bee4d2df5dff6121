# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is and what is wanted to the steps between them. Pure: no client, no clock.

Check mode is a plan without its application, `--diff` a plan rendered; an empty plan is the proof that what is wanted
is in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeAlias

from .code import Code
from .environment import Fate, combine, fates
from .errors import InvalidRequest
from .settings import SETTINGS, Setting
from .snapshot import FunctionSnapshot
from .wanted import Wanted


@dataclass(frozen=True)
class CodeStep:
    """Replace the code. after is None when the hash of an S3 object is known only once Lambda has read it."""

    operation: ClassVar[str] = "UpdateFunctionCode"
    code: Code
    before: str
    after: str | None

    @property
    def request(self) -> dict[str, Any]:
        return self.code.request

    @property
    def fields(self) -> tuple[str, ...]:
        return ("code",)


@dataclass(frozen=True)
class SettingChange:
    """One setting's value now and then, in the form of its option."""

    setting: Setting
    before: Any
    after: Any


@dataclass(frozen=True)
class ConfigurationStep:
    """Change settings and the environment in one request. environment is None when it stays as it is."""

    operation: ClassVar[str] = "UpdateFunctionConfiguration"
    changes: tuple[SettingChange, ...]
    environment_before: Mapping[str, str] = field(repr=False)
    environment: Mapping[str, str] | None = field(repr=False)

    @property
    def request(self) -> dict[str, Any]:
        members = {change.setting.member: change.setting.request(change.after) for change in self.changes}
        if self.environment is not None:
            members["Environment"] = {"Variables": dict(self.environment)}
        return members

    @property
    def fields(self) -> tuple[str, ...]:
        names = tuple(change.setting.option for change in self.changes)
        return names if self.environment is None else (*names, "environment_variables")


Step: TypeAlias = "CodeStep | ConfigurationStep"


@dataclass(frozen=True)
class Plan:
    """The steps in the order in which they are to be carried out."""

    steps: tuple[Step, ...]

    @property
    def operations(self) -> frozenset[str]:
        return frozenset(step.operation for step in self.steps)


def make_plan(snapshot: FunctionSnapshot, wanted: Wanted) -> Plan:
    """Code first, then the configuration; a step that would change nothing is left out.

    Raises InvalidRequest for what this function can't be asked.
    """
    _refuse_misfits(snapshot, wanted)
    environment = _wanted_environment(snapshot, wanted)
    steps = (_code_step(snapshot, wanted.code), _configuration_step(snapshot, wanted, environment))
    return Plan(tuple(step for step in steps if step is not None))


def predicted(snapshot: FunctionSnapshot, plan: Plan) -> FunctionSnapshot:
    """The function as it will be read once the plan is carried out; code_sha256 is "" where nobody knows it yet."""
    for step in plan.steps:
        match step:
            case CodeStep():
                snapshot = replace(snapshot, code_sha256=step.after or "")
            case ConfigurationStep():
                settings = {**snapshot.settings, **{change.setting.option: change.after for change in step.changes}}
                environment = snapshot.environment if step.environment is None else step.environment
                snapshot = replace(snapshot, settings=settings, environment=environment)
    return snapshot


def changed_fields(before: FunctionSnapshot, after: FunctionSnapshot) -> tuple[str, ...]:
    """What differs between two readings of one function, in the words of the options."""
    names = [s.option for s in SETTINGS if before.settings[s.option] != after.settings[s.option]]
    if before.code_sha256 != after.code_sha256:
        names.insert(0, "code")
    names += [
        f"environment_variables.{name}"
        for name, fate in fates(before.environment, after.environment).items()
        if fate is not Fate.KEPT
    ]
    return tuple(names)


def _refuse_misfits(snapshot: FunctionSnapshot, wanted: Wanted) -> None:
    if snapshot.version != "$LATEST":
        raise InvalidRequest(
            f"{wanted.name} names version {snapshot.version}, and a published version can't be changed.",
            hint="Leave the version or alias out of the name: updates go to $LATEST.",
        )
    if snapshot.package_type == "Image":
        misfits = [s.option for s in SETTINGS if s.zip_only and s.option in wanted.settings]
        if wanted.code is not None:
            misfits.insert(0, wanted.code.option)
        if misfits:
            raise InvalidRequest(
                f"{snapshot.name} is a container image function (package type Image), so {', '.join(misfits)} "
                "does not apply to it.",
                hint="Its package type can't be changed: leave these options out, or create a zip function instead.",
            )
    for setting in SETTINGS:
        if wanted.settings.get(setting.option) == "" and not setting.clearable:
            raise InvalidRequest(
                f"{setting.option} is empty, and a function can't be without it.",
                hint="Leave the option out to keep what is in force.",
            )


def _code_step(snapshot: FunctionSnapshot, code: Code | None) -> CodeStep | None:
    if code is None:
        return None
    after = code.digest.base64 if code.digest else None
    return None if after == snapshot.code_sha256 else CodeStep(code, before=snapshot.code_sha256, after=after)


def _wanted_environment(snapshot: FunctionSnapshot, wanted: Wanted) -> dict[str, str] | None:
    if wanted.environment is None:
        return None
    if snapshot.environment_error:
        raise InvalidRequest(
            f"The environment of {snapshot.name} can't be read, so it can't be compared: {snapshot.environment_error}.",
            hint="Allow kms:Decrypt on the key that encrypts it, for whoever runs this task.",
        )
    return combine(snapshot.environment, wanted.environment, wanted.environment_mode)


def _configuration_step(
    snapshot: FunctionSnapshot, wanted: Wanted, environment: dict[str, str] | None
) -> ConfigurationStep | None:
    changes = tuple(
        SettingChange(setting, snapshot.settings[setting.option], after)
        for setting in SETTINGS
        if setting.option in wanted.settings
        and (after := setting.complete(wanted.settings[setting.option], snapshot.home))
        != snapshot.settings[setting.option]
    )
    if environment == snapshot.environment:
        environment = None
    if not changes and environment is None:
        return None
    return ConfigurationStep(changes, environment_before=snapshot.environment, environment=environment)
