# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an audit compares: each pair once, with the functions that need it; bad input is one sentence."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.lambdaops.deploy.plugins.filter import parity_pairs as plugin

parity_pairs = plugin.FilterModule().filters()["parity_pairs"]
NODE = {"name": "nodejs20.x on x86_64", "file": "nodejs20.x-x86_64", "runtime": "nodejs20.x", "architecture": "x86_64"}
IMAGES = {"architecture": "x86_64", "runtime_image": "run:1"}


def function(name: str, runtime: str | None = "nodejs20.x", **more: Any) -> dict[str, Any]:
    return {"name": name, "package_type": "Zip", "architectures": ["x86_64"], "runtime": runtime} | more


@pytest.mark.parametrize(
    ("entry", "pair"),
    [
        ("nodejs20.x", NODE),
        ({"runtime": "nodejs20.x", "architecture": "x86_64"}, NODE),
        (
            {"runtime": "nodejs20.x", "architecture": "arm64", "build_image": "mine:1"},
            NODE
            | {"name": "nodejs20.x on arm64", "file": "nodejs20.x-arm64"}
            | {"architecture": "arm64", "build_image": "mine:1"},
        ),
        (
            {"runtime": "nodejs20.x", "runtime_image": "run:1"},
            IMAGES | {"name": "nodejs20.x on x86_64", "file": "nodejs20.x-x86_64", "build_image": "own/x86_64"},
        ),
        (
            {"build_image": "build:1", "runtime_image": "run:1"},
            IMAGES | {"name": "run:1 on x86_64", "file": "run-1-x86_64", "build_image": "build:1"},
        ),
    ],
    ids=["a name", "a dictionary", "an own build image", "an own runtime image", "two images"],
)
def test_an_entry_becomes_what_the_module_takes(entry: object, pair: dict[str, str]) -> None:
    own = {"nodejs20.x": {"build_image": "own/{architecture}"}}
    [found] = parity_pairs([entry], images=own)
    assert found == {"functions": [], **pair}


def test_a_pair_that_many_need_is_there_once_with_the_names_of_its_functions() -> None:
    found = parity_pairs(
        ["nodejs20.x", "python3.12", "nodejs20.x"],
        functions=[function("a"), function("b", "python3.12", architectures=["arm64"]), function("c")],
    )
    assert [(pair["name"], pair["functions"]) for pair in found] == [
        ("nodejs20.x on x86_64", ["a", "c"]),
        ("python3.12 on x86_64", []),
        ("python3.12 on arm64", ["b"]),
    ]


def test_functions_that_are_container_images_are_left_out() -> None:
    assert parity_pairs([], functions=[function("image", None, package_type="Image")]) == []


def test_the_architecture_is_of_what_names_none() -> None:
    found = parity_pairs(["a1", {"runtime": "b1", "architecture": "x86_64"}], architecture="arm64")
    assert [pair["architecture"] for pair in found] == ["arm64", "x86_64"]


def test_no_two_pairs_have_the_same_file() -> None:
    entries = [{"runtime": "nodejs20.x", "build_image": f"mine:{number}"} for number in range(3)]
    files = [pair["file"] for pair in parity_pairs(entries)]
    assert files == ["nodejs20.x-x86_64", "nodejs20.x-x86_64-2", "nodejs20.x-x86_64-3"]


def test_what_is_returned_is_what_is_documented() -> None:
    documented = yaml.safe_load(plugin.RETURN)["_value"]["contains"]
    pairs = parity_pairs(["nodejs20.x", {"build_image": "b:1", "runtime_image": "r:1"}])
    assert {key for pair in pairs for key in pair} == documented.keys()
    [sample] = parity_pairs([{"runtime": "nodejs20.x", "architecture": "arm64"}])
    assert {key: spec["sample"] for key, spec in documented.items() if "sample" in spec}.items() <= sample.items()


@pytest.mark.parametrize(
    ("wanted", "more", "said"),
    [
        ("nodejs20.x", {}, "runtimes is not a list but str"),
        ([], {"functions": {}}, "functions is not a list but dict"),
        ([7], {}, "each runtime is to be its name"),
        ([{"runtime": ["nodejs20.x"]}], {}, "each runtime is to be its name"),
        ([{"runtim": "nodejs20.x"}], {}, "'runtim' is not one of runtime, architecture, build_image, runtime_image"),
        ([{"build_image": "b:1"}], {}, "a pair needs its runtime, or both"),
        ([""], {}, "a pair needs its runtime, or both"),
        ([{"runtime": "", "build_image": "b:1", "runtime_image": ""}], {}, "a pair needs its runtime, or both"),
        (["nodejs20.x"], {"images": "b:1"}, "images is not a mapping but str"),
        ([], {"functions": ["orders"]}, "each of functions is to be the function that a module returned"),
        ([], {"functions": [{"name": "orders"}]}, "each of functions is to be the function that a module returned"),
        ([{"runtime": "?", "runtime_image": "r:1"}], {}, "'?' is not the name of a Lambda runtime"),
    ],
)
def test_bad_input_is_one_sentence(wanted: object, more: dict[str, Any], said: str) -> None:
    with pytest.raises(AnsibleFilterError) as raised:
        parity_pairs(wanted, **more)
    assert said in str(raised.value)
    assert str(raised.value).startswith("parity_pairs: ")
