# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The code that a checksum is of: a package of this host, an object in S3, or an image in a registry.

Each is read once for its hash, and looked at more closely only when a checksum does not match. Comparing is not here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .._errors import EngineError
from .diagnosis import Evidence
from .digests import Digest, Origin, parse_sha256
from .errors import shown
from .images import NamedImage, Registries, image_reference, read_image
from .packages import Package, PackageKind, read_other_hashes, read_package
from .s3 import S3Object, object_hash


@dataclass(frozen=True, slots=True)
class Subject:
    """What was read. origin: where the hash is from, None without one. size: bytes, None for an image.

    known: what is known without another look; closer: takes that look, and adds to it.
    """

    origin: Origin | None
    size: int | None
    known: Evidence
    closer: Callable[[Evidence], Evidence]
    package: Package | None = None
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> Digest | None:
        return self.known.right

    @property
    def unknown(self) -> bool:
        """Whether it has a hash that nobody here knows; a directory and an index have none."""
        return self.digest is None and self.package is None and not self.known.image

    @property
    def package_type(self) -> str:
        """As Lambda names it: Zip or Image."""
        return "Image" if self.known.image else "Zip"


def package_at(path: str) -> Subject:
    """A zip, or a directory that is to become one. Raises a CodeError for what is no package."""
    package = read_package(path)
    is_zip = package.kind is PackageKind.ZIP
    known = Evidence(
        path,
        package.digest,
        package.content_sha256,
        package.files,
        lacking="" if is_zip else f"{shown(path)} is a directory: zip it, and take the zip's SHA-256",
    )
    note = (
        f"{shown(path)} is a directory, which has no SHA-256 of its own: the bytes of a zip depend on who "
        "makes it. Zip it, and compare the zip; content_sha256 is the same for both."
    )
    return Subject(
        Origin.FILE if is_zip else None,
        package.size,
        known,
        lambda known: replace(known, hashes=read_other_hashes(path)) if is_zip else known,
        package,
        () if is_zip else (note,),
    )


def object_in_s3(client: Any, place: S3Object, *, download: bool) -> Subject:
    """An object, by the ladder of ``s3.py``. Raises a CodeError for one that can't be looked at."""
    found = object_hash(client, place, download=download)
    known = Evidence(
        str(place),
        found.digest,
        lacking=f"nobody knows the SHA-256 of {place}: upload it in one part with --checksum-algorithm SHA256, put its "
        "hash beside it as <key>.sha256, or set s3_download",
        etag=found.etag,
        composite=found.composite,
    )
    return Subject(found.origin, found.size, known, lambda known: known, notes=() if found.digest else (found.unknown,))


def image_in_registry(image_uri: str, registries: Registries) -> Subject:
    """An image. Raises an EngineError for what the registry does not give.

    An index with images for several platforms has no digest that Lambda runs; of one with a single platform, it is that
    of its image.
    """
    reference = image_reference(image_uri)
    names = tuple(name for name in (image_uri.strip(), str(reference), reference.tag) if name)
    known = Evidence(str(reference), None, image=True, named=names)
    origin, notes = Origin.REGISTRY, list[str]()
    if reference.digest:
        known, origin = replace(known, right=parse_sha256(reference.digest)), Origin.IMAGE_REFERENCE
    else:
        named = read_image(reference, registries)
        known = _of_index(known, named) if named.is_index else _of_image(replace(known, right=named.digest), named)
        if named.is_index:
            notes.append(f"{reference} is an image index, and Lambda takes none; it has {named.offered or 'no image'}.")

    def closer(known: Evidence) -> Evidence:
        if known.right is None or known.config:
            return known
        try:
            by_digest = replace(reference, tag="", digest=f"sha256:{known.right.hex}")
            return _of_image(known, read_image(by_digest, registries))
        except EngineError:  # a guess at the cause is not worth an error
            return known

    return Subject(origin if known.right else None, None, known, closer, notes=tuple(notes))


def _of_image(known: Evidence, named: NamedImage) -> Evidence:
    return replace(known, config=named.config, layers=named.layers, platforms=named.platforms or known.platforms)


def _of_index(known: Evidence, named: NamedImage) -> Evidence:
    right = named.platforms[0][1] if len(named.platforms) == 1 else None
    lacking = f"{named.reference} is an image index, and Lambda takes none: push one platform alone, or name its digest"
    return replace(known, right=right, lacking=lacking, index=named.digest, platforms=named.platforms)
