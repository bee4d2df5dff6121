# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what a user wrote to the form in which a setting is compared: names become ARNs, gaps are filled.

Each function takes what is wanted, what is in force, and where the function lives, and leaves a value that was in
force once as it is. In dictionaries a null is a suboption that was left out, which keeps what is in force; nothing but
nulls clears. What Lambda would refuse only after the code had been updated is refused here, with InvalidRequest.
It knows nothing of requests: that is `settings.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .arn import Arn
from .errors import InvalidRequest

_MOST_LAYERS = 5

NO_IMAGE_CONFIG: Mapping[str, Any] = {"entry_point": [], "command": [], "working_directory": ""}
LOG_LEVELS = ("application_log_level", "system_log_level")
DEFAULT_LOG_LEVEL = "INFO"
DEFAULT_DIRECT_READ = "AUTO"


def default_log_group(function: str) -> str:
    """Source: AWS Lambda API reference, LoggingConfig."""
    return f"/aws/lambda/{function}"


def is_s3_files(access_point: str) -> bool:
    """Whether an access point is one of S3 Files; the others are those of EFS."""
    return ":s3files:" in access_point


def complete_role(role: str, _current: str, arn: Arn) -> str:
    """A bare name, or a path and a name, is a role in the function's account."""
    return role if not role or role.startswith("arn:") else f"arn:{arn.partition}:iam::{arn.account}:role/{role}"


def complete_kms_key(key: str, _current: str, _arn: Arn) -> str:
    """Lambda takes and returns an ARN; an id or an alias could never equal what is in force."""
    if key and not key.startswith("arn:"):
        raise InvalidRequest(
            "kms_key_arn is not an ARN.",
            hint="Give the key's ARN instead of its id or alias; aws kms describe-key shows it.",
        )
    return key


def complete_unordered(names: list[str], _current: list[str], _arn: Arn) -> list[str]:
    """Lambda keeps no order of subnets and security groups. An empty name, which an empty text becomes, is none."""
    return sorted({name for name in names if name})


def complete_layers(layers: list[Mapping[str, Any] | str], _current: list[str], arn: Arn) -> list[str]:
    """The ARNs of the layers' versions, in their order."""
    arns = [_complete_layer(layer, arn) for layer in layers]
    if len(arns) > _MOST_LAYERS:
        raise InvalidRequest(
            f"layers has {len(arns)} entries, and Lambda takes {_MOST_LAYERS}.", hint="Put some of them into one layer."
        )
    if len({version.rpartition(":")[0] for version in arns}) < len(arns):
        raise InvalidRequest("layers names one layer twice.", hint="Keep one version of each layer.")
    return arns


def _complete_layer(layer: Mapping[str, Any] | str, arn: Arn) -> str:
    if isinstance(layer, str):
        return layer
    if version_arn := layer.get("layer_version_arn"):
        return str(version_arn)
    name, version = layer.get("layer_name"), layer.get("version")
    if not name or version is None:
        raise InvalidRequest(
            "An entry of layers names neither a layer_version_arn nor a layer_name with its version.",
            hint="Give layer_version_arn, or both layer_name and version.",
        )
    prefix = "" if name.startswith("arn:") else f"arn:{arn.partition}:lambda:{arn.region}:{arn.account}:layer:"
    return f"{prefix}{name}:{version}"


def complete_file_systems(
    wanted: list[Mapping[str, Any]], current: list[Mapping[str, Any]], _arn: Arn
) -> list[dict[str, Any]]:
    """The connections, each with how S3 Files is read where it is S3 Files."""
    in_force = {connection["arn"]: connection for connection in current}
    return [_complete_file_system(connection, in_force.get(connection["arn"], {})) for connection in wanted]


def _complete_file_system(wanted: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    connection = _filled(wanted, current)
    files = connection.pop("s3_files_config", {})
    if is_s3_files(connection["arn"]):
        return {**connection, "s3_files_config": {"direct_s3_read": DEFAULT_DIRECT_READ, **files}}
    if files:
        raise InvalidRequest(
            "file_system_configs: s3_files_config is given for an access point that is not one of S3 Files.",
            hint="Leave s3_files_config out, or give the ARN of an access point of Amazon S3 Files.",
        )
    return connection


def complete_image_config(wanted: Mapping[str, Any], current: Mapping[str, Any], _arn: Arn) -> dict[str, Any]:
    """What overrides the image's own settings; empty values override nothing."""
    return {**NO_IMAGE_CONFIG, **_filled(wanted, current)}


def complete_logging(wanted: Mapping[str, Any], current: Mapping[str, Any], arn: Arn) -> dict[str, Any]:
    """Levels exist with JSON only: they begin at INFO when it is chosen, and are gone with it."""
    form = _filled(wanted, current)
    log_group = form.get("log_group") or default_log_group(arn.function)
    if form.get("log_format", "Text") == "JSON":
        levels = {level: form.get(level, DEFAULT_LOG_LEVEL) for level in LOG_LEVELS}
        return {"log_format": "JSON", **levels, "log_group": log_group}
    if misfits := [level for level in LOG_LEVELS if wanted.get(level) is not None]:
        raise InvalidRequest(
            f"logging_config has {' and '.join(misfits)}, and the log_format is Text.",
            hint="Lambda filters by level in JSON only: set log_format to JSON as well, or leave the levels out.",
        )
    return {"log_format": "Text", "log_group": log_group}


def complete_lasting(
    option: str,
) -> Callable[[Mapping[str, Any], Mapping[str, Any], Arn], dict[str, Any]]:
    """For an option that can be changed, and that no update removes once it is there."""

    def complete(wanted: Mapping[str, Any], current: Mapping[str, Any], _arn: Arn) -> dict[str, Any]:
        form = _filled(wanted, current)
        if current and not form:
            raise InvalidRequest(
                f"{option} is empty, and Lambda has no way to remove it from a function that has it.",
                hint="Leave the option out to keep what is in force.",
            )
        return form

    return complete


def complete_vpc(wanted: Mapping[str, Any], current: Mapping[str, Any]) -> Mapping[str, Any]:
    """All wanted settings, with what one option of the VPC asks of its others. Both are completed, by option."""
    names = ("vpc_subnet_ids", "vpc_security_group_ids", "vpc_ipv6_allowed_for_dual_stack")
    if wanted.keys().isdisjoint(names):
        return wanted
    subnets, groups, ipv6 = (wanted.get(name, current[name]) for name in names)
    if not subnets and "vpc_security_group_ids" not in wanted:
        groups = []
    if bool(subnets) != bool(groups):
        given, missing = names[:2] if subnets else names[1::-1]
        raise InvalidRequest(
            f"The function would have {given} and no {missing}, and Lambda takes both or none.",
            hint="Give both, or vpc_subnet_ids: [] to take the function out of its VPC.",
        )
    if not subnets and wanted.get(names[2]):
        raise InvalidRequest(
            f"{names[2]} is true, and the function would be in no VPC.",
            hint="Give vpc_subnet_ids and vpc_security_group_ids as well.",
        )
    return {**wanted, **dict(zip(names, (subnets, groups, bool(subnets) and ipv6), strict=True))}


def _filled(wanted: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """wanted with its nulls replaced by what is in force; {} where there are nothing but nulls."""
    if all(value is None for value in wanted.values()):
        return {}
    return {
        name: _filled(value, current.get(name) or {}) if isinstance(value, Mapping) else _else(value, current.get(name))
        for name, value in wanted.items()
        if value is not None or name in current
    }


def _else(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value
