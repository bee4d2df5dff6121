# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start a daemon process, wait until it answers, remember it by pid file, stop it with all that it started.

What each part runs is its own business (localstack_part.py, registry.py, engine.py); here is only what they share.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from .errors import TestbedError


@dataclass(frozen=True, slots=True)
class Status:
    """What `status` prints for one part; detail says where it listens, or why it does not."""

    name: str
    running: bool
    detail: str


class Part(Protocol):
    """Something that `up` starts and `down` stops.

    start() does nothing to a part that already runs; stop() nothing to one that does not. Both return one line for a
    person and raise TestbedError when it can't be done.
    """

    @property
    def name(self) -> str: ...

    def start(self) -> str: ...

    def stop(self) -> str: ...

    def status(self) -> Status: ...


@dataclass(frozen=True, slots=True)
class Daemon:
    """One background process; `folder` gets <name>.pid and <name>.log.

    ready: answers whether the process does its work yet; called often, so it must be quick and must not raise.
    precheck: runs before a process is started: prepares its folder, or refuses with a TestbedError (a taken port).
    patience and grace: seconds to wait for readiness, and between SIGTERM and SIGKILL.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    precheck: Callable[[], None] = lambda: None
    patience: float = 60.0
    grace: float = 15.0

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def pid(self) -> int | None:
        """The process id if the process that we started still runs."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            record = json.loads(self.pid_file.read_text())
            pid = int(record["pid"])
            if _born(pid) == record["born"] and _arguments(pid)[-len(record["arguments"]) :] == record["arguments"]:
                return pid
        return None

    def start(self) -> str:
        """Start it unless it runs and is ready. The environment given is the whole environment of the process."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with _alone(self.folder / f"{self.name}.lock"):
            begun = time.monotonic()
            pid = self.pid()
            if pid is not None and self.ready():
                return f"{self.name}: already up (pid {pid})"
            if pid is None:
                self.precheck()
                pid = self._spawn()
            self._await(pid, begun)
            return f"{self.name}: up after {time.monotonic() - begun:.1f} s (pid {pid})"

    def stop(self) -> str:
        with contextlib.ExitStack() as stack:
            if not self.folder.is_dir():
                return f"{self.name}: not running"
            stack.enter_context(_alone(self.folder / f"{self.name}.lock"))
            pid = self.pid()
            if pid is not None:
                self._end(pid)
            else:
                self._end_orphans()
            self.pid_file.unlink(missing_ok=True)
            return f"{self.name}: not running" if pid is None else f"{self.name}: stopped (pid {pid})"

    def tail(self, lines: int = 15) -> str:
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""

    def _spawn(self) -> int:
        try:
            with self.log.open("wb") as log:
                process = subprocess.Popen(
                    self.command,
                    cwd=self.folder,
                    env=dict(self.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise TestbedError(f"{self.name} can't be started: {self.command[0]}: {error.strerror}.") from error
        record = {"pid": process.pid, "born": _born(process.pid), "arguments": list(self.command[1:])}
        self.pid_file.write_text(json.dumps(record))
        return process.pid

    def _await(self, pid: int, begun: float) -> None:
        while not self.ready():
            if _born(pid) is None:
                self.pid_file.unlink(missing_ok=True)
                raise TestbedError(f"{self.name} ended while it was starting; its log is {self.log}.", self.tail())
            if time.monotonic() - begun > self.patience:
                self._end(pid)
                self.pid_file.unlink(missing_ok=True)
                raise TestbedError(
                    f"{self.name} was not ready after {self.patience:.0f} s and was stopped; its log is {self.log}.",
                    self.tail(),
                )
            time.sleep(0.1)

    def _end_orphans(self) -> None:
        """What a daemon that was killed left behind. Its number stays taken as long as its session has members."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            leader = int(json.loads(self.pid_file.read_text())["pid"])
            if _born(leader) is None:
                self._end(leader)

    def _end(self, pid: int) -> None:
        """SIGTERM to the leader; after it, or after the grace, SIGKILL to what is left of its session."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        limit = time.monotonic() + self.grace
        while _born(pid) is not None and time.monotonic() < limit:
            time.sleep(0.05)
        for member in _session(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)
        while _session(pid) and time.monotonic() < limit + 5:
            time.sleep(0.05)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One `up` or `down` of a part at a time."""
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from `state` on (proc(5)); the name before them may hold blanks and brackets."""
    return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()


def _born(pid: int) -> int | None:
    """Start time in clock ticks since boot, None for a process that is gone or only waits to be reaped.

    Together with the pid it identifies a process, which a pid alone does not.
    """
    with contextlib.suppress(OSError, IndexError):
        fields = _stat(pid)
        return None if fields[0] in "ZX" else int(fields[19])
    return None


def _arguments(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]


def _session(leader: int) -> list[int]:
    """All processes of a session, its leader included, that still run."""
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                fields = _stat(int(entry.name))
                if int(fields[3]) == leader and fields[0] not in "ZX":
                    members.append(int(entry.name))
    return members
