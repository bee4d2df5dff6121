# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a package: findings, and the verdict that they add up to. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum

_ASIDE = re.compile(r"(?:^|/)(?:[^/]+\.libs|tests?)/")  # auditwheel's folders of libraries


class Verdict(Enum):
    """From best to worst. Whether `fail_on` lets it pass is asked of it."""

    LOADS = "loads"
    CONTAINER_ONLY = "container_only"
    UNKNOWN = "unknown"
    BROKEN = "broken"

    @property
    def rank(self) -> int:
        return list(Verdict).index(self)

    def fails(self, fail_on: str) -> bool:
        """fail_on: the mildest verdict that fails, or "never"."""
        return fail_on != "never" and self.rank >= Verdict(fail_on).rank


class Problem(StrEnum):
    """Kinds of findings, in the order in which they are told: what no repair of the others would mend comes first."""

    DAMAGED = "damaged"  # can't be read as what its name or its first bytes promise
    FORMAT = "format"  # a Mac or Windows binary
    ARCHITECTURE = "architecture"
    LIBC = "libc"  # built for musl
    INTERPRETER = "interpreter"  # the program's loader, or a script's shell, does not exist
    RUNTIME_ABI = "runtime_abi"  # built for another version of Python, Node, Ruby, Java or .NET
    LIBRARY = "library"  # needs a library that is nowhere
    VERSION = "version"  # needs a symbol version that the library lacks
    PERMISSION = "permission"
    ENTRY_POINT = "entry_point"  # no bootstrap, no handler, or an extension that exports nothing to start it by
    LOAD = "load"  # what the loader or the interpreter said in a smoke run
    SEARCH = "search"  # there, but not where the loader looks: loads only if something loads it first
    CONTAINER_ONLY = "container_only"


@dataclass(frozen=True, slots=True)
class Finding:
    """One for each (file, library, version).

    message: one sentence that names them. hint: one sentence, what to do. verdict: what this finding alone would give.
    component: the npm or Python package that the file belongs to, with its version where it is known ("sharp 0.33.5").
    found: where the running function sees the library, if it is in a package, but not where the loader looks.
    """

    file: str
    problem: Problem
    verdict: Verdict
    message: str
    hint: str = ""
    library: str = ""
    version: str = ""
    component: str = ""
    found: str = ""
    ignored: bool = False


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """The worst of those that are not ignored; without any, LOADS."""
    return max((f.verdict for f in findings if not f.ignored), key=lambda verdict: verdict.rank, default=Verdict.LOADS)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Ignored ones last, then by what stops the deployment, then by kind, file, library and version; of one kind what
    others bring along comes after what is imported."""
    order = list(Problem)

    def key(f: Finding) -> tuple[object, ...]:
        aside = bool(_ASIDE.search(f.file))
        return f.ignored, -f.verdict.rank, order.index(f.problem), aside, f.file, f.library, f.version

    return tuple(sorted(findings, key=key))
