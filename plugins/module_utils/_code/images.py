# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which image a reference stands for: the digest that Lambda will state as the function's CodeSha256.

It reads manifests only, through `_image`; what is in an image is not its subject.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._image.credentials import FindLogin, Login, stored_login
from .._image.errors import BadDigest, BadManifest, BadReference, ImageError, ManifestNotFound, RegistryDenied
from .._image.manifests import Index, parse_manifest
from .._image.references import RegistryReference, parse_reference
from .._image.source import Document, Transfer
from .digests import Digest, Origin, parse_sha256
from .errors import ImageUnusable

try:
    from botocore import exceptions as botocore_errors
except ImportError:  # without it there is no client for ECR
    pass

# Source: the names that Amazon's docker-credential-ecr-login knows.
_ECR = re.compile(
    r"[0-9a-zA-Z][\w-]*\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9][a-z0-9-]*)\."
    r"(?:amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov"
    r"|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)"
)
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
        trouble: list[str] = []

        def ecr_login(host: str) -> Login | None:
            return _ecr_login(host, self.ecr, trouble)

        try:
            return self._read(reference, lambda host: self.stored(host) or ecr_login(host))
        except RegistryDenied as denied:
            # ECR's logins end after twelve hours, and docker keeps them all the same.
            if self.ecr and _ECR.fullmatch(reference.host) and not trouble and self.stored(reference.host):
                return self._read(reference, ecr_login)
            denied.message = " ".join((denied.message, *trouble))
            raise

    def _read(self, reference: RegistryReference, find_login: FindLogin) -> Document:
        # Imported here because requests takes long to load, and most functions are no images.
        from .._image.transports import Sources

        sources = Sources(
            Transfer(), mirrors=self.mirrors, timeout=self.timeout, find_login=find_login, sleep=self.sleep
        )
        try:
            return sources.open(reference).manifest(reference.wanted)
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


def _ecr_login(host: str, ecr: Callable[[str], Any] | None, trouble: list[str]) -> Login | None:
    """The login that ECR gives to who has AWS credentials. trouble: takes what to say when it gives none.

    Source: Amazon ECR API reference, GetAuthorizationToken: base64 of `AWS:<password>`.
    """
    found = _ECR.fullmatch(host)
    if ecr is None or found is None:
        return None
    try:
        answer = ecr(found["region"]).get_authorization_token()
        token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode("ascii")
    except botocore_errors.ClientError as error:
        trouble.append(f"ECR gives no login ({error.response.get('Error', {}).get('Code', 'an error')}).")
        return None
    except (botocore_errors.BotoCoreError, binascii.Error, KeyError, IndexError, ValueError) as error:
        trouble.append(f"ECR gives no login ({type(error).__name__}).")
        return None
    username, _colon, password = token.partition(":")
    return Login(username, password)
