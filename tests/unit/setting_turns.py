# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each setting's turns, one after the other on one function: what is wished, what is sent, what Lambda shows then.

Unit tests hold them against botocore's service model, integration tests against LocalStack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_EFS = "arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-0123456789abcdef0"
_S3_FILES = "arn:aws:s3files:eu-west-1:123456789012:file-system/fs-0123456789abcdef0/access-point/fsap-" + "1" * 17
_RUNTIME = "arn:aws:lambda:eu-west-1:123456789012:runtime/mine"
_PROVIDER = "arn:aws:lambda:eu-west-1:123456789012:capacity-provider:mine"
_KEY = "arn:aws:kms:eu-west-1:123456789012:key/0123"


@dataclass(frozen=True)
class Turn:
    """wish: options as a task has them. sent: members of the request. shown: members of the reading that follows.

    A member that is None in shown is not there.
    """

    wish: dict[str, Any]
    sent: dict[str, Any]
    shown: dict[str, Any]

    @property
    def present(self) -> dict[str, Any]:
        return {name: member for name, member in self.shown.items() if member is not None}


def _plain(option: str, member: str, *values: Any) -> list[Turn]:
    return [Turn({option: value}, {member: value}, {member: value}) for value in values]


def _wrapped(option: str, member: str, inner: str, *values: Any) -> list[Turn]:
    return [Turn({option: value}, {member: {inner: value}}, {member: {inner: value}}) for value in values]


def _cleared(option: str, value: Any, sent: dict[str, Any], member: str) -> Turn:
    return Turn({option: value}, sent, {member: None})


def zip_turns(function: str) -> dict[str, list[Turn]]:
    """By option, for a zip function of this name."""
    return {
        "description": _plain("description", "Description", "Takes orders", "Takes more", ""),
        "role": _plain("role", "Role", *(f"arn:aws:iam::123456789012:role/{name}" for name in ("one", "two"))),
        "runtime": _plain("runtime", "Runtime", "python3.13", "python3.12"),
        "handler": _plain("handler", "Handler", "app.other", "app.handler"),
        "timeout": _plain("timeout", "Timeout", 30, 3),
        "memory_size": _plain("memory_size", "MemorySize", 512, 128),
        "ephemeral_storage": _wrapped("ephemeral_storage", "EphemeralStorage", "Size", 1024, 512),
        "tracing_mode": _wrapped("tracing_mode", "TracingConfig", "Mode", "Active", "PassThrough"),
        "snap_start": [
            Turn({"snap_start": on}, {"SnapStart": {"ApplyOn": on}}, {"SnapStart": {"ApplyOn": on, **status}})
            for on, status in (("PublishedVersions", {"OptimizationStatus": "Off"}), ("None", {}))
        ],
        "dead_letter_arn": [
            *_wrapped("dead_letter_arn", "DeadLetterConfig", "TargetArn", "arn:aws:sqs:a::one", "arn:aws:sns:a::two"),
            _cleared("dead_letter_arn", "", {"DeadLetterConfig": {"TargetArn": ""}}, "DeadLetterConfig"),
        ],
        "kms_key_arn": [
            *_plain("kms_key_arn", "KMSKeyArn", _KEY, f"{_KEY}4"),
            _cleared("kms_key_arn", "", {"KMSKeyArn": ""}, "KMSKeyArn"),
        ],
        "vpc_subnet_ids": _vpc_turns(),
        "file_system_configs": _file_system_turns(),
        "logging_config": _logging_turns(f"/aws/lambda/{function}"),
        "runtime_config": [
            _structure("runtime_config", "RuntimeConfig", wish, {"RuntimeArn": _RUNTIME, "RuntimeAlias": alias})
            for wish, alias in (
                ({"runtime_arn": _RUNTIME, "runtime_alias": "stable"}, "stable"),
                ({"runtime_arn": None, "runtime_alias": "next"}, "next"),
            )
        ],
        "durable_config": [
            _structure("durable_config", "DurableConfig", wish, shown)
            for wish, shown in (
                (
                    {"execution_timeout": 600, "retention_period_in_days": 7, "kms_key_arn": _KEY},
                    {"ExecutionTimeout": 600, "RetentionPeriodInDays": 7, "KMSKeyArn": _KEY},
                ),
                (
                    {"execution_timeout": None, "retention_period_in_days": 9, "kms_key_arn": None},
                    {"ExecutionTimeout": 600, "RetentionPeriodInDays": 9, "KMSKeyArn": _KEY},
                ),
                (
                    {"execution_timeout": None, "retention_period_in_days": None, "kms_key_arn": ""},
                    {"ExecutionTimeout": 600, "RetentionPeriodInDays": 9, "KMSKeyArn": ""},
                ),
            )
        ],
        "capacity_provider_config": [
            _structure(
                "capacity_provider_config",
                "CapacityProviderConfig",
                {"lambda_managed_instances_capacity_provider_config": wish},
                {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": _PROVIDER, **shown}},
            )
            for wish, shown in (
                (
                    {"capacity_provider_arn": _PROVIDER, "per_execution_environment_max_concurrency": 8},
                    {"PerExecutionEnvironmentMaxConcurrency": 8},
                ),
                (
                    {
                        "capacity_provider_arn": None,
                        "per_execution_environment_max_concurrency": None,
                        "execution_environment_memory_gib_per_vcpu": 4.0,
                    },
                    {"PerExecutionEnvironmentMaxConcurrency": 8, "ExecutionEnvironmentMemoryGiBPerVCpu": 4.0},
                ),
            )
        ],
        "accelerator_config": [
            _structure(
                "accelerator_config",
                "AcceleratorConfig",
                {"accelerator_memory_size": size},
                {"AcceleratorMemorySize": size},
            )
            for size in (16, 24)
        ],
    }


def image_turns() -> dict[str, list[Turn]]:
    """By option, for an image function."""
    whole = {"EntryPoint": ["/run"], "Command": ["app.handler"], "WorkingDirectory": "/srv"}
    other = {**whole, "Command": ["app.other", "-v"]}
    bare = {**other, "Command": [], "WorkingDirectory": ""}
    left_out = {"entry_point": None, "command": None, "working_directory": None}
    return {
        "image_config": [
            Turn({"image_config": wish}, {"ImageConfig": sent}, {"ImageConfigResponse": {"ImageConfig": shown}})
            for wish, sent, shown in (
                ({"entry_point": ["/run"], "command": ["app.handler"], "working_directory": "/srv"}, whole, whole),
                ({**left_out, "command": ["app.other", "-v"]}, other, other),
                ({**left_out, "command": [], "working_directory": ""}, bare, {"EntryPoint": ["/run"]}),
            )
        ]
        + [Turn({"image_config": left_out}, {"ImageConfig": {}}, {"ImageConfigResponse": None})]
    }


def _structure(option: str, member: str, wish: dict[str, Any], shown: dict[str, Any]) -> Turn:
    return Turn({option: wish}, {member: shown}, {member: shown})


def _vpc_turns() -> list[Turn]:
    def vpc(subnets: list[str], groups: list[str], ipv6: bool = False) -> dict[str, Any]:
        return {"SubnetIds": subnets, "SecurityGroupIds": groups, "Ipv6AllowedForDualStack": ipv6}

    return [
        Turn(wish, {"VpcConfig": sent}, {"VpcConfig": sent})
        for wish, sent in (
            ({"vpc_subnet_ids": ["subnet-b", "subnet-a"], "vpc_security_group_ids": ["sg-1"]}, vpc(_SUBNETS, ["sg-1"])),
            ({"vpc_security_group_ids": ["sg-2", "sg-1"]}, vpc(_SUBNETS, ["sg-1", "sg-2"])),
            ({"vpc_ipv6_allowed_for_dual_stack": True}, vpc(_SUBNETS, ["sg-1", "sg-2"], True)),
            ({"vpc_subnet_ids": ["subnet-c"]}, vpc(["subnet-c"], ["sg-1", "sg-2"], True)),
            ({"vpc_subnet_ids": []}, vpc([], [])),
            ({"vpc_subnet_ids": _SUBNETS, "vpc_security_group_ids": ["sg-1"]}, vpc(_SUBNETS, ["sg-1"])),
            ({"vpc_subnet_ids": [], "vpc_security_group_ids": []}, vpc([], [])),
        )
    ]


_SUBNETS = ["subnet-a", "subnet-b"]


def _file_system_turns() -> list[Turn]:
    def wish(arn: str, path: str, read: str | None = None) -> dict[str, Any]:
        files = {"s3_files_config": {"direct_s3_read": read}} if read else {"s3_files_config": None}
        return {"file_system_configs": [{"arn": arn, "local_mount_path": path, **files}]}

    def shown(arn: str, path: str, read: str | None = None) -> dict[str, Any]:
        files = {"S3FilesConfig": {"DirectS3Read": read}} if read else {}
        return {"FileSystemConfigs": [{"Arn": arn, "LocalMountPath": path, **files}]}

    return [
        *(
            Turn(wish(*asked), shown(*then), shown(*then))
            for asked, then in (
                ((_EFS, "/mnt/one"), (_EFS, "/mnt/one")),
                ((_EFS, "/mnt/two"), (_EFS, "/mnt/two")),
                ((_S3_FILES, "/mnt/two"), (_S3_FILES, "/mnt/two", "AUTO")),
                ((_S3_FILES, "/mnt/two", "ENABLED"), (_S3_FILES, "/mnt/two", "ENABLED")),
                ((_S3_FILES, "/mnt/three"), (_S3_FILES, "/mnt/three", "ENABLED")),
            )
        ),
        Turn({"file_system_configs": []}, {"FileSystemConfigs": []}, {"FileSystemConfigs": None}),
    ]


def _logging_turns(own_group: str) -> list[Turn]:
    def logging(log_format: str, *levels: str, group: str = own_group) -> dict[str, Any]:
        names = zip(("ApplicationLogLevel", "SystemLogLevel"), levels, strict=False)
        return {"LogFormat": log_format, **dict(names), "LogGroup": group}

    left_out = dict.fromkeys(("log_format", "application_log_level", "system_log_level", "log_group"))
    return [
        Turn({"logging_config": {**left_out, **wish}}, {"LoggingConfig": sent}, {"LoggingConfig": sent})
        for wish, sent in (
            ({"log_format": "JSON"}, logging("JSON", "INFO", "INFO")),
            ({"application_log_level": "DEBUG"}, logging("JSON", "DEBUG", "INFO")),
            ({"system_log_level": "WARN", "log_group": "mine"}, logging("JSON", "DEBUG", "WARN", group="mine")),
            ({"log_format": "Text"}, logging("Text", group="mine")),
            ({"log_group": ""}, logging("Text")),
            ({"log_format": "JSON", "log_group": "mine"}, logging("JSON", "INFO", "INFO", group="mine")),
            ({}, logging("Text")),
        )
    ]
