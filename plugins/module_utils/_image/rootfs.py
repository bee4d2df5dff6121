# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The merged file system of an image, for a few wanted paths, read top-down and never unpacked.

One layer gives a LayerView (what it says about those paths); a stack of views answers questions with three possible
answers: found, absent, and not decided by the layers read so far. Fetching layers is not its business.

Sources: OCI image-spec, layer.md (changesets, whiteouts, opaque whiteouts); path_resolution(7) for symbolic links.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .errors import HostileLayer
from .layers import Entry, normalize

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_SYMLINKS, _PATH = 40, 4096  # MAXSYMLINKS and PATH_MAX of Linux


@dataclass(frozen=True, slots=True)
class Directory:
    pass


@dataclass(frozen=True, slots=True)
class File:
    content: bytes


@dataclass(frozen=True, slots=True)
class Symlink:
    target: str


@dataclass(frozen=True, slots=True)
class Hardlink:
    """A link whose content is not in its own layer, or not asked for yet; target: from the image's root."""

    target: str


@dataclass(frozen=True, slots=True)
class Other:
    """A device, socket or pipe: there, but without content."""


Node: TypeAlias = "Directory | File | Symlink | Hardlink | Other"


@dataclass(frozen=True, slots=True)
class LayerView:
    """What one whole layer says about `asked` and the directories above them.

    whiteouts and opaque hide what lower layers have, never what this layer has.
    """

    asked: frozenset[str]
    nodes: dict[str, Node]
    whiteouts: frozenset[str]
    opaque: frozenset[str]

    @property
    def size(self) -> int:
        """Bytes of all files that are kept."""
        return sum(len(node.content) for node in self.nodes.values() if isinstance(node, File))


@dataclass(frozen=True, slots=True)
class Found:
    """path: where it is, with all links followed."""

    node: File | Directory | Other
    path: str


@dataclass(frozen=True, slots=True)
class Absent:
    pass


@dataclass(frozen=True, slots=True)
class Undecided:
    """more: paths that the views were not asked about; empty when only deeper layers can tell."""

    more: frozenset[str] = frozenset()


Answer: TypeAlias = "Found | Absent | Undecided"


def with_parents(paths: Iterable[str]) -> frozenset[str]:
    return frozenset(piece for path in paths for piece in (path, *_ancestors(path)))


def _ancestors(path: str) -> Iterator[str]:
    """From the nearest directory to the root, "": `a/b/c` gives `a/b`, `a`, ``."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def view_layer(entries: Iterable[Entry], asked: frozenset[str], where: str, file_limit: int) -> LayerView:
    """Read a layer's entries to the end and keep what concerns `asked`, which contains its own parents.

    The last of several entries with one name wins. file_limit: bytes that are kept of all files together.
    """
    nodes: dict[str, Node] = {}
    whiteouts: set[str] = set()
    opaque: set[str] = set()
    # Names may have thousands of directories; few are asked for.
    directories = tuple((path, f"{path}/" if path else "") for path in asked)
    written, parent = "/", ""
    kept = 0
    for entry in entries:
        above, _slash, base = entry.name.rpartition("/")
        if above != written:
            written, parent = above, _behind_links(above, nodes)
            for directory, start in directories:  # an entry implies the directories above it
                if parent == directory or parent.startswith(start):
                    nodes.setdefault(directory, Directory())
        path = f"{parent}/{base}" if parent else base
        if base.startswith(_WHITEOUT):
            hidden = path.removesuffix(base) + base.removeprefix(_WHITEOUT)
            if base == _OPAQUE and parent in asked:
                opaque.add(parent)
            elif hidden in asked and not base.startswith(_WHITEOUT + _WHITEOUT):  # .wh..wh.* are aufs's own notes
                whiteouts.add(hidden)
        elif path in asked:
            kept += entry.size
            if kept > file_limit:
                raise HostileLayer(
                    f"{entry.name} in the {where} is too large: {kept} bytes, the limit is {file_limit}."
                )
            node = _node(entry, nodes, where)
            if not isinstance(node, Directory):
                for below in [name for name in nodes if name.startswith(f"{path}/")]:
                    del nodes[below]
            nodes[path] = node
    return LayerView(asked, nodes, frozenset(whiteouts), frozenset(opaque))


def _behind_links(directory: str, nodes: dict[str, Node]) -> str:
    """Where an entry of `directory` is unpacked to: links that the layer wrote before it are followed."""
    for _link in range(_SYMLINKS):
        for name, node in nodes.items():
            if isinstance(node, Symlink) and (directory == name or directory.startswith(f"{name}/")):
                target = posixpath.join("/", posixpath.dirname(name), node.target)
                directory = posixpath.normpath(target + directory[len(name) :]).lstrip("/")
                break
        else:
            return directory
        if len(directory) > _PATH:
            break
    return directory


def _node(entry: Entry, nodes: dict[str, Node], where: str) -> Node:
    match entry.kind:
        case "directory":
            return Directory()
        case "symlink":
            return Symlink(entry.link)
        case "hardlink":  # to what has this name now: a later entry of the name is another file
            target = normalize(entry.link, where)
            known = nodes.get(target, Hardlink(target))
            return Other() if isinstance(known, Directory) else known  # no tree has links to directories
        case "file":
            return File(entry.read())
        case _:
            return Other()


class Rootfs:
    """The views of an image's layers, topmost first; `whole` once the lowest layer is among them."""

    def __init__(self, views: Sequence[LayerView], *, whole: bool) -> None:
        self._views = views
        self._whole = whole

    @property
    def depth(self) -> int:
        """How many layers were looked at."""
        return len(self._views)

    def resolve(self, path: str) -> Answer:
        """What opening `/path` in the image would find, symbolic links followed component by component."""
        pending = path.split("/")[::-1]
        here: list[str] = []
        followed = 0
        node: Node = Directory()
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
            if isinstance(found, Absent | Undecided):
                return found
            if isinstance(found, Symlink):
                followed += 1
                if followed > _SYMLINKS:
                    return Absent()  # ELOOP
                if found.target.startswith("/"):
                    here = []
                pending.extend(found.target.split("/")[::-1])
                continue
            node = found
            here.append(part)
        return Found(node, "/".join(here)) if isinstance(node, File | Directory | Other) else Absent()

    def _lookup(self, name: str, top: int) -> Directory | File | Symlink | Other | Absent | Undecided:
        """The node of exactly this name in the merged tree of the views from `top` down."""
        above = list(_ancestors(name))
        for level in range(top, len(self._views)):
            view = self._views[level]
            if name not in view.asked:
                return Undecided(with_parents([name]))
            node = view.nodes.get(name)
            if isinstance(node, Hardlink):
                if node.target not in view.asked:
                    return Undecided(with_parents([node.target]))
                linked = self._lookup(node.target, level + 1)
                return Other() if isinstance(linked, Directory) else linked
            if node is not None:
                return node
            if name in view.whiteouts or any(
                directory in view.opaque
                or directory in view.whiteouts
                or not isinstance(view.nodes.get(directory, Directory()), Directory)
                for directory in above
            ):
                return Absent()
        return Absent() if self._whole else Undecided()
