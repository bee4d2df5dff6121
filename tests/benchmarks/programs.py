# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The programs that are measured, each as a process of its own: seconds, result, and whether it failed.

Seconds are those of the whole process, imports included. Which calls it made is for the testbed to say (stage.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from bed import ROLE
from payload import payload

_SCRIPT = Path(__file__).with_name("waiters.py")
_LIMIT = 180.0  # seconds; a program that takes longer is ended and counts as failed


class Program(Enum):
    """By the names that people know them by."""

    OURS = "lambdaops.deploy.lambda_safe_update"
    PARITY = "lambdaops.deploy.lambda_image_parity"
    PEER = "amazon.aws.lambda"
    PEER_ALIAS = "amazon.aws.lambda_alias"
    WAITERS = "botocore's waiters"


@dataclass(frozen=True)
class Task:
    """A program with its options, ready to start."""

    program: Program
    command: tuple[str, ...]
    stdin: bytes


@dataclass(frozen=True)
class Ran:
    """One process. `failure` is empty when there was none."""

    seconds: float
    result: dict[str, Any]
    failure: str


def task(program: Program, **options: Any) -> Task:
    if program is Program.WAITERS:
        # -P: the rooms beside it are not what its imports mean.
        return Task(program, (sys.executable, "-P", str(_SCRIPT)), json.dumps(options).encode())
    return Task(program, (sys.executable, "-"), payload(program.value, options))


def update(program: Program, name: str, zip_file: str | None, environment: dict[str, str] | None, **more: Any) -> Task:
    """One update in the words of a program; amazon.aws.lambda wants the whole function each time."""
    if program is Program.PEER:
        more |= {"runtime": "python3.12", "handler": "app.handler", "role": ROLE}
    return task(program, name=name, zip_file=zip_file, environment_variables=environment, **more)


def run(wanted: Task) -> Ran:
    """Run a program to its end, or to the end of the time that each one has."""
    begun = time.monotonic()
    try:
        done = subprocess.run(wanted.command, input=wanted.stdin, capture_output=True, timeout=_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return Ran(time.monotonic() - begun, {}, f"not done after {_LIMIT:.0f} s")
    seconds = time.monotonic() - begun
    try:
        result = json.loads(done.stdout)
    except ValueError:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        return Ran(seconds, {}, said[-1] if said else f"ended with {done.returncode} and said nothing")
    return Ran(seconds, result, str(result.get("msg")) if done.returncode else "")


def must_run(wanted: Task) -> Ran:
    """Run a program that can't be expected to fail here. Raises SystemExit with what it said."""
    ran = run(wanted)
    if ran.failure:
        raise SystemExit(f"{wanted.program.value} failed: {ran.failure}")
    return ran
