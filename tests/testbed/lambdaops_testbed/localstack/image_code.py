# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Lambda knows of an image function's code: the digest behind its ImageUri. Images are never pulled or run.

A digest in the uri is taken as it is. A tag is asked of its registry when that listens on this machine; elsewhere the
digest is made up from the uri, the same each time.
"""

from __future__ import annotations

import hashlib
import http.client
import urllib.request
from dataclasses import dataclass

from localstack.aws.api.lambda_ import InvalidParameterValueException
from localstack.services.lambda_ import provider
from localstack.services.lambda_.invocation.lambda_models import ImageCode

MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
)
INDEXES = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)
HERE = ("127.0.0.1", "localhost")

_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever http_proxy says


@dataclass(frozen=True)
class PinnedImage(ImageCode):
    @property
    def resolved_image_uri(self) -> str:
        return f"{_split(self.image_uri)[0]}@sha256:{self.code_sha256}"


def install() -> None:
    provider.create_image_code = image_code


def image_code(image_uri: str) -> PinnedImage:
    """Raises InvalidParameterValueException as Lambda does, for an image that is not there or an index of images."""
    repository, tag, digest = _split(image_uri)
    host, slash, path = repository.partition("/")
    if digest is None and slash and host.partition(":")[0] in HERE:
        digest = _asked(image_uri, f"http://{host}/v2/{path}/manifests/{tag}")
    return PinnedImage(image_uri, "ECR", digest or hashlib.sha256(image_uri.encode()).hexdigest())


def _split(image_uri: str) -> tuple[str, str, str | None]:
    """Repository with its host, tag, and the digest's hex."""
    named, at, digest = image_uri.partition("@sha256:")
    repository, colon, tag = named.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = named, "latest"
    return repository, tag, digest if at else None


def _asked(image_uri: str, url: str) -> str:
    request = urllib.request.Request(url, method="HEAD", headers={"Accept": ", ".join(MANIFESTS + INDEXES)})
    try:
        with _DIRECTLY.open(request, timeout=5) as answer:
            kind, digest = answer.headers.get_content_type(), answer.headers["Docker-Content-Digest"]
    except (OSError, http.client.HTTPException):
        raise InvalidParameterValueException(
            f"Source image {image_uri} does not exist. Provide a valid source image.", Type="User"
        ) from None
    if kind in INDEXES:
        raise InvalidParameterValueException(
            f"The image manifest, config or layer media type for the source image {image_uri} is not supported.",
            Type="User",
        )
    return str(digest).removeprefix("sha256:")
