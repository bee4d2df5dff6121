# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An alias as it was read: which version it stands for, how its traffic is split, and where it stood before.

Lambda remembers no history of an alias. Its description is the one place that changes in the same step as its version,
so that is where the version that it stood for before is kept, behind whatever else the description says. A note names
the version for which it was written, so that it means nothing once another tool has moved the alias.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_LONGEST = 256  # characters of a description; Lambda API reference, UpdateAlias
_NOTE = re.compile(r"\s*\[(?P<at>\d+), (?P<how>before|rolled back from): (?P<version>\d+)\]$")


@dataclass(frozen=True)
class Alias:
    """weights: the share (0 to 1) of the calls that other versions get, by version."""

    name: str
    version: str
    weights: Mapping[str, float] = field(default_factory=dict)
    revision_id: str = ""
    description: str = ""

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Alias:
        """Read the answer of GetAlias, UpdateAlias or CreateAlias."""
        routing = answer.get("RoutingConfig") or {}
        return cls(
            name=answer["Name"],
            version=answer["FunctionVersion"],
            weights=dict(routing.get("AdditionalVersionWeights") or {}),
            revision_id=answer.get("RevisionId", ""),
            description=answer.get("Description", ""),
        )

    @property
    def previous(self) -> str | None:
        """The version that it stood for before it was moved to this one."""
        return self._noted("before")

    @property
    def rolled_back_from(self) -> str | None:
        """The version from which it was moved back to this one."""
        return self._noted("rolled back from")

    @property
    def protected(self) -> frozenset[str]:
        """The versions that have to stay while it stands as it does."""
        return frozenset({self.version, *self.weights, *filter(None, (self.previous,))})

    def note_of_move(self, version: str) -> str | None:
        """The description once the alias has moved on to version; None to leave it."""
        if not self.version.isdigit():  # $LATEST is no version to come back to
            return None
        return self._with_note(f"[{version}, before: {self.version}]")

    def note_of_rollback(self, version: str) -> str | None:
        """The description once the alias has moved back to version, or has taken back what it shared."""
        left = self.version if self.version != version else next(iter(self.weights), "")
        return self._with_note(f"[{version}, rolled back from: {left}]") if left.isdigit() else None

    def as_result(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "version": self.version,
            "weights": dict(self.weights),
            "previous_version": self.previous,
        }

    def _noted(self, how: str) -> str | None:
        found = _NOTE.search(self.description)
        if not found or (found["how"], found["at"]) != (how, self.version):
            return None
        return found["version"]

    def _with_note(self, note: str) -> str:
        own = _NOTE.sub("", self.description)
        return f"{own[: _LONGEST - len(note) - 1]} {note}".strip()
