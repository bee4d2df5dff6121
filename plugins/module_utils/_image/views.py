# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one layer says about the wanted paths and directories: entries of a tar → LayerView, in bounded memory.

How layers lie upon each other is rootfs.py's business.

Source: OCI image-spec, layer.md (changesets, whiteouts, opaque whiteouts).
"""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from .._elf.elf import Elf, read_elf
from .._elf.errors import BrokenElf
from .._elf.segments import MAGIC
from .entries import Entry, normalize
from .errors import HostileLayer
from .wanted import Wanted

SYMLINKS = 40  # MAXSYMLINKS of Linux
_PATH = 4096  # its PATH_MAX
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"

# Files of wanted directories: small ones that are no programs are kept whole (ld.so.conf.d, release files); larger
# ones than any library are not looked into; and of those that take much memory, one is looked into at a time.
_SMALL, _LARGEST, _LARGE = 4096, 256 << 20, 16 << 20
_ONE_LARGE = threading.Lock()
_NODE = 1000  # bytes that a node takes beside its texts, about
_REPLACED = 1000  # directories that become something else within one layer


@dataclass(frozen=True, slots=True)
class Directory:
    pass


_DIRECTORY = Directory()


@dataclass(frozen=True, slots=True)
class File:
    content: bytes


@dataclass(frozen=True, slots=True)
class Regular:
    """A file whose content was not asked for. elf: what it is as a program or library, None if it is neither;
    unread: why that is not known, or ""."""

    elf: Elf | None
    unread: str = ""


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


Node: TypeAlias = "Directory | File | Regular | Symlink | Hardlink | Other"


@dataclass(frozen=True, slots=True)
class LayerView:
    """What one whole layer says about what was `asked`.

    whiteouts and opaque hide what lower layers have, never what this layer has. size: bytes of memory, about.
    """

    asked: Wanted
    nodes: dict[str, Node]
    whiteouts: frozenset[str]
    opaque: frozenset[str]
    size: int = field(default=0, compare=False)


def view_layer(entries: Iterable[Entry], asked: Wanted, where: str, limit: int) -> LayerView:
    """Read a layer's entries to the end and keep what concerns `asked`. The last of several entries with one name wins.

    limit: bytes of memory for all that is kept. Raises HostileLayer.
    """
    return _Viewer(asked, where, limit).read(entries)


class _Viewer:
    def __init__(self, asked: Wanted, where: str, limit: int) -> None:
        self._asked = asked
        self._where = where
        self._limit = limit
        self._kept = 0
        self._replaced = 0
        self._nodes: dict[str, Node] = {}
        self._links: dict[str, Symlink] = {}
        self._deepest = 0  # slashes in the name of a link
        self._whiteouts: set[str] = set()
        self._opaque: set[str] = set()

    def read(self, entries: Iterable[Entry]) -> LayerView:
        written, parent = "/", ""
        for entry in entries:
            above, _slash, base = entry.name.rpartition("/")
            if above != written:
                written, parent = above, self._behind_links(above)
                self._imply(parent)
            path = f"{parent}/{base}" if parent else base
            if base.startswith(_WHITEOUT):
                self._hide(path, parent, base)
            elif self._asked.covers(path):
                self._put(path, self._node(path, entry))
        return LayerView(self._asked, self._nodes, frozenset(self._whiteouts), frozenset(self._opaque), self._kept)

    def _imply(self, parent: str) -> None:
        """An entry in `parent` implies the directories above it, whether they have entries of their own or not."""
        directory, end = "", -1
        while directory in self._asked.paths:  # with any path, those above it are among them, so the first miss ends it
            self._nodes.setdefault(directory, _DIRECTORY)
            if directory == parent:
                return
            end = parent.find("/", end + 1)
            directory = parent if end < 0 else parent[:end]
        if self._asked.covers(directory) and directory not in self._nodes:
            self._keep(_NODE + len(directory), directory)
            self._nodes[directory] = _DIRECTORY

    def _keep(self, size: int, name: str) -> None:
        self._kept += size
        if self._kept > self._limit:
            raise HostileLayer(
                f"{name[:200]!r} in the {self._where} is too large: {self._kept} bytes to look at, the limit is "
                f"{self._limit}."
            )

    def _hide(self, path: str, parent: str, base: str) -> None:
        hidden = path.removesuffix(base) + base.removeprefix(_WHITEOUT)
        if base == _OPAQUE:
            if parent in self._asked.paths:
                self._opaque.add(parent)
        elif self._asked.covers(hidden) and not base.startswith(_WHITEOUT + _WHITEOUT):  # those are aufs's own notes
            self._keep(_NODE + len(hidden), hidden)
            self._whiteouts.add(hidden)

    def _put(self, path: str, node: Node) -> None:
        if not isinstance(node, Directory) and isinstance(self._nodes.get(path), Directory):
            self._replaced += 1
            if self._replaced > _REPLACED:
                raise HostileLayer(f"The {self._where} replaces more than {_REPLACED} directories by something else.")
            for below in [name for name in self._nodes if name.startswith(f"{path}/")]:
                del self._nodes[below]
                self._links.pop(below, None)
        self._nodes[path] = node
        if isinstance(node, Symlink):
            self._links[path] = node
            self._deepest = max(self._deepest, path.count("/"))
        else:
            self._links.pop(path, None)

    def _behind_links(self, directory: str) -> str:
        """Where an entry of `directory` is unpacked to: links that the layer wrote before it are followed."""
        for _link in range(SYMLINKS if self._links else 0):
            end = -1
            for _depth in range(self._deepest + 1):
                end = directory.find("/", end + 1)
                name = directory if end < 0 else directory[:end]
                if link := self._links.get(name):
                    target = posixpath.join("/", posixpath.dirname(name), link.target)
                    directory = posixpath.normpath(target + directory[len(name) :]).lstrip("/")
                    break
                if end < 0:
                    return directory
            else:
                return directory
            if len(directory) > _PATH:
                break
        return directory

    def _node(self, path: str, entry: Entry) -> Node:
        self._keep(_NODE + len(path) + len(entry.link), path)
        match entry.kind:
            case "directory":
                return _DIRECTORY
            case "symlink":
                return Symlink(entry.link)
            case "hardlink":  # to what has this name now: a later entry of the name is another file
                above, _slash, base = normalize(entry.link, self._where).rpartition("/")
                parent = self._behind_links(above)
                target = f"{parent}/{base}" if parent else base
                known = self._nodes.get(target, Hardlink(target))
                if isinstance(known, Regular) and path in self._asked.paths:
                    return Hardlink(target)  # only another reading has the content
                return Other() if isinstance(known, Directory) else known  # no tree has links to directories
            case "file":
                return self._file(path, entry)
            case _:
                return Other()

    def _file(self, path: str, entry: Entry) -> File | Regular:
        if path in self._asked.paths:
            self._keep(entry.size, path)
            return File(entry.read())
        if entry.size > _LARGEST:
            return Regular(None, f"it has {entry.size} bytes")
        if entry.size > _LARGE:
            with _ONE_LARGE:
                return self._looked_into(path, entry.read())
        return self._looked_into(path, entry.read())

    def _looked_into(self, path: str, content: bytes) -> File | Regular:
        found = look_into(content)
        if found.elf:
            elf = found.elf
            texts = (elf.soname, elf.rpath, elf.runpath, elf.interpreter, *elf.needed, *elf.defines)
            self._keep(sum(50 + len(text) for text in texts) + sum(150 + len(n.version) for n in elf.needs), path)
        elif not found.unread and len(content) <= _SMALL:
            self._keep(len(content), path)
            return File(content)
        return found


def look_into(content: bytes) -> Regular:
    """What a file is as a program or library."""
    if not content.startswith(MAGIC):
        return Regular(None)
    try:
        return Regular(read_elf(content, "it"))
    except BrokenElf as error:
        return Regular(None, error.message.rstrip("."))
