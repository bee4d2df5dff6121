# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Walking the sources of a package: which of their files go in, and under which names. Nothing of them is read.

What a pattern names is `patterns.py`'s subject; whether all files together make a package is asked by `selection.py`.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from .._code.content import Mode, entry_name
from .._code.errors import CodeError, PackageMissing, PackageTooLarge, PackageUnreadable, UnsafeEntry, shown
from .._code.files import is_directory, kind_of, reading
from .links import leads_out
from .own import Identity, Own, identity_of
from .patterns import Patterns, excluded_by_default, read_lines

_MOST = 500_000  # files and directories: links that are followed can make a small tree endless, and `src: /` is a slip
_LONGEST_PREFIX = 4096  # bytes: PATH_MAX of Linux
_NO_END = {  # why a link can't be followed, and what to do about it
    errno.ENOENT: ("where nothing is", "Build what it leads to"),
    errno.ELOOP: ("which leads in a circle", "Correct it"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """A directory whose files go in below `prefix`, or one file. exclude: patterns, which come last."""

    path: str
    prefix: str = ""
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for every source that is a directory. ignore_file: its name, "" for none."""

    exclude: tuple[str, ...] = ()
    ignore_file: str = ".lambdaignore"
    default_excludes: bool = True
    follow_links: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file or a link that goes in. name: in the package; path: on this host; found: its state when it was found;
    target: of a link; leaves_source: whether a link leads out of its source, if not out of the package."""

    name: bytes
    path: bytes
    mode: Mode
    found: os.stat_result = field(repr=False)
    target: bytes = b""
    leaves_source: bool = False

    @property
    def size(self) -> int:
        """Bytes in the package, unzipped."""
        return len(self.target) if self.mode is Mode.LINK else self.found.st_size


@dataclass(frozen=True, slots=True)
class _Folder:
    """names: the parts of its path below the source. above: it and the directories that it was reached through."""

    path: bytes
    names: tuple[bytes, ...]
    identity: Identity
    above: frozenset[Identity]


class Walk:
    """One source. excluded: how many files and directories were left out so far; what is in these is not counted."""

    def __init__(self, source: Source, rules: Rules, own: Own) -> None:
        self.excluded = 0
        self._source, self._rules, self._own = source, rules, own
        self._prefix = _prefix_of(source)
        self._root = os.fsencode(source.path)
        with reading(self._root):
            self._real_root = os.path.realpath(self._root)
        self._seen = 0

    def files(self) -> Iterator[Chosen]:
        """In no particular order. Raises a CodeError for what can't be packed or read."""
        if not _is_directory(self._source):  # a file that somebody named goes in, whatever its name is
            with reading(self._root):
                found = os.stat(self._root)
            yield self._file(self._root, (os.path.basename(self._root),), found)
            return
        patterns = self._patterns()
        with reading(self._root):
            identity = identity_of(os.stat(self._root))
        folders = [_Folder(self._root, (), identity, frozenset({identity}))]
        while folders:
            folder = folders.pop()
            with reading(folder.path), os.scandir(folder.path) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
            for entry in listed:
                names = (*folder.names, entry.name)
                if self._own.is_it(folder.identity, entry.name) or names == (os.fsencode(self._rules.ignore_file),):
                    continue
                self._count()
                follow = self._rules.follow_links
                if follow and entry.is_symlink() and self._own.is_behind(entry.path):
                    continue
                with reading(entry.path):
                    directory = _leads_to_directory(entry) if follow else entry.is_dir(follow_symlinks=False)
                if self._leaves_out(names, directory, patterns):
                    self.excluded += 1
                elif directory:
                    folders.append(self._below(folder, entry, names))
                elif entry.is_symlink() and not follow:
                    yield self._link(entry, names)
                else:
                    yield self._file(entry.path, names, _state(entry))

    def _patterns(self) -> Patterns:
        if "/" in self._rules.ignore_file:
            raise CodeError(
                f"The ignore file {shown(self._rules.ignore_file)} is a path, and a name is wanted.",
                hint="It is looked for at the top of each source.",
            )
        lines = [*self._rules.exclude, *self._source.exclude]
        if self._rules.ignore_file:
            place = os.path.join(self._source.path, self._rules.ignore_file)
            if os.path.lexists(place):
                lines = read_lines(place) + lines
        return Patterns(lines)

    def _leaves_out(self, names: tuple[bytes, ...], directory: bool, patterns: Patterns) -> bool:
        path = [name.decode("utf-8", "surrogateescape") for name in names]
        decided = patterns.excludes(path, directory=directory)
        if decided is None:
            return self._rules.default_excludes and excluded_by_default(path[-1], directory=directory)
        return decided

    def _count(self) -> None:
        self._seen += 1
        if self._seen > _MOST:
            raise PackageTooLarge(
                f"{shown(self._source.path)} holds more than {_MOST:,} files and directories.",
                hint="Is it the right directory? Exclude what the function does not need, and links that repeat it.",
            )

    def _below(self, folder: _Folder, entry: os.DirEntry[bytes], names: tuple[bytes, ...]) -> _Folder:
        identity = identity_of(_state(entry))
        if identity in folder.above:
            raise UnsafeEntry(
                f"Following symbolic links never ends: {shown(entry.path)} is a directory above itself.",
                hint="Exclude the link, or keep links as links.",
            )
        return _Folder(entry.path, names, identity, folder.above | {identity})

    def _link(self, entry: os.DirEntry[bytes], names: tuple[bytes, ...]) -> Chosen:
        with reading(entry.path):
            target, found = os.readlink(entry.path), entry.stat(follow_symlinks=False)
        name = self._name(names)
        if leads_out(name, target, [self._real_root]):
            raise out_of_package(entry.path, target)
        return Chosen(name, entry.path, Mode.LINK, found, target, leads_out(b"/".join(names), target))

    def _file(self, path: bytes, names: tuple[bytes, ...], found: os.stat_result) -> Chosen:
        if not stat.S_ISREG(found.st_mode):
            raise UnsafeEntry(
                f"{shown(path)} is {kind_of(found.st_mode)}, which no package can hold.",
                hint="Remove it, or exclude it.",
            )
        return Chosen(self._name(names), path, Mode.of_file(found.st_mode), found)

    def _name(self, names: tuple[bytes, ...]) -> bytes:
        try:
            name = entry_name(b"/".join((*self._prefix, *names)), self._source.path)
        except UnsafeEntry as error:
            raise UnsafeEntry(error.message, hint="Rename it, or exclude it.") from error
        try:
            name.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UnsafeEntry(
                f"{shown(self._source.path)} holds {shown(name)}, whose name is not in UTF-8.",
                hint="Rename it, or exclude it.",
            ) from error
        return name


def out_of_package(path: bytes, target: bytes) -> UnsafeEntry:
    """The error for a link to what will not be there."""
    return UnsafeEntry(
        f"{shown(path)} is a symbolic link to {shown(target)}, which the package will not hold.",
        hint="Set `links: follow` to pack what it leads to, or exclude it.",
    )


def _leads_to_directory(entry: os.DirEntry[bytes]) -> bool:
    """False for a link that can't be followed, which may be excluded all the same."""
    try:
        return entry.is_dir()
    except OSError:
        if entry.is_symlink():
            return False
        raise


def _state(entry: os.DirEntry[bytes]) -> os.stat_result:
    """Of what a link leads to."""
    with reading(entry.path):
        try:
            return entry.stat()
        except OSError as error:
            if error.errno not in _NO_END or not entry.is_symlink():
                raise
            where, remedy = _NO_END[error.errno]
            raise PackageUnreadable(
                f"{shown(entry.path)} is a symbolic link to {shown(os.readlink(entry.path))}, {where}.",
                hint=f"{remedy}, or exclude it.",
            ) from error


def _is_directory(source: Source) -> bool:
    if not source.path.strip():
        raise CodeError("The path of a source is empty.", hint="Give the path of a directory, or of a single file.")
    try:
        return is_directory(source.path)
    except PackageMissing as error:
        raise PackageMissing(
            f"The source {shown(source.path)} does not exist.",
            hint="Correct the path, which is looked for on the host that runs the task.",
        ) from error


def _prefix_of(source: Source) -> tuple[bytes, ...]:
    raw = source.prefix.encode("utf-8", "surrogateescape")
    parts = raw.split(b"/")
    kept = tuple(part for part in parts if part not in (b"", b"."))
    wrong = ""
    if raw.startswith(b"/") or b".." in parts or (kept and re.fullmatch(rb"[A-Za-z]:", kept[0])):
        wrong = "leads out of the package"
    elif b"\\" in raw:
        wrong = "has a backslash in it, and a slash is what divides a path in a package"
    elif b"\0" in raw:
        wrong = "has a NUL character in it"
    elif len(raw) > _LONGEST_PREFIX:
        raise UnsafeEntry(
            f"The prefix has {len(raw):,} bytes, and no path has more than {_LONGEST_PREFIX:,}.", hint="Shorten it."
        )
    if wrong:
        raise UnsafeEntry(
            f"The prefix {shown(raw)} {wrong}.",
            hint="Give a relative path such as `nodejs/node_modules`, or nothing for the top of the package.",
        )
    return kept
