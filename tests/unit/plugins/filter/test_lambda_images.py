# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter as plays meet it: what it returns is what its documentation says, and bad input is one sentence."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.lambdaops.deploy.plugins.filter import lambda_images as plugin
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.runtimes import DEPRECATED, RUNTIMES

lambda_images = plugin.FilterModule().filters()["lambda_images"]


def test_the_documented_sample_is_what_is_returned() -> None:
    documented = yaml.safe_load(plugin.RETURN)["_value"]
    result = lambda_images("nodejs20.x", "arm64")
    assert result == documented["sample"]
    assert result.keys() == documented["contains"].keys()


def test_every_runtime_has_its_images() -> None:
    assert RUNTIMES.keys() >= DEPRECATED
    for runtime in RUNTIMES:
        for architecture in ("x86_64", "arm64"):
            found = lambda_images(runtime, architecture)
            assert found["build_image"] == f"public.ecr.aws/sam/build-{runtime}:latest-{architecture}"
            assert found["runtime_image"].startswith("public.ecr.aws/lambda/")
            assert found["runtime_image"].endswith(f"-{architecture}")
            assert found["glibc"] in ("2.17", "2.26", "2.34")


def test_a_runtime_of_tomorrow_follows_the_rule() -> None:
    found = lambda_images("python3.99")
    assert found["runtime_image"] == "public.ecr.aws/lambda/python:3.99-x86_64"
    assert (found["os"], found["glibc"], found["deprecated"]) == (None, None, False)
    assert lambda_images("java99.al2023")["os"] == "Amazon Linux 2023"


def test_images_of_ones_own() -> None:
    own = {"mine": {"build_image": "r.io/b:1-{architecture}", "runtime_image": "r.io/r:1"}, "java21": {}}
    found = lambda_images("mine", "arm64", images=own)
    assert (found["build_image"], found["runtime_image"]) == ("r.io/b:1-arm64", "r.io/r:1")
    assert lambda_images("java21", images=own)["runtime_image"] == "public.ecr.aws/lambda/java:21-x86_64"


BAD: dict[str, tuple[tuple[Any, ...], str]] = {
    "no name": (("cobol",), "'cobol' is not the name of a Lambda runtime"),
    "no text": ((20,), "the runtime is not text but int"),
    "architecture": (("java21", "amd64"), "'amd64' is not an architecture of Lambda"),
    "architecture that is no text": (("java21", None), "the architecture is not text but NoneType"),
    "images": (("java21", "arm64", ["x"]), "images is not a mapping but list"),
    "an unknown key": (("java21", "arm64", {"java21": {"image": "x"}}), "has 'image'"),
    "no image": (("java21", "arm64", {"java21": {"build_image": None}}), "is not a mapping of names of images"),
    "no mapping": (("java21", "arm64", {"java21": "x"}), "is not a mapping of names of images"),
}


@pytest.mark.parametrize(("arguments", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"lambda_images: .*{words}"):
        lambda_images(*arguments)
