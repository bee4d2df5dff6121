# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which image a reference stands for: the digest that Lambda will state as the function's CodeSha256.

It reads manifests only, through `_image`; what is in an image is not its subject.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._image.credentials import FindLogin, stored_login
from .._image.errors import BadDigest, BadManifest, BadReference, ImageError, ManifestNotFound
from .._image.manifests import Index, parse_manifest
from .._image.references import RegistryReference, parse_reference
from .._image.source import Document, Transfer
from .digests import Digest, Origin, parse_sha256
from .errors import ImageUnusable

# All else is a trouble of the way to the image: Lambda has a way of its own, and may well see what can't be seen here.
_OF_THE_IMAGE = (ManifestNotFound, BadManifest, BadDigest, BadReference)


@dataclass(frozen=True, slots=True)
class Registries:
    """How registries are reached.

    mirrors: as in ``_image/references.py``. ecr: from a region to a botocore ECR client, asked for a login where
    docker's stored one is missing or refused. timeout: seconds to connect, and without a byte. sleep: between attempts.
    """

    mirrors: Mapping[str, object] = field(default_factory=dict)
    ecr: Callable[[str], Any] | None = None
    timeout: float = 30
    stored: FindLogin = stored_login
    sleep: Callable[[float], None] = time.sleep

    def manifest(self, reference: RegistryReference) -> Document:
        """What the reference names, verified. Raises an ImageError."""
        # Imported here because requests takes long to load, and most functions are no images.
        from .._image.registries import RegistrySources

        sources = RegistrySources(
            Transfer(),
            mirrors=self.mirrors,
            timeout=self.timeout,
            find_login=self.stored,
            ecr_client=self.ecr,
            sleep=self.sleep,
        )
        try:
            return sources.repository(reference).manifest(reference.wanted)
        finally:
            sources.close()


@dataclass(frozen=True, slots=True)
class NamedImage:
    """What a registry has under a reference. An index has platforms (name and digest) and no config or layers."""

    reference: RegistryReference
    digest: Digest
    config: Digest | None = None
    layers: tuple[Digest, ...] = ()
    platforms: tuple[tuple[str, Digest], ...] = ()

    @property
    def is_index(self) -> bool:
        """Whether it is no image but a list of them, one for each platform."""
        return self.config is None

    @property
    def offered(self) -> str:
        """The images of an index, each as it can be named instead."""
        return ", ".join(f"{self.reference.name}@sha256:{digest.hex} for {name}" for name, digest in self.platforms)


@dataclass(frozen=True, slots=True)
class ImageDigest:
    """digest and origin: None when the registry could not be asked; why says what was in the way."""

    digest: Digest | None
    origin: Origin | None
    why: str = ""


def image_reference(image_uri: str) -> RegistryReference:
    """The reference that the text writes. Raises BadReference, and ImageUnusable for images on disk."""
    if not image_uri.strip():
        raise ImageUnusable("image_uri is empty.", hint="Name the image, or leave the option out.")
    reference = parse_reference(image_uri)
    if not isinstance(reference, RegistryReference):
        raise ImageUnusable(
            f"image_uri names {reference}, which is no image in a registry.",
            hint="Push it, and write host/repository:tag or host/repository@sha256:<digest>.",
        )
    return reference


def image_digest(image_uri: str, registries: Registries) -> ImageDigest:
    """The digest that Lambda will run: the one in the reference, without a request, or the one behind its tag.

    Raises BadReference, ManifestNotFound, BadManifest and BadDigest, and ImageUnusable for an index of images. A
    registry that can't be reached, or that does not let this caller in, is no error but an unknown digest.
    """
    reference = image_reference(image_uri)
    if reference.digest:
        return ImageDigest(parse_sha256(reference.digest), Origin.IMAGE_REFERENCE)
    try:
        named = read_image(reference, registries)
    except _OF_THE_IMAGE:
        raise
    except ImageError as unseen:
        return ImageDigest(None, None, unseen.message.rstrip("."))
    if named.is_index:
        platforms = ", ".join(name for name, _digest in named.platforms) or "no platform at all"
        raise ImageUnusable(
            f"{reference} is an image index (for {platforms}), and Lambda takes none.",
            hint="Push one platform alone (docker buildx build --platform linux/amd64 --provenance=false --sbom=false)"
            + (f", or name one by its digest: {named.offered}." if named.platforms else "."),
        )
    return ImageDigest(named.digest, Origin.REGISTRY)


def read_image(reference: RegistryReference, registries: Registries) -> NamedImage:
    """Ask the registry what it has under a reference. Raises an ImageError."""
    document = registries.manifest(reference)
    digest = parse_sha256(document.digest)
    manifest = parse_manifest(document.raw, document.media_type, f"The manifest of {reference}")
    if isinstance(manifest, Index):
        # What buildx adds as provenance has the platform unknown/unknown.
        platforms = [(str(entry.platform), entry) for entry in manifest.entries if entry.platform]
        images = tuple((name, parse_sha256(e.digest)) for name, e in platforms if not name.startswith("unknown"))
        return NamedImage(reference, digest, platforms=images)
    layers = tuple(parse_sha256(layer.digest) for layer in manifest.layers)
    return NamedImage(reference, digest, parse_sha256(manifest.config.digest), layers)
