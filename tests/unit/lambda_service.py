# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Lambda client whose every request and answer botocore checks against the service model, and a clock that obeys."""

from __future__ import annotations

from typing import Any

import boto3
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.client import LambdaApi
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.deadline import Deadline
from botocore.config import Config
from botocore.stub import Stubber

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders"


def configuration(**members: Any) -> dict[str, Any]:
    """GetFunction's Configuration of a settled zip function."""
    return {
        "FunctionName": "orders",
        "FunctionArn": ARN,
        "Runtime": "python3.12",
        "Role": "arn:aws:iam::123456789012:role/orders",
        "Handler": "app.handler",
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "CodeSha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
        "CodeSize": 300,
        "LastModified": "2026-01-01T00:00:00.000+0000",
        "Version": "$LATEST",
        "RevisionId": "r1",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        **members,
    }


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Service:
    """The answers that Lambda is to give, in order; the test fails when a call differs or one is left."""

    def __init__(self) -> None:
        self.client = boto3.client(
            "lambda",
            region_name="eu-west-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
        )
        self.stub = Stubber(self.client)
        self.clock = Clock()
        self.deadline = Deadline(60, self.clock, self.clock.sleep)
        self.api = LambdaApi(self.client, self.deadline, frozenset({"canary-value"}))

    def reads(self, **members: Any) -> None:
        self.stub.add_response("get_function", {"Configuration": configuration(**members)}, {"FunctionName": "orders"})

    def fails(self, operation: str, code: str, status: int, message: str = "because", **headers: str) -> None:
        self.stub.add_client_error(
            operation,
            service_error_code=code,
            service_message=message,
            http_status_code=status,
            response_meta={"HTTPHeaders": {name.replace("_", "-"): value for name, value in headers.items()}},
        )

    def takes(self, operation: str, expected: dict[str, Any], **members: Any) -> None:
        self.stub.add_response(
            operation, configuration(LastUpdateStatus="InProgress", **members), {"FunctionName": "orders", **expected}
        )
