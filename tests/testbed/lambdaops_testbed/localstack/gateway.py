# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client's call on its way: counted, met by a fault, answered as the fault says; and the control routes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localstack.aws import handlers
from localstack.aws.api import CommonServiceException, RequestContext
from localstack.http import Request, Response
from localstack.services.edge import ROUTER
from rolo.gateway import HandlerChain
from rolo.serving.twisted import HeaderPreservingWSGIResponse
from twisted.internet import reactor
from twisted.internet.threads import blockingCallFromThread

from . import foreign
from .calls import Calls
from .faults import BadFault, Fault, Faults, parse_faults
from .pace import PACE, parse_seconds

CALLS = Calls()
FAULTS = Faults()
CONNECTION = "lambdaops_testbed.connection"


def install() -> None:
    handlers.serve_custom_service_request_handlers.append(_receive)
    handlers.run_custom_response_handlers.append(_alter)
    handlers.run_custom_finalizers.append(_finish)
    _remember_connections()
    routes: list[tuple[str, str, Callable[[Request], Any]]] = [
        ("/_testbed/requests", "GET", lambda request: CALLS.snapshot()),
        ("/_testbed/requests", "DELETE", lambda request: CALLS.clear()),
        ("/_testbed/updates", "GET", lambda request: _pace()),
        ("/_testbed/updates", "PUT", _set_seconds),
        ("/_testbed/faults", "GET", lambda request: FAULTS.snapshot()),
        ("/_testbed/faults", "POST", _add_faults),
        ("/_testbed/faults", "DELETE", lambda request: FAULTS.clear()),
    ]
    for path, method, act in routes:
        ROUTER.add(path, _route(act), methods=[method])


def met(context: RequestContext) -> Fault | None:
    """The fault that this call met, if any."""
    fault: Fault | None = context.get("testbed_fault")
    return fault


def _receive(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    if context.is_internal_call or context.service is None or context.operation is None:
        return
    service, operation = context.service.service_name, context.operation.name
    CALLS.add(service, operation)
    fault = FAULTS.meet(service, operation, _function_name(context))
    if fault is None:
        return
    context.testbed_fault = fault
    if fault.delay is not None:
        PACE.wait(fault.delay)
    if fault.foreign is not None and (function := _function_name(context)):
        foreign.write(context, function, fault.foreign)
    if fault.error is not None:
        raise CommonServiceException(fault.error.code, fault.error.message, status_code=fault.error.status)
    if fault.drop == "before":
        chain.terminate()


def _alter(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    fault = met(context)
    if fault is None:
        return
    if fault.error is not None:
        response.headers.update(dict(fault.error.headers))
    if fault.state is not None and response.status_code < 300 and context.operation is not None:
        answer = json.loads(response.data)
        shape = answer["Configuration"] if context.operation.name == "GetFunction" else answer
        shape.update(fault.state)
        response.data = json.dumps(answer)


def _finish(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    fault = met(context)
    if fault is not None and fault.drop is not None:
        _hang_up(context.request)


def _hang_up(request: Request) -> None:
    """Close the client's connection and return when it is closed, so that nothing of an answer can follow."""
    connection = request.environ[CONNECTION]

    def close() -> Any:
        closed = connection.notifyFinish()
        closed.addErrback(lambda reason: None)  # twisted reports a closed connection as a failure
        connection.channel.loseConnection()
        return closed

    blockingCallFromThread(reactor, close)


def _remember_connections() -> None:
    original = HeaderPreservingWSGIResponse.__init__

    def remember(self: Any, reactor: Any, threadpool: Any, application: Any, request: Any) -> None:
        original(self, reactor, threadpool, application, request)
        self.environ[CONNECTION] = request

    HeaderPreservingWSGIResponse.__init__ = remember


def _function_name(context: RequestContext) -> str | None:
    """The bare name of `name`, `name:qualifier`, a partial or a full ARN."""
    name = (context.service_request or {}).get("FunctionName")
    if not isinstance(name, str):
        return None
    return name.rpartition("function:")[2].partition(":")[0]


def _route(act: Callable[[Request], Any]) -> Callable[[Request], Response]:
    def answer(request: Request, **_: Any) -> Response:
        try:
            result, status = act(request), 200
        except ValueError as error:
            result, status = {"error": str(error)}, 400
        return Response(json.dumps({} if result is None else result), status, mimetype="application/json")

    return answer


def _body(request: Request) -> Any:
    try:
        return json.loads(request.get_data())
    except ValueError:
        raise BadFault("The body must be JSON.") from None


def _pace() -> dict[str, float]:
    return {"seconds": PACE.seconds, "version_seconds": PACE.version_seconds}


def _set_seconds(request: Request) -> dict[str, float]:
    PACE.seconds, PACE.version_seconds = parse_seconds(_body(request))
    return _pace()


def _add_faults(request: Request) -> list[dict[str, Any]]:
    faults = parse_faults(_body(request))
    for fault in faults:
        if fault.foreign is not None:
            foreign.check(fault.foreign)
    FAULTS.add(faults)
    return FAULTS.snapshot()
