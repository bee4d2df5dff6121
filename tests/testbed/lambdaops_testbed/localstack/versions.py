# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lambda's rules of versions and aliases that LocalStack does not keep. Updates of $LATEST are aws_rules.py's.

Source: AWS Lambda API reference, PublishVersion, DeleteFunction, UpdateAlias; developer guide, "Lambda function
versions" and "Lambda function states". That an alias can't be moved to a version that is Pending, and that "unchanged"
means the same content and not only no write, is our reading.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.lambda_ import (
    AliasConfiguration,
    ListVersionsByFunctionResponse,
    ResourceConflictException,
    ResourceNotFoundException,
    State,
)
from localstack.services.lambda_ import api_utils
from localstack.services.lambda_.invocation.lambda_models import (
    Function,
    FunctionVersion,
    VersionAlias,
    VersionFunctionConfiguration,
)
from localstack.services.lambda_.invocation.lambda_service import LambdaService
from localstack.services.lambda_.invocation.models import lambda_stores
from localstack.services.lambda_.provider import LambdaProvider
from localstack.utils.collections import PaginatedList

from .pace import LATEST, PACE

PASSING = ("internal_revision", "revision_id", "last_modified", "state", "last_update")
PAGE = 50

Provided = Callable[..., Any]


def install() -> None:
    LambdaProvider._create_version_model = _by_content(LambdaProvider._create_version_model)
    LambdaProvider.create_alias = _aliasing(LambdaProvider.create_alias)
    LambdaProvider.update_alias = _aliasing(_weighing(LambdaProvider.update_alias))
    LambdaProvider.delete_function = _unreferenced(LambdaProvider.delete_function)
    LambdaProvider.invoke = _existing(LambdaProvider.invoke)
    LambdaProvider.list_versions_by_function = _list_versions
    LambdaProvider.get_function_configuration = _get_configuration
    LambdaService.publish_version = _in_time(LambdaService.publish_version)


def found(context: RequestContext, named: str) -> Function | None:
    """The function that a name, a partial or a full ARN means."""
    account, region = api_utils.get_account_and_region(named, context)
    function: Function | None = lambda_stores[account][region].functions.get(
        api_utils.get_function_name(named, context)
    )
    return function


def _by_content(original: Provided) -> Provided:
    """LocalStack publishes after any write, also one that changed nothing; it compares internal_revision."""

    @functools.wraps(original)
    def create(self: LambdaProvider, function_name: str, region: str, account_id: str, **kwargs: Any) -> Any:
        function = lambda_stores[account_id][region].functions.get(function_name)
        if function is not None:
            config = function.latest().config
            # In place: a copy would have another RevisionId.
            object.__setattr__(config, "internal_revision", _content(config))
        return original(self, function_name=function_name, region=region, account_id=account_id, **kwargs)

    return create


def _content(config: VersionFunctionConfiguration) -> str:
    """Of all that a version keeps; what is empty is as good as what was never set."""
    names = [each.name for each in dataclasses.fields(config) if each.name not in PASSING]
    content = {name: getattr(config, name) or None for name in names}
    content["code"] = config.code and config.code.code_sha256
    content["layers"] = [layer.layer_version_arn for layer in config.layers]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=repr).encode()).hexdigest()


def _in_time(original: Provided) -> Provided:
    """Leave a new version Pending when it is told to take its time; LocalStack answers when it is Active."""

    @functools.wraps(original)
    def publish(self: LambdaService, function_version: FunctionVersion) -> None:
        if PACE.version_seconds:
            self.create_function_version(function_version)
        else:
            original(self, function_version)

    return publish


def _aliasing(original: Provided) -> Provided:
    """An alias leads to versions that exist and can be invoked."""

    @functools.wraps(original)
    def write(self: LambdaProvider, context: RequestContext, function_name: str, **given: Any) -> AliasConfiguration:
        function = found(context, function_name)
        if function is None:
            return original(self, context, function_name, **given)
        with function.lock:
            alias = function.aliases.get(given["name"])
            _refuse_unready(function, given.get("function_version"))
            for version in _weights(alias, given.get("routing_config")):
                _refuse_unready(function, version)
            return original(self, context, function_name, **given)

    return write


def _weights(alias: VersionAlias | None, wanted: Any) -> dict[str, float]:
    """The wanted weights, or those in force when none are given."""
    if wanted is not None:
        return wanted.get("AdditionalVersionWeights") or {}
    if alias is not None and alias.routing_configuration is not None:
        weights: dict[str, float] = alias.routing_configuration.version_weights
        return weights
    return {}


def _refuse_unready(function: Function, version: str | None) -> None:
    if version in (None, LATEST):
        return
    _refuse_missing(function, version)
    state = function.versions[version].config.state.state
    if state in (State.Pending, State.Failed):
        reason = f"The function is currently in the following state: {state}"
        raise ResourceConflictException(f"The operation cannot be performed at this time. {reason}", Type="User")


def _refuse_missing(function: Function, version: str) -> None:
    if version not in function.versions:
        arn = f"{function.latest().id.unqualified_arn()}:{version}"
        raise ResourceNotFoundException(f"Function not found: {arn}", Type="User")


def _weighing(original: Provided) -> Provided:
    """LocalStack fails when UpdateAlias has weights (it forgets which version they are beside)."""

    @functools.wraps(original)
    def update(
        self: LambdaProvider,
        context: RequestContext,
        function_name: str,
        name: str,
        function_version: str | None = None,
        routing_config: Any = None,
        **given: Any,
    ) -> AliasConfiguration:
        function = found(context, function_name)
        old = None if function is None else function.aliases.get(name)
        model = None
        if function is not None and old is not None and (weights := _weights(old, routing_config)):
            target = function.versions[function_version or old.function_version]
            model = self._create_routing_config_model(weights, target)
        answer = original(self, context, function_name, name, function_version, **given)
        if function is None or routing_config is None:
            return answer
        function.aliases[name] = dataclasses.replace(function.aliases[name], routing_configuration=model)
        return api_utils.map_alias_out(function.aliases[name], function)

    return update


def _unreferenced(original: Provided) -> Provided:
    @functools.wraps(original)
    def delete(
        self: LambdaProvider, context: RequestContext, function_name: str, qualifier: str | None = None, **kwargs: Any
    ) -> None:
        function = found(context, function_name)
        version = api_utils.get_name_and_qualifier(function_name, qualifier, context)[1]
        if function is None or version is None:
            return original(self, context, function_name, qualifier, **kwargs)
        with function.lock:
            aliases = sorted(
                alias.name
                for alias in function.aliases.values()
                if version == alias.function_version or version in _weights(alias, None)
            )
            if aliases:
                raise ResourceConflictException(
                    f"Unable to delete version because the following aliases reference it: [{', '.join(aliases)}]",
                    Type="User",
                )
            return original(self, context, function_name, qualifier, **kwargs)

    return delete


def _existing(original: Provided) -> Provided:
    """Of a version that does not exist LocalStack says 500."""

    @functools.wraps(original)
    def invoke(
        self: LambdaProvider,
        context: RequestContext,
        function_name: str,
        *args: Any,
        qualifier: Any = None,
        **kwargs: Any,
    ) -> Any:
        function = found(context, function_name)
        version = api_utils.get_name_and_qualifier(function_name, qualifier, context)[1]
        if function is not None and version is not None and api_utils.qualifier_is_version(version):
            _refuse_missing(function, version)
        return original(self, context, function_name, *args, qualifier=qualifier, **kwargs)

    return invoke


def _list_versions(
    self: LambdaProvider,
    context: RequestContext,
    function_name: str,
    marker: str | None = None,
    max_items: int | None = None,
    **kwargs: Any,
) -> ListVersionsByFunctionResponse:
    """LocalStack's NextMarker is a whole configuration, which no client can send back."""
    account, region = api_utils.get_account_and_region(function_name, context)
    name = api_utils.get_function_name(function_name, context)
    function = self._get_function(function_name=name, region=region, account_id=account)
    versions = PaginatedList(
        api_utils.map_to_list_response(api_utils.map_config_out(version=version, return_qualified_arn=True))
        for version in list(function.versions.values())
    )
    page, token = versions.get_page(lambda version: version["Version"], marker, min(max_items or PAGE, PAGE))
    return ListVersionsByFunctionResponse(Versions=page, NextMarker=token)


def _get_configuration(
    self: LambdaProvider, context: RequestContext, function_name: str, qualifier: str | None = None, **kwargs: Any
) -> Any:
    """LocalStack finds no alias here, as it does in GetFunction."""
    return self.get_function(context, function_name, qualifier)["Configuration"]
