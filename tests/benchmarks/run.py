# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure updates beside amazon.aws.lambda, and parity cold and warm, in one run on one machine.

Prints tables and keeps the numbers under .cache/bench/. It judges nothing: numbers of two runs or two machines can't be
compared, the ratios of one run can.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3
import requests
from bed import ROLE, package
from lambdaops_testbed.settings import read_settings
from lambdaops_testbed.shell import point_at

CACHE = Path(os.environ["LAMBDAOPS_CACHE"])
BENCH = CACHE / "bench"
IMAGES = CACHE / "images"
MODULES = "ansible_collections.{}.plugins.modules.{}"
OURS = MODULES.format("lambdaops.deploy", "lambda_safe_update")
PEER = MODULES.format("amazon.aws", "lambda")
PARITY = MODULES.format("lambdaops.deploy", "lambda_image_parity")
RUNS = 3


@dataclass(frozen=True)
class Measured:
    """One piece of work by one module: medians over the runs."""

    work: str
    module: str
    calls: int
    seconds: float


def main() -> int:
    settings = read_settings(os.environ)
    point_at(settings, os.environ)
    testbed = [sys.executable, "-m", "lambdaops_testbed"]
    running = subprocess.run([*testbed, "status"], capture_output=True, check=False).returncode == 0
    subprocess.run([*testbed, "up"], check=True)
    try:
        measured = [*updates(settings.endpoint), *parity()]
    finally:
        if not running:
            subprocess.run([*testbed, "down"], check=False, stdout=subprocess.DEVNULL)
    kept = BENCH / "latest.json"
    kept.write_text(json.dumps({"machine": machine(), "measured": [asdict(one) for one in measured]}, indent=2))
    print(f"\n{machine()}\n{table(measured)}\nKept in {kept.relative_to(CACHE.parent)}")
    return 0


def updates(endpoint: str) -> list[Measured]:
    """No-op, and code with environment at 1 and 2 s an update, by both modules in turn."""
    BENCH.mkdir(parents=True, exist_ok=True)
    zip_file = BENCH / "two.zip"
    zip_file.write_bytes(package("def handler(event, context): return 2\n"))
    bench = Updates(endpoint, boto3.client("lambda"), zip_file)
    found = []
    for seconds in (0.2, 1, 2):
        requests.put(f"{endpoint}/_testbed/updates", json={"seconds": seconds}, timeout=10).raise_for_status()
        for module in (OURS, PEER):
            found.append(bench.measure(f"code + environment, {seconds} s an update", module, fresh=True))
    for module in (OURS, PEER):
        found.append(bench.measure("nothing to do", module, fresh=False))
    return found


@dataclass
class Updates:
    """A function that is put back before each run."""

    endpoint: str
    client: Any
    zip_file: Path
    name: str = "bench"

    def measure(self, work: str, module: str, *, fresh: bool) -> Measured:
        runs = []
        for _ in range(RUNS):
            if fresh:
                self.recreate()
            runs.append(self.once(module))
        calls, seconds = (sorted(values)[RUNS // 2] for values in zip(*runs, strict=True))
        print(f"{work}: {short(module)} {calls} calls, {seconds:.2f} s", flush=True)
        return Measured(work, short(module), int(calls), round(seconds, 2))

    def once(self, module: str) -> tuple[int, float]:
        options = {"name": self.name, "zip_file": str(self.zip_file), "environment_variables": {"NUMBER": "two"}}
        if module == PEER:
            options |= {"runtime": "python3.12", "handler": "app.handler", "role": ROLE}
        requests.delete(f"{self.endpoint}/_testbed/requests", timeout=10).raise_for_status()
        _, seconds = run(module, options)
        counted = requests.get(f"{self.endpoint}/_testbed/requests", timeout=10).json()
        self.settle()
        return sum(counted["lambda"].values()), seconds

    def recreate(self) -> None:
        if self.name in {known["FunctionName"] for known in self.client.list_functions()["Functions"]}:
            self.client.delete_function(FunctionName=self.name)
        code = {"ZipFile": package("def handler(event, context): return 1\n")}
        self.client.create_function(
            FunctionName=self.name, Runtime="python3.12", Handler="app.handler", Role=ROLE, Code=code
        )
        self.settle()

    def settle(self) -> None:
        """Wait for the end of what a module left in progress, so that the next run does not pay for it."""
        self.client.get_waiter("function_active_v2").wait(FunctionName=self.name)
        self.client.get_waiter("function_updated_v2").wait(FunctionName=self.name)


def parity() -> list[Measured]:
    """The drifted pair of images from a folder, without a cache and with one."""
    subprocess.run([sys.executable, "-m", "lambdaops_testbed.images", "--out", str(IMAGES), "--quiet"], check=True)
    cache = BENCH / "parity"
    options = {
        "runtime": "nodejs20.x",
        "registry_mirrors": {"public.ecr.aws": f"oci:{IMAGES}"},
        "cache_dir": str(cache),
        "fail_on": "never",
    }
    cold, warm = [], []
    for _ in range(RUNS):
        shutil.rmtree(cache, ignore_errors=True)
        cold.append(run(PARITY, options)[1])
        warm.append(run(PARITY, options)[1])
    return [
        Measured(f"parity, {state}", short(PARITY), 0, round(sorted(seconds)[RUNS // 2], 2))
        for state, seconds in (("cold", cold), ("warm", warm))
    ]


def run(module: str, options: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """The module's result and the seconds that its process took."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("module.py")), module],
        input=json.dumps(options),
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if done.returncode:
        raise SystemExit(f"{module} failed: {done.stdout}{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result, seconds


def short(module: str) -> str:
    return module.rpartition(".")[2]


def machine() -> str:
    return (
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    )


def table(measured: list[Measured]) -> str:
    rows = [("work", "module", "calls", "seconds")]
    rows += [(one.work, one.module, str(one.calls or "-"), f"{one.seconds:.2f}") for one in measured]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


if __name__ == "__main__":
    sys.exit(main())
