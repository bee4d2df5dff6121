# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fetch the zip that a function runs from where Lambda keeps it. The address is a secret and is never shown."""

from __future__ import annotations

import hashlib
import importlib

from .._code.digests import Digest
from .errors import AnswerLost, InvalidRequest, NotStored
from .snapshot import FunctionSnapshot

_TIMEOUT = 60.0  # seconds without a byte


def download_zip(location: str, snapshot: FunctionSnapshot) -> bytes:
    """The bytes whose SHA-256 is the CodeSha256 of the reading. location: pre-signed, of GetFunction."""
    subject = f"The code of {snapshot.name}:{snapshot.version}"
    try:
        requests = importlib.import_module("requests")  # which takes a fifth of a second, and is needed here alone
    except ImportError:
        raise InvalidRequest(
            f"{subject} can't be fetched without the Python package requests.", hint="Install it; docker brings it."
        ) from None
    try:
        answer = requests.get(location, timeout=_TIMEOUT)
        answer.raise_for_status()
        content: bytes = answer.content
    except requests.RequestException as trouble:
        kind = type(trouble).__name__  # its text holds the address
        raise AnswerLost(f"{subject} can't be fetched from Lambda's storage ({kind}).", hint="Run it again.") from None
    if Digest(hashlib.sha256(content).digest()).base64 != snapshot.code_sha256:
        raise NotStored(f"{subject} was replaced while it was fetched.", hint="Run the task again.")
    return content
