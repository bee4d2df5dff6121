# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service of AWS as this engine calls it: counted calls, throttles waited out, every failure by its name.

It repeats only what has no effect when repeated: reads, and requests that were throttled. Whether a write is worth
another try is for those to say who read what is in force first.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from .deadline import Deadline, backoff
from .errors import AnswerLost, FunctionError, Refused, StillInMotion, Throttled

try:
    from botocore import exceptions as botocore_errors
    from botocore import xform_name
    from botocore.parsers import ResponseParserError
except ImportError:  # without it there is no client to call this with
    pass

_READ_RETRIES = 5

_SUBJECT = ("FunctionName", "Qualifier", "Name", "Resource")  # the members that say what a request is about


@dataclass
class Secrets:
    """Texts that no message of a service may bring back; what is read joins what was asked for."""

    texts: set[str] = field(default_factory=set, repr=False)

    def hide(self, text: str) -> str:
        """A text without the secrets, raw or as JSON writes them."""
        for secret in sorted(self.texts, key=len, reverse=True):
            for form in _forms(secret):
                text = text.replace(form, "********")
        return re.sub(
            r"(?s)String measured:.*", "(its text is hidden)", text
        )  # Lambda quotes the whole environment there


class Service:
    """A botocore client, counted and translated.

    client: one that tries once, since retries are decided here. calls and secrets: those of the whole task, which may
    need more than one client.
    """

    def __init__(
        self,
        client: Any,
        deadline: Deadline | None = None,
        secrets: Secrets | None = None,
        calls: Counter[str] | None = None,
    ) -> None:
        self._client = client
        self.deadline = deadline or Deadline(60)
        self._reached = False
        self.secrets = Secrets() if secrets is None else secrets
        self.calls: Counter[str] = Counter() if calls is None else calls

    def read(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for something, through short troubles of the service."""
        for pause in islice(backoff(), _READ_RETRIES):
            try:
                return self.call(operation, request)
            except AnswerLost:
                if not self._reached or self.deadline.passed:
                    raise
                self.deadline.sleep(pause)
        return self.call(operation, request)

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request, and once more after each throttle. Raises a FunctionError (`errors.py`)."""
        pauses = backoff()
        while True:
            self.calls[operation] += 1
            try:
                answer: dict[str, Any] = getattr(self._client, xform_name(operation))(**request)
            except ResponseParserError:
                raise self._strange() from None
            except (botocore_errors.ClientError, botocore_errors.BotoCoreError) as trouble:
                error = self._translated(trouble, operation, request)
                if not isinstance(error, Throttled):
                    raise error from None
                self._wait_out(error, pauses)
            else:
                self._reached = True
                return answer

    @property
    def region(self) -> str:
        return str(self._client.meta.region_name)

    def hide(self, text: str) -> str:
        """A text of the service without what is secret."""
        return self.secrets.hide(text)

    def _strange(self) -> FunctionError:
        service = self._client.meta.service_model.service_id
        return Refused(
            f"{self._client.meta.endpoint_url} does not answer as {service} does.",
            hint="Check endpoint_url (AWS_ENDPOINT_URL), and whether a proxy answers in its place.",
        )

    def _wait_out(self, throttled: Throttled, pauses: Iterator[float]) -> None:
        self._reached = True
        if self.deadline.passed:
            raise StillInMotion(throttled.message, hint="Raise wait_timeout, or run fewer tasks at once.") from None
        self.deadline.sleep(max(next(pauses), throttled.retry_after or 0))

    def _translated(self, trouble: Exception, operation: str, request: Mapping[str, Any]) -> FunctionError:
        from .failures import answered, unanswered  # a task that meets no trouble does not need it

        subject = ":".join(str(request[part]) for part in _SUBJECT if part in request)
        where = f"{operation}{f' on {subject}' if subject else ''} in {self.region}"
        if isinstance(trouble, botocore_errors.ClientError):
            self._reached = True
            return answered(trouble, where, self.hide)
        return unanswered(trouble, where, self._client.meta.endpoint_url, self.hide)


def _forms(secret: str) -> tuple[str, ...]:
    """How a text stands in an answer: as it is, in JSON, and in JSON that is a text in JSON."""
    inner = [json.dumps(secret, ensure_ascii=ascii)[1:-1] for ascii in (True, False)]
    return (*(json.dumps(form)[1:-1] for form in inner), *inner, secret)
