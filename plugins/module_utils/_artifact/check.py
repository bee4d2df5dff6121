# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a package loads on its target: variants sorted out, loads followed, the language's rules applied. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from .._languages.hints import completed
from .._languages.platforms import without_platform
from .._languages.rules import findings_of
from .._languages.variants import sort_out, visible
from .._native.contents import Contents, Format, Native
from .._native.findings import Finding, Problem, Verdict, in_order, verdict_of
from .._native.judge import judge
from .._native.loader import Loader
from .._native.loading import loads
from .._native.mounts import Mounts
from .._native.target import Target

# What an interpreter opens because of its name, and what Lambda starts.
_OPENED = re.compile(r"(?:\.node|\.(?:cpython-[^./]+|abi3)\.so|(?:^|/)bootstrap)$")
_FOREIGN = (".dylib", ".dll", ".pyd", ".exe", ".jnilib", ".bundle")
_ENDING = re.compile(r"(?:\.cpython-[^./]+|\.abi3|\.pypy[^./]+)?(?:\.so(?:\.[0-9]+)*|\.node)*$")
_TOLD = 3  # examples in a note


@dataclass(frozen=True, slots=True)
class Checked:
    """findings: in the order in which they are told. notes: what was passed over or not looked into, in sentences.
    natives: how many native files there are; fit: how many of them are for the target."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    natives: int
    fit: int


def check(contents: Sequence[Contents], target: Target, *, ignore: Sequence[str] = (), handler: str = "") -> Checked:
    """contents: the function's package and its layers in Lambda's order, later ones over earlier ones. ignore: patterns
    of fnmatch for the names of files whose findings do not count. handler: as the function names it."""
    sorted_out = sort_out(contents, target)
    fitting = sorted_out.fitting
    loader = Loader(Mounts(contents), target)
    judged = judge(fitting, loads(fitting, loader, target), loader, target)
    damaged = [native for native in visible(contents) if native.unread and not native.elf]
    loaded = [*map(_if_unpacked, judged.findings), *map(_damaged, _of_linux(damaged))]
    needless = _with_better_variants(loaded, fitting)
    told = (
        *sorted_out.findings,
        *(finding for finding in loaded if finding.file not in needless),
        *findings_of(contents, target, fitting, handler),
    )
    findings = [
        replace(finding, ignored=any(fnmatchcase(finding.file, pattern) for pattern in ignore))
        for finding in completed(told, contents, target)
    ]
    notes = [*sorted_out.notes, *(note for part in contents for note in part.notes), *judged.notes]
    notes += _needless_note(needless)
    notes += _idle(ignore, findings)
    return Checked(
        verdict=verdict_of(findings),
        findings=in_order(findings),
        notes=tuple(dict.fromkeys(notes)),
        natives=sum(len(part.natives) for part in contents),
        fit=len(fitting),
    )


def _if_unpacked(finding: Finding) -> Finding:
    """Who opens what is inside an archive is not known."""
    inside = "!/" in finding.file and finding.verdict is Verdict.BROKEN
    return replace(finding, verdict=Verdict.UNKNOWN) if inside else finding


def _of_linux(damaged: Iterable[Native]) -> Iterator[Native]:
    """Only what Linux could want to open: others can't be loaded, whole or not."""
    for native in damaged:
        if native.format in (Format.ELF, Format.OTHER) and not native.name.lower().endswith(_FOREIGN):
            yield native


def _damaged(native: Native) -> Finding:
    verdict = Verdict.BROKEN if _OPENED.search(native.name) and "!/" not in native.name else Verdict.UNKNOWN
    return Finding(native.name, Problem.DAMAGED, verdict, f"{native.name} can't be loaded: it {native.unread}.")


def _with_better_variants(findings: Iterable[Finding], fitting: Sequence[Native]) -> frozenset[str]:
    """Files that would not load, beside a variant that differs only in words for platforms and does: Prisma's engines
    for several distributions, netty's for several versions of OpenSSL. Whoever has variants picks what loads."""
    bad = {finding.file for finding in findings if finding.verdict.rank >= Verdict.UNKNOWN.rank}
    if not bad:
        return frozenset()
    good = {_variants(native.name) for native in fitting if native.name not in bad}
    return frozenset(file for file in bad if _variants(file) in good)


def _variants(name: str) -> tuple[str, str, bool]:
    """The same for variants, and another for `foo.so` and `libfoo.so`, `libfoo.so.1` and `libfoo.so.2`, and for files
    of one extension for several versions of Python."""
    ending = _ENDING.search(name)
    return without_platform(name), ending[0] if ending else "", name.rpartition("/")[2].startswith("lib")


def _needless_note(needless: Iterable[str]) -> Iterator[str]:
    names = sorted(needless)
    if names:
        more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
        yield f"Some files would not load, beside variants that do: {', '.join(names[:_TOLD])}{more}."


def _idle(ignore: Iterable[str], findings: Sequence[Finding]) -> Iterator[str]:
    for pattern in ignore:
        if not any(fnmatchcase(finding.file, pattern) for finding in findings):
            yield f"Nothing that was found is matched by {pattern!r} of `ignore`."
