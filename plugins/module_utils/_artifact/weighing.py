# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What findings count for once all are there: ignored ones, those that only an unseen layer or a run could settle, and
many of one kind told as one. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from .._native.contents import LAYER_ROOT
from .._native.findings import Finding, Problem, Verdict

_OTHER_PLATFORM = (Problem.FORMAT, Problem.ARCHITECTURE, Problem.LIBC)
_IMPORTED = (".node", ".so")  # what an interpreter opens; libraries beside it mostly have versions in their names
_UNSEEN = "; the function's other layers, which may have it, were not looked at"
_NAME_LAYERS = "Name all layers that the function has."
_HAS_RUN = "; the handler was imported all the same"


def ignoring(findings: Iterable[Finding], patterns: Sequence[str]) -> tuple[Finding, ...]:
    """patterns: of fnmatch, for the names of files."""
    return tuple(replace(f, ignored=any(fnmatchcase(f.file, pattern) for pattern in patterns)) for f in findings)


def idle(patterns: Iterable[str], findings: Sequence[Finding]) -> Iterator[str]:
    """Notes on patterns that match nothing."""
    for pattern in patterns:
        if not any(fnmatchcase(finding.file, pattern) for finding in findings):
            yield f"Nothing that was found is matched by {pattern!r} of `ignore`."


def with_unseen_layers(finding: Finding, there: Container[str], handler: str) -> Finding:
    """there: names of what is in the packages that were looked at. What another layer may bring is unknown."""
    match finding.problem:
        case Problem.LIBRARY:
            absent = True
        case Problem.INTERPRETER:
            absent = finding.library.startswith(f"{LAYER_ROOT}/")
        case Problem.ENTRY_POINT:
            absent = finding.file != handler and finding.file not in there
        case _:
            absent = False
    if not absent or finding.verdict is not Verdict.BROKEN:
        return finding
    message = f"{finding.message.rstrip('.')}{_UNSEEN}."
    return replace(finding, verdict=Verdict.UNKNOWN, message=message, hint=_NAME_LAYERS)


def settled_by_import(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What is unknown until something is loaded counts as loading once the handler has been imported: addons of Node.js
    that do not say for which version they are, and libraries that something else has to load first."""
    return tuple(
        replace(f, verdict=Verdict.LOADS, message=f"{f.message.rstrip('.')}{_HAS_RUN}.") if _is_settled(f) else f
        for f in findings
    )


def _is_settled(finding: Finding) -> bool:
    if finding.verdict is not Verdict.UNKNOWN:
        return False
    abi = finding.problem in (Problem.RUNTIME_ABI, Problem.ENTRY_POINT) and finding.file.endswith(".node")
    return abi or finding.problem is Problem.SEARCH


def told_once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Of the files of a component that are for another platform, first what is imported, with the number of others: a
    wheel for another machine has libraries as well."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        alike = bool(finding.component) and finding.problem in _OTHER_PLATFORM and "!/" not in finding.file
        key = (finding.component, finding.problem, finding.ignored) if alike else (id(finding),)
        groups.setdefault(key, []).append(finding)
    return tuple(_first(group) for group in groups.values())


def _first(group: Sequence[Finding]) -> Finding:
    first = min(group, key=lambda f: (-f.verdict.rank, not f.file.endswith(_IMPORTED), f.file))
    more = len(group) - 1
    if not more:
        return first
    files = "1 more file" if more == 1 else f"{more} more files"
    return replace(first, message=f"{first.message.rstrip('.')}; the same goes for {files} of {first.component}.")
