# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deflate with every parameter fixed, and whether this machine's zlib does it as all others do.

The format leaves a compressor free to choose, so the same bytes come out only of the same algorithm. The zlib of most
systems has not changed what it makes of anything in a decade; zlib-ng, which some systems have under zlib's name, and
hardware that compresses make something else, which is as good and not the same.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Protocol

LEVEL = 6  # zlib's own default; the last two percent would cost twice the time

# SHA-256 of what zlib 1.2 and 1.3 make of `_sample()`.
_KNOWN = "762f697b7d37b0b6ac24c4e87539c378bc2f0a55189a4a4a6f4d3e3bab0d433e"


class Compressor(Protocol):
    """A stream that is being compressed."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class Zlib(Protocol):
    """A module that compresses as the standard library's zlib does."""

    def compressobj(
        self, level: int = ..., method: int = ..., wbits: int = ..., memLevel: int = ..., strategy: int = ..., /
    ) -> Compressor: ...


def compressor(zlib_module: Zlib = zlib) -> Compressor:
    """A new stream without header or trailer, as zips hold it."""
    return zlib_module.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, 8, zlib.Z_DEFAULT_STRATEGY)


def makes_what_all_others_do(zlib_module: Zlib = zlib) -> bool:
    """Whether this zlib compresses a known sample to the known bytes."""
    stream = compressor(zlib_module)
    return hashlib.sha256(stream.compress(_sample()) + stream.flush()).hexdigest() == _KNOWN


def _sample() -> bytes:
    """200 kB in which matches are short, long, far and missing, so that compressors have to choose."""
    noise = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(2000))
    words = [noise[at : at + 2 + noise[at] % 11] for at in range(0, 512, 8)]
    text = b" ".join(words[byte % len(words)] for byte in noise[:16_000])
    return text + noise[:20_000] + b"\0" * 10_000 + text[:30_000] + noise[10_000:20_000]
