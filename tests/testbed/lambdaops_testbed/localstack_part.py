# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""LocalStack as a part of the testbed: its environment variables, when it is ready, how it is started."""

from __future__ import annotations

import http.client
import os
import shutil
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import TestbedError
from .ports import require_free
from .process import Daemon, Status
from .settings import HOST, Settings

NAME = "localstack"
SERVICES = "lambda,s3,iam,sts,logs,sqs,cloudwatch"
INHERITED = ("HOME", "LANG", "PATH", "DEBUG")
GRACE = 3.0  # seconds; LocalStack keeps nothing, so it need not end in its own time

_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever http_proxy says


@dataclass(frozen=True, slots=True)
class LocalStack:
    settings: Settings

    @property
    def name(self) -> str:
        return NAME

    def start(self) -> str:
        interpreter = self.settings.localstack_env / "bin" / "python"
        if not interpreter.exists():
            raise TestbedError(
                f"LocalStack's environment {self.settings.localstack_env} does not exist: "
                "make it with `make setup`, or name another with LAMBDAOPS_LOCALSTACK_ENV."
            )
        said = self._daemon.start()
        self.settings.localstack_port_file.write_text(str(self.settings.localstack_port))
        return f"{said}, {self.settings.endpoint}"

    def stop(self) -> str:
        self.settings.localstack_port_file.unlink(missing_ok=True)
        return self._daemon.stop()

    def status(self) -> Status:
        pid = self._daemon.pid()
        if pid is None:
            return Status(NAME, running=False, detail="not running")
        ready = "ready" if self._ready() else "not ready"
        detail = f"{self.settings.endpoint}, pid {pid}, {ready}; log {self._daemon.log}"
        return Status(NAME, running=True, detail=detail)

    @property
    def _daemon(self) -> Daemon:
        return Daemon(
            name=NAME,
            command=(str(self.settings.localstack_env / "bin" / "python"), "-m", "localstack.runtime.main"),
            folder=self.settings.state / NAME,
            environment=self._environment(os.environ),
            ready=self._ready,
            precheck=self._prepare,
            grace=GRACE,
        )

    def _prepare(self) -> None:
        require_free(self.settings.localstack_port, "LocalStack", "LOCALSTACK_PORT")
        for leftover in ("root", "tmp", "functions"):
            shutil.rmtree(self._daemon.folder / leftover, ignore_errors=True)
        for folder in ("tmp", "functions"):
            (self._daemon.folder / folder).mkdir()

    def _environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """All that LocalStack sees: nothing of the caller's AWS variables or secrets, and no reason to go outside."""
        folder = self.settings.state / NAME
        return {
            **{name: environ[name] for name in INHERITED if name in environ},
            "GATEWAY_LISTEN": f"{HOST}:{self.settings.localstack_port}",
            "LOCALSTACK_HOST": f"{HOST}:{self.settings.localstack_port}",  # in the addresses that it hands out
            "SERVICES": SERVICES,
            "EAGER_SERVICE_LOADING": "1",
            "LAMBDA_RUNTIME_EXECUTOR": "lambdaops",
            "FILESYSTEM_ROOT": str(folder / "root"),
            "TMPDIR": str(folder / "tmp"),
            "LAMBDAOPS_FUNCTION_LOGS": str(folder / "functions"),
            "DNS_ADDRESS": "0",
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def _ready(self) -> bool:
        return all(_answers(f"{self.settings.endpoint}{path}") for path in ("/_localstack/health", "/_testbed/updates"))


def _answers(url: str) -> bool:
    try:
        with _DIRECTLY.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, http.client.HTTPException):
        return False
