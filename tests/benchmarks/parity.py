# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The drifted pair of images compared from a folder, without a cache and with one. It starts no engine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from programs import Program, must_run, task
from stage import Stage
from table import Row

RUNS = 3


def parity(stage: Stage) -> Iterator[Row]:
    images, cache = stage.folder / "images", stage.folder / "parity"
    _build(images)
    options = {
        "runtime": "nodejs20.x",
        "registry_mirrors": {"public.ecr.aws": f"oci:{images}"},
        "cache_dir": str(cache),
        "fail_on": "never",
    }
    runs: dict[str, list[float]] = {"cold": [], "warm": []}
    for number in range(RUNS):
        shutil.rmtree(cache, ignore_errors=True)
        for state, seconds in runs.items():
            seconds.append(round(must_run(task(Program.PARITY, **options)).seconds, 3))
            print(f"parity of images, {state}, run {number + 1}: {seconds[-1]:.2f} s", flush=True)
    for state, seconds in runs.items():
        yield Row(f"parity of images, {state}", f"{median(seconds):.2f} s", runs={Program.PARITY.value: seconds})


def _build(folder: Path) -> None:
    command = [sys.executable, "-m", "lambdaops_testbed.images", "--out", str(folder), "--quiet"]
    subprocess.run(command, check=True, timeout=300)
