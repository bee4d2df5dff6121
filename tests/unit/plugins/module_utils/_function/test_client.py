# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every failure of a call by its name, with what to do, and without what is secret."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._function import errors
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.client import LambdaApi
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.deadline import Deadline
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.service import Secrets
from botocore.config import Config
from lambda_service import Clock, Service, configuration


@pytest.mark.parametrize(
    ("code", "status", "error", "said"),
    [
        (
            "ResourceNotFoundException",
            404,
            errors.UnknownFunction,
            "no such function, version or alias.*amazon.aws.lambda creates",
        ),
        ("AccessDeniedException", 403, errors.Denied, "because.*Allow this action"),
        ("ExpiredTokenException", 403, errors.Denied, "does not accept the credentials.*Renew"),
        ("UnrecognizedClientException", 403, errors.Denied, "does not accept the credentials"),
        ("InvalidSignatureException", 403, errors.Denied, "does not accept the credentials"),
        ("InvalidParameterValueException", 400, errors.Refused, "GetFunction on orders in eu-west-1 was refused"),
        ("RequestEntityTooLargeException", 413, errors.Refused, "413"),
    ],
)
def test_answers_are_named(service: Service, code: str, status: int, error: type[Exception], said: str) -> None:
    service.fails("get_function", code, status)
    with pytest.raises(error, match=said):
        service.api.get_function("orders")


def test_reads_outlive_short_troubles(service: Service) -> None:
    for _ in range(5):
        service.fails("get_function", "ServiceException", 500)
    service.reads()
    assert service.api.get_function("orders").name == "orders"
    assert len(service.clock.slept) == 5


def test_reads_give_up_on_long_ones(service: Service) -> None:
    for _ in range(6):
        service.fails("get_function", "ServiceException", 500)
    with pytest.raises(errors.AnswerLost, match="500 ServiceException"):
        service.api.get_function("orders")


def test_a_version_is_asked_for_by_its_qualifier(service: Service) -> None:
    service.stub.add_response(
        "get_function", {"Configuration": configuration(Version="7")}, {"FunctionName": "orders", "Qualifier": "live"}
    )
    assert service.api.get_function("orders", "live").version == "7"


def test_no_secret_comes_back_in_a_message(service: Service) -> None:
    service.fails(
        "get_function",
        "InvalidParameterValueException",
        400,
        'You exceeded the 4KB limit with canary-value. String measured: {"OTHER":"other-canary"}',
    )
    with pytest.raises(errors.Refused) as caught:
        service.api.get_function("orders")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("text", ["Value canary-old is bad", 'Value say \\"canary-two\\" is bad'])
def test_values_in_force_and_values_in_json_are_hidden_too(service: Service, text: str) -> None:
    service.reads(Environment={"Variables": {"OLD": "canary-old", "QUOTED": 'say "canary-two"'}})
    service.api.get_function("orders")
    service.fails("get_function", "InvalidParameterValueException", 400, text)
    with pytest.raises(errors.Refused) as caught:
        service.api.get_function("orders")
    assert "canary" not in str(caught.value)


def test_a_conflict_is_known_by_its_words_not_by_names_or_values(service: Service) -> None:
    service.api = LambdaApi(service.client, service.deadline, Secrets({"concurrent"}))
    service.fails("get_function", "ResourceConflictException", 409, "Conflict due to concurrent requests")
    with pytest.raises(errors.UpdateConflict):
        service.api.get_function("orders")
    service.fails("get_function", "ResourceConflictException", 409, "arn:aws:lambda:::function:pending-orders exists")
    with pytest.raises(errors.Refused):
        service.api.get_function("orders")


@pytest.mark.parametrize("page", [b"<html>Please log in</html>", b"{}"])
def test_an_answer_that_is_not_lambdas_is_named(page: bytes) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(errors.Refused, match=r"does not answer as Lambda does.*endpoint_url"):
            client(f"http://127.0.0.1:{server.server_port}", **KEYS).get_function("orders")
        server.shutdown()


def client(endpoint: str, **options: object) -> LambdaApi:
    clock = Clock()
    return LambdaApi(
        boto3.client(
            "lambda",
            region_name="eu-west-1",
            endpoint_url=endpoint,
            config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=2),
            **options,
        ),
        Deadline(60, clock, clock.sleep),
    )


KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}


def test_an_endpoint_that_is_not_there_fails_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    api = client(f"http://127.0.0.1:{port}", **KEYS)
    with pytest.raises(errors.Unreachable, match=rf"no connection to http://127.0.0.1:{port}.*AWS_ENDPOINT_URL"):
        api.get_function("orders")
    assert api.calls == {"GetFunction": 1}


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that closes every connection without an answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_closed_connection_is_a_lost_answer(silent_port: int) -> None:
    with pytest.raises(errors.AnswerLost, match="closed the connection without an answer"):
        client(f"http://127.0.0.1:{silent_port}", **KEYS).get_function("orders")


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, f"{tmp_path}/none")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    boto3.setup_default_session()
    with pytest.raises(errors.Denied, match=r"no complete AWS credentials.*AWS_ACCESS_KEY_ID"):
        client("http://127.0.0.1:9").get_function("orders")
