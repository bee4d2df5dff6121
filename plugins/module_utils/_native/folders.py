# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a directory that is checked as a package: the first bytes of each, or all of it.

Symbolic links are entries of their own and are not followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from .._code.content import entry_name, within_limit
from .._code.errors import EmptyPackage, PackageUnreadable, UnsafeEntry, shown
from .._code.files import kind_of, reading
from .._elf.segments import ReadAt

# O_NONBLOCK: should a pipe have taken a file's place by now, opening it must not wait.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW


class Filed:
    """A file or symbolic link in a directory; its attributes are those of archives.Zipped."""

    __slots__ = ("_found", "_full", "_handle", "mode", "name", "size", "target")

    def __init__(self, full: bytes, name: bytes, found: os.stat_result) -> None:
        self.name = name.decode("utf-8", "surrogateescape")
        self.size = found.st_size
        self.mode: int | None = stat.S_IMODE(found.st_mode)
        self._full = full
        self._found = found
        self._handle = -1
        self.target = ""
        if stat.S_ISLNK(found.st_mode):
            with reading(full):
                self.target = os.fsdecode(os.readlink(full))

    def __enter__(self) -> Filed:
        """Keep it open, for what is read several times."""
        try:
            self._handle = os.open(self._full, _FLAGS)
        except OSError:
            with reading(self._full):
                raise
        return self

    def __exit__(self, kind: object, *_failure: object) -> None:
        found = os.fstat(self._handle)
        os.close(self._handle)
        self._handle = -1
        known = self._found
        same = (found.st_ino, found.st_size, found.st_mtime_ns) == (known.st_ino, known.st_size, known.st_mtime_ns)
        if kind is None and not same:
            raise self._changed()

    @property
    def parts(self) -> ReadAt:
        """Raises CodeError."""
        return self._read_at

    def peek(self, size: int) -> bytes:
        """Its first bytes, at most `size`. Raises CodeError."""
        return self._read_at(0, min(size, self.size))

    def read(self) -> bytes:
        """All of it. Raises CodeError, also when it changes meanwhile."""
        return self._read_at(0, self.size)

    def _read_at(self, offset: int, size: int) -> bytes:
        if self._handle < 0:
            with self:
                return self._read_at(offset, size)
        try:
            content = os.pread(self._handle, size, offset)
        except OSError:
            with reading(self._full):
                raise
        if len(content) != size:
            raise self._changed()
        return content

    def _changed(self) -> PackageUnreadable:
        return PackageUnreadable(
            f"{shown(self._full)} was written to while it was read.",
            hint="Wait for the build to end, then run again.",
        )


class Listing(NamedTuple):
    """files: files and links, sorted by name. closed: directories that only their owner or group may enter, by name,
    with their permission bits."""

    files: list[Filed]
    closed: dict[str, int]


def listing_of(path: str) -> Listing:
    """All that is below a directory.

    Raises EmptyPackage, UnsafeEntry for pipes, sockets and devices, PackageTooLarge and PackageUnreadable.
    """
    found: list[Filed] = []
    closed: dict[str, int] = {}
    total = 0
    for full, name, state in _below(os.fsencode(path), b""):
        mode = state.st_mode
        if stat.S_ISDIR(mode):
            if not mode & stat.S_IXOTH:
                closed[os.fsdecode(name)] = stat.S_IMODE(mode)
            continue
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise UnsafeEntry(
                f"{shown(path)} holds {shown(name)}, which is {kind_of(mode)}.",
                hint="Remove it: a package holds files, directories and symbolic links.",
            )
        total += state.st_size
        within_limit(total, path)
        plain = b"\\" not in name and name[1:2] != b":"  # what the system says has no empty parts and no `..`
        found.append(Filed(full, name if plain else entry_name(name, path), state))
    if not found:
        raise EmptyPackage(f"{shown(path)} is a directory without files.", hint="Build the function's files into it.")
    return Listing(sorted(found, key=lambda file: file.name), closed)


def _below(folder: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes, os.stat_result]]:
    """Path, name inside the package, and state of everything."""
    folders = [(folder, prefix)]
    while folders:
        folder, prefix = folders.pop()
        try:
            with os.scandir(folder) as entries:
                found = [(entry.path, prefix + entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
        except OSError:
            with reading(folder):
                raise
        folders += [(path, name + b"/") for path, name, state in found if stat.S_ISDIR(state.st_mode)]
        yield from found
