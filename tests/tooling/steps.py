# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the steps of one part of `make test`, quietly, and count what they checked. Knows no part in particular."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from xml.etree import ElementTree

from environments import CACHE, ROOT

RESULTS = CACHE / "test"


@dataclass(frozen=True)
class Counts:
    """How many checks passed, failed, and were not run though they exist."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


Count = Callable[[str], Counts]


def count_junit(path: Path) -> Counts:
    """Counts of a pytest run, from the report that it wrote; none where it wrote no report."""
    if not path.is_file():
        return Counts()
    totals = Counts()
    for suite in ElementTree.parse(path).iter("testsuite"):
        tests, failures, errors, skipped = (int(suite.get(k, "0")) for k in ("tests", "failures", "errors", "skipped"))
        failed = failures + errors
        totals += Counts(tests - failed - skipped, failed, skipped)
    return totals


def count_sanity(output: str) -> Counts:
    """Counts of ansible-test sanity, from its announcements and its closing summary."""
    announced = len(set(re.findall(r'^Running sanity test "([^"]+)"', output, re.MULTILINE)))
    summary = re.search(r"The (\d+) sanity test\(s\) listed below", output)
    failed = int(summary[1]) if summary else 0
    return Counts(announced - failed, failed)


def count_molecule(output: str, scenarios: set[str]) -> Counts:
    """Counts of molecule scenarios, from its recap; those that it does not name were not run.

    The recap has one line for each visit of a scenario, with how many of its actions ended how.
    """
    recap = output.rpartition("SCENARIO RECAP")[2]
    visits = re.findall(r"^(\S+)\s*:\s*actions=.*failed=(\d+)", recap, re.MULTILINE)
    visited = {name for name, _ in visits}
    failed = {name for name, failures in visits if int(failures)}
    return Counts(len(visited - failed), len(failed), len(scenarios - visited))


def tool_environ() -> dict[str, str]:
    """The environment of every step: our tools first, Ansible's folders under .cache, our collection in sight."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environ.pop("PYTHONPATH", None)
    environ.pop("PYTHONHOME", None)
    venv = ROOT / ".venv"
    return environ | {
        "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(venv),
        "ANSIBLE_HOME": str(CACHE / "ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(CACHE / "collections"),
        "LAMBDAOPS_CACHE": str(CACHE),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(CACHE / "hypothesis"),
        "NO_COLOR": "1",
        "ANSIBLE_NOCOLOR": "1",
    }


class Steps:
    """The steps of one part: each runs even when an earlier one failed; `fail` is called at the end if any did.

    extra: what the caller adds to the commands that make many checks, `nox -s unit -- -k name`.
    """

    def __init__(self, part: str, extra: list[str], fail: Callable[[], object]) -> None:
        self.part = part
        self.extra = extra
        self.fail = fail
        self.folder = RESULTS
        self.counts = Counts()
        self.failed = False
        self.verbose = os.environ.get("V", "") not in ("", "0")

    def __enter__(self) -> Steps:
        self.folder.mkdir(parents=True, exist_ok=True)
        for stale in self.folder.glob(f"{self.part}.*"):
            stale.unlink()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        (self.folder / f"{self.part}.json").write_text(json.dumps(asdict(self.counts)))
        if self.failed and kind is None:
            self.fail()

    def check(self, name: str, *command: str) -> None:
        """Run a tool that is one check by itself."""
        self._finish(name, *self._execute(command, {}), count=None)

    def run(self, name: str, *command: str, count: Count, environ: Mapping[str, str] | None = None) -> None:
        """Run a tool that makes many checks, which `count` reads from its output."""
        self._finish(name, *self._execute((*command, *self.extra), environ or {}), count=count)

    def _execute(self, command: tuple[str, ...], environ: Mapping[str, str]) -> tuple[int, str, float]:
        started = time.monotonic()
        lines = []
        log = self.folder / f"{self.part}.log"
        with (
            log.open("a") as kept,
            subprocess.Popen(
                command,
                cwd=ROOT,
                env={**tool_environ(), **environ},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            ) as process,
        ):
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                kept.write(line)
                if self.verbose:
                    print(line, end="", flush=True)
        return process.returncode, "".join(lines), time.monotonic() - started

    def _finish(self, name: str, code: int, output: str, seconds: float, *, count: Count | None) -> None:
        counts = count(output) if count else Counts(passed=int(code == 0), failed=int(code != 0))
        if code and not counts.failed:
            counts += Counts(failed=1)
        self.counts += counts
        self.failed |= bool(code) or bool(counts.failed)
        if code and not self.verbose:
            print(output, end="" if output.endswith("\n") else "\n")
        print(f"{self.part}: {name} {'FAILED' if code else 'passed'}, {seconds:.1f} s", flush=True)
