# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes in what the digest of an image is of: its index, its config, a layer; or a tag where a digest is wanted.

Each function is the condition of one row in ``mistakes.py``: what to say of a text that fits, None for one that does
not. Pure.
"""

from __future__ import annotations

import re

from .diagnosis import Evidence
from .digests import Digest, encoding_of, parse_sha256

_SHORT_ID = 12  # hex digits of an image ID, as `docker images` prints it
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


def _stated(text: str) -> Digest | None:
    return parse_sha256(text) if encoding_of(text) else None


def index(text: str, known: Evidence) -> str | None:
    if known.index is None or _stated(text) != known.index:
        return None
    return "The checksum is the digest of an image index, of which Lambda runs one platform's image at most"


def platform(text: str, known: Evidence) -> str | None:
    stated = _stated(text)
    name = next((name for name, digest in known.platforms if digest == stated), None)
    return f"The checksum is the digest of the image for {name} alone" if name else None


def config(text: str, known: Evidence) -> str | None:
    bare = text.strip().removeprefix("sha256:").lower()
    if known.config is None:
        return None
    if _stated(text) != known.config and not (len(bare) >= _SHORT_ID and known.config.hex.startswith(bare)):
        return None
    return "The checksum is the image ID, which is the digest of the image's config and not of its manifest"


def layer(text: str, known: Evidence) -> str | None:
    fits = known.layers and _stated(text) in known.layers
    return "The checksum is the digest of one of the image's layers" if fits else None


def tag(text: str, known: Evidence) -> str | None:
    bare = text.strip()
    if bare in known.named:
        return "The checksum is the image's name or tag, which may stand for another image tomorrow"
    looks_so = known.image and not re.fullmatch(r"[0-9A-Fa-f]{32,}|.*=", bare) and _TAG.fullmatch(bare)
    return "The checksum looks like a tag, which may stand for another image tomorrow" if looks_so else None
