# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""lambda_safe_update against LocalStack, which really runs the function: what is in force is asked of the function."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_safe_update
from bed import Bed, Function, package

CODE = "import os\ndef handler(event, context): return [{number}, os.environ.get('NUMBER')]\n"
IN_PROGRESS = {
    "code": "ResourceConflictException",
    "status": 409,
    "message": "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda",
}
Update = Callable[..., dict[str, Any]]


@pytest.fixture
def function(make: Any) -> Function:
    made: Function = make(CODE.format(number=1), Environment={"Variables": {"NUMBER": "one"}})
    return made


@pytest.fixture
def two(tmp_path: Path) -> str:
    path = tmp_path / "two.zip"
    path.write_bytes(package(CODE.format(number=2)))
    return str(path)


@pytest.fixture
def update(bed: Bed, function: Function, run_module: Update, pointed: None) -> Update:
    """Run the module on the function, without what earlier calls counted."""

    def run(**options: Any) -> dict[str, Any]:
        bed.forget_calls()
        return run_module(lambda_safe_update, **({"name": function.name} | options))

    return run


def answer(function: Function) -> Any:
    return json.loads(function.invoke()["Payload"])


def outcomes(result: dict[str, Any]) -> list[str]:
    return [phase["outcome"] for phase in result["phases"]]


def test_code_then_environment_then_nothing(bed: Bed, function: Function, update: Update, two: str) -> None:
    bed.pace(1)
    wish = {"zip_file": two, "environment_variables": {"NUMBER": "two"}}
    result = update(**wish)
    assert outcomes(result) == ["done", "applied", "applied"]
    assert answer(function) == [2, "two"]
    calls = bed.calls()["lambda"]
    assert (calls["UpdateFunctionCode"], calls["UpdateFunctionConfiguration"]) == (1, 1)
    assert calls["GetFunction"] == result["api_calls"]["GetFunction"] <= 7
    again = update(**wish)
    assert (again["changed"], again["msg"]) == (False, f"{function.name}: nothing to do.")
    assert bed.calls()["lambda"] == {"GetFunction": 1}


def test_check_mode_writes_nothing_and_predicts_what_happens(
    bed: Bed, function: Function, update: Update, two: str
) -> None:
    wish = {"zip_file": two, "environment_variables": {"NUMBER": "two"}, "diff": True}
    predicted = update(check_mode=True, **wish)
    assert bed.calls()["lambda"] == {"GetFunction": 1}
    assert answer(function) == [1, "one"]
    done = update(**wish)
    for key in ("changed", "environment", "diff"):
        assert predicted[key] == done[key]
    assert predicted["function"]["code_sha256"] == done["function"]["code_sha256"]
    assert predicted.keys() == done.keys()


def test_two_conflicts_are_outlived_and_told(bed: Bed, function: Function, update: Update, two: str) -> None:
    bed.fault({"operation": "UpdateFunctionCode", "times": 2, "error": IN_PROGRESS})
    result = update(zip_file=two, environment_variables={"NUMBER": "two"})
    assert result["conflicts"] == 2
    assert result["msg"].endswith("after 2 conflicts.")
    assert answer(function) == [2, "two"]


def test_a_task_waits_for_an_update_that_somebody_else_began(
    bed: Bed, function: Function, update: Update, two: str
) -> None:
    bed.pace(1)
    function.set_environment(NUMBER="theirs")
    result = update(zip_file=two)
    assert result["conflicts"] == 0
    assert outcomes(result) == ["done", "applied", "unchanged"]
    assert answer(function) == [2, "theirs"]


def test_a_write_of_somebody_else_between_two_phases(bed: Bed, function: Function, update: Update, two: str) -> None:
    theirs = {
        "code": "PreconditionFailedException",
        "status": 412,
        "message": "The RevisionId provided does not match.",
    }
    bed.fault({"operation": "UpdateFunctionConfiguration", "error": theirs})
    result = update(zip_file=two, environment_variables={"NUMBER": "two"})
    assert [phase["conflicts"] for phase in result["phases"]] == [0, 0, 1]
    assert answer(function) == [2, "two"]


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_lost_answer_is_looked_up(bed: Bed, function: Function, update: Update, two: str, drop: str) -> None:
    bed.fault({"operation": "UpdateFunctionCode", "drop": drop})
    result = update(zip_file=two)
    assert outcomes(result) == ["done", "applied", "unchanged"]
    assert answer(function)[0] == 2
    assert bed.calls()["lambda"]["UpdateFunctionCode"] == {"before": 2, "after": 1}[drop]


def test_throttles_are_waited_out(bed: Bed, function: Function, update: Update, two: str) -> None:
    throttle = {"code": "TooManyRequestsException", "status": 429, "message": "Rate exceeded"}
    bed.fault(
        {"operation": "GetFunction", "error": throttle},
        {"operation": "UpdateFunctionCode", "error": {**throttle, "headers": {"Retry-After": "1"}}},
    )
    assert update(zip_file=two)["changed"] is True
    assert answer(function)[0] == 2


def test_idle_functions_are_updated(bed: Bed, function: Function, update: Update, two: str) -> None:
    bed.fault({"operation": "GetFunction", "times": 1, "state": {"State": "Inactive", "StateReasonCode": "Idle"}})
    assert outcomes(update(zip_file=two)) == ["done", "applied", "unchanged"]


def test_a_failed_update_tells_what_is_in_force(bed: Bed, function: Function, update: Update, two: str) -> None:
    failure = {"reason_code": "KMSKeyNotFound", "reason": "There is no such key."}
    bed.fault({"operation": "UpdateFunctionConfiguration", "fail_update": failure})
    result = update(zip_file=two, environment_variables={"NUMBER": "two"})
    assert result["failed"] is True
    assert "Failed (KMSKeyNotFound: There is no such key); what was in force before still is" in result["msg"]
    assert outcomes(result) == ["done", "applied", "failed"]
    bed.clear_faults()
    assert update(zip_file=two, environment_variables={"NUMBER": "two"})["changed"] is True
    assert answer(function) == [2, "two"]


@pytest.mark.parametrize(
    ("variables", "then"),
    [
        ({"environment_variables": {"AB": "1", "CD": True}}, {"environment_variables": {}}),
        ({"environment_mode": "merge", "environment_variables": {"AB": 3, "NUMBER": None}}, {}),
    ],
)
def test_an_environment_is_set_found_and_cleared(
    update: Update, variables: dict[str, Any], then: dict[str, Any]
) -> None:
    assert update(**variables)["changed"] is True
    assert update(**variables)["changed"] is False
    assert update(**then)["changed"] is bool(then)
    assert update(**then)["changed"] is False


def test_an_unchanged_object_in_s3_is_not_applied_again(bed: Bed, function: Function, update: Update, two: str) -> None:
    content = Path(two).read_bytes()
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="releases", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="releases", Key="known.zip", Body=content, ChecksumAlgorithm="SHA256")
    s3.put_object(Bucket="releases", Key="unknown.zip", Body=content)
    assert outcomes(update(s3_bucket="releases", s3_key="known.zip")) == ["done", "applied", "unchanged"]
    assert answer(function)[0] == 2
    for wish in (
        {"s3_key": "known.zip"},
        {"s3_key": "unknown.zip", "code_sha256": hashlib.sha256(content).hexdigest()},
        {"s3_key": "unknown.zip", "code_sha256": base64.b64encode(hashlib.sha256(content).digest()).decode()},
    ):
        assert update(s3_bucket="releases", **wish)["changed"] is False
        assert bed.calls()["lambda"] == {"GetFunction": 1}
    unknown = update(s3_bucket="releases", s3_key="unknown.zip")
    assert outcomes(unknown) == ["done", "applied", "unchanged"]
    assert "Nobody knows the SHA-256" in str(unknown["warnings"])
    missing = update(s3_bucket="releases", s3_key="missing.zip")
    assert "s3://releases/missing.zip can't be read" in missing["msg"]


def test_an_unknown_function_is_named(update: Update) -> None:
    result = update(name="nobody", timeout=5)
    assert "GetFunction on nobody in eu-west-1: there is no such function" in result["msg"]
    assert "amazon.aws.lambda" in result["msg"]


def test_expired_credentials_are_named(bed: Bed, update: Update) -> None:
    expired = {"code": "ExpiredTokenException", "status": 403, "message": "The security token has expired"}
    bed.fault({"operation": "GetFunction", "error": expired})
    assert "does not accept the credentials (ExpiredTokenException" in update(timeout=5)["msg"]
