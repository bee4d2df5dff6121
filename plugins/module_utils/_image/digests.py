# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Content digests (`sha256:<hex>`): their form, and whether bytes keep their promise."""

from __future__ import annotations

import hashlib
import re

from .errors import BadDigest, BadManifest

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def checked_digest(value: object, where: str) -> str:
    """The digest itself. It becomes part of paths and URLs, so nothing else is let through.

    Source: OCI image-spec, descriptor.md: digests; sha256 is the only algorithm registries use.
    """
    if isinstance(value, str) and is_digest(value):
        return value
    raise BadManifest(f"{where} has no valid sha256 digest (found {str(value)[:80]!r}).")


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def verify(content: bytes, digest: str, where: str) -> None:
    """Raise BadDigest unless `content` has `digest`."""
    require_match(digest_of(content), digest, where)


def require_match(found: str, promised: str, where: str) -> None:
    if found != promised:
        raise BadDigest(
            f"{where} has the digest {found}, but {promised} was promised.",
            hint="A cache, proxy or mirror on the way changes or mixes up content; read from the original registry, "
            "or copy the image to the mirror again.",
        )
