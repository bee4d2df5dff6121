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

from .._native.contents import LAYER_ROOT, Contents, Native
from .._native.findings import Finding, Problem, Verdict
from .._native.target import Target

_VERSIONED = re.compile(r"(?P<folder>.*/)(?P<version>[0-9]+\.[0-9]+)/(?P<file>[^/]+)\.so")
_BUNDLE = re.compile(r"(?P<folder>(?:.*/)?vendor/bundle/ruby/)(?P<version>[0-9]+\.[0-9]+)\.[0-9]+/")
_LAYER = re.compile(r"(?P<folder>ruby/gems/)(?P<version>[0-9]+\.[0-9]+)\.[0-9]+/")


def passed_over(contents: Sequence[Contents], target: Target) -> frozenset[str]:
    """Of extensions that a gem brings for several versions of Ruby, those for others."""
    versioned = _versioned(contents)
    suitable = {(folder, file) for folder, version, file, name in versioned if version == target.version}
    return frozenset(
        name for folder, version, file, name in versioned if version != target.version and (folder, file) in suitable
    )


def findings(contents: Sequence[Contents], target: Target, natives: Sequence[Native]) -> Iterator[Finding]:
    """natives: those that fit the target's machine and C library."""
    yield from _only_for_others(contents, target, natives)
    for native in natives:
        yield from _start(native)
    for package in contents:
        yield from _elsewhere(package, _LAYER if package.root == LAYER_ROOT else _BUNDLE, target)


def _versioned(contents: Sequence[Contents]) -> list[tuple[str, str, str, str]]:
    """folder, version, file, and the name that they make."""
    natives = (native.name for package in contents for native in package.natives)
    found = (_VERSIONED.fullmatch(name) for name in natives)
    return [(match["folder"], match["version"], match["file"], match[0]) for match in found if match]


def _only_for_others(contents: Sequence[Contents], target: Target, natives: Sequence[Native]) -> Iterator[Finding]:
    fitting = {native.name for native in natives}
    members = {name for package in contents for name in package.members}
    groups: dict[tuple[str, str], dict[str, str]] = {}
    for folder, version, file, name in _versioned(contents):
        groups.setdefault((folder, file), {})[version] = name
    for (folder, file), versions in groups.items():
        some = min(versions.values())
        if target.version in versions or f"{folder}{file}.so" in members or not fitting.intersection(versions.values()):
            continue
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


def _elsewhere(package: Contents, where: re.Pattern[str], target: Target) -> Iterator[Finding]:
    """Gems installed for other versions of Ruby only."""
    found = [match for name in package.members if (match := where.match(name))]
    versions = {match["version"]: match[0] for match in found}
    if versions and target.version not in versions:
        folder = versions[min(versions)]
        wanted = f"{found[0]['folder']}{target.version}.0/"
        yield Finding(
            folder.rstrip("/"),
            Problem.RUNTIME_ABI,
            Verdict.BROKEN,
            f"Ruby {target.version} looks for gems in {wanted}, {package.source} has them in {folder}.",
            f"Run bundle install with Ruby {target.version}.",
        )
