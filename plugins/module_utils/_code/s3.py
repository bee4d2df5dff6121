# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SHA-256 of an object in S3, as far as S3 states it.

It reads no object: an ETag is no hash of the content, and the checksum of a multipart upload is one of its parts.
"""

from __future__ import annotations

import base64
from typing import Any

from .digests import Digest
from .errors import CodeError

try:
    from botocore import exceptions as botocore_errors
except ImportError:  # without it there is no client to call this with
    pass


def object_digest(client: Any, bucket: str, key: str, object_version: str | None = None) -> Digest | None:
    """The object's SHA-256, or None when S3 does not know it or may not say.

    client: a botocore S3 client. One call. Raises CodeError when there is no such object.
    Source: Amazon S3 user guide, "Checking object integrity": only a FULL_OBJECT checksum covers the content.
    """
    version = {"VersionId": object_version} if object_version else {}
    try:
        head = client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED", **version)
    except botocore_errors.ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status == 403:
            return None
        raise CodeError(
            f"s3://{bucket}/{key} can't be read: S3 answers {error.response.get('Error', {}).get('Code', 'an error')}.",
            hint="Run the task again."
            if status >= 500
            else "Check s3_bucket, s3_key and s3_object_version, and that the package was uploaded.",
        ) from None
    except botocore_errors.BotoCoreError as error:
        raise CodeError(
            f"s3://{bucket}/{key} can't be read: {error}.",
            hint="Check the credentials, the region and the network.",
        ) from None
    checksum = head.get("ChecksumSHA256")
    if not checksum or head.get("ChecksumType", "FULL_OBJECT") != "FULL_OBJECT" or "-" in checksum:
        return None
    return Digest(base64.b64decode(checksum))
