# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members of a configuration that LocalStack would drop, and what GetFunction shows beside the configuration."""

from __future__ import annotations

from typing import Any

import pytest
from bed import Bed, Make
from botocore.exceptions import ClientError

ONE = "def handler(event, context): return 1\n"
ARN = "arn:aws:{}:eu-west-1:000000000000:{}"
ACCESS_POINT = ARN.format("elasticfilesystem", "access-point/fsap-0123456789abcdef0")
PROVIDER = ARN.format("lambda", "capacity-provider:pool")
KEY = ARN.format("kms", "key/k")
DETACHED = {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": "", "Ipv6AllowedForDualStack": False}
ATTACHED = {
    "SubnetIds": ["subnet-1", "subnet-2"],
    "SecurityGroupIds": ["sg-1"],
    "VpcId": "vpc-testbed",
    "Ipv6AllowedForDualStack": True,
}
ABSENT = None


@pytest.mark.parametrize(
    ("member", "value", "empty", "shown", "cleared"),
    [
        ("KMSKeyArn", KEY, "", KEY, ABSENT),
        (
            "FileSystemConfigs",
            [{"Arn": ACCESS_POINT, "LocalMountPath": "/mnt/a", "S3FilesConfig": {"DirectS3Read": "AUTO"}}],
            [],
            [{"Arn": ACCESS_POINT, "LocalMountPath": "/mnt/a", "S3FilesConfig": {"DirectS3Read": "AUTO"}}],
            ABSENT,
        ),
        (
            "VpcConfig",
            {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"], "Ipv6AllowedForDualStack": True},
            {"SubnetIds": [], "SecurityGroupIds": []},
            ATTACHED,
            DETACHED,
        ),
        ("DurableConfig", {"ExecutionTimeout": 60}, {}, {"ExecutionTimeout": 60}, ABSENT),
    ],
)
def test_a_member_is_kept_shown_and_cleared(
    make: Make, member: str, value: Any, empty: Any, shown: Any, cleared: Any
) -> None:
    function = make(ONE)
    assert function.configure(**{member: value})[member] == shown
    assert function.settle()[member] == shown
    function.configure(Description="another write")
    assert function.settle()[member] == shown
    function.publish()
    function.configure(**{member: empty})
    assert function.settle().get(member) == cleared
    assert function.read("1")[member] == shown
    assert [version.get(member) for version in function.versions()] == [cleared, shown]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        (
            "CapacityProviderConfig",
            {
                "LambdaManagedInstancesCapacityProviderConfig": {
                    "CapacityProviderArn": PROVIDER,
                    "PerExecutionEnvironmentMaxConcurrency": 8,
                    "ExecutionEnvironmentMemoryGiBPerVCpu": 2.5,
                }
            },
        ),
        ("RuntimeConfig", {"RuntimeArn": ARN.format("lambda", "runtime/own"), "RuntimeAlias": "live"}),
        ("AcceleratorConfig", {"AcceleratorMemorySize": 24}),
    ],
)
def test_a_member_that_no_client_sends_empty_is_kept_from_creation_on(make: Make, member: str, value: Any) -> None:
    function = make(ONE, **{member: value})
    assert function.read()[member] == value
    function.set_code("def handler(event, context): return 2\n")
    assert function.settle()[member] == value


def test_a_refused_write_keeps_nothing(make: Make) -> None:
    function = make(ONE)
    with pytest.raises(ClientError):
        function.configure(KMSKeyArn=KEY, RevisionId="00000000-0000-0000-0000-000000000000")
    assert "KMSKeyArn" not in function.read()


def test_a_failed_update_keeps_the_old_members(bed: Bed, make: Make) -> None:
    function = make(ONE, KMSKeyArn=KEY)
    bed.fault({"operation": "UpdateFunctionConfiguration", "fail_update": {"reason_code": "DisabledKMSKey"}})
    function.configure(KMSKeyArn="")
    settled = function.settle()
    assert (settled["LastUpdateStatus"], settled["KMSKeyArn"]) == ("Failed", KEY)


def test_the_key_of_a_package_is_shown_until_a_package_comes_without_one(make: Make) -> None:
    function = make(ONE)
    function.set_code(ONE, SourceKMSKeyArn=KEY)
    function.settle()
    code = function.client.get_function(FunctionName=function.name)["Code"]
    assert code["SourceKMSKeyArn"] == KEY
    function.set_code(ONE)
    function.settle()
    assert "SourceKMSKeyArn" not in function.client.get_function(FunctionName=function.name)["Code"]


@pytest.mark.parametrize("reserved", [0, 5])
def test_reserved_concurrency_is_shown_also_when_it_is_none_at_all(make: Make, reserved: int) -> None:
    function = make(ONE)
    name = {"FunctionName": function.name}
    function.client.put_function_concurrency(**name, ReservedConcurrentExecutions=reserved)
    assert function.client.get_function(**name)["Concurrency"] == {"ReservedConcurrentExecutions": reserved}
    function.client.delete_function_concurrency(**name)
    assert "Concurrency" not in function.client.get_function(**name)


def test_tags_are_shown_and_give_the_function_another_revision(make: Make) -> None:
    function = make(ONE, Tags={"a": "1"})
    before = function.read()
    function.client.tag_resource(Resource=before["FunctionArn"], Tags={"b": "2"})
    function.client.untag_resource(Resource=before["FunctionArn"], TagKeys=["a"])
    assert function.client.get_function(FunctionName=function.name)["Tags"] == {"b": "2"}
    assert function.read()["RevisionId"] != before["RevisionId"]
