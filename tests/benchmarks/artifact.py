# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A package of 2,000 native files read by ours, from a zip and from a directory, beside pyelftools and auditwheel.

The files are this machine's own: libraries of the system, of Python, and of what is installed for the tests.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from statistics import median
from typing import Any

from parity import without_isal
from stage import Stage
from table import Artifact

ROUNDS, FILES, SIZE = 3, 2000, 240 << 20  # bytes: Lambda takes 250 MiB unzipped
OFTEN = 5  # runs of ours in a round: a few tenths of a second are as short as a machine's hiccups
_SCRIPT, _WATCHED = (Path(__file__).with_name(name) for name in ("elf_readers.py", "watched.py"))
_LIMIT = 300.0
_ELF = {b"\x7fELF\2\1\1" + bytes([system]) for system in (0, 3)}
_LINKED = (2, 3)  # ET_EXEC, ET_DYN
_FOLDERS = ("/usr/lib", "/usr/local/lib", sysconfig.get_config_var("LIBDIR"), sysconfig.get_path("platlib"))


class Way(Enum):
    """Who reads what, by the names of the table: reader, and whether it is the zip."""

    ZIP = ("ours, from a zip", "ours", True)
    ZLIB = ("ours, from a zip, without isal", "ours", True)
    DIRECTORY = ("ours, from a directory", "ours", False)
    PYELFTOOLS = ("pyelftools", "pyelftools", False)
    FEWER = ("pyelftools, no entry points", "pyelftools, no entry points", False)
    AUDITWHEEL = ("auditwheel", "auditwheel", False)


def artifact(stage: Stage) -> Iterator[Artifact]:
    print(f"artifact: a package of {FILES:,} native files is built once, in a minute", flush=True)
    folder = stage.folder.parent / "natives"
    if not folder.exists():
        _build(folder, stage.bed.cache)
    runs: dict[Way, list[dict[str, Any]]] = {way: [] for way in Way}
    for number in range(ROUNDS):
        for way in Way:
            environment = without_isal(stage.folder) if way is Way.ZLIB else {}
            found = [_run(way, folder, environment) for _run_of_round in range(OFTEN if way.value[1] == "ours" else 1)]
            runs[way] += found
            seconds = " ".join(f"{seen['seconds']:.2f}" for seen in found)
            print(f"{way.value[0]}, round {number + 1}: {seconds} s, {found[0]['files']} files", flush=True)
    alike = (Way.ZIP, Way.ZLIB, Way.DIRECTORY, Way.PYELFTOOLS)
    if len({run["digest"] for way in alike for run in runs[way]}) > 1:
        raise SystemExit("pyelftools reads other facts than we do.")
    yield from _rows(runs)


def _run(way: Way, folder: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    _name, reader, zipped = way.value
    report = folder / "watched.json"
    program = [sys.executable, "-P", str(_SCRIPT), reader, str(folder / ("package.zip" if zipped else "package"))]
    done = subprocess.run(
        [sys.executable, "-S", str(_WATCHED), str(report), *program],
        capture_output=True,
        timeout=_LIMIT,
        check=False,
        env={**os.environ, **environment},
    )
    watched = json.loads(report.read_text())
    if watched["status"]:
        raise SystemExit(f"{way.value[0]} failed: {done.stderr.decode(errors='replace').strip()[-500:]}")
    return {**json.loads(done.stdout), "peak": watched["peak"]}


def _rows(runs: Mapping[Way, list[dict[str, Any]]]) -> Iterator[Artifact]:
    seconds = {way: median(run["seconds"] for run in found) for way, found in runs.items()}
    for way, found in runs.items():
        faster = seconds[Way.PYELFTOOLS] / seconds[way]
        goal, met = "", None
        if way is Way.ZIP:
            goal, met = "< 1 s", seconds[way] < 1
        if way is Way.DIRECTORY:
            goal, met = "< 1 s, ≥ 30 times", seconds[way] < 1 and faster >= 30
        yield Artifact(
            way.value[0],
            int(found[0]["files"]),
            seconds[way],
            int(median(run["peak"] for run in found)),
            round(faster, 1),
            goal,
            met,
            {way.value[0]: found},
        )


def _build(folder: Path, cache: Path) -> None:
    """Both forms of the package; where there are too few files, some are in it twice under other names."""
    found = _natives([*_FOLDERS, str(cache / "localstack")])
    if not found:
        raise SystemExit("There are no ELF files here to read.")
    chance = random.Random(1)
    chance.shuffle(found)
    making, total = folder.with_name("natives.new"), 0
    shutil.rmtree(making, ignore_errors=True)
    chosen: list[Path] = []
    for number in range(FILES):
        # What is left is shared by those that are still to come, so that the last ones are as large as the first.
        share = 3 * (SIZE - total) // (FILES - number)
        fitting = next((index for index in range(len(found)) if found[index].stat().st_size <= share), 0)
        chosen.append(found.pop(fitting))
        found.append(chosen[-1])
        total += chosen[-1].stat().st_size
    with zipfile.ZipFile(_made(making / "package.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        for number, file in enumerate(chosen):
            name = f"{number % 40}/{number}/{file.name}"
            shutil.copyfile(file, _made(making / "package" / name))
            archive.write(making / "package" / name, name)
    making.rename(folder)


def _natives(folders: list[str]) -> list[Path]:
    """Each file once, also where several names lead to it."""
    found: dict[tuple[int, int], Path] = {}
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_symlink() or not path.is_file() or path.suffix == ".debug":
                continue
            with path.open("rb") as file:
                head = file.read(18)
            if head[:8] in _ELF and head[16] in _LINKED:
                state = path.stat()
                found.setdefault((state.st_dev, state.st_ino), path)
    return list(found.values())


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
