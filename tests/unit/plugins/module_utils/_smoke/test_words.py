# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of the answer of a run, and of an end without one: outcome, words, findings, and nothing secret."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.runs import Ran
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Problem, Verdict
from ansible_collections.lambdaops.deploy.plugins.module_utils._smoke.words import Outcome, SmokeResult, result_of

SILENT = Ran(exit_code=0, out_of_memory=False, seconds=1.5, answer=b"", output=b"", errors=b"", cut=False)


def judged(ran: Ran, secrets: tuple[str, ...] = ()) -> SmokeResult:
    return result_of(ran, handler="app.handler", memory=128, limit=30.0, secrets=secrets)


def answered(stage: str, **told: object) -> Ran:
    answer = {"stage": stage, "interpreter": "Python 3.12.7", **told}
    return replace(SILENT, answer=json.dumps(answer).encode())


def test_what_is_imported_has_no_findings() -> None:
    assert judged(answered("done")) == SmokeResult(Outcome.IMPORTED, "", 1.5, (), "Python 3.12.7")


LIBRARY = "libpq.so.5: cannot open shared object file: No such file or directory"
VERSION = "/lib64/libc.so.6: version `GLIBC_2.38' not found (required by /var/task/numpy/core/_x.so)"
NODE = (
    "The module '/var/task/node_modules/a/a.node'\nwas compiled against a different Node.js version using\n"
    "NODE_MODULE_VERSION 115. This version of Node.js requires\nNODE_MODULE_VERSION 108."
)


@pytest.mark.parametrize(
    ("told", "file", "library", "version", "words", "hint"),
    [
        pytest.param(
            {"type": "ImportError", "message": LIBRARY, "place": "/var/task/psycopg2/__init__.py:51", "refused": True},
            ("psycopg2/__init__.py"), "libpq.so.5", "", f"ImportError: {LIBRARY}", "lib/", id="missing library",
        ),
        pytest.param(
            {"type": "ImportError", "message": VERSION, "place": "/var/task/app.py:1", "refused": True},
            "numpy/core/_x.so", "libc.so.6", "GLIBC_2.38", f"ImportError: {VERSION}", "older", id="missing version",
        ),
        pytest.param(
            {"type": "OSError", "message": LIBRARY, "place": "/opt/python/magic.py:3"},
            "python/magic.py", "libpq.so.5", "", f"OSError: {LIBRARY}", "lib/", id="what ctypes opens, of a layer",
        ),
        pytest.param(
            {"type": "ImportError", "message": "/var/task/x.so: invalid ELF header", "refused": True},
            "x.so", "", "", "ImportError: /var/task/x.so: invalid ELF header", "Linux", id="for another system",
        ),
        pytest.param(
            {"type": "ModuleNotFoundError", "message": "No module named 'numpy.core._x'", "refused": True},
            "app.handler", "", "", "ModuleNotFoundError: No module named 'numpy.core._x'", "layer", id="no module",
        ),
        pytest.param(
            {"type": "Error", "message": NODE, "place": "/var/task/index.js:1", "refused": True},
            "node_modules/a/a.node", "", "", "Error: " + NODE.replace("\n", " "), "rebuild", id="other Node.js",
        ),
        pytest.param(
            {"type": "Error", "message": "Could not load sharp", "causes": ["Error: no", f"Error: {LIBRARY}"]},
            "app.handler", "libpq.so.5", "", f"Error: Could not load sharp, from Error: {LIBRARY}", "lib/",
            id="the loader's words in a cause",
        ),
        pytest.param(
            {"type": "SyntaxError", "message": "invalid syntax", "place": "/var/task/app.py:2", "refused": True},
            "app.py", "", "", "SyntaxError: invalid syntax", "by hand", id="syntax",
        ),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_in_the_words_of_who_refused_it(
    told: dict[str, object], file: str, library: str, version: str, words: str, hint: str
) -> None:
    result = judged(answered("import", **told))
    assert (result.outcome, result.words) == (Outcome.REFUSED, words)
    (finding,) = result.findings
    assert (finding.problem, finding.verdict) == (Problem.LOAD, Verdict.BROKEN)
    assert (finding.file, finding.library, finding.version) == (file, library, version)
    assert finding.message.startswith(f"app.handler can't be imported: {words.rstrip('.')}")
    assert hint in finding.hint


ENTRY, LOAD, PERMISSION = Problem.ENTRY_POINT, Problem.LOAD, Problem.PERMISSION
BROKEN, UNKNOWN = Verdict.BROKEN, Verdict.UNKNOWN
KEY_ERROR = {"type": "KeyError", "message": "'TABLE'", "place": "/var/task/app.py:3"}
DENIED = {"type": "PermissionError", "message": "[Errno 13] Permission denied: '/var/task/conf.json'"}
HANG = b'Timeout (0:00:30)!\nThread 0x00007f (most recent call first):\n  File "/var/task/a/b.py", line 7 in poll\n'
THROWN = f"""
node:internal/modules/cjs/loader:1340
  return process.dlopen(module, path.toNamespacedPath(filename));
                 ^

Error: {LIBRARY}
    at Module._extensions..node (node:internal/modules/cjs/loader:1340:18)
    at Object.<anonymous> (/var/task/node_modules/a/index.js:1:1) {{
  code: 'ERR_DLOPEN_FAILED'
}}

Node.js v20.18.0
""".encode()


@pytest.mark.parametrize(
    ("ran", "outcome", "problem", "verdict", "words", "hint"),
    [
        pytest.param(answered("import", **KEY_ERROR), Outcome.FAILED, ENTRY, UNKNOWN, "KeyError: 'TABLE'",
                     "environment_variables", id="own exception"),
        pytest.param(answered("import", **DENIED), Outcome.FAILED, PERMISSION, BROKEN,
                     "PermissionError: [Errno 13] Permission denied: '/var/task/conf.json'", "chmod", id="unreadable"),
        pytest.param(answered("name", message="Bad handler 'app'"), Outcome.MISSING, ENTRY, BROKEN, "Bad handler 'app'",
                     "Correct the handler", id="handler without a dot"),
        pytest.param(answered("entry", type="AttributeError", message="no attribute 'x'"), Outcome.MISSING, ENTRY,
                     BROKEN, "AttributeError: no attribute 'x'", "Correct the handler", id="no such function"),
        pytest.param(answered("exit", exit=4), Outcome.ENDED, ENTRY, UNKNOWN, "it ended the process with exit code 4",
                     "why its code ends", id="Node.js says how it ended"),
        pytest.param(replace(SILENT, exit_code=3, errors=b"no TABLE\n"), Outcome.ENDED, ENTRY, UNKNOWN,
                     "it ended the process with exit code 3: no TABLE", "why its code ends", id="ended in silence"),
        pytest.param(replace(SILENT, exit_code=139), Outcome.CRASHED, LOAD, BROKEN,
                     "it was ended by the signal SIGSEGV", "by hand", id="crashed"),
        pytest.param(replace(SILENT, exit_code=255, errors=b"Illegal\n"), Outcome.CRASHED, LOAD, BROKEN,
                     "it was ended by signal 127: Illegal", "by hand", id="no signal of Linux"),
        pytest.param(replace(SILENT, exit_code=127, errors=b"node: symbol lookup error: x.so: undefined symbol: f\n\n"),
                     Outcome.REFUSED, LOAD, BROKEN, "node: symbol lookup error: x.so: undefined symbol: f",
                     "Build it against", id="the loader ends the process"),
        pytest.param(replace(SILENT, exit_code=3, errors=f"no {LIBRARY}\ngoing on without it\nno table\n".encode()),
                     Outcome.ENDED, ENTRY, UNKNOWN, "it ended the process with exit code 3: no table",
                     "why its code ends", id="ended after it went without a library"),
        pytest.param(replace(answered("exit", exit=1), exit_code=0, errors=THROWN), Outcome.REFUSED, LOAD, BROKEN,
                     f"Error: {LIBRARY}", "lib/", id="Node.js says what was thrown"),
        pytest.param(replace(SILENT, exit_code=137, out_of_memory=True), Outcome.OUT_OF_MEMORY, ENTRY, UNKNOWN,
                     "it needs more than 128 MiB of memory", "memory", id="killed for memory"),
        pytest.param(replace(SILENT, exit_code=134, errors=b"FATAL ERROR: JavaScript heap out of memory\n"),
                     Outcome.OUT_OF_MEMORY, ENTRY, UNKNOWN, "it needs more than 128 MiB of memory", "memory", id="V8"),
        pytest.param(replace(SILENT, exit_code=None), Outcome.TIMED_OUT, ENTRY, UNKNOWN,
                     "it was not imported within 30 seconds", "run_timeout", id="hangs"),
        pytest.param(replace(SILENT, exit_code=1, seconds=30.2, errors=HANG), Outcome.TIMED_OUT, ENTRY, UNKNOWN,
                     "it was not imported within 30 seconds, it was at /var/task/a/b.py:7", "run_timeout",
                     id="Python says where it hangs"),
        pytest.param(replace(SILENT, answer=b"{}", exit_code=1), Outcome.ENDED, ENTRY, UNKNOWN,
                     "it ended the process with exit code 1", "why its code ends", id="an empty answer"),
        pytest.param(replace(SILENT, answer=b"[1", exit_code=1), Outcome.ENDED, ENTRY, UNKNOWN,
                     "it ended the process with exit code 1", "why its code ends", id="an answer that is no JSON"),
    ],
)  # fmt: skip
def test_other_ends(ran: Ran, outcome: Outcome, problem: Problem, verdict: Verdict, words: str, hint: str) -> None:
    result = judged(ran)
    (finding,) = result.findings
    assert (result.outcome, result.words) == (outcome, words)
    assert (finding.problem, finding.verdict) == (problem, verdict)
    assert hint in finding.hint


def test_memory_that_ran_out_in_a_child_does_not_undo_an_import() -> None:
    assert judged(replace(answered("done"), out_of_memory=True)).outcome is Outcome.IMPORTED


def test_words_are_one_short_line() -> None:
    words = judged(answered("import", type="ImportError", message="a\x1b[31m\n" + "b" * 5000, refused=True)).words
    assert words.startswith("ImportError: a[31m b")
    assert len(words) == 1000
    assert words.isprintable()


def test_a_message_says_the_place_once() -> None:
    (finding,) = judged(answered("import", **KEY_ERROR)).findings
    assert finding.message == "app.handler can't be imported: KeyError: 'TABLE' (app.py:3)."
    (finding,) = judged(replace(SILENT, exit_code=1, seconds=30.2, errors=HANG)).findings
    assert finding.message.count("b.py:7") == 1


# --- values of the environment


SHARP = 'Could not load the "sharp" module using the linux-x64 runtime'


@pytest.mark.parametrize(
    ("told", "secrets", "hint"),
    [
        pytest.param(KEY_ERROR, (), "give `environment_variables`", id="no environment"),
        pytest.param(KEY_ERROR, ("orders",), "Look at what its code does when it is imported", id="with environment"),
        pytest.param({"type": "SystemExit", "message": "2"}, (), "why its code ends the process", id="sys.exit"),
        pytest.param({"type": "Error", "message": SHARP}, (), "Install its variant", id="sharp"),
    ],
)
def test_only_a_run_without_environment_is_told_to_give_one(
    told: dict[str, object], secrets: tuple[str, ...], hint: str
) -> None:
    (finding,) = judged(answered("import", **told), secrets).findings
    assert hint in finding.hint
    assert ("environment_variables" in finding.hint) == (hint == "give `environment_variables`")


@pytest.mark.parametrize("value", ["done", "name", "stage", "import", "true", "Python 3.12.7"])
def test_a_value_that_is_a_word_of_the_answer_changes_no_outcome(value: str) -> None:
    assert judged(answered("done"), (value,)).outcome is Outcome.IMPORTED


def test_values_are_masked_in_words_and_findings() -> None:
    ran = answered(
        "import", type="ValueError", message="bad tok-12345 in 'tok-12345'", place="/var/task/tok-12345.py:1",
        causes=[f"OSError: tok-12345: {LIBRARY}"],
    )  # fmt: skip
    assert "12345" not in repr(judged(ran, ("tok-12345",)))
    assert "********" in judged(ran, ("tok-12345",)).words
    assert "12345" not in repr(judged(replace(SILENT, exit_code=3, errors=b"x tok-12345\n"), ("tok-12345",)))


def test_short_values_are_left_in() -> None:
    assert judged(answered("import", type="E", message="abc abcd"), ("abc", "abcd")).words == "E: abc ********"


def test_what_the_loader_says_is_no_part_of_a_value() -> None:
    ran = answered("import", type="OSError", message=f"Hello: {LIBRARY}", place="/var/task/app.py:3")
    result = judged(ran, ("Hello, this shared object cannot be a secret", "postgres://me:hunter22@db.example/orders"))
    assert (result.outcome, result.findings[0].library) == (Outcome.REFUSED, "libpq.so.5")
