# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions of container images: which digest they have, where it is from, how they are updated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bed import Bed, Make, free_port, package
from botocore.exceptions import ClientError
from lambdaops_testbed import registry
from lambdaops_testbed.images import oci
from lambdaops_testbed.images.push import push_all
from lambdaops_testbed.settings import read_settings

ECR = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/app"
DIGEST = "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A repository on a registry of this machine with the tags `one` and `index`, and the digest of `one`."""
    folder = tmp_path_factory.mktemp("images")
    image = oci.image([oci.layer([oci.file("f", b"content")])], "amd64")
    layout = oci.Layout()
    layout.add("one", image)
    layout.add("index", oci.index([image]))
    layout.write(folder / "team" / "app")
    part = registry.part(read_settings({"LAMBDAOPS_CACHE": str(folder), "REGISTRY_PORT": str(free_port())}))
    part.start()
    push_all(folder, part.url)
    (digest,) = (one["digest"] for one in _listed(folder / "team" / "app") if _tag(one) == "one")
    yield f"{part.url.removeprefix('http://')}/team/app", digest.removeprefix("sha256:")
    part.stop()


def _listed(layout: Path) -> list[dict[str, Any]]:
    manifests: list[dict[str, Any]] = json.loads((layout / "index.json").read_text())["manifests"]
    return manifests


def _tag(descriptor: dict[str, Any]) -> object:
    return descriptor["annotations"]["org.opencontainers.image.ref.name"]


def test_a_digest_is_the_code_and_updates_take_their_time(bed: Bed, make: Make) -> None:
    function = make(None, Code={"ImageUri": f"{ECR}:1"})
    made_up = function.read()["CodeSha256"]
    assert len(bytes.fromhex(made_up)) == 32
    bed.pace(0.3)
    updated = function.client.update_function_code(FunctionName=function.name, ImageUri=f"{ECR}@sha256:{DIGEST}")
    assert (updated["LastUpdateStatus"], updated["CodeSha256"]) == ("InProgress", DIGEST)
    assert function.settle()["LastUpdateStatus"] == "Successful"
    answer = function.client.get_function(FunctionName=function.name)
    assert answer["Configuration"]["PackageType"] == "Image"
    assert answer["Code"] == {
        "RepositoryType": "ECR",
        "ImageUri": f"{ECR}@sha256:{DIGEST}",
        "ResolvedImageUri": f"{ECR}@sha256:{DIGEST}",
    }
    bed.pace(0)
    function.client.update_function_code(FunctionName=function.name, ImageUri=f"{ECR}:1")
    assert function.settle()["CodeSha256"] == made_up
    code = function.client.get_function(FunctionName=function.name)["Code"]
    assert (code["ImageUri"], code["ResolvedImageUri"]) == (f"{ECR}:1", f"{ECR}@sha256:{made_up}")


def test_a_failed_update_keeps_the_old_image(bed: Bed, make: Make) -> None:
    function = make(None, Code={"ImageUri": f"{ECR}@sha256:{DIGEST}"})
    bed.fault({"operation": "UpdateFunctionCode", "fail_update": {"reason_code": "ImageAccessDenied"}})
    function.client.update_function_code(FunctionName=function.name, ImageUri=f"{ECR}:2")
    settled = function.settle()
    assert (settled["LastUpdateStatusReasonCode"], settled["CodeSha256"]) == ("ImageAccessDenied", DIGEST)


def test_versions_keep_their_image(make: Make) -> None:
    function = make(None, Code={"ImageUri": f"{ECR}@sha256:{DIGEST}"})
    assert function.publish(CodeSha256=DIGEST)["Version"] == "1"
    function.client.update_function_code(FunctionName=function.name, ImageUri=f"{ECR}:2")
    function.settle()
    assert function.publish()["Version"] == "2"
    assert [version["CodeSha256"] == DIGEST for version in function.versions()] == [False, True, False]


def test_a_tag_on_this_machine_is_asked_of_its_registry(make: Make, repository: tuple[str, str]) -> None:
    name, digest = repository
    function = make(None, Code={"ImageUri": f"{name}:one"})
    assert function.read()["CodeSha256"] == digest
    code = function.client.get_function(FunctionName=function.name)["Code"]
    assert code["ResolvedImageUri"] == f"{name}@sha256:{digest}"


@pytest.mark.parametrize(
    ("tag", "said"),
    [("index", "is not supported"), ("none", "does not exist"), ("", "does not exist")],
    ids=["index", "missing", "latest"],
)
def test_what_lambda_can_not_run_is_refused_without_effect(
    make: Make, repository: tuple[str, str], tag: str, said: str
) -> None:
    function = make(None, Code={"ImageUri": f"{ECR}@sha256:{DIGEST}"})
    before = function.read()
    uri = ":".join(filter(None, (repository[0], tag)))
    with pytest.raises(ClientError, match=said) as refused:
        function.client.update_function_code(FunctionName=function.name, ImageUri=uri)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert function.read() == before


def test_zips_and_images_are_not_mixed(make: Make) -> None:
    image, plain = make(None, Code={"ImageUri": f"{ECR}:1"}), make("def handler(event, context): return 1\n")
    with pytest.raises(ClientError, match="Please provide ImageUri"):
        image.client.update_function_code(FunctionName=image.name, ZipFile=package(""))
    with pytest.raises(ClientError, match="Please don't provide ImageUri"):
        plain.client.update_function_code(FunctionName=plain.name, ImageUri=f"{ECR}:1")


def test_an_image_can_not_be_run(make: Make) -> None:
    answer = make(None, Code={"ImageUri": f"{ECR}:1"}).invoke()
    assert "The testbed runs Python packages only, not container images." in answer["Payload"]
