# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import importlib
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image import credentials
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.credentials import (
    Login,
    given_login,
    stored_login,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import BadReference

AUTH = base64.b64encode(b"user:pass:word").decode()


@pytest.fixture(params=["with the docker SDK", "without it"])
def docker_config(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    if request.param == "without it":

        def missing(name: str) -> None:
            raise ImportError(name)

        monkeypatch.setattr(credentials.importlib, "import_module", missing)
    else:
        importlib.import_module("docker.auth")
    folder = tmp_path / "docker"
    folder.mkdir()
    return folder / "config.json"


def test_without_a_config_there_is_no_login(docker_config: Path) -> None:
    assert stored_login("registry.test") is None


@pytest.mark.parametrize(
    ("auths", "host", "expected"),
    [
        ({"registry.test": {"auth": AUTH}}, "registry.test", Login("user", "pass:word")),
        ({"https://registry.test": {"auth": AUTH}}, "registry.test", Login("user", "pass:word")),
        ({"https://index.docker.io/v1/": {"auth": AUTH}}, "docker.io", Login("user", "pass:word")),
        ({"registry.test:5000": {"auth": AUTH}}, "registry.test", None),
        ({"registry.test": {}}, "registry.test", None),
        ({}, "registry.test", None),
    ],
)
def test_logins_of_docker_login(docker_config: Path, auths: dict[str, Any], host: str, expected: Login | None) -> None:
    docker_config.write_text(json.dumps({"auths": auths}))
    assert stored_login(host) == expected


def test_an_identity_token(docker_config: Path) -> None:
    docker_config.write_text(json.dumps({"auths": {"registry.test": {"auth": AUTH, "identitytoken": "t"}}}))
    login = stored_login("registry.test")
    assert login is not None
    assert login.identity_token == "t"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"auths": []}', '{"auths": {"registry.test": {"auth": "%%%"}}}'])
def test_a_config_that_is_broken_has_no_logins(docker_config: Path, text: str) -> None:
    docker_config.write_text(text)
    assert stored_login("registry.test") is None


def test_credential_helpers_are_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    helper = tmp_path / "docker-credential-test"
    helper.write_text('#!/bin/sh\nread host\nprintf \'{"Username": "u-%s", "Secret": "s"}\' "$host"\n')
    helper.chmod(helper.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "config.json").write_text(json.dumps({"credHelpers": {"registry.test": "test"}}))
    assert stored_login("registry.test") == Login("u-registry.test", "s")


def test_a_helper_that_fails_is_no_login(tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "config.json").write_text(json.dumps({"credsStore": "missing-program"}))
    assert stored_login("registry.test") is None


def test_a_login_does_not_show_itself() -> None:
    assert repr(Login("user", "secret", "token")) == "Login()"


@pytest.mark.parametrize(
    ("registry", "host", "expected"),
    [
        ("registry.test", "registry.test", True),
        ("registry.test:5000", "registry.test:5000", True),
        ("registry.test", "registry.test:5000", False),
        ("docker.io", "docker.io", True),
        ("index.docker.io", "docker.io", True),
        ("https://index.docker.io/v1/", "docker.io", True),
    ],
)
def test_logins_that_are_given_are_for_their_registry(registry: str, host: str, expected: bool) -> None:
    find = given_login([{"registry": registry, "username": "user", "password": "pass:word"}])
    assert find(host) == (Login("user", "pass:word") if expected else None)


@pytest.mark.parametrize(
    ("login", "says"),
    [
        ({"registry": "https://canary/", "username": "u", "password": "canary"}, "is not a registry host"),
        ({"registry": "", "username": "u", "password": "canary"}, "is not a registry host"),
        ({"registry": "canary/app", "username": "u", "password": "p"}, "is not a registry host"),
        ({"registry": "registry.test", "username": "", "password": "canary"}, "registry.test lacks a user name"),
        ({"registry": "registry.test", "username": "u", "password": None}, "registry.test lacks a user name"),
    ],
)
def test_a_login_that_could_never_work_is_said_so_without_its_password(login: dict[str, object], says: str) -> None:
    with pytest.raises(BadReference, match=says) as failed:
        given_login([login])
    assert "canary" not in str(failed.value)
    assert failed.value.hint
