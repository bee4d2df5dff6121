# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook `lambdaops.deploy.release` as an ops person runs it: by its name, with variables."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from bed import Bed, Function, package

CODE = "import os\ndef handler(event, context): return [{number}, os.environ.get('NUMBER')]\n"


@pytest.fixture
def function(make: Any) -> Function:
    made: Function = make(CODE.format(number=1), Environment={"Variables": {"NUMBER": "one"}})
    return made


def release(folder: Path, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    (folder / "vars.json").write_text(json.dumps({f"release_{name}": value for name, value in variables.items()}))
    return subprocess.run(
        ["ansible-playbook", "lambdaops.deploy.release", "-e", "@vars.json", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_answers_of_a_survey_are_texts(bed: Bed, function: Function, pointed: None, tmp_path: Path) -> None:
    (tmp_path / "two.zip").write_bytes(package(CODE.format(number=2)))
    wish = {
        "function_name": function.name,
        "zip_file": "two.zip",
        "check_parity": "false",
        "memory_size": "256",
        "wait_timeout": "60",
        "environment_variables": '{"NUMBER": "two"}',
    }
    first = release(tmp_path, **wish)
    assert first.returncode == 0, first.stdout
    assert json.loads(function.invoke()["Payload"]) == [2, "two"]
    assert function.read()["MemorySize"] == 256
    assert " changed=0 " in release(tmp_path, **wish).stdout


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"function_name": "nobody"}, "there is no such function"),
        ({"architecture": "arm64"}, "release_architecture is not that of"),
        ({"runtime_image": "oci:/nowhere"}, "release_runtime_image is given without release_build_image"),
        ({"check_parity": False, "zip_file": "missing.zip"}, "missing.zip"),
        ({"check_parity": False, "zip_file": "two.zip", "code_sha256": "0" * 64}, "The checksum is a placeholder"),
        ({"registry_mirrors": {"public.ecr.aws": "oci:/nowhere"}}, "/nowhere/sam/build-python3.12"),
    ],
)
def test_nothing_is_touched_before_the_checks_have_passed(
    bed: Bed, function: Function, pointed: None, tmp_path: Path, variables: dict[str, Any], said: str
) -> None:
    (tmp_path / "two.zip").write_bytes(package(CODE.format(number=2)))
    bed.forget_calls()
    done = release(tmp_path, **{"function_name": function.name} | variables)
    assert done.returncode == 2
    assert said in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert bed.calls() == {"lambda": {"GetFunction": 1}}
