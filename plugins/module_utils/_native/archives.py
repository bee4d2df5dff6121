# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of a zip, each read where it stands: its first bytes, or all of it, tested. Nothing is unpacked to disk.

What a zip's directory of entries may say is `_code/zips.py`'s business; here it is held against the entries themselves.

Source: APPNOTE.TXT 4.3.7 (local file header), 4.4.5 (compression method).
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

from .._code.content import entry_name
from .._code.errors import BrokenZip, shown
from .._code.files import open_regular
from .._code.zips import is_directory, open_zip, raw_name, unix_mode
from .errors import NativeError

deflate: Any = zlib
try:
    from isal import isal_zlib

    deflate = isal_zlib
except ImportError:
    pass

ReadAt: TypeAlias = Callable[[int, int], bytes]

_LOCAL = struct.Struct("<4s2xHH16xHH")  # signature, flags, method, lengths of name and extra field
_STORED, _DEFLATED = 0, 8
# What is read at once: a header, and enough of deflate's code tables for the first bytes behind them.
_AHEAD = 700
_STEP = 1 << 16
_AGAIN = "Build or download it again; `unzip -t` shows the damage."


class Zipped:
    """A file or symbolic link in a zip. size: as the zip declares it; mode: permission bits, None where it does not
    say; target: of a symbolic link, else ""."""

    __slots__ = ("_at", "_end", "_info", "_package", "_read_at", "mode", "name", "size", "target")
    parts = None  # what is packed has to be unpacked from its beginning

    def __init__(self, info: zipfile.ZipInfo, name: bytes, read_at: ReadAt, end: int, package: str) -> None:
        mode = unix_mode(info)
        self.name = name.decode("utf-8", "surrogateescape")
        self.size = info.file_size
        self.mode = stat.S_IMODE(mode) if mode else None
        self._info = info
        self._read_at = read_at
        self._end = end  # where something else begins
        self._package = package
        self._at = -1  # where its data begins, once its header was read
        self.target = self.read().decode("utf-8", "surrogateescape") if stat.S_ISLNK(mode) else ""

    def is_same(self, other: Zipped) -> bool:
        """Whether both are the same file by what the zip declares of them."""
        mine, theirs = self._info, other._info
        return (mine.CRC, self.size, self.mode, self.target) == (theirs.CRC, other.size, other.mode, other.target)

    def __enter__(self) -> Zipped:
        """As a file of a directory does; here the zip is open already."""
        return self

    def __exit__(self, *_failure: object) -> None:
        pass

    def peek(self, size: int) -> bytes:
        """Its first bytes, at most `size`. Raises BrokenZip and NativeError."""
        wanted = min(size, self.size)
        ahead = self._locate() if self._at < 0 else self._read_at(self._at, min(_AHEAD, self._info.compress_size))
        if not wanted:
            return b""
        if self._info.compress_type == _STORED:
            found = ahead[:wanted] if len(ahead) >= wanted else self._read_at(self._at, wanted)
            return self._whole(found, wanted)
        unpacker, found, at = deflate.decompressobj(-15), b"", 0
        while len(found) < wanted and not unpacker.eof:
            found += self._inflate(unpacker, ahead, wanted - len(found))
            at += len(ahead)
            ahead = unpacker.unconsumed_tail or self._read_at(self._at + at, min(_STEP, self._info.compress_size - at))
            at -= len(unpacker.unconsumed_tail)
            if not ahead:
                break
        return self._whole(found, wanted)

    def read(self) -> bytes:
        """All of it, tested against its size and its CRC-32. Raises BrokenZip and NativeError."""
        if self._at < 0:
            self._locate()
        packed = self._read_at(self._at, self._info.compress_size)
        if self._info.compress_type == _STORED:
            content = self._whole(packed, self.size)
            if len(packed) > self.size:
                raise self._damaged("has more bytes than it declares")
        elif self.size:
            unpacker = deflate.decompressobj(-15)
            content = self._whole(self._inflate(unpacker, packed, self.size), self.size)
            if not unpacker.eof and self._inflate(unpacker, unpacker.unconsumed_tail, 1):
                raise self._damaged(f"has more than the {self.size:,} bytes that it declares")
        else:
            content = b""
        if deflate.crc32(content) != self._info.CRC:
            raise self._damaged("can't be unpacked (its CRC-32 does not match)")
        return content

    def _locate(self) -> bytes:
        """Read the header in front of the data; returns the first bytes of the data, packed as they are."""
        info = self._info
        start, length = info.header_offset, _LOCAL.size + len(info.orig_filename)
        ahead = self._read_at(start, length + min(_AHEAD, info.compress_size + 64))
        if len(ahead) < _LOCAL.size or ahead[:4] != b"PK\3\4":
            raise self._damaged("has no header of its own where the directory says")
        _signature, _flags, method, name_length, extra_length = _LOCAL.unpack_from(ahead)
        name_end = _LOCAL.size + name_length
        if ahead[_LOCAL.size : name_end] != raw_name(info) or method != info.compress_type:
            raise self._damaged("has another name or compression in its own header than in the directory")
        if method not in (_STORED, _DEFLATED):
            raise NativeError(
                f"The entry {shown(self.name)} of {shown(self._package)} is compressed by method {method}, which is "
                "not read here.",
                hint="Zip it with deflate, as `zip` does when nothing else is said.",
            )
        self._at = start + name_end + extra_length
        if self._at + info.compress_size > self._end:
            raise self._damaged("overlaps what stands behind it")
        return ahead[name_end + extra_length :][: info.compress_size]

    def _inflate(self, unpacker: Any, packed: bytes, size: int) -> bytes:
        try:
            content: bytes = unpacker.decompress(packed, size)
        except deflate.error as error:
            raise self._damaged("can't be unpacked (its compressed bytes are damaged)") from error
        return content

    def _whole(self, content: bytes, size: int) -> bytes:
        if len(content) < size:
            raise self._damaged("can't be unpacked (its data ends too early)")
        return content if len(content) == size else content[:size]

    def _damaged(self, how: str) -> BrokenZip:
        return BrokenZip(f"{shown(self._package)} is damaged: its entry {shown(self.name)} {how}.", hint=_AGAIN)


class Package(NamedTuple):
    """files: files and links, each name once, in the order in which they stand in the zip. notes: in sentences.
    closed: directories that only their owner or group may enter, with their permission bits."""

    files: list[Zipped]
    notes: tuple[str, ...]
    closed: dict[str, int]


@contextmanager
def open_package(path: str) -> Iterator[Package]:
    """Raises CodeError as open_zip does, and NativeError for different files of one name."""
    with open_regular(path) as (handle, _found):

        def read_at(offset: int, size: int) -> bytes:
            return os.pread(handle.fileno(), size, offset)

        with open_zip(handle, path) as archive:
            yield Package(*_without_doubles(_entries(archive, read_at, path), path), _closed(archive, path))


@contextmanager
def open_inner(content: bytes, name: str) -> Iterator[list[Zipped]]:
    """The same of a zip that stands inside a package. Names may occur twice, as they do in some jars."""

    def read_at(offset: int, size: int) -> bytes:
        return content[offset : offset + size]

    with open_zip(io.BytesIO(content), name) as archive:
        yield _entries(archive, read_at, name)


def _entries(archive: zipfile.ZipFile, read_at: ReadAt, package: str) -> list[Zipped]:
    found = []
    end = archive.start_dir
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset, reverse=True):
        if not is_directory(info):
            if not (name := entry_name(raw_name(info), package)):
                raise BrokenZip(f"{shown(package)} has an entry without a name.", hint=_AGAIN)
            found.append(Zipped(info, name, read_at, end, package))
        end = info.header_offset
    return found[::-1]


def _closed(archive: zipfile.ZipFile, package: str) -> dict[str, int]:
    modes = {
        entry_name(raw_name(info), package).decode("utf-8", "surrogateescape"): stat.S_IMODE(unix_mode(info))
        for info in archive.infolist()
        if is_directory(info)
    }
    return {name: mode for name, mode in modes.items() if name and mode and not mode & stat.S_IXOTH}


def _without_doubles(entries: list[Zipped], path: str) -> tuple[list[Zipped], tuple[str, ...]]:
    """Which of two entries Lambda unpacks last is written nowhere, and neither is what it makes of a file that is a
    directory as well. Jars that were made of several often hold the same licence several times."""
    seen: dict[str, Zipped] = {}
    doubles: list[str] = []
    for entry in entries:
        name = entry.name
        if not (first := seen.setdefault(name, entry)).is_same(entry):
            raise NativeError(
                f"{shown(path)} holds {shown(name)} twice, and which of them a function would see is not defined.",
                hint="Build the zip anew instead of adding to it; `zip -d` removes an entry.",
            )
        if first is not entry:
            doubles.append(name)
    in_order = sorted(seen)
    if both := next((name for name in in_order if _holds_below(in_order, name)), ""):
        raise NativeError(
            f"{shown(path)} holds {shown(both)} as a file and as a directory.",
            hint="Build the zip anew from one directory.",
        )
    names = sorted(set(doubles))
    more = f" and {len(names) - 1} more names" if len(names) > 1 else ""
    note = f"{shown(path)} holds {shown(names[0])}{more} more than once, with the same content." if names else ""
    return list(seen.values()), (note,) if note else ()


def _holds_below(in_order: list[str], folder: str) -> bool:
    at = bisect_left(in_order, f"{folder}/")
    return at < len(in_order) and in_order[at].startswith(f"{folder}/")
