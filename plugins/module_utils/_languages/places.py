# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a runtime looks: later layers over earlier ones, and folders for its own version beside those for others. Pure.

How the loader finds libraries is another matter. Sources: AWS Lambda developer guide, "Layer paths for each Lambda
runtime" and "Adding layers"; Bundler's vendor/bundle/ruby/<API version>.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .._native.contents import FUNCTION_ROOT, LAYER_ROOT, Contents, Native
from .._native.findings import Finding, Problem, Verdict
from .._native.target import Target

BOOTSTRAPS = (f"{FUNCTION_ROOT}/bootstrap", f"{LAYER_ROOT}/bootstrap")
EXTENSIONS = f"{LAYER_ROOT}/extensions"


@dataclass(frozen=True, slots=True)
class _Versioned:
    """Folders of which a runtime looks into that of its own version. folder: with the groups `version`, and `above` for
    what comes before it. says, advice: with {folder}, {above}, {source} and {version}, which is the runtime's."""

    language: str
    root: str
    folder: re.Pattern[str]
    says: str
    advice: str


_GEMS = "Ruby {version} looks for gems in {above}{version}.0/, {source} has them in {folder}."
_TABLE = (
    _Versioned(
        "python",
        LAYER_ROOT,
        re.compile(r"(?P<above>python/lib/)python(?P<version>[0-9.]+)/site-packages/"),
        "Python {version} does not look into {folder} of the layer {source}.",
        "Put its packages into python/ or python/lib/python{version}/site-packages/.",
    ),
    _Versioned(
        "nodejs",
        LAYER_ROOT,
        re.compile(r"(?P<above>nodejs/)node(?P<version>[0-9]+)/node_modules/"),
        "Node.js {version} does not look into {folder} of the layer {source}.",
        "Put its packages into nodejs/node_modules/ or nodejs/node{version}/node_modules/.",
    ),
    _Versioned(
        "ruby",
        LAYER_ROOT,
        re.compile(r"(?P<above>ruby/gems/)(?P<version>[0-9]+\.[0-9]+)\.[0-9]+/"),
        _GEMS,
        "Run bundle install with Ruby {version}.",
    ),
    _Versioned(
        "ruby",
        FUNCTION_ROOT,
        re.compile(r"(?P<above>(?:.*/)?vendor/bundle/ruby/)(?P<version>[0-9]+\.[0-9]+)\.[0-9]+/"),
        _GEMS,
        "Run bundle install with Ruby {version}.",
    ),
)


def seen(contents: Sequence[Contents]) -> dict[str, int]:
    """By place, the number of the package whose file or link a function sees there: of layers, the last."""
    return {f"{package.root}/{name}": number for number, package in enumerate(contents) for name in package.members}


def visible(contents: Sequence[Contents]) -> tuple[Native, ...]:
    """What a function sees: of files and links at one place, that of the last layer."""
    last = seen(contents)
    return tuple(
        native
        for number, package in enumerate(contents)
        for native in package.natives
        if last.get(f"{package.root}/{native.name.partition('!/')[0]}", number) == number
    )


def for_other_versions(contents: Sequence[Contents], target: Target) -> frozenset[str]:
    """Places of natives in folders that the runtime does not look into."""
    return frozenset(
        native.place
        for package in contents
        for row in _rows(package, target)
        for native in package.natives
        if native.place and (found := row.folder.match(native.name)) and found["version"] != target.version
    )


def only_for_other_versions(contents: Sequence[Contents], target: Target) -> Iterator[Finding]:
    """Packages and layers that have such folders, but none for the target."""
    for package in contents:
        for row in _rows(package, target):
            matches = [found for name in package.members if (found := row.folder.match(name))]
            versions = {found["version"]: found for found in matches}
            if versions and target.version not in versions:
                found = versions[min(versions)]
                told = {
                    "folder": found[0],
                    "above": found["above"],
                    "source": package.source,
                    "version": target.version,
                }
                yield Finding(
                    found[0].rstrip("/"),
                    Problem.RUNTIME_ABI,
                    Verdict.BROKEN,
                    row.says.format(**told),
                    row.advice.format(**told),
                )


def _rows(package: Contents, target: Target) -> list[_Versioned]:
    return [row for row in _TABLE if row.language == target.language and row.root == package.root]


def is_started(place: str) -> bool:
    """Whether Lambda itself starts what stands there."""
    return place in BOOTSTRAPS or posixpath.dirname(place) == EXTENSIONS


def is_unpacked_by_code(native: Native, target: Target) -> bool:
    """Files in archives, and what a jar holds that was unpacked to be the package: a class of the same jar copies them
    to where it loads them from, if at all."""
    if "!/" in native.name:
        return True
    folder = posixpath.dirname(native.place)
    searched = (FUNCTION_ROOT, *target.library_path)
    return target.language == "java" and native.place.startswith(f"{FUNCTION_ROOT}/") and folder not in searched
