# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module with `run`: what reading alone can't know, said by the interpreter in a real engine's container."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_artifact_check
from lambdaops_testbed.images import runtime_packages
from lambdaops_testbed.images.runtime_images import BOOKWORM, BULLSEYE, runtime_archive
from lambdaops_testbed.settings import read_settings

Run = Callable[..., dict[str, Any]]
ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}


@pytest.fixture(scope="module")
def engine(host: str) -> str:
    """DOCKER_HOST of an engine that has the image."""
    client = docker.DockerClient(base_url=host, timeout=60)
    with runtime_archive(read_settings(os.environ).cache, BOOKWORM).open("rb") as file:
        client.images.load(file)
    client.close()
    return host


@pytest.fixture
def run(run_module: Run, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Check a package of one file, and import its handler."""
    monkeypatch.setenv("DOCKER_HOST", engine)

    def call(source: str, **options: Any) -> dict[str, Any]:
        with zipfile.ZipFile(tmp_path / "orders.zip", "w") as archive:
            entry = zipfile.ZipInfo("app.py")
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, source)
        defaults = {
            "path": str(tmp_path / "orders.zip"),
            "runtime": "python3.11",
            "runtime_image": f"docker-daemon:{BOOKWORM.reference}",
            "architecture": ARCHITECTURES[runtime_packages.architecture()],
            "handler": "app.handler",
            "run": True,
            "cache_dir": str(tmp_path / "cache"),
        }
        return run_module(lambda_artifact_check, **(defaults | options))

    return call


def test_a_handler_that_can_be_imported(run: Run) -> None:
    result = run("def handler(event, context): pass\n", check_mode=True)
    assert not result.get("failed"), result["msg"]
    assert (result["verdict"], result["run"]["outcome"]) == ("loads", "imported")
    assert result["run"]["interpreter"].startswith("Python 3.11")
    assert result["run"]["seconds"] > 0


def test_a_library_that_is_opened_by_name_is_found_by_running_only(run: Run) -> None:
    source = "import ctypes\nctypes.CDLL('liborders.so.3')\ndef handler(event, context): pass\n"
    assert run(source, run=False)["verdict"] == "loads"
    result = run(source)
    assert result["failed"]
    assert (result["verdict"], result["run"]["outcome"]) == ("broken", "refused")
    (finding,) = result["findings"]
    assert (finding["problem"], finding["library"]) == ("load", "liborders.so.3")
    assert "liborders.so.3: cannot open shared object file: No such file or directory" in result["msg"]


def test_the_functions_own_exception_is_no_verdict_and_shows_no_secret(run: Run) -> None:
    source = "import os\nraise RuntimeError('no route to ' + os.environ['DATABASE'])\n"
    result = run(source, environment_variables={"DATABASE": "canary-77b1"})
    assert result["failed"]
    assert (result["verdict"], result["run"]["outcome"]) == ("unknown", "failed")
    assert "no route to ****" in result["run"]["words"]
    assert "canary-77b1" not in str(result)
    assert result["invocation"]["module_args"]["environment_variables"] == {"DATABASE": "VALUE_HIDDEN"}
    assert not run(source, fail_on="broken", environment_variables={"DATABASE": "canary-77b1"}).get("failed")


def test_an_image_in_a_file_is_run_once_an_engine_has_it(run: Run) -> None:
    cache, source = read_settings(os.environ).cache, "def handler(event, context): pass\n"
    loaded = run(source, runtime_image=f"docker-archive:{runtime_archive(cache, BOOKWORM)}")
    assert loaded["run"]["outcome"] == "imported", loaded["msg"]
    result = run(source, runtime_image=f"docker-archive:{runtime_archive(cache, BULLSEYE)}")
    assert result["failed"]
    assert "docker load" in result["msg"]
    assert "verdict" not in result
