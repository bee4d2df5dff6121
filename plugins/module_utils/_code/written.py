# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes in writing a checksum down: a SHA-256 with something around it, encoded once too often, or cut.

Each function is the condition of one row in ``mistakes.py``: what to say of a text that fits, None for one that does
not. Pure.
"""

from __future__ import annotations

import re

from .diagnosis import Evidence, matches
from .digests import Encoding, encoding_of, in_checksum_line, unbase64


def _which(inner: str, evidence: Evidence) -> str:
    """A remark for texts that wrap a SHA-256, if the one inside is wrong as well."""
    return "" if evidence.right is None or matches(inner, evidence.right) else ", and the hash in it is another one's"


def white_space(text: str, known: Evidence) -> str | None:
    inner = text.strip()
    if inner == text or not encoding_of(inner):
        return None
    kind = "a line end after it" if text.rstrip("\r\n") == inner else "white space around it"
    return f"The checksum has {kind}{_which(inner, known)}"


def quotes(text: str, known: Evidence) -> str | None:
    inner = text.strip().strip("\"'`")
    if inner == text.strip() or not encoding_of(inner):
        return None
    return f"The checksum has quotation marks around it, as of JSON output{_which(inner, known)}"


def line(text: str, known: Evidence) -> str | None:
    if found := in_checksum_line(text.strip()):
        return f"The checksum is a whole line of sha256sum or openssl, file name and all{_which(found[0], known)}"
    return None


def prefix(text: str, known: Evidence) -> str | None:
    found = re.fullmatch(r"(?i:sha-?2?-?256)\s*[:=-]\s*(.+)", text.strip())
    if not found or not encoding_of(found[1]) or encoding_of(text):
        return None
    return f"The checksum has a prefix that AWS does not use{_which(found[1], known)}"


def reference(text: str, known: Evidence) -> str | None:
    found = re.fullmatch(r"\S+@sha256:([0-9A-Fa-f]{64})", text.strip())
    return f"The checksum is a whole image reference, not its digest alone{_which(found[1], known)}" if found else None


def separators(text: str, known: Evidence) -> str | None:
    inner = re.sub(r"[\s:-]", "", re.sub(r"^0[xX]", "", text.strip()))
    if inner == text or encoding_of(inner) is not Encoding.HEX:
        return None
    return f"The checksum is hex with separators or line breaks in it{_which(inner, known)}"


def url_safe(text: str, known: Evidence) -> str | None:
    inner = text.strip().replace("-", "+").replace("_", "/")
    if inner == text.strip() or encoding_of(inner) not in (Encoding.BASE64, Encoding.BASE64_UNPADDED):
        return None
    return f"The checksum is URL-safe base64, and AWS wants + and / for - and _{_which(inner, known)}"


def case(text: str, known: Evidence) -> str | None:
    bare = text.strip().rstrip("=")
    right = known.right.base64.rstrip("=") if known.right else ""
    if bare == right or bare.lower() != right.lower():
        return None
    return "The checksum is base64 whose upper and lower case was changed"


def _inner_text(raw: bytes | None) -> str:
    """The ASCII text that was encoded, without white space around it; empty if there is none."""
    return raw.decode("ascii").strip() if raw and raw.isascii() else ""


def base64_of_hex(text: str, known: Evidence) -> str | None:
    raw = unbase64(re.sub(r"\s", "", text))
    inner = _inner_text(raw)
    if found := in_checksum_line(inner):
        return f"The checksum is base64 of a whole line of sha256sum, not of its 32 bytes{_which(found[0], known)}"
    if encoding_of(inner) not in (Encoding.HEX, Encoding.HEX_PREFIXED):
        return None
    end = " and a line end" if raw and raw.endswith(b"\n") else ""
    return f"The checksum is base64 of the hex digits{end}, not of the 32 bytes they stand for{_which(inner, known)}"


def double_base64(text: str, known: Evidence) -> str | None:
    inner = _inner_text(unbase64(re.sub(r"\s", "", text)))
    if encoding_of(inner) not in (Encoding.BASE64, Encoding.BASE64_UNPADDED):
        return None
    return f"The checksum was encoded in base64 twice{_which(inner, known)}"


def hex_of_text(text: str, known: Evidence) -> str | None:
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", text):
        return None
    inner = _inner_text(bytes.fromhex(text))
    if not encoding_of(inner):
        return None
    return f"The checksum is hex of a text that was encoded already, not of the 32 bytes{_which(inner, known)}"


def cut(text: str, known: Evidence) -> str | None:
    bare = text.strip().removeprefix("sha256:")
    if known.right is None or len(bare) < 6:
        return None
    for right, given in ((known.right.hex, bare.lower()), (known.right.base64, bare)):
        if given != right and (right.startswith(given) or right.endswith(given)):
            return f"The checksum is cut short: {len(bare)} of {len(right)} characters"
        if given != right and right.rstrip("=") in given:
            return "The checksum has more characters than the hash that is in it"
    return None
