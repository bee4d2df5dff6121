# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Code from an object in S3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

from .._code.digests import Digest
from .._code.errors import ObjectDenied
from .._code.s3 import ObjectHash, S3Object, object_hash
from .code import refuse_another


@dataclass(frozen=True)
class S3Package:
    """A package that Lambda fetches."""

    bucket: str
    key: str
    object_version: str | None = None
    code_sha256: str | None = None
    why: str = ""
    look: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    option: ClassVar[str] = "s3_bucket"
    package_type: ClassVar[str] = "Zip"

    @classmethod
    def of(
        cls,
        client: Any,
        bucket: str,
        key: str,
        object_version: str | None = None,
        stated: Digest | None = None,
        *,
        download: bool = False,
    ) -> S3Package:
        """Find out the object's hash, or, when it is stated, leave that to `prove`: an unchanged package costs no call.

        client: a botocore S3 client. download: whether to read the whole object when S3 does not know its hash.
        """
        place = S3Object(bucket, key, object_version)
        look = partial(_object_hash, client, place, download)
        if stated:
            return cls(
                bucket,
                key,
                object_version,
                stated.base64,
                look=lambda: refuse_another(str(place), look()[0], stated),
            )
        digest, why = look()
        return cls(bucket, key, object_version, digest.base64 if digest else None, why)

    @property
    def request(self) -> dict[str, Any]:
        version = {"S3ObjectVersion": self.object_version} if self.object_version else {}
        return {"S3Bucket": self.bucket, "S3Key": self.key, **version}

    def prove(self) -> None:
        """Look whether the object has the stated hash, as far as S3 tells."""
        self.look()

    def knowing(self, code_sha256: str) -> S3Package:
        """The same, once Lambda has told the hash."""
        return replace(self, code_sha256=code_sha256)

    def __str__(self) -> str:
        return str(S3Object(self.bucket, self.key, self.object_version))


def _object_hash(client: Any, place: S3Object, download: bool) -> tuple[Digest | None, str]:
    """The hash, or why nobody knows it: Lambda may be allowed to read what this caller is not."""
    try:
        found: ObjectHash = object_hash(client, place, download=download)
    except ObjectDenied as denied:
        return None, denied.message
    return found.digest, "" if found.digest else found.unknown
