# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A comparison as the module returns it: values, a table, and the sentences of a task that fails. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .._image.facts import ImageFacts
from .._image.source import Transfer
from .._lines import aligned
from .advice import advise, commands_of, name_for_sam
from .compare import Comparison
from .parity import Difference, Parity, Verdict

if TYPE_CHECKING:  # tasks that neither search nor look at an engine do without
    from .local import Local, LocalImage
    from .suggest import Suggestion

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


def as_results(
    comparison: Comparison,
    transfer: Transfer,
    notes: Iterable[str] = (),
    local: Local | None = None,
    suggestion: Suggestion | None = None,
) -> dict[str, Any]:
    parity, build, runtime = comparison.parity, comparison.build, comparison.runtime
    copies = {image.role: _local(image) for image in local.images} if local else {}
    return {
        "changed": bool(local and local.changed),
        "verdict": parity.verdict.value,
        "differences": [_difference(difference) for difference in parity.differences],
        "build": _image(build),
        "runtime": _image(runtime),
        "build_only_packages": list(parity.build_only),
        "local": {role: copies.get(role) for role in ("build", "runtime")},
        "suggestion": _suggestion(suggestion, runtime) if suggestion else None,
        "transfer": transfer.as_result(),
        "advice": list(advise(parity, build, runtime, suggestion)),
        "table": table(parity),
        "notes": list(dict.fromkeys((*parity.notes, *notes))),
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "kind": difference.kind,
        "name": difference.name,
        "build": difference.build,
        "runtime": difference.runtime,
        "severity": difference.severity.value,
        "why": difference.why,
        "package": difference.package,
        "ignored": difference.ignored,
    }


def _image(facts: ImageFacts) -> dict[str, Any]:
    """Release, packages and libraries are null where no layer had to be read or could be read; an image of an archive
    or an engine has no digest of a registry."""
    os = facts.os
    return {
        "reference": str(facts.reference),
        "pinned": facts.pinned or None,
        "digest": facts.digest if facts.pinned else None,
        "index_digest": facts.index_digest or None,
        "platform": str(facts.platform),
        "layers": len(facts.diff_ids),
        "library_path": facts.library_path,
        "os_release": os.os_release.pretty_name if os and os.os_release else None,
        "release": os.release or None if os else None,
        "system_release": os.system_release or None if os else None,
        "packages": len(os.packages) if os and os.packages is not None else None,
        "libraries": len(facts.libraries.libraries) if facts.libraries else None,
        "container_only": list(facts.libraries.container_only) if facts.libraries else None,
    }


def _local(image: LocalImage) -> dict[str, Any]:
    return {
        "present": image.copy is not None or image.pulled,
        "state": image.freshness.value,
        "id": image.copy.id if image.copy else None,
        "pulled": image.pulled,
    }


def _suggestion(suggestion: Suggestion, runtime: ImageFacts) -> dict[str, Any]:
    """An image whose layers did not have to be read stands on the runtime image, and so has its release."""
    build = suggestion.comparison.build
    os = build.os or runtime.os
    return {
        "image": suggestion.pinned,
        "tag": suggestion.tag,
        "digest": build.digest,
        "release": os.release if os else None,
        "verdict": suggestion.comparison.parity.verdict.value,
        "looked_at": suggestion.looked_at,
        "commands": list(commands_of(suggestion)),
        "samconfig": [
            "[default.build.parameters]",
            "use_container = true",
            "skip_pull_image = true",
            f'build_image = ["{name_for_sam(suggestion)}"]',
        ],
    }


def table(parity: Parity) -> list[str]:
    """Aligned lines, worst differences first, then why they matter; empty without differences."""
    if not parity.differences:
        return []
    shown = parity.differences[:_ROWS]
    rows = [(d.name, d.build or "-", d.runtime or "-", "ignored" if d.ignored else d.severity.value) for d in shown]
    lines = aligned(_HEAD, rows)
    if len(parity.differences) > _ROWS:
        lines.append(f"... and {len(parity.differences) - _ROWS} more")
    reasons: dict[tuple[str, str], list[str]] = {}
    for difference in shown:
        if not difference.ignored:
            reasons.setdefault((difference.severity.value, difference.why), []).append(difference.name)
    return [*lines, *(f"{severity} ({_first(names)}): {why}" for (severity, why), names in reasons.items())]


def refusal(found: Comparison, advice: Sequence[str]) -> str:
    """Why a task fails, and what to do first; the rest of the advice is in the result."""
    what_to_do = f"{advice[0].rstrip('.:')}; the advice says how." if len(advice) > 1 else " ".join(advice)
    return f"{sentence(found)} {what_to_do}".strip()


def sentence(found: Comparison) -> str:
    """One sentence: verdict, both images with their releases, and the first of what differs."""
    parity, build, runtime = found.parity, found.build, found.runtime
    ignored = [difference.name for difference in parity.differences if difference.ignored]
    apart = ", leaving out what is ignored," if ignored else ""
    text = (
        f"{parity.verdict.value}: the build image {build.reference} ({_system(build)}){apart} "
        f"{_RELATIONS[parity.verdict]} the runtime image {runtime.reference} ({_system(runtime)})"
    )
    counted = [difference for difference in parity.differences if not difference.ignored]
    if packages := [d.name for d in counted if d.kind == "package"]:
        text += f"; {_counted(packages, 'package differs', 'packages differ')}"
    if libraries := [d.name for d in counted if d.kind == "library" and d.severity is Verdict.RISKY_DRIFT]:
        text += f"; {_counted(libraries, 'library is a risk', 'libraries are a risk')}"
    if copies := [d.name for d in counted if d.kind == "local_copy"]:
        text += f"; {_counted(copies, 'local copy is stale', 'local copies are stale')}"
    if ignored:
        text += f"; {_counted(ignored, 'difference is ignored', 'differences are ignored')}"
    if parity.verdict is Verdict.UNKNOWN and parity.notes:
        text += f"; {parity.notes[0].rstrip('.')}"
    return text + "."


def _counted(names: Sequence[str], one: str, many: str) -> str:
    return f"{len(names)} {one if len(names) == 1 else many} ({_first(names)})"


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return f"{', '.join(names[:_NAMES])}{more}"


def _system(facts: ImageFacts) -> str:
    return facts.os.os_release.pretty_name if facts.os and facts.os.os_release else str(facts.platform)
