# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bytes of a package: the same for the same files, on every machine and every Python.

Files are read and compressed by a few threads at once, since zlib and hashing leave Python's lock to the others, and
written one after the other. What a zip is made of is in `records.py`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import IO

from .._code.content import Entry, Mode
from .._code.digests import Digest
from .._code.errors import CodeError, PackageUnreadable, shown
from .._code.files import CHUNK, chunks, open_regular
from . import deflate
from .records import DEFLATED, STORED, Record, end
from .walking import Chosen

_IN_MEMORY = 4 * CHUNK  # bytes of one packed entry; larger ones wait in a temporary file
_AHEAD = 16  # entries that may be packed before their turn has come, so that 64 MiB is the most that waits


@dataclass(frozen=True, slots=True)
class Packing:
    """How to pack. compress: whether to, where it makes an entry smaller. zlib: what does it. threads: how many."""

    compress: bool = True
    zlib: deflate.Zlib = field(default=zlib)
    threads: int = 2


@dataclass(frozen=True, slots=True)
class _Packed:
    """An entry that waits for its place in the zip. content: its bytes as they stand there, read from the start."""

    entry: Entry
    method: int
    crc: int
    content: IO[bytes]


def pack(files: Iterable[Chosen], write: Callable[[bytes], object], packing: Packing) -> tuple[Entry, ...]:
    """Write a zip of the files, in their order, and say what it holds.

    write: takes one piece after the other. Raises PackageUnreadable for a file that is not what it was when it was
    found, and CodeError where there is no space for what waits.
    """
    entries: list[Entry] = []
    directory: list[bytes] = []
    offset = 0
    for packed in _in_order(files, packing):
        entry = packed.entry
        with packed.content as content:
            size = content.seek(0, 2)
            record = Record(entry.name, entry.mode, packed.method, packed.crc, size, entry.size, offset)
            write(record.header)
            content.seek(0)
            for chunk in iter(lambda content=content: content.read(CHUNK), b""):  # type: ignore[misc]
                write(chunk)
        offset += len(record.header) + size
        directory.append(record.directory)
        entries.append(entry)
    records = b"".join(directory)
    write(records)
    write(end(len(entries), len(records), offset))
    return tuple(entries)


def _in_order(files: Iterable[Chosen], packing: Packing) -> Iterator[_Packed]:
    """The files packed, in their order, a few ahead of what was asked for."""
    waiting: deque[Future[_Packed]] = deque()
    with ThreadPoolExecutor(packing.threads) as pool:
        try:
            for file in files:
                waiting.append(pool.submit(_packed, file, packing))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                if not future.cancel() and future.exception() is None:
                    future.result().content.close()


def _packed(file: Chosen, packing: Packing) -> _Packed:
    waiting = _Waiting()
    try:
        if file.mode is Mode.LINK:
            waiting.write(file.target)
            digest = Digest(hashlib.sha256(file.target).digest())
            entry, crc, method = Entry(file.name, file.mode, file.size, digest), zlib.crc32(file.target), STORED
        else:
            entry, crc, method = _read(file, waiting, packing)
    except CodeError:
        waiting.content.close()
        raise
    return _Packed(entry, method, crc, waiting.content)


def _read(file: Chosen, waiting: _Waiting, packing: Packing) -> tuple[Entry, int, int]:
    """Read a file, packing it on the way: what it is, its CRC-32, and the method by which it was packed."""
    sha256, crc, size = hashlib.sha256(), 0, 0
    stream = deflate.compressor(packing.zlib) if packing.compress else None
    with open_regular(file.path) as (handle, found):
        if _state(found) != _state(file.found):
            raise _changed(file)
        for chunk in chunks(handle):
            sha256.update(chunk)
            crc = zlib.crc32(chunk, crc)
            size += len(chunk)
            waiting.write(stream.compress(chunk) if stream else chunk)
        if stream:
            waiting.write(stream.flush())
        method = DEFLATED if stream and waiting.content.tell() < size else STORED
        if stream and method == STORED:
            waiting.start_again()
            handle.seek(0)
            for chunk in chunks(handle):
                waiting.write(chunk)
    if size != file.size:
        raise _changed(file)
    return Entry(file.name, file.mode, size, Digest(sha256.digest())), crc, method


def _state(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _changed(file: Chosen) -> PackageUnreadable:
    return PackageUnreadable(
        f"{shown(file.path)} was replaced or written to while the package was built.",
        hint="Wait for the build to end, then run again.",
    )


class _Waiting:
    """What is packed and not yet written, in memory while it is small."""

    def __init__(self) -> None:
        self.content: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115

    def write(self, piece: bytes) -> None:
        try:
            self.content.write(piece)
        except OSError as error:
            raise CodeError(
                f"A temporary file can't be written in {shown(tempfile.gettempdir())}: {error.strerror or error}.",
                hint="Make room there, or set TMPDIR to another directory.",
            ) from error

    def start_again(self) -> None:
        self.content.seek(0)
        self.content.truncate()
