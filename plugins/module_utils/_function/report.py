# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An update in the words of a result: plain values, and never the value of an environment variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .environment import Fate
from .journal import Outcome, Phase
from .plan import CodeStep, ConfigurationStep, Plan
from .snapshot import FunctionSnapshot
from .update import Update


def function_result(snapshot: FunctionSnapshot) -> dict[str, Any]:
    """The settled function: its configuration, with the environment by name."""
    return {
        "name": snapshot.name,
        "arn": snapshot.arn,
        "version": snapshot.version,
        "package_type": snapshot.package_type,
        "architectures": list(snapshot.architectures),
        "code_sha256": snapshot.code_sha256,
        "code_size": snapshot.code_size,
        "last_modified": snapshot.last_modified,
        "revision_id": snapshot.revision_id,
        "state": snapshot.state,
        "last_update_status": snapshot.last_update_status,
        **snapshot.settings,
        "environment": sorted(snapshot.environment),
    }


def diff_result(plan: Plan) -> dict[str, str]:
    """Before and after of what changes, for `--diff`; values of the environment are named, not shown."""
    before: list[str] = []
    after: list[str] = []
    for step in plan.steps:
        match step:
            case CodeStep():
                before.append(f"code_sha256: {step.before}")
                after.append(f"code_sha256: {step.after or f'whatever {step.code} holds'}")
            case ConfigurationStep():
                for change in step.changes:
                    before.append(f"{change.setting.option}: {change.before}")
                    after.append(f"{change.setting.option}: {change.after}")
                _diff_environment(plan.environment, before, after)
    return {"before": _lines(before), "after": _lines(after)}


def _diff_environment(environment: Mapping[str, Fate], before: list[str], after: list[str]) -> None:
    for name, fate in environment.items():
        variable = f"environment_variables.{name}"
        match fate:
            case Fate.ADDED:
                after.append(f"{variable}: (hidden)")
            case Fate.REMOVED:
                before.append(f"{variable}: (hidden)")
            case Fate.CHANGED:
                before.append(f"{variable}: (hidden, as it was)")
                after.append(f"{variable}: (hidden, changed)")
            case Fate.KEPT:
                pass


def _lines(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def summary(update: Update) -> str:
    """One sentence on what happened, for a person who reads nothing else."""
    told = [_told(phase) for phase in update.journal.phases.values() if phase.operation in _NAMES]
    told = [phrase for phrase in told if phrase]
    conflicts = update.journal.conflicts
    met = f", after {conflicts} conflict{'s' * (conflicts != 1)}" if conflicts else ""
    return f"{update.before.name}: {' and '.join(told)}{met}." if told else f"{update.before.name}: nothing to do."


_NAMES = {CodeStep.operation: "code", ConfigurationStep.operation: "configuration"}


def _told(phase: Phase) -> str:
    match phase.outcome:
        case Outcome.APPLIED:
            return f"{_NAMES[phase.operation]} updated in {phase.seconds:.1f} s"
        case Outcome.PLANNED:
            return f"{_NAMES[phase.operation]} would be updated"
        case _:
            return ""
