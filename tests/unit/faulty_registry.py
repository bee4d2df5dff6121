# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A registry on 127.0.0.1 that serves layouts in memory, and misbehaves where a test tells it to."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from lambdaops_testbed.images.oci import Layout

REF_NAME = "org.opencontainers.image.ref.name"


@dataclass
class Fault:
    """For the next `times` requests whose path matches: an answer, or a body that is cut, stalled or corrupted.

    authorization: only for requests with exactly this one.
    """

    path: str
    times: int = 1
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut_after: int | None = None
    stall_after: int | None = None
    corrupt: bool = False
    hang_up: bool = False
    authorization: str = ""


@dataclass(frozen=True)
class Request:
    path: str
    headers: Message
    form: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Registry:
    """auth: "" (open), "basic", "token"; login: what is accepted, None where anonymous gets tokens as well.

    page: tags in a page of tags/list, 0 for all at once; link: the header that leads to the next page's {path}.
    """

    layouts: dict[str, Layout] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    auth: str = ""
    login: tuple[str, str] | None = None
    anonymous_tokens: bool = True
    scope: str = ""
    token_field: str = "token"
    identity_token: str = ""
    ranges: bool = True
    digest_header: bool = True
    page: int = 0
    link: str = '<{path}>; rel="next"'
    url: str = ""
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def paths(self, pattern: str = "") -> list[str]:
        return [request.path for request in self.requests if re.search(pattern, request.path)]

    def revoke_tokens(self) -> None:
        self.tokens.clear()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: Registry

    def log_message(self, *_args: object) -> None:
        """Keep the test's output clean."""

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._handle(form)

    def do_GET(self) -> None:
        self._handle({})

    def _handle(self, form: dict[str, list[str]]) -> None:
        registry = self.registry
        registry.requests.append(Request(self.path, self.headers, form))
        sent = self.headers.get("Authorization", "")
        fitting = (f for f in registry.faults if re.search(f.path, self.path) and f.authorization in ("", sent))
        fault = next((f for f in fitting if f.times > 0), None)
        if fault:
            fault.times -= 1
            if fault.hang_up:
                self.close_connection = True
                return
            if fault.status:
                self._send(fault.status, fault.body, fault.headers, fault.cut_after)
                return
        if urlsplit(self.path).path == "/token":
            self._token(form)
        elif self._authorized():
            self._content(fault)

    def _token(self, form: dict[str, list[str]]) -> None:
        registry = self.registry
        asked = form or parse_qs(urlsplit(self.path).query)
        authorization = self.headers.get("Authorization", "")
        known = registry.login is not None and authorization == _basic(*registry.login)
        if form:
            known = bool(registry.identity_token) and form.get("refresh_token") == [registry.identity_token]
        if not known and (authorization or form or not registry.anonymous_tokens):
            self._error(401, "UNAUTHORIZED", "authentication required")
            return
        scope = asked["scope"][0]
        token = f"token-{len(registry.requests)}"
        registry.tokens[token] = scope
        self._send(200, json.dumps({registry.token_field: token, "expires_in": 300}).encode(), {})

    def _authorized(self) -> bool:
        registry = self.registry
        authorization = self.headers.get("Authorization", "")
        repository = self._parts()[0]
        if registry.auth == "basic":
            assert registry.login
            if authorization == _basic(*registry.login):
                return True
            self._error(401, "UNAUTHORIZED", "authentication required", 'Basic realm="test"')
            return False
        if registry.auth == "token":
            scope = registry.scope or f"repository:{repository}:pull"
            if registry.tokens.get(authorization.removeprefix("Bearer ")) == scope:
                return True
            challenge = f'Bearer realm="{registry.url}/token",service="test",scope="{scope}"'
            self._error(401, "UNAUTHORIZED", "authentication required", challenge)
            return False
        return True

    def _parts(self) -> tuple[str, str, str]:
        found = re.fullmatch(r"/v2/(.+)/(manifests|blobs|tags)/(.+)", self.path)
        return (found[1], found[2], found[3]) if found else ("", "", "")

    def _content(self, fault: Fault | None) -> None:
        repository, kind, name = self._parts()
        layout = self.registry.layouts.get(repository)
        if layout is None:
            self._error(404, "NAME_UNKNOWN", "repository name not known to registry")
            return
        if kind == "tags":
            self._tags(repository, layout)
            return
        digest, media_type = name, "application/octet-stream"
        if kind == "manifests":
            for entry in layout.manifests:
                if entry.get("annotations", {}).get(REF_NAME) == name:
                    digest = str(entry["digest"])
            if digest in layout.blobs:
                media_type = json.loads(layout.blobs[digest]).get("mediaType", "application/json")
        if digest not in layout.blobs:
            self._error(404, "MANIFEST_UNKNOWN" if kind == "manifests" else "BLOB_UNKNOWN", "not known to registry")
            return
        content = layout.blobs[digest]
        if fault and fault.corrupt:
            content = content[:-1] + bytes([content[-1] ^ 1])
        headers = {"Content-Type": media_type}
        if self.registry.digest_header:
            headers["Docker-Content-Digest"] = digest
        status, start = 200, 0
        if self.registry.ranges and (asked := re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))):
            status, start = 206, int(asked[1])
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        stall_after = fault.stall_after if fault else None
        self._send(status, content[start:], headers, fault.cut_after if fault and stall_after is None else stall_after)
        if stall_after is not None:
            self.rfile.read(1)  # until the client hangs up

    def _tags(self, repository: str, layout: Layout) -> None:
        """In pages, as Distribution lists them: n and last in the query, the next page in Link."""
        registry = self.registry
        asked = parse_qs(urlsplit(self.path).query)
        tags = sorted({str(entry["annotations"][REF_NAME]) for entry in layout.manifests})
        after = [tag for tag in tags if tag > asked.get("last", [""])[0]]
        shown = after[: registry.page or None]
        headers = {}
        if len(shown) < len(after):
            path = f"/v2/{repository}/tags/list?last={shown[-1]}&n={registry.page}"
            headers["Link"] = registry.link.format(path=path)
        self._send(200, json.dumps({"name": repository, "tags": shown}).encode(), headers)

    def _error(self, status: int, code: str, message: str, challenge: str = "") -> None:
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self._send(status, body, {"WWW-Authenticate": challenge} if challenge else {})

    def _send(self, status: int, body: bytes, headers: dict[str, str], cut_after: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut_after])
        self.wfile.flush()
        if cut_after is not None:
            self.close_connection = True


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_args: object) -> None:
        """Clients that hang up early are part of the tests."""


@contextmanager
def serve(registry: Registry) -> Iterator[Registry]:
    handler = type("Handler", (_Handler,), {"registry": registry})
    with _Server(("127.0.0.1", 0), handler) as server:
        registry.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()
