# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the rpm packages of two images differ, and what of it native code could feel. Pure.

What a package provides is what code can be linked to: sonames, and the symbol versions that they define.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from .._image.symbol_versions import worded
from .._rpm.packages import Evr, Package
from .parity import Difference, Verdict

_FIRST_ARCHITECTURES = ("x86_64", "aarch64", "noarch", "")
# Headers, archives and debug information: what is built with them needs none of them later.
_DEVELOPMENT = re.compile(r".+-(?:devel|headers|static|debuginfo|debugsource|docs?)")
# rpm's elfdeps writes soname(version)(64bit).
_CAPABILITY = re.compile(r"(?P<soname>[^()]+)(?:\((?P<version>[^()]*)\))?(?:\(64bit\))?")
_SHOWN = 3


def by_name(packages: Iterable[Package]) -> dict[str, list[Package]]:
    """Those of a second architecture, such as i686, are others; gpg-pubkey entries are keys, not packages."""
    found: dict[str, list[Package]] = {}
    for package in packages:
        if package.name != "gpg-pubkey":
            name = package.name if package.arch in _FIRST_ARCHITECTURES else f"{package.name}.{package.arch}"
            found.setdefault(name, []).append(package)
    return found


def package_differences(
    build: Mapping[str, Sequence[Package]], runtime: Mapping[str, Sequence[Package]]
) -> Iterable[Difference]:
    """By name, of all packages that the runtime has."""
    rivals: dict[str, set[str]] = {}
    for name in build.keys() - runtime.keys():
        for library in _libraries(build[name]):
            rivals.setdefault(library, set()).add(name)
    offered = frozenset(library for packages in runtime.values() for library in _libraries(packages))
    for name, theirs in runtime.items():
        if name not in build:
            names = {rival for library in _libraries(theirs) for rival in rivals.get(library, ())}
            yield _missing(name, theirs, {rival: build[rival] for rival in sorted(names)}, offered)
            continue
        ours, other = _versions(build[name]), _versions(theirs)
        if ours != other:
            severity, why = _grade(name, build[name], theirs, _libraries(build[name]) - offered)
            yield Difference("package", name, _listed(ours), _listed(other), severity, why)


def _libraries(packages: Iterable[Package]) -> frozenset[str]:
    return frozenset(library for package in packages for library in package.libraries)


def _versions(packages: Iterable[Package]) -> list[Evr]:
    return sorted(package.evr for package in packages)


def _listed(versions: Iterable[Evr]) -> str:
    return ", ".join(map(str, versions))


def _missing(
    name: str, runtime: Sequence[Package], rivals: Mapping[str, Sequence[Package]], offered: frozenset[str]
) -> Difference:
    """A package that the build image does not have; rivals: its others that provide the same libraries."""
    theirs = _versions(runtime)
    ours = {rival: max(_versions(packages)) for rival, packages in rivals.items()}
    lacking = frozenset(library for packages in rivals.values() for library in _libraries(packages)) - offered
    if not ours:
        severity, why = Verdict.COMPATIBLE_DRIFT, "Only the runtime has it, so nothing was linked to it."
    elif lacking:
        severity, why = Verdict.RISKY_DRIFT, f"Another package has its libraries where it was built, {_lack(lacking)}"
    elif max(ours.values()) > max(theirs):
        severity, why = Verdict.RISKY_DRIFT, "Another package, which is newer, has its libraries where it was built."
    else:
        severity, why = Verdict.COMPATIBLE_DRIFT, "Another package, not newer, has its libraries where it was built."
    shown = ", ".join(f"{rival} {evr}" for rival, evr in ours.items())
    return Difference("package", name, shown, _listed(theirs), severity, why)


def _grade(
    name: str, build: Sequence[Package], runtime: Sequence[Package], lacking: frozenset[str]
) -> tuple[Verdict, str]:
    """lacking: what it provides that no package of the runtime does."""
    ours, theirs = max(_versions(build)), max(_versions(runtime))
    newer = "Newer" if ours > theirs else "Older"
    if not any(package.holds_native_code for package in build):
        return Verdict.COMPATIBLE_DRIFT, f"{newer} where it was built, but without native code."
    if _DEVELOPMENT.fullmatch(name):
        return Verdict.COMPATIBLE_DRIFT, f"{newer} where it was built, but only needed to build."
    if lacking:
        return Verdict.RISKY_DRIFT, f"{newer} where it was built, {_lack(lacking)}"
    if ours < theirs:
        return Verdict.COMPATIBLE_DRIFT, "Older where it was built; libraries mostly keep what older ones had."
    if not _libraries(build):
        return Verdict.COMPATIBLE_DRIFT, "Newer where it was built, but nothing can be linked to it: it has no library."
    if (ours.epoch, ours.version) == (theirs.epoch, theirs.version):
        return Verdict.COMPATIBLE_DRIFT, "A newer build of the same version, with the same libraries."
    return (
        Verdict.RISKY_DRIFT,
        "Newer where it was built: its libraries may have functions without a symbol version of their own.",
    )


def _lack(lacking: frozenset[str]) -> str:
    """`and the runtime lacks libstdc++.so.6 (GLIBCXX_3.4.30 … 3.4.33).`"""
    found: dict[str, set[str]] = {}
    for capability in lacking:
        if parts := _CAPABILITY.fullmatch(capability):
            found.setdefault(parts["soname"], set()).add(parts["version"] or "")
    named = [soname if "" in found[soname] else f"{soname} ({worded(found[soname])})" for soname in sorted(found)]
    more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    return f"and the runtime lacks {', '.join(named[:_SHOWN])}{more}."
