# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Delete old versions, as far as nobody needs them. Whatever stands in the way is a warning: the release is through."""

from __future__ import annotations

from contextlib import suppress

from .alias import Alias
from .aliases import read_aliases
from .client import LambdaApi
from .errors import AnswerLost, FunctionError, UnknownFunction, Unreachable
from .journal import Phase
from .release import DeleteVersion, prunable


def versions_to_prune(api: LambdaApi, name: str, keep: int, coming: Alias | None = None) -> tuple[str, ...]:
    """What pruning would delete, oldest first. coming: an alias as it will stand, at a version that may be new."""
    versions = {each.version for each in api.versions(name)}
    aliases = [each for each in read_aliases(api, name) if not coming or each.name != coming.name]
    if coming:
        versions.add(coming.version)
        aliases.append(coming)
    return prunable(sorted(versions, key=int), aliases, keep)


def prune(api: LambdaApi, name: str, keep: int, phase: Phase) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The versions that were deleted, and the warnings."""
    pruned: list[str] = []
    warnings: list[str] = []
    try:
        versions = versions_to_prune(api, name, keep)
    except FunctionError as error:
        return (), (f"Old versions of {name} could not be looked up: {error.message}",)
    for version in versions:
        try:
            ours = _delete(api, DeleteVersion(name, version), phase)
        except FunctionError as error:
            warnings.append(f"Version {version} of {name} could not be deleted: {error.message}")
            continue
        if ours:
            pruned.append(version)
            phase.accept()
    return tuple(pruned), tuple(warnings)


def _delete(api: LambdaApi, write: DeleteVersion, phase: Phase) -> bool:
    """Whether it was this task that deleted the version."""
    try:
        api.call(write.operation, write.members(None))
    except UnknownFunction:
        return False  # somebody else was faster
    except Unreachable:
        raise
    except AnswerLost:
        phase.lose()
        with suppress(UnknownFunction):  # once more: what is gone stays gone
            api.call(write.operation, write.members(None))
    return True
