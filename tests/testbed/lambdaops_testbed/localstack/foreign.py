# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody else's write, between a client's read and its write.

It is a real UpdateFunctionConfiguration, settled at once, or with the member `Alias` a real UpdateAlias.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from botocore.session import Session
from botocore.validate import ParamValidator
from localstack.aws.api import RequestContext
from localstack.aws.connect import connect_to

from .faults import BadFault
from .pace import LATEST, PACE, Version

ALIAS = "Alias"
POLL = 0.005


def check(members: Mapping[str, Any]) -> None:
    """Raises BadFault for what is no member of UpdateFunctionConfiguration or UpdateAlias, or has a wrong type."""
    members, alias = _parted(members)
    _check("UpdateFunctionConfiguration", {"FunctionName": "any", **members})
    if alias is not None:
        if not isinstance(alias, dict):
            raise BadFault("foreign: Alias must be an object with members of UpdateAlias.")
        _check("UpdateAlias", {"FunctionName": "any", "Name": "any", **alias})


def write(context: RequestContext, function: str, members: Mapping[str, Any]) -> None:
    """No effect while an update is in progress, since nobody can write then, and on what does not exist."""
    members, alias = _parted(members)
    client = connect_to(aws_access_key_id=context.account_id, region_name=context.region).lambda_
    if members:
        _update(client, (context.account_id, context.region, function, LATEST), members)
    name = (context.service_request or {}).get("Name")
    if alias is not None and (name or "Name" in alias):
        with suppress(client.exceptions.ResourceNotFoundException):
            client.update_alias(**{"FunctionName": function, "Name": name, **alias})


def _parted(members: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """Members of the function's configuration, and those of the alias, by default the one that the call names."""
    return {name: value for name, value in members.items() if name != ALIAS}, members.get(ALIAS)


def _check(operation: str, given: object) -> None:
    shape = Session().get_service_model("lambda").operation_model(operation).input_shape
    errors = ParamValidator().validate(given, shape)
    if errors.has_errors():
        raise BadFault(f"foreign: {errors.generate_report().splitlines()[0]}")


def _update(client: Any, identity: Version, members: Mapping[str, Any]) -> None:
    function = identity[2]
    PACE.hurry(identity)
    try:
        client.update_function_configuration(FunctionName=function, **members)
    except (client.exceptions.ResourceConflictException, client.exceptions.ResourceNotFoundException):
        PACE.seconds_of(identity)
        return
    while client.get_function_configuration(FunctionName=function)["LastUpdateStatus"] == "InProgress":
        time.sleep(POLL)
