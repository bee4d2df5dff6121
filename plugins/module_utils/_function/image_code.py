# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Code from a container image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

from .._code.digests import Digest
from .._code.errors import CodeError, ImageUnusable
from .._code.images import ImageDigest, Registries, image_digest, image_reference

_PUBLIC = ("docker.io", "public.ecr.aws")  # docker.io also stands for references without a host


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


def _refuse_other_image(image_uri: str, found: ImageDigest, stated: Digest | None) -> None:
    if found.digest and stated and found.digest != stated:
        raise CodeError(
            f"{image_uri} has the digest sha256:{found.digest.hex}, and code_sha256 says sha256:{stated.hex}.",
            hint="Name the right image, or correct code_sha256; lambda_code_checksum tells the cause.",
        )
