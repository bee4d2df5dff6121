# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A drifted pair of images of AWS's size compared, beside what people do instead: pull both and look, or copy both.

A registry and an engine on this machine; what was asked of the registry is counted in its own log.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from statistics import median

from bed import free_port
from image_pair import BUILD_TAG, CAT, NODE, RUNTIME_TAG, image_pair
from lambdaops_testbed import engine, registry
from lambdaops_testbed.debian import require
from lambdaops_testbed.images.push import push
from lambdaops_testbed.registry import Registry
from lambdaops_testbed.settings import read_settings
from programs import Program, task
from stage import Stage
from table import Comparison

RUNS = 3
_SCRIPT = Path(__file__).with_name("watched.py")
_LIMIT = 300.0
# Of the registry's log, in the form of Apache's: the status and how many bytes were sent.
_ACCESS = re.compile(r'" (?P<status>\d{3}) (?P<size>\d+) "')


class Way(Enum):
    """How to find out, by the names of the table."""

    COLD = "parity, cold"
    ZLIB = "parity, cold, without isal"
    WARM = "parity, warm"
    DOCKER = "docker pull + run cat, both"
    SKOPEO = "skopeo copy, both"


@dataclass(frozen=True)
class Reading:
    """One run. requests and size: as the registry's log has them; peak: of the process alone, in bytes."""

    requests: int
    size: int
    seconds: float
    peak: int


def parity(stage: Stage) -> Iterator[Comparison]:
    print("parity: a pair of images of AWS's size is built once, in two minutes or more", flush=True)
    images = image_pair(stage.bed.cache)
    settings = read_settings({**os.environ, "LAMBDAOPS_CACHE": str(stage.bed.cache), "REGISTRY_PORT": str(free_port())})
    served, docker = registry.part(settings), engine.part(settings)
    with _started(served), _started(docker):
        for repository, tag in ((NODE.runtime, RUNTIME_TAG), (NODE.build, BUILD_TAG)):
            push(images / repository, tag, served.url, repository)
        runs: dict[Way, list[Reading]] = {way: [] for way in Way}
        for number in range(RUNS):
            for way, run in _ways(stage.folder, served, docker.docker_host).items():
                runs[way].append(run())
                one = runs[way][-1]
                print(f"{way.value}, run {number + 1}: {one.seconds:.2f} s, {one.requests} requests", flush=True)
    yield from _rows(runs)


@contextmanager
def _started(part: Registry | engine.Engine | engine.ForeignEngine) -> Iterator[None]:
    part.start()
    try:
        yield
    finally:
        part.stop()


def _ways(folder: Path, served: Registry, docker_host: str) -> Mapping[Way, partial[Reading]]:
    """Each ends as it began, but for the cache that `warm` needs: it runs after `cold`."""
    copies, cache = folder / "copies", folder / "parity"
    names = [
        f"127.0.0.1:{served.port}/{NODE.build}:{BUILD_TAG}",
        f"127.0.0.1:{served.port}/{NODE.runtime}:{RUNTIME_TAG}",
    ]
    ours = task(
        Program.PARITY,
        runtime="nodejs20.x",
        registry_mirrors={"public.ecr.aws": served.url},
        cache_dir=str(cache),
        fail_on="never",
    )
    run = partial(_run, served, ours.command, ours.stdin)
    docker = [str(require("docker", "docker.io")), "--host", docker_host]
    cat = ["--network=none", "--entrypoint", f"/{Path(CAT).parent}/ld-linux-x86-64.so.2"]
    inside = ["--library-path", f"/{Path(CAT).parent}", f"/{CAT}", "/etc/os-release"]
    pull = [[*docker, "pull", "--quiet", name] for name in names]
    look = [[*docker, "run", "--rm", *cat, name, *inside] for name in names]
    forget = [*docker, "image", "rm", "--force", *names]
    skopeo = [str(require("skopeo", "skopeo")), "copy", "--quiet", "--src-tls-verify=false"]
    copy = [[*skopeo, f"docker://{name}", f"dir:{copies}/{number}"] for number, name in enumerate(names)]
    return {
        Way.ZLIB: partial(run, before=partial(_remove, cache), environment=without_isal(folder)),
        Way.COLD: partial(run, before=partial(_remove, cache)),
        Way.WARM: run,
        Way.DOCKER: partial(_run, served, _shell(pull + look), b"", after=partial(_call, forget)),
        Way.SKOPEO: partial(
            _run, served, _shell([["mkdir", "-p", str(copies)], *copy]), b"", after=partial(_remove, copies)
        ),
    }


def _run(
    served: Registry,
    command: tuple[str, ...],
    stdin: bytes,
    *,
    before: partial[None] | None = None,
    after: partial[None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Reading:
    """Raises SystemExit with what the command said when it fails."""
    if before:
        before()
    log, report = served.folder / f"{served.name}.log", served.folder / "watched.json"
    begun = log.stat().st_size
    done = subprocess.run(
        [sys.executable, "-S", str(_SCRIPT), str(report), *command],
        input=stdin,
        capture_output=True,
        timeout=_LIMIT,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    seen = json.loads(report.read_text())
    if seen["status"]:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise SystemExit(f"{shlex.join(command)[:200]} failed: {said[-500:]}")
    with log.open() as file:
        file.seek(begun)
        asked = [int(found["size"]) for found in map(_ACCESS.search, file) if found]
    if after:
        after()
    return Reading(len(asked), sum(asked), round(seen["seconds"], 3), seen["peak"])


def _shell(commands: list[list[str]]) -> tuple[str, ...]:
    return ("sh", "-e", "-c", "\n".join(map(shlex.join, commands)))


def _remove(*folders: Path) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _call(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=_LIMIT)


def without_isal(folder: Path) -> dict[str, str]:
    """An environment in which isal can't be imported."""
    hidden = folder / "without-isal" / "isal"
    hidden.mkdir(parents=True, exist_ok=True)
    (hidden / "__init__.py").write_text('raise ImportError("not in this measurement")\n')
    return {"PYTHONPATH": str(hidden.parent)}


def _rows(runs: Mapping[Way, list[Reading]]) -> Iterator[Comparison]:
    middle = {way: _median(found) for way, found in runs.items()}
    docker = middle[Way.DOCKER]
    for way, one in middle.items():
        faster = docker.seconds / one.seconds
        goal, met = "", None
        if way is Way.COLD:
            goal, met = "≥ 3 times, no more MB", faster >= 3 and one.size <= docker.size
        if way is Way.WARM:
            goal, met = "≥ 50 times, ≤ 4 requests", faster >= 50 and one.requests <= 4
        ours = way in (Way.COLD, Way.ZLIB, Way.WARM)
        yield Comparison(
            way.value,
            one.requests,
            one.size,
            one.seconds,
            one.peak if ours else None,
            round(faster, 1),
            goal,
            met,
            {way.value: [asdict(reading) for reading in runs[way]]},
        )


def _median(runs: list[Reading]) -> Reading:
    return Reading(
        int(median(one.requests for one in runs)),
        int(median(one.size for one in runs)),
        median(one.seconds for one in runs),
        int(median(one.peak for one in runs)),
    )
