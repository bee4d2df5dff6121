# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of S3's checksums says what an object holds."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.errors import CodeError
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.s3 import object_digest
from botocore.stub import Stubber

SHA = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="
ASKED = {"Bucket": "releases", "Key": "k", "ChecksumMode": "ENABLED"}


def stubbed() -> tuple[Any, Stubber]:
    client = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
    return client, Stubber(client)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ({"ChecksumSHA256": SHA, "ChecksumType": "FULL_OBJECT"}, SHA),
        ({"ChecksumSHA256": SHA}, SHA),
        ({"ChecksumSHA256": f"{SHA}-3", "ChecksumType": "COMPOSITE"}, None),
        ({"ChecksumSHA256": SHA, "ChecksumType": "COMPOSITE"}, None),
        ({"ChecksumCRC32": "AAAAAA=="}, None),
        ({"ETag": '"d41d8cd98f00b204e9800998ecf8427e"'}, None),
    ],
)
def test_only_a_checksum_of_the_whole_object_counts(head: dict[str, str], expected: str | None) -> None:
    client, stub = stubbed()
    stub.add_response("head_object", head, ASKED)
    with stub:
        digest = object_digest(client, "releases", "k")
    assert (digest.base64 if digest else None) == expected


def test_the_version_is_asked_for() -> None:
    client, stub = stubbed()
    stub.add_response("head_object", {}, {**ASKED, "VersionId": "v7"})
    with stub:
        assert object_digest(client, "releases", "k", "v7") is None


def test_a_missing_object_is_named() -> None:
    client, stub = stubbed()
    stub.add_client_error("head_object", "404", "Not Found", 404)
    with stub, pytest.raises(CodeError, match=r"s3://releases/k can't be read: S3 answers 404.*s3_key"):
        object_digest(client, "releases", "k")


def test_what_may_not_be_read_is_left_to_lambda() -> None:
    client, stub = stubbed()
    stub.add_client_error("head_object", "403", "Forbidden", 403)
    with stub:
        assert object_digest(client, "releases", "k") is None
