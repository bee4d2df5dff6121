# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Differences that a user does not want to count: patterns, and a parity judged anew without what they match. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from .._errors import EngineError
from .parity import KINDS, Difference, Parity, sum_up

# Native code for another platform or another C library does not run, whatever anybody says.
NEVER = ("platform", "distribution")


class BadPattern(EngineError):
    """A pattern that can match nothing that may be ignored."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """kind: "" for all that may be ignored; name: with the wildcards of fnmatch; text: as the user wrote it."""

    kind: str
    name: str
    text: str

    def fits(self, difference: Difference) -> bool:
        return (
            difference.kind not in NEVER
            and self.kind in ("", difference.kind)
            and fnmatchcase(difference.name, self.name)
        )


def parse_patterns(texts: Iterable[str]) -> tuple[Pattern, ...]:
    """`[kind:]name`: `package:tzdata`, `library:libmagic.so.*`, `release:*`, `glib2`. Raises BadPattern."""
    return tuple(_parse(text) for text in texts)


def _parse(text: str) -> Pattern:
    kind, colon, name = text.partition(":")
    if not colon:
        kind, name = "", text
    shown = text[:100]
    if kind in NEVER:
        raise BadPattern(
            f"ignore: {shown!r} is of a kind that can't be ignored.",
            hint="Code for another platform or distribution does not run; set fail_on to never to go on all the same.",
        )
    if not name or (kind and kind not in KINDS):
        kinds = ", ".join(known for known in KINDS if known not in NEVER)
        raise BadPattern(f"ignore: {shown!r} does not parse.", hint=f"Write [kind:]name; kinds are {kinds}.")
    return Pattern(kind, name, text)


def without_ignored(parity: Parity, patterns: Sequence[Pattern]) -> Parity:
    """The same with what the patterns match marked, and the verdict that the rest gives."""
    if not patterns:
        return parity
    differences = [
        replace(difference, ignored=any(pattern.fits(difference) for pattern in patterns))
        for difference in parity.differences
    ]
    idle = [p.text for p in patterns if not any(p.fits(difference) for difference in parity.differences)]
    notes = (*parity.notes, *(f"Nothing that differs is matched by {text!r} of `ignore`." for text in idle))
    return sum_up(differences, parity.unread, notes, parity.build_only, parity.best)
