# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding an engine, and what is made of its words; what a real one does is in tests/integration."""

from __future__ import annotations

import base64
import json
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image import containers, engine
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.containers import Place
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.engine import (
    Engine,
    MissingDocker,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import EngineFailed, NoEngine
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import (
    RegistryReference,
    parse_reference,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.transports import Sources

D1, D2 = (f"sha256:{character * 64}" for character in "ab")


class _Handler(BaseHTTPRequestHandler):
    """Says of itself and of images what the test wants; all else is a failure."""

    protocol_version = "HTTP/1.1"
    answers: dict[str, object]

    def log_message(self, *_args: object) -> None:
        """Keep the test's output clean."""

    def do_GET(self) -> None:
        path = self.path.rpartition("/")[2].partition("?")[0]
        status, body = (
            (200, self.answers[path]) if path in self.answers else (500, {"message": "out of \x1b[31m disk."})
        )
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def get_request(self) -> tuple[object, object]:  # type: ignore[override]
        request, _address = super().get_request()
        return request, ("local", 0)


@contextmanager
def speaking(path: Path, answers: dict[str, object]) -> Iterator[str]:
    """An engine that speaks at a socket, and knows little."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {"version": {"ApiVersion": "1.41"}, **answers}
    with _Server(str(path), type("Handler", (_Handler,), {"answers": known})) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sock-") as name:  # pytest's own are too long for sockets
        yield Path(name)


@pytest.mark.parametrize(
    "host",
    ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1", "nonsense://x", "unix://", "tcp://x:y", "tcp://x:99999"],
)
def test_the_engine_that_docker_host_names_is_the_only_one_that_counts(host: str) -> None:
    assert Engine.find({"DOCKER_HOST": host}) is None
    with pytest.raises(NoEngine, match=r"No engine answers at DOCKER_HOST \(") as failed:
        Engine.require({"DOCKER_HOST": host})
    assert "DOCKER_HOST" in failed.value.hint


def test_a_password_in_docker_host_is_not_shown() -> None:
    with pytest.raises(NoEngine) as failed:
        Engine.require({"DOCKER_HOST": "tcp://user:canary@127.0.0.1:1"})
    assert "canary" not in str(failed.value)


@pytest.mark.parametrize("place", ["docker.sock", "podman/podman.sock", ".docker/run/docker.sock"])
def test_engines_of_users_are_found_at_their_usual_places(
    folder: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_SYSTEM_SOCKETS", ())
    environ = {"XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}
    assert Engine.find(environ) is None
    with speaking(folder / place, {}) as host:
        found = Engine.find(environ)
        assert found is not None
        assert found.host == host
        found.close()
    with pytest.raises(NoEngine, match=f"the usual sockets of Docker and Podman.*{place}"):  # it is there, but silent
        Engine.require(environ)


def test_without_the_package_docker_there_is_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(engine.importlib, "import_module", missing)
    environ = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    assert Engine.find(environ) is None
    with pytest.raises(MissingDocker, match="Python package docker"):
        Engine.require(environ)


def test_where_there_is_no_socket_the_package_docker_is_not_even_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_SYSTEM_SOCKETS", ())
    monkeypatch.setattr(engine.importlib, "import_module", lambda name: pytest.fail(f"{name} is imported"))
    with pytest.raises(NoEngine, match="the usual sockets"):
        Engine.require({})


REFERENCE = RegistryReference("docker.io", "library/app", "1")


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, ()),
        ([], ()),
        ([f"app@{D1}"], (D1,)),
        ([f"docker.io/library/app@{D1}", f"app@{D2}", f"app@{D1}"], (D1, D2)),
        ([f"host.example/app@{D1}", f"library/other@{D1}"], ()),
        (["<none>@<none>", "app:1", "app@sha256:12"], ()),
    ],
)
def test_digests_of_a_copy_are_those_of_its_own_repository(
    folder: Path, known: list[str] | None, expected: tuple[str, ...]
) -> None:
    with speaking(folder / "s", {"json": {"Id": D2, "RepoDigests": known}}) as host:
        copy = Engine.require({"DOCKER_HOST": host}).local_copy(REFERENCE)
    assert copy is not None
    assert (copy.reference, copy.id, copy.digests) == ("docker.io/library/app:1", D2, expected)


def test_an_engine_that_fails_is_quoted_without_what_moves_the_cursor(folder: Path) -> None:
    with speaking(folder / "s", {}) as host, pytest.raises(EngineFailed) as failed:
        Engine.require({"DOCKER_HOST": host}).local_copy(REFERENCE)
    assert failed.value.message == (
        f"The engine at {host} can't say whether it has docker.io/library/app:1: out of [31m disk."
    )
    assert failed.value.hint


@pytest.mark.parametrize("said", [[], {}, {"Id": D2, "RepoDigests": [1]}, {"Id": D2, "RepoDigests": 5}, "x", 7])
def test_an_engine_that_answers_in_another_form_is_said_so(folder: Path, said: object) -> None:
    with speaking(folder / "s", {"json": said}) as host, pytest.raises(EngineFailed, match="something unexpected"):
        Engine.require({"DOCKER_HOST": host}).local_copy(REFERENCE)


@pytest.mark.parametrize(
    "odd", [{"Config": []}, {"Config": {"Env": 5}}, {"RootFS": "x"}, {"RootFS": {"Layers": 5}}, {"Config": "x"}]
)
def test_an_image_that_is_described_in_another_form(folder: Path, odd: dict[str, object]) -> None:
    described = {"Id": D2, **odd}
    answers = {"json": described, "history": [{"Size": "x"}]}
    with speaking(folder / "s", answers) as host, pytest.raises(EngineFailed, match="something unexpected"):
        Engine.require({"DOCKER_HOST": host}).inspect("app:1")


def test_an_engine_that_goes_away_is_said_so(folder: Path) -> None:
    with speaking(folder / "s", {}) as host:
        found = Engine.require({"DOCKER_HOST": host})
    (folder / "s").unlink()
    with pytest.raises(
        EngineFailed, match=r"stopped answering when asked to say whether it has docker\.io/library/app:1"
    ):
        found.local_copy(REFERENCE)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (0o644, Place("file", 7, "")),
        (0o755 | 1 << 23, Place("file", 7, "")),  # setuid
        (1 << 31 | 0o755, Place("directory", 0, "")),
        (1 << 31 | 1 << 20, Place("directory", 0, "")),  # sticky
        (1 << 27 | 0o777, Place("symlink", 0, "/usr/lib64")),
        (1 << 26 | 1 << 21, Place("other", 7, "")),  # a character device
        (1 << 25, Place("other", 7, "")),  # a pipe
    ],
)
def test_what_stands_at_a_path_is_read_from_its_mode(mode: int, expected: Place) -> None:
    said = {"name": "x", "size": 7, "mode": mode, "linkTarget": "/usr/lib64" if mode & 1 << 27 else ""}
    assert containers._place(base64.b64encode(json.dumps(said).encode()).decode()) == expected


@pytest.mark.parametrize("header", ["", "%", "bm8=", "W10=", "eyJtb2RlIjoieCJ9"])
def test_an_engine_that_does_not_say_what_stands_there(header: str) -> None:
    with pytest.raises(EngineFailed, match="says nothing"):
        containers._place(header)


def test_an_image_of_an_engine_needs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    sources = Sources(Transfer(), mirrors={}, timeout=5)
    with pytest.raises(NoEngine, match=r"unix:///nowhere/docker\.sock"):
        sources.open(parse_reference("docker-daemon:app:1"))
    sources.close()
