# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A deployment in the words of a result: plain values, and never the value of an environment variable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .environment import Fate, fates
from .journal import Outcome, Phase
from .snapshot import FunctionSnapshot

if TYPE_CHECKING:
    from .alias import Alias
    from .deployment import Deployment
    from .rollback import RolledBack

_UNKNOWN_CODE = "(known once Lambda has read it)"
_NEW_VERSION = "(a new version)"
_DONE = {
    "expand": ("new variables were added first in {seconds}", "new variables would be added first"),
    "code": ("code updated in {seconds}", "code would be updated"),
    "configuration": ("configuration updated in {seconds}", "configuration would be updated"),
    "tag": ("tags updated", "tags would be updated"),
    "untag": ("tags removed", "tags would be removed"),
    "concurrency": ("reserved concurrency updated", "reserved concurrency would be updated"),
    "publish": ("version {version} published", "a version would be published"),
    "alias": ("{alias} moved to version {version}", "{alias} would be moved to it"),
    "new alias": ("{alias} created at version {version}", "{alias} would be created for it"),
    "prune": ("old versions deleted: {pruned}", "old versions would be deleted: {pruned}"),
}


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
        "image_uri": snapshot.image_uri or None,
        "source_kms_key_arn": snapshot.source_kms_key_arn,
        "tags": None if snapshot.tags is None else dict(snapshot.tags),
        "reserved_concurrent_executions": snapshot.reserved_concurrency,
        **snapshot.settings,
        "environment": sorted(snapshot.environment),
    }


def release_result(deployment: Deployment) -> dict[str, Any]:
    """What was published and where the alias stands; None where nothing was asked."""
    found = deployment.released
    if found is None:
        return {"version": None, "alias": None, "pruned_versions": []}
    alias = found.alias.as_result() if found.alias else None
    return {"version": found.version, "alias": alias, "pruned_versions": list(found.pruned)}


def environment_result(deployment: Deployment) -> dict[str, str]:
    """What happened to each variable, by name."""
    before = deployment.before.environment if deployment.journal.changed else deployment.after.environment
    return {name: fate.value for name, fate in fates(before, deployment.after.environment).items()}


def diff_result(deployment: Deployment) -> dict[str, str]:
    """Before and after of what changes, for `--diff`; values of the environment are named, not shown."""
    if not deployment.journal.changed:
        return {"before": "", "after": ""}
    lines: list[tuple[str | None, str | None]] = [
        *_diff(_shown(deployment.before), _shown(deployment.after)),
        *_diff_environment(environment_result(deployment)),
        *_diff_alias(deployment),
    ]
    before, after = ([line for line in side if line] for side in zip(*lines, strict=True)) if lines else ([], [])
    return {"before": _text(before), "after": _text(after)}


def _shown(snapshot: FunctionSnapshot) -> dict[str, Any]:
    """Everything of a function that may be shown, by option."""
    return {
        "code_sha256": snapshot.code_sha256 or _UNKNOWN_CODE,
        "architectures": list(snapshot.architectures),
        "source_kms_key_arn": snapshot.source_kms_key_arn,
        **snapshot.settings,
        "tags": snapshot.tags,
        "reserved_concurrent_executions": snapshot.reserved_concurrency,
    }


def _diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str | None, str | None]]:
    for option in old:
        if old[option] != new[option]:
            yield f"{option}: {old[option]}", f"{option}: {new[option]}"


def _diff_environment(environment: Mapping[str, str]) -> Iterator[tuple[str | None, str | None]]:
    for name, fate in environment.items():
        variable = f"environment_variables.{name}"
        match fate:
            case Fate.ADDED:
                yield None, f"{variable}: (hidden)"
            case Fate.REMOVED:
                yield f"{variable}: (hidden)", None
            case Fate.CHANGED:
                yield f"{variable}: (hidden, as it was)", f"{variable}: (hidden, changed)"


def _diff_alias(deployment: Deployment) -> Iterator[tuple[str | None, str | None]]:
    found = deployment.released
    if found is None or _idle(deployment.journal.phases.get("alias")):
        return
    before = found.alias_before
    yield (
        f"alias {found.name}: {_stands(before)}" if before else None,
        f"alias {found.name}: {_NEW_VERSION if found.version is None else found.version}",
    )


def _idle(phase: Phase | None) -> bool:
    return phase is None or phase.outcome not in (Outcome.APPLIED, Outcome.PLANNED)


def _stands(alias: Alias) -> str:
    shares = "".join(f", {share:.0%} to {version}" for version, share in alias.weights.items())
    return f"{alias.version}{shares}"


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def summary(deployment: Deployment) -> str:
    """One sentence on what happened, for a person who reads nothing else."""
    journal = deployment.journal
    told = [phrase for phase in journal.phases.values() if (phrase := _told(phase, deployment))]
    met = f", after {journal.conflicts} conflict{'s' * (journal.conflicts != 1)}" if journal.conflicts else ""
    gone = [name for name, fate in environment_result(deployment).items() if fate == Fate.REMOVED.value]
    removed = f"; removed from the environment: {', '.join(gone)}" if gone else ""
    return f"{deployment.before.name}: {_listed(told) or 'nothing to do'}{met}{removed}."


def _told(phase: Phase, deployment: Deployment) -> str:
    if phase.name not in _DONE or _idle(phase):
        return ""
    found = deployment.released
    words = {
        "seconds": f"{phase.seconds:.1f} s",
        "version": found and found.version,
        "alias": found and found.name,
        "pruned": ", ".join(found.pruned) if found else "",
    }
    created = phase.name == "alias" and found and not found.alias_before
    return _DONE["new alias" if created else phase.name][phase.outcome is Outcome.PLANNED].format(**words)


def _listed(phrases: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(phrases[:-1]), *phrases[-1:])))


def rollback_summary(rollback: RolledBack, function: str) -> str:
    """One sentence on where the alias stands now, and why there."""
    before, after, why = rollback.before, rollback.after, rollback.target.why
    planned = rollback.journal.phases["alias"].outcome is Outcome.PLANNED
    if _idle(rollback.journal.phases["alias"]):
        moved = f"{after.name} stays at {after.version} ({why})"
    elif before.version == after.version:
        moved = f"{after.name} {'would give' if planned else 'gives'} all traffic to {after.version} ({why})"
    else:
        verb = "would move" if planned else "moved"
        moved = f"{after.name} {verb} back from {before.version} to {after.version} ({why})"
    if rollback.latest is None:
        return f"{function}: {moved}."
    phases = [phase for phase in rollback.latest.journal.phases.values() if phase.name != "alias"]
    restored = _listed([phrase for phase in phases if (phrase := _told(phase, rollback.latest))])
    return f"{function}: {moved}; $LATEST: {restored or 'nothing to do'}."


def rollback_diff(rollback: RolledBack) -> dict[str, str]:
    """Before and after of what changes, for `--diff`."""
    latest = diff_result(rollback.latest) if rollback.latest else {"before": "", "after": ""}
    if not _idle(rollback.journal.phases["alias"]):
        for side, alias in (("before", rollback.before), ("after", rollback.after)):
            latest[side] += f"alias {alias.name}: {_stands(alias)}\n"
    return latest
