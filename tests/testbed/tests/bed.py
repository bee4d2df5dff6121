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
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from lambdaops_testbed import engine
from lambdaops_testbed.settings import Settings, read_settings
from lambdaops_testbed.shell import point_at

ROLE = "arn:aws:iam::000000000000:role/tester"
PACE = 0.05
LATEST = "$LATEST"


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

    def pace(self, seconds: float, version_seconds: float = 0) -> None:
        wanted = {"seconds": seconds, "version_seconds": version_seconds}
        requests.put(f"{self.endpoint}/_testbed/updates", json=wanted, timeout=10).raise_for_status()

    def fault(self, *faults: dict[str, Any]) -> requests.Response:
        return requests.post(f"{self.endpoint}/_testbed/faults", json=list(faults), timeout=10)

    def calls(self) -> dict[str, dict[str, int]]:
        counts: dict[str, dict[str, int]] = requests.get(f"{self.endpoint}/_testbed/requests", timeout=10).json()
        return counts

    def forget_calls(self) -> None:
        requests.delete(f"{self.endpoint}/_testbed/requests", timeout=10).raise_for_status()

    def clear_faults(self) -> None:
        requests.delete(f"{self.endpoint}/_testbed/faults", timeout=10).raise_for_status()

    def alarm(self, name: str, state: str) -> None:
        """Bring a CloudWatch alarm into a state: OK, ALARM or INSUFFICIENT_DATA. It is made when there is none."""
        cloudwatch = client(self, "cloudwatch")
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/Lambda",
            MetricName="Errors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="ignore",  # the state stays as it was set
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="Set by a test.")

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
    """The same bytes for the same source, whenever it is made."""
    entry, buffer = zipfile.ZipInfo(name), io.BytesIO()
    entry.external_attr = 0o644 << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(entry, source)
    return buffer.getvalue()


def lambda_client(bed: Bed) -> Any:
    return client(bed, "lambda")


def client(bed: Bed, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=bed.endpoint,
        region_name="eu-west-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}),
    )


@dataclass(frozen=True)
class Function:
    """One function and what the tests do with it; calls are without retries."""

    client: Any
    name: str

    def read(self, qualifier: str = LATEST) -> dict[str, Any]:
        answer = self.client.get_function(FunctionName=self.name, **_qualified(qualifier))
        configuration: dict[str, Any] = answer["Configuration"]
        return configuration

    def settle(self, qualifier: str = LATEST) -> dict[str, Any]:
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            found = self.read(qualifier)
            if found["State"] != "Pending" and found.get("LastUpdateStatus") != "InProgress":
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

    def publish(self, **guards: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.publish_version(FunctionName=self.name, **guards)
        return answer

    def versions(self) -> list[dict[str, Any]]:
        """$LATEST first, over all pages."""
        pages = self.client.get_paginator("list_versions_by_function").paginate(FunctionName=self.name)
        return [version for page in pages for version in page["Versions"]]

    def alias(self, name: str, version: str, weights: Mapping[str, float] | None = None) -> dict[str, Any]:
        """Lead an alias to a version, and with `weights` to a second one; it is created when there is none."""
        wanted = {
            "FunctionName": self.name,
            "Name": name,
            "FunctionVersion": version,
            "RoutingConfig": {"AdditionalVersionWeights": dict(weights or {})},
        }
        known = self.client.list_aliases(FunctionName=self.name)["Aliases"]
        exists = name in [alias["Name"] for alias in known]
        answer: dict[str, Any] = (self.client.update_alias if exists else self.client.create_alias)(**wanted)
        return answer

    def invoke(self, payload: bytes = b"{}", qualifier: str | None = None) -> dict[str, Any]:
        """Payload read; FunctionError and LogResult as they come."""
        answer: dict[str, Any] = self.client.invoke(
            FunctionName=self.name, Payload=payload, LogType="Tail", **_qualified(qualifier)
        )
        return {**answer, "Payload": answer["Payload"].read().decode()}


def _qualified(qualifier: str | None) -> dict[str, str]:
    return {} if qualifier in (None, LATEST) else {"Qualifier": str(qualifier)}


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
    """make(source, **create arguments): a settled function; it is deleted afterwards. Without source: of an image."""
    client = lambda_client(bed)
    made: list[Function] = []

    def make(source: str | None, *, settle: bool = True, **more: Any) -> Function:
        function = Function(client, f"f{len(made)}-{request.node.originalname}"[:64])
        kind: dict[str, Any] = {"PackageType": "Image"}
        if source is not None:
            kind = {"Runtime": "python3.12", "Handler": "app.handler", "Code": {"ZipFile": package(source)}}
        client.create_function(**{"FunctionName": function.name, "Role": ROLE, **kind, **more})
        made.append(function)
        if settle:
            function.settle()
        return function

    yield make
    for function in made:
        client.delete_function(FunctionName=function.name)


@pytest.fixture
def pointed(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `make env` exports, for this process and those that it starts."""
    environ = dict(os.environ)
    point_at(bed.settings, environ)
    for name in os.environ.keys() - environ.keys():
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    """Of parts that a file of tests starts for itself."""
    # Not pytest's own folders: their names are too long for sockets.
    with tempfile.TemporaryDirectory(prefix="bed-") as folder:
        yield read_settings({"LAMBDAOPS_CACHE": folder, "REGISTRY_PORT": str(free_port())})


@pytest.fixture(scope="module")
def host(settings: Settings) -> Iterator[str]:
    """DOCKER_HOST of an engine: root's own, else the one that runs."""
    part = engine.part(settings)
    part.start()
    yield part.docker_host
    part.stop()
