# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handlers of Python found and refused as AWS's own runtime client does it, which the testbed's LocalStack runs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._smoke.python import SCRIPT
from lambdaops_testbed.settings import read_settings

PYTHON = read_settings(os.environ).localstack_env / "bin" / "python"
# Their bootstrap puts the function's folder first before it asks for the handler.
THEIRS = """
import os, sys
from awslambdaric.bootstrap import _get_handler
from awslambdaric.lambda_runtime_exception import FaultException
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
try:
    _get_handler(sys.argv[1])
    print("done")
except FaultException as error:
    print(error.exception_type, error.msg, sep="\\n")
except BaseException as error:
    print(type(error).__name__, error, sep="\\n")
"""
STAGES = {
    "done": "done",
    "Runtime.MalformedHandlerName": "name",
    "Runtime.BuiltInModuleConflict": "name",
    "Runtime.HandlerNotFound": "entry",
    "Runtime.UserCodeSyntaxError": "import",
}


def said(root: Path, *arguments: str) -> str:
    environ = {"LAMBDA_TASK_ROOT": str(root), "PATH": os.defpath}
    command = [str(PYTHON), "-c", *arguments]
    done = subprocess.run(command, env=environ, cwd="/", capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


@pytest.mark.parametrize(
    ("files", "handler"),
    [
        ({"app.py": "handler = print"}, "app.handler"),
        ({"a/b/app.py": "handler = print"}, "a/b/app.handler"),
        ({"a/b/app.py": "handler = print"}, "a.b.app.handler"),
        ({"a/b.py": "handler = print", "a/__init__.py": "raise ValueError('x')"}, "a/b.handler"),
        ({"app.py": "handler = None"}, "app.handler"),
        ({"app.py": "class A: handler = print"}, "app.A.handler"),
        ({"app.py": "handler = print"}, "app"),
        ({"app.py": "handler = print"}, "app.py.handler"),
        ({"app.py": "handler = print"}, "./app.handler"),
        ({"app.py": "handler = print"}, "/app.handler"),
        ({"app.py": "handler = print"}, ".handler"),
        ({"app.py": "handler = print"}, "app."),
        ({"sys.py": "handler = print"}, "sys.handler"),
        ({"app.py": "handler = print"}, "app.other"),
        ({"app.py": "handler = print"}, "other.handler"),
        ({"app.py": "import nowhere"}, "app.handler"),
        ({"app.py": "from os import nowhere"}, "app.handler"),
        ({"app.py": "1 +"}, "app.handler"),
        ({"app.py": "import b", "b.py": "1 +"}, "app.handler"),
        ({"app.py": "raise KeyError('x')"}, "app.handler"),
        ({"app.py": "import ctypes; ctypes.CDLL('libnope.so.1')"}, "app.handler"),
        ({"app.py": "raise SystemExit(3)"}, "app.handler"),
        ({"json.py": "handler = 1", "app.py": "import json; handler = json.dumps"}, "app.handler"),
    ],
)
def test_it_comes_to_the_same_end(files: dict[str, str], handler: str, tmp_path: Path) -> None:
    for name, source in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    theirs, _line, message = said(tmp_path, THEIRS, handler).strip().partition("\n")
    lines = said(tmp_path, SCRIPT, "4d1e", handler, "30").splitlines()
    (ours,) = (json.loads(line.removeprefix("4d1e")) for line in lines if line.startswith("4d1e"))
    if theirs == "Runtime.ImportModuleError":  # theirs does not tell the handler's own module from others
        assert ours["stage"] in ("entry", "import")
        assert ours["refused"]
        assert message.endswith(ours["message"])
    elif theirs in STAGES:
        assert ours["stage"] == STAGES[theirs]
    else:
        assert (ours["stage"], ours["type"], ours["message"]) == ("import", theirs, message)
