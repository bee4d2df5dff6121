# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links that are named like extensions of Python or Node.js and lead to no file. Pure.

Links to libraries are the loader's business: it follows those that something needs.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from .._native.contents import FUNCTION_ROOT, LAYER_ROOT, Contents
from .._native.findings import Finding, Problem, Verdict
from .._native.mounts import Mounts
from .._native.target import Target
from .python_rules import suffixes

_OURS = (f"{FUNCTION_ROOT}/", f"{LAYER_ROOT}/")
_INSTEAD = (".py", ".pyc", "/__init__.py")  # what Python imports where there is no extension


def findings(contents: Sequence[Contents], target: Target) -> Iterator[Finding]:
    """One for each package. Python passes over a link that leads nowhere, Node.js says that the file does not exist."""
    match target.language:
        case "python":
            endings = suffixes(target)[:-1]  # a bare `.so` may be anything
            others = (*suffixes(target), *_INSTEAD)
        case "nodejs":
            endings, others = (".node",), ()
        case _:
            return
    mounts = Mounts(contents)
    for package in contents:
        lost: dict[str, str] = {}
        for name, member in package.members.items():
            place = f"{package.root}/{name}"
            ending = next((ending for ending in endings if name.endswith(ending)), "")
            if not member.target or not ending or mounts.member(place) is not member or _leads(mounts, place):
                continue
            stem = place.removesuffix(ending)
            if not any(_leads(mounts, stem + other) for other in others):
                lost[name] = mounts.resolve(place)
        if lost:
            yield _finding(package, lost)


def _leads(mounts: Mounts, place: str) -> bool:
    return mounts.leads_to_file(place) or mounts.leads_to_directory(place)


def _finding(package: Contents, lost: Mapping[str, str]) -> Finding:
    """lost: links with where they lead, of which the first certain one is told; what the image has is not read."""
    name, end = min(lost.items(), key=lambda link: (_is_outside(link[1]), link[0]))
    nowhere = "in the package" if _is_outside(end) else "there"
    more = f" (and {len(lost) - 1} more such link{'s' if len(lost) > 2 else ''})" if len(lost) > 1 else ""
    return Finding(
        name,
        Problem.DAMAGED,
        Verdict.UNKNOWN if _is_outside(end) else Verdict.BROKEN,
        f"{name} of {package.source} is a link to {package.members[name].target}, which is not {nowhere}{more}.",
        f"Pack the file that {posixpath.basename(name)} leads to.",
    )


def _is_outside(end: str) -> bool:
    return bool(end) and not end.startswith(_OURS)
