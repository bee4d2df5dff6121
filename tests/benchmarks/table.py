# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One row for each piece of work, and its table for a terminal and for a document.

It says whether a goal is met in this run and draws no other conclusion.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

HEAD = ("work", "ours", "amazon.aws", "waiters", "ratio", "goal", "met")
_EARLY = "†"
NOTES = (
    "ours: lambda_safe_update; amazon.aws: amazon.aws.lambda, and lambda_alias where there is an alias; waiters: a "
    "boto3 script with botocore's waiters.",
    "Calls to Lambda / seconds of the whole process, medians; ratio: seconds of ours by those of amazon.aws.",
    f"{_EARLY} returned while its update was still in progress.",
)


@dataclass(frozen=True)
class Row:
    """One line. `met` is None where there is no goal; `runs` are the single measurements behind the cells."""

    work: str
    ours: str
    peer: str = ""
    waiters: str = ""
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None
    runs: dict[str, Any] = field(default_factory=dict)

    @property
    def cells(self) -> tuple[str, ...]:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        met = {None: "", True: "yes", False: "NO"}[self.met]
        return (self.work, self.ours, self.peer, self.waiters, ratio, self.goal, met)


def cell(calls: int, seconds: float, *, early: bool = False) -> str:
    return f"{calls} / {seconds:.2f} s{_EARLY if early else ''}"


def terminal(rows: Iterable[Row]) -> str:
    """Not wider than 100 columns."""
    lines = [HEAD, *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def markdown(rows: Iterable[Row]) -> str:
    lines = [HEAD, ("---",) * len(HEAD), *(row.cells for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def verdict(rows: Iterable[Row]) -> str:
    """One sentence about the goals."""
    judged = [row for row in rows if row.met is not None]
    if missed := [row.work for row in judged if not row.met]:
        return f"Not met: {'; '.join(missed)}."
    return f"All {len(judged)} goals are met." if judged else "Nothing here has a goal."
