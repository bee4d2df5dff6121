# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.digests import (
    Digest,
    Encoding,
    encoding_of,
    parse_sha256,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.errors import DigestUnreadable
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.packages import read_digest
from hypothesis import given
from hypothesis import strategies as st

DIGESTS = st.binary(min_size=32, max_size=32).map(Digest)


@given(DIGESTS)
def test_every_encoding_of_a_digest_reads_back(digest: Digest) -> None:
    written = {
        digest.base64: Encoding.BASE64,
        digest.base64.rstrip("="): Encoding.BASE64_UNPADDED,
        digest.hex: Encoding.HEX,
        digest.hex.upper(): Encoding.HEX,
        f"sha256:{digest.hex}": Encoding.HEX_PREFIXED,
    }
    assert {text: encoding_of(text) for text in written} == written
    assert {parse_sha256(text) for text in written} == {digest}


@given(st.text() | st.from_regex(r"[A-Za-z0-9+/=]{40,46}") | st.from_regex(r"[0-9a-fA-F]{60,68}"))
def test_a_text_states_one_digest_or_is_refused_in_a_sentence(text: str) -> None:
    if encoding_of(text) is None:
        with pytest.raises(DigestUnreadable, match=r"^This is no SHA-256: it "):
            parse_sha256(text)
    else:
        digest = parse_sha256(text)
        assert text.lower().removeprefix("sha256:") == digest.hex or text.rstrip("=") == digest.base64.rstrip("=")


@given(DIGESTS, st.integers(0, 43), st.characters(codec="ascii"))
def test_changing_one_character_of_base64_never_reads_as_the_same_digest(digest: Digest, at: int, char: str) -> None:
    changed = digest.base64[:at] + char + digest.base64[at + 1 :]
    if changed != digest.base64 and encoding_of(changed):
        assert parse_sha256(changed) != digest


HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        (f"{HEX}\n", "has white space around a SHA-256"),
        (" d41d8cd98f00b204e9800998ecf8427e", "has white space around what looks like an MD5"),
        ("d41d8cd98f00b204e9800998ecf8427e", "looks like an MD5"),
        ("1B2M2Y8AsgTpgAmY7PhCfg==", "looks like an MD5 in base64"),
        ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "looks like a SHA-1"),
        ("2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "looks like a SHA-1 in base64"),
        (HEX + HEX, "looks like a SHA-512"),
        (HEX[:-1], "looks like 63 hexadecimal digits where a SHA-256 has 64"),
        ("n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg=", "looks like URL-safe base64"),
        ("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgh=", "looks like base64 of a SHA-256 with a wrong last character"),
        ("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg==", "has 45 characters that are neither"),
        ("sha256:n4bQ", "has 11 characters that are neither"),
        ("REPLACE_ME", "has 10 characters that are neither"),
        ("é", "is a single character that is no hexadecimal digit"),
        ("a", "looks like 1 hexadecimal digit where a SHA-256 has 64"),
    ],
)
def test_what_is_no_sha256_is_described(text: str, looks: str) -> None:
    with pytest.raises(DigestUnreadable, match=f"^This is no SHA-256: it {looks}") as raised:
        parse_sha256(text)
    assert "44 characters of base64" in raised.value.hint


def test_a_text_that_is_no_digest_is_not_repeated() -> None:
    with pytest.raises(DigestUnreadable) as raised:
        parse_sha256("https://bucket.example/?X-Amz-Signature=canary")
    assert "canary" not in str(raised.value)


def test_a_digest_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes, not 20"):
        Digest(b"x" * 20)


def test_the_tools_that_people_use_agree(tmp_path: Path) -> None:
    file = tmp_path / "code.zip"
    file.write_bytes(bytes(range(256)) * 9000)  # more than one piece of reading
    digest = read_digest(str(file))

    def shell(command: str) -> str:
        return subprocess.run(["bash", "-c", command, "-", file], check=True, capture_output=True, text=True).stdout

    assert digest.hex == shell('sha256sum "$1"').split()[0]
    assert digest.base64 == shell('openssl dgst -sha256 -binary "$1" | base64').strip()
    assert digest.base64 == shell('sha256sum "$1" | cut -d" " -f1 | tr -d "\\n" | xxd -r -p | base64').strip()
