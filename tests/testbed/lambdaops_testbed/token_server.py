# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A token server for a registry of the testbed: a thread that signs the tokens a Distribution registry asks for.

Anybody may pull; pushing, and pulling when `anonymous` is off, need the user and password given.

Source: distribution, docs/spec/auth/token.md and jwt.md.
"""

from __future__ import annotations

import base64
import datetime
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from requests.auth import AuthBase

from .settings import HOST


@dataclass(slots=True)
class TokenServer:
    """Use as a context manager. asked: (scopes, whether credentials came along) of each request, in order."""

    user: str = "reader"
    password: str = "testbed-only"
    anonymous: bool = True
    expires_in: int = 60  # seconds; what clients are told and what the token says
    service: str = "testbed-registry"
    issuer: str = "testbed-tokens"
    asked: list[tuple[tuple[str, ...], bool]] = field(default_factory=list)
    certificate: bytes = b""
    _der: bytes = b""
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    _server: ThreadingHTTPServer | None = None

    def __post_init__(self) -> None:
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, self.issuer)])
        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        certificate = (
            x509.CertificateBuilder(
                name, name, self._key.public_key(), x509.random_serial_number(), now - day, now + day
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.certificate = certificate.public_bytes(serialization.Encoding.PEM)
        self._der = certificate.public_bytes(serialization.Encoding.DER)

    @property
    def realm(self) -> str:
        assert self._server is not None, "the server has to run before its address is known"
        return f"http://{HOST}:{self._server.server_address[1]}/token"

    def __enter__(self) -> TokenServer:
        tokens = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, answer = tokens.answer(self.path, self.headers.get("Authorization"))
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """What was asked is in `asked`; the terminal belongs to the tests."""

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def answer(self, path: str, authorization: str | None) -> tuple[int, dict[str, object]]:
        """Status and body for one request."""
        scopes = tuple(scope for text in parse_qs(urlsplit(path).query).get("scope", []) for scope in text.split())
        self.asked.append((scopes, authorization is not None))
        expected = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        known = authorization == expected
        if not known and (authorization is not None or not self.anonymous):
            return 401, {"errors": [{"code": "UNAUTHORIZED", "message": "incorrect username or password"}]}
        token = self.token(*scopes, may_push=known)
        return 200, {"token": token, "access_token": token, "expires_in": self.expires_in}

    def token(self, *scopes: str, may_push: bool = True) -> str:
        """A signed token for scopes of the form repository:NAME:ACTION,ACTION; pulling alone unless may_push."""
        access = []
        for scope in scopes:
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            granted = [action for action in actions.split(",") if may_push or action == "pull"]
            access.append({"type": kind, "name": name, "actions": granted})
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": self.user if may_push else "",
            "aud": self.service,
            "exp": now + self.expires_in,
            "nbf": now - 10,
            "iat": now,
            "jti": f"{time.monotonic_ns()}",
            "access": access,
        }
        header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(self._der).decode()]}
        signed = f"{_encoded(json.dumps(header).encode())}.{_encoded(json.dumps(claims).encode())}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def bearer(self, *repositories: str) -> AuthBase:
        """Authorization to pull from and push to the repositories, for requests."""
        return _Bearer(self.token(*(f"repository:{name}:pull,push" for name in repositories)))


@dataclass(frozen=True, slots=True)
class _Bearer(AuthBase):
    value: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.value}"
        return request


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
