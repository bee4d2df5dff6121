# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every failure of a call by its name, from what the service answered or botocore raised."""

from __future__ import annotations

import re
from collections.abc import Callable

from .errors import (
    AnswerLost,
    Denied,
    FunctionError,
    InvalidRequest,
    Refused,
    RevisionMismatch,
    Throttled,
    UnknownFunction,
    Unreachable,
    UpdateConflict,
)

try:
    from botocore import exceptions as botocore_errors
except ImportError:  # without it there is no client that could fail
    pass

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


def answered(error: botocore_errors.ClientError, where: str, hide: Callable[[str], str]) -> FunctionError:
    """What the service answered. where: the operation, on what, in which region. hide: takes out what is secret."""
    code: str = error.response.get("Error", {}).get("Code", "")
    text: str = error.response.get("Error", {}).get("Message", "") or ""
    said = hide(text).rstrip(".")
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


def unanswered(trouble: Exception, where: str, endpoint: str, hide: Callable[[str], str]) -> FunctionError:
    """Why no answer came, or no request was sent."""
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
            return InvalidRequest(hide(f"{where} can't be asked: {trouble}"))
        case _:
            return Denied(hide(f"{where} can't be sent: {trouble}"), hint="Check the AWS profile and credentials.")


def _seconds(header: str | None) -> float | None:
    """The number of a Retry-After header; its other form, a date, is not used by AWS."""
    return float(header) if header and re.fullmatch(r"\d+(\.\d+)?", header) else None
