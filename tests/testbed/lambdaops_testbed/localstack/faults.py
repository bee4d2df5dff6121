# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fault is, how one is read from JSON, and which call meets which fault. No LocalStack here."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .pace import LONGEST, UpdateFailure

KINDS = ("error", "delay", "drop", "state", "fail_update", "foreign")
COMMON = ("service", "operation", "function", "times", "after")
READS = ("GetFunction", "GetFunctionConfiguration")
STATE_FIELDS = (
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
)
WRITES = ("CreateFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration", "PublishVersion")


class BadFault(ValueError):
    """One sentence: which field of which fault is wrong, and what it must be."""


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    code: str
    status: int
    message: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """operation None (a `state` fault only): both reads. times None: until it is deleted. after: calls let through."""

    operation: str | None
    given: Mapping[str, Any]
    service: str = "lambda"
    function: str | None = None
    times: int | None = 1
    after: int = 0
    error: ErrorAnswer | None = None
    delay: float | None = None
    drop: Literal["before", "after"] | None = None
    state: Mapping[str, str] | None = None
    fail_update: UpdateFailure | None = None
    foreign: Mapping[str, Any] | None = None

    def concerns(self, service: str, operation: str, function: str | None) -> bool:
        operations = READS if self.operation is None else (self.operation,)
        return self.service == service and operation in operations and self.function in (None, function)


class Faults:
    """The faults that wait for their calls, in the order they were given."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, list[int]]] = []  # with [matched, met]

    def add(self, faults: list[Fault]) -> None:
        with self._lock:
            self._waiting.extend((fault, [0, 0]) for fault in faults)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def meet(self, service: str, operation: str, function: str | None) -> Fault | None:
        """The first fault that concerns this call. All that concern it count the call for `after`."""
        with self._lock:
            chosen: Fault | None = None
            for entry in list(self._waiting):
                fault, counts = entry
                if not fault.concerns(service, operation, function):
                    continue
                counts[0] += 1
                if chosen is None and counts[0] > fault.after:
                    chosen = fault
                    counts[1] += 1
                    if counts[1] == fault.times:
                        self._waiting.remove(entry)
            return chosen

    def snapshot(self) -> list[dict[str, Any]]:
        """What was given, and `met`: how often it happened so far."""
        with self._lock:
            return [{**fault.given, "met": counts[1]} for fault, counts in self._waiting]


def parse_faults(body: object) -> list[Fault]:
    """One fault or a list of them, all or none. Raises BadFault."""
    return [parse_fault(each) for each in (body if isinstance(body, list) else [body])]


def parse_fault(given: object) -> Fault:
    if not isinstance(given, dict):
        raise BadFault("A fault is a JSON object, or a list of them.")
    if unknown := sorted(set(given) - set(COMMON) - set(KINDS)):
        raise BadFault(f"A fault has no field {unknown[0]!r}; it has {', '.join(COMMON + KINDS)}.")
    kinds = [kind for kind in KINDS if kind in given]
    if len(kinds) != 1:
        raise BadFault(f"A fault is exactly one of {', '.join(KINDS)}; this one has {', '.join(kinds) or 'none'}.")
    kind = kinds[0]
    operation = given.get("operation")
    if operation is None and kind != "state":
        raise BadFault("A fault needs an operation, UpdateFunctionCode for example.")
    if kind == "fail_update" and operation not in WRITES:
        raise BadFault(f"fail_update is for the operations {', '.join(WRITES)}.")
    if kind == "state" and operation not in (None, *READS):
        raise BadFault(f"state is for the operations {', '.join(READS)}.")
    if kind == "foreign" and given.get("service", "lambda") != "lambda":
        raise BadFault("foreign is for operations of the service lambda.")
    return Fault(
        operation=None if operation is None else _text(given, "operation"),
        given=dict(given),
        service=_text(given, "service", "lambda"),
        function=None if given.get("function") is None else _text(given, "function"),
        times=None if "times" in given and given["times"] is None else _count(given, "times", 1, least=1),
        after=_count(given, "after", 0, least=0),
        error=_error(given["error"]) if kind == "error" else None,
        delay=_delay(given["delay"]) if kind == "delay" else None,
        drop=_drop(given["drop"]) if kind == "drop" else None,
        state=_state(given["state"]) if kind == "state" else None,
        fail_update=_failure(given["fail_update"]) if kind == "fail_update" else None,
        foreign=_foreign(given["foreign"]) if kind == "foreign" else None,
    )


def _text(given: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = given.get(name, default)
    if not isinstance(value, str) or not value:
        raise BadFault(f"{name} must be a text that is not empty.")
    return value


def _count(given: Mapping[str, Any], name: str, default: int, *, least: int) -> int:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise BadFault(f"{name} must be a whole number from {least} on.")
    return value


def _object(value: object, kind: str, fields: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise BadFault(f"{kind} must be an object with {', '.join(fields)}.")
    if unknown := sorted(set(value) - set(fields)):
        raise BadFault(f"{kind} has no field {unknown[0]!r}; it has {', '.join(fields)}.")
    return value


def _error(value: object) -> ErrorAnswer:
    error = _object(value, "error", ("code", "status", "message", "headers"))
    status = _count(error, "status", 400, least=400)
    if status > 599:
        raise BadFault("status must be a whole number from 400 to 599.")
    headers = error.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(text, str) for text in headers.values()):
        raise BadFault("headers must be an object of texts.")
    return ErrorAnswer(_text(error, "code"), status, _text(error, "message"), tuple(headers.items()))


def _delay(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST:
        raise BadFault(f"delay must be a number of seconds from 0 to {LONGEST:.0f}.")
    return float(value)


def _drop(value: object) -> Literal["before", "after"]:
    match value:
        case "before":
            return "before"
        case True | "after":
            return "after"
    raise BadFault('drop must be "before" (without effect) or "after" (with effect).')


def _state(value: object) -> Mapping[str, str]:
    state = _object(value, "state", STATE_FIELDS)
    if not all(isinstance(text, str) for text in state.values()):
        raise BadFault("state must be an object of texts.")
    return state


def _failure(value: object) -> UpdateFailure:
    failure = _object(value, "fail_update", ("reason_code", "reason"))
    return UpdateFailure(_text(failure, "reason_code"), _text(failure, "reason", "The update was made to fail."))


def _foreign(value: object) -> Mapping[str, Any]:
    """Which members there are is for the service's model to say."""
    if not isinstance(value, dict) or not value or not all(isinstance(name, str) for name in value):
        raise BadFault("foreign must be an object with members of UpdateFunctionConfiguration.")
    return value
