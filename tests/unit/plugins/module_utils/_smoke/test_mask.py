# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of the environment, their parts and their other writings stay out of what is told; other words stay in."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._smoke.mask import Mask
from hypothesis import given
from hypothesis import strategies as st


def test_the_longer_of_two_values_is_masked_whole() -> None:
    assert Mask(["pass", "password1"]).text("password1 pass") == "******** ********"


@given(st.text(min_size=4, max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_no_way_of_writing_a_value_gets_through(value: str, before: str, after: str) -> None:
    mask = Mask([value])
    for written in (value, repr(value)[1:-1], json.dumps(value)[1:-1], quote(value, safe="")):
        if written not in before + "********" + after:
            masked = mask.text(f"{before}{written}{after}")
            assert written not in masked or written in "********"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=30), st.integers(1, 29))
def test_the_rest_of_a_value_at_the_beginning_of_what_is_left_goes_as_well(value: str, lost: int) -> None:
    rest = value[lost:]
    end = Mask([value]).end((rest + "\n" + "x" * 400 + "end").encode(), cut=True)
    assert end.endswith("end")
    assert not rest or rest not in end[: len(value)] or set(rest) == {"x"}


def test_each_line_of_a_value_is_masked() -> None:
    assert Mask(["-----BEGIN KEY\nabcdef\n-----END"]).text("abcdef and -----END") == "******** and ********"


def test_without_values_nothing_is_masked() -> None:
    assert (Mask([]).text("words"), Mask([""]).text("words")) == ("words", "words")


URL = "postgres://orders:Hunter%4022@db.example.com:5432/orders?sslmode=require"
ACCOUNT = {"user": "ops", "keys": [{"password": "cor:rect", "pin": 481516}], "on": True, "off": None}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (URL, "Hunter%4022"),
        (URL, "Hunter@22"),
        (URL, "HUNTER@22"),
        ("Server=db;Password=correct-horse;", "correct-horse"),
        ("ops:correct-horse", "correct-horse"),
        (json.dumps(ACCOUNT), "cor:rect"),
        (json.dumps(ACCOUNT), "481516"),
        ("correct-horse", b64encode(b"correct-horse").decode()),
        ("correct-horse>>>???", urlsafe_b64encode(b"correct-horse>>>???").decode().rstrip("=")),
        ("correct-horse", "Correct-Horse"),
    ],
)
def test_parts_and_other_writings_are_masked(value: str, said: str) -> None:
    assert said not in Mask([value]).text(f"said ({said})")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("/var/task/vendor:/opt/vendor/libraries", "/var/task/vendor/libbar.so.1: file too short"),
        (json.dumps(ACCOUNT), "the password of the user"),
        ("ops:abc", "abc of ops"),
        ("[1, 2", "1, 2"),
        ("[" * 100_000, "words"),
    ],
)
def test_what_is_no_secret_stays(value: str, said: str) -> None:
    assert Mask([value]).text(said) == said
