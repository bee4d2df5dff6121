# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts the probe in the runtime images, one container for each language, and takes its answers."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ..debian import require
from ..errors import TestbedError
from ..images.runtime_images import Debian, runtime_archive
from . import probe
from .packages import Package

_PACKAGES, _PROBE = "/packages", "/probe.py"
_PATIENCE = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class Told:
    """words: of the import, "" when it worked. ldd: what it says of each ELF file, by place (`/var/task/…`)."""

    words: str
    ldd: dict[str, str]


def tell(docker_host: str, cache: Path, packages: Sequence[Package]) -> dict[str, Told]:
    """By the names of the artifacts. cache: `Settings.cache`. Raises TestbedError."""
    docker = [str(require("docker", "docker.io")), f"--host={docker_host}"]
    shares: dict[tuple[Debian, str], list[Package]] = {}
    for package in packages:
        shares.setdefault((package.artifact.system, package.artifact.runtime), []).append(package)
    for system in dict.fromkeys(system for system, _runtime in shares):
        _run([*docker, "load", "--input", str(runtime_archive(cache, system))])
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda share: _answers(docker, share[0][0], share[1]), shares.items())
        return {name: told for share in answers for name, told in share.items()}


def _answers(docker: list[str], system: Debian, packages: Sequence[Package]) -> dict[str, Told]:
    root = packages[0].folder.parents[1]
    jobs = [
        {
            "name": package.artifact.name,
            "folder": f"{_PACKAGES}/{package.folder.relative_to(root)}",
            "command": probe.command(package.artifact.runtime, package.artifact.load),
        }
        for package in packages
    ]
    mounts = (f"--volume={root}:{_PACKAGES}:ro", f"--volume={probe.__file__}:{_PROBE}:ro")
    run = [*docker, "run", "--rm", "--interactive", "--network=none", *mounts, f"--entrypoint={probe.PYTHON}"]
    answers = map(json.loads, _run([*run, system.reference, _PROBE], json.dumps(jobs)).splitlines())
    # Node.js tells where a link leads to.
    return {a["name"]: Told(re.sub(rf"{_PACKAGES}/[^/]+/task\b", probe.TASK, a["words"]), a["ldd"]) for a in answers}


def _run(command: list[str], stdin: str = "") -> str:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    if done.returncode:
        raise TestbedError(f"`{' '.join(command[:3])} …` failed.", done.stdout[-2000:] + done.stderr[-2000:])
    return done.stdout
