# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of packages inside a runtime image: a real import, and ldd of each ELF file, in one container.

The container runs this very file (Python 3.9 and the standard library suffice). Standard input: JSON, a list of
`{"name": …, "folder": …, "command": […]}`; for each, one line of JSON goes to standard output, by name: `words`, what
the language said ("" when the import worked), and `ldd`, its output for each ELF file. Each import is a process of its
own, so that one that crashes takes no other with it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

TASK = "/var/task"
PYTHON = "/var/lang/bin/python3"
NODE = "/var/lang/bin/node"
_PATIENCE = 60  # seconds
_SAID = "said: "

# What Lambda's clients do, in short: the package is first on the path, and an error is told with its type.
_PYTHON = f"""
import sys
sys.path.insert(0, {TASK!r})
try:
    exec(sys.argv[1])
except BaseException as error:
    print({_SAID!r} + type(error).__name__ + ": " + " ".join(str(error).split()))
    sys.exit(1)
"""
_NODE = f"""
const said = (error) => {{
  const words = [error.code, error.message].filter(Boolean).join(": ").split(/\\s+/).join(" ");
  console.log({_SAID!r} + words);
  process.exit(1);
}};
process.on("unhandledRejection", said);
try {{ Promise.resolve(eval(process.argv[1])).then(() => process.exit(0), said); }} catch (error) {{ said(error); }}
"""


def command(runtime: str, load: str) -> list[str]:
    """runtime: as Lambda calls it."""
    if runtime.startswith("python"):
        return [PYTHON, "-I", "-c", _PYTHON, load]
    return [NODE, "-e", _NODE, load]


def _told(job: dict[str, Any]) -> dict[str, Any]:
    if os.path.islink(TASK):
        os.unlink(TASK)
    else:
        os.rmdir(TASK)
    os.symlink(job["folder"], TASK)
    return {"name": job["name"], "words": _words(job["command"]), "ldd": _ldd()}


def _words(words: list[str]) -> str:
    kept: dict[str, Any] = {"capture_output": True, "text": True, "errors": "replace"}
    try:
        run = subprocess.run(words, cwd=TASK, timeout=_PATIENCE, check=False, **kept)
    except subprocess.TimeoutExpired:
        return f"no end after {_PATIENCE} s"
    if run.returncode == 0:
        return ""
    said = [line[len(_SAID) :] for line in run.stdout.splitlines() if line.startswith(_SAID)]
    if said:
        return said[-1]
    if run.returncode < 0:
        return f"ended by signal {-run.returncode}"
    return re.sub(r"\s+", " ", run.stderr.strip()) or f"exit code {run.returncode}"


def _ldd() -> dict[str, str]:
    told = {}
    for folder, _folders, files in os.walk(TASK + "/"):
        for path in (os.path.join(folder, name) for name in files):
            if not os.path.islink(path) and _magic(path) == b"\x7fELF":
                # One by one: where the loader crashes, ldd says nothing of the files that follow.
                run = subprocess.run(["ldd", path], cwd=TASK, capture_output=True, text=True, timeout=60, check=False)
                told[os.path.normpath(path)] = run.stdout.replace("\t", "")
    return told


def _magic(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(4)


def main() -> None:
    for job in json.load(sys.stdin):
        print(json.dumps(_told(job)), flush=True)


if __name__ == "__main__":
    main()
