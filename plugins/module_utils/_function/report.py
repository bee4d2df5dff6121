# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An update in the words of a result: plain values, and never the value of an environment variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .environment import Fate, fates
from .journal import Outcome, Phase
from .snapshot import FunctionSnapshot
from .update import WRITES, Update

_UNKNOWN_CODE = "(known once Lambda has read the object)"


def function_result(snapshot: FunctionSnapshot) -> dict[str, Any]:
    """The settled function: its configuration, with the environment by name."""
    return {
        "name": snapshot.name,
        "arn": snapshot.arn,
        "version": snapshot.version,
        "package_type": snapshot.package_type,
        "architectures": list(snapshot.architectures),
        "code_sha256": snapshot.code_sha256 or None,
        "code_size": snapshot.code_size,
        "last_modified": snapshot.last_modified,
        "revision_id": snapshot.revision_id,
        "state": snapshot.state,
        "last_update_status": snapshot.last_update_status,
        **snapshot.settings,
        "environment": sorted(snapshot.environment),
    }


def environment_result(update: Update) -> dict[str, str]:
    """What happened to each variable, by name."""
    before = update.before.environment if update.journal.changed else update.after.environment
    return {name: fate.value for name, fate in fates(before, update.after.environment).items()}


def diff_result(update: Update) -> dict[str, str]:
    """Before and after of what changes, for `--diff`; values of the environment are named, not shown."""
    before: list[str] = []
    after: list[str] = []
    if update.journal.changed:
        _diff_settings(update, before, after)
        _diff_environment(environment_result(update), before, after)
    return {"before": _lines(before), "after": _lines(after)}


def _diff_settings(update: Update, before: list[str], after: list[str]) -> None:
    old = {"code_sha256": update.before.code_sha256, **update.before.settings}
    new = {"code_sha256": update.after.code_sha256 or _UNKNOWN_CODE, **update.after.settings}
    for option in old:
        if old[option] != new[option]:
            before.append(f"{option}: {old[option]}")
            after.append(f"{option}: {new[option]}")


def _diff_environment(environment: Mapping[str, str], before: list[str], after: list[str]) -> None:
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


def _lines(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def summary(update: Update) -> str:
    """One sentence on what happened, for a person who reads nothing else."""
    phases = update.journal.phases
    told = [phrase for operation, name in WRITES.items() if (phrase := _told(name, phases[operation]))]
    conflicts = update.journal.conflicts
    met = f", after {conflicts} conflict{'s' * (conflicts != 1)}" if conflicts else ""
    gone = [name for name, fate in environment_result(update).items() if fate == Fate.REMOVED.value]
    removed = f"; removed from the environment: {', '.join(gone)}" if gone else ""
    return f"{update.before.name}: {' and '.join(told) or 'nothing to do'}{met}{removed}."


def _told(name: str, phase: Phase) -> str:
    match phase.outcome:
        case Outcome.APPLIED:
            return f"{name} updated in {phase.seconds:.1f} s"
        case Outcome.PLANNED:
            return f"{name} would be updated"
        case _:
            return ""
