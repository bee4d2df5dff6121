# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run Python functions for real: AWS's runtime client in a process of its own for each execution environment.

As on AWS, a process starts cold, answers one invocation at a time, is killed at the function's timeout, and is started
again by the next invocation when it died. Memory is not limited and nothing is isolated: it runs the tests' own code.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

from localstack import config
from localstack.runtime.shutdown import SHUTDOWN_HANDLERS
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from .pace import PACE
from .runtime_api import HOST, Answer, Invocation, RuntimeApi

INIT_SECONDS = 10.0  # AWS Lambda developer guide, "Lambda execution environment lifecycle": the init phase
LOG_TAIL = 1 << 20
INHERITED = ("PATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE")
LOGS = Path(os.environ.get("LAMBDAOPS_FUNCTION_LOGS") or tempfile.gettempdir())


class ProcessExecutor(RuntimeExecutor):
    """One execution environment. LocalStack calls invoke() for one invocation at a time."""

    _alive: ClassVar[set[ProcessExecutor]] = set()

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id, function_version)
        self._busy = threading.Lock()
        self._stopped = False
        self._environment: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._api: RuntimeApi | None = None
        folder = LOGS / function_version.id.function_name
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / f"{id}.log"

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        code = function_version.config.code
        if code is not None:
            code.prepare_for_execution()
        for layer in function_version.config.layers:
            layer.code.prepare_for_execution()
        identity = function_version.id
        PACE.wait(PACE.seconds_of((identity.account, identity.region, identity.function_name, identity.qualifier)))

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Unpacked code is LocalStack's to remove: another version may run the same."""

    @classmethod
    def stop_all(cls) -> None:
        for executor in list(cls._alive):
            executor._end_process()

    def start(self, env_vars: dict[str, Any]) -> None:
        given = self.function_version.config.environment or {}
        own = {name: value for name, value in env_vars.items() if name in given or not _is_localstacks(name)}
        self._environment = {
            "LANG": "en_US.UTF-8",
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            **{name: str(value) for name, value in own.items()},
        }

    def stop(self) -> None:
        """Let a running invocation finish, as Lambda does at an update; stop_all() does not wait."""
        self._stopped = True
        if self._busy.acquire(blocking=False):
            try:
                self._end_process()
            finally:
                self._busy.release()

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        try:
            with self._busy:
                return self._invoke(payload)
        finally:
            if self._stopped:
                self._end_process()

    def get_logs(self) -> str:
        return self._read_log(0)

    def get_address(self) -> str:
        return HOST

    def get_endpoint_from_executor(self) -> str:
        return HOST

    def get_runtime_endpoint(self) -> str:
        return f"http://{HOST}:{config.GATEWAY_LISTEN[0].port}"

    def _invoke(self, payload: dict[str, str]) -> InvocationResult:
        request_id = payload["invoke-id"]
        start = self._log.stat().st_size if self._log.exists() else 0
        self._note(f"START RequestId: {request_id} Version: {self.function_version.id.qualifier}")
        begun = time.monotonic()
        answer = self._boot(request_id) or self._run(payload)
        spent = (time.monotonic() - begun) * 1000
        memory = self.function_version.config.memory_size
        self._note(f"END RequestId: {request_id}")
        self._note(f"REPORT RequestId: {request_id}\tDuration: {spent:.2f} ms\tMemory Size: {memory} MB")
        return InvocationResult(request_id, answer.payload, answer.is_error, logs=self._read_log(start))

    def _boot(self, request_id: str) -> Answer | None:
        """Start the process unless it runs. Returns the error to answer with, or nothing."""
        if self._process is not None and self._process.poll() is None:
            return None
        self._end_process()
        version = self.function_version.config
        if version.code is None or not str(version.runtime).startswith("python"):
            kind = version.runtime or "container images"
            return _error("Runtime.Unsupported", f"The testbed runs Python packages only, not {kind}.")
        root = version.code.get_unzipped_code_location()
        layers = [str(layer.code.get_unzipped_code_location() / "python") for layer in version.layers]
        search = [*layers, self._environment.get("PYTHONPATH", "")]
        self._api = RuntimeApi()
        environment = {
            **self._environment,
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "LAMBDA_TASK_ROOT": str(root),
            "PYTHONPATH": os.pathsep.join(filter(None, search)),
            "PYTHONUNBUFFERED": "1",
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", version.handler],
                cwd=root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,  # so that a timeout ends what the function started as well
            )
        self._alive.add(self)
        limit = time.monotonic() + INIT_SECONDS
        while not self._api.ready.wait(0.01):
            with contextlib.suppress(queue.Empty):
                answer = self._api.answers.get_nowait()
                self._end_process()
                return answer
            if (code := self._process.poll()) is not None:
                return self._exited(request_id, code)
            if time.monotonic() > limit:
                self._end_process()
                return _error("Sandbox.Timedout", f"RequestId: {request_id} Error: Init timed out.")
        return None

    def _run(self, payload: dict[str, str]) -> Answer:
        assert self._api is not None
        assert self._process is not None
        request_id, timeout = payload["invoke-id"], float(self.function_version.config.timeout)
        limit = time.monotonic() + timeout
        self._api.hand_out(
            Invocation(
                request_id=request_id,
                function_arn=payload["invoked-function-arn"],
                trace_id=payload["trace-id"],
                deadline=int((time.time() + timeout) * 1000),
                payload=payload["payload"].encode(),
            )
        )
        while (left := limit - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                answer = self._api.answers.get(timeout=min(left, 0.1))
                if answer.request_id == request_id:
                    return answer
            if (code := self._process.poll()) is not None and self._api.answers.empty():
                return self._exited(request_id, code)
        self._end_process()
        return _error("Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds")

    def _exited(self, request_id: str, code: int) -> Answer:
        self._end_process()
        how = f"signal: {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return _error("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {how}")

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        api, self._api = self._api, None
        if api is not None:
            api.close()
        self._alive.discard(self)

    def _note(self, line: str) -> None:
        with self._log.open("a") as log:
            log.write(line + "\n")

    def _read_log(self, start: int) -> str:
        if not self._log.exists():
            return ""
        with self._log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(start, size - LOG_TAIL))
            return log.read().decode(errors="replace")


def _is_localstacks(name: str) -> bool:
    return name.startswith(("LOCALSTACK_", "_AWS_XRAY", "_LAMBDA")) or name in {
        "EDGE_PORT",
        "AWS_LAMBDA_FUNCTION_TIMEOUT",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }


def _error(kind: str, message: str) -> Answer:
    return Answer(None, json.dumps({"errorType": kind, "errorMessage": message}).encode(), is_error=True)


SHUTDOWN_HANDLERS.register(ProcessExecutor.stop_all)
