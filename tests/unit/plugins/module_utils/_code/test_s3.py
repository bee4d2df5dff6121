# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who says what an object in S3 holds: S3, an object beside it, or the object itself. botocore checks each answer."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.digests import Digest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.errors import ObjectDenied, ObjectUnreadable
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.s3 import ObjectHash, S3Object, object_hash
from botocore.response import StreamingBody
from botocore.stub import Stubber

CONTENT = b"the bytes of a zip"
RIGHT = Digest(hashlib.sha256(CONTENT).digest())
OTHER = Digest(hashlib.sha256(b"other").digest())
PLACE = S3Object("releases", "orders/1.4.2.zip")
BEFORE, AFTER = datetime(2026, 8, 14, 9, 30, tzinfo=UTC), datetime(2026, 8, 14, 9, 31, tzinfo=UTC)


class Bucket:
    """The answers that S3 is to give, in order; a test fails when a request differs or one is left."""

    def __init__(self) -> None:
        self.client = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
        self.stub = Stubber(self.client)

    def has(self, place: S3Object = PLACE, **head: Any) -> None:
        head = {"ContentLength": len(CONTENT), "ETag": '"e-1"', "LastModified": BEFORE, **head}
        self.stub.add_response("head_object", head, {**place.members, "ChecksumMode": "ENABLED"})

    def newest_is(self, version: str) -> None:
        self.stub.add_response("head_object", {"VersionId": version}, {"Bucket": PLACE.bucket, "Key": PLACE.key})

    def says_beside(self, text: str | bytes, modified: datetime = AFTER) -> None:
        raw = text.encode() if isinstance(text, str) else text
        answer = {"Body": StreamingBody(io.BytesIO(raw), len(raw)), "LastModified": modified}
        self.stub.add_response("get_object", answer, {"Bucket": PLACE.bucket, "Key": f"{PLACE.key}.sha256"})

    def gives(self, content: bytes = CONTENT, length: int | None = None, **asked: str) -> None:
        body = StreamingBody(io.BytesIO(content), len(content) if length is None else length)
        expected = {"Bucket": PLACE.bucket, "Key": PLACE.key, "IfMatch": '"e-1"', **asked}
        self.stub.add_response("get_object", {"Body": body}, expected)

    def fails(self, operation: str, status: int, code: str = "", **headers: str) -> None:
        self.stub.add_client_error(
            operation,
            service_error_code=code or str(status),
            http_status_code=status,
            response_meta={"HTTPHeaders": {name.replace("_", "-"): value for name, value in headers.items()}},
        )

    def nothing_beside(self) -> None:
        self.fails("get_object", 404, "NoSuchKey")

    def hash(self, place: S3Object = PLACE, *, download: bool = False) -> ObjectHash:
        return object_hash(self.client, place, download=download)


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    bucket = Bucket()
    with bucket.stub:
        yield bucket
        bucket.stub.assert_no_pending_responses()


# --- what S3 states


@pytest.mark.parametrize("kind", [{"ChecksumType": "FULL_OBJECT"}, {}])
def test_a_checksum_of_the_whole_object_needs_one_call(bucket: Bucket, kind: dict[str, str]) -> None:
    bucket.has(ChecksumSHA256=RIGHT.base64, **kind)
    found = bucket.hash()
    assert (found.digest, found.origin, found.why) == (RIGHT, "s3_checksum", ())
    assert (found.size, found.etag, found.composite) == (len(CONTENT), "e-1", "")


@pytest.mark.parametrize(
    ("head", "why", "composite"),
    [
        ({"ChecksumSHA256": f"{RIGHT.base64}-3", "ChecksumType": "COMPOSITE"}, "composite", f"{RIGHT.base64}-3"),
        ({"ChecksumSHA256": f"{RIGHT.base64}-3"}, "composite", f"{RIGHT.base64}-3"),
        ({"ChecksumSHA256": RIGHT.base64, "ChecksumType": "COMPOSITE"}, "composite", RIGHT.base64),
        ({"ChecksumCRC32": "AAAAAA==", "ChecksumType": "FULL_OBJECT"}, "no SHA-256 of the whole", ""),
        ({}, "no SHA-256 of the whole", ""),
    ],
)
def test_no_other_checksum_counts(bucket: Bucket, head: dict[str, str], why: str, composite: str) -> None:
    bucket.has(**head)
    bucket.nothing_beside()
    found = bucket.hash()
    assert (found.digest, found.origin, found.composite) == (None, None, composite)
    assert why in found.why[0]
    assert found.unknown.startswith("Nobody knows the SHA-256 of s3://releases/orders/1.4.2.zip: S3 has ")
    assert found.unknown.endswith(", and there is no s3://releases/orders/1.4.2.zip.sha256.")


def test_the_version_is_asked_for(bucket: Bucket) -> None:
    place = S3Object("releases", "orders/1.4.2.zip", "v7")
    bucket.has(place, ChecksumSHA256=RIGHT.base64)
    assert bucket.hash(place).digest == RIGHT
    assert str(place) == "s3://releases/orders/1.4.2.zip (version v7)"


# --- what is stated beside it


@pytest.mark.parametrize(
    "text",
    [
        RIGHT.hex,
        f"{RIGHT.hex}\n",
        RIGHT.base64,
        f"sha256:{RIGHT.hex}\r\n",
        f"{RIGHT.hex}  1.4.2.zip\n",
        f"{RIGHT.hex} *build/orders.zip\n",
        f"SHA256 (1.4.2.zip) = {RIGHT.hex}\n",
        f"\ufeff{RIGHT.hex.upper()}\n",
        f"{OTHER.hex}  1.4.1.zip\n{RIGHT.hex}  dist/1.4.2.zip\n",
    ],
)
def test_an_object_beside_it_states_the_hash(bucket: Bucket, text: str) -> None:
    bucket.has()
    bucket.says_beside(text)
    found = bucket.hash()
    assert (found.digest, found.origin) == (RIGHT, "s3_sha256_object")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pending",
        RIGHT.hex[:-1],
        f"{OTHER.hex}  1.4.1.zip\n{RIGHT.hex}  1.4.3.zip\n",
        f"{OTHER.hex}  a/1.4.2.zip\n{RIGHT.hex}  b/1.4.2.zip\n",
        f"{OTHER.hex}\n{RIGHT.hex}\n",
        b"\xff\xfe" + RIGHT.hex.encode("utf-16-le"),
        RIGHT.hex + " " * 70_000,
    ],
)
def test_a_text_that_states_no_hash_is_passed_over(bucket: Bucket, text: str | bytes) -> None:
    bucket.has()
    bucket.says_beside(text)
    found = bucket.hash()
    assert found.digest is None
    assert found.why[1] == "s3://releases/orders/1.4.2.zip.sha256 states no SHA-256 of it"


@pytest.mark.parametrize(("modified", "digest"), [(AFTER, RIGHT), (BEFORE, None)])
def test_a_statement_that_is_older_than_the_object_is_about_another_one(
    bucket: Bucket, modified: datetime, digest: Digest | None
) -> None:
    bucket.has(LastModified=AFTER)
    bucket.says_beside(RIGHT.hex, modified)
    found = bucket.hash()
    assert found.digest == digest
    assert digest or "is older than the object" in found.unknown


@pytest.mark.parametrize(("newest", "digest"), [("v7", RIGHT), ("v8", None)])
def test_a_statement_is_about_the_newest_version(bucket: Bucket, newest: str, digest: Digest | None) -> None:
    place = S3Object(PLACE.bucket, PLACE.key, "v7")
    bucket.has(place)
    bucket.says_beside(RIGHT.hex)
    bucket.newest_is(newest)
    found = bucket.hash(place)
    assert found.digest == digest
    assert digest or "is about the newest version" in found.unknown


def test_a_statement_that_may_not_be_read_is_none(bucket: Bucket) -> None:
    bucket.has()
    bucket.fails("get_object", 403, "AccessDenied")
    assert "can't be read, or is not there" in bucket.hash().unknown


def test_trouble_with_the_statement_is_told(bucket: Bucket) -> None:
    bucket.has()
    bucket.fails("get_object", 503, "SlowDown")
    with pytest.raises(ObjectUnreadable, match=r"zip\.sha256 can't be read: S3 fails with 503 SlowDown"):
        bucket.hash()


# --- the object itself


def test_the_object_is_hashed_where_that_is_wanted(bucket: Bucket) -> None:
    place = S3Object(PLACE.bucket, PLACE.key, "v7")
    bucket.has(place)
    bucket.nothing_beside()
    bucket.gives(VersionId="v7")
    found = bucket.hash(place, download=True)
    assert (found.digest, found.origin, found.why) == (RIGHT, "s3_download", ())


def test_nothing_is_downloaded_when_the_hash_is_stated(bucket: Bucket) -> None:
    bucket.has()
    bucket.says_beside(RIGHT.hex)
    assert bucket.hash(download=True).origin == "s3_sha256_object"


def test_a_large_object_is_never_held_as_a_whole(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int | None] = []
    read = StreamingBody.read
    monkeypatch.setattr(StreamingBody, "read", lambda body, size=None: asked.append(size) or read(body, size))
    content = bytes(5 * 1024 * 1024)
    bucket.has()
    bucket.nothing_beside()
    bucket.gives(content)
    assert bucket.hash(download=True).digest == Digest(hashlib.sha256(content).digest())
    assert max(size or len(content) for size in asked) == 1024 * 1024


def test_a_download_that_breaks_off_is_no_hash(bucket: Bucket) -> None:
    bucket.has()
    bucket.nothing_beside()
    bucket.gives(CONTENT[:5], length=len(CONTENT))
    with pytest.raises(ObjectUnreadable, match=r"can't be read: 5 read, but total bytes expected is 18"):
        bucket.hash(download=True)


def test_an_object_that_is_replaced_meanwhile_is_told(bucket: Bucket) -> None:
    bucket.has()
    bucket.nothing_beside()
    bucket.fails("get_object", 412, "PreconditionFailed")
    with pytest.raises(ObjectUnreadable, match="it was replaced meanwhile"):
        bucket.hash(download=True)


# --- what S3 refuses


@pytest.mark.parametrize(
    ("status", "headers", "bucket_status", "says"),
    [
        (404, {}, 404, "there is no bucket of this name"),
        (404, {}, 200, "the bucket has no such object"),
        (404, {}, 403, "the bucket has no such object"),
        (404, {"x_amz_delete_marker": "true"}, None, "it was deleted"),
        (
            301,
            {"x_amz_bucket_region": "us-east-1"},
            None,
            "the bucket is in us-east-1, and was looked for in eu-west-1",
        ),
        (400, {"x_amz_bucket_region": "us-east-1"}, None, "the bucket is in us-east-1"),
        (400, {"x_amz_bucket_region": "eu-west-1"}, None, "S3 answers 400."),
        (500, {}, None, "S3 fails with 500."),
        (503, {}, None, "S3 fails with 503."),
    ],
)
def test_what_s3_refuses_is_one_sentence(
    bucket: Bucket, status: int, headers: dict[str, str], bucket_status: int | None, says: str
) -> None:
    bucket.fails("head_object", status, **headers)
    if bucket_status == 200:
        bucket.stub.add_response("head_bucket", {}, {"Bucket": PLACE.bucket})
    elif bucket_status:
        bucket.fails("head_bucket", bucket_status)
    with pytest.raises(ObjectUnreadable) as error:
        bucket.hash()
    assert error.value.message.startswith("s3://releases/orders/1.4.2.zip can't be read: ")
    assert says in error.value.message
    assert error.value.message.count(". ") == 0
    assert error.value.hint


def test_a_missing_version_is_told_as_one(bucket: Bucket) -> None:
    bucket.fails("head_object", 404)
    bucket.stub.add_response("head_bucket", {}, {"Bucket": PLACE.bucket})
    with pytest.raises(ObjectUnreadable, match=r"\(version v7\) can't be read: the bucket has no such version of it"):
        bucket.hash(S3Object(PLACE.bucket, PLACE.key, "v7"))


def test_what_may_not_be_read_is_an_error_of_its_own(bucket: Bucket) -> None:
    bucket.fails("head_object", 403)
    with pytest.raises(ObjectDenied, match=r"S3 does not allow it \(403\).*s3:GetObject"):
        bucket.hash()


def test_a_name_that_no_bucket_can_have_is_told() -> None:
    with pytest.raises(ObjectUnreadable, match=r"can't be read: .*Invalid bucket name") as error:
        Bucket().hash(S3Object("no bucket", "k"))
    assert "\n" not in error.value.message


def test_missing_credentials_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    client = boto3.session.Session().client("s3", region_name="eu-west-1", endpoint_url="http://127.0.0.1:1")
    with pytest.raises(ObjectUnreadable, match="no complete AWS credentials were found"):
        object_hash(client, PLACE)


def test_the_hash_is_s3s_own(bucket: Bucket) -> None:
    """S3 writes base64 of the 32 bytes, as openssl does."""
    stated = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
    bucket.has(ChecksumSHA256=stated)
    assert bucket.hash().digest == RIGHT
