# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ruby asks of gems and their extensions: directories named after its own version. Pure.

Sources: RubyGems, "Platform gems" (lib/<gem>/3.3/<gem>.so); Bundler's vendor/bundle/ruby/<API version>; Ruby's
doc/extension.rdoc (Init_<name>); AWS Lambda developer guide, "Layer paths for each Lambda runtime".
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from .._native.contents import Contents, Native
from .._native.findings import Finding, Problem, Verdict
from .._native.target import Target
from .places import for_other_versions, visible

_VERSIONED = re.compile(r"(?P<folder>.*/)(?P<version>[0-9]+\.[0-9]+)/(?P<file>[^/]+)\.so")


def passed_over(contents: Sequence[Contents], target: Target) -> frozenset[str]:
    """Places of extensions for other versions of Ruby, of those that a gem brings for several."""
    versioned = _versioned(contents)
    suitable = {(folder, file) for folder, version, file, name in versioned if version == target.version}
    return frozenset(
        place for folder, version, file, place in versioned if version != target.version and (folder, file) in suitable
    )


def findings(contents: Sequence[Contents], target: Target, natives: Sequence[Native]) -> Iterator[Finding]:
    """natives: those that fit the target's machine and C library."""
    yield from _only_for_others(contents, target, natives)
    for native in natives:
        yield from _start(native)


def _versioned(contents: Sequence[Contents]) -> list[tuple[str, str, str, str]]:
    """folder, version, file, and the place that they make."""
    found = (_VERSIONED.fullmatch(native.place) for native in visible(contents))
    return [(match["folder"], match["version"], match["file"], match[0]) for match in found if match]


def _only_for_others(contents: Sequence[Contents], target: Target, natives: Sequence[Native]) -> Iterator[Finding]:
    fitting = {native.place: native.name for native in natives}
    members = {f"{package.root}/{name}" for package in contents for name in package.members}
    elsewhere = for_other_versions(contents, target)
    groups: dict[tuple[str, str], dict[str, str]] = {}
    for folder, version, file, place in _versioned(contents):
        if place not in elsewhere:
            groups.setdefault((folder, file), {})[version] = place
    for (folder, file), versions in groups.items():
        known = sorted(fitting.keys() & versions.values())
        if target.version in versions or f"{folder}{file}.so" in members or not known:
            continue
        some = fitting[known[0]]
        yield Finding(
            some,
            Problem.RUNTIME_ABI,
            Verdict.BROKEN,
            f"{some} is built for Ruby {' and '.join(sorted(versions))}, the runtime is Ruby {target.version}.",
        )


def _start(native: Native) -> Iterator[Finding]:
    """Ruby looks for Init_ and the file's name up to the first dot."""
    file = posixpath.basename(native.name)
    name = file.partition(".")[0]
    starts = sorted(entry for entry in native.entry_points if entry.startswith("Init_"))
    if file.endswith(".so") and starts and f"Init_{name}" not in starts and not name.startswith("lib"):
        yield Finding(
            native.name,
            Problem.ENTRY_POINT,
            Verdict.UNKNOWN,
            f"{native.name} can't be required under its name: it has {starts[0]}, not Init_{name}.",
            "Give the file the name that it was built with.",
        )
