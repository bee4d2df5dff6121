# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""rpm's BerkeleyDB database (`Packages`, a hash file) → header blobs, without rpm and without BerkeleyDB.

All pages are read in their order; the hash itself is of no use here. Keys are header numbers.

Sources: Berkeley DB 5.3, src/dbinc/db_page.h; rpm, lib/backend/bdb_ro.c.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .errors import BrokenRpmDatabase

_MAGIC = 0x00061561
_META = 512  # bytes of the first page, whatever the size of pages
_HASH_META, _HASH_UNSORTED, _HASH, _OVERFLOW = 8, 2, 13, 7  # types of pages
_INLINE, _ELSEWHERE = 1, 3  # types of items: H_KEYDATA, H_OFFPAGE
_PAGE_HEADER = 26  # bytes
_PAGE_SIZES = frozenset(1 << power for power in range(9, 17))


def byte_order(database: bytes) -> str:
    """ "<" or ">", as struct writes it; "" for what is no hash file of BerkeleyDB."""
    magic = database[12:16]
    return next((order for order in "<>" if magic == struct.pack(f"{order}I", _MAGIC)), "")


def read_headers(database: bytes) -> Iterator[tuple[int, bytes]]:
    """The numbers and header blobs of a `Packages` file. Raises BrokenRpmDatabase."""
    pages = _Pages(database)
    for number in range(1, pages.count):
        for key, value in pages.pairs(number):
            header_number = pages.number(key)
            if header_number:  # 0 keeps the last number that was given away
                yield header_number, value


class _Pages:
    """The pages of a file. No page is followed to twice, so neither loops nor shared pages make much of little."""

    def __init__(self, content: bytes) -> None:
        order = byte_order(content)
        if not order or len(content) < _META:
            raise BrokenRpmDatabase("The rpm database is not a BerkeleyDB hash file.")
        self._content = content
        self._order = order
        self._header = struct.Struct(f"{order}16xIHHxB")  # next page, entries, offset of the data or its length, type
        size, encrypted, kind, flags, last = struct.unpack_from(f"{order}20xIBBBxxxxxI", content)
        if kind != _HASH_META or encrypted or flags:
            raise BrokenRpmDatabase("The rpm database is encrypted, or has checksums or parts that rpm never writes.")
        if size not in _PAGE_SIZES or size * (last + 1) > len(content):
            raise BrokenRpmDatabase("The rpm database ends before its last page.")
        self._size = size
        self.count = last + 1
        self._followed: set[int] = set()

    def pairs(self, number: int) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values of a page of the hash; nothing for other pages."""
        start = number * self._size
        _next, entries, _offset, kind = self._header.unpack_from(self._content, start)
        if kind not in (_HASH, _HASH_UNSORTED):
            return
        first = _PAGE_HEADER + 2 * entries
        if entries % 2 or first > self._size:
            raise _damaged(number)
        items = []
        end = self._size
        for offset in struct.unpack_from(f"{self._order}{entries}H", self._content, start + _PAGE_HEADER):
            if not first <= offset < end:
                raise _damaged(number)
            items.append(self._content[start + offset : start + end])
            end = offset
        for key, value in zip(items[::2], items[1::2], strict=True):
            yield self._item(key, number), self._item(value, number)

    def number(self, key: bytes) -> int:
        if len(key) != 4:
            raise BrokenRpmDatabase("The rpm database has a key that is no header number.")
        number: int = struct.unpack(f"{self._order}I", key)[0]
        return number

    def _item(self, item: bytes, page: int) -> bytes:
        if item[0] == _INLINE:
            return item[1:]
        if item[0] == _ELSEWHERE and len(item) == 12:
            return self._overflow(*struct.unpack(f"{self._order}4xII", item))
        raise _damaged(page)

    def _overflow(self, number: int, length: int) -> bytes:
        """What stands on a chain of pages; length: of all of it, in bytes."""
        parts = []
        left = length
        while left:
            if not 0 < number < self.count or number in self._followed:
                raise _damaged(number)
            self._followed.add(number)
            start = number * self._size
            following, _entries, filled, kind = self._header.unpack_from(self._content, start)
            if kind != _OVERFLOW or not filled <= min(left, self._size - _PAGE_HEADER):
                raise _damaged(number)
            parts.append(self._content[start + _PAGE_HEADER : start + _PAGE_HEADER + filled])
            left -= filled
            number = following
        return b"".join(parts)


def _damaged(page: int) -> BrokenRpmDatabase:
    return BrokenRpmDatabase(f"Page {page} of the rpm database is damaged.")
