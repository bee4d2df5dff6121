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
from .errors import (
    AnswerLost,
    Denied,
    FunctionError,
    InvalidRequest,
    Refused,
    RevisionMismatch,
    StillInMotion,
    Throttled,
    UnknownFunction,
    Unreachable,
    UpdateConflict,
)

try:
    from botocore import exceptions as botocore_errors
    from botocore import xform_name
    from botocore.parsers import ResponseParserError
except ImportError:  # without it there is no client to call this with
    pass

_READ_RETRIES = 5

# Source: AWS Lambda developer guide and API reference; other 409s (an alias that exists, a version in use) stay.
_BUSY = re.compile(
    r"update is in progress|following state: Pending|concurrent (requests|update)|cannot be performed at this time",
    re.IGNORECASE,
)
# PublishVersion says so of its guard CodeSha256, which is one more way to learn that somebody else wrote.
_OTHER_CODE = re.compile(r"CodeSHA256 .*is different from current CodeSHA256", re.IGNORECASE | re.DOTALL)
_THROTTLES = re.compile(r"TooManyRequests|Throttl|RequestLimitExceeded|SlowDown")
_BAD_CREDENTIALS = re.compile(
    r"ExpiredToken|InvalidClientTokenId|UnrecognizedClient|InvalidSignature|SignatureDoesNotMatch"
    r"|MissingAuthentication|IncompleteSignature|InvalidAccessKeyId|RequestExpired"
)
_DENIALS = re.compile(r"AccessDenied|UnauthorizedOperation|OptInRequired")
_SUBJECT = ("FunctionName", "Qualifier", "Name", "Resource")  # the members that say what a request is about
_MEASURED = re.compile(r"String measured:.*", re.DOTALL)  # Lambda quotes the whole environment there


@dataclass
class Secrets:
    """Texts that no message of a service may bring back; what is read joins what was asked for."""

    texts: set[str] = field(default_factory=set, repr=False)

    def hide(self, text: str) -> str:
        """A text without the secrets, raw or as JSON writes them."""
        for secret in sorted(self.texts, key=len, reverse=True):
            for form in _forms(secret):
                text = text.replace(form, "********")
        return _MEASURED.sub("(its text is hidden)", text)


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
        subject = ":".join(str(request[part]) for part in _SUBJECT if part in request)
        where = f"{operation}{f' on {subject}' if subject else ''} in {self.region}"
        if isinstance(trouble, botocore_errors.ClientError):
            self._reached = True
            return self._answered(trouble, where)
        return self._unanswered(trouble, where)

    def _answered(self, error: botocore_errors.ClientError, where: str) -> FunctionError:
        code: str = error.response.get("Error", {}).get("Code", "")
        text: str = error.response.get("Error", {}).get("Message", "") or ""
        said = self.hide(text).rstrip(".")
        metadata = error.response.get("ResponseMetadata", {})
        status: int = metadata.get("HTTPStatusCode", 0)
        message = f"{where} was refused with {status} {code}: {said}."
        if status == 429 or _THROTTLES.search(code):
            return Throttled(message, retry_after=_seconds(metadata.get("HTTPHeaders", {}).get("retry-after")))
        if status >= 500:
            return AnswerLost(f"{where} ended in {status} {code}: {said}.", hint="Run the task again.")
        if code == "ResourceConflictException" and _BUSY.search(text):
            return UpdateConflict(message)
        if code == "PreconditionFailedException" or status == 412 or _OTHER_CODE.search(text):
            return RevisionMismatch(message)
        if code == "ResourceNotFoundException":
            return UnknownFunction(
                f"{where}: there is no such function, version or alias.",
                hint="Check the name, the region and the account; amazon.aws.lambda creates functions.",
            )
        if _BAD_CREDENTIALS.search(code):
            return Denied(
                f"{where}: AWS does not accept the credentials ({code}: {said}).",
                hint="Renew them, then run the task again.",
            )
        if _DENIALS.search(code):
            return Denied(message, hint="Allow this action to whoever runs the task.")
        return Refused(message)

    def _unanswered(self, trouble: Exception, where: str) -> FunctionError:
        endpoint = self._client.meta.endpoint_url
        match trouble:
            case botocore_errors.NoCredentialsError() | botocore_errors.PartialCredentialsError():
                return Denied(
                    f"{where}: no complete AWS credentials were found.",
                    hint="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the options profile or access_key.",
                )
            case (
                botocore_errors.EndpointConnectionError()
                | botocore_errors.ConnectTimeoutError()
                | botocore_errors.ProxyConnectionError()
            ):
                return Unreachable(
                    f"{where}: no connection to {endpoint} could be made.",
                    hint="Check region, endpoint_url (AWS_ENDPOINT_URL) and the network.",
                )
            case botocore_errors.SSLError():
                return Refused(
                    f"{where}: the TLS connection to {endpoint} can't be trusted.",
                    hint="Set aws_ca_bundle to the certificate authority of your network.",
                )
            case botocore_errors.HTTPClientError():
                return AnswerLost(f"{where}: {endpoint} closed the connection without an answer, or took too long.")
            case botocore_errors.ParamValidationError():
                return InvalidRequest(self.hide(f"{where} can't be asked: {trouble}"))
            case _:
                return Denied(
                    self.hide(f"{where} can't be sent: {trouble}"), hint="Check the AWS profile and credentials."
                )


def _forms(secret: str) -> tuple[str, ...]:
    """How a text stands in an answer: as it is, in JSON, and in JSON that is a text in JSON."""
    inner = [json.dumps(secret, ensure_ascii=ascii)[1:-1] for ascii in (True, False)]
    return (*(json.dumps(form)[1:-1] for form in inner), *inner, secret)


def _seconds(header: str | None) -> float | None:
    """The number of a Retry-After header; its other form, a date, is not used by AWS."""
    return float(header) if header and re.fullmatch(r"\d+(\.\d+)?", header) else None
