# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a comparison ends in: a verdict, every difference with its severity and why it matters, and notes. Pure.

Which differences there are is judged in judge.py, package_drift.py and library_drift.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """From best to worst. unknown is worse than any drift that could be read: it may hide the worst."""

    IDENTICAL = "identical"
    SAME_BASE = "same_base"
    COMPATIBLE_DRIFT = "compatible_drift"
    RISKY_DRIFT = "risky_drift"
    UNKNOWN = "unknown"
    INCOMPATIBLE = "incompatible"

    @property
    def rank(self) -> int:
        return list(Verdict).index(self)

    def fails(self, fail_on: str) -> bool:
        """fail_on: the mildest verdict that fails, or `never`. What is unknown may be anything, so it fails."""
        if fail_on == "never":
            return False
        return self is Verdict.UNKNOWN or self.rank >= Verdict(fail_on).rank


# From what excludes the most to what is told last.
KINDS = ("platform", "distribution", "release", "local_copy", "base", "library", "package")


@dataclass(frozen=True, slots=True)
class Difference:
    """kind: one of KINDS; build and runtime: "" where one has none; severity: the verdict that this difference alone
    would give; package: which one brought what differs, "" where none did; ignored: it counts for nothing."""

    kind: str
    name: str
    build: str
    runtime: str
    severity: Verdict
    why: str
    package: str = ""
    ignored: bool = False


@dataclass(frozen=True, slots=True)
class Parity:
    """build_only: packages that only the build image has, which are no drift; unread: what could not be read, in
    sentences, which are the first of the notes; best: the verdict if no difference counted."""

    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    build_only: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    best: Verdict = Verdict.COMPATIBLE_DRIFT


def sum_up(
    differences: Iterable[Difference] = (),
    unread: Sequence[str] = (),
    notes: Sequence[str] = (),
    build_only: tuple[str, ...] = (),
    best: Verdict = Verdict.COMPATIBLE_DRIFT,
) -> Parity:
    """The worst difference gives the verdict; what could not be read is never better than unknown."""
    ordered = sorted(differences, key=lambda d: (d.ignored, -d.severity.rank, KINDS.index(d.kind), d.name))
    counted = [d.severity for d in ordered if not d.ignored]
    verdict = max((best, *counted), key=lambda v: v.rank)
    if unread and verdict.rank < Verdict.UNKNOWN.rank:
        verdict = Verdict.UNKNOWN
    return Parity(verdict, tuple(ordered), tuple(dict.fromkeys((*unread, *notes))), build_only, tuple(unread), best)
