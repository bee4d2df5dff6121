# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what the loader takes for a library defines the symbol versions that a file needs of it. Pure.

Versions are compared as names. A lacking one stops the load, but not if it is weak; a library without any versions is
taken as it is. Numbers are read for the words of messages only.

Source: glibc, elf/dl-version.c (match_symbol, _dl_check_map_versions), elf/dl-lookup.c (check_match).
"""

from __future__ import annotations

import posixpath
import shlex
from dataclasses import dataclass

from .._image.libraries import Library
from .._image.symbol_versions import families, worded
from .contents import Native
from .findings import Finding, Problem, Verdict
from .loader import Hit, Opened


@dataclass(frozen=True, slots=True)
class Provider:
    """What is taken for a library. place: as messages name it; path: in the image, "" for a file of the package. plain:
    whether it is known to have nothing to do with versions, neither its own nor those of others."""

    versions: frozenset[str]
    place: str
    path: str = ""
    plain: bool = False


def provider_of(taken: Hit | Native | None) -> Provider | None:
    """None where nothing is taken, or nothing is known of it."""
    match taken:
        case Library() as library:
            return Provider(library.versions, "the runtime image", f"/{library.path}")
        case Opened(native=native) | (Native() as native) if native.elf:
            return Provider(native.elf.defines, native.name, plain=not native.elf.defines and not native.elf.needs)
    return None


def lacking(
    native: Native, library: str, provider: Provider, own: Native | None, loaded: bool
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Findings, and notes on weak versions. own: the package's file with that soname, whether it is taken or not.
    loaded: whether the runtime itself has loaded what is taken, so that no search path leads to another."""
    needs = [need for need in native.elf.needs if need.library == library] if native.elf else []
    if not provider.versions:
        return (_unversioned(native, library, worded(need.version for need in needs), provider),), ()
    findings: list[Finding] = []
    notes: list[str] = []
    for need in needs:
        if need.version in provider.versions:
            continue
        has = _lacks(need.version, library, provider)
        if need.weak:
            notes.append(f"{native.name} asks for {need.version} of {library}, {has}; it does without.")
            continue
        shadowed = bool(provider.path and own and own.elf and need.version in own.elf.defines)
        why = "which the runtime has loaded before" if loaded else "which it finds first"
        behind = f"; {own.name} has it, but the loader takes {provider.path}, {why}" if own and shadowed else ""
        findings.append(
            Finding(
                native.name,
                Problem.VERSION,
                Verdict.BROKEN,
                f"{native.name} needs {need.version} of {library}, {has}{behind}.",
                hint=_before(native, own) if own and shadowed and not loaded else "",
                library=library,
                version=need.version,
            )
        )
    return tuple(findings), tuple(notes)


def _unversioned(native: Native, library: str, versions: str, provider: Provider) -> Finding:
    """An assertion of the loader fails where a symbol with a version meets a file that has no table of versions."""
    verdict, then = Verdict.LOADS, "the loader takes it all the same"
    if provider.plain:
        verdict, then = Verdict.BROKEN, "the loader stops at the first symbol"
    message = f"{native.name} needs {versions} of {library}, and {provider.place} has it without any versions: {then}."
    return Finding(native.name, Problem.VERSION, verdict, message, library=library)


def undeclared(native: Native, library: str) -> Finding:
    """Versions of a library that nothing loads: an assertion of the loader fails."""
    return Finding(
        native.name,
        Problem.VERSION,
        Verdict.BROKEN,
        f"{native.name} needs versions of {library}, but not {library} itself, so nothing loads it.",
        library=library,
    )


def _lacks(version: str, library: str, provider: Provider) -> str:
    """`and the runtime image has up to GLIBC_2.34`. What is newer than the wanted version says nothing about it."""
    family = next(iter(families([version])))
    members = families(provider.versions).get(family, []) if family != version else []
    if not members:
        return f"and {provider.place} has only {worded(provider.versions)}"
    if families([version, members[-1]])[family][-1] != version:
        owner = f"{provider.place}'s {library}" if provider.path else provider.place
        return f"which {owner} does not define"
    return f"and {provider.place} has up to {members[-1]}"


def _before(native: Native, own: Native) -> str:
    if not (native.place and own.place):
        return ""
    way = posixpath.relpath(posixpath.dirname(own.place), posixpath.dirname(native.place))
    origin = "$ORIGIN" if way == "." else f"$ORIGIN/{way}"
    return (
        "Only RPATH is searched before the directories of LD_LIBRARY_PATH: patchelf --force-rpath --set-rpath "
        f"'{origin}' {shlex.quote(native.name)}"
    )
