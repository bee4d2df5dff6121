# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Code wherever it comes from: S3 on LocalStack, images in a real registry, and what a function runs of them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image import ecr
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_code_checksum, lambda_safe_update
from bed import Bed, Function, free_port, package
from botocore.stub import Stubber
from lambdaops_testbed import registry
from lambdaops_testbed.images import oci
from lambdaops_testbed.images.push import push_all
from lambdaops_testbed.registry import PASSWORD, USER, Registry
from lambdaops_testbed.settings import Settings, read_settings

SOURCE = "def handler(event, context): return {number}\n"
ONE, TWO = (package(SOURCE.format(number=number)) for number in (1, 2))
PART = 5 * 1024 * 1024
Run = Callable[..., dict[str, Any]]


def sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


@pytest.fixture
def s3(pointed: None) -> Any:
    return boto3.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"releases-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return name


@pytest.fixture
def checksum(run_module: Run, pointed: None) -> Run:
    return lambda **options: run_module(lambda_code_checksum, **options)


def upload_in_parts(s3: Any, bucket: str, key: str, content: bytes) -> str:
    """S3's checksum of it, which is one of the parts' checksums."""
    place = {"Bucket": bucket, "Key": key}
    upload = s3.create_multipart_upload(**place, ChecksumAlgorithm="SHA256")["UploadId"]
    parts = []
    for number, start in enumerate(range(0, len(content), PART), 1):
        sent = {"PartNumber": number, "Body": content[start : start + PART], "ChecksumAlgorithm": "SHA256"}
        part = s3.upload_part(**place, UploadId=upload, **sent)
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]})
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
    composite: str = s3.head_object(**place, ChecksumMode="ENABLED")["ChecksumSHA256"]
    return composite


# --- S3


def test_each_rung_of_the_ladder_answers(s3: Any, bucket: str, checksum: Run) -> None:
    place = {"s3_bucket": bucket, "s3_key": "orders.zip"}
    s3.put_object(Bucket=bucket, Key="orders.zip", Body=ONE)
    unknown = checksum(**place, expected=sha256(ONE))
    assert [unknown[key] for key in ("sha256_hex", "sha256_base64", "sha256_source", "matches_expected")] == [None] * 4
    assert unknown["diagnosis"]["code"] == "incomparable"
    assert f"can't be compared; nobody knows the SHA-256 of s3://{bucket}/orders.zip: upload it" in unknown["msg"]
    assert f"there is no s3://{bucket}/orders.zip.sha256" in unknown["notes"][0]
    assert checksum(**place, expected=sha256(ONE), fail_on_mismatch=True)["failed"] is True

    found = checksum(**place, s3_download=True, expected=sha256(ONE), fail_on_mismatch=True)
    assert (found["sha256_base64"], found["sha256_source"]) == (sha256(ONE), "s3_download")
    assert (found["size"], found["content_sha256"], found["entries"]) == (len(ONE), None, None)

    line = f"{hashlib.sha256(ONE).hexdigest()}  orders.zip\n"
    s3.put_object(Bucket=bucket, Key="orders.zip.sha256", Body=line.encode())
    assert checksum(**place)["sha256_source"] == "s3_sha256_object"

    s3.put_object(Bucket=bucket, Key="orders.zip", Body=ONE, ChecksumAlgorithm="SHA256")
    found = checksum(**place, expected=hashlib.md5(ONE).hexdigest())
    assert (found["sha256_base64"], found["sha256_source"]) == (sha256(ONE), "s3_checksum")
    assert (found["matches_expected"], found["diagnosis"]["code"]) == (False, "s3_etag")
    assert found["diagnosis"]["right_value"] == sha256(ONE)
    assert checksum(**place)["msg"] == f"The SHA-256 of s3://{bucket}/orders.zip in base64 is {sha256(ONE)}."


def test_a_composite_checksum_is_recognised_and_never_compared(s3: Any, bucket: str, checksum: Run) -> None:
    content = bytes(PART) + ONE
    composite = upload_in_parts(s3, bucket, "big.zip", content)
    place = {"s3_bucket": bucket, "s3_key": "big.zip"}
    found = checksum(**place, expected=composite)
    assert (found["sha256_base64"], found["matches_expected"]) == (None, False)
    assert found["diagnosis"]["code"] == "composite_checksum"
    assert "of this object, uploaded in parts" in found["msg"]
    assert checksum(**place, s3_download=True)["sha256_base64"] == sha256(content)


def test_the_version_is_honoured(s3: Any, bucket: str, checksum: Run) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first, second = (s3.put_object(Bucket=bucket, Key="k.zip", Body=code)["VersionId"] for code in (ONE, TWO))
    s3.put_object(Bucket=bucket, Key="k.zip.sha256", Body=sha256(TWO).encode())
    place = {"s3_bucket": bucket, "s3_key": "k.zip"}
    assert checksum(**place)["sha256_base64"] == sha256(TWO)
    assert checksum(**place, s3_object_version=second)["sha256_source"] == "s3_sha256_object"
    old = checksum(**place, s3_object_version=first, s3_download=True)
    assert (old["sha256_base64"], old["sha256_source"]) == (sha256(ONE), "s3_download")


@pytest.mark.parametrize(
    ("key", "says"), [("missing.zip", "the bucket has no such object"), (None, "there is no bucket of this name")]
)
def test_what_is_not_there_is_one_sentence(bucket: str, checksum: Run, key: str | None, says: str) -> None:
    place = {"s3_bucket": bucket, "s3_key": key} if key else {"s3_bucket": "nobody-has-this", "s3_key": "k"}
    result = checksum(**place)
    assert result["failed"] is True
    assert f"s3://{place['s3_bucket']}/{place['s3_key']} can't be read: {says}." in result["msg"]


def test_a_package_of_stated_hash_is_applied_once(s3: Any, bucket: str, bed: Bed, make: Any, run_module: Run) -> None:
    function: Function = make(SOURCE.format(number=1))
    s3.put_object(Bucket=bucket, Key="two.zip", Body=TWO)
    wish = {"name": function.name, "s3_bucket": bucket, "s3_key": "two.zip"}
    s3.put_object(Bucket=bucket, Key="two.zip.sha256", Body=sha256(TWO).encode())
    assert [run_module(lambda_safe_update, **wish)["changed"] for _turn in range(2)] == [True, False]
    assert json.loads(function.invoke()["Payload"]) == 2

    s3.delete_object(Bucket=bucket, Key="two.zip.sha256")
    assert run_module(lambda_safe_update, **wish, s3_download=True)["changed"] is False
    warned = run_module(lambda_safe_update, **wish, check_mode=True)
    assert warned["changed"] is True
    assert "So the code is updated each time" in str(warned["warnings"])
    s3.put_object(Bucket=bucket, Key="other.zip", Body=ONE)
    wish = {**wish, "s3_key": "other.zip", "code_sha256": "1" * 64, "s3_download": True}
    refused = run_module(lambda_safe_update, **wish)
    assert f"s3://{bucket}/other.zip has the SHA-256 {sha256(ONE)}, and code_sha256 says" in refused["msg"]
    assert json.loads(function.invoke()["Payload"]) == 2


def test_a_function_and_its_versions_are_compared(s3: Any, bucket: str, make: Any, checksum: Run) -> None:
    function: Function = make("", Code={"ZipFile": ONE})
    function.client.publish_version(FunctionName=function.name)
    function.client.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    function.client.update_function_code(FunctionName=function.name, ZipFile=TWO)
    function.settle()
    s3.put_object(Bucket=bucket, Key="two.zip", Body=TWO, ChecksumAlgorithm="SHA256")
    place = {"s3_bucket": bucket, "s3_key": "two.zip", "function_name": function.name}
    latest, live = checksum(**place), checksum(**place, qualifier="live")
    assert [latest["matches_function"], live["matches_function"]] == [True, False]
    assert [latest["function"]["version"], live["function"]["version"]] == ["$LATEST", "1"]
    other = checksum(**place, expected=sha256(ONE))
    assert other["diagnosis"]["code"] == "other_version"
    assert f"which {function.name} (version 1) runs, not of this one" in other["msg"]


# --- images


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("cache")
    return read_settings({"LAMBDAOPS_CACHE": str(folder), "REGISTRY_PORT": str(free_port())})


@pytest.fixture(scope="module")
def pushed(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Registry, list[oci.Image]]]:
    """team/orders with the tags 1 and 2, and attested, an index of the first with its provenance."""
    folder = tmp_path_factory.mktemp("layouts")
    made = [oci.image([oci.layer([oci.file("f", b"release %d" % number)])]) for number in (1, 2)]
    layout = oci.Layout()
    for tag, image in (("1", made[0]), ("2", made[1]), ("attested", oci.index(made[:1]))):
        layout.add(tag, image)
    layout.write(folder / "team" / "orders")
    part = registry.part(settings)
    part.start()
    push_all(folder, part.url)
    yield part, made
    part.stop()


@pytest.fixture
def repository(pushed: tuple[Registry, list[oci.Image]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return f"{pushed[0].url.removeprefix('http://')}/team/orders"


def bare(image: oci.Image) -> str:
    return image.digest.removeprefix("sha256:")


def test_an_image_is_applied_once_by_its_tag(
    bed: Bed, make: Any, run_module: Run, repository: str, pushed: tuple[Registry, list[oci.Image]], pointed: None
) -> None:
    one, two = pushed[1]
    function: Function = make(None, Code={"ImageUri": f"{repository}:1"})

    def update(**options: Any) -> dict[str, Any]:
        return run_module(lambda_safe_update, name=function.name, **options)

    assert update(image_uri=f"{repository}:1")["changed"] is False
    assert update(image_uri=f"{repository}:2")["changed"] is True
    assert function.read()["CodeSha256"] == bare(two)
    assert function.client.get_function(FunctionName=function.name)["Code"]["ImageUri"] == f"{repository}:2"
    for wish in ({"image_uri": f"{repository}:2"}, {"image_uri": f"{repository}@{two.digest}"}):
        assert update(**wish)["changed"] is False
    for stated in (bare(two), two.digest):
        assert update(image_uri=f"{repository}:2", code_sha256=stated)["changed"] is False
    refused = update(image_uri=f"{repository}:2", code_sha256=bare(one))
    assert f"{repository}:2 has the digest {two.digest}, and code_sha256 says {one.digest}" in refused["msg"]
    bed.forget_calls()
    index = update(image_uri=f"{repository}:attested")
    assert "is an image index (for linux/amd64), and Lambda takes none" in index["msg"]
    assert bed.calls() == {}
    assert function.read()["CodeSha256"] == bare(two)


def test_an_image_is_compared_with_checksum_and_function(
    make: Any, checksum: Run, repository: str, pushed: tuple[Registry, list[oci.Image]]
) -> None:
    one, two = pushed[1]
    function: Function = make(None, Code={"ImageUri": f"{repository}:1"})
    config = json.loads(one.manifest)["config"]["digest"]
    for expected, code in (
        (bare(one), "right"),
        (one.digest, "right_with_prefix"),
        (base64.b64encode(bytes.fromhex(bare(one))).decode(), "right_in_base64"),
        (config, "config_digest"),
        ("1", "image_tag"),
        (bare(two), "unknown_sha256"),
    ):
        for uri in (f"{repository}:1", f"{repository}@{one.digest}"):
            result = checksum(image_uri=uri, expected=expected, function_name=function.name)
            assert result["matches_function"] is True
            assert result["diagnosis"]["code"] == code
            assert result["diagnosis"]["right_value"] == result["sha256_hex"] == bare(one)
            assert result["matches_expected"] is code.startswith("right")
    attested = checksum(image_uri=f"{repository}:attested", expected=bare(one), function_name=function.name)
    assert (attested["matches_expected"], attested["matches_function"]) == (True, True)
    assert "is an image index, and Lambda takes none" in attested["notes"][0]
    other = checksum(image_uri=f"{repository}:2", expected=bare(one), function_name=function.name)
    assert (other["matches_function"], other["diagnosis"]["code"]) == (False, "deployed_code")


def test_an_image_matches_no_function_of_a_zip(make: Any, checksum: Run, repository: str) -> None:
    function: Function = make(SOURCE.format(number=1))
    result = checksum(image_uri=f"{repository}:1", function_name=function.name)
    assert result["matches_function"] is False
    assert "is deployed as a zip, so no image can match it" in result["notes"][-1]


def test_a_registry_with_a_login_is_read_with_that_of_ecr(
    settings: Settings,
    pushed: tuple[Registry, list[oci.Image]],
    repository: str,
    run_module: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A registry of this machine stands for one of ECR, which LocalStack does not have."""
    closed = registry.with_basic_auth(settings, free_port())
    closed.start()
    try:
        host = closed.url.removeprefix("http://")
        monkeypatch.setattr(ecr, "_HOST", re.compile(re.escape(host) + "(?P<region>)"))
        uri = f"{host}/team/orders:1"
        client = boto3.client("ecr", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        stub = Stubber(client)
        stub.add_client_error("get_authorization_token", "AccessDeniedException")
        stub.add_response("get_authorization_token", {"authorizationData": [{"authorizationToken": token}]}, {})
        monkeypatch.setattr(lambda_code_checksum, "ecr_client", lambda _module, _region: client)
        with stub:
            refused, found = (run_module(lambda_code_checksum, image_uri=uri) for _turn in range(2))
        assert "does not let you read" in refused["msg"]
        assert "ECR gives no login (AccessDeniedException)" in refused["msg"]
        assert (found["sha256_hex"], found["sha256_source"]) == (bare(pushed[1][0]), "registry")
        assert PASSWORD not in json.dumps(found) + json.dumps(refused)
    finally:
        closed.stop()
