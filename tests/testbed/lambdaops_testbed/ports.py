# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who listens on a local port: asked before a part is started, so that a taken port is named with its owner.

Reads /proc only; another user's process is found but stays nameless.
"""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

from .errors import TestbedError
from .settings import HOST

LISTEN = "0A"  # Linux, include/net/tcp_states.h: TCP_LISTEN


def require_free(port: int, purpose: str, variable: str) -> None:
    """Raises TestbedError when something already listens on the port; variable is the make variable that changes it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise TestbedError(
                f"Port {port} for {purpose} needs more rights than this user has: "
                f"choose one above 1023 with `make up {variable}={port + 10000}`."
            ) from None
        except OSError:
            pass
        else:
            return
    by = owner(port) or "another process"
    other = port + 1 if port < 65535 else port - 1
    raise TestbedError(
        f"Port {port} for {purpose} is taken by {by}: choose another with {variable}={other}, "
        f"`make up {variable}={other}` for example."
    )


def owner(port: int) -> str:
    """`name (pid 123)` of the process that listens on the port, or nothing when it can't be known."""
    inodes = _listening_inodes(port)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            for fd in (entry / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if os.readlink(fd) in inodes:
                        words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                        return f"`{' '.join(words).strip()[:80]}` (pid {entry.name})"
    return ""


def _listening_inodes(port: int) -> set[str]:
    found: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                columns = line.split()
                if columns[3] == LISTEN and int(columns[1].rsplit(":", 1)[1], 16) == port:
                    found.add(f"socket:[{columns[9]}]")
    return found
