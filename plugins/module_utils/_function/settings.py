# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of a function: one row for each, from option to request and back.

A value has one form throughout, that of the option; a row says where GetFunction shows it, what an unset one looks
like, and how UpdateFunctionConfiguration wants it. How what a user wrote takes that form is `completing.py`. The
environment is not here: it is secret and merges (`environment.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from . import completing
from .arn import Arn


@dataclass(frozen=True)
class Setting:
    """One option of the configuration.

    read: GetFunction's Configuration → the option's form. complete: what the user wrote, and what is in force → the
    option's form; what was completed once stays as it is. request: the option's form → the member of
    UpdateFunctionConfiguration, or its part of it. zip_only, image_only: not for functions of the other package type.
    clearable: "" is a value. lasting: no update removes it once it is there.
    """

    option: str
    member: str
    read: Callable[[Mapping[str, Any]], Any]
    complete: Callable[[Any, Any, Arn], Any] = lambda wanted, _current, _arn: wanted
    request: Callable[[Any], Any] = lambda value: value
    zip_only: bool = False
    image_only: bool = False
    clearable: bool = False
    lasting: bool = False


# Suboptions and the members that they are; a member that is not here is Lambda's own remark, and no setting.
_MEMBERS: Mapping[str, str] = {
    "accelerator_memory_size": "AcceleratorMemorySize",
    "application_log_level": "ApplicationLogLevel",
    "arn": "Arn",
    "capacity_provider_arn": "CapacityProviderArn",
    "command": "Command",
    "direct_s3_read": "DirectS3Read",
    "entry_point": "EntryPoint",
    "execution_environment_memory_gib_per_vcpu": "ExecutionEnvironmentMemoryGiBPerVCpu",
    "execution_timeout": "ExecutionTimeout",
    "kms_key_arn": "KMSKeyArn",
    "lambda_managed_instances_capacity_provider_config": "LambdaManagedInstancesCapacityProviderConfig",
    "local_mount_path": "LocalMountPath",
    "log_format": "LogFormat",
    "log_group": "LogGroup",
    "per_execution_environment_max_concurrency": "PerExecutionEnvironmentMaxConcurrency",
    "retention_period_in_days": "RetentionPeriodInDays",
    "runtime_alias": "RuntimeAlias",
    "runtime_arn": "RuntimeArn",
    "s3_files_config": "S3FilesConfig",
    "system_log_level": "SystemLogLevel",
    "working_directory": "WorkingDirectory",
}
_SUBOPTIONS: Mapping[str, str] = {member: suboption for suboption, member in _MEMBERS.items()}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {names[name]: _renamed(inner, names) for name, inner in value.items() if name in names}
    return [_renamed(inner, names) for inner in value] if isinstance(value, list) else value


def _members(form: Any) -> Any:
    return _renamed(form, _MEMBERS)


def _member(name: str, default: Any) -> Callable[[Mapping[str, Any]], Any]:
    return lambda configuration: configuration.get(name, default)


def _inner(outer: str, inner: str, default: Any) -> Callable[[Mapping[str, Any]], Any]:
    return lambda configuration: (configuration.get(outer) or {}).get(inner, default)


def _unordered(outer: str, inner: str) -> Callable[[Mapping[str, Any]], list[str]]:
    return lambda configuration: sorted((configuration.get(outer) or {}).get(inner) or [])


def _structure(name: str, **defaults: Any) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """defaults: of the suboptions, where the structure is there without them."""
    return lambda configuration: (
        {**defaults, **_renamed(structure, _SUBOPTIONS)} if (structure := configuration.get(name)) else {}
    )


def _read_file_systems(configuration: Mapping[str, Any]) -> list[dict[str, Any]]:
    connections = _renamed(configuration.get("FileSystemConfigs") or [], _SUBOPTIONS)
    for connection in connections:
        files = connection.pop("s3_files_config", {})
        if completing.is_s3_files(connection["arn"]):
            connection["s3_files_config"] = {"direct_s3_read": completing.DEFAULT_DIRECT_READ, **files}
    return list(connections)


def _read_image_config(configuration: Mapping[str, Any]) -> dict[str, Any]:
    response = configuration.get("ImageConfigResponse") or {}
    return {**completing.NO_IMAGE_CONFIG, **_renamed(response.get("ImageConfig") or {}, _SUBOPTIONS)}


def _read_logging(configuration: Mapping[str, Any]) -> dict[str, Any]:
    found = _renamed(configuration.get("LoggingConfig") or {}, _SUBOPTIONS)
    levels = completing.LOG_LEVELS if found.get("log_format") == "JSON" else ()
    return {
        "log_format": found.get("log_format", "Text"),
        **{level: found.get(level, completing.DEFAULT_LOG_LEVEL) for level in levels},
        "log_group": found.get("log_group") or completing.default_log_group(configuration["FunctionName"]),
    }


def _lasting(option: str, member: str, **defaults: Any) -> Setting:
    return Setting(
        option,
        member,
        _structure(member, **defaults),
        complete=completing.complete_lasting(option),
        request=_members,
        lasting=True,
    )


SETTINGS: tuple[Setting, ...] = (
    Setting("description", "Description", _member("Description", ""), clearable=True),
    Setting("role", "Role", _member("Role", ""), complete=completing.complete_role),
    Setting("runtime", "Runtime", _member("Runtime", ""), zip_only=True),
    Setting("handler", "Handler", _member("Handler", ""), zip_only=True),
    Setting("timeout", "Timeout", _member("Timeout", 3)),
    Setting("memory_size", "MemorySize", _member("MemorySize", 128)),
    Setting(
        "ephemeral_storage",
        "EphemeralStorage",
        _inner("EphemeralStorage", "Size", 512),
        request=lambda megabytes: {"Size": megabytes},
    ),
    Setting(
        "vpc_subnet_ids",
        "VpcConfig",
        _unordered("VpcConfig", "SubnetIds"),
        complete=completing.complete_unordered,
        request=lambda subnets: {"SubnetIds": subnets},
    ),
    Setting(
        "vpc_security_group_ids",
        "VpcConfig",
        _unordered("VpcConfig", "SecurityGroupIds"),
        complete=completing.complete_unordered,
        request=lambda groups: {"SecurityGroupIds": groups},
    ),
    Setting(
        "vpc_ipv6_allowed_for_dual_stack",
        "VpcConfig",
        _inner("VpcConfig", "Ipv6AllowedForDualStack", False),
        request=lambda allowed: {"Ipv6AllowedForDualStack": allowed},
    ),
    Setting(
        "dead_letter_arn",
        "DeadLetterConfig",
        _inner("DeadLetterConfig", "TargetArn", ""),
        request=lambda arn: {"TargetArn": arn},
        clearable=True,
    ),
    Setting(
        "kms_key_arn",
        "KMSKeyArn",
        _member("KMSKeyArn", ""),
        complete=completing.complete_kms_key,
        clearable=True,
    ),
    Setting(
        "tracing_mode",
        "TracingConfig",
        _inner("TracingConfig", "Mode", "PassThrough"),
        request=lambda mode: {"Mode": mode},
    ),
    Setting(
        "layers",
        "Layers",
        lambda configuration: [layer["Arn"] for layer in configuration.get("Layers") or []],
        complete=completing.complete_layers,
        zip_only=True,
    ),
    Setting(
        "file_system_configs",
        "FileSystemConfigs",
        _read_file_systems,
        complete=completing.complete_file_systems,
        request=_members,
    ),
    Setting(
        "image_config",
        "ImageConfig",
        _read_image_config,
        complete=completing.complete_image_config,
        request=lambda form: {} if form == completing.NO_IMAGE_CONFIG else _members(form),
        image_only=True,
    ),
    Setting(
        "snap_start",
        "SnapStart",
        _inner("SnapStart", "ApplyOn", "None"),
        request=lambda versions: {"ApplyOn": versions},
    ),
    Setting(
        "logging_config",
        "LoggingConfig",
        _read_logging,
        complete=completing.complete_logging,
        request=_members,
    ),
    _lasting("runtime_config", "RuntimeConfig"),
    _lasting("durable_config", "DurableConfig", kms_key_arn=""),
    _lasting("capacity_provider_config", "CapacityProviderConfig"),
    _lasting("accelerator_config", "AcceleratorConfig"),
)


def complete_settings(wanted: Mapping[str, Any], current: Mapping[str, Any], arn: Arn) -> dict[str, Any]:
    """What the wanted options, as the user wrote them, come to beside what is in force: their forms, by option.

    Options that are not mentioned are not in it, unless one that is mentioned brings them along. Raises InvalidRequest.
    """
    completed = {
        row.option: row.complete(wanted[row.option], current[row.option], arn)
        for row in SETTINGS
        if row.option in wanted
    }
    return dict(completing.complete_vpc(completed, current))


def request_members(options: Iterable[str], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The members of UpdateFunctionConfiguration that change these options.

    settings: all settings as they are to be, by option: where options share a member, Lambda wants it whole.
    """
    changed = frozenset(options)
    touched = {row.member for row in SETTINGS if row.option in changed}
    members: dict[str, Any] = {}
    for row in SETTINGS:
        if row.member in touched:
            part = row.request(settings[row.option])
            members[row.member] = {**members[row.member], **part} if row.member in members else part
    return members
