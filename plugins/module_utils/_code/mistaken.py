# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes in what a checksum is of: nothing, a placeholder, another kind of hash, another thing's SHA-256.

Each function is the condition of one row in ``mistakes.py``: what to say of a text that fits, None for one that does
not. Pure.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable

from .diagnosis import Evidence
from .digests import Digest, encoding_of, looks_like, parse_sha256, unbase64
from .errors import shown

_NOTHING = Digest(hashlib.sha256().digest())
_PLACEHOLDER = re.compile(
    r"<.*>|\[.*\]|\.{3,}|x{3,}|-+|\?+|none|null|nil|undefined|n/?a|tbd|to[ _-]?do|fix[ _-]?me|false|true|unknown"
    r"|sha-?256|checksum|hash|dummy|test|placeholder|(replace|change|insert|fill)([ _-].*)?|(replace|change)me"
    r"|.*_placeholder_*|your[ _-].*|__omit_place_holder__.*",
    re.IGNORECASE,
)
_MULTIPART = "the ETag of a multipart upload to S3"
_TEMPLATE = re.compile(r"\{\{|\{%|\$\{|\$\(|<%")


def _stated(text: str) -> Digest | None:
    return parse_sha256(text) if encoding_of(text) else None


def empty(text: str, known: Evidence) -> str | None:
    return None if text.strip() else "The checksum is empty, as of a variable that was never set"


def template(text: str, known: Evidence) -> str | None:
    return "The checksum is a template that was not rendered" if _TEMPLATE.search(text) else None


def placeholder(text: str, known: Evidence) -> str | None:
    bare = text.strip().strip("\"'")
    repeats = len(bare) >= 16 and re.fullmatch(r"(.{1,16}?)\1+.?", bare.rstrip("="))
    return "The checksum is a placeholder" if repeats or _PLACEHOLDER.fullmatch(bare) else None


def nothing(text: str, known: Evidence) -> str | None:
    if _stated(text.strip()) != _NOTHING:
        return None
    return "The checksum is that of no bytes at all, as of a file read before it was written"


def another_hash(name: str, hex_digits: int, known_as: str, hint: str) -> Callable[[str, Evidence], str | None]:
    """A hash told by its length, in hex or base64. known_as: the attribute of OtherHashes that may confirm it."""

    def finds(text: str, known: Evidence) -> str | None:
        bare = text.strip().strip("\"'")
        raw = bytes.fromhex(bare) if re.fullmatch(rf"[0-9A-Fa-f]{{{hex_digits}}}", bare) else unbase64(bare)
        if raw is None or len(raw) * 2 != hex_digits or len(bare) not in (hex_digits, -(-hex_digits // 6) * 4):
            return None
        whose = "of this package" if raw == getattr(known.hashes, known_as, None) else "of some file"
        return f"The checksum is {name} {whose}, {hint}"

    return finds


def etag(text: str, known: Evidence) -> str | None:
    bare = text.strip()
    if known.etag and "-" not in known.etag and bare.strip('"') == known.etag:
        return "The checksum is the object's ETag, which is no SHA-256 and at best an MD5"
    if not re.fullmatch(r"(W/)?\"[0-9a-fA-F]{32}\"", bare):
        return None
    return "The checksum is an S3 ETag in its quotation marks, which is no SHA-256 and at best an MD5"


def multipart_etag(text: str, known: Evidence) -> str | None:
    if not re.fullmatch(r"\"?[0-9a-fA-F]{32}-[0-9]{1,5}\"?", text.strip()):
        return None
    whose = "the object's ETag, that of a multipart upload" if text.strip().strip('"') == known.etag else _MULTIPART
    return f"The checksum is {whose}, a hash of its parts' MD5s"


def composite(text: str, known: Evidence) -> str | None:
    if not re.fullmatch(r"\"?[A-Za-z0-9+/]{43}=-[0-9]{1,5}\"?", text.strip()):
        return None
    whose = "this object, uploaded in parts" if text.strip().strip('"') == known.composite else "a multipart upload"
    return f"The checksum is S3's composite SHA-256 of {whose}, a hash of its parts' hashes"


def crc(text: str, known: Evidence) -> str | None:
    bare = text.strip()
    raw = unbase64(bare) if bare.endswith("=") else None
    return "The checksum is one of S3's CRC checksums" if raw is not None and len(raw) in (4, 8) else None


def content(text: str, known: Evidence) -> str | None:
    if known.content is None or _stated(text) != known.content:
        return None
    return "The checksum is content_sha256, over the files in the package"


def entry(text: str, known: Evidence) -> str | None:
    stated = _stated(text)
    entry = next((entry for entry in known.files if entry.digest == stated), None)
    return f"The checksum is that of the file {shown(entry.name)} inside the package" if entry else None


def hash_of_text(text: str, known: Evidence) -> str | None:
    stated = _stated(text)
    hashes = (known.right.hex, known.right.base64) if known.right else ()
    texts = [(hash_text, "of the hash's text, not of the file") for hash_text in hashes]
    texts += [(name, "of the file's name, not of the file") for name in (known.path, os.path.basename(known.path))]
    for source, say in texts:
        for end in (b"", b"\n"):
            if stated == Digest(hashlib.sha256(os.fsencode(source) + end).digest()):
                return f"The checksum is the SHA-256 {say}{' (with a line end)' if end else ''}"
    return None


def other_file(text: str, known: Evidence) -> str | None:
    stated = _stated(text)
    path = next((path for path, digest in known.others if digest == stated), None)
    return f"The checksum is that of another file, {shown(path)}" if path is not None else None


def deployed(text: str, known: Evidence) -> str | None:
    if known.deployed is None or _stated(text) != known.deployed[1]:
        return None
    return f"The checksum is that of the code which the function {known.deployed[0]} runs now, not of this one"


def other_version(text: str, known: Evidence) -> str | None:
    stated = _stated(text)
    version = next((version for version, digest in known.versions if digest == stated), None)
    return f"The checksum is that of the code which {version} runs, not of this one" if version else None


def incomparable(text: str, known: Evidence) -> str | None:
    return "The checksum can't be compared" if known.right is None and _stated(text) else None


def unknown(text: str, known: Evidence) -> str | None:
    return (
        "The checksum is a well-written SHA-256 of something else, perhaps of an earlier build"
        if _stated(text)
        else None
    )


def no_hash(text: str, known: Evidence) -> str | None:
    return f"The checksum is no SHA-256: it {looks_like(text)}"
