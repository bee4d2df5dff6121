# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release is taken back on LocalStack, by module and playbook: what callers get is asked of the function."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_rollback, lambda_safe_update
from bed import Bed, Function, package

CODE = "import os\ndef handler(event, context): return [{number}, os.environ.get('NUMBER')]\n"
RunModule = Callable[..., dict[str, Any]]


@pytest.fixture
def function(make: Any, run_module: RunModule, pointed: None, tmp_path: Path) -> Function:
    """A function with versions 1 and 2, and a release of version 3 to the alias live, which stood for 2 before."""
    made: Function = make(CODE.format(number=1), MemorySize=129, Environment={"Variables": {"NUMBER": "one"}})
    made.publish()
    made.set_code(CODE.format(number=2))
    made.settle()
    made.configure(MemorySize=130, Environment={"Variables": {"NUMBER": "two"}})
    made.settle()
    made.alias("live", made.publish()["Version"])
    (tmp_path / "3.zip").write_bytes(package(CODE.format(number=3)))
    wish = {"zip_file": str(tmp_path / "3.zip"), "memory_size": 131, "environment_variables": {"NUMBER": "three"}}
    result = run_module(lambda_safe_update, name=made.name, alias="live", **wish)
    assert result["alias"]["previous_version"] == "2"
    return made


@pytest.fixture
def roll_back(bed: Bed, function: Function, run_module: RunModule) -> RunModule:
    """Run the module on the function's alias, without what earlier calls counted."""

    def run(**options: Any) -> dict[str, Any]:
        bed.forget_calls()
        return run_module(lambda_rollback, **({"name": function.name, "alias": "live"} | options))

    return run


def answer(function: Function, qualifier: str = "live") -> Any:
    return json.loads(function.invoke(qualifier=qualifier)["Payload"])


def calls(bed: Bed) -> dict[str, int]:
    return bed.calls()["lambda"]


def test_the_alias_goes_back_in_one_write_and_stays_there(bed: Bed, function: Function, roll_back: RunModule) -> None:
    done = roll_back()
    assert (done["changed"], done["version"], done["previous_version"]) == (True, "2", "3")
    assert done["msg"] == f"{function.name}: live moved back from 3 to 2 (the version before)."
    assert (
        calls(bed)
        == done["api_calls"]
        == {
            "GetAlias": 1,
            "GetFunction": 1,
            "ListVersionsByFunction": 1,
            "UpdateAlias": 1,
        }
    )
    assert answer(function) == [2, "two"]
    assert answer(function, "$LATEST") == [3, "three"]
    again = roll_back()
    assert (again["changed"], again["version"]) == (False, "2")
    assert "live stays at 2 (it was rolled back from 3 before)" in again["msg"]
    assert "UpdateAlias" not in calls(bed)


def test_check_mode_predicts_and_writes_nothing(bed: Bed, function: Function, roll_back: RunModule) -> None:
    predicted = roll_back(check_mode=True, diff=True, restore_latest=True)
    assert calls(bed).keys() <= {"GetAlias", "GetFunction", "ListVersionsByFunction"}
    assert answer(function) == answer(function, "$LATEST") == [3, "three"]
    assert "live would move back from 3 to 2" in predicted["msg"]
    assert predicted["diff"]["after"].endswith("alias live: 2\n")
    done = roll_back(diff=True, restore_latest=True)
    for key in ("changed", "version", "previous_version", "diff"):
        assert predicted[key] == done[key]
    assert predicted.keys() == done.keys()


def test_a_version_that_is_named(function: Function, roll_back: RunModule) -> None:
    done = roll_back(version="1")
    assert done["msg"].endswith("live moved back from 3 to 1 (as named).")
    assert answer(function) == [1, "one"]
    assert roll_back(version="1")["changed"] is False
    assert roll_back(version="3")["changed"] is True
    assert answer(function) == [3, "three"]


def test_latest_goes_back_as_well(bed: Bed, function: Function, roll_back: RunModule) -> None:
    done = roll_back(restore_latest=True)
    assert answer(function) == answer(function, "$LATEST") == [2, "two"]
    assert function.read()["MemorySize"] == done["function"]["memory_size"] == 130
    assert function.read()["CodeSha256"] == function.read("2")["CodeSha256"]
    assert {phase["outcome"] for phase in done["phases"]} == {"done", "applied"}
    again = roll_back(restore_latest=True)
    assert again["changed"] is False
    assert again["msg"].endswith("$LATEST: nothing to do.")


def test_a_gradual_release_ends_where_it_began(function: Function, roll_back: RunModule) -> None:
    function.alias("live", "2", {"3": 0.5})
    done = roll_back()
    assert done["alias"]["weights"] == {}
    assert done["msg"].endswith("live gives all traffic to 2 (the version that was about to be replaced).")
    assert {tuple(answer(function)) for _ in range(10)} == {(2, "two")}


def test_what_is_released_after_a_rollback_can_be_taken_back_again(
    function: Function, roll_back: RunModule, run_module: RunModule
) -> None:
    roll_back()
    released = run_module(
        lambda_safe_update, name=function.name, alias="live", environment_variables={"NUMBER": "four"}
    )
    assert (released["version"], released["alias"]["previous_version"]) == ("4", "2")
    assert roll_back()["version"] == "2"


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_lost_answer_is_looked_up(bed: Bed, function: Function, roll_back: RunModule, drop: str) -> None:
    bed.fault({"operation": "UpdateAlias", "drop": drop})
    assert roll_back()["changed"] is True
    assert calls(bed)["UpdateAlias"] == (2 if drop == "before" else 1)
    assert answer(function) == [2, "two"]


def test_somebody_else_moves_the_alias_meanwhile(bed: Bed, function: Function, roll_back: RunModule) -> None:
    bed.fault({"operation": "UpdateAlias", "foreign": {"Alias": {"FunctionVersion": "1"}}})
    failed = roll_back()
    assert failed["failed"] is True
    assert "was moved by somebody else to 1 meanwhile" in failed["msg"]
    assert [(phase["name"], phase["outcome"]) for phase in failed["phases"]] == [("alias", "failed")]
    assert answer(function) == [1, "one"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "nobody"}, "There is no function nobody with an alias live in eu-west-1."),
        ({"alias": "other"}, "with an alias other in eu-west-1."),
        ({"version": "9"}, "has no version 9 to go back to."),
        ({"version": "$LATEST"}, "version: '$LATEST' is no published version."),
    ],
)
def test_what_can_not_be_done_is_said_and_nothing_is_touched(
    bed: Bed, function: Function, roll_back: RunModule, options: dict[str, Any], said: str
) -> None:
    failed = roll_back(**options)
    assert (failed["failed"], failed["changed"]) == (True, False)
    assert said in failed["msg"]
    assert "UpdateAlias" not in calls(bed)
    assert answer(function) == [3, "three"]


def play(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    (folder / "vars.json").write_text(json.dumps({f"rollback_{name}": value for name, value in variables.items()}))
    return subprocess.run(
        ["ansible-playbook", "lambdaops.deploy.rollback", "-e", "@vars.json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_playbook_takes_the_answers_of_a_survey(function: Function, tmp_path: Path) -> None:
    survey = {
        "function_name": function.name,
        "alias": "live",
        "version": "1",
        "restore_latest": "true",
        "wait_timeout": "60",
    }
    done = play(tmp_path, **survey)
    assert done.returncode == 0, done.stdout
    assert "live moved back from 3 to 1 (as named); $LATEST: code updated" in done.stdout
    assert answer(function) == answer(function, "$LATEST") == [1, "one"]
    assert " changed=0 " in play(tmp_path, **survey).stdout


def test_the_playbook_fails_with_a_sentence(function: Function, tmp_path: Path) -> None:
    done = play(tmp_path, function_name=function.name, alias="other")
    assert done.returncode == 2
    assert "with an alias other in eu-west-1." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
