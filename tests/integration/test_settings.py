# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each setting against LocalStack: set, changed, cleared, as predicted, and nothing to do the second time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.settings import SETTINGS
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_safe_update
from bed import ROLE, Bed, Function, Make, lambda_client, package
from setting_turns import Turn, image_turns, zip_turns

CODE = "def handler(event, context): return None\n"
RunModule = Callable[..., dict[str, Any]]
Update = Callable[..., dict[str, Any]]


def said(wish: Any) -> Any:
    """A wish as a task writes it: what is left out is not there, and Ansible makes nulls of it."""
    if isinstance(wish, dict):
        return {name: said(value) for name, value in wish.items() if value is not None}
    return [said(value) for value in wish] if isinstance(wish, list) else wish


@pytest.fixture
def update(bed: Bed, run_module: RunModule, pointed: None) -> Update:
    """update(function, **options), without what earlier calls counted."""

    def run(function: Function, **options: Any) -> dict[str, Any]:
        bed.forget_calls()
        result = run_module(lambda_safe_update, name=function.name, **said(options))
        assert not result.get("failed"), result["msg"]
        return result

    return run


@pytest.fixture
def image_function(bed: Bed) -> Iterator[Function]:
    function = Function(lambda_client(bed), "of-an-image")
    image = {"ImageUri": f"000000000000.dkr.ecr.eu-west-1.amazonaws.com/orders@sha256:{'1' * 64}"}
    function.client.create_function(FunctionName=function.name, PackageType="Image", Role=ROLE, Code=image)
    function.settle()
    yield function
    function.client.delete_function(FunctionName=function.name)


def holds(found: Any, wanted: Any) -> bool:
    """Whether found has all that wanted has; it may have more."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(holds(found.get(name), inner) for name, inner in wanted.items())
    return bool(found == wanted)


def take(bed: Bed, function: Function, update: Update, turns: list[Turn]) -> None:
    """One turn of each of several settings, as one task."""
    wish = {option: value for turn in turns for option, value in turn.wish.items()}
    predicted = update(function, **wish, check_mode=True)
    done = update(function, **wish)
    assert bed.calls()["lambda"]["UpdateFunctionConfiguration"] == 1
    found = function.read()
    for turn in turns:
        for member, shown in turn.shown.items():
            assert holds(found.get(member), shown), (turn.wish, found.get(member))
    for row in SETTINGS:
        assert predicted["function"][row.option] == done["function"][row.option]
    again = update(function, **wish)
    assert (again["changed"], again["function"]) == (False, done["function"])
    assert bed.calls()["lambda"] == {"GetFunction": 1}


def rounds(turns: dict[str, list[Turn]]) -> list[list[Turn]]:
    """First turns, second turns, and so on, of all settings."""
    return [[turn for turn in found if turn] for found in zip_longest(*turns.values())]


def test_each_setting_is_set_changed_cleared_and_found(bed: Bed, make: Make, update: Update) -> None:
    function = make(CODE)
    for turns in rounds(zip_turns(function.name)):
        take(bed, function, update, turns)


def test_each_setting_of_an_image_is_set_changed_cleared_and_found(
    bed: Bed, image_function: Function, update: Update
) -> None:
    for turns in rounds(image_turns()):
        take(bed, image_function, update, turns)


@pytest.mark.parametrize("option", ["logging_config", "image_config"])
def test_an_empty_dictionary_clears_and_suboptions_that_are_left_out_stay(
    make: Make, image_function: Function, update: Update, option: str
) -> None:
    of_image = option == "image_config"
    function = image_function if of_image else make(CODE)
    first, second = (
        ({"command": ["one"]}, {"working_directory": "/srv"})
        if of_image
        else ({"log_format": "JSON"}, {"log_group": "mine"})
    )
    bare = update(function)["function"][option]
    update(function, **{option: first})
    assert holds(update(function, **{option: second})["function"][option], {**first, **second})
    assert update(function, **{option: {}})["function"][option] == bare


def test_layers_are_kept_in_their_order(make: Make, update: Update) -> None:
    function = make(CODE)
    arns = [
        function.client.publish_layer_version(LayerName=name, Content={"ZipFile": package(name)})["LayerVersionArn"]
        for name in ("first", "second")
    ]
    for order in (arns, arns[::-1], []):
        layers = [{"layer_version_arn": arn} for arn in order]
        assert update(function, layers=layers)["function"]["layers"] == order
        assert update(function, layers=layers)["changed"] is False
    named = update(function, layers=[{"layer_name": "first", "version": 1}])
    assert named["function"]["layers"][0].endswith(":layer:first:1")


def test_a_bare_role_is_one_of_the_function_s_account(make: Make, update: Update) -> None:
    function = make(CODE)
    assert update(function, role="another")["function"]["role"] == ROLE.replace("tester", "another")
    assert update(function, role="another")["changed"] is False
