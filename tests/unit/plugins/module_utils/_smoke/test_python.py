# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program that imports a handler of Python, run by this machine's Python; in images: tests/integration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from ast import literal_eval
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._smoke.python import SCRIPT

MARKER = "5d0c1a"
Answer = dict[str, Any]


def imported(root: Path, handler: str, *, seconds: float = 20, **environment: str) -> tuple[Answer, str]:
    """The answer, and all that was printed beside it."""
    given = {"LAMBDA_TASK_ROOT": str(root), "LAMBDA_RUNTIME_DIR": str(root / "runtime"), **environment}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, MARKER, handler, str(seconds)],
        env={**given, "PATH": os.defpath},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    answers = [line for line in done.stdout.splitlines() if line.startswith(MARKER)]
    printed = done.stdout + done.stderr
    return (json.loads(answers[0].removeprefix(MARKER)) if answers else {"exit": done.returncode}), printed


@pytest.mark.parametrize(
    ("name", "source", "handler", "stage"),
    [
        ("app.py", "def handler(event, context): pass", "app.handler", "done"),
        ("src/api/app.py", "handler = print", "src/api/app.handler", "done"),
        ("src/api/app.py", "handler = print", "src.api.app.handler", "done"),
        ("app/__init__.py", "handler = print", "app.handler", "done"),
        ("app.py", "handler = None", "app.handler", "done"),
        ("app.py", "handler = print", "app", "name"),
        ("time.py", "handler = print", "time.handler", "name"),
        ("app.py", "handler = print", "app.other", "entry"),
        ("app.py", "handler = print", "other.handler", "entry"),
        ("app.py", "handler = print", "src/app.handler", "entry"),
        ("app.py", "import nowhere", "app.handler", "import"),
        ("app.py", "import app.nowhere", "app.handler", "import"),
        ("app.py", "1 +", "app.handler", "import"),
        ("app.py", "raise KeyError('TABLE')", "app.handler", "import"),
        ("app.py", "raise SystemExit(3)", "app.handler", "import"),
    ],
)
def test_a_handler_is_found_as_the_runtime_finds_it(
    tmp_path: Path, name: str, source: str, handler: str, stage: str
) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(source)
    answer, _printed = imported(tmp_path, handler)
    assert answer["stage"] == stage
    assert answer["interpreter"] == "Python {}.{}.{}".format(*sys.version_info[:3])


def told(tmp_path: Path, source: str) -> Answer:
    (tmp_path / "app.py").write_text(source)
    return imported(tmp_path, "app.handler")[0]


def test_an_exception_is_told_with_its_place_in_the_package(tmp_path: Path) -> None:
    (tmp_path / "inner.py").write_text("import json\n\njson.loads('{')")
    answer = told(tmp_path, "import inner")
    assert answer["type"] == "JSONDecodeError"
    assert answer["place"] == f"{tmp_path}/inner.py:3"
    assert answer["refused"] is False


def test_wrong_syntax_is_told_with_its_line(tmp_path: Path) -> None:
    answer = told(tmp_path, "\n\nmatch = = 1")
    assert (answer["type"], answer["place"], answer["refused"]) == ("SyntaxError", f"{tmp_path}/app.py:3", True)


def test_what_it_was_raised_from_is_told_and_what_was_caught_before_is_not(tmp_path: Path) -> None:
    answer = told(tmp_path, "try:\n import no\nexcept ImportError as e:\n raise RuntimeError('no driver') from e")
    assert (answer["causes"], answer["refused"]) == (["ModuleNotFoundError: No module named 'no'"], True)
    answer = told(tmp_path, "try:\n import no\nexcept ImportError:\n raise RuntimeError('no driver')")
    assert (answer["causes"], answer["refused"]) == ([], False)


def test_what_the_handler_prints_closes_and_replaces_hides_no_answer(tmp_path: Path) -> None:
    source = "import os, sys\nprint('begun')\nsys.stdout = sys.stderr = None\nos.close(1)\nhandler = print"
    assert told(tmp_path, source)["stage"] == "done"
    (tmp_path / "app.py").write_text("print('begun', end='')\nhandler = print")
    answer, printed = imported(tmp_path, "app.handler")
    assert answer["stage"] == "done"
    assert not printed.startswith("begun")  # what is buffered is lost with the process


def test_no_thread_and_no_exit_handler_runs_on(tmp_path: Path) -> None:
    source = (
        "import atexit, threading\natexit.register(print, 'later')\n"
        "threading.Thread(target=threading.Event().wait).start()\nhandler = print"
    )
    (tmp_path / "app.py").write_text(source)
    answer, printed = imported(tmp_path, "app.handler")
    assert answer["stage"] == "done"
    assert "later" not in printed


def test_arguments_tell_the_handler_nothing(tmp_path: Path) -> None:
    assert MARKER not in told(tmp_path, "import sys\nraise ValueError(sys.argv)")["message"]


def test_where_it_hangs_is_printed(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import threading\nthreading.Event().wait()")
    answer, printed = imported(tmp_path, "app.handler", seconds=0.5)
    assert answer == {"exit": 1}
    assert "Timeout (" in printed
    assert f'File "{tmp_path}/app.py", line 2' in printed


def test_an_exception_that_can_not_be_told_is_one_all_the_same(tmp_path: Path) -> None:
    answer = told(tmp_path, "class Odd(Exception):\n def __str__(self): return self.no\nraise Odd")
    assert (answer["type"], answer["message"]) == ("Odd", "")


def test_odd_text_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, "raise ValueError('\\udcff \\u00fc \\n')")["message"] == "\udcff ü \n"


# --- the search path

SEARCH = "import sys\nraise ValueError(repr(sys.path))"


def test_modules_are_searched_in_the_runtimes_order(tmp_path: Path) -> None:
    version = "python{}.{}".format(*sys.version_info[:2])
    path = literal_eval(told(tmp_path, SEARCH)["message"])
    assert path[:3] == [str(tmp_path), f"/opt/python/lib/{version}/site-packages", "/opt/python"]
    assert path[4] == str(tmp_path / "runtime")
    assert "" not in path


def test_with_a_pythonpath_layers_are_where_it_names_them(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SEARCH)
    answer, _printed = imported(tmp_path, "app.handler", PYTHONPATH="/opt/mine")
    path = literal_eval(answer["message"])
    assert path[0] == str(tmp_path)
    assert "/opt/mine" in path
    assert "/opt/python" not in path


def test_a_module_of_the_package_comes_before_the_standard_librarys_but_not_in_the_program(tmp_path: Path) -> None:
    for name in ("json", "faulthandler", "colorsys"):
        (tmp_path / f"{name}.py").write_text("mine = True")
    answer = told(tmp_path, "import colorsys\nhandler = colorsys.mine")
    assert answer["stage"] == "done"


def test_pth_files_of_the_package_count(tmp_path: Path) -> None:
    (tmp_path / "vendored").mkdir()
    (tmp_path / "vendored" / "dependency.py").write_text("")
    (tmp_path / "own.pth").write_text("vendored\n")
    assert told(tmp_path, "import dependency\nhandler = print")["stage"] == "done"


def test_it_runs_where_lambda_runs_it(tmp_path: Path) -> None:
    (tmp_path / "settings.ini").write_text("")
    assert told(tmp_path, "open('settings.ini')\nhandler = print")["stage"] == "done"
