# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entry points that LocalStack finds: the function executor and the hook that wires everything else up."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

from localstack import config
from localstack.runtime import hooks
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin

EXECUTOR = "lambdaops"
BEFORE_SERVICES = 1  # services are loaded, and their methods taken, by a hook of priority 0


class ProcessRuntimePlugin(RuntimeExecutorPlugin):
    name = EXECUTOR

    def load(self, *args: object, **kwargs: object) -> type:
        from .executor import ProcessExecutor

        return ProcessExecutor


@hooks.on_infra_start(priority=BEFORE_SERVICES, should_load=lambda: config.LAMBDA_RUNTIME_EXECUTOR == EXECUTOR)
def install() -> None:
    from . import aws_rules, gateway, image_code, members, versions

    _listen_on_loopback_only()
    members.install()
    versions.install()
    aws_rules.install()
    image_code.install()
    gateway.install()


def _listen_on_loopback_only() -> None:
    # LocalStack 4.9 drops the host of GATEWAY_LISTEN and listens on every interface.
    from localstack.runtime.server import twisted
    from twisted.internet.endpoints import TCP4ServerEndpoint

    host = config.GATEWAY_LISTEN[0].host
    twisted.endpoints = SimpleNamespace(TCP4ServerEndpoint=partial(TCP4ServerEndpoint, interface=host))
