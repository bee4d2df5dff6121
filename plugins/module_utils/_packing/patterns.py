# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left out of a package: patterns as in git's `.gitignore`, and what is left out unless somebody objects.

The globs of one part of a path are pathspec's. Which parts of a path they stand for is decided here, because a walk
asks about one file or directory at a time, after those above it, and wants to know whether it is named itself;
pathspec says whether it or any directory above it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from .._code.errors import BadPattern, MissingPathspec, PackageMissing, PackageUnreadable, shown
from .._code.files import open_regular

try:
    from pathspec import GitIgnoreSpec
except ImportError:
    GitIgnoreSpec = None  # type: ignore[assignment, misc]

# Compiled Python carries the time of its source, so a package with it would differ from build to build.
DEFAULT_EXCLUDES = (".git", ".hg", ".svn", "__pycache__/", "*.pyc", "*.pyo", ".DS_Store", "._*")

_UNSUPPORTED = re.compile(r"(?:^|[^\\])\[[^\]]*(?:\\|\[:)")  # which pathspec takes for something else than git does
_ENDS_EARLY = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")


def excluded_by_default(name: str, *, directory: bool) -> bool:
    """Whether DEFAULT_EXCLUDES names a file or directory; name: its last part."""
    return any(
        fnmatchcase(name, pattern.rstrip("/")) and (directory or not pattern.endswith("/"))
        for pattern in DEFAULT_EXCLUDES
    )


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One line: the parts of a path that it names, `**` among them, or one part that may stand anywhere."""

    parts: tuple[str, ...]
    anchored: bool
    only_directories: bool
    excludes: bool

    def names(self, path: Sequence[str], *, directory: bool) -> bool:
        if self.only_directories and not directory:
            return False
        return _fits(self.parts, path) if self.anchored else _part_fits(self.parts[0], path[-1])


class Patterns:
    """Lines as in `.gitignore`, of which the last one that names a file decides.

    Source: git's documentation, gitignore, "Pattern format". Raises BadPattern, and MissingPathspec if there is any
    pattern among the lines.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._patterns = [pattern for line in lines if (pattern := _parsed(line))]
        self._patterns.reverse()
        if self._patterns and GitIgnoreSpec is None:
            raise MissingPathspec("Patterns can't be understood without the Python package pathspec.")
        for pattern in self._patterns:
            for part in pattern.parts:
                _part_fits(part, "x")  # which raises BadPattern now, whatever files there are

    def excludes(self, path: Sequence[str], *, directory: bool) -> bool | None:
        """Whether the path is left out or, by `!`, goes in; None if no pattern names it.

        path: its parts below the directory that the patterns are for. What is above it is known to go in.
        """
        for pattern in self._patterns:
            if pattern.names(path, directory=directory):
                return pattern.excludes
        return None


def read_lines(path: str) -> list[str]:
    """The lines of a file of patterns. Raises BadPattern if it is no text, and as open_regular does."""
    hint = "Patterns are read from it: make it a file that this user may read, or remove it."
    try:
        with open_regular(path) as (handle, _found):
            content = handle.read()
    except PackageMissing as error:
        raise PackageMissing(f"{shown(path)} is a symbolic link that leads to nothing.", hint=hint) from error
    except PackageUnreadable as error:
        raise PackageUnreadable(error.message, hint=hint) from error
    try:
        return content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise BadPattern(
            f"{shown(path)} is no text in UTF-8.", hint="Save it as UTF-8, one pattern in each line."
        ) from error


def _parsed(line: str) -> _Pattern | None:
    text = re.sub(r"(?<!\\) +$", "", line.removesuffix("\r"))
    if not text.strip("/") or text.startswith("#"):
        return None
    excludes = not text.startswith("!")
    text = text.removeprefix("!")
    only_directories = text.endswith("/")
    text = text.removesuffix("/")
    if not text:
        return None
    anchored = "/" in text
    return _Pattern(tuple(text.removeprefix("/").split("/")), anchored, only_directories, excludes)


def _fits(parts: Sequence[str], path: Sequence[str]) -> bool:
    """Whether the parts of an anchored pattern name exactly this path.

    All places are followed at once that the pattern may have come to: one after another would be endless for several
    `**`.
    """
    places = {0}
    for number, part in enumerate(parts, 1):
        if len(part) > 1 and not part.strip("*"):  # `**`: any number of directories; at the end, all below
            if number == len(parts):
                return min(places) < len(path)
            places = set(range(min(places), len(path)))
        else:
            places = {place + 1 for place in places if place < len(path) and _part_fits(part, path[place])}
        if not places:
            return False
    return len(path) in places


def _part_fits(glob: str, name: str) -> bool:
    if glob and not glob.strip("*"):
        return True
    return _glob_fits(glob, name) if re.search(r"[*?\[\\]", glob) else glob == name


@lru_cache(maxsize=100_000)
def _glob_fits(glob: str, name: str) -> bool:
    return _compiled(glob).match_file(f"{_bytes_of(name)}/")


def _bytes_of(text: str) -> str:
    """A character for each byte, since git's globs match bytes."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


@lru_cache(maxsize=1000)
def _compiled(glob: str) -> GitIgnoreSpec:
    try:
        if _UNSUPPORTED.search(glob):
            raise ValueError("backslashes and classes such as [:alpha:] are not supported between brackets")
        if _ENDS_EARLY.search(glob):
            raise ValueError("a backslash stands at its end, before nothing")
        # Between slashes it is nothing but a glob: neither a comment nor a negation, and its spaces stay.
        return GitIgnoreSpec.from_lines([f"/{_bytes_of(glob)}/"])
    except (ValueError, re.error) as error:
        backwards = "bad character range" in str(error)
        reason = "a range between brackets runs backwards" if backwards else shown(str(error)).rstrip(".")
        raise BadPattern(
            f"The pattern {shown(glob)} can't be understood ({reason}).",
            hint="Write it as in a .gitignore file; a backslash before a special character takes its meaning away.",
        ) from error
