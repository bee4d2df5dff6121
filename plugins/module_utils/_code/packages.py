# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a deployment package: what it is, and what is sent when it is uploaded.

It reads zips and directories of this host; what stands in S3 or a registry is not its subject, nor is building one.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO

from .content import Entry, content_digest
from .digests import Digest
from .errors import CodeError, NotAZip, PackageTooLarge, shown
from .files import chunks, open_regular, reading
from .trees import read_tree
from .zips import open_zip, read_entries

DIRECT_UPLOAD_LIMIT = 50 * 1024 * 1024  # bytes; Lambda quotas, "50 MB (zipped, for direct upload)"


class PackageKind(StrEnum):
    """What stands under the path."""

    ZIP = "zip"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True)
class Package:
    """A package that is sound: every entry was unpacked and tested.

    size: bytes of the zip, or of all files in the directory. digest: of the zip; a directory has none, since the bytes
    of a zip made from it depend on who makes it. content: see ``content.py``. uncompressed_size: bytes of all entries.
    """

    path: str
    kind: PackageKind
    size: int
    digest: Digest | None
    files: tuple[Entry, ...] = field(repr=False)
    content_sha256: Digest
    uncompressed_size: int

    @property
    def entries(self) -> int:
        """How many files and symbolic links it holds; directories are not counted."""
        return len(self.files)


@dataclass(frozen=True, slots=True)
class Upload:
    """A zip's bytes as they are sent, and the SHA-256 of exactly these bytes."""

    path: str
    content: bytes = field(repr=False)
    digest: Digest

    @property
    def size(self) -> int:
        """Bytes to send."""
        return len(self.content)

    def test(self) -> None:
        """Unpack every entry in memory and test its CRC-32: worth its time before the zip is sent, not before.

        Raises BrokenZip, naming the first bad entry.
        """
        with open_zip(io.BytesIO(self.content), self.path) as archive:
            read_entries(archive, self.path)


@dataclass(frozen=True, slots=True)
class OtherHashes:
    """Hashes of a file that are no SHA-256, for recognising them where one is wanted."""

    md5: bytes
    sha1: bytes
    sha512: bytes


def read_package(path: str) -> Package:
    """Read a zip or a directory in full, with bounded memory.

    Raises a CodeError (``errors.py``) for whatever is no package that Lambda would take.
    """
    _refuse_no_path(path)
    with reading(path):
        is_directory = stat.S_ISDIR(os.stat(path).st_mode)
    if is_directory:
        return _package(path, PackageKind.DIRECTORY, None, None, read_tree(path))
    # Looked at before it is hashed, so that a disk image by mistake fails at once.
    with open_regular(path) as (handle, found):
        with open_zip(handle, path) as archive:
            entries = read_entries(archive, path)
        handle.seek(0)
        digest = _hash(handle)
    return _package(path, PackageKind.ZIP, found.st_size, digest, entries)


def open_for_upload(path: str, limit: int = DIRECT_UPLOAD_LIMIT) -> Upload:
    """Read a zip that is to be sent in a request, hashing it on the way: what is hashed is what is sent.

    limit: bytes. Its directory of entries is checked; call ``Upload.test`` before sending it. Raises as read_package,
    NotAZip for a directory, and PackageTooLarge beyond the limit, before reading.
    """
    _refuse_no_path(path)
    with reading(path):
        is_directory = stat.S_ISDIR(os.stat(path).st_mode)
    if is_directory:
        raise NotAZip(
            f"{shown(path)} is a directory, and a zip file is wanted.",
            hint=f"Zip it first: `cd {shown(path)} && zip -r ../code.zip .`, or the module community.general.archive.",
        )
    sha256, content = hashlib.sha256(), io.BytesIO()
    with open_regular(path) as (handle, found):
        if found.st_size > limit:
            raise PackageTooLarge(
                f"{shown(path)} has {found.st_size:,} bytes, and Lambda takes at most {limit:,} by direct upload.",
                hint="Put it into an S3 bucket and deploy it from there.",
            )
        for chunk in chunks(handle):
            sha256.update(chunk)
            content.write(chunk)
    with open_zip(content, path):
        return Upload(path, content.getvalue(), Digest(sha256.digest()))


def read_digest(path: str) -> Digest:
    """The SHA-256 of any one file, whatever it holds."""
    with open_regular(path) as (handle, _found):
        return _hash(handle)


def read_other_hashes(path: str) -> OtherHashes:
    """Hash a file once more in the ways that people mistake for its SHA-256."""
    # usedforsecurity: they are compared with what a user typed, and must work on FIPS hosts.
    hashes = [hashlib.new(name, usedforsecurity=False) for name in ("md5", "sha1", "sha512")]
    with open_regular(path) as (handle, _found):
        for chunk in chunks(handle):
            for each in hashes:
                each.update(chunk)
    return OtherHashes(*(each.digest() for each in hashes))


def _hash(handle: BinaryIO) -> Digest:
    sha256 = hashlib.sha256()
    for chunk in chunks(handle):
        sha256.update(chunk)
    return Digest(sha256.digest())


def _refuse_no_path(path: str) -> None:
    if not path.strip():
        raise CodeError("The path of the package is empty.", hint="Give the path of a zip file or of a directory.")


def _package(path: str, kind: PackageKind, size: int | None, digest: Digest | None, entries: list[Entry]) -> Package:
    unzipped = sum(entry.size for entry in entries)
    files = tuple(sorted(entries, key=lambda entry: entry.name))
    return Package(path, kind, unzipped if size is None else size, digest, files, content_digest(files), unzipped)
