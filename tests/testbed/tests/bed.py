# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests say to a testbed: its commands, its control routes, its functions; and fixtures of these."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from lambdaops_testbed.settings import Settings, read_settings

ROLE = "arn:aws:iam::000000000000:role/tester"
PACE = 0.05


@dataclass(frozen=True)
class Bed:
    """One testbed: how it is called, where its state is, and its control routes."""

    cache: Path
    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        return replace(read_settings(os.environ), localstack_port=self.port)

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        given = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "LAMBDAOPS_CACHE": str(self.cache),
            "LAMBDAOPS_LOCALSTACK_ENV": str(read_settings(os.environ).localstack_env),
            "LOCALSTACK_PORT": str(self.port),
            **environment,
        }
        words = [sys.executable, "-m", "lambdaops_testbed", *arguments]
        return subprocess.run(words, env=given, capture_output=True, text=True, timeout=120, check=False)

    def pace(self, seconds: float) -> None:
        requests.put(f"{self.endpoint}/_testbed/updates", json={"seconds": seconds}, timeout=10).raise_for_status()

    def fault(self, *faults: dict[str, Any]) -> requests.Response:
        return requests.post(f"{self.endpoint}/_testbed/faults", json=list(faults), timeout=10)

    def calls(self) -> dict[str, dict[str, int]]:
        counts: dict[str, dict[str, int]] = requests.get(f"{self.endpoint}/_testbed/requests", timeout=10).json()
        return counts

    def forget_calls(self) -> None:
        requests.delete(f"{self.endpoint}/_testbed/requests", timeout=10).raise_for_status()

    def clear_faults(self) -> None:
        requests.delete(f"{self.endpoint}/_testbed/faults", timeout=10).raise_for_status()

    def reset(self) -> None:
        self.pace(PACE)
        self.clear_faults()
        self.forget_calls()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def package(source: str, name: str = "app.py") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, source)
    return buffer.getvalue()


def lambda_client(bed: Bed) -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=bed.endpoint,
        region_name="eu-west-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}),
    )


@dataclass(frozen=True)
class Function:
    """One function and what the tests do with it; every call is one call, without retries."""

    client: Any
    name: str

    def read(self) -> dict[str, Any]:
        configuration: dict[str, Any] = self.client.get_function(FunctionName=self.name)["Configuration"]
        return configuration

    def settle(self) -> dict[str, Any]:
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            found = self.read()
            if found["State"] != "Pending" and found["LastUpdateStatus"] != "InProgress":
                return found
            time.sleep(0.02)
        raise AssertionError(f"{self.name} does not settle: {found}")

    def set_code(self, source: str, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.update_function_code(
            FunctionName=self.name, ZipFile=package(source), **more
        )
        return answer

    def set_environment(self, **variables: str) -> dict[str, Any]:
        return self.configure(Environment={"Variables": variables})

    def configure(self, **wanted: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.update_function_configuration(FunctionName=self.name, **wanted)
        return answer

    def invoke(self, payload: bytes = b"{}") -> dict[str, Any]:
        """Payload read; FunctionError and LogResult as they come."""
        answer: dict[str, Any] = self.client.invoke(FunctionName=self.name, Payload=payload, LogType="Tail")
        return {**answer, "Payload": answer["Payload"].read().decode()}


Make = Callable[..., Function]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    bed = Bed(tmp_path_factory.mktemp("cache"), free_port())
    up = bed.command("up")
    assert up.returncode == 0, up.stderr
    yield bed
    assert bed.command("down").returncode == 0


@pytest.fixture
def bed(running: Bed) -> Bed:
    running.reset()
    return running


@pytest.fixture
def make(bed: Bed, request: pytest.FixtureRequest) -> Iterator[Make]:
    """make(source, **create arguments): a settled function; it is deleted afterwards."""
    client = lambda_client(bed)
    made: list[Function] = []

    def make(source: str, *, settle: bool = True, **more: Any) -> Function:
        function = Function(client, f"f{len(made)}-{request.node.originalname}"[:64])
        code = {"ZipFile": package(source)}
        wanted = {"Runtime": "python3.12", "Handler": "app.handler", "Role": ROLE, "Code": code, **more}
        client.create_function(FunctionName=function.name, **wanted)
        made.append(function)
        if settle:
            function.settle()
        return function

    yield make
    for function in made:
        client.delete_function(FunctionName=function.name)
