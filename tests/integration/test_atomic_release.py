# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases through an alias against LocalStack: what callers get is asked of the function, through the alias."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_safe_update
from bed import Bed, Function, package

CODE = "import os\ndef handler(event, context): return [{number}, os.environ.get('NUMBER')]\n"
Release = Callable[..., dict[str, Any]]


@pytest.fixture
def function(make: Any) -> Function:
    made: Function = make(CODE.format(number=1), Environment={"Variables": {"NUMBER": "1"}})
    return made


@pytest.fixture
def release(bed: Bed, function: Function, run_module: Release, pointed: None, tmp_path: Path) -> Release:
    """Release code and environment that both bear a number."""

    def run(number: int | None = None, **options: Any) -> dict[str, Any]:
        wish: dict[str, Any] = {"name": function.name, "alias": "live"}
        if number is not None:
            path = tmp_path / f"{number}.zip"
            if not path.exists():  # a zip made later is another zip
                path.write_bytes(package(CODE.format(number=number)))
            wish |= {"zip_file": str(path), "environment_variables": {"NUMBER": str(number)}}
        bed.forget_calls()
        return run_module(lambda_safe_update, **(wish | options))

    return run


def answer(function: Function, qualifier: str | None = "live") -> Any:
    return json.loads(function.invoke(qualifier=qualifier)["Payload"])


def outcomes(result: dict[str, Any]) -> dict[str, str]:
    return {phase["name"]: phase["outcome"] for phase in result["phases"]}


def verify(number: int) -> dict[str, Any]:
    return {"payload": {"ping": True}, "expected": [number, str(number)]}


def test_publish_verify_move_then_nothing(bed: Bed, function: Function, release: Release) -> None:
    first = release()
    assert (first["version"], first["alias"]["version"]) == ("1", "1")
    second = release(2, verify=verify(2), diff=True)
    assert set(outcomes(second).values()) == {"done", "applied"}
    assert (second["version"], second["alias"]["previous_version"]) == ("2", "1")
    assert second["diff"]["after"].endswith("alias live: 2\n")
    assert answer(function) == [2, "2"]
    again = release(2, verify=verify(2))
    assert (again["changed"], again["version"]) == (False, "2")
    assert bed.calls()["lambda"] == {"GetAlias": 1, "GetFunction": 2}


def test_check_mode_says_what_a_release_does(bed: Bed, function: Function, release: Release) -> None:
    release()
    predicted = release(2, verify=verify(2), diff=True, check_mode=True)
    assert bed.calls()["lambda"] == {"GetAlias": 1, "GetFunction": 2}
    done = release(2, verify=verify(2), diff=True)
    assert predicted.keys() == done.keys()
    assert [name for name, outcome in outcomes(predicted).items() if outcome == "planned"] == [
        name for name, outcome in outcomes(done).items() if name != "settle"
    ]
    assert predicted["diff"]["after"].replace("(a new version)", "2") == done["diff"]["after"]


def test_a_change_of_the_configuration_alone_is_published(function: Function, release: Release) -> None:
    release()
    assert release(environment_variables={"NUMBER": "9"})["version"] == "2"
    assert answer(function) == [1, "9"]


def test_publishing_without_an_alias(release: Release) -> None:
    assert release(2, alias=None, publish=True, version_description="build 2")["version"] == "1"
    assert release(2, alias=None, publish=True, version_description="build 2")["changed"] is False


def test_a_version_that_fails_its_verification_changes_nothing_for_callers(
    function: Function, release: Release
) -> None:
    release()
    result = release(2, verify=verify(7))
    assert "is 2 instead of 7" in result["msg"]
    assert (outcomes(result)["verify"], outcomes(result)["alias"]) == ("failed", "not_started")
    assert (answer(function), answer(function, None)) == ([1, "1"], [2, "2"])
    assert release(2, verify=verify(2))["alias"]["version"] == "2"
    assert answer(function) == [2, "2"]


def test_latest_is_put_back_when_told_to(function: Function, release: Release) -> None:
    release()
    before = function.read()
    wish = {"tags": {"a": "1"}, "reserved_concurrent_executions": 5, "description": "new"}
    result = release(2, verify=verify(7), rollback_on_failure=True, **wish)
    assert {outcomes(result)[name] for name in ("code", "configuration", "tag", "concurrency")} == {"rolled_back"}
    assert outcomes(result)["rollback"] == "applied"
    after = function.read()
    assert answer(function, None) == answer(function) == [1, "1"]
    for member in ("CodeSha256", "Environment", "Description"):
        assert after.get(member) == before.get(member)
    assert function.client.get_function(FunctionName=function.name).get("Tags", {}) == {}


def test_traffic_is_shifted_while_an_alarm_watches(bed: Bed, function: Function, release: Release) -> None:
    release()
    bed.alarm("errors", "OK")
    gradual = {"traffic": [{"weight": 0.25, "pause": 1}], "alarms": ["errors"]}
    assert outcomes(release(2, **gradual))["shift"] == "applied"
    assert answer(function) == [2, "2"]
    bed.alarm("errors", "ALARM")
    refused = release(3, **gradual)
    assert "in ALARM before the release began: errors" in refused["msg"]
    assert answer(function, None) == [2, "2"]


def test_an_alarm_in_the_middle_leaves_all_traffic_where_it_was(bed: Bed, function: Function, release: Release) -> None:
    release()
    bed.alarm("errors", "OK")
    bed.alarm("raised", "ALARM")
    calls = {"service": "cloudwatch", "operation": "DescribeAlarms", "after": 2}
    bed.fault({**calls, "error": {"code": "AccessDenied", "status": 403, "message": "not any more"}})
    result = release(2, traffic=[{"weight": 0.25, "pause": 0}], alarms=["errors"])
    assert (outcomes(result)["shift"], outcomes(result)["alias"]) == ("rolled_back", "not_started")
    alias = function.client.get_alias(FunctionName=function.name, Name="live")
    assert (alias["FunctionVersion"], alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})) == ("1", {})


def test_old_versions_go_and_the_one_to_go_back_to_stays(function: Function, release: Release) -> None:
    for number in (1, 2, 3, 4):
        release(number)
    predicted = release(5, keep_versions=1, check_mode=True)
    result = release(5, keep_versions=1)
    assert predicted["pruned_versions"] == result["pruned_versions"] == ["1", "2", "3"]
    assert [version["Version"] for version in function.versions()] == ["$LATEST", "4", "5"]


def test_a_version_that_does_not_come_to_life_is_told_and_tried_again(
    bed: Bed, function: Function, release: Release
) -> None:
    release()
    failure = {"reason_code": "InsufficientRolePermissions", "reason": "No."}
    bed.fault({"operation": "PublishVersion", "fail_update": failure})
    result = release(2)
    assert "is in state Failed (InsufficientRolePermissions: No)" in result["msg"]
    assert answer(function) == [1, "1"]
    assert release(2)["alias"]["version"] == "3"
    assert answer(function) == [2, "2"]


def test_a_function_that_is_not_x86(function: Function, release: Release) -> None:
    assert release(2, architecture="arm64")["function"]["architectures"] == ["arm64"]
    assert release(2, architecture="arm64")["changed"] is False


def test_versions_that_take_their_time_are_waited_for(bed: Bed, function: Function, release: Release) -> None:
    bed.pace(0.05, version_seconds=1)
    release()
    assert answer(function) == [1, "1"]
