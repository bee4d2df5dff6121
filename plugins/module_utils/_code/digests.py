# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A SHA-256 and the texts in which people and services write it.

AWS states a zip's CodeSha256 in base64 and an image's in bare hex, tools like sha256sum print hex, image references
write ``sha256:`` and hex.
What a text that is no SHA-256 may have come from is ``diagnosis.py``'s subject.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from enum import StrEnum

from .errors import DigestUnreadable

_HEX = re.compile(r"[0-9A-Fa-f]{64}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{43}=?")
_HINT = (
    "Write a SHA-256 as 44 characters of base64 (Lambda's CodeSha256), as 64 hexadecimal digits, "
    "or as `sha256:` and 64 hexadecimal digits."
)

_LINES = (
    re.compile(r"\\?(?P<hash>[0-9A-Fa-f]{64}) [ *](?P<file>.+)"),  # sha256sum, shasum -a 256
    re.compile(r"SHA2?-?256 ?\((?P<file>.+)\) ?= ?(?P<hash>[0-9A-Fa-f]{64})"),  # openssl dgst, BSD, sha256sum --tag
    re.compile(r"(?P<hash>[0-9A-Fa-f]{64})\s+(?P<file>\S.*)"),
)

# Hashes by the length of their text, for telling which one stands where a SHA-256 is wanted.
HEX_LENGTHS = {32: "an MD5", 40: "a SHA-1", 56: "a SHA-224", 96: "a SHA-384", 128: "a SHA-512"}
BASE64_LENGTHS = {24: "an MD5", 28: "a SHA-1", 40: "a SHA-224", 64: "a SHA-384", 88: "a SHA-512"}


class Encoding(StrEnum):
    """The ways to write a SHA-256 that are understood."""

    BASE64 = "base64"
    BASE64_UNPADDED = "base64_unpadded"
    HEX = "hex"
    HEX_PREFIXED = "hex_prefixed"


class Origin(StrEnum):
    """Who said, or found out, a SHA-256."""

    FILE = "file"
    S3_CHECKSUM = "s3_checksum"
    S3_SHA256_OBJECT = "s3_sha256_object"
    S3_DOWNLOAD = "s3_download"
    IMAGE_REFERENCE = "image_reference"
    REGISTRY = "registry"


@dataclass(frozen=True, slots=True)
class Digest:
    """A SHA-256: 32 bytes."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 32:
            raise ValueError(f"a SHA-256 has 32 bytes, not {len(self.raw)}")

    @property
    def hex(self) -> str:
        """64 hexadecimal digits in lower case, as sha256sum prints them."""
        return self.raw.hex()

    @property
    def base64(self) -> str:
        """44 characters of standard base64, as Lambda's CodeSha256."""
        return base64.b64encode(self.raw).decode("ascii")

    def __str__(self) -> str:
        return self.base64


def encoding_of(text: str) -> Encoding | None:
    """How the text writes a SHA-256; None if it does not.

    Hex may be of any case, base64 is standard base64 whose padding may be missing; nothing may stand around it. Base64
    whose last character carries bits that belong to no byte is refused (RFC 4648, 3.5), since no encoder writes it.
    """
    if _HEX.fullmatch(text):
        return Encoding.HEX
    if text.startswith("sha256:") and _HEX.fullmatch(text.removeprefix("sha256:")):
        return Encoding.HEX_PREFIXED
    if _BASE64.fullmatch(text) and unbase64(text) is not None:
        return Encoding.BASE64 if text.endswith("=") else Encoding.BASE64_UNPADDED
    return None


def parse_sha256(text: str) -> Digest:
    """The SHA-256 that the text states, in any of the ways of ``Encoding``.

    Raises DigestUnreadable, saying what the text looks like. The text itself is not repeated: it may be anything.
    """
    match encoding_of(text):
        case Encoding.HEX | Encoding.HEX_PREFIXED:
            return Digest(bytes.fromhex(text.removeprefix("sha256:")))
        case Encoding.BASE64 | Encoding.BASE64_UNPADDED:
            return Digest(unbase64(text) or b"")
        case None:
            raise DigestUnreadable(f"This is no SHA-256: it {looks_like(text)}.", hint=_HINT)


def in_checksum_line(text: str) -> tuple[str, str] | None:
    """Hash in hex and name of the file in a line as sha256sum, shasum or openssl writes it; None for other texts."""
    for line in _LINES:
        if found := line.fullmatch(text):
            return found["hash"], found["file"]
    return None


def unbase64(text: str) -> bytes | None:
    """The bytes of standard base64, padded or not; None if the text is none, or not as an encoder writes it."""
    bare = text.rstrip("=")
    try:
        raw = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    written = base64.b64encode(raw).decode("ascii")
    return raw if text in (written, written.rstrip("=")) else None


def looks_like(text: str) -> str:
    """What a text that states no SHA-256 looks like, as the end of a sentence that begins with "it"."""
    length = len(text)
    if not text.strip():
        return "is empty"
    if text != text.strip():
        within = text.strip()
        return f"has white space around {'a SHA-256' if encoding_of(within) else f'what {looks_like(within)}'}"
    if re.fullmatch(r"[0-9A-Fa-f]+", text):
        digits = "digit" if length == 1 else "digits"
        return f"looks like {HEX_LENGTHS.get(length, f'{length} hexadecimal {digits} where a SHA-256 has 64')}"
    if re.fullmatch(r"[A-Za-z0-9_-]{43}=?", text) and re.search(r"[-_]", text):
        return "looks like URL-safe base64, which has - and _ where standard base64 has + and /"
    if length in BASE64_LENGTHS and unbase64(text) is not None:
        return f"looks like {BASE64_LENGTHS[length]} in base64"
    if _BASE64.fullmatch(text):
        return "looks like base64 of a SHA-256 with a wrong last character"
    if length == 1:
        return "is a single character that is no hexadecimal digit"
    return f"has {length} characters that are neither hexadecimal digits nor base64 of 32 bytes"
