# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the loader brings in with a file: all objects that it needs, breadth first, each name once. Pure.

Each file is loaded alone, in a process that has only loaded what the runtime itself is linked to, and all of that comes
from the image. A library of the package that others of it need is looked at as those load it: that is when libraries
without a search path of their own find their neighbours. What a library of the image needs in turn is not known here;
the image was built to satisfy it.

Sources: glibc, elf/dl-deps.c (_dl_map_object_deps), elf/dl-load.c (_dl_map_object: objects that are already loaded are
found by the names under which they were asked for, and by their sonames).
"""

from __future__ import annotations

import posixpath
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .contents import FUNCTION_ROOT, LAYER_ROOT, Native
from .loader import Hit, InTheWay, Loader, Missing, Opened
from .mounts import Mounts
from .target import Target

# By language, what is loaded before any code of a package is, if the image has it: the libraries to which AWS's
# interpreters, .NET's host and the native part of Python's runtime client are linked.
_ALWAYS = ("libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1")
_WITH_CXX = (*_ALWAYS, "libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libdl.so.2", "libpthread.so.0")
_LOADED = {"python": _WITH_CXX, "nodejs": _WITH_CXX, "dotnet": _WITH_CXX}
_WITH_BOOTSTRAP = ("provided", "go", "")  # where Lambda starts a package's own program; "": it may be one of these


class Edge(NamedTuple):
    """One object's need: which file asks for which name, and what answers."""

    native: Native
    name: str
    hit: Hit


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """root: the file that is loaded. files: it and what is loaded with it of the package; unanswered: those of their
    needs for which nothing was found, both in the order in which the loader meets them. names: what is loaded in the
    end, by each name under which other objects find it."""

    root: Native
    files: tuple[Native, ...]
    unanswered: tuple[Edge, ...]
    names: dict[str, Hit] = field(repr=False)

    @property
    def whole(self) -> bool:
        return not self.unanswered

    @property
    def edges(self) -> Iterator[Edge]:
        """All needs of its files, in the same order. They are not kept: of files that all need each other, each load
        would have the square of them."""
        nothing = {(id(edge.native), edge.name): edge.hit for edge in self.unanswered}
        for native in self.files:
            for name in names_needed(native):
                yield Edge(native, name, nothing.get((id(native), name)) or self.names[name])


def loads(natives: Sequence[Native], loader: Loader, target: Target) -> tuple[Load, ...]:
    """natives: those that fit the target. One load for each file that is opened by itself: extensions, programs, and
    libraries that no other file of the package brings along."""
    loading = _Loading(loader, target)
    opened = [loading.load(native) for native in natives if _opened_by_itself(native)]
    reached = {id(native) for load in opened for native in load.files}
    plain: list[Load] = []
    for native in natives:
        if id(native) not in reached:  # of those that bring each other along, one is enough
            plain.append(loading.load(native))
            reached.update(map(id, plain[-1].files))
    brought = {id(native) for load in plain for native in load.files if native is not load.root}
    return (*opened, *(load for load in plain if id(load.root) not in brought))


def loaded_before(target: Target) -> tuple[str, ...]:
    """Libraries that the runtime has loaded before it comes to a package, if the image has them."""
    return _LOADED.get(target.language, _ALWAYS)


def started(natives: Sequence[Native], mounts: Mounts, target: Target) -> frozenset[int]:
    """By id, the files that an interpreter loads as its extensions, and the programs that Lambda starts. Who loads
    other libraries, and who starts other programs, can't be seen."""
    programs = mounts.entries(f"{LAYER_ROOT}/extensions")
    if target.language in _WITH_BOOTSTRAP:
        programs += [f"{FUNCTION_ROOT}/bootstrap", f"{LAYER_ROOT}/bootstrap"]
    places = {mounts.resolve(path) for path in programs}
    return frozenset(id(native) for native in natives if _is_extension(native) or native.place in places)


def _is_extension(native: Native) -> bool:
    return bool(native.entry_points) or native.name.endswith(".node")


def _opened_by_itself(native: Native) -> bool:
    return _is_extension(native) or is_program(native)


def names_needed(native: Native) -> Iterable[str]:
    """Each once: asked for again, the loader has it already."""
    return dict.fromkeys(native.elf.needed) if native.elf else ()


def is_program(native: Native) -> bool:
    return native.elf is not None and native.elf.kind == "executable"


class _Loading:
    def __init__(self, loader: Loader, target: Target) -> None:
        self._loader = loader
        loaded = ((name, loader.image_library(name)) for name in loaded_before(target))
        self._loaded: dict[str, Hit] = {name: library for name, library in loaded if library}

    def load(self, native: Native) -> Load:
        root = Opened(native, posixpath.dirname(self._loader.mounts.path(native)))
        names: dict[str, Hit] = {} if is_program(native) else dict(self._loaded)
        if native.elf and native.elf.soname:
            names.setdefault(native.elf.soname, root)
        objects: dict[int, Opened] = {id(native): root}
        queue = deque([(root, self._loader.scope(root, None))])
        unanswered: list[Edge] = []
        while queue:
            opened, scope = queue.popleft()
            if elf := opened.native.elf:
                self._loader.spend(len(elf.needed) + len(elf.needs))
            for name in names_needed(opened.native):
                hit = names.get(name)
                if hit is None:
                    hit = self._loader.find(name, scope, opened)
                    if isinstance(hit, Opened) and id(hit.native) not in objects:
                        objects[id(hit.native)] = hit
                        queue.append((hit, self._loader.scope(hit, scope)))
                        if hit.native.elf and hit.native.elf.soname:
                            names.setdefault(hit.native.elf.soname, hit)
                    if isinstance(hit, Missing | InTheWay):
                        unanswered.append(Edge(opened.native, name, hit))
                    else:
                        names[name] = hit
        return Load(native, tuple(opened.native for opened in objects.values()), tuple(unanswered), names)
