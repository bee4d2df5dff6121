# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same package from every Python of this machine that the collection supports, compared byte by byte."""

from __future__ import annotations

import glob
import hashlib
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pathspec
import pytest
from lambdaops_testbed import debian

OLDEST = (3, 11)
BUILD = """
import json, sys
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.building import build
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.packing import Packing
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.walking import Rules, Source
src, dest, compress = sys.argv[1:]
build([Source(src, "python")], Rules(exclude=("*.md", "!/README.md")), dest, Packing(compress=compress == "deflated"))
"""


def version_of(python: str) -> tuple[int, int] | None:
    """Of CPython; None for what is none, or does not start (pyenv's shims of versions that are not chosen)."""
    asked = "import sys; print(sys.implementation.name, *sys.version_info[:2])"
    try:
        said = subprocess.run([python, "-c", asked], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.fullmatch(r"cpython (\d+) (\d+)\n", said.stdout)
    return (int(found[1]), int(found[2])) if found else None


def real_path(python: str) -> str:
    """Behind shims and links; a virtual environment's python is that of its base."""
    asked = "import sys; print(getattr(sys, '_base_executable', sys.executable))"
    return os.path.realpath(subprocess.run([python, "-c", asked], capture_output=True, text=True).stdout.strip())


def other_pythons() -> dict[str, str]:
    """By path, all supported ones but the one that runs this; the values are their versions."""
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    folders = [*debian.search_path().split(os.pathsep), *glob.glob(f"{pyenv}/versions/*/bin")]
    found: dict[str, str] = {}
    for folder in folders:
        for python in glob.glob(f"{folder}/python3.[0-9]*"):
            if re.fullmatch(r"python3\.\d+", os.path.basename(python)):
                version = version_of(python)
                if version and version >= OLDEST:
                    found[real_path(python)] = "{}.{}".format(*version)
    found.pop(real_path(sys.executable), None)
    return found


@pytest.fixture(scope="module")
def pythons() -> dict[str, str]:
    found = other_pythons()
    if not found:
        debian.require("python3.11", "python3.11")
        found = other_pythons()
    assert found, (
        "This compares with another Python, 3.11 or newer, and there is none on this machine: install one, "
        "with `apt-get install python3` (Debian 12 or newer) or `pyenv install 3.13` for example."
    )
    return found


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts, noise, programs of this machine, links, odd names, and files large enough to be read in pieces."""
    root, chance = tmp_path_factory.mktemp("source") / "code", random.Random(5)
    (root / "lib" / "größe ☃").mkdir(parents=True)
    for number in range(200):
        (root / "lib" / f"{number}.py").write_bytes(b"print(%d)\n" % number * chance.randrange(500))
    (root / "lib" / "größe ☃" / "日本.txt").write_text("日本" * 5000)
    (root / "noise.bin").write_bytes(chance.randbytes(3_000_000))
    (root / "mixed.bin").write_bytes(
        b"".join(chance.randbytes(chance.randrange(60)) * chance.randrange(9) for _ in range(20_000))
    )
    (root / "program").write_bytes(Path(sys.executable).resolve().read_bytes())
    (root / "program").chmod(0o755)
    (root / "link").symlink_to("lib/größe ☃")
    (root / "empty").touch()
    for name in ("README.md", "lib/README.md", "x.pyc"):
        (root / name).write_bytes(b"x")
    return root


@pytest.mark.parametrize("compression", ["deflated", "stored"])
def test_every_python_builds_the_same_package(
    tmp_path: Path, source: Path, pythons: dict[str, str], compression: str
) -> None:
    # Nothing but pathspec of this environment's packages, which may be of no use to another Python.
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "pathspec").symlink_to(Path(pathspec.__file__).parent)
    collections = Path(__file__).parents[2] / ".cache" / "collections"
    environment = {
        "PYTHONPATH": f"{collections}{os.pathsep}{tmp_path / 'packages'}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": os.environ["PATH"],
    }
    hashes = {}
    for number, python in enumerate([sys.executable, *pythons]):
        dest = tmp_path / f"{number}.zip"
        # Neither the language nor the umask nor the order of hashes of the one who builds it show.
        settings = {"LC_ALL": "C" if number % 2 else "C.UTF-8", "PYTHONHASHSEED": str(number)}
        built = subprocess.run(
            [python, "-c", BUILD, source, dest, compression],
            env=environment | settings,
            capture_output=True,
            text=True,
            umask=0o077 if number % 2 else 0o022,
            timeout=300,
        )
        assert built.returncode == 0, f"{python}: {built.stderr}"
        hashes[python] = hashlib.sha256(dest.read_bytes()).hexdigest()
    assert len(hashes) > 1
    assert len(set(hashes.values())) == 1, hashes
