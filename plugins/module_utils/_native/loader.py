# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the loader finds a library by its name: in the package, its layers and the runtime image. Pure.

Which objects a file brings along with it is `loading.py`'s business. Not looked at: directories for certain processors
(glibc-hwcaps), RPATH of the interpreter's own program, directories of the image in which its loader does not search by
itself (taken as empty).

Sources: ld.so(8); glibc, elf/dl-load.c (_dl_map_object, open_path, open_verify, fillin_rpath, is_dst).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from .._image.libraries import Library
from .contents import Native
from .errors import NativeError
from .mounts import Mounts
from .target import Target

# Needs, versions and directories that are gone through for a package. The largest of real ones take a hundredth of it;
# what takes all of it was made to keep a computer busy.
EFFORT = 3_000_000
_TOKEN = re.compile(r"\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_]))")


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A file of the package that the loader takes. directory: the one through which it was opened, its $ORIGIN."""

    native: Native
    directory: str


@dataclass(frozen=True, slots=True, eq=False)
class InTheWay:
    """A file at which the search ends with an error: it is no library, so the loader does not look any further."""

    path: str


@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """A library of the image of which only that it is there is known, or not even that."""


@dataclass(frozen=True, slots=True, eq=False)
class Missing:
    """passed: a library of this name for another machine, over which the loader goes on, or ""."""

    name: str
    passed: str = ""


Hit: TypeAlias = "Opened | Library | InTheWay | Unknown | Missing"


@dataclass(slots=True, eq=False)
class Scope:
    """Where an object looks for what it needs. inherited: RPATH directories that objects loaded by it search as well.
    runpath: None without one; then `inherited` counts for the object itself too."""

    inherited: tuple[str, ...] = ()
    runpath: tuple[str, ...] | None = None
    found: dict[str, Hit] = field(default_factory=dict)


class Loader:
    """Answers are kept: packages with thousands of files ask for the same few libraries. Raises NativeError where more
    would have to be followed than in any real package."""

    def __init__(self, mounts: Mounts, target: Target) -> None:
        facts = target.libraries
        self.mounts = mounts
        self._target = target
        self._image = {library.name: library for library in (*facts.aliases, *facts.libraries)}
        self._unread = frozenset(facts.unreadable)
        # Directories have several names, such as /lib64 and /usr/lib64: by each, the one that `facts` uses.
        self._written = {directory: directory for directory in facts.search}
        for library in self._image.values():
            self._written.setdefault(library.directory, library.directory)
            self._written.setdefault(posixpath.dirname(f"/{library.path}"), library.directory)
        # What /lib64 and its like are called on Debian, and so in images that stand on it.
        multiarch = f"lib/{target.machine}-linux-gnu"
        self._lib = multiarch if any(multiarch in directory for directory in facts.search) else "lib64"
        self._scopes: dict[tuple[tuple[str, ...], tuple[str, ...] | None], Scope] = {}
        self._environment: dict[str, Hit] = {}
        self._left = EFFORT

    def spend(self, steps: int) -> None:
        """Raises NativeError once all is spent."""
        self._left -= steps
        if self._left < 0:
            raise NativeError(
                "The package's native files need each other in more ways than are followed here.",
                hint="Leave out those that the function does not load.",
            )

    def image_library(self, name: str) -> Library | None:
        """What the image alone would give for a name."""
        return self._image.get(name)

    def scope(self, opened: Opened, loader: Scope | None) -> Scope:
        """loader: the scope of the object that loaded it; None for what an interpreter or the kernel opens."""
        elf = opened.native.elf
        runpath = None if elf is None or not elf.runpath else self._directories(elf.runpath, opened)
        # If both are given, RPATH is ignored.
        own = self._directories(elf.rpath, opened) if elf and elf.rpath and runpath is None else ()
        inherited = (*own, *(loader.inherited if loader else ()))
        self.spend(len(inherited))
        return self._scopes.setdefault((inherited, runpath), Scope(inherited, runpath))

    def find(self, name: str, scope: Scope, opened: Opened) -> Hit:
        """name: of DT_NEEDED, looked for by `opened`, whose scope it is."""
        if "$" in name:
            name = self._expanded(name, opened)
        if "/" in name:
            return self.at(name)
        hit = scope.found.get(name)
        if hit is None:
            hit = scope.found[name] = self._search(name, scope)
        return hit

    def _search(self, name: str, scope: Scope) -> Hit:
        passed = ""
        for directories in (scope.inherited if scope.runpath is None else (), None, scope.runpath or ()):
            hit = self._in_environment(name) if directories is None else self._first(directories, name)
            if not isinstance(hit, Missing):
                return hit
            passed = passed or hit.passed
        # ld.so.cache was written when the image was built, so it knows nothing of the package.
        library = self._image.get(name)
        if library and not self.mounts.holds(library.directory):
            return library
        if name in self._unread or not self._target.libraries.whole:
            return Unknown()
        return Missing(name, passed)

    def _in_environment(self, name: str) -> Hit:
        """Along LD_LIBRARY_PATH."""
        if name not in self._environment:
            self._environment[name] = self._first(self._target.library_path, name)
        return self._environment[name]

    def _first(self, directories: Iterable[str], name: str) -> Hit:
        passed = ""
        for directory in directories:
            self.spend(1)
            hit = self._in_directory(directory, name)
            if isinstance(hit, Missing):
                passed = passed or hit.passed
            elif hit:
                return hit
        return Missing(name, passed)

    def _in_directory(self, directory: str, name: str) -> Hit | None:
        """None where nothing is; Missing where something for another machine is passed over."""
        real = self.mounts.resolve(directory)
        if self.mounts.holds(real):
            return self._opened(directory, self.mounts.resolve_entry(real, name), name)
        library = self._image.get(name)
        same = library and real and self._written.get(real, real) == self._written[library.directory]
        return library if same else None

    def at(self, path: str) -> Hit:
        """A name with a slash is a path; from the working directory if it is relative."""
        directory, name = posixpath.split(path)
        return self._in_directory(directory or ".", name) or Missing(path)

    def _opened(self, directory: str, real: str, name: str) -> Hit | None:
        if not self.mounts.holds(real):  # a link out of the package
            library = self._image.get(posixpath.basename(real))
            return library if library and real else None
        native = self.mounts.native(real)
        if native is None:
            return InTheWay(real) if self.mounts.member(real) else None
        elf = native.elf
        if elf is None:
            return InTheWay(real)
        if elf.bits != 64 or (elf.little_endian and elf.machine != self._target.machine):
            return Missing(name, native.name)
        if not elf.little_endian or elf.kind != "shared object":
            return InTheWay(real)
        return Opened(native, directory if directory.startswith("/") else self.mounts.resolve(directory))

    def _directories(self, paths: str, opened: Opened) -> tuple[str, ...]:
        """Of RPATH or RUNPATH; an empty entry is the working directory."""
        return tuple(dict.fromkeys(self._expanded(path, opened) or "." for path in paths.split(":")))

    def _expanded(self, path: str, opened: Opened) -> str:
        if "$" not in path:
            return path
        values = {"ORIGIN": opened.directory, "LIB": self._lib, "PLATFORM": self._target.machine}
        return _TOKEN.sub(lambda token: values[token[1] or token[2]], path)
