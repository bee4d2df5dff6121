# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is and what is wanted to the steps between them. Pure: no client, no clock.

Check mode is a plan without its application, `--diff` a plan rendered; an empty plan is the proof that what is wanted
is in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .environment import Fate, combine, fates, refuse_too_large
from .errors import InvalidRequest
from .settings import SETTINGS, complete_settings
from .snapshot import FunctionSnapshot
from .steps import (
    NO_RESERVATION,
    CodeStep,
    ConcurrencyStep,
    ConfigurationStep,
    SettingChange,
    Step,
    TagStep,
    UntagStep,
)
from .wanted import Order, Wanted

_COLONS = 6  # in the ARN of a function without a qualifier
_PACKAGES = {"Zip": "zip", "Image": "container image"}


@dataclass(frozen=True)
class Plan:
    """The steps in the order in which they are to be carried out."""

    steps: tuple[Step, ...]

    @property
    def phases(self) -> frozenset[str]:
        return frozenset(step.phase for step in self.steps)


def make_plan(snapshot: FunctionSnapshot, wanted: Wanted) -> Plan:
    """Code and configuration in the wanted order, then what needs no settling; nothing that would change nothing.

    Raises InvalidRequest for what this function can't be asked.
    """
    _refuse_misfits(snapshot, wanted)
    environment = _wanted_environment(snapshot, wanted)
    code = _code_step(snapshot, wanted)
    configuration = _configuration_step(snapshot, wanted, environment)
    steps: tuple[Step | None, ...] = (code, configuration)
    match wanted.order:
        case Order.CONFIG_FIRST:
            steps = (configuration, code)
        case Order.EXPAND_CONTRACT:
            steps = (*_expand_contract(snapshot, wanted, environment, code, configuration),)
    found = (*steps, *_tag_steps(snapshot, wanted), _concurrency_step(snapshot, wanted))
    return Plan(tuple(step for step in found if step is not None))


def changed_fields(before: FunctionSnapshot, after: FunctionSnapshot) -> tuple[str, ...]:
    """What differs between two readings of one function, in the words of the options."""
    names = ["code"] if before.code_sha256 != after.code_sha256 else []
    names += ["architecture"] if before.architectures != after.architectures else []
    names += [s.option for s in SETTINGS if before.settings[s.option] != after.settings[s.option]]
    names += [
        f"environment_variables.{name}"
        for name, fate in fates(before.environment, after.environment).items()
        if fate is not Fate.KEPT
    ]
    names += ["tags"] if before.tags != after.tags else []
    names += ["reserved_concurrent_executions"] if before.reserved_concurrency != after.reserved_concurrency else []
    return tuple(names)


def _refuse_misfits(snapshot: FunctionSnapshot, wanted: Wanted) -> None:
    if snapshot.version != "$LATEST":
        raise InvalidRequest(
            f"{wanted.name} names version {snapshot.version}, and a published version can't be changed.",
            hint="Leave the version or alias out of the name: updates go to $LATEST.",
        )
    if snapshot.arn.count(":") > _COLONS:
        raise InvalidRequest(
            f"{wanted.name} names a version or an alias beside the function.",
            hint="Leave it out of the name: updates go to $LATEST.",
        )
    if misfits := [*_misfits(snapshot, wanted)]:
        raise InvalidRequest(
            f"{snapshot.name} is a {_PACKAGES[snapshot.package_type]} function (package type {snapshot.package_type}), "
            f"so {', '.join(misfits)} does not apply to it.",
            hint="Its package type can't be changed: leave these options out, or create another function instead.",
        )
    for setting in SETTINGS:
        if wanted.settings.get(setting.option) == "" and not setting.clearable:
            raise InvalidRequest(
                f"{setting.option} is empty, and a function can't be without it.",
                hint="Leave the option out to keep what is in force.",
            )
    if wanted.code is None:
        for option, now, asked in (
            ("architecture", snapshot.architectures, wanted.architecture and (wanted.architecture,)),
            ("source_kms_key_arn", snapshot.source_kms_key_arn, wanted.source_kms_key_arn),
        ):
            if asked is not None and asked != now:
                raise InvalidRequest(
                    f"{option} can be changed only together with the code.",
                    hint="Add zip_file, s3_bucket or image_uri to the same task.",
                )


def _misfits(snapshot: FunctionSnapshot, wanted: Wanted) -> Iterator[str]:
    if wanted.code is not None and wanted.code.package_type != snapshot.package_type:
        yield wanted.code.option
    for setting in SETTINGS:
        misfit = setting.image_only if snapshot.package_type == "Zip" else setting.zip_only
        if misfit and setting.option in wanted.settings:
            yield setting.option


def _code_step(snapshot: FunctionSnapshot, wanted: Wanted) -> CodeStep | None:
    code = wanted.code
    if code is None:
        return None
    architecture = None if (wanted.architecture,) == snapshot.architectures else wanted.architecture
    key = snapshot.source_kms_key_arn if wanted.source_kms_key_arn is None else wanted.source_kms_key_arn
    after = code.code_sha256
    if after == snapshot.code_sha256 and architecture is None and key == snapshot.source_kms_key_arn:
        return None
    return CodeStep(wanted.name, code, snapshot.code_sha256, after, architecture, key or None)


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
    completed = complete_settings(wanted.settings, snapshot.settings, snapshot.home)
    settings = {**snapshot.settings, **completed}
    changes = tuple(
        SettingChange(setting, before, after)
        for setting in SETTINGS
        if (after := settings[setting.option]) != (before := snapshot.settings[setting.option])
    )
    if environment == snapshot.environment:
        environment = None
    if not changes and environment is None:
        return None
    return ConfigurationStep(wanted.name, changes, settings, environment)


def _expand_contract(
    snapshot: FunctionSnapshot,
    wanted: Wanted,
    environment: dict[str, str] | None,
    code: CodeStep | None,
    configuration: ConfigurationStep | None,
) -> Iterator[Step | None]:
    """New names first, so that the new code finds them and the old code, which does not look, is not disturbed."""
    new = {name: text for name, text in (environment or {}).items() if name not in snapshot.environment}
    if code is None or not new:
        yield from (code, configuration)
        return
    both = {**snapshot.environment, **new}
    refuse_too_large(both, "while both the old and the new names are there (update_order=expand_contract)")
    expand = ConfigurationStep(wanted.name, (), snapshot.settings, both, expanding=True)
    yield from (expand, code, _configuration_step(expand.predict(snapshot), wanted, environment))


def _tag_steps(snapshot: FunctionSnapshot, wanted: Wanted) -> Iterator[Step]:
    if wanted.tags is None:
        return
    if snapshot.tags is None:
        raise InvalidRequest(
            f"The tags of {snapshot.name} can't be read, so they can't be compared.",
            hint="Allow lambda:ListTags on the function, for whoever runs this task, or leave tags out.",
        )
    mine = {key: text for key, text in snapshot.tags.items() if not key.startswith("aws:")}  # those are AWS's own
    if changed := {key: text for key, text in wanted.tags.items() if mine.get(key) != text}:
        yield TagStep(snapshot.arn, changed)
    if gone := tuple(sorted(mine.keys() - wanted.tags.keys())) if wanted.purge_tags else ():
        yield UntagStep(snapshot.arn, gone)


def _concurrency_step(snapshot: FunctionSnapshot, wanted: Wanted) -> ConcurrencyStep | None:
    if wanted.reserved_concurrency is None:
        return None
    reserved = None if wanted.reserved_concurrency == NO_RESERVATION else wanted.reserved_concurrency
    return None if reserved == snapshot.reserved_concurrency else ConcurrencyStep(wanted.name, reserved)
