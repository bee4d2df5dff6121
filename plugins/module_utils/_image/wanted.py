# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""What is asked of a file system: paths, directories, and both together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """paths: files whose content is wanted, with the directories above them; directories: those whose direct children
    are wanted for what they are, themselves among the paths."""

    paths: frozenset[str] = frozenset()
    directories: frozenset[str] = frozenset()

    def covers(self, name: str) -> bool:
        return name in self.paths or (bool(self.directories and name) and name.rpartition("/")[0] in self.directories)

    def __or__(self, other: Wanted) -> Wanted:
        return Wanted(self.paths | other.paths, self.directories | other.directories)

    def __le__(self, other: Wanted) -> bool:
        return self.paths <= other.paths and self.directories <= other.directories

    def __bool__(self) -> bool:
        return bool(self.paths or self.directories)


NOTHING = Wanted()


def wanted(paths: Iterable[str] = (), directories: Iterable[str] = ()) -> Wanted:
    """Paths are from the image's root, without a leading slash."""
    folders = frozenset(directories)
    return Wanted(with_parents((*paths, *folders)), folders)


def with_parents(paths: Iterable[str]) -> frozenset[str]:
    return frozenset(piece for path in paths for piece in (path, *ancestors(path)))


def ancestors(path: str) -> Iterator[str]:
    """From the nearest directory to the root, "": `a/b/c` gives `a/b`, `a`, ``."""
    while path:
        path = path.rpartition("/")[0]
        yield path
