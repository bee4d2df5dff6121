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
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from .._errors import printable
from .._image.runs import Ran
from .._native.contents import FUNCTION_ROOT, LAYER_ROOT
from .._native.findings import Finding, Problem, Verdict
from .mask import Mask

_SHORT = 1000  # characters of words

_LOADER = re.compile(
    r"cannot open shared object file|version `[^']+' not found|invalid ELF header|wrong ELF class|undefined symbol"
    r"|file too short|ELF load command|ELF file|cannot enable executable stack|in static TLS block|not defined in file"
    r"|did not self-register|compiled against a different Node\.js|[Ee]xec format error|symbol lookup error"
    r"|cannot read file data|only ET_DYN|object file has no"
)
_WORDS = frozenset(re.findall("[a-z]{6,}", _LOADER.pattern.lower()))
_LIBRARY = re.compile(r"(?:^|[\s:'\"])([^\s:'\"/]+\.so[.\w]*): cannot open shared object file")
_VERSION = re.compile(r"/([^\s/:]+): version `([^']+)' not found(?: \(required by ([^)]+)\))?")
_PLACE = re.compile(rf"((?:{FUNCTION_ROOT}|{LAYER_ROOT})/[^\s:'\")]+)")
_STACK = re.compile(r"at |\^|[{}\]]|code: |requireStack: |Require stack:|- /|Node\.js v")  # below what Node.js throws
_MEMORY = "JavaScript heap out of memory"  # V8
_UNREADABLE = re.compile(r"Permission denied|EACCES|Operation not permitted")
_LIMITS = "there is no network, and only /tmp can be written."
_OWN_CODE = f"If it needs its environment to be imported, give `environment_variables`; {_LIMITS}"
_SLOW = "Give it more time by `run_timeout`, or let it do less when it is imported; there is no network to wait for."
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
        r"Could not load the .{1,100} module using the",  # sharp
        "Install its variant for the function's platform, by npm install with --os=linux, --cpu and --libc=glibc.",
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


def result_of(ran: Ran, *, handler: str, memory: int, limit: float, secrets: Collection[str]) -> SmokeResult:
    """ran: what came of the container. memory: MiB, limit: seconds that it had. secrets: the environment's values."""
    mask = Mask(secrets, spared=_WORDS)
    told = _answer(ran.answer, mask)
    outcome, words = _outcome(ran, told, mask, memory, limit)
    findings = () if outcome is Outcome.IMPORTED else (_finding(outcome, words, told.place, handler, bool(secrets)),)
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
    """The last line. What the loader said before that is not why it ended: the code has gone on after it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = [line for line in lines if not _STACK.match(line)][-1:] or lines[-1:]
    return (last or [""])[0]


def _signal(number: int) -> str:
    try:
        return f"the signal {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"


def _finding(outcome: Outcome, words: str, place: str, handler: str, environment: bool) -> Finding:
    library, version = "", ""
    file = _PLACE.search(words)
    name = file[1] if file else ""
    if found := _VERSION.search(words):
        library, version, name = found[1], found[2], found[3] or name
    elif found := _LIBRARY.search(words):
        library = found[1]
    name = name or place.rpartition(":")[0]
    at = f" ({_inside(place)})" if place and _inside(place) not in words else ""
    problem, verdict, hint = _judged(outcome, words, environment)
    return Finding(
        file=_inside(name) or handler,
        problem=problem,
        verdict=verdict,
        message=f"{handler} can't be imported: {_short(words).rstrip('.')}{at}.",
        hint=hint,
        library=library,
        version=version,
    )


def _judged(outcome: Outcome, words: str, environment: bool) -> tuple[Problem, Verdict, str]:
    """environment: whether the run was given any of the function's."""
    match outcome:
        case Outcome.MISSING:
            return Problem.ENTRY_POINT, Verdict.BROKEN, "Correct the handler, or add its file to the package."
        case Outcome.REFUSED | Outcome.CRASHED:
            return Problem.LOAD, Verdict.BROKEN, _known(words) or "Import it in the runtime image by hand to see more."
        case Outcome.OUT_OF_MEMORY:
            return Problem.ENTRY_POINT, Verdict.UNKNOWN, "Give it the memory that the function has, by `run_memory`."
        case Outcome.TIMED_OUT:
            return Problem.ENTRY_POINT, Verdict.UNKNOWN, _SLOW
        case _ if _UNREADABLE.search(words) and _PLACE.search(words):
            hint = "Make files readable for everybody (chmod -R a+rX) before they are zipped."
            return Problem.PERMISSION, Verdict.BROKEN, hint
        case _ if outcome is Outcome.ENDED or words.startswith("SystemExit"):
            return Problem.ENTRY_POINT, Verdict.UNKNOWN, f"Look at why its code ends the process; {_LIMITS}"
        case _:
            own = f"Look at what its code does when it is imported; {_LIMITS}" if environment else _OWN_CODE
            return Problem.ENTRY_POINT, Verdict.UNKNOWN, _known(words) or own


def _known(words: str) -> str:
    return next((hint for pattern, hint in _HINTS if re.search(pattern, words)), "")


def _inside(path: str) -> str:
    """As the package or the layer has it."""
    return path.removeprefix(f"{FUNCTION_ROOT}/").removeprefix(f"{LAYER_ROOT}/")


def _short(words: str) -> str:
    line = printable(" ".join(words.split()))
    return line if len(line) <= _SHORT else f"{line[: _SHORT - 1]}…"
