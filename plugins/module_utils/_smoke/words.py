# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a smoke run means: the answer of the program in the container, or its end without one, as outcome and findings.

Pure. What the loader and the interpreters say is kept in their own words; what they have to say of the environment's
values is masked before anything else is done with it.
"""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from .._errors import printable
from .._image.runs import Ran
from .._native.contents import FUNCTION_ROOT, LAYER_ROOT
from .._native.findings import Finding, Problem, Verdict

_SHORT = 1000  # characters of words
_MASK = "********"
_MASKED_FROM = 4  # characters; shorter values are in every text

_LOADER = re.compile(
    r"cannot open shared object file|version `[^']+' not found|invalid ELF header|wrong ELF class|undefined symbol"
    r"|file too short|ELF load command|ELF file|cannot enable executable stack|in static TLS block|not defined in file"
    r"|did not self-register|compiled against a different Node\.js|[Ee]xec format error|symbol lookup error"
    r"|cannot read file data|only ET_DYN|object file has no"
)
_LIBRARY = re.compile(r"(?:^|[\s:'\"])([^\s:'\"/]+\.so[.\w]*): cannot open shared object file")
_VERSION = re.compile(r"/([^\s/:]+): version `([^']+)' not found(?: \(required by ([^)]+)\))?")
_PLACE = re.compile(rf"((?:{FUNCTION_ROOT}|{LAYER_ROOT})/[^\s:'\")]+)")
_MEMORY = "JavaScript heap out of memory"  # V8
_UNREADABLE = re.compile(r"Permission denied|EACCES|Operation not permitted")
_OWN_CODE = (
    "If it needs its environment to be imported, give `environment_variables`; there is no network, and only /tmp can "
    "be written."
)
_HINTS = (  # the first that fits
    (
        r"cannot open shared object file",
        "Put the library into the `lib/` of the package or of a layer, or install a package that brings it.",
    ),
    (r"version `", "Build it on the runtime's system, or install a variant that was built for an older one."),
    (
        r"invalid ELF header|wrong ELF class|file too short|ELF file",
        "Install it anew on Linux, for the architecture of the function.",
    ),
    (r"different Node\.js|did not self-register", "Install or rebuild it with the Node.js version of the runtime."),
    (
        r"No module named|Cannot find (?:module|package)|cannot import name",
        "Add it to the package or to a layer, built for this runtime.",
    ),
    (
        r"undefined symbol|symbol lookup error|not defined in file",
        "Build it against the libraries that the function has when it runs.",
    ),
)


class Outcome(StrEnum):
    IMPORTED = "imported"
    REFUSED = "refused"  # by the loader or the interpreter
    MISSING = "missing"  # there is no such module, or nothing of that name in it
    FAILED = "failed"  # an exception of the function's own code
    ENDED = "ended"  # it ended the process
    CRASHED = "crashed"  # a signal ended it
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"


@dataclass(frozen=True, slots=True)
class SmokeResult:
    """words: what was said, on one line, shortened; "" where the handler was imported. seconds: how long the container
    ran. interpreter: "Python 3.12.7", "" where it did not come to say so."""

    outcome: Outcome
    words: str
    seconds: float
    findings: tuple[Finding, ...]
    interpreter: str = ""


def result_of(ran: Ran, *, handler: str, image: str, memory: int, limit: float, secrets: Iterable[str]) -> SmokeResult:
    """ran: what came of the container. memory: MiB, limit: seconds that it had. secrets: the environment's values."""
    mask = Mask(secrets)
    told = _answer(ran.answer, mask)
    outcome, words = _outcome(ran, told, mask, memory, limit)
    findings = () if outcome is Outcome.IMPORTED else (_finding(outcome, words, told.place, handler, image),)
    return SmokeResult(outcome, _short(words), ran.seconds, findings, _short(told.interpreter))


@dataclass(frozen=True, slots=True)
class _Answer:
    """As python.py and node.py describe it. stage: "" without an answer. words: what was raised, and the
    first of its causes that says what the loader said."""

    stage: str = ""
    interpreter: str = ""
    words: str = ""
    place: str = ""
    refused: bool = False
    exit: int = 0


def _answer(line: bytes, mask: Mask) -> _Answer:
    try:
        told = json.loads(line)
        kind, message, place = (mask.text(str(told.get(name, ""))) for name in ("type", "message", "place"))
        causes = [mask.text(str(cause)) for cause in told.get("causes", ())]
        words = f"{kind}: {message}" if kind else message
        said = next((f", from {cause}" for cause in causes if _LOADER.search(cause)), "")
        return _Answer(
            stage=str(told["stage"]),
            interpreter=str(told["interpreter"]),
            words=words if _LOADER.search(words) else words + said,
            place=place,
            refused=bool(told.get("refused")),
            exit=int(told.get("exit", 0)),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return _Answer()  # as if nothing had been said


def _outcome(ran: Ran, told: _Answer, mask: Mask, memory: int, limit: float) -> tuple[Outcome, str]:
    match told.stage:
        case "done":
            return Outcome.IMPORTED, ""
        case "name" | "entry":
            return Outcome.MISSING, told.words
        case "import":
            refused = told.refused or _LOADER.search(told.words)
            return (Outcome.REFUSED if refused else Outcome.FAILED), told.words
    said = "\n".join((mask.end(ran.output, ran.cut), mask.end(ran.errors, ran.cut)))
    if ran.out_of_memory or _MEMORY in said:
        return Outcome.OUT_OF_MEMORY, f"it needs more than {memory} MiB of memory"
    if ran.exit_code is None or ran.seconds >= limit:  # Python has a watchdog inside
        return Outcome.TIMED_OUT, f"it was not imported within {limit:g} seconds{_stack(said)}"
    last = _telling(said)
    if _LOADER.search(last):
        return Outcome.REFUSED, last
    then = f": {last}" if last else ""
    if not told.stage and ran.exit_code > 128:
        return Outcome.CRASHED, f"it was ended by {_signal(ran.exit_code - 128)}{then}"
    return Outcome.ENDED, f"it ended the process with exit code {told.exit or ran.exit_code}{then}"


def _stack(said: str) -> str:
    """Where Python's watchdog found it: the innermost file of the package."""
    inside = re.search(rf'File "((?:{FUNCTION_ROOT}|{LAYER_ROOT})/[^"]+)", line (\d+)', said)
    return f", it was at {inside[1]}:{inside[2]}" if inside else ""


def _telling(said: str) -> str:
    """The last line, but what the loader says first."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if _LOADER.search(line)]
    return (telling or lines or [""])[-1]


def _signal(number: int) -> str:
    try:
        return f"the signal {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"


def _finding(outcome: Outcome, words: str, place: str, handler: str, image: str) -> Finding:
    library, version = "", ""
    file = _PLACE.search(words)
    name = file[1] if file else ""
    if found := _VERSION.search(words):
        library, version, name = found[1], found[2], found[3] or name
    elif found := _LIBRARY.search(words):
        library = found[1]
    name = name or place.rpartition(":")[0]
    at = f" ({_inside(place)})" if place and _inside(place) not in words else ""
    problem, verdict, hint = _judged(outcome, words)
    return Finding(
        file=_inside(name) or handler,
        problem=problem,
        verdict=verdict,
        message=f"{handler} can't be imported on {image}: {_short(words).rstrip('.')}{at}.",
        hint=hint,
        library=library,
        version=version,
    )


def _judged(outcome: Outcome, words: str) -> tuple[Problem, Verdict, str]:
    match outcome:
        case Outcome.MISSING:
            return Problem.ENTRY_POINT, Verdict.BROKEN, "Correct the handler, or add its file to the package."
        case Outcome.REFUSED | Outcome.CRASHED:
            hint = next((hint for pattern, hint in _HINTS if re.search(pattern, words)), "")
            return Problem.LOAD, Verdict.BROKEN, hint or "Import it in the runtime image by hand to see more."
        case Outcome.OUT_OF_MEMORY:
            return Problem.ENTRY_POINT, Verdict.UNKNOWN, "Give the run the memory that the function has."
        case _ if _UNREADABLE.search(words) and _PLACE.search(words):
            hint = "Make files readable for everybody (chmod -R a+rX) before they are zipped."
            return Problem.PERMISSION, Verdict.BROKEN, hint
        case _:
            return Problem.ENTRY_POINT, Verdict.UNKNOWN, _OWN_CODE


def _inside(path: str) -> str:
    """As the package or the layer has it."""
    return path.removeprefix(f"{FUNCTION_ROOT}/").removeprefix(f"{LAYER_ROOT}/")


def _short(words: str) -> str:
    line = printable(" ".join(words.split()))
    return line if len(line) <= _SHORT else f"{line[: _SHORT - 1]}…"


class Mask:
    """Takes values of the environment out of what was said, also as Python, JSON and URLs write them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found: set[str] = set()
        for value in secrets:
            for part in (value, *value.splitlines()):
                found |= {part, repr(part)[1:-1], json.dumps(part)[1:-1], json.dumps(json.dumps(part)[1:-1])[1:-1]}
                found |= {json.dumps(part, ensure_ascii=False)[1:-1], quote(part), quote(part, safe="")}
        known = sorted((one for one in found if len(one) >= _MASKED_FROM), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, known))) if known else None
        self._longest = len(known[0]) if known else 0

    def text(self, text: str) -> str:
        return self._pattern.sub(_MASK, text) if self._pattern else text

    def end(self, said: bytes, cut: bool) -> str:
        """Of which the beginning may be missing: what may be the rest of a value goes as well."""
        text = self.text(said.decode("utf-8", "replace"))
        return text[self._longest :] if cut else text
