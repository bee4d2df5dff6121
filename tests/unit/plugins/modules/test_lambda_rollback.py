# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module: arguments in, one result out, and one sentence for what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._module import LambdaopsModule
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_rollback
from lambda_service import Service, alias

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(run_module: Run, service: Service, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the module with the stubbed client in place of the one that would go out."""
    monkeypatch.setattr(LambdaopsModule, "client", lambda _self, _name, **_options: service.client)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    return lambda **options: run_module(lambda_rollback, **({"name": "orders", "alias": "live"} | options))


@pytest.fixture
def released(service: Service) -> None:
    service.knows_alias("5", Description="[5, before: 4]")
    service.lists("3", "4", "5")
    service.reads(qualifier="4", Version="4")


def test_a_result_has_all_its_keys(run: Run, service: Service, released: None) -> None:
    back = {"RoutingConfig": {"AdditionalVersionWeights": {}}, "Description": "[4, rolled back from: 5]"}
    service.moves_alias({"FunctionVersion": "4", "RevisionId": "a1", **back}, alias("4"))
    result = run(diff=True)
    assert (result["changed"], result["version"], result["previous_version"]) == (True, "4", "5")
    assert result["msg"] == "orders: live moved back from 5 to 4 (the version before)."
    assert result["alias"] == {"name": "live", "version": "4", "weights": {}, "previous_version": None}
    assert result["diff"] == {"before": "alias live: 5\n", "after": "alias live: 4\n"}
    assert [phase["operation"] for phase in result["phases"]] == ["UpdateAlias"]
    assert result["api_calls"] == {"GetAlias": 1, "GetFunction": 1, "ListVersionsByFunction": 1, "UpdateAlias": 1}
    assert "function" not in result


def test_check_mode_says_would(run: Run, released: None) -> None:
    result = run(check_mode=True)
    assert (result["changed"], result["version"]) == (True, "4")
    assert "live would move back from 5 to 4" in result["msg"]


def test_latest_is_told_when_it_was_asked_for(run: Run, service: Service, released: None) -> None:
    service.reads()
    service.reads()
    result = run(check_mode=True, restore_latest=True)
    assert result["function"]["name"] == "orders"
    assert result["msg"].endswith("; $LATEST: nothing to do.")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": " "}, "name is empty"),
        ({"wait_timeout": 0}, "wait_timeout is less than 1 second"),
        ({"alias": ""}, "alias is empty"),
    ],
)
def test_bad_input_is_one_sentence_before_any_call(run: Run, options: dict[str, Any], said: str) -> None:
    assert said in run(**options)["msg"]


def test_a_version_that_can_not_be_is_named(run: Run, service: Service) -> None:
    service.knows_alias("5")
    assert "'live' is no published version" in run(version="live")["msg"]
