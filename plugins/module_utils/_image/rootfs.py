# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The merged file system of an image, for what is wanted of it, never unpacked.

A stack of layers' views (views.py) answers questions with three possible answers: found, absent, and not decided by
what the views were asked about. Fetching layers is not its business.

Sources: OCI image-spec, layer.md (whiteouts, opaque whiteouts); path_resolution(7) for symbolic links.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .views import (
    SYMLINKS,
    Directory,
    File,
    Hardlink,
    LayerView,
    Other,
    Regular,
    Symlink,
)
from .wanted import NOTHING, Wanted, ancestors, wanted


@dataclass(frozen=True, slots=True)
class Found:
    """path: where it is, with all links followed."""

    node: File | Regular | Directory | Other
    path: str


@dataclass(frozen=True, slots=True)
class Absent:
    pass


@dataclass(frozen=True, slots=True)
class Undecided:
    """more: what the views were not asked about; nothing when only deeper layers can tell."""

    more: Wanted = NOTHING


Answer: TypeAlias = "Found | Absent | Undecided"


class Rootfs:
    """The views of an image's layers, topmost first; `whole` once the lowest layer is among them."""

    def __init__(self, views: Sequence[LayerView], *, whole: bool) -> None:
        self._views = views
        self._whole = whole
        self._children: list[dict[str, list[str]]] = []

    @property
    def depth(self) -> int:
        """How many layers were looked at."""
        return len(self._views)

    def resolve(self, path: str, *, content: bool = True) -> Answer:
        """What opening `/path` in the image would find, symbolic links followed component by component.

        content: a file is found as File; otherwise Regular will do.
        """
        pending = path.split("/")[::-1]
        here: list[str] = []
        followed = 0
        node: Directory | File | Regular | Other = Directory()
        while pending:
            part = pending.pop()
            if part in ("", "."):
                continue
            if not isinstance(node, Directory):
                return Absent()  # a component that is no directory
            if part == "..":
                here = here[:-1]
                continue
            name = "/".join([*here, part])
            found = self._lookup(name, 0)
            if isinstance(found, Absent):
                return found
            if isinstance(found, Undecided):
                return found if content or pending else Undecided(self._for_what_it_is(found.more))
            if isinstance(found, Symlink):
                followed += 1
                if followed > SYMLINKS:
                    return Absent()  # ELOOP
                if found.target.startswith("/"):
                    here = []
                pending.extend(found.target.split("/")[::-1])
                continue
            node = found
            here.append(part)
        place = "/".join(here)
        if content and isinstance(node, Regular):
            return Undecided(wanted([place]))
        return Found(node, place)

    def _for_what_it_is(self, more: Wanted) -> Wanted:
        """The same places without the content of what stands there, as long as that is not known everywhere."""
        if not more:
            return more
        directory = max(more.paths, key=len).rpartition("/")[0]
        known = all(directory in view.asked.directories for view in self._views)
        return more if known else wanted(directories=[directory])

    def children(self, directory: str) -> frozenset[str] | Undecided:
        """Names that may stand in `directory`, a real path of a directory: some may be absent when looked up."""
        if not self._children:
            self._children = [_by_directory(view) for view in self._views]
        names: set[str] = set()
        for view, children in zip(self._views, self._children, strict=True):
            if directory not in view.asked.directories:
                return Undecided(wanted(directories=[directory]))
            names.update(children.get(directory, ()))
            if directory in view.whiteouts or directory in view.opaque or _hides(view, directory):
                return frozenset(names)
        return frozenset(names) if self._whole else Undecided()

    def _lookup(self, name: str, top: int) -> Directory | File | Regular | Symlink | Other | Absent | Undecided:
        """The node of exactly this name in the merged tree of the views from `top` down."""
        for level in range(top, len(self._views)):
            view = self._views[level]
            if not view.asked.covers(name):
                return Undecided(wanted([name]))
            node = view.nodes.get(name)
            if isinstance(node, Hardlink):
                if not view.asked.covers(node.target) or (name in view.asked.paths) > (node.target in view.asked.paths):
                    return Undecided(wanted([node.target]))
                linked = self._lookup(node.target, level + 1)
                return Other() if isinstance(linked, Directory) else linked
            if node is not None:
                return node
            if name in view.whiteouts or _hides(view, name):
                return Absent()
        return Absent() if self._whole else Undecided()


def _hides(view: LayerView, name: str) -> bool:
    """Whether nothing below `view` has a say about `name`, because of what the layer does to directories above it."""
    return any(
        directory in view.opaque
        or directory in view.whiteouts
        or not isinstance(view.nodes.get(directory, _DIRECTORY), Directory)
        for directory in ancestors(name)
    )


_DIRECTORY = Directory()


def _by_directory(view: LayerView) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {}
    for name in view.nodes:
        directory, _slash, base = name.rpartition("/")
        if directory in view.asked.directories:
            children.setdefault(directory, []).append(base)
    return children
