# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether Lambda may read what it certainly opens: native files, the handler's file and bootstrap. Pure.

Lambda asks for "global read permissions on code files and any dependent libraries" (developer guide, .zip deployment
packages). Which other files the code reads is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .._native.contents import FUNCTION_ROOT, LAYER_ROOT, Contents
from .._native.findings import Finding, Problem, Verdict
from .._native.mounts import Mounts
from .._native.target import Target
from . import handlers

_READABLE_BY_OTHERS = 0o004
_LONGEST = 4096  # PATH_MAX of Linux
_HINT = "Run chmod -R a+rX on the folder before packing, or pack it with lambda_package."


def findings(contents: Sequence[Contents], target: Target, handler: str) -> Iterator[Finding]:
    """At most one finding for the files of each package and one for its folders."""
    files = handlers.files_of(handler, target)
    for package in contents:
        names = {native.name for native in package.natives if "!/" not in native.name}
        if package.root == FUNCTION_ROOT:
            mounts = Mounts([package])
            for name in (*files, "bootstrap"):
                names |= {name, mounts.resolve(f"{FUNCTION_ROOT}/{name}").removeprefix(f"{FUNCTION_ROOT}/")}
        there = sorted(names & package.members.keys())
        yield from _unreadable(package, there)
        yield from _closed(package, there)


def _unreadable(package: Contents, names: Iterable[str]) -> Iterator[Finding]:
    hidden = [
        name
        for name in names
        if (member := package.members[name]).mode is not None
        and not member.target
        and not member.mode & _READABLE_BY_OTHERS
    ]
    if hidden:
        mode = package.members[hidden[0]].mode or 0
        more = f" and {len(hidden) - 1} more file{'s' if len(hidden) > 2 else ''}" if len(hidden) > 1 else ""
        yield _finding(package, hidden[0], f"{hidden[0]} (mode {mode:04o}){more} of {package.source} can be read")


def _closed(package: Contents, names: Iterable[str]) -> Iterator[Finding]:
    """Of the folders on the way to the files."""
    found: set[str] = set()
    for name in names if package.closed else ():
        while len(name) <= _LONGEST and (name := name.rpartition("/")[0]):
            if name in package.closed:
                found.add(name)
    if found:
        first = min(found)
        more = f" and {len(found) - 1} more folder{'s' if len(found) > 2 else ''}" if len(found) > 1 else ""
        mode = package.closed[first]
        yield _finding(package, first, f"{first}/ (mode {mode:04o}){more} of {package.source} can be entered")


def _finding(package: Contents, name: str, what: str) -> Finding:
    kind = "layer" if package.root == LAYER_ROOT else "function"
    message = f"{what} by its owner only, and Lambda runs the {kind} as another user."
    return Finding(name, Problem.PERMISSION, Verdict.BROKEN, message, _HINT)
