# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program run in a container that may do nothing but compute: bounded, watched, and removed however it ends.

No network, a read-only system, an unprivileged user without capabilities, and bounds on memory, processes, time and
what is kept of its output. Which program, and what its output means, is not this file's business.

Should this process be killed (SIGKILL), its container stays, locked up as it is, until the next run removes it.

Source: Docker Engine API, ContainerCreate (HostConfig), ContainerAttach, ContainerInspect (State).
"""

from __future__ import annotations

import importlib
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import Any

from .errors import EngineFailed, ImageError

_LABEL = "lambdaops.deploy.runs"  # its value: until when the container may be there, in seconds since 1970
_KEPT = 64 << 10  # bytes of each stream, its last ones
_ANSWER = 32 << 10  # bytes of an answer
_GRACE = 60.0  # seconds for an engine to start and stop what it is asked to
_OPEN_FILES = 1024  # as in Lambda


@dataclass(frozen=True, slots=True)
class Run:
    """image: its ID or a name that the engine has. command: a program, found by the image's PATH, and its arguments.
    mounts: folders of this machine by the path where the container sees them. user: `uid:gid`. memory, scratch: MiB,
    the latter of /tmp, which is part of the former as far as it is used. seconds: from its start until it is killed.
    marker: a line of its output that begins with it is the answer."""

    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    mounts: Mapping[str, str]
    user: str
    memory: int
    scratch: int
    processes: int
    seconds: float
    marker: bytes


@dataclass(frozen=True, slots=True)
class Ran:
    """exit_code: None if it was killed at the end of its time, as a shell says it otherwise (128 + signal).
    answer: the line behind its marker, or b"". output, errors: the end of what it printed beside it; cut: whether there
    was more."""

    exit_code: int | None
    out_of_memory: bool
    seconds: float
    answer: bytes
    output: bytes
    errors: bytes
    cut: bool


Said = Callable[[str], AbstractContextManager[None]]


def run(api: Any, wanted: Run, said: Said, remove: Callable[[str], None], now: float) -> Ran:
    """api: the SDK's. said: turns its errors into EngineFailed. remove: a container, by name, whatever its state.
    now: seconds since 1970."""
    name = f"lambdaops-runs-{uuid.uuid4().hex}"  # chosen here: it is known even if the answer gets lost
    try:
        with said(f"create a container of {wanted.image}"):
            api.create_container(
                wanted.image,
                entrypoint=list(wanted.command),
                command=[],
                name=name,
                user=wanted.user,
                working_dir="/",
                environment=dict(wanted.environment),
                host_config=_host_config(api, wanted),
                labels={_LABEL: str(int(now + wanted.seconds + 2 * _GRACE))},
                healthcheck={"test": ["NONE"]},
                use_config_proxy=False,  # this machine's proxies may hold a password
            )
        ran = _watch(api, name, wanted, said)
    except BaseException:
        with suppress(ImageError):  # what went wrong first says more
            remove(name)
        raise
    remove(name)
    return ran


def remove_forgotten(api: Any, said: Said, remove: Callable[[str], None], now: float) -> None:
    """Containers of runs that were killed before they could remove them. now: seconds since 1970."""
    with said("list the containers of earlier runs"):
        found = api.containers(all=True, filters={"label": _LABEL})
        expired = [one["Id"] for one in found if _until(one.get("Labels") or {}) < now]
    for container in expired:
        remove(container)


def _until(labels: Mapping[str, str]) -> float:
    text = labels.get(_LABEL, "")
    return float(text) if text.isascii() and text.isdigit() else 0.0


def _host_config(api: Any, wanted: Run) -> Any:
    types = importlib.import_module("docker.types")
    return api.create_host_config(
        mem_limit=wanted.memory << 20,
        memswap_limit=wanted.memory << 20,  # no swap
        pids_limit=wanted.processes,
        network_mode="none",
        ipc_mode="none",  # Lambda has no /dev/shm either
        read_only=True,
        cap_drop=["ALL"],
        # SELinux would not let a container see a folder that is not labelled for it.
        security_opt=["no-new-privileges", "label=disable"],
        tmpfs={"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={wanted.scratch}m"},
        mounts=[types.Mount(target, source, type="bind", read_only=True) for target, source in wanted.mounts.items()],
        ulimits=[
            types.Ulimit(name="nofile", soft=_OPEN_FILES, hard=_OPEN_FILES),
            types.Ulimit(name="core", soft=0, hard=0),
        ],
        log_config=types.LogConfig(type="none"),  # what it prints is read here, and kept nowhere
    )


def _watch(api: Any, name: str, wanted: Run, said: Said) -> Ran:
    output, errors = _Stream(wanted.marker), _Stream(b"")
    with said("attach to a container"):
        chunks = api.attach(name, stdout=True, stderr=True, stream=True, demux=True)
    reader = threading.Thread(target=_read, args=(chunks, output, errors), name="lambdaops-run", daemon=True)
    reader.start()
    begun = time.monotonic()
    with said("start a container"):
        api.start(name)
    reader.join(wanted.seconds)
    if not reader.is_alive():
        with said("wait for a container"):
            _wait(api, name, begun + wanted.seconds - time.monotonic())
    seconds = time.monotonic() - begun
    with said("say how a run ended"):
        state = api.inspect_container(name)["State"]
    if killed := bool(state["Running"]):
        with suppress(EngineFailed), said("kill a container"):  # it may have ended in the meantime
            api.kill(name)
    reader.join(_GRACE)
    if reader.is_alive():
        raise EngineFailed("The engine does not end the output of a container that it has killed.")
    return Ran(
        exit_code=None if killed else int(state["ExitCode"]),
        out_of_memory=bool(state.get("OOMKilled")),
        seconds=seconds,
        answer=output.answer,
        output=bytes(output.end),
        errors=bytes(errors.end),
        cut=output.cut or errors.cut,
    )


def _wait(api: Any, name: str, seconds: float) -> None:
    """Until the container has stopped. Its output ends before it does where the program closes it."""
    try:
        api.wait(name, timeout=max(seconds, 1.0))
    except Exception as error:
        requests = importlib.import_module("requests")
        if not isinstance(error, requests.exceptions.ReadTimeout | requests.exceptions.ConnectionError):
            raise


def _read(chunks: Iterable[tuple[bytes | None, bytes | None]], output: _Stream, errors: _Stream) -> None:
    try:
        for printed, complained in chunks:
            output.feed(printed or b"")
            errors.feed(complained or b"")
    except Exception:
        return  # an engine that goes away; what it is asked next says so


class _Stream:
    """The end of what a program prints, and the line with the marker wherever it stood."""

    def __init__(self, marker: bytes) -> None:
        self._marker = b"\n" + marker if marker else b""
        self.end = bytearray()
        self.answer = b""
        self.cut = False

    def feed(self, chunk: bytes) -> None:
        if not chunk:
            return
        seen = max(0, len(self.end) - _ANSWER)
        self.end += chunk
        if self._marker and not self.answer:
            begin = self.end.find(self._marker, seen)
            stop = self.end.find(b"\n", begin + 1) if begin >= 0 else -1
            if stop >= 0:
                self.answer = bytes(self.end[begin + len(self._marker) : stop])
                del self.end[begin:stop]
        if len(self.end) > _KEPT:
            del self.end[:-_KEPT]
            self.cut = True
