# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a function's new code comes from, and what it must be.

Reading and hashing are the work of `_code`; here its findings take the form in which UpdateFunctionCode wants them.
All three kinds have one shape:

* option: which option the code came from. package_type: Zip or Image.
* code_sha256: as Lambda states it, base64 for a zip and bare hex for an image; None when nobody knows it before Lambda
  has read the code. why: then, the reason in one sentence.
* request: its members of UpdateFunctionCode.
* prove(): the look that is worth its time only when the code is about to be deployed. Raises a CodeError.
* knowing(code_sha256): the same, once Lambda has told the hash.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, TypeAlias

from .._code.digests import Digest
from .._code.errors import CodeError, ImageUnusable, ObjectDenied, shown
from .._code.images import ImageDigest, Registries, image_digest, image_reference
from .._code.packages import Upload, open_for_upload
from .._code.s3 import ObjectHash, S3Object, object_hash

_PUBLIC = ("docker.io", "public.ecr.aws")  # docker.io also stands for references without a host


@dataclass(frozen=True)
class ZipUpload:
    """A package sent with the request."""

    upload: Upload
    option: ClassVar[str] = "zip_file"
    package_type: ClassVar[str] = "Zip"
    why: ClassVar[str] = ""

    @classmethod
    def of(cls, path: str, stated: Digest | None = None) -> ZipUpload:
        """Read a zip. stated: the hash that it must have. Raises a CodeError for whatever can't be uploaded."""
        upload = open_for_upload(path)
        _refuse_another(shown(path), upload.digest, stated)
        return cls(upload)

    @property
    def code_sha256(self) -> str:
        return self.upload.digest.base64

    @property
    def request(self) -> dict[str, Any]:
        return {"ZipFile": self.upload.content}

    def prove(self) -> None:
        """Unpack every entry in memory."""
        self.upload.test()

    def knowing(self, code_sha256: str) -> ZipUpload:
        """The same: what is uploaded has been hashed."""
        return self

    def __str__(self) -> str:
        return shown(self.upload.path)


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
                look=lambda: _refuse_another(str(place), look()[0], stated),
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


@dataclass(frozen=True)
class ImageCode:
    """A container image that Lambda pulls, named as the user named it: Lambda resolves the tag by itself."""

    image_uri: str
    code_sha256: str | None = None
    why: str = ""
    look: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    option: ClassVar[str] = "image_uri"
    package_type: ClassVar[str] = "Image"

    @classmethod
    def of(cls, image_uri: str, registries: Registries, stated: Digest | None = None) -> ImageCode:
        """Find out the image's digest, or, when it is stated beside a tag, leave that to `prove`.

        Raises an EngineError for what Lambda can't run: a reference that does not parse, a public registry, a missing
        image, an index of several images.
        """
        image_uri = image_uri.strip()
        reference = image_reference(image_uri)
        if reference.host in _PUBLIC or image_uri.startswith("docker://"):
            raise ImageUnusable(
                f"{image_uri} is in no private Amazon ECR repository, and Lambda takes images from nowhere else.",
                hint="Push the image to one in the function's region, and write "
                "<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag> or …@sha256:<digest>.",
            )
        look = partial(image_digest, image_uri, registries)
        if stated and not reference.digest:
            return cls(image_uri, stated.hex, look=lambda: _refuse_other_image(image_uri, look(), stated))
        found = look()
        _refuse_other_image(image_uri, found, stated)
        why = "" if found.digest else f"Nobody knows the digest of {image_uri}: {found.why}."
        return cls(image_uri, found.digest.hex if found.digest else None, why)

    @property
    def request(self) -> dict[str, Any]:
        return {"ImageUri": self.image_uri}

    def prove(self) -> None:
        """Look whether the tag names the stated digest, as far as the registry tells."""
        self.look()

    def knowing(self, code_sha256: str) -> ImageCode:
        """The same, once Lambda has told the digest."""
        return replace(self, code_sha256=code_sha256)

    def __str__(self) -> str:
        return self.image_uri


Code: TypeAlias = "ZipUpload | S3Package | ImageCode"


def _object_hash(client: Any, place: S3Object, download: bool) -> tuple[Digest | None, str]:
    """The hash, or why nobody knows it: Lambda may be allowed to read what this caller is not."""
    try:
        found: ObjectHash = object_hash(client, place, download=download)
    except ObjectDenied as denied:
        return None, denied.message
    return found.digest, "" if found.digest else found.unknown


def _refuse_another(name: str, found: Digest | None, stated: Digest | None) -> None:
    if found and stated and found != stated:
        raise CodeError(
            f"{name} has the SHA-256 {found.base64}, and code_sha256 says {stated.base64}.",
            hint="Build or fetch the right package, or correct code_sha256; lambda_code_checksum tells the cause.",
        )


def _refuse_other_image(image_uri: str, found: ImageDigest, stated: Digest | None) -> None:
    if found.digest and stated and found.digest != stated:
        raise CodeError(
            f"{image_uri} has the digest sha256:{found.digest.hex}, and code_sha256 says sha256:{stated.hex}.",
            hint="Name the right image, or correct code_sha256; lambda_code_checksum tells the cause.",
        )
