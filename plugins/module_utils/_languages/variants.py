# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which native files of a package could be loaded on a target, and what is amiss where none of a file's variants could.

Packages carry one file for many platforms (`prebuilds/linux-x64/…`, `@img/sharp-darwin-arm64`, the natives of a jar),
so a file for another platform is a fault only where no variant of it is for this one and something would load it.
Whether what fits finds its libraries is the loader's business. Pure.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .._elf.elf import Elf
from .._lines import few
from .._native.contents import Contents, Native
from .._native.findings import Finding, Problem, Verdict
from .._native.target import Target
from .components import Components
from .places import BOOTSTRAPS, is_started, is_unpacked_by_code, visible
from .platforms import Misfit, misfit, says_a_platform, says_another_system, without_platform
from .rules import passed_over

_LIBRARY = re.compile(r"\.so(?:\.[0-9][0-9a-z]*)*$")
_NEVER_ON_LINUX = (".exe", ".dll", ".dylib", ".jnilib")
_LAYER = re.compile(r"^nodejs/(?:node[0-9]+/)?(?=node_modules/)")
_FOLDER_OF_A_WHEEL = re.compile(r"[^/]\.libs$")  # these names are auditwheel's
_HASH = re.compile(r"-[0-9a-f]{8}\.")


class SortedOut(NamedTuple):
    """fitting: ELF files for the target's machine and C library that its language may load, in the order in which they
    came. findings: what has no variant for the target and would be loaded. notes: what was passed over, in sentences.
    """

    fitting: tuple[Native, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def sort_out(contents: Sequence[Contents], target: Target) -> SortedOut:
    """contents: the function's package and its layers, later ones lying over earlier ones of the same root."""
    ignored = passed_over(contents, target)
    natives = [native for native in visible(contents) if native.place not in ignored]
    unneeded = {id(native): native.name for native in _no_longer_needed(natives)}
    fitting: list[Native] = []
    others: list[tuple[Native, Misfit]] = []
    for native in natives:
        if id(native) in unneeded:
            continue
        why = misfit(native, target)
        if why:
            others.append((native, why))
        elif native.elf:
            fitting.append(native)
    found = SortedOut(tuple(fitting), (), ())
    if others:
        found = _judged(fitting, others, Components(contents), target)
    if unneeded:
        names = few([*unneeded.values()])
        note = f"Libraries of wheels that nothing would load were left out of the check: {names}."
        found = found._replace(notes=(*found.notes, note))
    return found


def _no_longer_needed(natives: Sequence[Native]) -> list[Native]:
    """Libraries of wheels that nothing brings along. auditwheel put them there because extensions need them; these may
    be for another Python, or pip has replaced them by some without libraries and left the old libraries behind."""
    unneeded = {id(native): native for native in natives if native.elf and _is_of_a_wheel(native.name)}
    waiting: dict[str, list[Native]] = {}
    for native in unneeded.values():
        for name in (posixpath.basename(native.name), native.elf.soname if native.elf else ""):
            waiting.setdefault(name, []).append(native)
    pending = [native for native in natives if id(native) not in unneeded]
    while pending and unneeded:
        elf = pending.pop().elf
        for needed in elf.needed if elf else ():
            reached = waiting.pop(posixpath.basename(needed), [])
            pending += [native for native in reached if unneeded.pop(id(native), None)]
    return list(unneeded.values())


def _is_of_a_wheel(library: str) -> bool:
    folder, name = posixpath.split(library)
    return bool(_FOLDER_OF_A_WHEEL.search(folder) and _HASH.search(name))


def _judged(
    fitting: list[Native], others: list[tuple[Native, Misfit]], components: Components, target: Target
) -> SortedOut:
    there = {_variant_of(native.name): native for native in fitting}
    families = {_family(native.name) for native in fitting}
    elsewhere: list[tuple[Native, Misfit]] = []
    idle: list[tuple[Native, Misfit]] = []
    missing: dict[str, list[tuple[Native, Misfit]]] = {}
    doubtful: list[Finding] = []
    for native, why in others:
        key = _variant_of(native.name)
        chosen_by_name = says_a_platform(native.name) or native.name.lower().endswith(_NEVER_ON_LINUX)
        if key in there and not chosen_by_name:
            doubtful.append(_doubtful(native, why, there[key], target))
        elif key in there or (_named_for_another_system(native.name) and _family(native.name) in families):
            elsewhere.append((native, why))
        elif _may_be_loaded(native, target) and not components.only_for_other_systems(native.name):
            missing.setdefault(key, []).append((native, why))
        else:
            idle.append((native, why))
    for key in [key for key, group in missing.items() if _harmless_in_archive(group, target)]:
        idle += missing.pop(key)
    twins = _named_for_musl(fitting)
    elsewhere += [(native, Misfit(Problem.LIBC, f"Linux with musl {target.machine}")) for native in twins]
    passed = {native.name for native in twins}
    return SortedOut(
        tuple(native for native in fitting if native.name not in passed),
        (*doubtful, *(_finding(group, components, target) for group in missing.values())),
        tuple(_notes(elsewhere, idle, target)),
    )


def _named_for_musl(fitting: list[Native]) -> list[Native]:
    """What needs no C library by name can't be told from the file: its path tells, beside one that names no system."""
    named = [n for n in fitting if n.elf and says_another_system(n.name) and not _names_c_library(n.elf)]
    if not named:
        return []
    plain = {_variant_of(native.name) for native in fitting if not says_another_system(native.name)}
    return [native for native in named if _variant_of(native.name) in plain]


def _names_c_library(elf: Elf) -> bool:
    return any(name.startswith("libc.so") for name in elf.needed)


def _variant_of(name: str) -> str:
    """Packages of a layer and of the function are looked for together."""
    return without_platform(_LAYER.sub("", name))


def _family(name: str) -> str:
    """The npm package that a file belongs to, without the words for platforms; "" outside of node_modules."""
    found = re.match(r"(.*node_modules/(?:@[^/]+/)?[^/]+)/", name)
    return _variant_of(found[1]) if found else ""


def _named_for_another_system(name: str) -> bool:
    """Parts that an npm package has for one system alone, such as node-pty's conpty.node for Windows."""
    return _family(name) != "" and says_another_system(name.rpartition("node_modules/")[2])


def _may_be_loaded(native: Native, target: Target) -> bool:
    name = native.name.lower()
    if name.endswith(_NEVER_ON_LINUX):
        return False
    if name.endswith(".bundle"):  # Ruby's extensions on macOS
        return target.language == "ruby"
    return not is_unpacked_by_code(native, target) or target.language in ("java", "")


def _harmless_in_archive(group: list[tuple[Native, Misfit]], target: Target) -> bool:
    """Natives of jars for other systems alone come along with frameworks that do without them (netty's kqueue)."""
    return all(is_unpacked_by_code(native, target) and not why.platform.startswith("Linux") for native, why in group)


def _verdict(native: Native, target: Target) -> Verdict:
    """Broken is what an interpreter or Lambda itself loads; who runs a program or opens a jar's library is unknown."""
    name = native.name.lower()
    if is_unpacked_by_code(native, target):
        return Verdict.UNKNOWN
    if is_started(native.place):
        always = native.place not in BOOTSTRAPS or target.language in ("provided", "go", "")
        return Verdict.BROKEN if always else Verdict.UNKNOWN
    if name.endswith((".node", ".pyd", ".bundle")) or _LIBRARY.search(name):
        return Verdict.BROKEN
    return Verdict.UNKNOWN


def _doubtful(native: Native, why: Misfit, variant: Native, target: Target) -> Finding:
    """For what Lambda itself starts, a better one in a folder is of no use."""
    verdict = _verdict(native, target)
    return Finding(
        native.name,
        why.problem,
        verdict if is_started(native.place) else min(verdict, Verdict.UNKNOWN, key=lambda v: v.rank),
        f"{native.name} is built for {why.platform} without saying so in its name, and {variant.name} is for Linux "
        f"{target.machine}: which of them is loaded can't be seen.",
        "Leave out the one that is not needed.",
    )


def _finding(group: list[tuple[Native, Misfit]], components: Components, target: Target) -> Finding:
    native, why = group[0]
    platforms = list(dict.fromkeys(why.platform for native, why in group))
    wanted = f"Linux {target.machine}"
    if why.problem is Problem.LIBC:
        wanted += " with glibc"
    if len(group) == 1:
        message = f"{native.name} is built for {platforms[0]}, and no variant for {wanted} is beside it."
    else:
        named = ", ".join(platforms[:-1]) + f" and {platforms[-1]}" if len(platforms) > 1 else platforms[0]
        variants = "1 variant" if len(group) == 2 else f"{len(group) - 1} variants"
        message = f"{native.name} and {variants} of it are built for {named}, none for {wanted}."
    return Finding(
        file=native.name,
        problem=min((why.problem for native, why in group), key=_NEAREST.index),
        verdict=max((_verdict(native, target) for native, why in group), key=lambda verdict: verdict.rank),
        message=message,
        component=components.name_of(native.name),
    )


_NEAREST = [Problem.LIBC, Problem.ARCHITECTURE, Problem.FORMAT]


def _notes(elsewhere: list[tuple[Native, Misfit]], idle: list[tuple[Native, Misfit]], target: Target) -> Iterator[str]:
    if elsewhere:
        files = "1 file is" if len(elsewhere) == 1 else f"{len(elsewhere)} files are"
        platforms = ", ".join(sorted({why.platform for native, why in elsewhere}))
        yield f"{files} for other platforms ({platforms}), beside variants for Linux {target.machine}."
    if idle:
        platforms = ", ".join(sorted({why.platform for native, why in idle}))
        unloaded = f"Files for {platforms} that Linux {target.machine} does not load"
        yield f"{unloaded} were left out of the check: {few([native.name for native, why in idle])}."
