# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layers whose packages are in a folder into which their language's runtime does not look. Pure.

Folders for other versions of the language are the business of `places.py`. Source: AWS Lambda developer guide, "Layer
paths for each Lambda runtime".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .._native.contents import LAYER_ROOT, Contents
from .._native.findings import Finding, Problem, Verdict
from .._native.target import Target


@dataclass(frozen=True, slots=True)
class _Folder:
    """name: as the language is called. above: the folder that has to be there; home: names below it that are in their
    place, if only for another version. elsewhere: packages in folders by which layers are often packed instead, with
    the folder ("" for the top) and the name of one of them as its groups."""

    name: str
    above: str
    home: re.Pattern[str]
    elsewhere: re.Pattern[str]


_FOLDERS: Mapping[str, _Folder] = {
    "python": _Folder(
        "Python",
        "python/",
        re.compile(
            r"python/(?!(?:lib(?:64)?/)?(?:python[0-9.]*/)?site-packages/)|python/lib/python[0-9.]+/site-packages/"
        ),
        re.compile(
            r"(?P<folder>(?:(?i:python)/)?(?:lib(?:64)?/)?(?:python[0-9.]*/)?site-packages/|(?!python/)(?i:python)/|)"
            r"(?P<package>[^/]+(?=/__init__\.py$)|[^/]+\.dist-info)/.*"
        ),
    ),
    "nodejs": _Folder(
        "Node.js",
        "nodejs/",
        re.compile(r"nodejs/(?:[^/]+/)?node_modules/"),
        re.compile(
            r"(?P<folder>(?i:nodejs)/|)"
            r"(?P<package>node_modules(?=/)|(?<=nodejs/)(?:@[^/]+/)?[^/@]+(?=/package\.json$))/.*"
        ),
    ),
}


def findings(contents: Sequence[Contents], target: Target) -> Iterator[Finding]:
    """Unknown, since code can add any folder to where its language looks."""
    folder = _FOLDERS.get(target.language)
    for package in contents:
        if folder is None or package.root != LAYER_ROOT:
            continue
        if any(folder.home.match(name) for name in package.members):
            continue
        found = [match for name in sorted(package.members) if (match := folder.elsewhere.fullmatch(name))]
        if found:
            yield _finding(package, folder, min(found, key=_by_use))


def _by_use(match: re.Match[str]) -> tuple[bool, str]:
    """Packages before what pip knows of them."""
    return match["package"].endswith(".dist-info"), match[0]


def _finding(package: Contents, folder: _Folder, match: re.Match[str]) -> Finding:
    looks = f"into {match['folder']}" if match["folder"] else "at the top"
    above = "nodejs/node_modules/" if match["folder"] == "nodejs/" else folder.above
    where = f"{match['package']}/ of {package.source}"
    return Finding(
        f"{match['folder']}{match['package']}",
        Problem.ENTRY_POINT,
        Verdict.UNKNOWN,
        f"{folder.name} does not look {looks} of a layer: {where} has to be below {above}.",
        f"Pack the layer with {above} as the folder above its packages.",
    )
