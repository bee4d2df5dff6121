# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two images' facts → their parity, in tiers: platform and digests, base, release with packages and libraries. Pure.

The dangerous direction is a build image that is newer than the runtime: what is linked there may ask for symbols that
the runtime does not have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from .._image.facts import ImageFacts
from .._image.manifests import fits
from .._rpm.packages import compare_versions
from .history import commands_above, may_change_base
from .library_drift import library_differences, shadowed_differences
from .package_drift import by_name, package_differences
from .parity import Difference, Parity, Verdict, sum_up

_SHOWN = 5


def judge_identity(build: ImageFacts, runtime: ImageFacts) -> Parity | None:
    """Whether platforms exclude or digests prove parity; None when neither."""
    if not fits(build.platform, runtime.platform):
        return sum_up([_platform_difference(build, runtime)])
    same_manifest = build.digest == runtime.digest != ""  # images in archives and engines may have none
    if same_manifest or build.config_digest == runtime.config_digest:
        return sum_up(best=Verdict.IDENTICAL)
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
    return sum_up(notes=[note], best=Verdict.SAME_BASE)


def stands_on(build: ImageFacts, runtime: ImageFacts) -> bool:
    """Whether the runtime image's layers are the lowest layers of the build image."""
    return build.diff_ids[: len(runtime.diff_ids)] == runtime.diff_ids and bool(runtime.diff_ids)


def judge_undecided(build: ImageFacts, runtime: ImageFacts) -> Parity:
    """When tier 0 did not decide and no further tier was wanted."""
    if stands_on(build, runtime):
        note = (
            "The build image stands on the runtime image, but its history does not show that the packages below "
            "stayed as they were; add `packages` and `libraries` to `checks`."
        )
        return sum_up(unread=[note], best=Verdict.SAME_BASE)
    note = "Release, packages and libraries were not compared; add `packages` and `libraries` to `checks`."
    return sum_up([_base_difference()], [note])


def judge_distribution(build: ImageFacts, runtime: ImageFacts) -> Parity | None:
    """Whether both are too far apart for packages and libraries to matter; None when they are not."""
    mine, theirs = (facts.os.os_release if facts.os else None for facts in (build, runtime))
    if mine is None or theirs is None or (mine.id, mine.version_id) == (theirs.id, theirs.version_id):
        return None
    difference = Difference(
        "distribution", "os-release", mine.pretty_name, theirs.pretty_name, Verdict.INCOMPATIBLE,
        "Another distribution or major version has another C library.",
    )  # fmt: skip
    return sum_up([difference], _unread(build, runtime))


def judge_system(
    build: ImageFacts, runtime: ImageFacts, checks: Collection[str], linked: Sequence[ImageFacts] = ()
) -> Parity:
    """Tiers 1 and 2, by release, packages and libraries, as far as `checks` has them and the facts were read.

    linked: both images again, build image first, with the libraries that a linker finds, which knows no
    LD_LIBRARY_PATH; none when they decide nothing.
    """
    if parity := judge_distribution(build, runtime):
        return parity
    unread = _unread(build, runtime, *linked)
    differences: list[Difference] = []
    build_only: tuple[str, ...] = ()
    notes: list[str] = []
    mine, theirs = (facts.os.packages if facts.os else None for facts in (build, runtime))
    if mine is not None and theirs is not None:
        ours, others = by_name(mine), by_name(theirs)
        build_only = tuple(sorted(ours.keys() - others.keys()))
        if "packages" in checks:
            differences += package_differences(ours, others)
    if build.libraries and runtime.libraries:
        differences += library_differences(build.libraries, runtime.libraries, frozenset(build_only))
        found = [facts.libraries for facts in linked if facts.libraries]
        if len(found) == 2:
            known = {difference.name for difference in differences if difference.kind == "library"}
            shadowed = shadowed_differences(found[0], found[1], runtime.libraries)
            differences += [difference for difference in shadowed if difference.name not in known]
        notes += _container_only(runtime)
    risky = any(difference.severity is not Verdict.COMPATIBLE_DRIFT for difference in differences)
    compared = {"packages", "libraries"} <= set(checks) and bool(build.libraries and runtime.libraries)
    differences += _release_differences(build, runtime, harmless=compared and not risky and not unread)
    if build_only:
        notes.append(
            f"{len(build_only)} packages are only in the build image, which is no drift; code that links to their "
            "libraries must bring them along."
        )
    if not stands_on(build, runtime):
        if not differences:
            differences.append(_base_difference())
        return sum_up(differences, unread, notes, build_only)
    if not differences and not unread:
        notes.insert(
            0, "The build image stands on the runtime image, and its layers changed nothing that was compared."
        )
    return sum_up(differences, unread, notes, build_only, best=Verdict.SAME_BASE)


def _unread(*images: ImageFacts) -> tuple[str, ...]:
    system = [sentence for facts in images if facts.os for sentence in facts.os.unread]
    libraries = [sentence for facts in images if facts.libraries for sentence in facts.libraries.unread]
    return tuple(dict.fromkeys((*system, *libraries)))


def _container_only(runtime: ImageFacts) -> Iterable[str]:
    if runtime.libraries and (names := runtime.libraries.container_only):
        first = ", ".join(names[:_SHOWN])
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield (
            f"{len(names)} libraries are in the runtime image only because its package manager needs them ({first}"
            f"{more}); the managed runtime may lack them, so code that links to them must bring them along."
        )


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


def _release_differences(build: ImageFacts, runtime: ImageFacts, harmless: bool) -> Iterable[Difference]:
    """harmless: packages and libraries of both were read in full, and none of them is risky."""
    if build.os is None or runtime.os is None or build.os.os_release is None or runtime.os.os_release is None:
        return
    mine, theirs = build.os.release, runtime.os.release
    if mine == theirs:
        return
    if compare_versions(mine, theirs) <= 0:
        severity, why = (
            Verdict.COMPATIBLE_DRIFT,
            "Built on an older release, whose symbols the newer runtime still has.",
        )
    elif harmless:
        severity, why = Verdict.COMPATIBLE_DRIFT, "A newer release, but nothing that code can link to differs."
    else:
        severity, why = (
            Verdict.RISKY_DRIFT, "Built on a newer release than it runs on: libraries may lack what was linked."
        )  # fmt: skip
    yield Difference("release", "os-release", mine, theirs, severity, why)
