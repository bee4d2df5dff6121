# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry as a part of the testbed, its variants with authentication, and pushing to it."""

from __future__ import annotations

import base64
import dataclasses
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from bed import free_port
from lambdaops_testbed import debian, registry
from lambdaops_testbed.errors import TestbedError
from lambdaops_testbed.images import oci
from lambdaops_testbed.images.__main__ import main
from lambdaops_testbed.images.push import push, push_all, tags
from lambdaops_testbed.registry import PASSWORD, USER, Registry
from lambdaops_testbed.settings import Settings, read_settings
from lambdaops_testbed.token_server import TokenServer

ANY = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"


def settings_of(folder: Path) -> Settings:
    return read_settings({"LAMBDAOPS_CACHE": str(folder), "REGISTRY_PORT": str(free_port())})


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_of(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def running(settings: Settings) -> Iterator[Registry]:
    part = registry.part(settings)
    part.start()
    yield part
    part.stop()


@pytest.fixture
def layouts(tmp_path: Path) -> Path:
    """Two repositories with an index and single images, small."""
    for name in ("lambda/small", "sam/build-small"):
        images = [oci.image([oci.layer([oci.file("f", f"{name} {cpu}".encode())])], cpu) for cpu in ("amd64", "arm64")]
        layout = oci.Layout()
        layout.add("1", oci.index(images))
        layout.add("1-x86_64", images[0])
        layout.write(tmp_path / "layouts" / name)
    return tmp_path / "layouts"


def test_it_starts_once_says_where_and_stops(tmp_path: Path) -> None:
    part = registry.part(settings_of(tmp_path))
    assert not part.status().running
    try:
        assert part.start().startswith("registry: up after ")
        assert part.url in part.status().detail
        assert "ready" in part.status().detail
        assert part.start().startswith("registry: already up")
        assert requests.get(f"{part.url}/v2/", timeout=5).json() == {}
    finally:
        assert part.stop().startswith("registry: stopped")
    assert (part.status().running, part.stop()) == (False, "registry: not running")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{part.url}/v2/", timeout=5)


def test_later_commands_need_not_be_told_its_port_again(tmp_path: Path) -> None:
    told, untold = settings_of(tmp_path), {"LAMBDAOPS_CACHE": str(tmp_path)}
    part = registry.part(told)
    part.start()
    try:
        assert read_settings(untold) == told
        assert part.url in registry.part(read_settings(untold)).status().detail
        assert read_settings({**untold, "REGISTRY_PORT": "5001"}).registry_port == 5001
    finally:
        registry.part(read_settings(untold)).stop()
    assert read_settings(untold).registry_port == 5000


def test_it_listens_on_the_loopback_address_alone(running: Registry) -> None:
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect(("127.0.0.2", running.port))


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = dataclasses.replace(settings_of(tmp_path), registry_port=taken.getsockname()[1])
        with pytest.raises(
            TestbedError, match=rf"Port {settings.registry_port} for the registry is taken .*REGISTRY_PORT="
        ):
            registry.part(settings).start()


def test_without_the_program_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "SYSTEM_FOLDERS", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    with pytest.raises(TestbedError, match=r"apt-get install docker-registry.* or start a Docker engine"):
        registry.part(settings_of(tmp_path)).start()


def test_push_puts_every_tag_with_its_very_bytes(running: Registry, layouts: Path) -> None:
    first = push_all(layouts, running.url)
    assert first.tags == 4
    for name in ("lambda/small", "sam/build-small"):
        listed = json.loads((layouts / name / "index.json").read_text())["manifests"]
        answer = requests.get(f"{running.url}/v2/{name}/tags/list", timeout=5)
        assert set(answer.json()["tags"]) == set(tags(layouts / name))
        for one in listed:
            tag = one["annotations"]["org.opencontainers.image.ref.name"]
            url = f"{running.url}/v2/{name}/manifests/{tag}"
            answer = requests.get(url, headers={"Accept": ANY}, timeout=5)
            assert answer.headers["Docker-Content-Digest"] == one["digest"]
            assert answer.content == (layouts / name / "blobs" / one["digest"].replace(":", "/")).read_bytes()


def test_a_second_push_asks_once_for_each_tag_and_sends_nothing(running: Registry, layouts: Path) -> None:
    push_all(layouts, running.url)
    again = push_all(layouts, running.url)
    assert (again.tags, again.calls, again.sent) == (4, 4, 0)


def test_push_moves_a_tag_that_changed(running: Registry, layouts: Path) -> None:
    layout = oci.Layout()
    changed = oci.image([oci.layer([oci.file("f", b"changed")])])
    layout.add("1-x86_64", changed)
    layout.write(layouts / "lambda/small")
    push(layouts / "lambda/small", "1-x86_64", running.url, "moved/tag")
    answer = requests.head(f"{running.url}/v2/moved/tag/manifests/1-x86_64", headers={"Accept": ANY}, timeout=5)
    assert answer.headers["Docker-Content-Digest"] == changed.digest


def test_what_push_says_when_it_cannot(running: Registry, layouts: Path, tmp_path: Path) -> None:
    with pytest.raises(TestbedError, match="has no tag 2: it has 1, 1-x86_64"):
        push(layouts / "lambda/small", "2", running.url, "lambda/small")
    with pytest.raises(TestbedError, match=r"can't be reached for lambda/small \(ConnectionError\): is it up\?"):
        push(layouts / "lambda/small", "1", f"http://127.0.0.1:{free_port()}", "lambda/small")
    with pytest.raises(TestbedError, match="holds no OCI layout"):
        push_all(tmp_path / "nowhere", running.url)


def test_the_command_builds_and_pushes_the_testbeds_images(
    running: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--out", str(tmp_path / "images"), "--push", running.url]
    assert main(command) == 0
    assert f"images: 114 tags at {running.url}, 5." in capsys.readouterr().out
    assert main(command) == 0
    assert f"images: 114 tags at {running.url}, 0.0 MB sent" in capsys.readouterr().out
    found = requests.get(f"{running.url}/v2/sam/build-nodejs20.x/tags/list", timeout=5).json()["tags"]
    assert {"latest", "latest-arm64", "1.127.0", "upgraded", "older"} <= set(found)
    assert main(["--out", str(tmp_path / "images"), "--push", f"http://127.0.0.1:{free_port()}"]) == 1
    assert "is it up?" in capsys.readouterr().err


def test_basic_authentication(settings: Settings, running: Registry, layouts: Path) -> None:
    push_all(layouts, running.url)
    part = registry.with_basic_auth(settings, free_port())
    part.start()
    try:
        url = f"{part.url}/v2/lambda/small/manifests/1"
        refused = requests.get(url, timeout=5)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="testbed"')
        assert requests.get(url, auth=(USER, "wrong"), timeout=5).status_code == 401
        # The storage is shared with the open registry.
        assert requests.get(url, auth=(USER, PASSWORD), headers={"Accept": ANY}, timeout=5).status_code == 200
        with pytest.raises(TestbedError, match="401 Unauthorized"):
            push(layouts / "lambda/small", "1", part.url, "with/basic")
        assert push(layouts / "lambda/small", "1", part.url, "with/basic", auth=(USER, PASSWORD)).sent > 0
    finally:
        part.stop()


def test_token_authentication(settings: Settings, running: Registry, layouts: Path) -> None:
    push_all(layouts, running.url)
    with TokenServer() as tokens:
        part = registry.with_token_auth(settings, free_port(), tokens)
        part.start()
        try:
            url = f"{part.url}/v2/lambda/small/manifests/1"
            scope = "repository:lambda/small:pull"
            refused = requests.get(url, timeout=5)
            challenge = f'Bearer realm="{tokens.realm}",service="{tokens.service}",scope="{scope}"'
            assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, challenge)

            asked = requests.get(tokens.realm, params={"service": tokens.service, "scope": scope}, timeout=5).json()
            assert asked["expires_in"] == 60
            bearer = {"Authorization": f"Bearer {asked['token']}", "Accept": ANY}
            assert requests.get(url, headers=bearer, timeout=5).status_code == 200
            other = url.replace("lambda/small", "sam/build-small")
            assert requests.get(other, headers=bearer, timeout=5).status_code == 401  # not in its scope

            with pytest.raises(TestbedError, match="401 Unauthorized"):
                push(layouts / "lambda/small", "1", part.url, "with/token")
            authorization = tokens.bearer("with/token")
            assert "eyJ" not in repr(authorization)
            assert push(layouts / "lambda/small", "1", part.url, "with/token", auth=authorization).sent > 0
        finally:
            part.stop()
    assert tokens.asked == [((scope,), False)]


@pytest.mark.parametrize(
    ("anonymous", "credentials", "status", "actions"),
    [
        (True, None, 200, ["pull"]),
        (True, ("reader", "testbed-only"), 200, ["pull", "push"]),
        (True, ("reader", "wrong"), 401, None),
        (False, None, 401, None),
        (False, ("reader", "testbed-only"), 200, ["pull", "push"]),
    ],
)
def test_who_gets_which_token(
    anonymous: bool, credentials: tuple[str, str] | None, status: int, actions: list[str] | None
) -> None:
    with TokenServer(anonymous=anonymous) as tokens:
        answer = requests.get(tokens.realm, params={"scope": "repository:a/b:pull,push"}, auth=credentials, timeout=5)
        assert answer.status_code == status
        if actions is not None:
            assert claims(answer.json()["token"])["access"] == [
                {"type": "repository", "name": "a/b", "actions": actions}
            ]


def claims(token: str) -> dict[str, object]:
    body = token.split(".")[1]
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def test_an_expired_token_is_refused(settings: Settings, running: Registry, layouts: Path) -> None:
    push_all(layouts, running.url)
    with TokenServer(expires_in=-3600) as tokens:
        part = registry.with_token_auth(settings, free_port(), tokens)
        part.start()
        try:
            answer = requests.get(
                f"{part.url}/v2/lambda/small/manifests/1", auth=tokens.bearer("lambda/small"), timeout=5
            )
            assert answer.status_code == 401
        finally:
            part.stop()
