# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The known mistakes, one row each: how a wrong checksum looks, and the condition that recognises it.

Order matters where two rows fit: what is certain stands before what is only likely. Adding a mistake is adding a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import mistaken, written
from . import mistaken_images as images
from .diagnosis import Diagnosis, Evidence, matches
from .digests import Encoding, encoding_of


@dataclass(frozen=True, slots=True)
class Mistake:
    """A row. finds: what to say of a text that fits, without its end and the right value; None if it does not fit."""

    code: str
    looks: str
    finds: Callable[[str, Evidence], str | None]


def diagnose(text: str, evidence: Evidence) -> Diagnosis:
    """The first row that fits, as a sentence that ends with the right value.

    The text itself is never repeated: it may be anything, and a play's output is kept.
    """
    for mistake in MISTAKES:
        if found := mistake.finds(text, evidence):
            return Diagnosis(mistake.code, f"{found}; {_ending(evidence)}.", encoding_of(text), evidence.right_value)
    raise AssertionError("the last row fits every text")


def _ending(known: Evidence) -> str:
    if known.right is None:
        return known.lacking
    if known.image:
        return f"the digest of {known.name} in bare hex, as Lambda states it, is {known.right_value}"
    return f"the SHA-256 of {known.name} in base64, as AWS wants it, is {known.right_value}"


def _right(image: bool, encodings: tuple[Encoding, ...], say: str) -> Callable[[str, Evidence], str | None]:
    def finds(text: str, known: Evidence) -> str | None:
        fits = known.image is image and encoding_of(text) in encodings and matches(text, known.right)
        return say if fits else None

    return finds


def _right_as_stated(text: str, known: Evidence) -> str | None:
    return "The checksum is right" if text == known.right_value else None


_HEX = (Encoding.HEX,)
_PREFIXED = (Encoding.HEX_PREFIXED,)
_UNPADDED = (Encoding.BASE64_UNPADDED,)
_RIGHT_HEX = "The checksum is right and written in hex"

MISTAKES: tuple[Mistake, ...] = (
    Mistake("right", "base64, padded; bare hex for an image", _right_as_stated),
    Mistake("right_unpadded", "base64 without =", _right(False, _UNPADDED, "The checksum is right but unpadded")),
    Mistake("right_in_hex", "64 hex digits", _right(False, _HEX, _RIGHT_HEX)),
    Mistake("right_in_prefixed_hex", "sha256:…", _right(False, _PREFIXED, f"{_RIGHT_HEX} with a prefix")),
    Mistake(
        "right_with_prefix",
        "sha256:…, for an image",
        _right(True, _PREFIXED, "The checksum is right and written with the prefix that references have"),
    ),
    Mistake(
        "right_in_upper_case",
        "64 hex digits in upper case, for an image",
        _right(True, _HEX, "The checksum is right and written in upper case"),
    ),
    Mistake(
        "right_in_base64",
        "base64, for an image",
        _right(
            True,
            (Encoding.BASE64, Encoding.BASE64_UNPADDED),
            "The checksum is right and written in base64, as those of zips are",
        ),
    ),
    Mistake("empty", "nothing, or white space", mistaken.empty),
    Mistake("template", "{{ … }}, {% … %}, ${…}, $(…)", mistaken.template),
    Mistake("placeholder", "REPLACE_ME, null, <…>, zeros, a repeated pattern", mistaken.placeholder),
    Mistake("hash_of_nothing", "e3b0c442…", mistaken.nothing),
    Mistake("white_space", "a SHA-256 and a line end or blanks", written.white_space),
    Mistake("quotes", "a SHA-256 in quotation marks", written.quotes),
    Mistake("checksum_line", "hex and a file name; SHA2-256(file)= hex", written.line),
    Mistake("prefix", "sha256-…, SHA256=…, sha256:base64", written.prefix),
    Mistake("image_reference", "…@sha256:…", written.reference),
    Mistake("separators", "aa:bb:…, 0x…, hex over two lines", written.separators),
    Mistake("url_safe_base64", "base64 with - and _", written.url_safe),
    Mistake("changed_case", "base64 in upper or lower case", written.case),
    Mistake("base64_of_hex", "88 characters, base64 of hex text", written.base64_of_hex),
    Mistake("double_base64", "60 characters, base64 of base64", written.double_base64),
    Mistake("hex_of_text", "128 or 88 hex digits of ASCII", written.hex_of_text),
    Mistake("cut_short", "the beginning or end of the right one; more than it", written.cut),
    Mistake("s3_etag", '"32 hex digits"; the object\'s own', mistaken.etag),
    Mistake("multipart_etag", "32 hex digits, -N", mistaken.multipart_etag),
    Mistake("composite_checksum", "base64, -N", mistaken.composite),
    Mistake(
        "md5",
        "32 hex digits, 24 base64",
        mistaken.another_hash("the MD5", 32, "md5", "as md5sum, Content-MD5 or an S3 ETag"),
    ),
    Mistake(
        "sha1",
        "40 hex digits, 28 base64",
        mistaken.another_hash("the SHA-1", 40, "sha1", "as Ansible's stat gives by default"),
    ),
    Mistake(
        "sha512",
        "128 hex digits, 88 base64",
        mistaken.another_hash("the SHA-512", 128, "sha512", "which is twice as long"),
    ),
    Mistake("crc", "8 or 12 characters of base64", mistaken.crc),
    Mistake("index_digest", "digest of a multi-platform index", images.index),
    Mistake("platform_digest", "digest of one image in an index", images.platform),
    Mistake("config_digest", "image ID, or its first 12 digits", images.config),
    Mistake("layer_digest", "digest of a layer", images.layer),
    Mistake("content_sha256", "SHA-256 of the unzipped content", mistaken.content),
    Mistake("inner_file", "SHA-256 of a file inside", mistaken.entry),
    Mistake("hash_of_text", "SHA-256 of a hash's or a name's text", mistaken.hash_of_text),
    Mistake("other_file", "SHA-256 of another file given", mistaken.other_file),
    Mistake("deployed_code", "SHA-256 of what the function runs", mistaken.deployed),
    Mistake("other_version", "SHA-256 of another version of the function", mistaken.other_version),
    Mistake("incomparable", "any SHA-256, but what it is of has none, or nobody knows it", mistaken.incomparable),
    Mistake("unknown_sha256", "any other SHA-256", mistaken.unknown),
    Mistake("image_tag", "1.4.2, latest, host/repository:tag", images.tag),
    Mistake("no_hash", "anything else", mistaken.no_hash),
)
