# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Code in the form in which UpdateFunctionCode wants it, and what is known of it before it is sent."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.digests import Digest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.errors import (
    BrokenZip,
    CodeError,
    ImageUnusable,
    ObjectUnreadable,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.images import Registries
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.code import Code
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.image_code import ImageCode
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.s3_package import S3Package
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.zip_upload import ZipUpload
from botocore.stub import Stubber
from lambdaops_testbed.images import oci

RIGHT, OTHER = (Digest(hashlib.sha256(content).digest()) for content in (b"right", b"other"))
IMAGE = oci.image([oci.layer([oci.file("f", b"content")])])
DIGEST = Digest(bytes.fromhex(IMAGE.digest.removeprefix("sha256:")))
REPOSITORY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/orders"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "orders.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("app.py", "CODE = 2")
    return path


class Bucket:
    def __init__(self) -> None:
        self.client = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
        self.stub = Stubber(self.client)

    def states(self, digest: Digest, **asked: str) -> None:
        expected = {"Bucket": "releases", "Key": "k", "ChecksumMode": "ENABLED", **asked}
        self.stub.add_response("head_object", {"ChecksumSHA256": digest.base64}, expected)

    def fails(self, operation: str, status: int, code: str = "") -> None:
        self.stub.add_client_error(operation, code or str(status), http_status_code=status)


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    bucket = Bucket()
    with bucket.stub:
        yield bucket
        bucket.stub.assert_no_pending_responses()


@pytest.fixture
def registries(tmp_path: Path) -> Registries:
    """A copy of the registry on disk: team/orders:1 is an image, :2 an index."""
    layout = oci.Layout()
    layout.add("1", IMAGE)
    layout.add("2", oci.index([IMAGE]))
    layout.write(tmp_path / "images" / "team" / "orders")
    return Registries({REPOSITORY.partition("/")[0]: f"oci:{tmp_path}/images"})


UNREACHABLE = Registries({REPOSITORY.partition("/")[0]: "127.0.0.1:1"}, stored=lambda _host: None)


# --- one shape


def test_every_kind_has_the_same_shape(package: Path, bucket: Bucket, registries: Registries) -> None:
    bucket.states(RIGHT)
    kinds: list[Code] = [
        ZipUpload.of(str(package)),
        S3Package.of(bucket.client, "releases", "k"),
        ImageCode.of(f"{REPOSITORY}:1", registries),
    ]
    assert [(kind.option, kind.package_type) for kind in kinds] == [
        ("zip_file", "Zip"),
        ("s3_bucket", "Zip"),
        ("image_uri", "Image"),
    ]
    zipped = Digest(hashlib.sha256(package.read_bytes()).digest())
    assert [kind.code_sha256 for kind in kinds] == [zipped.base64, RIGHT.base64, DIGEST.hex]
    assert [kind.request for kind in kinds] == [
        {"ZipFile": package.read_bytes()},
        {"S3Bucket": "releases", "S3Key": "k"},
        {"ImageUri": f"{REPOSITORY}:1"},
    ]
    assert [str(kind) for kind in kinds] == [str(package), "s3://releases/k", f"{REPOSITORY}:1"]
    for kind in kinds:
        assert kind.why == ""
        kind.prove()


def test_requests_are_those_of_the_service_model(package: Path, registries: Registries) -> None:
    model = boto3.client("lambda", region_name="eu-west-1").meta.service_model
    members = model.operation_model("UpdateFunctionCode").input_shape.members
    for code in (ZipUpload.of(str(package)), S3Package("b", "k", "v"), ImageCode.of(f"{REPOSITORY}:1", registries)):
        assert set(code.request) <= set(members)


@pytest.mark.parametrize("code", [S3Package("releases", "k"), ImageCode(f"{REPOSITORY}:1")])
def test_what_lambda_tells_is_known_from_then_on(code: Code) -> None:
    assert code.code_sha256 is None
    known = code.knowing("as Lambda tells it")
    assert (known.code_sha256, known.request, str(known)) == ("as Lambda tells it", code.request, str(code))


def test_an_upload_was_known_before(package: Path) -> None:
    code = ZipUpload.of(str(package))
    assert code.knowing("whatever") == code


def test_code_that_is_no_image_does_without_requests() -> None:
    """It takes longer to load than a function with nothing to do takes to look at."""
    script = f"import sys, {ImageCode.__module__}; sys.exit('requests' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0


# --- zip


def test_a_zip_is_held_against_what_is_stated(package: Path) -> None:
    with pytest.raises(CodeError, match="and code_sha256 says"):
        ZipUpload.of(str(package), RIGHT)
    assert ZipUpload.of(str(package), ZipUpload.of(str(package)).upload.digest)


def test_a_zip_is_unpacked_only_to_prove_it(package: Path) -> None:
    content = bytearray(package.read_bytes())
    content[content.index(b"CODE")] ^= 1
    package.write_bytes(content)
    code = ZipUpload.of(str(package))
    with pytest.raises(BrokenZip, match=r"app\.py"):
        code.prove()


# --- S3


def test_an_object_is_looked_at_once(bucket: Bucket) -> None:
    bucket.states(RIGHT, VersionId="v7")
    code = S3Package.of(bucket.client, "releases", "k", "v7")
    code.prove()
    assert (code.code_sha256, code.request["S3ObjectVersion"]) == (RIGHT.base64, "v7")
    assert str(code) == "s3://releases/k (version v7)"


def test_an_object_whose_hash_is_stated_is_looked_at_only_to_prove_it(bucket: Bucket) -> None:
    code = S3Package.of(bucket.client, "releases", "k", stated=RIGHT)
    assert code.code_sha256 == RIGHT.base64
    bucket.states(RIGHT)
    code.prove()
    bucket.states(OTHER)
    with pytest.raises(CodeError, match=r"s3://releases/k has the SHA-256 .*, and code_sha256 says"):
        code.prove()


def test_an_object_of_unknown_hash_says_why(bucket: Bucket) -> None:
    bucket.stub.add_response("head_object", {"ETag": '"x"'})
    bucket.fails("get_object", 404, "NoSuchKey")
    code = S3Package.of(bucket.client, "releases", "k")
    assert code.code_sha256 is None
    assert code.why.startswith("Nobody knows the SHA-256 of s3://releases/k: ")
    code.prove()


def test_an_object_that_only_lambda_may_read_is_of_unknown_hash(bucket: Bucket) -> None:
    bucket.fails("head_object", 403)
    code = S3Package.of(bucket.client, "releases", "k")
    assert code.code_sha256 is None
    assert "S3 does not allow it (403)" in code.why
    bucket.fails("head_object", 403)
    S3Package.of(bucket.client, "releases", "k", stated=RIGHT).prove()


def test_a_missing_object_is_an_error(bucket: Bucket) -> None:
    stated = S3Package.of(bucket.client, "releases", "k", stated=RIGHT)
    for look in (stated.prove, lambda: S3Package.of(bucket.client, "releases", "k")):
        bucket.fails("head_object", 404)
        bucket.stub.add_response("head_bucket", {}, {"Bucket": "releases"})
        with pytest.raises(ObjectUnreadable, match="the bucket has no such object"):
            look()


@pytest.mark.parametrize(("bucket_name", "key"), [("", "k"), ("b", ""), (" ", "k")])
def test_an_empty_name_is_told(bucket: Bucket, bucket_name: str, key: str) -> None:
    with pytest.raises(CodeError, match="s3_bucket or s3_key is empty"):
        S3Package.of(bucket.client, bucket_name, key)


# --- images


def test_a_digest_needs_no_registry() -> None:
    uri = f"{REPOSITORY}@sha256:{RIGHT.hex}"
    code = ImageCode.of(f" {uri}\n", UNREACHABLE)
    assert (code.code_sha256, code.request) == (RIGHT.hex, {"ImageUri": uri})
    assert ImageCode.of(uri, UNREACHABLE, RIGHT) == code


def test_a_digest_is_held_against_what_is_stated() -> None:
    with pytest.raises(CodeError, match=f"has the digest sha256:{RIGHT.hex}, and code_sha256 says sha256:{OTHER.hex}"):
        ImageCode.of(f"{REPOSITORY}@sha256:{RIGHT.hex}", UNREACHABLE, OTHER)


def test_a_tag_whose_digest_is_stated_is_asked_for_only_to_prove_it(registries: Registries) -> None:
    ImageCode.of(f"{REPOSITORY}:1", registries, DIGEST).prove()
    code = ImageCode.of(f"{REPOSITORY}:1", registries, OTHER)
    assert code.code_sha256 == OTHER.hex
    with pytest.raises(CodeError, match=f"has the digest sha256:{DIGEST.hex}, and code_sha256 says"):
        code.prove()


def test_an_index_is_refused_before_anything_is_touched(registries: Registries) -> None:
    with pytest.raises(ImageUnusable, match="is an image index"):
        ImageCode.of(f"{REPOSITORY}:2", registries)
    code = ImageCode.of(f"{REPOSITORY}:2", registries, DIGEST)
    with pytest.raises(ImageUnusable, match="is an image index"):
        code.prove()


def test_a_registry_that_can_not_be_asked_leaves_it_to_lambda() -> None:
    code = ImageCode.of(f"{REPOSITORY}:1", UNREACHABLE)
    assert (code.code_sha256, code.request) == (None, {"ImageUri": f"{REPOSITORY}:1"})
    assert code.why.startswith(f"Nobody knows the digest of {REPOSITORY}:1: The registry http://127.0.0.1:1 can't be")
    ImageCode.of(f"{REPOSITORY}:1", UNREACHABLE, RIGHT).prove()


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("", "image_uri is empty"),
        ("orders:1", "is in no private Amazon ECR repository"),
        ("public.ecr.aws/lambda/nodejs:20", "is in no private Amazon ECR repository"),
        (f"docker://{REPOSITORY}:1", "is in no private Amazon ECR repository"),
        ("oci:images", "which is no image in a registry"),
    ],
)
def test_what_lambda_takes_no_image_from_is_refused(uri: str, says: str) -> None:
    with pytest.raises(ImageUnusable, match=says):
        ImageCode.of(uri, UNREACHABLE)


def test_no_message_of_code_holds_its_bytes(package: Path) -> None:
    code: Any = ZipUpload.of(str(package))
    assert "CODE = 2" not in repr(code)
