# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Lambda Runtime API for one execution environment, on a loopback port of its own.

It hands one invocation at a time to the runtime client and waits for its answer; processes are executor.py's.
Source: AWS Lambda developer guide, "Using the Lambda runtime API", version 2018-06-01.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = "127.0.0.1"
PREFIX = "/2018-06-01/runtime"


@dataclass(frozen=True, slots=True)
class Invocation:
    """deadline in milliseconds since 1970, as the header wants it."""

    request_id: str
    function_arn: str
    trace_id: str
    deadline: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: for an invocation its request id, for a failed start none."""

    request_id: str | None
    payload: bytes
    is_error: bool


class RuntimeApi:
    """ready is set at the first request for an invocation; answers holds what the runtime client posted."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.answers: queue.Queue[Answer] = queue.Queue()
        self._invocations: queue.Queue[Invocation | None] = queue.Queue()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet: two would wait 40 ms for each other

            def do_GET(self) -> None:
                if self.path != f"{PREFIX}/invocation/next":
                    self._send(404, {}, b"")
                    return
                api.ready.set()
                invocation = api._invocations.get()
                if invocation is None:
                    self.close_connection = True
                    return
                headers = {
                    "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                    "Lambda-Runtime-Deadline-Ms": str(invocation.deadline),
                    "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                    "Lambda-Runtime-Trace-Id": invocation.trace_id,
                    "Content-Type": "application/json",
                }
                self._send(200, headers, invocation.payload)

            def do_POST(self) -> None:
                payload = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                match self.path.removeprefix(PREFIX).strip("/").split("/"):
                    case ["init", "error"]:
                        api.answers.put(Answer(None, payload, is_error=True))
                    case ["invocation", request_id, "response" | "error" as kind]:
                        api.answers.put(Answer(request_id, payload, is_error=kind == "error"))
                    case _:
                        self._send(404, {}, b"")
                        return
                self._send(202, {"Content-Type": "application/json"}, b'{"status":"OK"}')

            def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the function's own log is kept, not the traffic."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A runtime client that was stopped in the middle of a request is no news."""

        self._server = Server((HOST, 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"{HOST}:{self._server.server_port}"

    def hand_out(self, invocation: Invocation) -> None:
        self._invocations.put(invocation)

    def close(self) -> None:
        self._invocations.put(None)
        self._server.shutdown()
        self._server.server_close()
