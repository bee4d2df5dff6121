# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept of a running program's output, however it comes; containers themselves are in tests/integration."""

from __future__ import annotations

from itertools import pairwise

from ansible_collections.lambdaops.deploy.plugins.module_utils._image.runs import _KEPT, _Stream
from hypothesis import given
from hypothesis import strategies as st

MARKER = b"3f9a"
noise = st.binary(max_size=200).map(lambda text: text.replace(MARKER, b""))


def fed(content: bytes, cuts: list[int]) -> _Stream:
    stream, places = _Stream(MARKER), sorted({0, len(content), *(cut % (len(content) + 1) for cut in cuts)})
    for begin, end in pairwise(places):
        stream.feed(content[begin:end])
    return stream


@given(noise, st.text(st.characters(min_codepoint=32, max_codepoint=126)), noise, st.lists(st.integers(0, 1000)))
def test_the_answer_is_found_however_the_output_is_cut(before: bytes, said: str, after: bytes, cuts: list[int]) -> None:
    stream = fed(before + b"\n" + MARKER + said.encode() + b"\n" + after, cuts)
    assert stream.answer == said.encode()
    assert bytes(stream.end) == before + b"\n" + after


@given(noise, st.lists(st.integers(0, 1000)))
def test_without_the_marker_there_is_no_answer(printed: bytes, cuts: list[int]) -> None:
    stream = fed(printed + b"\n" + MARKER[:-1] + b"{}\n", cuts)
    assert (stream.answer, stream.cut) == (b"", False)


def test_an_answer_that_does_not_begin_a_line_or_has_no_end_is_none() -> None:
    assert fed(b"x" + MARKER + b"{}\n", []).answer == b""
    assert fed(b"\n" + MARKER + b"{}", []).answer == b""


def test_only_the_first_answer_counts() -> None:
    answer = b"\n" + MARKER + b"%d\n"
    assert fed(answer % 1 + answer % 2, [5, 9]).answer == b"1"


def test_the_answer_is_kept_and_the_rest_is_bounded() -> None:
    stream = _Stream(MARKER)
    for _time in range(5):
        stream.feed(b"before" * 10_000)
    stream.feed(b"\n" + MARKER + b"{}\n")
    for _time in range(5):
        stream.feed(b"after " * 10_000)
    assert (stream.answer, stream.cut, len(stream.end)) == (b"{}", True, _KEPT)
    assert bytes(stream.end).endswith(b"after ")
