# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes into a package: the files of all its sources together, if they make one that Lambda takes.

How a source is walked is told by `walking.py`, and what becomes of the files by `packing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .._code.content import UNZIPPED_LIMIT, Mode
from .._code.errors import DuplicateEntry, EmptyPackage, PackageTooLarge, shown
from .links import to_nothing
from .own import Own
from .walking import Chosen, Rules, Source, Walk, out_of_package


@dataclass(frozen=True, slots=True)
class Selection:
    """files: sorted by the bytes of their names. excluded: how many files and directories were left out, where what is
    in a directory that was left out is not counted."""

    files: tuple[Chosen, ...] = field(repr=False)
    excluded: int

    @property
    def size(self) -> int:
        """Bytes of all files, unzipped."""
        return sum(file.size for file in self.files)

    @property
    def dangling(self) -> list[bytes]:
        """Names of the links that lead to nothing in the package."""
        links = {file.name: file.target for file in self.files if file.mode is Mode.LINK}
        return list(to_nothing(links, (file.name for file in self.files)))


def select(sources: Sequence[Source], rules: Rules, own: Sequence[str], scratch: str) -> Selection:
    """What goes into the package of which `own` are the paths, which stays out itself where a source holds it.

    scratch: how the names begin that unfinished packages have. Raises a CodeError for whatever makes no package that
    Lambda would take: DuplicateEntry, EmptyPackage, PackageTooLarge, UnsafeEntry, and as `Walk` does.
    """
    itself, excluded = Own.at(own, scratch), 0
    by_name: dict[bytes, Chosen] = {}
    for source in sources:
        walk = Walk(source, rules, itself)
        for file in walk.files():
            if file.name in by_name:
                raise _clash(file, by_name[file.name])
            by_name[file.name] = file
        excluded += walk.excluded
    for name, file in by_name.items():
        above = name
        while above := above.rpartition(b"/")[0]:
            if above in by_name:
                raise _clash(file, by_name[above])
    if not by_name:
        raise _empty(sources, excluded)
    selection = Selection(tuple(by_name[name] for name in sorted(by_name)), excluded)
    for name in selection.dangling:
        if by_name[name].leaves_source:  # to what only another source could have brought
            raise out_of_package(by_name[name].path, by_name[name].target)
    if selection.size > UNZIPPED_LIMIT:
        raise _too_large(selection, sources)
    return selection


def _clash(file: Chosen, other: Chosen) -> DuplicateEntry:
    if file.name == other.name:
        return DuplicateEntry(
            f"{shown(other.path)} and {shown(file.path)} would both be {shown(file.name)} in the package.",
            hint="Exclude one of them, or give its source another prefix.",
        )
    return DuplicateEntry(
        f"{shown(other.path)} would be {shown(other.name)} in the package, where {shown(file.path)} needs a directory.",
        hint="Exclude one of them, or give its source another prefix.",
    )


def _empty(sources: Sequence[Source], excluded: int) -> EmptyPackage:
    if excluded:
        return EmptyPackage(
            f"Nothing is left to pack of {_named(sources)}: everything is excluded.",
            hint="Look at `exclude`, and at the ignore file at the top of the source.",
        )
    return EmptyPackage(
        f"There are no files in {_named(sources)}.",
        hint="Build the function's files into it, or correct the path.",
    )


def _too_large(selection: Selection, sources: Sequence[Source]) -> PackageTooLarge:
    largest = sorted(selection.files, key=lambda file: (-file.size, file.name))[:3]
    names = ", ".join(f"{shown(file.name)} ({file.size:,} bytes)" for file in largest)
    return PackageTooLarge(
        f"The files of {_named(sources)} have {selection.size:,} bytes, and Lambda takes at most {UNZIPPED_LIMIT:,} "
        "unzipped.",
        hint=f"The largest are {names}: exclude what the function does not need, or deploy it as a container image.",
    )


def _named(sources: Sequence[Source]) -> str:
    return " and ".join(shown(source.path) for source in sources)
