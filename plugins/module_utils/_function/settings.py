# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of a function: one row for each, from option to request and back.

A value has one form throughout, that of the option; a row says where GetFunction shows it, what an unset one looks
like, and how UpdateFunctionConfiguration wants it. The environment is not here: it is secret and merges
(`environment.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import InvalidRequest


@dataclass(frozen=True)
class Arn:
    """Where a function lives: what bare names of roles and layers are completed with."""

    partition: str
    region: str
    account: str

    @classmethod
    def parse(cls, arn: str) -> Arn:
        """Read `arn:partition:lambda:region:account:…`."""
        parts = arn.split(":")
        return cls(partition=parts[1], region=parts[3], account=parts[4])


@dataclass(frozen=True)
class Setting:
    """One option of the configuration.

    read: GetFunction's Configuration → the option's form. complete: what the user wrote → the option's form.
    request: the option's form → the member of UpdateFunctionConfiguration. zip_only: not for image functions.
    """

    option: str
    member: str
    read: Callable[[Mapping[str, Any]], Any]
    complete: Callable[[Any, Arn], Any] = lambda value, _arn: value
    request: Callable[[Any], Any] = lambda value: value
    zip_only: bool = False
    clearable: bool = False


_MOST_LAYERS = 5


def _member(name: str, default: Any) -> Callable[[Mapping[str, Any]], Any]:
    return lambda configuration: configuration.get(name, default)


def _inner(outer: str, inner: str, default: Any) -> Callable[[Mapping[str, Any]], Any]:
    return lambda configuration: (configuration.get(outer) or {}).get(inner, default)


def _complete_role(role: str, arn: Arn) -> str:
    return role if not role or role.startswith("arn:") else f"arn:{arn.partition}:iam::{arn.account}:role/{role}"


def _complete_layers(layers: list[Mapping[str, Any]], arn: Arn) -> list[str]:
    """Raises InvalidRequest for what Lambda would refuse only after the code had been updated."""
    arns = [_complete_layer(layer, arn) for layer in layers]
    if len(arns) > _MOST_LAYERS:
        raise InvalidRequest(
            f"layers has {len(arns)} entries, and Lambda takes {_MOST_LAYERS}.", hint="Put some of them into one layer."
        )
    if len({version.rpartition(":")[0] for version in arns}) < len(arns):
        raise InvalidRequest("layers names one layer twice.", hint="Keep one version of each layer.")
    return arns


def _complete_layer(layer: Mapping[str, Any], arn: Arn) -> str:
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


SETTINGS: tuple[Setting, ...] = (
    Setting("description", "Description", _member("Description", ""), clearable=True),
    Setting("role", "Role", _member("Role", ""), complete=_complete_role),
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
        "tracing_mode",
        "TracingConfig",
        _inner("TracingConfig", "Mode", "PassThrough"),
        request=lambda mode: {"Mode": mode},
    ),
    Setting(
        "layers",
        "Layers",
        lambda configuration: [layer["Arn"] for layer in configuration.get("Layers") or []],
        complete=_complete_layers,
        zip_only=True,
        clearable=True,
    ),
)
