# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module makes of a real engine's copies: stale ones are told and refreshed, and built ones are compared."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import pytest
import requests
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_image_parity as module
from lambdaops_testbed import registry
from lambdaops_testbed.images.build import build
from lambdaops_testbed.images.push import push
from lambdaops_testbed.registry import Registry
from lambdaops_testbed.settings import Settings, read_settings

BUILD, RUNTIME = "sam/build-nodejs20.x", "lambda/nodejs"
Compare = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def images() -> Path:
    folder = read_settings(os.environ).cache / "images"
    build(folder)
    return folder


@pytest.fixture(scope="module")
def served(settings: Settings, images: Path) -> Iterator[Registry]:
    """`latest` is the build image that drifted, until a test pushes another one."""
    part = registry.part(settings)
    part.start()
    push(images / BUILD, "latest", part.url, BUILD)
    push(images / RUNTIME, "20", part.url, RUNTIME)
    yield part
    part.stop()


@pytest.fixture
def compare(
    run_module: Compare, host: str, served: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Compare:
    monkeypatch.setenv("DOCKER_HOST", host)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    names = {
        "build_image": f"127.0.0.1:{served.port}/{BUILD}:latest",
        "runtime_image": f"127.0.0.1:{served.port}/{RUNTIME}:20",
        "cache_dir": str(tmp_path / "cache"),
        "fail_on": "never",
    }

    def run(**options: Any) -> dict[str, Any]:
        return run_module(module, **(names | options))

    return run


def states(result: dict[str, Any]) -> list[str]:
    return [result["local"][role]["state"] for role in ("build", "runtime")]


def test_copies_are_told_predicted_pulled_and_refreshed(compare: Compare, served: Registry, images: Path) -> None:
    before = compare()
    assert states(before) == ["absent", "absent"]
    assert before["changed"] is False

    predicted = compare(pull="missing", check_mode=True)
    pulled = compare(pull="missing")
    assert (predicted["changed"], pulled["changed"]) == (True, True)
    assert states(predicted) == states(pulled) == ["fresh", "fresh"]
    assert pulled["local"]["build"]["id"].startswith("sha256:")
    assert compare(pull="missing")["changed"] is False

    # Another image gets the tag: `sam build` would go on with the old one.
    push(images / BUILD, "1.127.0", served.url, BUILD)
    retag(served, "1.127.0", "latest")
    stale = compare()
    assert states(stale) == ["stale", "fresh"]
    assert stale["verdict"] == "risky_drift"
    (difference,) = stale["differences"]
    assert difference["kind"] == "local_copy"
    assert f"docker pull 127.0.0.1:{served.port}/{BUILD}:latest" in stale["advice"]
    assert compare(ignore=["local_copy:*"])["verdict"] == "same_base"
    assert compare(checks=["base", "packages", "libraries"])["verdict"] == "same_base"

    fresh = compare(pull="stale")
    assert fresh["changed"] is True
    assert [fresh["local"][role]["pulled"] for role in ("build", "runtime")] == [True, False]
    assert states(fresh) == ["fresh", "fresh"]
    assert fresh["verdict"] == "same_base"
    assert compare(pull="stale")["changed"] is False


def test_an_image_that_was_built_here_is_compared(compare: Compare, served: Registry, host: str) -> None:
    """As `docker build` leaves it: under a name that no registry knows."""
    assert not compare(pull="missing").get("failed")
    with closing(docker.DockerClient(base_url=host)) as client:
        client.images.get(f"127.0.0.1:{served.port}/{BUILD}:latest").tag("lambda-build-pinned", "latest")
    result = compare(build_image="docker-daemon:lambda-build-pinned:latest", checks=["packages", "libraries"])
    assert result["verdict"] == "same_base"
    assert result["build"]["packages"] > 100
    assert (result["build"]["pinned"], result["local"]["build"]) == (None, None)


def test_without_an_engine_nothing_is_said_unless_it_has_to_pull(
    compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    result = compare()
    assert result["local"] == {"build": None, "runtime": None}
    failed = compare(pull="missing")
    assert failed["failed"]
    assert "No engine answers" in failed["msg"]


def retag(served: Registry, tag: str, other: str) -> None:
    url = f"{served.url}/v2/{BUILD}/manifests"
    kind = "application/vnd.oci.image.index.v1+json"
    found = requests.get(f"{url}/{tag}", headers={"Accept": kind}, timeout=10)
    requests.put(f"{url}/{other}", data=found.content, headers={"Content-Type": kind}, timeout=10).raise_for_status()
