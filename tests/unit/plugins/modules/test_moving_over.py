# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task of amazon.aws.lambda means the same here: each of its options has its name, aliases and type."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_safe_update
from ansible_collections.lambdaops.deploy.plugins.modules.lambda_safe_update import ARGUMENTS

Spec = dict[str, dict[str, Any]]


class Captured(Exception):
    """What a module's main() hands over, instead of running."""


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Spec:
    """The argument spec of the amazon.aws.lambda that is installed."""
    module = import_module("ansible_collections.amazon.aws.plugins.modules.lambda")

    def capture(**arguments: Any) -> None:
        raise Captured(arguments["argument_spec"])

    monkeypatch.setattr(module, "AnsibleAWSModule", capture)
    with pytest.raises(Captured) as captured:
        module.main()
    spec: Spec = captured.value.args[0]
    return spec


def differences(theirs: Spec, ours: Spec, path: str = "") -> list[str]:
    """What a task of theirs may say and ours does not understand; our paths are their texts."""
    found = []
    for name, their in theirs.items():
        where, our = f"{path}{name}", ours.get(name)
        if our is None:
            found.append(f"{where} is missing")
            continue
        type_of_theirs, type_of_ours = their.get("type", "str"), our["type"]
        if (type_of_theirs, type_of_ours) != ("str", "path") and type_of_theirs != type_of_ours:
            found.append(f"{where} is of type {type_of_theirs} there")
        for kind in ("aliases", "choices"):
            if lacking := set(their.get(kind, ())) - set(our.get(kind, ())):
                found.append(f"{where} lacks {kind} {lacking}")
        if their.get("elements") != our.get("elements"):
            found.append(f"{where} has other elements")
        found += differences(their.get("options", {}), our.get("options", {}), f"{where}.")
    return found


def test_all_their_options_are_understood(theirs: Spec) -> None:
    assert len(theirs) > 20
    assert differences(theirs, ARGUMENTS) == []


def test_no_option_is_needed_that_theirs_does_not_need(theirs: Spec) -> None:
    assert {name for name, our in ARGUMENTS.items() if our.get("required")} <= {
        name for name, their in theirs.items() if their.get("required")
    }


def test_a_difference_is_seen() -> None:
    their: Spec = {
        "layers": {"type": "list", "elements": "dict", "options": {"name": {"aliases": ["arn"]}}},
        "tags": {},
    }
    ours: Spec = {"layers": {"type": "list", "elements": "dict", "options": {"name": {"type": "int"}}}}
    assert differences(their, ours) == [
        "layers.name is of type str there",
        "layers.name lacks aliases {'arn'}",
        "tags is missing",
    ]


def test_deleting_is_left_to_their_module(run_module: Callable[..., dict[str, Any]]) -> None:
    result = run_module(lambda_safe_update, name="orders", state="absent", region="eu-west-1")
    assert result["failed"] is True
    assert result["msg"].startswith("state is absent")
    assert result["msg"].endswith("amazon.aws.lambda does.")
