# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Lambda client whose every request and answer botocore checks against the service model, and a clock that obeys."""

from __future__ import annotations

from typing import Any

import boto3
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.client import LambdaApi
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.deadline import Deadline
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.service import Secrets
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
        self.deadline = Deadline(60, self.clock, self.clock.sleep, jitter=float)
        self.api = LambdaApi(self.client, self.deadline, Secrets({"canary-value"}))

    def reads(self, *, beside: dict[str, Any] | None = None, qualifier: str | None = None, **members: Any) -> None:
        """GetFunction. beside: what its answer holds beside the Configuration."""
        version = {"Qualifier": qualifier} if qualifier else {}
        answer = {"Configuration": configuration(**members), **(beside or {})}
        self.stub.add_response("get_function", answer, {"FunctionName": "orders", **version})

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

    def knows_alias(self, version: str | None, *, name: str = "live", **members: Any) -> None:
        """GetAlias; version None: there is none."""
        if version is None:
            self.fails("get_alias", "ResourceNotFoundException", 404, "Cannot find alias arn")
            return
        self.stub.add_response("get_alias", alias(version, name, **members), {"FunctionName": "orders", "Name": name})

    def lists(self, *versions: str, aliases: tuple[dict[str, Any], ...] = ()) -> None:
        """ListVersionsByFunction and ListAliases."""
        listed = [configuration(Version=version) for version in ("$LATEST", *versions)]
        self.stub.add_response("list_versions_by_function", {"Versions": listed}, {"FunctionName": "orders"})
        if aliases:
            self.stub.add_response("list_aliases", {"Aliases": list(aliases)}, {"FunctionName": "orders"})

    def moves_alias(self, expected: dict[str, Any], answer: dict[str, Any]) -> None:
        self.stub.add_response("update_alias", answer, {"FunctionName": "orders", "Name": "live", **expected})


def alias(version: str, name: str = "live", **members: Any) -> dict[str, Any]:
    """GetAlias's answer; weights, when given, are its routing."""
    if weights := members.pop("weights", None):
        members["RoutingConfig"] = {"AdditionalVersionWeights": weights}
    return {"Name": name, "FunctionVersion": version, "RevisionId": "a1", "Description": "", **members}
