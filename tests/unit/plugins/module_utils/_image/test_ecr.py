# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logins of private ECR, asked of a client that botocore checks."""

from __future__ import annotations

import base64
from typing import Any

import boto3
import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.credentials import Login, LoginUnavailable
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.ecr import ecr_login
from botocore.exceptions import NoCredentialsError
from botocore.stub import Stubber

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
SECRET = "canary-token"


class Ecr:
    """regions: those it was asked in."""

    def __init__(self) -> None:
        self.regions: list[str] = []
        self.client = boto3.client("ecr", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
        self.stub = Stubber(self.client)
        self.stub.activate()

    def __call__(self, region: str) -> Any:
        self.regions.append(region)
        return self.client

    def gives(self, token: bytes) -> None:
        encoded = base64.b64encode(token).decode()
        self.stub.add_response("get_authorization_token", {"authorizationData": [{"authorizationToken": encoded}]}, {})


@pytest.mark.parametrize(
    ("host", "region"),
    [
        (HOST, "eu-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("123456789012.dkr-ecr.us-east-1.on.aws", "us-east-1"),
        ("public.ecr.aws", None),
        (f"{HOST}.example.org", None),
        (f"evil.example/{HOST}", None),
        (f"{HOST}:5000", None),
    ],
)
def test_only_ecr_gets_a_login_of_ecr(host: str, region: str | None) -> None:
    ecr = Ecr()
    ecr.gives(f"AWS:{SECRET}".encode())
    login = ecr_login(ecr)(host)
    assert ecr.regions == ([region] if region else [])
    assert login == (Login("AWS", SECRET) if region else None)
    assert SECRET not in repr(login)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("refused", "AccessDeniedException"),
        ("odd answer", "IndexError"),
        ("no text", "UnicodeDecodeError"),
        ("no credentials", "NoCredentialsError"),
    ],
)
def test_no_login_is_said_with_the_permissions_that_it_takes_and_nothing_secret(kind: str, says: str) -> None:
    ecr = Ecr()

    def client(region: str) -> Any:
        if kind == "no credentials":
            raise NoCredentialsError
        return ecr(region)

    match kind:
        case "refused":
            ecr.stub.add_client_error("get_authorization_token", "AccessDeniedException", f"no {SECRET}", 400)
        case "odd answer":
            ecr.stub.add_response("get_authorization_token", {"authorizationData": []}, {})
        case "no text":
            ecr.gives(b"\xff")
    with pytest.raises(LoginUnavailable) as failed:
        ecr_login(client)(HOST)
    assert failed.value.message == f"ECR gives no login ({says})."
    for permission in ("ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"):
        assert permission in failed.value.hint
    assert SECRET not in str(failed.value)
