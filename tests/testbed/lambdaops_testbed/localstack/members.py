# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members of a function's configuration that LocalStack drops: taken from a write, kept with each version, shown.

They are stored and have no effect on how a function runs. Source of the shapes: botocore 1.44, lambda/2015-03-31.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from localstack.aws import spec
from localstack.aws.api import RequestContext
from localstack.services.lambda_ import api_utils, provider
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, VersionFunctionConfiguration
from localstack.services.lambda_.invocation.lambda_service import LambdaService
from localstack.services.lambda_.provider import LambdaProvider

MODEL = "lambda/2015-03-31/service-2"
KNOWN = ("KMSKeyArn", "FileSystemConfigs", "VpcConfig")  # to LocalStack's own botocore
NEW = {
    "CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": "LambdaManagedInstances"},
    "DurableConfig": {"KMSKeyArn": "String", "RetentionPeriodInDays": "Integer", "ExecutionTimeout": "Integer"},
    "RuntimeConfig": {"RuntimeArn": "String", "RuntimeAlias": "String"},
    "AcceleratorConfig": {"AcceleratorMemorySize": "Integer"},
}
NESTED = {
    "LambdaManagedInstances": {
        "CapacityProviderArn": "String",
        "PerExecutionEnvironmentMaxConcurrency": "Integer",
        "ExecutionEnvironmentMemoryGiBPerVCpu": "Double",
    },
    "S3FilesConfig": {"DirectS3Read": "String"},
}
PARENTS = ("CreateFunctionRequest", "UpdateFunctionConfigurationRequest", "FunctionConfiguration")
KEY_OF_PACKAGE = "SourceKMSKeyArn"  # a member of Code, not of the configuration
VPC = "vpc-testbed"

_written: ContextVar[Mapping[str, Any]] = ContextVar("written")


@dataclass(frozen=True)
class Configuration(VersionFunctionConfiguration):
    """LocalStack copies a configuration at each write, and what is kept with it."""

    kept: Mapping[str, Any] = field(default_factory=dict)


def install() -> None:
    spec.loader.patches[MODEL] = [*spec.loader.patches.get(MODEL, []), *_additions()]
    provider.VersionFunctionConfiguration = Configuration
    LambdaProvider.create_function = _taking(LambdaProvider.create_function, _created)
    LambdaProvider.update_function_configuration = _taking(LambdaProvider.update_function_configuration, _configured)
    LambdaProvider.update_function_code = _taking(LambdaProvider.update_function_code, _package_key)
    LambdaProvider.get_function = _answering(LambdaProvider.get_function)
    LambdaService.create_function_version = _keeping(LambdaService.create_function_version)
    api_utils.map_config_out = _showing(api_utils.map_config_out)


def _additions() -> Iterator[dict[str, Any]]:
    """JSON patches of LocalStack's model of the service."""
    for name, members in (NEW | NESTED).items():
        yield _added(f"/shapes/{name}", {"type": "structure", "members": _shapes(members)})
    yield _added("/shapes/Double", {"type": "double"})
    for parent in PARENTS:
        for name, shape in _shapes({name: name for name in NEW}).items():
            yield _added(f"/shapes/{parent}/members/{name}", shape)
    yield _added("/shapes/FileSystemConfig/members/S3FilesConfig", {"shape": "S3FilesConfig"})


def _added(path: str, value: object) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def _shapes(members: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"shape": shape} for name, shape in members.items()}


def _configured(request: Mapping[str, Any]) -> dict[str, Any]:
    members = {name: request[name] for name in (*KNOWN, *NEW) if name in request}
    if "VpcConfig" in members:
        members["VpcConfig"] = _attached(members["VpcConfig"])
    return members


def _attached(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """As VpcConfigResponse, which also tells that a function was detached. Lambda finds the VPC by the subnets."""
    subnets = wanted.get("SubnetIds") or []
    return {
        "SubnetIds": subnets,
        "SecurityGroupIds": wanted.get("SecurityGroupIds") or [],
        "VpcId": VPC if subnets else "",
        "Ipv6AllowedForDualStack": wanted.get("Ipv6AllowedForDualStack", False),
    }


def _package_key(code: Mapping[str, Any]) -> dict[str, Any]:
    return {KEY_OF_PACKAGE: code.get(KEY_OF_PACKAGE)}


def _created(request: Mapping[str, Any]) -> dict[str, Any]:
    return {**_configured(request), **_package_key(request.get("Code", {}))}


@contextmanager
def _writing(members: Mapping[str, Any]) -> Iterator[None]:
    token = _written.set(members)
    try:
        yield
    finally:
        _written.reset(token)


def _taking(original: Callable[..., Any], taken: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Any:
    @functools.wraps(original)
    def write(self: LambdaProvider, context: RequestContext, request: Any) -> Any:
        with _writing(taken(request)):
            return original(self, context, request)

    return write


def _keeping(original: Callable[..., Any]) -> Any:
    @functools.wraps(original)
    def start(self: LambdaService, function_version: FunctionVersion) -> Any:
        # In place: a copy would have another RevisionId than the version that LocalStack has stored just before.
        config = function_version.config
        kept = {**config.kept, **_written.get({})}
        object.__setattr__(config, "kept", {name: value for name, value in kept.items() if value})
        return original(self, function_version)

    return start


def _showing(original: Callable[..., Any]) -> Any:
    @functools.wraps(original)
    def show(version: FunctionVersion, *args: Any, **kwargs: Any) -> Any:
        return {**original(version, *args, **kwargs), **version.config.kept}

    return show


def _answering(original: Callable[..., Any]) -> Any:
    """What GetFunction shows beside the configuration."""

    @functools.wraps(original)
    def get(self: LambdaProvider, context: RequestContext, function_name: str, *args: Any, **kwargs: Any) -> Any:
        answer = original(self, context, function_name, *args, **kwargs)
        if key := answer["Configuration"].get(KEY_OF_PACKAGE):
            answer["Code"][KEY_OF_PACKAGE] = key
        reserved = self.get_function_concurrency(context, function_name)
        if reserved.get("ReservedConcurrentExecutions") == 0:  # LocalStack shows it only from 1 on
            answer["Concurrency"] = reserved
        return answer

    return get
