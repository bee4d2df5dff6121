# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages as an rpm database names them, and the order of their versions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import total_ordering

from .rpm_versions import compare_versions


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
    name: str
    evr: Evr
    arch: str

    @property
    def holds_native_code(self) -> bool:
        return self.arch != "noarch"
