# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logins for private registries of Amazon ECR, asked of AWS. ECR Public is read without one, or with a stored one.

Source: Amazon ECR API reference, GetAuthorizationToken: base64 of `AWS:<password>`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from .credentials import FindLogin, Login, LoginUnavailable

try:
    from botocore import exceptions as botocore_errors
except ImportError:  # without it there is no client for ECR
    pass

# From a region to a botocore ECR client.
EcrClient: TypeAlias = Callable[[str], Any]

# Source: the names that Amazon's docker-credential-ecr-login knows.
_HOST = re.compile(
    r"[0-9a-zA-Z][\w-]*\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9][a-z0-9-]*)\."
    r"(?:amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov"
    r"|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)"
)


def ecr_login(client: EcrClient) -> FindLogin:
    """Logins for hosts of private ECR, None for others. They raise LoginUnavailable; nothing of AWS's words is shown,
    for they may hold what must not be."""

    def find(host: str) -> Login | None:
        found = _HOST.fullmatch(host)
        if found is None:
            return None
        try:
            answer = client(found["region"]).get_authorization_token()
            token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode("ascii")
        except botocore_errors.ClientError as error:
            raise _unavailable(error.response.get("Error", {}).get("Code") or "an error") from None
        except (botocore_errors.BotoCoreError, binascii.Error, KeyError, IndexError, ValueError) as error:
            raise _unavailable(type(error).__name__) from None
        username, _colon, password = token.partition(":")
        return Login(username, password, kind="login that ECR gave")

    return find


def _unavailable(why: str) -> LoginUnavailable:
    return LoginUnavailable(
        f"ECR gives no login ({why}).",
        hint="Check the AWS credentials and the region; they need ecr:GetAuthorizationToken, and on the repository "
        "ecr:BatchGetImage and ecr:GetDownloadUrlForLayer.",
    )
