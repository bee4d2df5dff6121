# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A checked artifact as the module returns it: values, a table, and the sentences of a task that fails. Pure.

Up to here names are what they are, so that they can be matched; what leaves this room is printable.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._code.errors import shown
from .._image.source import Transfer
from .._lines import aligned
from .._native.contents import Contents
from .._native.findings import Finding, Verdict
from .._native.target import Target
from .artifact import Artifact

_HEAD = ("file", "problem", "needs", "verdict")
_ROWS = 40
_ADVICE = 10
_SENTENCES = {
    Verdict.LOADS: "loads on {}",
    Verdict.CONTAINER_ONLY: "loads on {}, but perhaps not on the managed runtime",
    Verdict.UNKNOWN: "is not certain to load on {}",
    Verdict.BROKEN: "does not load on {}",
}


def as_results(artifact: Artifact, transfer: Transfer, notes: Iterable[str] = ()) -> dict[str, Any]:
    checked = artifact.checked
    results: dict[str, Any] = {
        "changed": False,
        "verdict": checked.verdict.value,
        "findings": [_finding(finding) for finding in checked.findings],
        "counts": _counts(artifact),
        "packages": [_package(one) for one in artifact.contents],
        "runtime": _runtime(artifact),
        "transfer": transfer.as_result(),
        "advice": advice(artifact),
        "table": table(checked.findings),
        "notes": list(dict.fromkeys((*checked.notes, *notes))),
    }
    return {name: _printable(value) for name, value in results.items()}


def _printable(value: Any) -> Any:
    match value:
        case str() as text:
            return shown(text)
        case list() as values:
            return [_printable(one) for one in values]
        case dict() as values:
            return {name: _printable(one) for name, one in values.items()}
        case _:
            return value


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "file": finding.file,
        "problem": finding.problem.value,
        "verdict": finding.verdict.value,
        "message": finding.message,
        "hint": finding.hint,
        "library": finding.library,
        "version": finding.version,
        "component": finding.component,
        "ignored": finding.ignored,
    }


def _counts(artifact: Artifact) -> dict[str, int]:
    """Files with native code, those of them that fit the target, and findings by what they would give."""
    found = artifact.checked.findings
    counted = {
        verdict.value: sum(1 for finding in found if finding.verdict is verdict and not finding.ignored)
        for verdict in (Verdict.BROKEN, Verdict.UNKNOWN, Verdict.CONTAINER_ONLY)
    }
    ignored = sum(1 for finding in found if finding.ignored)
    return {"natives": artifact.checked.natives, "fit": artifact.checked.fit, **counted, "ignored": ignored}


def _package(one: Contents) -> dict[str, Any]:
    return {
        "path": one.source,
        "root": one.root,
        "entries": len(one.members),
        "bytes": sum(member.size for member in one.members.values()),
        "natives": len(one.natives),
    }


def _runtime(artifact: Artifact) -> dict[str, Any]:
    """What only the image tells is null where it did not have to be read."""
    facts, target = artifact.image, artifact.target
    return {
        "name": target.runtime or None,
        "machine": target.machine,
        "image": str(facts.reference) if facts else target.image,
        "pinned": facts.pinned or None if facts else None,
        "os_release": facts.os.os_release.pretty_name if facts and facts.os and facts.os.os_release else None,
        "library_path": ":".join(target.library_path) if facts else None,
        "libraries": len(facts.libraries.libraries) if facts and facts.libraries else None,
    }


def advice(artifact: Artifact) -> list[str]:
    """What mends the findings, in their order, each hint once."""
    hints = dict.fromkeys(shown(f.hint) for f in artifact.checked.findings if f.hint and not f.ignored)
    return list(hints)[:_ADVICE]


def table(findings: Iterable[Finding]) -> list[str]:
    """Aligned lines, what stops the deployment first; empty without findings."""
    found = list(findings)
    if not found:
        return []
    rows = [
        (shown(f.file), f.problem.value, shown(_needs(f)), "ignored" if f.ignored else f.verdict.value)
        for f in found[:_ROWS]
    ]
    more = [f"... and {len(found) - _ROWS} more"] if len(found) > _ROWS else []
    return [*aligned(_HEAD, rows), *more]


def _needs(finding: Finding) -> str:
    return " of ".join(part for part in (finding.version, finding.library) if part) or "-"


def refusal(artifact: Artifact) -> str:
    """Why a task fails, and what to do first; the rest is in the result."""
    return " ".join((sentence(artifact), *advice(artifact)[:1]))


def sentence(artifact: Artifact) -> str:
    """One sentence: package, verdict, image, and what stops the deployment first."""
    return shown(_sentence(artifact))


def _sentence(artifact: Artifact) -> str:
    checked = artifact.checked
    counted = [finding for finding in checked.findings if not finding.ignored]
    ignored = len(checked.findings) - len(counted)
    text = f"{_subject(artifact)} {_SENTENCES[checked.verdict].format(_image(artifact))}"
    apart = f" ({_number(ignored, 'finding')} ignored)" if ignored else ""
    if counted:
        more = f"and {_number(len(counted) - 1, 'more finding')}" if len(counted) > 1 else ""
        besides = ", ".join(filter(None, (more, f"{ignored} ignored" if ignored else "")))
        return f"{text}: {counted[0].message.rstrip('.')}{f' ({besides})' if besides else ''}."
    if not checked.natives:
        return f"{text}{apart}: it has no native code."
    return f"{text}{apart}: {_natives(checked.natives, checked.fit, artifact.target)}."


def _subject(artifact: Artifact) -> str:
    package, *layers = artifact.contents
    return f"{package.source} with {_number(len(layers), 'layer')}" if layers else package.source


def _image(artifact: Artifact) -> str:
    runtime = _runtime(artifact)
    return f"{runtime['image']} ({runtime['os_release']})" if runtime["os_release"] else str(runtime["image"])


def _natives(natives: int, fit: int, target: Target) -> str:
    if natives == fit:
        return f"{_number(natives, 'native file')} checked"
    return f"{fit} of {_number(natives, 'native file')} checked, those that the runtime may load on {target.machine}"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
