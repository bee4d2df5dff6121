# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lambda's rules that LocalStack does not keep: a refused write has no effect, a failed update leaves the old function.

Source: AWS Lambda developer guide, "Lambda function states"; API reference, UpdateFunctionCode.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from localstack.aws.api import RequestContext
from localstack.aws.api.lambda_ import LastUpdateStatus, ResourceConflictException, State
from localstack.runtime.shutdown import SHUTDOWN_HANDLERS
from localstack.services.lambda_ import api_utils
from localstack.services.lambda_.invocation.lambda_models import (
    Function,
    FunctionVersion,
    UpdateStatus,
    VersionState,
)
from localstack.services.lambda_.invocation.lambda_service import LambdaService
from localstack.services.lambda_.invocation.models import lambda_stores
from localstack.services.lambda_.provider import LambdaProvider

from .gateway import met
from .pace import LATEST, PACE, UpdateFailure, Version
from .versions import found

UPDATES_AT_ONCE = 256

Provided = Callable[..., Any]


def install() -> None:
    LambdaProvider.create_function = _creation(LambdaProvider.create_function)
    LambdaProvider.update_function_code = _guarded(LambdaProvider.update_function_code)
    LambdaProvider.update_function_configuration = _guarded(LambdaProvider.update_function_configuration)
    LambdaProvider.publish_version = _guarded(LambdaProvider.publish_version, _next_version)
    LambdaService.update_version_state = _ending(LambdaService.update_version_state)
    LambdaService.stop_version = _stopping(LambdaService.stop_version)
    LambdaService.__init__ = _roomy(LambdaService.__init__)
    SHUTDOWN_HANDLERS.register(PACE.stop)


def _latest(function: Function) -> str:
    return LATEST


def _next_version(function: Function) -> str:
    return str(function.next_version)


def _guarded(original: Provided, written: Callable[[Function], str] = _latest) -> Provided:
    """Refuse before the provider writes: it overwrites $LATEST first and finds out afterwards."""

    @functools.wraps(original)
    def write(self: LambdaProvider, context: RequestContext, *args: Any, **kwargs: Any) -> Any:
        named = kwargs.get("function_name") or args[0]["FunctionName"]
        function = found(context, named)
        if function is None:
            return original(self, context, *args, **kwargs)
        with function.lock:
            identity = function.latest().id
            _refuse_in_motion(function, identity.unqualified_arn())
            version = written(function)
            with _Planned(context, (identity.account, identity.region, identity.function_name, version)) as planned:
                answer = original(self, context, *args, **kwargs)
                if version not in (LATEST, answer["Version"]):
                    planned.forget()
                return answer

    return write


def _creation(original: Provided) -> Provided:
    @functools.wraps(original)
    def create(self: LambdaProvider, context: RequestContext, request: Any) -> Any:
        name = api_utils.get_function_name(request["FunctionName"], context)
        with _Planned(context, (context.account_id, context.region, name, LATEST)):
            return original(self, context, request)

    return create


class _Planned:
    """The failure that a fault plans for this write; forgotten again when the write is refused."""

    def __init__(self, context: RequestContext, version: Version) -> None:
        fault = met(context)
        self.failure = fault.fail_update if fault else None
        self.version = version

    def __enter__(self) -> Self:
        if self.failure:
            PACE.fail_next(self.version, self.failure)
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error:
            self.forget()

    def forget(self) -> None:
        if self.failure:
            PACE.failure_of(self.version)


def _refuse_in_motion(function: Function, arn: str) -> None:
    config = function.latest().config
    state = config.state.state
    if state in (State.Pending, State.Failed):
        reason = f"The function is currently in the following state: {state}"
    elif config.last_update and config.last_update.status == LastUpdateStatus.InProgress:
        reason = f"An update is in progress for resource: {arn}"
    else:
        return
    raise ResourceConflictException(f"The operation cannot be performed at this time. {reason}", Type="User")


def _ending(original: Provided) -> Provided:
    """How a create or update ends. LocalStack calls the whole function Failed, and shows the new one."""

    @functools.wraps(original)
    def end(self: LambdaService, function_version: FunctionVersion, new_state: VersionState) -> None:
        identity = function_version.id
        failure = PACE.failure_of((identity.account, identity.region, identity.function_name, identity.qualifier))
        if failure is None and new_state.state == State.Failed:
            failure = UpdateFailure(str(new_state.code), str(new_state.reason))
        running = self.lambda_running_versions.get(function_version.qualified_arn)
        if failure is None:
            original(self, function_version, new_state)
        elif running is None:
            original(self, function_version, VersionState(State.Failed, failure.reason_code, failure.reason))
        else:
            _restore(self, function_version, running.function_version, failure)

    return end


def _restore(service: LambdaService, failed: FunctionVersion, old: FunctionVersion, failure: UpdateFailure) -> None:
    with service.lambda_version_manager_lock:
        starting = service.lambda_starting_versions.pop(failed.qualified_arn)
    service.task_executor.submit(starting.stop)
    function = lambda_stores[failed.id.account][failed.id.region].functions.get(failed.id.function_name)
    if function is None:
        return
    ended = UpdateStatus(LastUpdateStatus.Failed, failure.reason_code, failure.reason)
    config = dataclasses.replace(old.config, state=VersionState(State.Active), last_update=ended)
    function.versions[failed.id.qualifier] = dataclasses.replace(old, config=config)


def _stopping(original: Provided) -> Provided:
    """A function whose creation failed can be deleted; LocalStack finds nothing to stop and answers 500."""

    @functools.wraps(original)
    def stop(self: LambdaService, qualified_arn: str) -> None:
        if qualified_arn in self.lambda_running_versions or qualified_arn in self.lambda_starting_versions:
            original(self, qualified_arn)

    return stop


def _roomy(original: Provided) -> Provided:
    """Every update in progress holds a thread; LocalStack has as many as processors and four, for a whole fleet."""

    @functools.wraps(original)
    def init(self: LambdaService) -> None:
        original(self)
        self.task_executor = ThreadPoolExecutor(UPDATES_AT_ONCE, thread_name_prefix="lambda-service-task")

    return init
