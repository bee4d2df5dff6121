# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run parts of the whole test through nox, and close with a table and one line: `N passed, N failed`.

A part that did not run, that checked nothing, or that skipped a check is a failure. Usage: parts.py [PART …]
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from environments import CACHE, ROOT
from steps import RESULTS, Counts

ALL = ("lint", "sanity", "unit", "testbed", "fire", "molecule")
REPORT = CACHE / "nox.json"


@dataclass(frozen=True)
class Part:
    """One part's outcome: `result` is a word for the table, `seconds` what it took."""

    name: str
    result: str
    seconds: float
    counts: Counts


def run_nox(parts: list[str]) -> None:
    """Run the parts' sessions; what became of each is read from the report, not from the exit code."""
    REPORT.unlink(missing_ok=True)
    for part in parts:
        (RESULTS / f"{part}.json").unlink(missing_ok=True)
    nox = Path(sys.executable).with_name("nox")
    command = [str(nox), "--noxfile", "noxfile.py", "--report", str(REPORT), "--sessions", *parts]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
    if not REPORT.is_file():
        print(f"nox ended with {done.returncode} before it wrote its report")


def read_part(name: str, sessions: dict[str, dict[str, object]]) -> Part:
    """Put together what nox says of a part and what the part counted."""
    session = sessions.get(name)
    counted = RESULTS / f"{name}.json"
    if session is None or not counted.is_file():
        return Part(name, "did not run", 0.0, Counts(failed=1))
    counts = Counts(**json.loads(counted.read_text()))
    result = "passed" if session["result"] == "success" else "FAILED"
    if counts == Counts():
        result, counts = "checked nothing", Counts(failed=1)
    elif counts.skipped:
        result = "FAILED" if counts.failed else f"{counts.skipped} did not run"
        counts = Counts(counts.passed, counts.failed + counts.skipped)
    elif result == "FAILED" and not counts.failed:
        counts += Counts(failed=1)
    return Part(name, result, float(str(session["duration"])), counts)


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - set(ALL)
    if unknown:
        sys.exit(f"There is no part {', '.join(sorted(unknown))}; the parts are {', '.join(ALL)}.")
    parts = [name for name in ALL if name in wanted] or list(ALL)
    RESULTS.mkdir(parents=True, exist_ok=True)
    run_nox(parts)
    sessions = {entry["name"]: entry for entry in json.loads(REPORT.read_text())["sessions"]} if REPORT.exists() else {}
    rows = [read_part(name, sessions) for name in parts]
    print(f"\n{'part':<10} {'result':<16} {'seconds':>8} {'passed':>7} {'failed':>7}")
    for row in rows:
        print(f"{row.name:<10} {row.result:<16} {row.seconds:>8.1f} {row.counts.passed:>7} {row.counts.failed:>7}")
    total = sum((row.counts for row in rows), Counts())
    closing = f"{total.passed} passed, {total.failed} failed"
    (RESULTS / "closing.txt").write_text(f"{closing}\n")
    print(f"\n{closing}", flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
