# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compressed bytes of a layer → plain bytes: format by magic bytes, both sides hashed, growth bounded.

It knows nothing of tar but that its headers are short and that what nobody wants is passed over.
"""

from __future__ import annotations

import hashlib
import importlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .errors import BrokenLayer, HostileLayer, ImageError, UnsupportedLayer
from .source import ByteStream

try:
    from isal.isal_zlib import decompressobj
except ImportError:
    from zlib import decompressobj  # type: ignore[assignment]

CHUNK = 1 << 18
AGAIN = "Push or copy the image again."
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
# What a gzip member is first given: estargz has one for each file, and what a member leaves over is copied.
_FIRST = 1 << 12


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds far above honest images (Lambda takes images of up to 10 GB), so that no layer costs without end.

    header: bytes of one entry's header with its PAX records; ratio: uncompressed to compressed, looked at once
    `ratio_from` bytes came out, since a sparse log file compresses well too.
    """

    size: int = 32 << 30
    entries: int = 1_000_000
    header: int = 64 << 10
    name: int = 4096
    ratio: int = 200
    ratio_from: int = 1 << 30


class Compressed:
    """Compressed bytes, hashed on their way; `peek` looks at the first ones."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self._ahead = b""
        self.position = 0

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def peek(self, size: int) -> bytes:
        while len(self._ahead) < size and (part := self._pull(size)):
            self._ahead += part
        return self._ahead[:size]

    def read(self, size: int = -1, /) -> bytes:
        if self._ahead:
            part, self._ahead = self._ahead[:size], self._ahead[size:]
            return part
        return self._pull(CHUNK if size < 0 else size)

    def _pull(self, size: int) -> bytes:
        part = self._stream.read(size)
        self._hash.update(part)
        self.position += len(part)
        return part


class Plain:
    """Uncompressed bytes as a file that only goes forward: bounded in total, in ratio, and in how far one tar header
    may reach (`allow`). Nothing is copied of what `seek` passes over."""

    def __init__(self, raw: Compressed, where: str, limits: Limits) -> None:
        self._raw = raw
        self._where = where
        self._limits = limits
        self._hash = hashlib.sha256()
        self._pieces = self._decompressed()
        self._piece = b""
        self._at = 0  # in the piece
        self._end = 0  # of the piece, in the file
        self._allowed = 0
        self._holes = 0

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def allow(self, position: int) -> None:
        self._allowed = position

    def fill(self, size: int) -> None:
        """Before a sparse entry is read: its holes are in no byte of the layer. Raises HostileLayer for many."""
        self._holes += size
        if self._holes > self._limits.ratio_from:
            raise HostileLayer(f"The {self._where} has sparse files of more than {self._limits.ratio_from} bytes.")

    def tell(self) -> int:
        return self._end - len(self._piece) + self._at

    def seek(self, position: int) -> int:
        """Pass over what comes before `position`, or all that is left. There is no way back."""
        while self._end < position and self._next():
            pass
        start = self._end - len(self._piece)
        self._at = max(self._at, min(position - start, len(self._piece)))
        return self.tell()

    def read(self, size: int) -> bytes:
        """For headers. Raises HostileLayer for one that is too long."""
        if not 0 <= size <= self._allowed - self.tell():
            raise HostileLayer(f"The {self._where} has a header of more than {self._limits.header} bytes.")
        return self.take(size)

    def take(self, size: int) -> bytes:
        """The next `size` bytes; fewer only at the end."""
        part = self._piece[self._at : self._at + size]
        self._at += len(part)
        if len(part) == size:
            return part
        whole = io.BytesIO()  # unlike a list of parts, it never holds everything twice
        whole.write(part)
        left = size - len(part)
        while left and self._next():
            self._at = whole.write(self._piece[:left])
            left -= self._at
        return whole.getvalue()

    def drain(self) -> None:
        while self._next():
            pass

    def _next(self) -> bool:
        """Go on to the next piece; False at the end."""
        try:
            piece = next(self._pieces, b"")
        except ImageError:
            raise
        except EOFError as error:
            raise BrokenLayer(f"The compression of the {self._where} ends too early.", hint=AGAIN) from error
        except Exception as error:  # zlib, isal and zstandard have classes of their own
            if type(error).__name__ not in ("error", "IsalError", "ZstdError"):
                raise
            raise BrokenLayer(f"The {self._where} can't be decompressed ({error}).", hint=AGAIN) from error
        self._piece, self._at = piece, 0
        self._hash.update(piece)
        self._end += len(piece)
        limits = self._limits
        if self._end > limits.size:
            raise HostileLayer(f"The {self._where} is larger than {limits.size} bytes when uncompressed.")
        if self._end > limits.ratio_from and self._end > limits.ratio * self._raw.position:
            raise HostileLayer(f"The {self._where} grows more than {limits.ratio} times when uncompressed.")
        return bool(piece)

    def _decompressed(self) -> Iterator[bytes]:
        magic = self._raw.peek(4)
        if magic.startswith(_GZIP):
            return _gunzipped(self._raw)
        if magic != _ZSTD:
            return iter(lambda: self._raw.read(CHUNK), b"")
        try:
            zstandard: Any = importlib.import_module("zstandard")
        except ImportError:
            raise UnsupportedLayer(
                f"The {self._where} is compressed with zstd.", hint="Install the Python package zstandard."
            ) from None
        reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(self._raw, read_across_frames=True)
        return iter(lambda: reader.read(CHUNK), b"")


def _gunzipped(raw: Compressed) -> Iterator[bytes]:
    """One member or many, and zeros after them, as gzip allows. Raises EOFError and what the decompressor raises."""
    chunk, at = raw.read(CHUNK), 0
    while chunk:
        member, step = decompressobj(wbits=31), _FIRST
        while not member.eof:
            if at == len(chunk):
                chunk, at = raw.read(CHUNK), 0
            given = chunk[at : at + step]
            at += len(given)
            piece = member.decompress(given, CHUNK)
            if not given and not piece:
                raise EOFError
            while piece:
                yield piece
                piece = member.decompress(member.unconsumed_tail, CHUNK) if member.unconsumed_tail else b""
            step = min(4 * step, CHUNK)
        at -= len(member.unused_data)
        while (left := chunk[at : at + 1]) in (b"", b"\0") and chunk:
            if left:
                at += len(chunk) - at - len(chunk[at:].lstrip(b"\0"))
            else:
                chunk, at = raw.read(CHUNK), 0
