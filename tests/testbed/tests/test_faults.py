# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each kind of fault as a client meets it, and the counted calls."""

from __future__ import annotations

import time

import boto3
import pytest
import requests
from bed import Bed, Make, package
from botocore.exceptions import ClientError, ConnectionClosedError

ONE = "def handler(event, context): return 1\n"
TWO = "def handler(event, context): return 2\n"
CONFLICT = {"code": "ResourceConflictException", "status": 409, "message": "Told to refuse."}


def test_an_error_refuses_without_effect_as_often_as_told(bed: Bed, make: Make) -> None:
    function = make(ONE)
    state = function.read()
    assert bed.fault({"operation": "UpdateFunctionCode", "times": 2, "error": CONFLICT}).ok
    for _ in range(2):
        with pytest.raises(ClientError, match="Told to refuse") as refused:
            function.set_code(TWO)
        assert refused.value.response["Error"]["Code"] == "ResourceConflictException"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert function.read() == state
    function.set_code(TWO)
    assert function.settle()["CodeSha256"] != state["CodeSha256"]


def test_an_error_carries_its_headers(bed: Bed, make: Make) -> None:
    function = make(ONE)
    limit = {"code": "TooManyRequestsException", "status": 429, "message": "Rate exceeded"}
    bed.fault({"operation": "GetFunction", "error": {**limit, "headers": {"Retry-After": "7"}}})
    with pytest.raises(ClientError) as refused:
        function.read()
    assert refused.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "7"


def test_a_delay_is_a_slow_answer(bed: Bed, make: Make) -> None:
    function = make(ONE)
    bed.fault({"operation": "GetFunction", "delay": 0.5})
    begun = time.monotonic()
    assert function.read()["State"] == "Active"
    assert time.monotonic() - begun >= 0.5


@pytest.mark.parametrize(("drop", "effect"), [("before", False), ("after", True), (True, True)])
def test_a_dropped_answer_is_no_answer(bed: Bed, make: Make, drop: object, effect: bool) -> None:
    function = make(ONE)
    bed.fault({"operation": "UpdateFunctionConfiguration", "drop": drop})
    with pytest.raises(ConnectionClosedError):
        function.configure(Description="written")
    assert (function.settle()["Description"] == "written") is effect


def test_a_state_is_shown_in_both_reads_and_updates_are_still_accepted(bed: Bed, make: Make) -> None:
    function = make(ONE)
    idle = {"State": "Inactive", "StateReasonCode": "Idle", "StateReason": "The function was idle."}
    bed.fault({"state": idle, "times": None})
    configuration = function.client.get_function_configuration(FunctionName=function.name)
    for answer in (function.read(), configuration):
        assert idle.items() <= answer.items()
        assert answer["LastUpdateStatus"] == "Successful"
    function.set_code(TWO)
    requests.delete(f"{bed.endpoint}/_testbed/faults", timeout=10)
    assert function.settle()["State"] == "Active"


def test_a_failing_update_keeps_the_old_function(bed: Bed, make: Make) -> None:
    function = make(ONE)
    old = function.read()
    failure = {"reason_code": "InvalidZipFileException", "reason": "The zip is broken."}
    bed.fault({"operation": "UpdateFunctionCode", "fail_update": failure})
    assert function.set_code(TWO)["LastUpdateStatus"] == "InProgress"
    settled = function.settle()
    assert (settled["State"], settled["LastUpdateStatus"]) == ("Active", "Failed")
    assert settled["LastUpdateStatusReasonCode"] == "InvalidZipFileException"
    assert settled["LastUpdateStatusReason"] == "The zip is broken."
    assert settled["CodeSha256"] == old["CodeSha256"]
    assert function.invoke()["Payload"] == "1"
    function.set_code(TWO)
    assert function.settle()["LastUpdateStatus"] == "Successful"
    assert function.invoke()["Payload"] == "2"


def test_a_failing_creation_leaves_a_failed_function_that_takes_no_update(bed: Bed, make: Make) -> None:
    bed.fault({"operation": "CreateFunction", "fail_update": {"reason_code": "InvalidSubnet", "reason": "No subnet."}})
    function = make(ONE)
    state = function.read()
    assert (state["State"], state["StateReasonCode"]) == ("Failed", "InvalidSubnet")
    with pytest.raises(ClientError, match="currently in the following state: Failed"):
        function.set_code(TWO)
    assert function.read() == state


def test_a_refused_write_does_not_use_up_the_failure_of_another(bed: Bed, make: Make) -> None:
    function = make(ONE)
    bed.pace(1)
    bed.fault({"operation": "UpdateFunctionCode", "fail_update": {"reason_code": "InvalidRuntime"}})
    function.set_code(TWO)
    with pytest.raises(ClientError):
        function.set_environment(A="1")
    assert function.settle()["LastUpdateStatusReasonCode"] == "InvalidRuntime"


def test_faults_meet_only_the_named_function(bed: Bed, make: Make) -> None:
    one, two = make(ONE), make(TWO)
    bed.fault({"operation": "UpdateFunctionCode", "function": two.name, "error": CONFLICT})
    one.set_code(TWO)
    arn = two.read()["FunctionArn"]
    with pytest.raises(ClientError, match="Told to refuse"):
        two.client.update_function_code(FunctionName=arn, ZipFile=package(ONE))
    one.settle()


def test_a_bad_fault_adds_none_of_its_list(bed: Bed) -> None:
    answer = bed.fault({"operation": "GetFunction", "delay": 1}, {"operation": "GetFunction"})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("A fault is exactly one of")
    assert requests.get(f"{bed.endpoint}/_testbed/faults", timeout=10).json() == []


def test_calls_of_clients_are_counted_and_no_others(bed: Bed, make: Make) -> None:
    function = make(ONE)
    function.invoke()
    bed.reset()
    function.set_code(TWO)
    bed.fault({"operation": "GetFunctionConfiguration", "error": CONFLICT})
    with pytest.raises(ClientError):
        function.client.get_function_configuration(FunctionName=function.name)
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "eu-west-1"}
    boto3.client("s3", endpoint_url=bed.endpoint, **keys).list_buckets()
    assert bed.calls() == {"lambda": {"GetFunctionConfiguration": 1, "UpdateFunctionCode": 1}, "s3": {"ListBuckets": 1}}
    requests.delete(f"{bed.endpoint}/_testbed/requests", timeout=10)
    assert bed.calls() == {}
    function.settle()
