# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One row for each piece of work, and their tables for a terminal and for a document: one for each kind of row.

It says whether a goal is met in this run and draws no other conclusion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, ClassVar, TypeAlias

HEAD = ("work", "ours", "amazon.aws", "waiters", "ratio", "goal", "met")
_EARLY = "†"
_MET = {None: "", True: "yes", False: "NO"}
NOTES = (
    "ours: lambda_safe_update; amazon.aws: amazon.aws.lambda, and lambda_alias where there is an alias; waiters: a "
    "boto3 script with botocore's waiters.",
    "Calls to Lambda / seconds of the whole process, medians; ratio: seconds of ours by those of amazon.aws.",
    f"{_EARLY} returned while its update was still in progress.",
    "parity: requests that the registry answered and MB that it sent; peak memory of the process; ratio: seconds of "
    "docker by those of the row.",
    "native files: seconds of reading, without imports; peak memory of the process; ratio: seconds of pyelftools by "
    "those of the row.",
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
    head: ClassVar[tuple[str, ...]] = HEAD

    @property
    def cells(self) -> tuple[str, ...]:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return (self.work, self.ours, self.peer, self.waiters, ratio, self.goal, _MET[self.met])


@dataclass(frozen=True)
class Comparison:
    """One way to compare two images. size: bytes from the registry; peak: bytes, of our process alone; faster: the
    seconds of docker by its own."""

    work: str
    requests: int
    size: int
    seconds: float
    peak: int | None
    faster: float
    goal: str = ""
    met: bool | None = None
    runs: dict[str, Any] = field(default_factory=dict)
    head: ClassVar[tuple[str, ...]] = ("images", "requests", "MB", "seconds", "peak MB", "ratio", "goal", "met")

    @property
    def cells(self) -> tuple[str, ...]:
        peak = "" if self.peak is None else f"{self.peak / 1e6:.0f}"
        size = f"{self.size / 1e6:.1f}"
        measured = (str(self.requests), size, f"{self.seconds:.2f}", peak, f"{self.faster:.1f}")
        return (self.work, *measured, self.goal, _MET[self.met])


@dataclass(frozen=True)
class Artifact:
    """One way to read a package's native files. peak: bytes, of its process; faster: the seconds of pyelftools by its
    own."""

    work: str
    files: int
    seconds: float
    peak: int
    faster: float
    goal: str = ""
    met: bool | None = None
    runs: dict[str, Any] = field(default_factory=dict)
    head: ClassVar[tuple[str, ...]] = (
        "native files",
        "files",
        "seconds",
        "µs a file",
        "peak MB",
        "ratio",
        "goal",
        "met",
    )

    @property
    def cells(self) -> tuple[str, ...]:
        each = f"{self.seconds / self.files * 1e6:.0f}"
        measured = (str(self.files), f"{self.seconds:.2f}", each, f"{self.peak / 1e6:.0f}", f"{self.faster:.1f}")
        return (self.work, *measured, self.goal, _MET[self.met])


Line: TypeAlias = "Row | Comparison | Artifact"


def cell(calls: int, seconds: float, *, early: bool = False) -> str:
    return f"{calls} / {seconds:.2f} s{_EARLY if early else ''}"


def terminal(rows: Iterable[Line]) -> str:
    """Not wider than 100 columns."""
    return "\n\n".join(map(_aligned, _tables(rows)))


def _aligned(lines: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def markdown(rows: Iterable[Line]) -> str:
    tables = ([head, ("---",) * len(head), *rest] for head, *rest in _tables(rows))
    return "\n\n".join("\n".join(f"| {' | '.join(line)} |" for line in lines) for lines in tables)


def _tables(rows: Iterable[Line]) -> Iterator[list[tuple[str, ...]]]:
    for head, group in groupby(rows, key=lambda row: row.head):
        yield [head, *(row.cells for row in group)]


def verdict(rows: Iterable[Line]) -> str:
    """One sentence about the goals."""
    judged = [row for row in rows if row.met is not None]
    if missed := [row.work for row in judged if not row.met]:
        return f"Not met: {'; '.join(missed)}."
    return f"All {len(judged)} goals are met." if judged else "Nothing here has a goal."
