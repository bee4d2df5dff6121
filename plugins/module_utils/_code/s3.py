# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SHA-256 of an object in S3: as S3 states it, else as stated beside it, else, if that is wanted, by reading it.

An ETag is no hash of the content, and the checksum of a multipart upload is one of its parts' hashes: neither is ever
compared. What the object holds is not looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from .digests import Digest, Origin, encoding_of, in_checksum_line, parse_sha256
from .errors import CodeError, ObjectDenied, ObjectUnreadable, shown
from .files import CHUNK

try:
    from botocore import exceptions as botocore_errors
except ImportError:  # without it there is no client to call this with
    pass

SUFFIX = ".sha256"
_STATEMENT_LIMIT = 64 * 1024  # bytes of the object that states the hash; a longer one is no checksum file


@dataclass(frozen=True, slots=True)
class S3Object:
    """Where an object is. version: None for the newest. Raises CodeError for empty names."""

    bucket: str
    key: str
    version: str | None = None

    def __post_init__(self) -> None:
        if not self.bucket.strip() or not self.key.strip():
            raise CodeError("s3_bucket or s3_key is empty.", hint="Name the object that is the function's code.")

    @property
    def members(self) -> dict[str, str]:
        """The place as S3's operations want it."""
        return {"Bucket": self.bucket, "Key": self.key, **({"VersionId": self.version} if self.version else {})}

    def __str__(self) -> str:
        version = f" (version {shown(self.version)})" if self.version else ""
        return f"s3://{shown(self.bucket)}/{shown(self.key)}{version}"


@dataclass(frozen=True, slots=True)
class ObjectHash:
    """What was found out. digest and origin: None when nobody knows. why: what each rung that failed had to say.

    size: bytes. etag and composite: S3's other hashes, "" where it has none, for recognising them.
    """

    place: S3Object
    digest: Digest | None
    origin: Origin | None
    why: tuple[str, ...]
    size: int
    etag: str
    composite: str

    @property
    def unknown(self) -> str:
        """The sentence for an object of which nobody knows the hash."""
        return f"Nobody knows the SHA-256 of {self.place}: {', and '.join(self.why)}."


def object_hash(client: Any, place: S3Object, *, download: bool = False) -> ObjectHash:
    """Climb the ladder until a rung answers. client: a botocore S3 client.

    One call where S3 knows; a second one for the object beside it; with download the whole object is streamed.
    Raises ObjectUnreadable, and ObjectDenied when S3 does not let the caller read it.
    Source: Amazon S3 user guide, "Checking object integrity": only a FULL_OBJECT checksum covers the content.
    """
    with _asking(client, place):
        head = client.head_object(**place.members, ChecksumMode="ENABLED")
    checksum = head.get("ChecksumSHA256", "")
    whole = head.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT" and encoding_of(checksum) is not None
    digest, origin, why = (
        (parse_sha256(checksum), Origin.S3_CHECKSUM, "") if whole else (None, None, _no_checksum(head))
    )
    reasons = [why]
    if digest is None:
        digest, why = _stated_beside(client, place, head)
        origin = Origin.S3_SHA256_OBJECT if digest else None
        reasons.append(why)
    if digest is None and download:
        digest, origin = _downloaded(client, place, head), Origin.S3_DOWNLOAD
    return ObjectHash(
        place,
        digest,
        origin,
        () if digest else tuple(reasons),
        head.get("ContentLength", 0),
        head.get("ETag", "").strip('"'),
        "" if whole else checksum,
    )


def _no_checksum(head: Mapping[str, Any]) -> str:
    if head.get("ChecksumSHA256"):
        return "S3 has a composite checksum of its parts only"
    return "S3 has no SHA-256 of the whole object"


def _stated_beside(client: Any, place: S3Object, head: Mapping[str, Any]) -> tuple[Digest | None, str]:
    """The hash that <key>.sha256 states, or why it does not."""
    beside = S3Object(place.bucket, place.key + SUFFIX)
    try:
        with _asking(client, beside):
            answer = client.get_object(**beside.members)
            with closing(answer["Body"]) as body:
                raw: bytes = body.read(_STATEMENT_LIMIT + 1)
    except _Missing:
        return None, f"there is no {beside}"
    except ObjectDenied:
        return None, f"{beside} can't be read, or is not there"
    if place.version and not _is_newest(client, place):
        return None, f"{beside} is about the newest version"
    if answer["LastModified"] < head["LastModified"]:
        return None, f"{beside} is older than the object"
    digest = _statement(raw, place.key) if len(raw) <= _STATEMENT_LIMIT else None
    return digest, "" if digest else f"{beside} states no SHA-256 of it"


def _is_newest(client: Any, place: S3Object) -> bool:
    with _asking(client, place):
        newest = client.head_object(Bucket=place.bucket, Key=place.key)
    return bool(newest.get("VersionId") == place.version)


def _statement(raw: bytes, key: str) -> Digest | None:
    """The hash in a checksum file: alone, or with a file's name beside it; of several lines, the one with this name."""
    try:
        lines = [line.strip() for line in raw.decode("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError:
        return None
    if len(lines) == 1 and encoding_of(lines[0]):
        return parse_sha256(lines[0])
    stated = [found for line in lines if (found := in_checksum_line(line))]
    if len(lines) > 1:
        stated = [found for found in stated if found[1].rpartition("/")[2] == key.rpartition("/")[2]]
    return parse_sha256(stated[0][0]) if len({digest.lower() for digest, _name in stated}) == 1 else None


def _downloaded(client: Any, place: S3Object, head: Mapping[str, Any]) -> Digest:
    sha256 = hashlib.sha256()
    with _asking(client, place):
        # IfMatch: what is hashed has to be what was looked at.
        answer = client.get_object(**place.members, **({"IfMatch": head["ETag"]} if "ETag" in head else {}))
        with closing(answer["Body"]) as body:
            for chunk in body.iter_chunks(CHUNK):
                sha256.update(chunk)
    return Digest(sha256.digest())


class _Missing(ObjectUnreadable):
    """S3 says that there is no such object."""


@contextmanager
def _asking(client: Any, place: S3Object) -> Iterator[None]:
    """Turn botocore's errors about an object into ours."""
    try:
        yield
    except botocore_errors.ClientError as error:
        raise _answered(client, place, error) from None
    except botocore_errors.NoCredentialsError:
        raise ObjectUnreadable(
            f"{place} can't be read: no complete AWS credentials were found.",
            hint="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the options profile or access_key.",
        ) from None
    except botocore_errors.BotoCoreError as error:
        raise ObjectUnreadable(
            f"{place} can't be read: {' '.join(str(error).split()).rstrip('.')}.",
            hint="Check s3_bucket and s3_key, the region and the network.",
        ) from None


def _answered(client: Any, place: S3Object, error: botocore_errors.ClientError) -> CodeError:
    metadata = error.response.get("ResponseMetadata", {})
    status: int = metadata.get("HTTPStatusCode", 0)
    code: str = error.response.get("Error", {}).get("Code", "")
    said = f"{status}" if code in ("", str(status)) else f"{status} {code}"  # HeadObject's errors have no body
    headers: Mapping[str, str] = metadata.get("HTTPHeaders", {})
    region = headers.get("x-amz-bucket-region", "")
    where = f"{place} can't be read:"
    if headers.get("x-amz-delete-marker") == "true":
        return _Missing(f"{where} it was deleted.", hint="Upload it again, or name an earlier s3_object_version.")
    if status in (301, 307, 400) and region not in ("", client.meta.region_name):
        return ObjectUnreadable(
            f"{where} the bucket is in {region}, and was looked for in {client.meta.region_name}.",
            hint="Lambda takes packages from a bucket in the function's region: copy it to one.",
        )
    if code == "NoSuchBucket" or (status == 404 and code != "NoSuchKey" and not _bucket_exists(client, place.bucket)):
        return ObjectUnreadable(
            f"{where} there is no bucket of this name.", hint="Check s3_bucket, and endpoint_url if you set it."
        )
    if status == 404:
        which = "no such version of it" if place.version else "no such object"
        return _Missing(
            f"{where} the bucket has {which}.",
            hint="Check s3_key and s3_object_version, and that the package was uploaded.",
        )
    if status == 403:
        return ObjectDenied(
            f"{where} S3 does not allow it ({said}).",
            hint="Allow s3:GetObject on it, and kms:Decrypt if it is encrypted with a key of yours; without "
            "s3:ListBucket S3 says the same of objects that are not there.",
        )
    if status == 412:
        return ObjectUnreadable(f"{where} it was replaced meanwhile.", hint="Run the task again.")
    if status >= 500:
        return ObjectUnreadable(f"{where} S3 fails with {said}.", hint="Run the task again.")
    return ObjectUnreadable(
        f"{where} S3 answers {said}.", hint="Check s3_bucket, s3_key, s3_object_version and the credentials."
    )


def _bucket_exists(client: Any, bucket: str) -> bool:
    """S3 answers HeadObject alike for a missing object and a missing bucket."""
    try:
        client.head_bucket(Bucket=bucket)
    except botocore_errors.ClientError as error:
        return bool(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") != 404)
    except botocore_errors.BotoCoreError:
        return True
    return True
