# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A smoke run: the handler is imported in the runtime image as Lambda's runtime would do it, and what is said is kept.

The container has no network, a read-only system and package, 512 MiB in /tmp, an unprivileged user, and an end
(`_image/runs.py`). Nothing of this machine's environment gets into it. The handler is imported, and not called.

Container and folder are removed however a run ends, also by SIGTERM, SIGHUP and SIGINT. After SIGKILL the container
stays until the next run, and the folder `lambdaops-smoke-*` until somebody cleans the folder of temporary files.
"""

from __future__ import annotations

import re
import secrets
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from .._image.credentials import FindLogin
from .._image.engine import Engine
from .._image.errors import EngineFailed
from .._image.image import Image
from .._image.runs import Ran, Run
from .._native.contents import FUNCTION_ROOT
from .._native.errors import NativeError
from . import node, python
from .folder import unpacked
from .image import image_in
from .words import SmokeResult, result_of

_USER = "993:990"  # sbx_user1051 of Lambda
_PROCESSES = 1024  # Lambda quotas, "Execution processes/threads"
_SCRATCH = 512  # MiB; Lambda quotas, "/tmp directory storage", by default
_ENDING = 2.0  # seconds for what is said at the end
_REGION = "us-east-1"  # software development kits refuse to be without one
_RUNTIME = re.compile(r"(?:python(\d+\.\d+)|nodejs(\d+)\.x)")


def run(
    engine: Engine,
    image: Image,
    package: str,
    layers: Sequence[str],
    handler: str,
    runtime: str,
    *,
    timeout: float,
    memory: int,
    environment: Mapping[str, str],
    find_login: FindLogin = lambda _host: None,
) -> SmokeResult:
    """Import `handler` of a package (zip or directory) over its layers in a container of the image.

    runtime: Lambda's name of it (`python3.12`, `nodejs20.x`). timeout: seconds. memory: MiB. environment: the
    function's; its values are in no word of the result. The image is pulled by its digest if the engine lacks it.
    Raises CodeError, NativeError, and what the engine raises.
    """
    marker = secrets.token_hex(16)
    command = _command(runtime, marker, handler, timeout)
    with _orderly_end(), unpacked(package, layers) as mounts:
        ran = _ran(
            engine,
            image,
            Run(
                image=image_in(engine, image, find_login),
                command=command,
                environment=_environment(runtime, handler, memory, environment),
                mounts=mounts,
                user=_USER,
                memory=memory,
                scratch=_SCRATCH,
                processes=_PROCESSES,
                seconds=timeout + _ENDING,
                marker=marker.encode(),
            ),
        )
    return result_of(ran, handler=handler, memory=memory, limit=timeout, secrets=environment.values())


def _command(runtime: str, marker: str, handler: str, timeout: float) -> tuple[str, ...]:
    found = _RUNTIME.fullmatch(runtime)
    if found is None:
        raise NativeError(
            f"A handler of {runtime or 'no runtime'} can't be imported here: only those of Python and Node.js can.",
            hint="Leave the smoke run out.",
        )
    if found[1]:
        return (f"python{found[1]}", "-c", python.SCRIPT, marker, handler, f"{timeout:g}")
    return ("node", "-e", node.SCRIPT, "--", marker, handler)


def _environment(runtime: str, handler: str, memory: int, environment: Mapping[str, str]) -> dict[str, str]:
    """What Lambda sets, as far as code can depend on it when it is imported; the image's own stays as it is.

    Source: AWS Lambda developer guide, "Defined runtime environment variables"; the bootstrap of its Node.js images.
    """
    found = _RUNTIME.fullmatch(runtime)
    layers = "/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task"
    node = {"NODE_PATH": f"/opt/nodejs/node{found[2]}/node_modules:{layers}"} if found and found[2] else {}
    return {
        **node,
        "TZ": ":UTC",
        **environment,
        "_HANDLER": handler,
        "AWS_DEFAULT_REGION": environment.get("AWS_REGION", _REGION),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
        "AWS_LAMBDA_FUNCTION_NAME": environment.get("AWS_LAMBDA_FUNCTION_NAME", "smoke-run"),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": environment.get("AWS_REGION", _REGION),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": FUNCTION_ROOT,
    }


def _ran(engine: Engine, image: Image, wanted: Run) -> Ran:
    program = wanted.command[0]
    try:
        ran = engine.run(wanted, time.time())
    except EngineFailed as error:
        if "executable file not found" in error.message or f"{program}: no such file" in error.message.lower():
            raise NativeError(
                f"{image.reference} has no {program} on its PATH.",
                hint="Give the image and the runtime that belong together.",
            ) from None
        if "bind source path does not exist" in error.message or "statfs" in error.message:
            raise NativeError(
                f"The engine at {engine.host} does not see this machine's files, so nothing can be run with them.",
                hint="Use an engine of this machine, or a folder that both have, with the environment variable TMPDIR.",
            ) from None
        if "exec format error" in error.message:
            raise _foreign(engine, image) from None
        raise
    if not ran.answer and b"exec format error" in ran.errors:
        raise _foreign(engine, image)
    return ran


def _foreign(engine: Engine, image: Image) -> NativeError:
    return NativeError(
        f"{image.reference} is for {image.config.platform.architecture}, and the engine at {engine.host} runs on "
        f"{engine.architecture()}.",
        hint="Run the task on such a machine, or let it emulate the other one (QEMU with binfmt_misc).",
    )


@contextmanager
def _orderly_end() -> Iterator[None]:
    """SIGTERM, by which tasks are ended, goes the way of an exception: container and folder are removed first."""

    def end(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # once is enough
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
