# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all kinds of code have in common: the shape in which the plan knows them. Each kind has a room of its own.

Reading and hashing are the work of `_code`; here its findings take the form in which UpdateFunctionCode wants them.
"""

from __future__ import annotations

from typing import Any, Protocol

from .._code.digests import Digest
from .._code.errors import CodeError


class Code(Protocol):
    """A function's new code: where it comes from, and what it must be."""

    @property
    def option(self) -> str:
        """Which option it came from."""

    @property
    def package_type(self) -> str:
        """Zip or Image."""

    @property
    def code_sha256(self) -> str | None:
        """As Lambda states it, base64 for a zip and bare hex for an image; None when nobody knows it before Lambda has
        read the code."""

    @property
    def why(self) -> str:
        """Then, the reason in one sentence."""

    @property
    def request(self) -> dict[str, Any]:
        """Its members of UpdateFunctionCode."""

    def prove(self) -> None:
        """The look that is worth its time only when the code is about to be deployed. Raises a CodeError."""

    def knowing(self, code_sha256: str) -> Code:
        """The same, once Lambda has told the hash."""


def refuse_another(name: str, found: Digest | None, stated: Digest | None) -> None:
    """Raises a CodeError when code is known to be other than code_sha256 states."""
    if found and stated and found != stated:
        raise CodeError(
            f"{name} has the SHA-256 {found.base64}, and code_sha256 says {stated.base64}.",
            hint="Build or fetch the right package, or correct code_sha256; lambda_code_checksum tells the cause.",
        )
