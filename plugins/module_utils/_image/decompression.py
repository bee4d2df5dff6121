# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compressed bytes of a layer → plain bytes: format by magic bytes, both sides hashed, growth bounded.

It knows nothing of tar.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib
import io
import zlib
from dataclasses import dataclass
from typing import IO, Any, cast

from .errors import BrokenLayer, HostileLayer, ImageError, UnsupportedLayer
from .source import ByteStream

CHUNK = 1 << 18
AGAIN = "Push or copy the image again."
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


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


class Plain(io.RawIOBase):
    """Uncompressed bytes: bounded in total, in ratio, and in how far one tar header may reach (`allow`)."""

    def __init__(self, raw: Compressed, where: str, limits: Limits) -> None:
        self._raw = raw
        self._where = where
        self._limits = limits
        self._hash = hashlib.sha256()
        self._stream = self._decompressed()
        self._position = 0
        self._allowed = 0

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def _decompressed(self) -> IO[bytes] | Compressed:
        magic = self._raw.peek(4)
        if magic.startswith(_GZIP):
            compressed = io.BufferedReader(_Readable(self._raw), CHUNK)
            return cast(IO[bytes], gzip.GzipFile(fileobj=compressed))
        if magic != _ZSTD:
            return self._raw
        try:
            zstandard: Any = importlib.import_module("zstandard")
        except ImportError:
            raise UnsupportedLayer(
                f"The {self._where} is compressed with zstd.", hint="Install the Python package zstandard."
            ) from None
        reader: IO[bytes] = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
            self._raw, read_across_frames=True
        )
        return reader

    def allow(self, position: int) -> None:
        self._allowed = position

    def read(self, size: int = -1, /) -> bytes:
        if self._position > self._allowed:
            raise HostileLayer(f"The {self._where} has a header of more than {self._limits.header} bytes.")
        try:
            part = self._stream.read(size)
        except ImageError:
            raise
        except EOFError as error:
            raise BrokenLayer(f"The compression of the {self._where} ends too early.", hint=AGAIN) from error
        except (OSError, zlib.error, ValueError) as error:
            raise BrokenLayer(f"The {self._where} can't be decompressed ({error}).", hint=AGAIN) from error
        except Exception as error:  # zstandard has an error class of its own, which can't be named without it
            if type(error).__name__ != "ZstdError":
                raise
            raise BrokenLayer(f"The {self._where} can't be decompressed ({error}).", hint=AGAIN) from error
        self._hash.update(part)
        self._position += len(part)
        limits = self._limits
        if self._position > limits.size:
            raise HostileLayer(f"The {self._where} is larger than {limits.size} bytes when uncompressed.")
        if self._position > limits.ratio_from and self._position > limits.ratio * self._raw.position:
            raise HostileLayer(f"The {self._where} grows more than {limits.ratio} times when uncompressed.")
        return part

    def drain(self) -> None:
        self._allowed = self._limits.size
        while self.read(CHUNK):
            pass


class _Readable(io.RawIOBase):
    def __init__(self, raw: Compressed) -> None:
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._raw.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)
