# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A comparison as the module returns it: values, a table, advice, and the sentences of a task that fails. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._image.facts import ImageFacts
from .._image.references import RegistryReference
from .._image.source import Transfer
from .compare import Comparison
from .parity import Difference, Parity, Verdict

_HEAD = ("what", "build", "runtime", "verdict")
_ROWS = 40
_NAMES = 5
_NO_NATIVE_CODE = "A package without native code is not concerned: fail_on=incompatible lets it pass."
_RELATIONS = {
    Verdict.IDENTICAL: "is",
    Verdict.SAME_BASE: "matches",
    Verdict.COMPATIBLE_DRIFT: "differs, but in nothing that native code could miss, from",
    Verdict.RISKY_DRIFT: "does not match",
    Verdict.UNKNOWN: "can't be compared for certain with",
    Verdict.INCOMPATIBLE: "does not match",
}


def as_results(comparison: Comparison, transfer: Transfer, notes: Iterable[str]) -> dict[str, Any]:
    parity, build, runtime = comparison.parity, comparison.build, comparison.runtime
    return {
        "changed": False,
        "verdict": parity.verdict.value,
        "differences": [_difference(difference) for difference in parity.differences],
        "build": _image(build),
        "runtime": _image(runtime),
        "build_only_packages": list(parity.build_only),
        "transfer": transfer.as_result(),
        "advice": list(advise(parity, build, runtime)),
        "table": table(parity),
        "notes": [*parity.notes, *notes],
    }


def _difference(difference: Difference) -> dict[str, str]:
    return {
        "kind": difference.kind,
        "name": difference.name,
        "build": difference.build,
        "runtime": difference.runtime,
        "severity": difference.severity.value,
        "why": difference.why,
    }


def _image(facts: ImageFacts) -> dict[str, Any]:
    """Release and packages are null where no layer had to be read or could be read."""
    os = facts.os
    return {
        "reference": str(facts.reference),
        "pinned": f"{facts.reference.name}@{facts.digest}",
        "digest": facts.digest,
        "index_digest": facts.index_digest or None,
        "platform": str(facts.platform),
        "layers": len(facts.diff_ids),
        "library_path": facts.library_path,
        "os_release": os.os_release.pretty_name if os and os.os_release else None,
        "release": os.release or None if os else None,
        "system_release": os.system_release or None if os else None,
        "packages": len(os.packages) if os and os.packages is not None else None,
    }


def table(parity: Parity) -> list[str]:
    """Aligned lines, worst differences first, then why they matter; empty without differences."""
    if not parity.differences:
        return []
    shown = parity.differences[:_ROWS]
    rows: list[tuple[str, ...]] = [
        _HEAD,
        *((d.name, d.build or "-", d.runtime or "-", d.severity.value) for d in shown),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if len(parity.differences) > _ROWS:
        lines.append(f"... and {len(parity.differences) - _ROWS} more")
    return [*lines, *dict.fromkeys(f"{d.severity.value}: {d.why}" for d in shown)]


def refusal(parity: Parity, build: ImageFacts, runtime: ImageFacts) -> str:
    """Why a task fails, and what to do first; the rest of the advice is in the result."""
    advice = advise(parity, build, runtime)
    what_to_do = f"{advice[0].rstrip('.:')}; the advice says how." if len(advice) > 1 else " ".join(advice)
    return f"{sentence(parity, build, runtime)} {what_to_do}".strip()


def sentence(parity: Parity, build: ImageFacts, runtime: ImageFacts) -> str:
    """One sentence: verdict, both images with their releases, and the first of the packages that differ."""
    packages = [d for d in parity.differences if d.kind == "package"]
    text = (
        f"{parity.verdict.value}: the build image {build.reference} ({_system(build)}) {_RELATIONS[parity.verdict]} "
        f"the runtime image {runtime.reference} ({_system(runtime)})"
    )
    if packages:
        names = ", ".join(d.name for d in packages[:_NAMES])
        more = f" and {len(packages) - _NAMES} more" if len(packages) > _NAMES else ""
        count = "1 package differs" if len(packages) == 1 else f"{len(packages)} packages differ"
        text += f"; {count} ({names}{more})"
    if parity.verdict is Verdict.UNKNOWN and parity.notes:
        text += f"; {parity.notes[0].rstrip('.')}"
    return text + "."


def _system(facts: ImageFacts) -> str:
    return facts.os.os_release.pretty_name if facts.os and facts.os.os_release else str(facts.platform)


def advise(parity: Parity, build: ImageFacts, runtime: ImageFacts) -> tuple[str, ...]:
    match parity.verdict:
        case Verdict.IDENTICAL | Verdict.SAME_BASE:
            return ()
        case Verdict.UNKNOWN:
            return ("Do not count on this pair: the notes say what could not be read.",)
        case Verdict.INCOMPATIBLE:
            return (
                f"Build in an image made for the same system as {runtime.reference}: check the runtime's name, the "
                "architecture and the tag.",
            )
        case Verdict.COMPATIBLE_DRIFT:
            first = "Nothing has to be done before this deployment. To bring both to one release, build like this:"
        case Verdict.RISKY_DRIFT:
            first = "Do not deploy native code from this build; bring the build image to the runtime's release:"
            return (first, *_pin(build, runtime), _NO_NATIVE_CODE)
    return (first, *_pin(build, runtime))


def _pin(build: ImageFacts, runtime: ImageFacts) -> tuple[str, ...]:
    """Amazon Linux 2023 keeps the repositories of every release, so --releasever really pins the packages.

    The first recipe keeps SAM's builders in the image, which `sam build --use-container` needs; the second one is for
    builds that do without. Source: AL2023 user guide, "Deterministic upgrades through versioned repositories".
    """
    release = runtime.os.release if runtime.os else ""
    if release.count(".") < 2:  # no versioned repositories, as in Amazon Linux 2
        return (f"FROM {_from(runtime, 'runtime')}", "RUN yum -y install gcc-c++ make")
    return (
        "docker build -t lambda-build-pinned - <<'EOF'",
        f"FROM {_from(build, 'build')}",
        f"RUN dnf -y --releasever={release} --allowerasing distro-sync",
        "EOF",
        "sam build --use-container --build-image lambda-build-pinned",
        "Or, where SAM CLI does not build, build on the runtime image itself:",
        f"FROM {_from(runtime, 'runtime')}",
        f"RUN dnf -y --releasever={release} install gcc-c++ make",
    )


def _from(facts: ImageFacts, role: str) -> str:
    """A layout on disk has no name that a Dockerfile could use."""
    name = facts.reference.name if isinstance(facts.reference, RegistryReference) else f"<{role} image>"
    return f"{name}@{facts.digest}"
