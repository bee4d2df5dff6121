# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages as an rpm database names them, and the order of their versions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import total_ordering
from itertools import zip_longest

_PIECE = re.compile(r"[0-9]+|[A-Za-z]+|~|\^")


def compare_versions(first: str, second: str) -> int:
    """-1, 0 or 1. Source: rpm, rpmio/rpmvercmp.c (with `~` and `^`), and rpm-version(7)."""
    if first == second:
        return 0
    for one, two in zip_longest(_PIECE.findall(first), _PIECE.findall(second)):
        if one == two:
            continue
        # ~ sorts before everything, even the end; ^ after the end, before everything else.
        if "~" in (one, two):
            return -1 if one == "~" else 1
        if one is None or two is None:
            return 1 if two is None else -1
        if "^" in (one, two):
            return -1 if one == "^" else 1
        if one.isdigit() != two.isdigit():
            return 1 if one.isdigit() else -1
        if one.isdigit():
            # Compared as text: a hostile version may have more digits than int() takes.
            left, right = one.lstrip("0"), two.lstrip("0")
            if left != right:
                return 1 if (len(left), left) > (len(right), right) else -1
        else:
            return 1 if one > two else -1
    return 0


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Evr:
    """epoch:version-release. Equality is rpm's: `1.0` and `1.00` are the same version."""

    epoch: int
    version: str
    release: str

    def __str__(self) -> str:
        return (f"{self.epoch}:" if self.epoch else "") + f"{self.version}-{self.release}"

    def _compare(self, other: Evr) -> int:
        if self.epoch != other.epoch:
            return 1 if self.epoch > other.epoch else -1
        return compare_versions(self.version, other.version) or compare_versions(self.release, other.release)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Evr) and self._compare(other) == 0

    def __lt__(self, other: Evr) -> bool:
        return self._compare(other) < 0

    __hash__ = None  # type: ignore[assignment]  # equal versions have many spellings


@dataclass(frozen=True, slots=True)
class Package:
    """provides, requires: names as rpm writes them, without the comparison (`libz.so.1()(64bit)`, `/bin/sh`).
    libraries: what it provides of shared libraries. files: paths of its shared libraries, without the leading "/"."""

    name: str
    evr: Evr
    arch: str
    libraries: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    provides: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    requires: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    files: frozenset[str] = field(default=frozenset(), compare=False, repr=False)

    @property
    def holds_native_code(self) -> bool:
        return self.arch != "noarch"
