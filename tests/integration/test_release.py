# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook `lambdaops.deploy.release` as an ops person runs it: by its name, with variables."""

from __future__ import annotations

import json
import re
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


def release(
    folder: Path, playbook: str = "lambdaops.deploy.release", options: tuple[str, ...] = (), **variables: Any
) -> subprocess.CompletedProcess[str]:
    (folder / "vars.json").write_text(json.dumps({f"release_{name}": value for name, value in variables.items()}))
    return subprocess.run(
        ["ansible-playbook", playbook, "-e", "@vars.json", *options],
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


def test_a_survey_releases_through_an_alias(bed: Bed, function: Function, pointed: None, tmp_path: Path) -> None:
    (tmp_path / "two.zip").write_bytes(package(CODE.format(number=2)))
    for number in range(3):
        function.configure(Description=f"version {number}")
        function.settle()
        function.publish()
    function.alias("live", "3")
    wish = {
        "function_name": function.name,
        "zip_file": "two.zip",
        "check_parity": "no",
        "alias": "live",
        "verify": '{"payload": {"probe": "1"}, "status": "200", "expected": [2, "one"], "timeout": "30"}',
        "rollback_on_failure": "true",
        "keep_versions": "1",
        "purge_tags": "false",
        "tags": '{"release": "2"}',
    }
    first = release(tmp_path, **wish)
    assert first.returncode == 0, first.stdout
    assert "version 4 published" in first.stdout
    assert json.loads(function.invoke(qualifier="live")["Payload"]) == [2, "one"]
    assert [version["Version"] for version in function.versions()] == ["$LATEST", "3", "4"]
    failed = release(tmp_path, **wish | {"memory_size": "512", "verify": '{"expected": 3}'})
    assert failed.returncode == 2
    assert "$LATEST has been put back as it was before." in failed.stdout
    assert function.read()["MemorySize"] == 128
    assert function.client.get_alias(FunctionName=function.name, Name="live")["FunctionVersion"] == "4"


def test_what_was_released_is_kept_without_a_secret(
    bed: Bed, function: Function, pointed: None, tmp_path: Path
) -> None:
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [
                {"ansible.builtin.include_role": {"name": "lambdaops.deploy.release"}},
                {"ansible.builtin.copy": {"content": "{{ release_result | to_json }}", "dest": f"{tmp_path}/kept"}},
            ],
        }
    ]
    (tmp_path / "play.yml").write_text(json.dumps(play))
    wish = {"function_name": function.name, "check_parity": False, "alias": "live"}
    done = release(tmp_path, playbook="play.yml", **wish | {"environment_variables": {"NUMBER": "canary-77b1"}})
    assert done.returncode == 0, done.stdout
    kept = json.loads((tmp_path / "kept").read_text())
    assert kept.keys() == {"changed", "function", "phases", "version", "alias", "verdict", "artifact"}
    assert (kept["changed"], kept["version"], kept["verdict"]) == (True, "1", "unchecked")
    assert kept["alias"] == {"name": "live", "version": "1", "weights": {}, "previous_version": None}
    assert "canary-77b1" not in json.dumps(kept)


def test_an_image_function_is_not_compared_unless_both_images_are_named(
    bed: Bed, make: Any, pointed: None, tmp_path: Path
) -> None:
    uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/invoices"
    function = make(None, Code={"ImageUri": f"{uri}:1"})
    before = function.read()["CodeSha256"]
    wish = {"function_name": function.name, "image_uri": f"{uri}@sha256:{'2' * 64}", "alias": "live"}
    done = release(tmp_path, **wish)
    assert done.returncode == 0, done.stdout
    assert function.read("live")["CodeSha256"] == function.read()["CodeSha256"] != before
    images = {"runtime_image": "oci:/nowhere", "build_image": "oci:/nowhere"}
    refused = release(tmp_path, **wish | images)
    assert refused.returncode == 2
    assert "/nowhere" in refused.stdout


@pytest.mark.parametrize("options", [(), ("--check",)])
def test_what_was_built_and_checked_is_told_by_its_own_name(
    bed: Bed, function: Function, pointed: None, tmp_path: Path, options: tuple[str, ...]
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(CODE.format(number=2))
    wish = {"function_name": function.name, "check_parity": False, "src": "src", "zip_file": "two.zip"}
    done = release(tmp_path, options=options, **wish)
    assert done.returncode == 0, done.stdout
    told = re.findall(r'"(\S+two\.zip)', done.stdout)
    assert set(told) == {str(tmp_path / "two.zip")}, done.stdout
    assert f"{told[0]} holds 1 entry in " in done.stdout
    assert len(told) == 2


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"function_name": "nobody"}, "there is no such function"),
        ({"runtime_image": "oci:/nowhere"}, "release_runtime_image is given without release_build_image"),
        ({"check_parity": False, "zip_file": "missing.zip"}, "missing.zip"),
        ({"check_parity": False, "zip_file": "two.zip", "code_sha256": "0" * 64}, "The checksum is a placeholder"),
        (
            {"check_parity": False, "zip_file": "two.zip", "src": "one", "sources": [{"path": "two"}]},
            "either release_src or release_sources",
        ),
        ({"registry_mirrors": {"public.ecr.aws": "oci:/nowhere"}}, "/nowhere/sam/build-python3.12"),
        ({"check_parity": False, "traffic": [{"weight": 0.1}]}, "traffic is given without alias"),
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
