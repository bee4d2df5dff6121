# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of `make test`, one nox session each; they use the environment in .venv, which `make setup` builds.

Each step prints one line; its output is kept under .cache/test/ and shown when it fails, or as it runs with V=1.
What was checked is counted into .cache/test/<part>.json, from which tests/tooling/parts.py prints the table.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox
from lambdaops_testbed.settings import read_settings
from lambdaops_testbed.shell import variables

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tests" / "tooling"))

from steps import Steps, count_junit, count_molecule, count_sanity  # noqa: E402

nox.options.default_venv_backend = "none"
nox.options.stop_on_first_error = False


def pytest(session: nox.Session, *folders: str) -> None:
    """Run the tests of some folders; the counts come from the report that pytest writes."""
    with Steps(session.name, session.posargs, session.error) as steps:
        junit = steps.folder / f"{session.name}.xml"
        command = ("pytest", *folders, f"--junit-xml={junit}")
        steps.run(f"pytest {' '.join(folders)}", *command, count=lambda _: count_junit(junit))


@nox.session
def lint(session: nox.Session) -> None:
    """ansible-lint with the profile production, yamllint, ruff and mypy."""
    with Steps(session.name, session.posargs, session.error) as steps:
        steps.check("ruff check", "ruff", "check", "--quiet", "--output-format", "concise", ".")
        steps.check("ruff format", "ruff", "format", "--check", "--output-format", "concise", ".")
        steps.check("mypy", "mypy")
        steps.check("yamllint", "yamllint", "--strict", ".")
        steps.check("ansible-lint", "ansible-lint", "--offline", "--strict")


@nox.session
def sanity(session: nox.Session) -> None:
    """ansible-test sanity on a copy of the collection."""
    with Steps(session.name, session.posargs, session.error) as steps:
        steps.run("ansible-test sanity", "python", "tests/tooling/sanity.py", count=count_sanity)


@nox.session
def unit(session: nox.Session) -> None:
    """Unit tests."""
    pytest(session, "tests/unit", "tests/benchmarks")


@nox.session
def testbed(session: nox.Session) -> None:
    """Tests of the testbed itself, and of modules against it."""
    pytest(session, "tests/testbed/tests", "tests/integration")


@nox.session
def fire(session: nox.Session) -> None:
    """Releases under fire, in the short form; LAMBDAOPS_SOAK=1 is the long one."""
    pytest(session, "tests/fire")


@nox.session
def molecule(session: nox.Session) -> None:
    """Scenarios: default starts the testbed, the others run against it, default stops it."""
    scenarios = {path.parent.name for path in ROOT.glob("extensions/molecule/*/molecule.yml")}
    with Steps(session.name, session.posargs, session.error) as steps:
        steps.run(
            "molecule test --all",
            *("molecule", "test", "--all", "--report"),
            count=lambda output: count_molecule(output, scenarios),
            environ=variables(read_settings(os.environ)),
        )
