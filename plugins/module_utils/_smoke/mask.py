# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of the environment taken out of what a function said. Pure; what the words mean is told by `words.py`."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Container, Iterable, Iterator
from urllib.parse import quote, unquote

_MASK = "********"
_MASKED_FROM = 4  # characters; shorter values are in every text
_PART_FROM = 6  # the same, of what is only a part of a value
_BETWEEN = re.compile(r"""[:/@?&=,;|"'{}()\[\]\s]+""")  # such as a URL or a connection string has
_SPLIT = re.compile(r"""[@?&=,;|"'{}()\[\]\s]|://|^[^/]*:""")  # values with none of these may be paths


class Mask:
    """Takes values of the environment and their parts out of what was said, in whatever case, and also as Python, JSON,
    URLs and base64 write them. What the function's code makes of a value otherwise is not known here.

    spared: words that stay where they are only a part of a value, in small letters.
    """

    def __init__(self, secrets: Iterable[str], spared: Container[str] = ()) -> None:
        found = {written for value in secrets for part in _parts(value, spared) for written in _writings(part)}
        known = sorted((one for one in found if len(one) >= _MASKED_FROM), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, known)), re.IGNORECASE) if known else None
        self._longest = len(known[0]) if known else 0

    def text(self, text: str) -> str:
        return self._pattern.sub(_MASK, text) if self._pattern else text

    def end(self, said: bytes, cut: bool) -> str:
        """Of which the beginning may be missing: what may be the rest of a value goes as well."""
        text = self.text(said.decode("utf-8", "replace"))
        return text[self._longest :] if cut else text


def _parts(value: str, spared: Container[str]) -> Iterator[str]:
    """A value, its lines, texts and numbers in it if it is JSON, and what is between the marks of URLs and the like.
    Paths stay whole: their folders are in every message."""
    yield value
    lines = value.splitlines()
    if len(lines) > 1:
        yield from lines
    leaves = list(_leaves(value))
    yield from leaves
    for text in leaves or [value]:
        if _SPLIT.search(text):
            for part in _BETWEEN.split(text):
                if len(part) >= _PART_FROM and part.lower() not in spared:
                    yield part
                    yield unquote(part)


def _leaves(value: str) -> Iterator[str]:
    """Of an object or a list in JSON."""
    try:
        left = [json.loads(value)]
    except (ValueError, RecursionError):
        return
    if not isinstance(left[0], dict | list):
        return
    while left:
        match left.pop():
            case dict() as found:
                left += found.values()
            case list() as found:
                left += found
            case str() as found:
                yield found
            case bool() | None:
                pass
            case found:
                yield str(found)


def _writings(part: str) -> Iterator[str]:
    """Of a text."""
    yield part
    yield repr(part)[1:-1]
    escaped = json.dumps(part)[1:-1]
    yield escaped
    yield json.dumps(escaped)[1:-1]
    yield json.dumps(part, ensure_ascii=False)[1:-1]
    raw = part.encode("utf-8", "surrogatepass")
    yield quote(raw)
    yield quote(raw, safe="")
    if len(part) >= _PART_FROM:
        encoded = b64encode(raw).decode().rstrip("=")
        yield encoded
        yield encoded.replace("+", "-").replace("/", "_")
