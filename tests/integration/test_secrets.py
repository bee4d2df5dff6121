# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play whose environment holds a canary value never prints it, however it is run and however it ends."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from bed import Function, package

CANARY = "canary-0f3a"
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: lambdaops.deploy.release
"""


@pytest.fixture
def function(make: Any) -> Function:
    made: Function = make("def handler(event, context): pass\n", Environment={"Variables": {"OLD": f"{CANARY}-old"}})
    return made


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--check"], 0),
        ([], 0),
        (["-e", "release_memory_size=1"], 2),
        (["-e", "release_wait_timeout=never"], 2),
        (["-e", "release_environment_variables=canary-0f3a"], 2),
    ],
)
def test_no_run_prints_the_canary(
    function: Function, pointed: None, tmp_path: Path, arguments: list[str], code: int
) -> None:
    (tmp_path / "play.yml").write_text(PLAY)
    (tmp_path / "app.zip").write_bytes(package("def handler(event, context): return 2\n"))
    (tmp_path / "vars.yml").write_text(
        f"release_function_name: {function.name}\n"
        f"release_zip_file: {tmp_path}/app.zip\n"
        "release_check_parity: false\n"
        f"release_environment_variables: {{NEW: {CANARY}, OLD: {CANARY}-new}}\n"
    )
    done = subprocess.run(
        ["ansible-playbook", "play.yml", "-e", "@vars.yml", "--diff", "-vvv", *arguments],
        cwd=tmp_path,
        env={**os.environ, "ANSIBLE_LOG_PATH": "ansible.log"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "environment_variables.NEW: (hidden)" in done.stdout or code
    assert CANARY not in done.stdout + done.stderr
    assert CANARY not in (tmp_path / "ansible.log").read_text()
