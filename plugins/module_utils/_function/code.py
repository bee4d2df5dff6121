# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a function's new code comes from, and what it must be.

Reading and hashing are the work of `_code`; here its packages take the form in which UpdateFunctionCode wants them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from .._code.digests import Digest
from .._code.errors import CodeError
from .._code.packages import Upload, open_for_upload
from .._code.s3 import object_digest


@dataclass(frozen=True)
class ZipUpload:
    """A package sent with the request."""

    upload: Upload
    option = "zip_file"

    @classmethod
    def of(cls, path: str, stated: Digest | None = None) -> ZipUpload:
        """Read a zip. stated: the hash that it must have. Raises a CodeError for whatever can't be uploaded."""
        upload = open_for_upload(path)
        if stated and stated != upload.digest:
            raise CodeError(
                f"{path} has the SHA-256 {upload.digest.base64}, and code_sha256 says {stated.base64}.",
                hint="Build or fetch the right package, or correct code_sha256; lambda_code_checksum tells the cause.",
            )
        return cls(upload)

    @property
    def digest(self) -> Digest:
        return self.upload.digest

    @property
    def request(self) -> dict[str, Any]:
        return {"ZipFile": self.upload.content}

    def prove(self) -> None:
        """Unpack every entry in memory: worth its time only when the package is about to be sent."""
        self.upload.test()

    def __str__(self) -> str:
        return self.upload.path


@dataclass(frozen=True)
class S3Package:
    """A package that Lambda fetches. digest is None when nobody knows it before Lambda has read the object."""

    bucket: str
    key: str
    object_version: str | None = None
    digest: Digest | None = None
    look: Callable[[], Digest | None] = field(default=lambda: None, repr=False, compare=False)
    option = "s3_bucket"

    @classmethod
    def of(
        cls, client: Any, bucket: str, key: str, object_version: str | None = None, stated: Digest | None = None
    ) -> S3Package:
        """Ask S3 for the object's hash, unless it is stated. client: a botocore S3 client. Raises a CodeError."""
        if not bucket or not key:
            raise CodeError("s3_bucket or s3_key is empty.", hint="Name the object that is the function's code.")
        look = partial(object_digest, client, bucket, key, object_version)
        return cls(bucket, key, object_version, stated or look(), look)

    @property
    def request(self) -> dict[str, Any]:
        version = {"S3ObjectVersion": self.object_version} if self.object_version else {}
        return {"S3Bucket": self.bucket, "S3Key": self.key, **version}

    def prove(self) -> None:
        """Look at the object once more before it is deployed. Raises a CodeError if it is missing or another one."""
        found = self.look()
        if found and self.digest and found != self.digest:
            raise CodeError(
                f"{self} has the SHA-256 {found.base64}, and code_sha256 says {self.digest.base64}.",
                hint="Upload the right package, or correct code_sha256.",
            )

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


Code: TypeAlias = "ZipUpload | S3Package"
