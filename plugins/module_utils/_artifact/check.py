# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a package loads on its target: variants sorted out, loads followed, the language's rules applied. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .._languages.hints import completed
from .._languages.places import BOOTSTRAPS, EXTENSIONS, is_unpacked_by_code, visible
from .._languages.platforms import without_platform
from .._languages.rules import findings_of
from .._languages.variants import sort_out
from .._lines import few
from .._native.contents import Contents, Format, Native
from .._native.findings import Finding, Problem, Verdict, in_order, verdict_of
from .._native.judge import judge
from .._native.loader import Loader
from .._native.loading import Load, loads
from .._native.mounts import Mounts
from .._native.target import Target
from .weighing import idle, ignoring, told_once, with_unseen_layers

_OPENED = re.compile(r"(?:\.node|\.(?:cpython-[^./]+|abi3)\.so)$")  # by an interpreter, because of its name
_FOREIGN = (".dylib", ".dll", ".pyd", ".exe", ".jnilib", ".bundle")
_ENDING = re.compile(r"(?:\.cpython-[^./]+|\.abi3|\.pypy[^./]+)?(?:\.so(?:\.[0-9]+)*|\.node)*$")


@dataclass(frozen=True, slots=True)
class Checked:
    """findings: in the order in which they are told. notes: what was passed over or not looked into, in sentences.
    natives: how many native files there are; fit: how many of them the runtime may load."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    natives: int
    fit: int


def check(
    contents: Sequence[Contents],
    target: Target,
    *,
    ignore: Sequence[str] = (),
    handler: str = "",
    layers_known: bool = True,
) -> Checked:
    """contents: the function's package and its layers in Lambda's order, later ones over earlier ones. ignore: patterns
    of fnmatch for the names of files whose findings do not count. handler: as the function names it. layers_known:
    whether contents has all layers of the function; what others may bring is unknown then instead of broken."""
    sorted_out = sort_out(contents, target)
    fitting = sorted_out.fitting
    mounts = Mounts(contents)
    loader = Loader(mounts, target)
    loaded = loads(fitting, loader, target)
    judged = judge(fitting, loaded, loader, target)
    natives = visible(contents)
    unpacked = {native.name for native in natives if is_unpacked_by_code(native, target)}
    damaged = [native for native in natives if native.unread and not native.elf]
    started = {mounts.resolve(place) for place in (*BOOTSTRAPS, *mounts.entries(EXTENSIONS))}
    amiss = [
        *(_if_unpacked(finding, unpacked) for finding in judged.findings),
        *(_damaged(native, native.place in started, native.name in unpacked) for native in _of_linux(damaged)),
    ]
    needless = _with_better_variants(amiss, fitting, started, loaded)
    told: Iterable[Finding] = (
        *sorted_out.findings,
        *(finding for finding in amiss if finding.file not in needless),
        *findings_of(contents, target, fitting, handler),
    )
    if not layers_known:
        there = {name for part in contents for name in part.members}
        told = (with_unseen_layers(finding, there, handler) for finding in told)
    findings = ignoring(completed(told, contents, target), ignore)
    notes = [*sorted_out.notes, *(note for part in contents for note in part.notes), *judged.notes]
    notes += _needless_note(needless)
    notes += idle(ignore, findings)
    findings = told_once(findings)
    return Checked(
        verdict=verdict_of(findings),
        findings=in_order(findings),
        notes=tuple(dict.fromkeys(notes)),
        natives=sum(len(part.natives) for part in contents),
        fit=len(fitting),
    )


def _if_unpacked(finding: Finding, unpacked: Container[str]) -> Finding:
    """Who opens what is inside an archive is not known."""
    inside = finding.file in unpacked and finding.verdict is Verdict.BROKEN
    return replace(finding, verdict=Verdict.UNKNOWN) if inside else finding


def _of_linux(damaged: Iterable[Native]) -> Iterator[Native]:
    """Only what Linux could want to open: others can't be loaded, whole or not."""
    for native in damaged:
        if native.format in (Format.ELF, Format.OTHER) and not native.name.lower().endswith(_FOREIGN):
            yield native


def _damaged(native: Native, started: bool, unpacked: bool) -> Finding:
    opened = started or (_OPENED.search(native.name) and not unpacked)
    verdict = Verdict.BROKEN if opened else Verdict.UNKNOWN
    return Finding(native.name, Problem.DAMAGED, verdict, f"{native.name} can't be loaded: it {native.unread}.")


def _with_better_variants(
    findings: Iterable[Finding], fitting: Sequence[Native], started: Container[str], loaded: Sequence[Load]
) -> frozenset[str]:
    """Files that would not load, beside a variant that differs only in words for platforms and does: Prisma's engines
    for several distributions, netty's for several versions of OpenSSL. Whoever has variants picks what loads; Lambda
    has no choice of what it starts, nor the loader of what it finds first."""
    bad = {finding.file for finding in findings if finding.verdict.rank >= Verdict.UNKNOWN.rank}
    if not bad:
        return frozenset()
    good = {_variants(native.name) for native in fitting if native.name not in bad}
    fixed = {native.name for native in fitting if native.place in started}
    needless = {file for file in bad - fixed if _variants(file) in good}
    while needless:
        used = {
            native.name
            for load in loaded
            if load.root.name not in needless
            for native in load.files
            if native is not load.root
        }
        if not needless & used:
            break
        needless -= used
    return frozenset(needless)


def _variants(name: str) -> tuple[str, str, bool]:
    """The same for variants, and another for `foo.so` and `libfoo.so`, `libfoo.so.1` and `libfoo.so.2`, and for files
    of one extension for several versions of Python."""
    ending = _ENDING.search(name)
    return without_platform(name), ending[0] if ending else "", name.rpartition("/")[2].startswith("lib")


def _needless_note(needless: Iterable[str]) -> Iterator[str]:
    names = sorted(needless)
    if names:
        yield f"Some files would not load, beside variants that do: {few(names)}."
