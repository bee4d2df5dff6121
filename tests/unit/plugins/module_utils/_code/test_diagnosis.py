# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each mistake is made here as people make it, where possible with the tool they make it with."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from dataclasses import replace

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.content import Entry, Mode
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.diagnosis import Evidence, matches
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.digests import Digest, Encoding
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.mistakes import MISTAKES, diagnose
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.packages import OtherHashes
from hypothesis import given
from hypothesis import strategies as st

ZIP = b"the bytes of a zip 6"  # a content whose hash in base64 has both characters that URL-safe base64 changes


def sha(content: bytes) -> Digest:
    return Digest(hashlib.sha256(content).digest())


RIGHT = sha(ZIP)
KNOWN = Evidence(
    path="build/orders.zip",
    right=RIGHT,
    content=sha(b"content"),
    files=(Entry(b"app.py", Mode.FILE, 3, sha(b"app")), Entry(b"lib/run", Mode.EXECUTABLE, 3, sha(b"run"))),
    hashes=OtherHashes(hashlib.md5(ZIP).digest(), hashlib.sha1(ZIP).digest(), hashlib.sha512(ZIP).digest()),
    others=(("old/orders.zip", sha(b"old")), ("old/payments.zip", sha(b"payments"))),
    deployed=("orders", sha(b"deployed")),
    versions=(("orders (version 6)", sha(b"version 6")), ("orders (version 5)", sha(b"version 5"))),
)
HEX, B64, OTHER = RIGHT.hex, RIGHT.base64, sha(b"something else")


def b64(content: bytes | str) -> str:
    return base64.b64encode(content.encode() if isinstance(content, str) else content).decode()


def shell(command: str, content: bytes = ZIP) -> str:
    return subprocess.run(["bash", "-c", command], input=content, check=True, capture_output=True).stdout.decode()


CASES: list[tuple[str, str, str]] = [
    (B64, "right", "is right"),
    (B64.rstrip("="), "right_unpadded", "right but unpadded"),
    (HEX, "right_in_hex", "right and written in hex;"),
    (HEX.upper(), "right_in_hex", "right and written in hex;"),
    (f"sha256:{HEX}", "right_in_prefixed_hex", "right and written in hex with a prefix"),
    ("", "empty", "is empty"),
    (" \n", "empty", "is empty"),
    ("{{ checksum }}", "template", "a template that was not rendered"),
    ("${filebase64sha256(path)}", "template", "a template"),
    ("$(sha256sum x)", "template", "a template"),
    ("REPLACE_ME", "placeholder", "is a placeholder"),
    ("replace-with-real-hash", "placeholder", "is a placeholder"),
    ("<sha256 of the zip>", "placeholder", "is a placeholder"),
    ("CHANGEME", "placeholder", "is a placeholder"),
    ("None", "placeholder", "is a placeholder"),
    ("TODO", "placeholder", "is a placeholder"),
    ("'null'", "placeholder", "is a placeholder"),
    ("0" * 64, "placeholder", "is a placeholder"),
    ("f" * 40, "placeholder", "is a placeholder"),
    ("deadbeef" * 8, "placeholder", "is a placeholder"),
    ("0123456789abcdef" * 4, "placeholder", "is a placeholder"),
    (b64(b"\0" * 32), "placeholder", "is a placeholder"),
    (sha(b"").hex, "hash_of_nothing", "of no bytes at all"),
    (sha(b"").base64, "hash_of_nothing", "of no bytes at all"),
    (shell("sha256sum < /dev/null | cut -d' ' -f1"), "hash_of_nothing", "of no bytes at all"),
    (f"{B64}\n", "white_space", "has a line end after it;"),
    (shell("sha256sum | cut -d' ' -f1"), "white_space", "has a line end after it;"),
    (f" {HEX}", "white_space", "has white space around it;"),
    (f"{OTHER.hex}\n", "white_space", "has a line end after it, and the hash in it is another one's;"),
    (f'"{B64}"', "quotes", "has quotation marks around it, as of JSON output;"),
    (f"'{OTHER.hex}'\n", "quotes", "and the hash in it is another one's"),
    (shell("sha256sum"), "checksum_line", "a whole line of sha256sum or openssl, file name and all;"),
    (shell("sha256sum --tag"), "checksum_line", "a whole line of sha256sum"),
    (shell("openssl dgst -sha256 /dev/stdin"), "checksum_line", "a whole line of sha256sum"),
    (f"{HEX} *orders.zip", "checksum_line", "a whole line of sha256sum"),
    (f"{OTHER.hex}  orders.zip", "checksum_line", "and the hash in it is another one's"),
    (f"sha256-{B64}", "prefix", "has a prefix that AWS does not use;"),
    (f"sha256:{B64}", "prefix", "has a prefix that AWS does not use;"),
    (f"SHA256={HEX}", "prefix", "has a prefix that AWS does not use;"),
    (f"SHA256:{OTHER.hex}", "prefix", "and the hash in it is another one's"),
    (RIGHT.raw.hex(":"), "separators", "hex with separators or line breaks in it;"),
    (f"0x{HEX}", "separators", "hex with separators"),
    (shell("openssl dgst -sha256 -binary | xxd -p"), "separators", "hex with separators or line breaks in it;"),
    (base64.urlsafe_b64encode(RIGHT.raw).decode(), "url_safe_base64", "is URL-safe base64, and AWS wants + and /"),
    (base64.urlsafe_b64encode(RIGHT.raw).decode().rstrip("="), "url_safe_base64", "is URL-safe base64"),
    (B64.upper(), "changed_case", "upper and lower case was changed"),
    (B64.lower(), "changed_case", "upper and lower case was changed"),
    (b64(HEX), "base64_of_hex", "base64 of the hex digits, not of the 32 bytes they stand for;"),
    (b64(HEX.upper()), "base64_of_hex", "base64 of the hex digits, not of"),
    (shell("sha256sum | cut -d' ' -f1 | base64"), "base64_of_hex", "base64 of the hex digits and a line end, not"),
    (shell("sha256sum | base64 -w0"), "base64_of_hex", "base64 of a whole line of sha256sum"),
    (shell("sha256sum | base64"), "base64_of_hex", "base64 of a whole line of sha256sum"),
    (b64(OTHER.hex), "base64_of_hex", "and the hash in it is another one's"),
    (b64(B64), "double_base64", "encoded in base64 twice;"),
    (b64(f"{B64}\n"), "double_base64", "encoded in base64 twice;"),
    (HEX.encode().hex(), "hex_of_text", "hex of a text that was encoded already"),
    (B64.encode().hex(), "hex_of_text", "hex of a text that was encoded already"),
    (HEX[:12], "cut_short", "is cut short: 12 of 64 characters"),
    (HEX[:-1], "cut_short", "is cut short: 63 of 64 characters"),
    (HEX[1:], "cut_short", "is cut short: 63 of 64 characters"),
    (HEX[:40], "cut_short", "is cut short: 40 of 64 characters"),
    (B64[:40], "cut_short", "is cut short: 40 of 44 characters"),
    (f"sha256:{HEX[:12]}", "cut_short", "is cut short: 12 of 64 characters"),
    (f"{HEX}00", "cut_short", "more characters than the hash that is in it"),
    (f"{B64}==", "cut_short", "more characters than the hash that is in it"),
    ('"9b2cf535f27731c974343645a3985328"', "s3_etag", "an S3 ETag in its quotation marks"),
    ("9b2cf535f27731c974343645a3985328-3", "multipart_etag", "the ETag of a multipart upload to S3"),
    ('"9b2cf535f27731c974343645a3985328-12"', "multipart_etag", "the ETag of a multipart upload to S3"),
    (f"{OTHER.base64}-2", "composite_checksum", "S3's composite SHA-256 of a multipart upload"),
    (shell("md5sum | cut -c1-32 | tr -d '\\n'"), "md5", "is the MD5 of this package, as md5sum"),
    (shell("openssl dgst -md5 -binary | base64 | tr -d '\\n'"), "md5", "is the MD5 of this package"),
    ("9b2cf535f27731c974343645a3985328", "md5", "is the MD5 of some file"),
    (shell("sha1sum | cut -c1-40"), "sha1", "is the SHA-1 of this package, as Ansible's stat gives by default"),
    (b64(hashlib.sha1(b"x").digest()), "sha1", "is the SHA-1 of some file"),
    (shell("sha512sum | cut -c1-128"), "sha512", "is the SHA-512 of this package"),
    (b64(hashlib.sha512(ZIP).digest()), "sha512", "is the SHA-512 of this package"),
    ("DUoRhQ==", "crc", "one of S3's CRC checksums"),
    ("AuUcyF784aU=", "crc", "one of S3's CRC checksums"),
    (KNOWN.content.hex, "content_sha256", "is content_sha256, over the files in the package"),
    (sha(b"run").base64, "inner_file", "that of the file lib/run inside the package"),
    (sha(HEX.encode()).hex, "hash_of_text", "the SHA-256 of the hash's text, not of the file;"),
    (shell("sha256sum | cut -d' ' -f1 | sha256sum | cut -c1-64 | tr -d '\\n'"), "hash_of_text", "(with a line end);"),
    (shell("openssl dgst -sha256 -binary | base64 -w0 | sha256sum | cut -c1-64 | tr -d '\\n'"), "hash_of_text", "text"),
    (sha(b"build/orders.zip").hex, "hash_of_text", "the SHA-256 of the file's name, not of the file;"),
    (shell("echo orders.zip | sha256sum | cut -c1-64 | tr -d '\\n'"), "hash_of_text", "name, not of the file (with a"),
    (sha(b"payments").base64, "other_file", "that of another file, old/payments.zip;"),
    (f"sha256:{sha(b'deployed').hex}", "deployed_code", "runs now"),
    (sha(b"deployed").hex, "deployed_code", "which the function orders runs now, not of this one;"),
    (sha(b"version 5").base64, "other_version", "that of the code which orders (version 5) runs, not of this one;"),
    (f"registry/orders@sha256:{HEX}", "image_reference", "a whole image reference, not its digest alone;"),
    (f"r/orders:1@sha256:{OTHER.hex}", "image_reference", "alone, and the hash in it is another one's;"),
    (OTHER.base64, "unknown_sha256", "a well-written SHA-256 of something else"),
    (OTHER.hex, "unknown_sha256", "a well-written SHA-256 of something else"),
    ("1234", "no_hash", "is no SHA-256: it looks like 4 hexadecimal digits where a SHA-256 has 64;"),
    (hashlib.sha384(ZIP).hexdigest(), "no_hash", "is no SHA-256: it looks like a SHA-384;"),
    ("orders-1.4.2", "no_hash", "is no SHA-256: it has 12 characters that are neither"),
]

IMAGE = replace(
    KNOWN,
    path="registry/orders:1.4.2",
    content=None,
    files=(),
    hashes=None,
    image=True,
    config=sha(b"config"),
    layers=(sha(b"base layer"), sha(b"top layer")),
    index=sha(b"index"),
    platforms=(("linux/amd64", RIGHT), ("linux/arm64", sha(b"arm64"))),
    named=("registry/orders:1.4.2", "1.4.2"),
)
IMAGE_CASES: list[tuple[str, str, str]] = [
    (HEX, "right", "is right;"),
    (f"sha256:{HEX}", "right_with_prefix", "right and written with the prefix that references have;"),
    (HEX.upper(), "right_in_upper_case", "right and written in upper case;"),
    (B64, "right_in_base64", "right and written in base64, as those of zips are;"),
    (B64.rstrip("="), "right_in_base64", "right and written in base64, as those of zips are;"),
    (f"registry/orders@sha256:{HEX}", "image_reference", "a whole image reference, not its digest alone;"),
    (f"{HEX}\n", "white_space", "has a line end after it;"),
    (f"sha256:{HEX[:12]}", "cut_short", "is cut short: 12 of 64 characters;"),
    (b64(HEX), "base64_of_hex", "base64 of the hex digits"),
    (sha(b"index").hex, "index_digest", "the digest of an image index, of which Lambda runs one platform's image"),
    (f"sha256:{sha(b'index').hex}", "index_digest", "the digest of an image index"),
    (f"sha256:{sha(b'arm64').hex}", "platform_digest", "the digest of the image for linux/arm64 alone;"),
    (f"sha256:{sha(b'config').hex}", "config_digest", "the image ID, which is the digest of the image's config"),
    (sha(b"config").hex[:12], "config_digest", "the image ID"),
    (f"sha256:{sha(b'config').hex[:12]}", "config_digest", "the image ID"),
    (sha(b"top layer").hex, "layer_digest", "the digest of one of the image's layers;"),
    (sha(b"deployed").hex, "deployed_code", "which the function orders runs now"),
    (sha(b"version 6").hex, "other_version", "which orders (version 6) runs"),
    ("1.4.2", "image_tag", "the image's name or tag, which may stand for another image tomorrow;"),
    ("registry/orders:1.4.2", "image_tag", "the image's name or tag"),
    ("v1.5.0-rc1", "image_tag", "looks like a tag"),
    (OTHER.hex, "unknown_sha256", "a well-written SHA-256 of something else"),
    ("REPLACE_ME", "placeholder", "is a placeholder"),
    ("9b2cf535f27731c974343645a3985328", "md5", "is the MD5 of some file"),
    ("two words", "no_hash", "is no SHA-256"),
]
UPLOADED = replace(
    KNOWN,
    path="s3://releases/orders.zip",
    content=None,
    files=(),
    hashes=None,
    etag="9b2cf535f27731c974343645a3985328",
    composite=f"{OTHER.base64}-2",
)
OBJECT_CASES: list[tuple[str, str, str]] = [
    (B64, "right", "is right;"),
    ("9b2cf535f27731c974343645a3985328", "s3_etag", "is the object's ETag, which is no SHA-256 and at best an MD5;"),
    ('"9b2cf535f27731c974343645a3985328"', "s3_etag", "is the object's ETag"),
    ('"11112222333344445555666677778899"', "s3_etag", "is an S3 ETag in its quotation marks"),
    ("11112222333344445555666677778899", "md5", "is the MD5 of some file"),
    (f"{OTHER.base64}-2", "composite_checksum", "composite SHA-256 of this object, uploaded in parts, a hash of its"),
    (f"{KNOWN.content}-7", "composite_checksum", "composite SHA-256 of a multipart upload"),
    (sha(b"orders.zip").hex, "hash_of_text", "the SHA-256 of the file's name"),
]


@pytest.mark.parametrize(("text", "code", "says"), IMAGE_CASES)
def test_each_mistake_about_an_image_is_named(text: str, code: str, says: str) -> None:
    found = diagnose(text, IMAGE)
    assert (found.code, found.right_value) == (code, HEX)
    assert says in found.message
    assert found.message.endswith(f"; the digest of registry/orders:1.4.2 in bare hex, as Lambda states it, is {HEX}.")


@pytest.mark.parametrize(("text", "code", "says"), OBJECT_CASES)
def test_each_mistake_about_an_object_in_s3_is_named(text: str, code: str, says: str) -> None:
    found = diagnose(text, UPLOADED)
    assert (found.code, found.right_value) == (code, B64)
    assert says in found.message
    assert found.message.endswith(f"; the SHA-256 of s3://releases/orders.zip in base64, as AWS wants it, is {B64}.")


def test_the_etag_of_a_multipart_upload_is_recognised_as_the_objects_own() -> None:
    etag = "9b2cf535f27731c974343645a3985328-3"
    found = diagnose(f'"{etag}"', replace(UPLOADED, etag=etag))
    assert (found.code, "the object's ETag, that of a multipart upload" in found.message) == ("multipart_etag", True)


@pytest.mark.parametrize("known", [replace(UPLOADED, right=None), replace(IMAGE, right=None, platforms=())])
def test_where_nobody_knows_the_hash_it_says_why(known: Evidence) -> None:
    known = replace(known, lacking="nobody knows it")
    for text, code in (
        (OTHER.base64, "incomparable"),
        ("REPLACE_ME", "placeholder"),
        (f"{B64}-7", "composite_checksum"),
    ):
        found = diagnose(text, known)
        assert (found.code, found.right_value) == (code, None)
        assert found.message.endswith("; nobody knows it.")


@pytest.mark.parametrize(("text", "code", "says"), CASES)
def test_each_mistake_is_named(text: str, code: str, says: str) -> None:
    found = diagnose(text, KNOWN)
    assert found.code == code
    assert found.message.startswith("The checksum ")
    assert says in found.message
    assert found.message.endswith(f"; the SHA-256 of build/orders.zip in base64, as AWS wants it, is {B64}.")
    assert found.right_value == B64


def test_the_first_case_of_url_safe_base64_is_one() -> None:
    assert "+" in B64
    assert "/" in B64


def test_every_row_has_a_case_and_a_name_of_its_own() -> None:
    codes = [mistake.code for mistake in MISTAKES]
    assert len(set(codes)) == len(codes)
    assert {code for _text, code, _says in (*CASES, *IMAGE_CASES, *OBJECT_CASES)} | {"incomparable"} == set(codes)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (B64, Encoding.BASE64),
        (B64.rstrip("="), Encoding.BASE64_UNPADDED),
        (OTHER.hex, Encoding.HEX),
        (f"sha256:{HEX}", Encoding.HEX_PREFIXED),
        (f"{HEX}\n", None),
        ("", None),
    ],
)
def test_the_encoding_is_told(text: str, encoding: Encoding | None) -> None:
    assert diagnose(text, KNOWN).expected_encoding is encoding


@given(st.text())
def test_every_text_gets_one_sentence_that_does_not_repeat_it(text: str) -> None:
    found = diagnose(text, KNOWN)
    assert found.message.isprintable()
    assert found.message.endswith(f"{B64}.")
    assert found == diagnose(text, KNOWN)
    assert matches(text, RIGHT) is found.code.startswith("right")
    if len(text) > 12:
        assert text not in found.message


@given(st.text())
def test_every_text_about_an_image_gets_one_sentence(text: str) -> None:
    found = diagnose(text, IMAGE)
    assert found.message.isprintable()
    assert matches(text, RIGHT) is found.code.startswith("right")
    assert found.message.endswith(f"{HEX}.")


@given(st.binary(min_size=32, max_size=32).map(Digest))
def test_a_right_digest_is_right_in_every_encoding(right: Digest) -> None:
    known = replace(KNOWN, right=right)
    for text in (right.base64, right.base64.rstrip("="), right.hex, right.hex.upper(), f"sha256:{right.hex}"):
        assert diagnose(text, known).code.startswith("right")


@given(
    # Digests of few different bytes look like placeholders, and no file has one.
    st.binary(min_size=32, max_size=32).filter(lambda raw: len(set(raw)) > 16).map(Digest),
    st.sampled_from(["white_space", "base64_of_hex", "double_base64"]),
)
def test_a_mistake_is_told_from_its_form_whatever_the_digest_is(right: Digest, code: str) -> None:
    text = {"white_space": f"{right.base64}\n", "base64_of_hex": b64(right.hex), "double_base64": b64(right.base64)}[
        code
    ]
    assert diagnose(text, replace(KNOWN, right=right)).code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (OTHER.hex, "incomparable"),
        (KNOWN.content.base64, "content_sha256"),
        (sha(b"app").hex, "inner_file"),
        (sha(b"old").hex, "other_file"),
        ("9b2cf535f27731c974343645a3985328", "md5"),
        (HEX[:12], "no_hash"),
        (f"{HEX}  orders.zip", "checksum_line"),
        ("REPLACE_ME", "placeholder"),
    ],
)
def test_a_directory_has_no_right_value(text: str, code: str) -> None:
    lacking = "build/orders is a directory: zip it, and take the zip's SHA-256"
    found = diagnose(text, replace(KNOWN, path="build/orders", right=None, hashes=None, lacking=lacking))
    assert (found.code, found.right_value) == (code, None)
    assert found.message.endswith(f"; {lacking}.")


def test_names_in_messages_can_not_move_the_cursor() -> None:
    known = replace(KNOWN, path="a\x1b[2J.zip", others=(("\udcff\n.zip", sha(b"old")),))
    message = diagnose(sha(b"old").hex, known).message
    assert message.isprintable()
    assert "\\udcff\\n.zip" in message
