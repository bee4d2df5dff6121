# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the shared libraries that the loader finds first differ in two images, and what of it native code could feel.

Pure. Symbol versions are compared as sets of names, never as numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from .._image.libraries import Library, LibraryFacts
from .._image.symbol_versions import families, worded
from .parity import Difference, Verdict


def library_differences(
    build: LibraryFacts, runtime: LibraryFacts, build_only: Set[str] = frozenset()
) -> Iterable[Difference]:
    """build_only: packages that only the build image has, whose libraries are told of with them.

    Libraries that only the runtime has are no difference: nothing was linked to them.
    """
    theirs = {library.name: library for library in runtime.libraries}
    in_runtime = {library.package for library in runtime.libraries} - {""}
    for mine in build.libraries:
        other = theirs.get(mine.name)
        if other is None:
            if mine.package not in build_only:
                yield _unmatched(mine, mine.package in in_runtime)
        elif lacking := mine.versions - other.versions:
            yield _lacking(mine, other, lacking)
        elif mine.versions != other.versions or _elsewhere(mine, other):
            yield _harmless(mine, other)


def shadowed_differences(
    build_linked: LibraryFacts, runtime_linked: LibraryFacts, runtime: LibraryFacts
) -> Iterable[Difference]:
    """Of libraries that a linker finds, where the loader would find another one of that name before it.

    runtime: what its loader finds. What is lacking there and in the one behind it is drift; what only the first one
    lacks is so in the runtime image itself.
    """
    behind = {library.name: library for library in runtime_linked.libraries}
    first = {library.name: library for library in runtime.libraries}
    for mine in build_linked.libraries:
        hit = first.get(mine.name)
        other = behind.get(mine.name)
        if hit and (lacking := mine.versions - hit.versions - (other.versions if other else frozenset())):
            yield _lacking(mine, hit, lacking)


def _unmatched(mine: Library, shared_package: bool) -> Difference:
    """shared_package: the runtime has the package too, but without this library."""
    severity, why = (
        (Verdict.RISKY_DRIFT, f"The runtime's {mine.package} lacks it, so code that links to it does not load there.")
        if shared_package
        else (Verdict.COMPATIBLE_DRIFT, "Only the build image has it: code that links to it must bring it along.")
    )
    return Difference("library", mine.name, f"/{mine.path}", "", severity, why, mine.package)


def _lacking(mine: Library, other: Library, lacking: frozenset[str]) -> Difference:
    why = f"The runtime's library lacks {worded(lacking)}, so code that asks for it does not load there"
    if _folder(mine) != _folder(other):
        why += f"; it is /{other.path}, found before all others"
    return Difference(
        "library", mine.name, _newest(mine, lacking), _newest(other, lacking), Verdict.RISKY_DRIFT, f"{why}.",
        mine.package or other.package,
    )  # fmt: skip


def _newest(library: Library, lacking: frozenset[str]) -> str:
    """The newest version that the library has of the family that most is lacking of."""
    found = families(lacking)
    return families(library.versions).get(max(found, key=lambda family: len(found[family])), [""])[-1]


def _harmless(mine: Library, other: Library) -> Difference:
    if mine.versions != other.versions:
        why = "The runtime's library has all of its symbol versions, and more."
    elif _folder(mine) != _folder(other):
        why = "The loader finds it in another folder, with the same symbol versions."
    else:
        why = "Another file, which no package owns, with the same symbol versions."
    return Difference(
        "library", mine.name, f"/{mine.path}", f"/{other.path}", Verdict.COMPATIBLE_DRIFT, why,
        mine.package or other.package,
    )  # fmt: skip


def _elsewhere(mine: Library, other: Library) -> bool:
    """Whether the first hit is another file of which no package's version tells."""
    packaged = mine.package and other.package
    return mine.path != other.path and (not packaged or _folder(mine) != _folder(other))


def _folder(library: Library) -> str:
    return library.path.rpartition("/")[0]
