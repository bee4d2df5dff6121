# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a deployment package: what it is and what it holds.

It reads zips and directories of this host; what stands in S3 or a registry is not its subject, nor is building one, nor
sending one (`upload.py`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO

from .content import Entry, content_digest
from .digests import Digest
from .files import chunks, is_directory, open_regular
from .trees import read_tree
from .zips import open_zip, read_entries


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
class OtherHashes:
    """Hashes of a file that are no SHA-256, for recognising them where one is wanted."""

    md5: bytes
    sha1: bytes
    sha512: bytes


def read_package(path: str) -> Package:
    """Read a zip or a directory in full, with bounded memory.

    Raises a CodeError (``errors.py``) for whatever is no package that Lambda would take.
    """
    if is_directory(path):
        return _package(path, PackageKind.DIRECTORY, None, None, read_tree(path))
    # Looked at before it is hashed, so that a disk image by mistake fails at once.
    with open_regular(path) as (handle, found):
        with open_zip(handle, path) as archive:
            entries = read_entries(archive, path)
        handle.seek(0)
        digest = _hash(handle)
    return _package(path, PackageKind.ZIP, found.st_size, digest, entries)


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


def _package(path: str, kind: PackageKind, size: int | None, digest: Digest | None, entries: list[Entry]) -> Package:
    unzipped = sum(entry.size for entry in entries)
    files = tuple(sorted(entries, key=lambda entry: entry.name))
    return Package(path, kind, unzipped if size is None else size, digest, files, content_digest(files), unzipped)
