# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Invoke one published version and hold its answer against what is expected, before anybody else calls it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .deadline import Deadline, backoff
from .environment import concealable
from .errors import AnswerLost, NotVerified, StillInMotion, UpdateConflict
from .service import Service

_TRIES = 3  # of an invocation that ended in a trouble of the service
_SHOWN = 400  # characters of what is wrong with an answer
ANYTHING: Any = object()


@dataclass(frozen=True)
class Verification:
    """payload: sent as JSON. status: the statusCode of an answer that has one, else that of the invocation; None for
    any. expected: a JSON value of which an answer that passes holds at least as much, or ANYTHING. timeout: seconds
    until the answer has to be there.
    """

    payload: Any = field(default_factory=dict, repr=False)
    status: int | None = None
    expected: Any = field(default=ANYTHING, repr=False)
    timeout: float = 60


def verify(invoker: Service, name: str, version: str, wanted: Verification, deadline: Deadline) -> None:
    """Raises NotVerified. invoker: a Lambda client whose deadline is that of the verification.

    A trouble of the service is no verdict on the version, so the payload may be sent more than once.
    """
    request = {
        "FunctionName": name,
        "Qualifier": version,
        "InvocationType": "RequestResponse",
        "Payload": json.dumps(wanted.payload).encode(),
    }
    invoker.secrets.texts.update(concealable(_texts(wanted.payload)))
    invoker.deadline.restart()
    with deadline.not_counted():
        status, answer = _invoke(invoker, request)
    if trouble := _trouble(status, answer, wanted):
        shown = invoker.hide(trouble)
        raise NotVerified(
            f"{name}:{version} did not pass its verification: {shown[:_SHOWN]}{'…' * (len(shown) > _SHOWN)}.",
            hint="The alias was not moved. Mend the function, or correct verify.",
        )


def _invoke(invoker: Service, request: dict[str, Any]) -> tuple[int, Any]:
    """The status and the answer; the answer is a _Failure when the function raised an error."""
    pauses, tries = backoff(), 0
    while True:
        try:
            answer = invoker.call("Invoke", request)
            raw = answer["Payload"].read()
        except (UpdateConflict, AnswerLost, StillInMotion) as trouble:
            tries += 1
            if invoker.deadline.passed or tries == _TRIES:
                raise NotVerified(
                    f"{request['FunctionName']}:{request['Qualifier']} could not be verified within "
                    f"{invoker.deadline.seconds:g} s: {trouble.message}",
                    hint="The alias was not moved. Run the task again, or raise verify.timeout.",
                ) from None
            invoker.deadline.sleep(next(pauses))
            continue
        return answer["StatusCode"], _Failure(_json(raw)) if answer.get("FunctionError") else _json(raw)


def _texts(value: Any) -> Iterator[str]:
    """All texts in a JSON value."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _texts(inner)


@dataclass(frozen=True)
class _Failure:
    """What a function says of the error that it raised."""

    said: Any

    def __str__(self) -> str:
        if isinstance(self.said, Mapping):
            return f"{self.said.get('errorType', 'an error')}: {self.said.get('errorMessage', '')}"
        return str(self.said)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")


def _trouble(status: int, answer: Any, wanted: Verification) -> str | None:
    if isinstance(answer, _Failure):
        return f"it raised {answer}"
    if isinstance(answer, Mapping) and "statusCode" in answer:
        status = answer["statusCode"]
    if wanted.status is not None and status != wanted.status:
        return f"its status is {json.dumps(status)} instead of {wanted.status}"
    return None if wanted.expected is ANYTHING else missing(wanted.expected, answer)


def missing(expected: Any, answer: Any, path: str = "the answer") -> str | None:
    """Where the answer holds less than is expected, as a phrase; None if it holds all of it.

    Objects may hold more members than expected; lists and everything else have to be equal.
    """
    if isinstance(expected, Mapping) and isinstance(answer, Mapping):
        for name, value in expected.items():
            if name not in answer:
                return f"{path} has no {name}"
            if found := missing(value, answer[name], f"{path}.{name}"):
                return found
        return None
    if isinstance(expected, list) and isinstance(answer, list) and len(expected) == len(answer):
        pairs = enumerate(zip(expected, answer, strict=True))
        return next((found for at, (one, two) in pairs if (found := missing(one, two, f"{path}[{at}]"))), None)
    if type(expected) is type(answer) and expected == answer:
        return None
    if not isinstance(expected, bool) and not isinstance(answer, bool) and expected == answer:  # 1 is 1.0 in JSON
        return None
    return f"{path} is {json.dumps(answer)} instead of {json.dumps(expected)}"
