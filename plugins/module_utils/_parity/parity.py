# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two images' facts → a verdict, with every difference and why it matters. Pure: nothing is read here.

The dangerous direction is a build image that is newer than the runtime: what is linked there may ask for symbols that
the runtime does not have. A build image that is older, or that has more packages, asks for nothing the runtime lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from .._image.facts import ImageFacts, OsFacts
from .._image.manifests import fits
from .._rpm.packages import Evr, Package, compare_versions
from .history import commands_above, may_change_base


class Verdict(Enum):
    """From best to worst. unknown is worse than any drift that could be read: it may hide the worst."""

    IDENTICAL = "identical"
    SAME_BASE = "same_base"
    COMPATIBLE_DRIFT = "compatible_drift"
    RISKY_DRIFT = "risky_drift"
    UNKNOWN = "unknown"
    INCOMPATIBLE = "incompatible"

    @property
    def rank(self) -> int:
        return list(Verdict).index(self)

    def fails(self, fail_on: str) -> bool:
        """fail_on: the mildest verdict that fails, or `never`. What is unknown may be anything, so it fails."""
        if fail_on == "never":
            return False
        return self is Verdict.UNKNOWN or self.rank >= Verdict(fail_on).rank


@dataclass(frozen=True, slots=True)
class Difference:
    """kind: platform, distribution, release, base or package; build and runtime: "" where one has none;
    severity: the verdict that this difference alone would give."""

    kind: str
    name: str
    build: str
    runtime: str
    severity: Verdict
    why: str


@dataclass(frozen=True, slots=True)
class Parity:
    """build_only: packages that only the build image has, which are no drift."""

    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    build_only: tuple[str, ...] = ()


def judge_identity(build: ImageFacts, runtime: ImageFacts) -> Parity | None:
    """Whether platforms exclude or digests prove parity; None when neither."""
    if not fits(build.platform, runtime.platform):
        return _sum_up([_platform_difference(build, runtime)])
    if build.digest == runtime.digest or build.config_digest == runtime.config_digest:
        return Parity(Verdict.IDENTICAL)
    return None


def judge_base(build: ImageFacts, runtime: ImageFacts) -> Parity | None:
    """Tier 0, by configs alone; None when layers have to be read."""
    if not stands_on(build, runtime):
        return None
    above = commands_above(build.history, len(build.diff_ids), len(runtime.diff_ids))
    if above is None or any(may_change_base(command) for command in above):
        return None
    note = (
        f"The build image is the runtime image with {len(build.diff_ids) - len(runtime.diff_ids)} more layers, and its "
        "history names only commands that leave the packages below as they are; no layer was read."
    )
    return Parity(Verdict.SAME_BASE, notes=(note,))


def stands_on(build: ImageFacts, runtime: ImageFacts) -> bool:
    """Whether the runtime image's layers are the lowest layers of the build image."""
    return build.diff_ids[: len(runtime.diff_ids)] == runtime.diff_ids and bool(runtime.diff_ids)


def judge_undecided(build: ImageFacts, runtime: ImageFacts) -> Parity:
    """When tier 0 did not decide and tier 1 was not wanted."""
    if stands_on(build, runtime):
        note = (
            "The build image stands on the runtime image, but its history does not show that the packages below "
            "stayed as they were; add `packages` to `checks`."
        )
        return Parity(Verdict.UNKNOWN, notes=(note,))
    note = "Release and packages were not compared; add `packages` to `checks`."
    return Parity(Verdict.UNKNOWN, (_base_difference(),), (note,))


def judge_os(build: ImageFacts, runtime: ImageFacts, build_os: OsFacts, runtime_os: OsFacts) -> Parity:
    """Tier 1, by release and packages."""
    unread = (*build_os.unread, *runtime_os.unread)
    differences = list(_release_differences(build_os, runtime_os))
    if any(difference.severity is Verdict.INCOMPATIBLE for difference in differences):
        return _sum_up(differences, unread)
    build_only: tuple[str, ...] = ()
    if build_os.packages is not None and runtime_os.packages is not None:
        mine, theirs = _by_name(build_os.packages), _by_name(runtime_os.packages)
        build_only = tuple(sorted(mine.keys() - theirs.keys()))
        differences += _package_differences(mine, theirs)
    same_base = stands_on(build, runtime)
    if not differences and not same_base:
        differences.append(_base_difference())
    parity = _sum_up(differences, unread, build_only)
    if same_base and not differences and not unread:
        note = "The build image stands on the runtime image, and its layers changed no release or package of it."
        return Parity(Verdict.SAME_BASE, notes=(note, *parity.notes), build_only=build_only)
    return parity


def _sum_up(differences: Iterable[Difference], unread: Sequence[str] = (), build_only: tuple[str, ...] = ()) -> Parity:
    """The worst difference gives the verdict; what could not be read is never better than unknown."""
    ordered = sorted(differences, key=lambda d: (-d.severity.rank, _KINDS.index(d.kind), d.name))
    verdict = max((d.severity for d in ordered), key=lambda v: v.rank, default=Verdict.COMPATIBLE_DRIFT)
    if unread and verdict.rank < Verdict.UNKNOWN.rank:
        verdict = Verdict.UNKNOWN
    notes = list(unread)
    if build_only:
        notes.append(
            f"{len(build_only)} packages are only in the build image, which is no drift; code that links to their "
            "libraries must bring them along."
        )
    return Parity(verdict, tuple(ordered), tuple(notes), build_only)


_KINDS = ("platform", "distribution", "release", "base", "package")


def _platform_difference(build: ImageFacts, runtime: ImageFacts) -> Difference:
    return Difference(
        "platform", "platform", str(build.platform), str(runtime.platform), Verdict.INCOMPATIBLE,
        "Native code for one platform does not run on the other.",
    )  # fmt: skip


def _base_difference() -> Difference:
    return Difference(
        "base", "layers", "", "", Verdict.COMPATIBLE_DRIFT,
        "The build image does not stand on this runtime image, so files that no package owns may differ.",
    )  # fmt: skip


def _release_differences(build: OsFacts, runtime: OsFacts) -> Iterable[Difference]:
    mine, theirs = build.os_release, runtime.os_release
    if mine is None or theirs is None:
        return
    if (mine.id, mine.version_id) != (theirs.id, theirs.version_id):
        yield Difference(
            "distribution", "os-release", mine.pretty_name, theirs.pretty_name, Verdict.INCOMPATIBLE,
            "Another distribution or major version has another C library.",
        )  # fmt: skip
    elif build.release != runtime.release:
        newer = compare_versions(build.release, runtime.release) > 0
        severity, why = (
            (Verdict.RISKY_DRIFT, "Built on a newer release than it runs on: libraries may lack what was linked.")
            if newer
            else (Verdict.COMPATIBLE_DRIFT, "Built on an older release, whose symbols the newer runtime still has.")
        )
        yield Difference("release", "os-release", build.release, runtime.release, severity, why)


def _by_name(packages: Iterable[Package]) -> dict[str, list[Package]]:
    """Those of a second architecture, such as i686, are others; gpg-pubkey entries are keys, not packages."""
    found: dict[str, list[Package]] = {}
    for package in packages:
        if package.name != "gpg-pubkey":
            name = package.name if package.arch in _FIRST_ARCHITECTURES else f"{package.name}.{package.arch}"
            found.setdefault(name, []).append(package)
    return found


_FIRST_ARCHITECTURES = ("x86_64", "aarch64", "noarch", "")


def _package_differences(build: dict[str, list[Package]], runtime: dict[str, list[Package]]) -> Iterable[Difference]:
    rivals: dict[str, set[str]] = {}
    for name in build.keys() - runtime.keys():
        for library in (library for package in build[name] for library in package.libraries):
            rivals.setdefault(library, set()).add(name)
    for name, theirs in runtime.items():
        if name not in build:
            names = {rival for package in theirs for library in package.libraries for rival in rivals.get(library, ())}
            yield _missing(name, theirs, {rival: build[rival] for rival in sorted(names)})
            continue
        ours, other = _versions(build[name]), _versions(theirs)
        if ours != other:
            severity, why = _grade(build[name], theirs)
            yield Difference("package", name, ", ".join(map(str, ours)), ", ".join(map(str, other)), severity, why)


def _versions(packages: Iterable[Package]) -> list[Evr]:
    return sorted(package.evr for package in packages)


def _missing(name: str, runtime: Sequence[Package], rivals: dict[str, list[Package]]) -> Difference:
    """A package that the build image does not have; rivals: its others that provide the same libraries."""
    theirs = _versions(runtime)
    ours = {rival: max(_versions(packages)) for rival, packages in rivals.items()}
    if not ours:
        severity, why = Verdict.COMPATIBLE_DRIFT, "Only the runtime has it, so nothing was linked to it."
    elif max(ours.values()) > max(theirs):
        severity, why = Verdict.RISKY_DRIFT, "Another package, which is newer, has its libraries where it was built."
    else:
        severity, why = Verdict.COMPATIBLE_DRIFT, "Another package, not newer, has its libraries where it was built."
    shown = ", ".join(f"{rival} {evr}" for rival, evr in ours.items())
    return Difference("package", name, shown, ", ".join(map(str, theirs)), severity, why)


def _grade(build: Sequence[Package], runtime: Sequence[Package]) -> tuple[Verdict, str]:
    if max(_versions(build)) < max(_versions(runtime)):
        return Verdict.COMPATIBLE_DRIFT, "Older where it was built; libraries mostly keep what older ones had."
    if not any(package.holds_native_code for package in build):
        return Verdict.COMPATIBLE_DRIFT, "Newer where it was built, but without native code."
    return Verdict.RISKY_DRIFT, "Newer where it was built: the runtime may lack what was linked."
