# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read aliases, and write them guarded by the revision that was read."""

from __future__ import annotations

from .alias import Alias
from .client import LambdaApi
from .deadline import Deadline, backoff
from .errors import ForeignChange, UnknownFunction
from .journal import Phase
from .release import CreateAlias, MoveAlias
from .setbacks import Setback, setbacks


def read_alias(api: LambdaApi, name: str, alias: str) -> Alias | None:
    """None when the function has no such alias."""
    try:
        return Alias.of(api.read("GetAlias", {"FunctionName": name, "Name": alias}))
    except UnknownFunction:
        return None


def read_aliases(api: LambdaApi, name: str) -> list[Alias]:
    """All aliases of a function."""
    return [Alias.of(each) for each in api.pages("ListAliases", name, "Aliases")]


def write_alias(api: LambdaApi, write: MoveAlias | CreateAlias, alias: Alias | None, phase: Phase) -> Alias:
    """Send it once. alias: as it was read. Raises Setback when it has to be read again."""
    with setbacks(phase):
        answer = api.call(write.operation, write.members(alias.revision_id if alias else None))
    phase.accept()
    return Alias.of(answer)


def send_back(api: LambdaApi, write: MoveAlias, alias: Alias, phase: Phase, deadline: Deadline) -> Alias:
    """Bring an alias to where it belongs, through setbacks: it is read before it is written once more.

    Raises ForeignChange when somebody else has moved it meanwhile.
    """
    pauses = backoff()
    while True:
        try:
            return write_alias(api, write, alias, phase)
        except Setback as setback:
            if deadline.passed:
                raise setback.cause from None
            deadline.sleep(next(pauses))
        found = read_alias(api, write.name, write.alias)
        if found is None:
            raise UnknownFunction(f"{write.name}:{write.alias} was deleted meanwhile.", hint="Release to it again.")
        if (found.version, found.weights) == (write.version, write.weights):
            phase.accept()
            return found
        if found.version != alias.version:
            raise ForeignChange(
                f"{write.name}:{write.alias} was moved by somebody else to {found.version} meanwhile.",
                hint="Look what was released, then run the task again.",
            )
        alias = found
