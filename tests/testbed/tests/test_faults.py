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


@pytest.mark.parametrize("seconds", [0, 0.3])
def test_a_failing_version_is_failed_and_no_alias_is_led_to_it(bed: Bed, make: Make, seconds: float) -> None:
    function = make(ONE)
    bed.pace(0, version_seconds=seconds)
    bed.fault({"operation": "PublishVersion", "fail_update": {"reason_code": "InternalError", "reason": "Told."}})
    assert function.publish()["Version"] == "1"
    failed = function.settle("1")
    assert (failed["State"], failed["StateReasonCode"], failed["StateReason"]) == ("Failed", "InternalError", "Told.")
    with pytest.raises(ClientError, match="currently in the following state: Failed") as refused:
        function.alias("live", "1")
    assert refused.value.response["Error"]["Code"] == "ResourceConflictException"
    assert function.settle()["LastUpdateStatus"] == "Successful"
    assert function.publish()["Version"] == "1"
    function.client.delete_function(FunctionName=function.name, Qualifier="1")
    assert function.publish()["Version"] == "2"
    assert function.settle("2")["State"] == "Active"


def test_a_failure_of_a_version_that_is_not_made_is_forgotten(bed: Bed, make: Make) -> None:
    function = make(ONE)
    function.publish()
    bed.fault({"operation": "PublishVersion", "fail_update": {"reason_code": "InternalError"}})
    assert function.publish()["Version"] == "1"
    function.configure(Description="new")
    function.settle()
    assert function.publish()["Version"] == "2"
    assert function.settle("2")["State"] == "Active"


@pytest.mark.parametrize("operation", ["UpdateFunctionConfiguration", "UpdateFunctionCode", "PublishVersion"])
def test_a_foreign_write_comes_between_reading_and_writing(bed: Bed, make: Make, operation: str) -> None:
    function = make("import os\ndef handler(event, context): return os.environ['WHO']\n")
    read = function.read()["RevisionId"]
    bed.pace(60)
    bed.forget_calls()
    assert bed.fault({"operation": operation, "foreign": {"Environment": {"Variables": {"WHO": "they"}}}}).ok
    writes = {
        "UpdateFunctionConfiguration": lambda: function.configure(Description="mine", RevisionId=read),
        "UpdateFunctionCode": lambda: function.set_code(TWO, RevisionId=read),
        "PublishVersion": lambda: function.publish(RevisionId=read),
    }
    with pytest.raises(ClientError) as refused:
        writes[operation]()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert refused.value.response["Error"]["Code"] == "PreconditionFailedException"
    assert bed.calls() == {"lambda": {operation: 1}}
    found = function.read()
    assert (found["LastUpdateStatus"], found["Description"]) == ("Successful", "")
    assert function.invoke()["Payload"] == '"they"'
    bed.pace(0)
    function.configure(Description="mine", RevisionId=found["RevisionId"])
    assert function.settle()["Environment"]["Variables"] == {"WHO": "they"}


def test_nobody_else_can_write_while_an_update_is_in_progress(bed: Bed, make: Make) -> None:
    function = make(ONE)
    bed.pace(0.5)
    function.configure(Description="mine")
    bed.fault({"operation": "UpdateFunctionCode", "foreign": {"Description": "theirs"}})
    with pytest.raises(ClientError, match="An update is in progress"):
        function.set_code(TWO)
    assert function.settle()["Description"] == "mine"
    begun = time.monotonic()
    function.configure(Description="mine too")
    function.settle()
    assert time.monotonic() - begun >= 0.5


def test_somebody_else_moves_the_alias_first(bed: Bed, make: Make) -> None:
    function = make(ONE)
    function.publish()
    function.configure(Description="new")
    function.settle()
    function.publish()
    read = function.alias("live", "1")["RevisionId"]
    move = {"FunctionName": function.name, "Name": "live", "FunctionVersion": "2", "RevisionId": read}
    bed.fault({"operation": "UpdateAlias", "foreign": {"Alias": {"Description": "theirs"}}})
    with pytest.raises(ClientError) as refused:
        function.client.update_alias(**move)
    assert refused.value.response["Error"]["Code"] == "PreconditionFailedException"
    found = function.client.get_alias(FunctionName=function.name, Name="live")
    assert (found["FunctionVersion"], found["Description"]) == ("1", "theirs")
    bed.fault({"operation": "PublishVersion", "foreign": {"Alias": {"Name": "live", "FunctionVersion": "2"}}})
    function.publish()
    assert function.read("live")["Version"] == "2"


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"Nope": 1}, '"Nope"'),
        ({"Timeout": "long"}, "Timeout"),
        ({"Alias": {"Version": "1"}}, '"Version"'),
        ({"Alias": "live"}, "Alias must be an object"),
    ],
)
def test_a_foreign_write_of_what_is_no_member_is_refused(bed: Bed, members: dict[str, object], said: str) -> None:
    answer = bed.fault({"operation": "PublishVersion", "foreign": members})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("foreign: ")
    assert said in answer.json()["error"]
    assert requests.get(f"{bed.endpoint}/_testbed/faults", timeout=10).json() == []


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
