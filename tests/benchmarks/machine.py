# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of the benchmarks ran on: nothing that names a person's machine or its folders."""

from __future__ import annotations

import json
import os
import platform
from datetime import datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import requests


def machine(endpoint: str, load: float) -> dict[str, Any]:
    """Cores, processor and versions; LocalStack says its own. load: how busy the cores were before the run."""
    health = requests.get(f"{endpoint}/_localstack/health", timeout=10).json()
    manifest = json.loads((files("ansible_collections.amazon.aws") / "MANIFEST.json").read_text())
    return {
        "date": datetime.now().astimezone().date().isoformat(),
        "cores": os.cpu_count(),
        "load": round(load, 1),
        "processor": _processor(),
        "python": platform.python_version(),
        "ansible-core": version("ansible-core"),
        "amazon.aws": manifest["collection_info"]["version"],
        "botocore": version("botocore"),
        "localstack": health["version"],
    }


def sentence(found: dict[str, Any]) -> str:
    return (
        f"{found['date']}, {found['cores']} cores ({found['processor']}), Python {found['python']}, ansible-core "
        f"{found['ansible-core']}, amazon.aws {found['amazon.aws']}, botocore {found['botocore']}, LocalStack "
        f"{found['localstack']}; load average {found['load']} at the start"
    )


def _processor() -> str:
    """Linux says it in /proc/cpuinfo (x86), other systems in platform."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
