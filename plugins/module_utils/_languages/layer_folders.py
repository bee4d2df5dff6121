# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layers packed without the folder into which their language's runtime looks, `python/` or `nodejs/`. Pure.

Source: AWS Lambda developer guide, "Layer paths for each Lambda runtime".
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
    """name: as the language is called. above: the folder that has to be there. packages: what says at the top of a
    layer that packages are there instead, with the name of one of them as its group."""

    name: str
    above: str
    packages: re.Pattern[str]


_FOLDERS: Mapping[str, _Folder] = {
    "python": _Folder("Python", "python/", re.compile(r"([^/]+(?=/__init__\.py$)|[^/]+\.dist-info)/.*")),
    "nodejs": _Folder("Node.js", "nodejs/", re.compile(r"(node_modules)/.*")),
}


def findings(contents: Sequence[Contents], target: Target) -> Iterator[Finding]:
    """Unknown, since code can add /opt to where its language looks."""
    folder = _FOLDERS.get(target.language)
    for package in contents:
        if folder is None or package.root != LAYER_ROOT:
            continue
        if any(name.startswith(folder.above) for name in package.members):
            continue
        tops = [found[1] for name in sorted(package.members) if (found := folder.packages.fullmatch(name))]
        if not tops:
            continue
        top = min(tops, key=lambda name: (name.endswith(".dist-info"), name))
        yield Finding(
            top,
            Problem.ENTRY_POINT,
            Verdict.UNKNOWN,
            f"{folder.name} does not look at the top of a layer: {top}/ of {package.source} has to be below "
            f"{folder.above}.",
            f"Pack the layer with {folder.above} as the folder above its packages.",
        )
