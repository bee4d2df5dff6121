# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Docker engine as a part of the testbed: root's own, on a socket and a data root in the cache folder.

Other users can't start one: for them the part is the engine that DOCKER_HOST, or the usual socket, names. The
engine of the testbed has no bridge and changes no firewall rules; containers that need a network take the host's.
"""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import debian
from .errors import TestbedError
from .process import Daemon, Status
from .settings import Settings

NAME = "engine"
PROGRAM, PACKAGE = "dockerd", "docker.io"
_USUAL_SOCKET = Path("/var/run/docker.sock")
_LONGEST_SOCKET = 107  # unix(7): sun_path holds 108 bytes, the last of them zero


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine that the testbed starts and stops itself."""

    settings: Settings

    @property
    def name(self) -> str:
        return NAME

    @property
    def folder(self) -> Path:
        return self.settings.state / NAME

    @property
    def socket(self) -> Path:
        return self.folder / "docker.sock"

    @property
    def docker_host(self) -> str:
        """What DOCKER_HOST is set to for its clients."""
        return f"unix://{self.socket}"

    def start(self) -> str:
        longest = self.folder / "run" / "containerd" / "containerd-debug.sock"
        over = len(os.fsencode(longest)) - _LONGEST_SOCKET
        if over > 0:
            raise TestbedError(
                f"The engine's sockets below {self.folder} would have names {over} bytes longer than Linux allows: "
                "name a shorter cache folder with LAMBDAOPS_CACHE."
            )
        program = debian.require(PROGRAM, PACKAGE)
        command = (
            str(program),
            f"--host={self.docker_host}",
            f"--data-root={self.folder / 'images'}",
            f"--exec-root={self.folder / 'run'}",
            f"--pidfile={self.folder / 'dockerd.pid'}",
            f"--config-file={self._config()}",
            "--bridge=none",
            "--iptables=false",
            "--ip-masq=false",
        )
        return f"{self._daemon(command).start()}, {self.docker_host}"

    def stop(self) -> str:
        line = self._daemon(()).stop()
        self._unmount()
        return line

    def status(self) -> Status:
        daemon = self._daemon(())
        pid = daemon.pid()
        if pid is None:
            return Status(NAME, running=False, detail="not running")
        ready = "ready" if answers(self.socket) else "not ready"
        return Status(NAME, running=True, detail=f"{self.docker_host}, pid {pid}, {ready}; log {daemon.log}")

    def _unmount(self) -> None:
        """What dockerd leaves behind: a host-network container's name space, anything if it was killed.

        As long as something is mounted below it, nobody can remove the cache folder.
        """
        below = f"{os.path.realpath(self.folder)}/"
        mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for place in reversed(mounted):
            if place.startswith(below):
                subprocess.run([debian.require("umount", "mount"), place], capture_output=True, check=False)

    def _config(self) -> Path:
        """A file of its own, for the machine's /etc/docker/daemon.json may contradict the options above."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "daemon.json"
        path.write_text("{}\n")
        return path

    def _daemon(self, command: tuple[str, ...]) -> Daemon:
        return Daemon(
            name=NAME,
            command=command,
            folder=self.folder,
            environment={"PATH": debian.search_path(), "HOME": os.environ.get("HOME", "/")},
            ready=lambda: answers(self.socket),
            grace=30.0,  # it stops its containers and its containerd first
        )


@dataclass(frozen=True, slots=True)
class ForeignEngine:
    """An engine that runs already and belongs to somebody else: used, never started or stopped."""

    @property
    def name(self) -> str:
        return NAME

    @property
    def docker_host(self) -> str:
        found = running_engine()
        if found is None:
            raise TestbedError(
                "No Docker engine answers at DOCKER_HOST or /var/run/docker.sock, and only root can start one: "
                "start one, point DOCKER_HOST at its unix socket, or run this as root."
            )
        return f"unix://{found}"

    def start(self) -> str:
        return f"{NAME}: using the one that runs, {self.docker_host}"

    def stop(self) -> str:
        return f"{NAME}: not running"

    def status(self) -> Status:
        found = running_engine()
        detail = f"unix://{found}, not of the testbed" if found else "not running"
        return Status(NAME, running=found is not None, detail=detail)


def part(settings: Settings) -> Engine | ForeignEngine:
    return Engine(settings) if os.geteuid() == 0 else ForeignEngine()


def running_engine() -> Path | None:
    """The socket of the engine that a docker command would use, if it answers; unix sockets only."""
    host = os.environ.get("DOCKER_HOST") or f"unix://{_USUAL_SOCKET}"
    path = Path(host.removeprefix("unix://"))
    return path if host.startswith("unix://") and answers(path) else None


def answers(path: Path) -> bool:
    """Whether a Docker engine answers on the unix socket."""
    connection = http.client.HTTPConnection("localhost", timeout=5)
    try:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(5)
        connection.sock.connect(str(path))
        connection.request("GET", "/_ping")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
