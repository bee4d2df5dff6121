# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each setting from option to request and back, and what is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import botocore
import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.arn import Arn
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.errors import InvalidRequest
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.limits import violation
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.plan import make_plan
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.settings import SETTINGS, complete_settings
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.snapshot import FunctionSnapshot
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.wanted import Wanted
from ansible_collections.lambdaops.deploy.plugins.modules.lambda_safe_update import ARGUMENTS
from botocore.model import ServiceModel
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st
from lambda_service import ARN, Service, configuration
from setting_turns import Turn, image_turns, zip_turns

NOT_SETTINGS = {"FunctionName", "RevisionId", "Environment"}
HOME = Arn.parse(ARN)
EFS = "arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-0123456789abcdef0"
LAYER = "arn:aws:lambda:eu-west-1:123456789012:layer:tools:3"
ZIP_TURNS, IMAGE_TURNS = zip_turns("orders"), image_turns()
BY_MEMBER = {row.member: row for row in SETTINGS}
SHAPE = get_session().get_service_model("lambda").operation_model("UpdateFunctionConfiguration").input_shape


def read(**members: Any) -> FunctionSnapshot:
    return FunctionSnapshot.of(configuration(**members))


def test_every_member_of_the_operation_is_a_setting() -> None:
    missing = SHAPE.members.keys() - BY_MEMBER.keys() - NOT_SETTINGS
    assert not missing, f"botocore {botocore.__version__} can also set {sorted(missing)}: give each a row in SETTINGS"


def test_every_setting_is_an_option_and_has_its_turns() -> None:
    turned = {option for turns in (ZIP_TURNS, IMAGE_TURNS) for option in turns} | {"layers"}  # those have to exist
    for row in SETTINGS:
        assert row.option in ARGUMENTS
        assert row.option in turned or row.member == "VpcConfig"


def sample(spec: dict[str, Any]) -> Any:
    """A value for an option with everything in it."""
    match spec["type"], spec.get("options"):
        case "dict", options:
            return {name: sample(inner) for name, inner in options.items()}
        case "list", None:
            return ["x"]
        case "list", options:
            return [{name: sample(inner) for name, inner in options.items()}]
        case _:
            return spec.get("choices", ["x"])[0]


def names(value: Any) -> Any:
    match value:
        case dict():
            return {name: names(inner) for name, inner in value.items()}
        case list():
            return names(value[0])
        case _:
            return None


def members(shape: Any) -> Any:
    match shape.type_name:
        case "structure":
            return {name: members(inner) for name, inner in shape.members.items()}
        case "list":
            return members(shape.member)
        case _:
            return None


@pytest.mark.parametrize(
    "option", [row.option for row in SETTINGS if "options" in ARGUMENTS[row.option] and row.option != "layers"]
)
def test_every_member_of_a_structure_is_a_suboption(option: str) -> None:
    (row,) = [row for row in SETTINGS if row.option == option]
    assert names(row.request(sample(ARGUMENTS[option]))) == members(SHAPE.members[row.member])


def enums(shape: Any) -> set[frozenset[str]]:
    match shape.type_name:
        case "structure":
            return {enum for inner in shape.members.values() for enum in enums(inner)}
        case "list":
            return enums(shape.member)
        case _:
            return {frozenset(shape.enum)} if getattr(shape, "enum", None) else set()


def choices(spec: dict[str, Any]) -> set[frozenset[str]]:
    found = {frozenset(spec["choices"])} if "choices" in spec else set()
    return found.union(*(choices(inner) for inner in spec.get("options", {}).values()))


@pytest.mark.parametrize("row", [row for row in SETTINGS if row.option != "runtime"], ids=lambda row: str(row.option))
def test_choices_are_those_of_the_model(row: Any) -> None:
    if row.member != "VpcConfig":
        assert choices(ARGUMENTS[row.option]) == enums(SHAPE.members[row.member])


def take(service: Service, turn: Turn, now: FunctionSnapshot, shown: dict[str, Any]) -> FunctionSnapshot:
    """Plan the turn, send it through botocore's checks of request and answer, and read the answer."""
    (step,) = make_plan(now, Wanted("orders", settings=turn.wish)).steps
    request = {"FunctionName": "orders", **step.request}
    assert violation(SHAPE, request) is None
    service.stub.add_response(
        "update_function_configuration", configuration(**shown), {"FunctionName": "orders", **turn.sent}
    )
    return FunctionSnapshot.of(service.client.update_function_configuration(**request))


@pytest.mark.parametrize(
    ("package_type", "turns"),
    [("Zip", turns) for turns in ZIP_TURNS.values()] + [("Image", turns) for turns in IMAGE_TURNS.values()],
    ids=[*ZIP_TURNS, *IMAGE_TURNS],
)
def test_each_setting_is_set_changed_cleared_and_found(service: Service, package_type: str, turns: list[Turn]) -> None:
    now = read(PackageType=package_type)
    assert len(turns) > 1
    for turn in turns:
        shown = {"PackageType": package_type, **turn.present}
        now = take(service, turn, now, shown)
        assert make_plan(now, Wanted("orders", settings=turn.wish)).steps == ()


@pytest.mark.parametrize(
    ("before", "wish", "said"),
    [
        ({}, {"vpc_subnet_ids": ["subnet-a"]}, "have vpc_subnet_ids and no vpc_security_group_ids, and Lambda takes"),
        ({}, {"vpc_security_group_ids": ["sg-1"]}, "have vpc_security_group_ids and no vpc_subnet_ids, and Lambda"),
        (
            {"VpcConfig": {"SubnetIds": ["subnet-a"], "SecurityGroupIds": ["sg-1"]}},
            {"vpc_security_group_ids": []},
            "have vpc_subnet_ids and no vpc_security_group_ids",
        ),
        ({}, {"vpc_ipv6_allowed_for_dual_stack": True}, "vpc_ipv6_allowed_for_dual_stack is true, and the function"),
        ({}, {"kms_key_arn": "alias/mine"}, "kms_key_arn is not an ARN. Give the key's ARN"),
        ({}, {"logging_config": {"system_log_level": "WARN"}}, "has system_log_level, and the log_format is Text"),
        (
            {"LoggingConfig": {"LogFormat": "JSON"}},
            {"logging_config": {"log_format": "Text", "application_log_level": "WARN"}},
            "has application_log_level, and the log_format is Text",
        ),
        (
            {},
            {
                "file_system_configs": [
                    {"arn": EFS, "local_mount_path": "/mnt/a", "s3_files_config": {"direct_s3_read": "AUTO"}}
                ]
            },
            "s3_files_config is given for an access point that is not one of S3 Files",
        ),
        (
            {"AcceleratorConfig": {"AcceleratorMemorySize": 16}},
            {"accelerator_config": {"accelerator_memory_size": None}},
            "accelerator_config is empty, and Lambda has no way to remove it",
        ),
        ({"DurableConfig": {"ExecutionTimeout": 9}}, {"durable_config": {}}, "durable_config is empty"),
        ({}, {"image_config": {"command": ["x"]}}, "so image_config does not apply to it"),
        (
            {"PackageType": "Image"},
            {"runtime": "python3.13", "handler": "a.b", "layers": []},
            "so runtime, handler, layers does not apply to it",
        ),
        ({}, {"timeout": 3, "handler": ""}, "handler is empty, and a function can't be without it"),
        ({}, {"layers": [{"layer_name": "tools", "version": n} for n in (1, 2)]}, "layers names one layer twice"),
    ],
)
def test_what_lambda_would_refuse_is_refused_first(before: dict[str, Any], wish: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        make_plan(read(**before), Wanted("orders", settings=wish))
    assert said in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("before", "wish"),
    [
        ({}, {"vpc_subnet_ids": []}),
        ({}, {"vpc_subnet_ids": [""], "vpc_security_group_ids": []}),
        ({"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": ""}}, {"vpc_security_group_ids": []}),
        ({}, {"vpc_ipv6_allowed_for_dual_stack": False}),
        ({}, {"dead_letter_arn": "", "kms_key_arn": "", "file_system_configs": [], "layers": []}),
        ({}, {"logging_config": {}}),
        ({}, {"logging_config": {"log_format": "Text", "log_group": "/aws/lambda/orders"}}),
        ({}, {"durable_config": {}, "runtime_config": {"runtime_arn": None, "runtime_alias": None}}),
        (
            {"DurableConfig": {"ExecutionTimeout": 9, "AMemberOfTomorrow": 1}},
            {"durable_config": {"execution_timeout": 9, "kms_key_arn": "", "retention_period_in_days": None}},
        ),
        ({"SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"}}, {"snap_start": "None"}),
        (
            {"LoggingConfig": {"LogFormat": "JSON"}},
            {"logging_config": {"log_format": None, "application_log_level": "INFO"}},
        ),
        ({"PackageType": "Image"}, {"image_config": {"entry_point": [], "command": None}}),
        (
            {"VpcConfig": {"SubnetIds": ["subnet-b", "subnet-a"], "SecurityGroupIds": ["sg-1"], "VpcId": "vpc-1"}},
            {"vpc_subnet_ids": ["subnet-a", "subnet-b", "subnet-a"]},
        ),
    ],
)
def test_another_way_to_say_what_is_in_force_is_no_change(before: dict[str, Any], wish: dict[str, Any]) -> None:
    assert make_plan(read(**before), Wanted("orders", settings=wish)).steps == ()


def test_options_that_are_left_out_never_detach_from_a_vpc() -> None:
    vpc = {"SubnetIds": ["subnet-a"], "SecurityGroupIds": ["sg-1"], "VpcId": "vpc-1", "Ipv6AllowedForDualStack": True}
    (step,) = make_plan(read(VpcConfig=vpc), Wanted("orders", settings={"timeout": 9})).steps
    assert step.request == {"Timeout": 9}


@pytest.mark.parametrize(
    ("request_members", "said"),
    [
        ({"RuntimeConfig": {"RuntimeAlias": "stable"}}, "RuntimeConfig lacks RuntimeArn"),
        (
            {"CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": {}}},
            "CapacityProviderConfig.LambdaManagedInstancesCapacityProviderConfig lacks CapacityProviderArn",
        ),
        ({"FileSystemConfigs": [{"Arn": EFS, "LocalMountPath": "/tmp"}]}, "LocalMountPath does not have the form"),
        ({"VpcConfig": {"SubnetIds": ["nowhere"]}}, "VpcConfig.SubnetIds does not have the form"),
        ({"DurableConfig": {"RetentionPeriodInDays": 91}}, "RetentionPeriodInDays is 91, and Lambda takes 1 to 90"),
    ],
)
def test_limits_of_structures_are_named(request_members: dict[str, Any], said: str) -> None:
    assert said in (violation(SHAPE, {"FunctionName": "orders", **request_members}) or "")


def test_a_member_that_an_older_botocore_lacks_is_named_with_the_botocore_to_have() -> None:
    described = get_session().get_component("data_loader").load_service_model("lambda", "service-2")
    older: dict[str, Any] = {**described, "shapes": dict(described["shapes"])}
    for structure, lacking in (
        ("UpdateFunctionConfigurationRequest", "DurableConfig"),
        ("LoggingConfig", "LogGroup"),
    ):
        shape = described["shapes"][structure]
        kept = {name: member for name, member in shape["members"].items() if name != lacking}
        older["shapes"][structure] = {**shape, "members": kept}
    input_shape = ServiceModel(older, "lambda").operation_model("UpdateFunctionConfiguration").input_shape
    for members_sent, named in (
        ({"DurableConfig": {"ExecutionTimeout": 9}}, "DurableConfig"),
        ({"LoggingConfig": {"LogGroup": "mine"}}, "LoggingConfig.LogGroup"),
    ):
        said = violation(input_shape, {"FunctionName": "orders", **members_sent})
        assert said is not None
        assert said.startswith(f"{named} needs botocore 1.44.5 or later, and this one is {botocore.__version__}")


def optional(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=strategies)


TEXT = st.text("abc-/", min_size=1, max_size=4)
LEVEL = st.sampled_from(["DEBUG", "INFO", "WARN"])
VPC = st.one_of(
    st.just({"SubnetIds": [], "SecurityGroupIds": []}),
    st.fixed_dictionaries(
        {
            "SubnetIds": st.lists(TEXT, min_size=1, max_size=3, unique=True),
            "SecurityGroupIds": st.lists(TEXT, min_size=1, max_size=3, unique=True),
            "Ipv6AllowedForDualStack": st.booleans(),
        }
    ),
)
MOUNT = st.one_of(
    st.fixed_dictionaries({"Arn": st.just(EFS), "LocalMountPath": TEXT}),
    st.fixed_dictionaries(
        {"Arn": st.sampled_from(["a:s3files:1", "a:s3files:2"]), "LocalMountPath": TEXT},
        optional={"S3FilesConfig": optional(DirectS3Read=st.sampled_from(["AUTO", "ENABLED"]))},
    ),
)
SHOWN = st.fixed_dictionaries(
    {
        "DurableConfig": st.fixed_dictionaries(
            {"ExecutionTimeout": st.integers(1, 9)},
            optional={"RetentionPeriodInDays": st.integers(1, 9), "KMSKeyArn": TEXT},
        ),
        "CapacityProviderConfig": st.fixed_dictionaries(
            {
                "LambdaManagedInstancesCapacityProviderConfig": st.fixed_dictionaries(
                    {"CapacityProviderArn": TEXT}, optional={"PerExecutionEnvironmentMaxConcurrency": st.integers(1, 9)}
                )
            }
        ),
        "RuntimeConfig": st.fixed_dictionaries({"RuntimeArn": TEXT, "RuntimeAlias": TEXT}),
        "AcceleratorConfig": st.fixed_dictionaries({"AcceleratorMemorySize": st.integers(1, 9)}),
    },
    optional={
        "Description": TEXT,
        "VpcConfig": VPC,
        "DeadLetterConfig": optional(TargetArn=TEXT),
        "KMSKeyArn": TEXT.map("arn:{}".format),
        "TracingConfig": optional(Mode=st.sampled_from(["Active", "PassThrough"])),
        "Layers": st.lists(TEXT, unique=True, max_size=4).map(
            lambda layers: [{"Arn": f"arn:{layer}:1", "CodeSize": 1} for layer in layers]
        ),
        "FileSystemConfigs": st.lists(MOUNT, max_size=1),
        "ImageConfigResponse": optional(
            ImageConfig=optional(
                EntryPoint=st.lists(TEXT, max_size=2), Command=st.lists(TEXT, max_size=2), WorkingDirectory=TEXT
            )
        ),
        "SnapStart": optional(ApplyOn=st.sampled_from(["PublishedVersions", "None"]), OptimizationStatus=TEXT),
        "LoggingConfig": optional(
            LogFormat=st.sampled_from(["Text", "JSON"]),
            ApplicationLogLevel=LEVEL,
            SystemLogLevel=LEVEL,
            LogGroup=TEXT,
        ),
    },
)


@given(before=SHOWN, now=SHOWN)
def test_what_was_in_force_once_can_be_wished_as_it_was_read(before: dict[str, Any], now: dict[str, Any]) -> None:
    """A rollback does that: whatever is in force by then, completing changes nothing of the old values."""
    old, new = read(**before).settings, read(**now).settings
    assert complete_settings(old, new, HOME) == old


@given(now=SHOWN)
def test_a_wish_in_force_is_complete(now: dict[str, Any]) -> None:
    settings = read(**now).settings
    wish = {
        "logging_config": dict.fromkeys(["log_format", "log_group"]),
        "image_config": {"command": None, "entry_point": ["x"]},
        "vpc_subnet_ids": [],
        "durable_config": {"execution_timeout": None, "retention_period_in_days": 5, "kms_key_arn": None},
    }
    once = {**settings, **complete_settings(wish, settings, HOME)}
    assert {**once, **complete_settings(wish, once, HOME)} == once
