# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that can go wrong while images are read, one name for each kind of failure.

Messages name the image and the place; credentials and query strings of URLs never enter them.
"""

from __future__ import annotations

from .._errors import EngineError


class ImageError(EngineError):
    """An image could not be read."""


class BadReference(ImageError):
    """An image reference, a mirror or an architecture that does not parse."""


class ManifestNotFound(ImageError):
    """The repository, the tag or the digest does not exist."""


class UnknownPlatform(ImageError):
    """The image exists, but not for the platform that was asked for."""


class BadManifest(ImageError):
    """An index, manifest or config that is not what the specification says, or too old to be read."""


class BadLayout(ImageError):
    """A folder that is not an OCI image layout."""


class BadArchive(ImageError):
    """A file that is not an archive of images as `docker save` writes it, or not a whole one."""


class NoEngine(ImageError):
    """No Docker or Podman engine answers."""


class EngineFailed(ImageError):
    """An engine that does not do what it is asked, or that goes away."""


class TagsUnlisted(ImageError):
    """A registry that lists no tags, or more than are read."""


class NotCached(ImageError):
    """Something that only a registry could tell, when none may be asked."""


class RegistryUnreachable(ImageError):
    """No answer: name, connection, TLS or time-out."""


class RegistryDenied(ImageError):
    """401 or 403."""


class RateLimited(ImageError):
    """429 until the attempts were used up."""


class RegistryFailed(ImageError):
    """5xx until the attempts were used up, or an answer that makes no sense."""


class BadDigest(ImageError):
    """Bytes that are not those the digest promises."""


class TruncatedBlob(ImageError):
    """A blob that ends before its size."""


class BrokenLayer(ImageError):
    """A layer that its own compression or tar format does not allow."""


class UnsupportedLayer(ImageError):
    """A layer in a format that can't be read here."""


class HostileLayer(ImageError):
    """A layer that breaks a bound no honest image comes near."""
