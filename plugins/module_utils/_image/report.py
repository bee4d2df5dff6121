# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people read: a table of the differences, and the sentences of a task that fails. Pure."""

from __future__ import annotations

from .advice import advise
from .facts import ImageFacts
from .parity import Parity, Verdict

_HEAD = ("what", "build", "runtime", "verdict")
_ROWS = 40
_NAMES = 5
_RELATIONS = {
    Verdict.IDENTICAL: "is",
    Verdict.SAME_BASE: "matches",
    Verdict.COMPATIBLE_DRIFT: "differs, but in nothing that native code could miss, from",
    Verdict.RISKY_DRIFT: "does not match",
    Verdict.UNKNOWN: "can't be compared for certain with",
    Verdict.INCOMPATIBLE: "does not match",
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
    what_to_do = f"{advice[0].rstrip('.:')}; the lines of `advice` say how." if len(advice) > 1 else " ".join(advice)
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
