# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules in processes of their own, which can be started together and killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Self

LIMIT = 300  # seconds for one process, whatever it does


class Process:
    """One module that waits for its options. A process that is left behind is killed."""

    def __init__(self, module: ModuleType) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("gated.py")), module.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,
        )

    def ready(self) -> Self:
        assert self._popen.stdout is not None
        assert self._popen.stdout.readline() == "ready\n", self._popen.communicate(timeout=LIMIT)
        return self

    def go(self, **options: Any) -> Self:
        assert self._popen.stdin is not None
        self._popen.stdin.write(json.dumps(options) + "\n")
        self._popen.stdin.flush()
        return self

    def result(self) -> dict[str, Any]:
        printed, complaints = self._popen.communicate(timeout=LIMIT)
        assert "Traceback" not in complaints, complaints
        result: dict[str, Any] = json.loads(printed)
        return result

    def kill(self) -> None:
        """SIGKILL to all that it started, and an end to it."""
        if self._popen.poll() is None:
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.communicate(timeout=LIMIT)


@contextmanager
def waiting(module: ModuleType, count: int = 1) -> Iterator[list[Process]]:
    """So many processes, all ready to go."""
    processes: list[Process] = []
    try:
        processes += (Process(module) for _ in range(count))
        yield [process.ready() for process in processes]
    finally:
        for process in processes:
            process.kill()
