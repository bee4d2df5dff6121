# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure updates beside amazon.aws.lambda and botocore's waiters, parity beside docker, and artifacts beside
pyelftools, in one run.

Prints a line for each measurement and a table at the end, and keeps all numbers in .cache/bench/latest.json. Numbers of
two runs or two machines can't be compared; the ratios of one run can. It starts a LocalStack of its own on a free port.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from artifact import artifact
from bed import Bed, free_port
from lambdaops_testbed.shell import point_at
from machine import machine, sentence
from parity import parity
from programs import Program, run, task
from releases import releases
from saved import document
from stage import Stage
from table import NOTES, Line, terminal, verdict
from updates import aliased, updates
from writers import writers

PARTS: dict[str, Callable[[Stage], Iterator[Line]]] = {
    "updates": updates,
    "alias": aliased,
    "writers": writers,
    "releases": releases,
    "parity": parity,
    "artifact": artifact,
}
CACHE = Path(os.environ["LAMBDAOPS_CACHE"])
BENCH = CACHE / "bench"
SAVED = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench", description="Measure against the goals.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)}; all when left out")
    parser.add_argument("--save", action="store_true", help="write what was measured into docs/benchmarks.md as well")
    wanted = parser.parse_args(arguments)
    if unknown := set(wanted.parts) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, _end)
    BENCH.mkdir(parents=True, exist_ok=True)
    bed = Bed(BENCH, free_port())
    begun, load = time.monotonic(), os.getloadavg()[0]
    try:
        up = bed.command("up")
        if up.returncode:
            raise SystemExit(up.stderr)
        measured, where = measure(bed, wanted.parts or list(PARTS), load)
    finally:
        bed.command("down")
    kept, rows = BENCH / "latest.json", [row for part in measured.values() for row in part]
    kept.write_text(json.dumps({**where, "rows": [asdict(row) for row in rows]}, indent=2, ensure_ascii=False) + "\n")
    notes = "\n".join(textwrap.fill(note, 100) for note in (sentence(where), *NOTES))
    print(f"\n{terminal(rows)}\n\n{notes}\n\n{verdict(rows)}")
    print(f"Took {time.monotonic() - begun:.0f} s; kept in {kept.relative_to(CACHE.parent)}", end="")
    if wanted.save:
        SAVED.write_text(document(measured, where, SAVED.read_text() if SAVED.exists() else ""))
        print(f" and {SAVED.relative_to(SAVED.parents[1])}", end="")
    print(".")
    return 0


def measure(bed: Bed, parts: list[str], load: float) -> tuple[dict[str, list[Line]], dict[str, object]]:
    """Rows by part, and what they were measured on."""
    point_at(bed.settings, os.environ)
    folder = BENCH / "packages"
    folder.mkdir(exist_ok=True)
    for program in Program:
        run(task(program))  # refused for want of options; what it needs is built and read once
    stage = Stage(bed, folder)
    measured = {name: list(part(stage)) for name, part in PARTS.items() if name in parts}
    return measured, machine(bed.endpoint, load)


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
