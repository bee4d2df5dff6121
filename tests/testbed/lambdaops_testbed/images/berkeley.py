# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write rpm's BerkeleyDB database, `Packages`, that rpm itself reads and BerkeleyDB verifies.

A hash file of two buckets: their pages hold the header numbers, pages elsewhere hold the headers. Says nothing of what
is in a header: that is rpmdb.py.

Sources: Berkeley DB 5.3, src/dbinc/db_page.h and src/hash/hash_verify.c; rpm, lib/backend/bdb_ro.c.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

_MAGIC, _VERSION = 0x00061561, 9
_HASH_META, _HASH, _OVERFLOW = 8, 13, 7  # types of pages
_INLINE, _ELSEWHERE = 1, 3  # types of items
_CHARKEY = 0x5E688DD1  # the hash of a text that BerkeleyDB chose to know its hash function by
_HEADER = 26  # bytes before a page's content


def write(headers: Sequence[bytes], page_size: int = 4096, order: str = "<") -> bytes:
    """The bytes of a `Packages` file with these header blobs, numbered from 1; order as struct writes it."""
    values = [struct.pack(f"{order}I", len(headers)), *headers]  # number 0 is the last number given away
    pairs = sorted((struct.pack(f"{order}I", number), value) for number, value in enumerate(values))
    chains = [_distribute([pair for pair in pairs if _hash(pair[0]) % 2 == n], page_size) for n in range(2)]
    numbers = _numbers(chains)
    pages = [b""] * (1 + sum(map(len, chains)))
    for chain, places in zip(chains, numbers, strict=True):
        for n, bucket in enumerate(chain):
            items = []
            for key, value in bucket:
                items.append(bytes([_INLINE]) + key)
                if _is_long(value, page_size):
                    items.append(struct.pack(f"{order}B3xII", _ELSEWHERE, len(pages), len(value)))
                    pages += _overflow(value, len(pages), page_size, order)
                else:
                    items.append(bytes([_INLINE]) + value)
            around = (places[n - 1] if n else 0, places[n + 1] if n + 1 < len(chain) else 0)
            pages[places[n]] = _hash_page(items, places[n], around, page_size, order)
    pages[0] = _meta(len(pages), len(pairs), page_size, order)
    return b"".join(pages)


def _hash(key: bytes) -> int:
    """Fowler, Noll and Vo's, as BerkeleyDB has it (src/hash/hash_func.c, __ham_func5)."""
    value = 0
    for byte in key:
        value = value * 16777619 % 2**32 ^ byte
    return value


def _is_long(value: bytes, page_size: int) -> bool:
    return len(value) > page_size // 4


def _distribute(pairs: list[tuple[bytes, bytes]], page_size: int) -> list[list[tuple[bytes, bytes]]]:
    """Which pairs each page of a bucket takes."""
    pages: list[list[tuple[bytes, bytes]]] = [[]]
    left = page_size - _HEADER
    for key, value in pairs:
        size = 2 + 1 + len(key) + 2 + (12 if _is_long(value, page_size) else 1 + len(value))
        if size > left:
            pages.append([])
            left = page_size - _HEADER
        pages[-1].append((key, value))
        left -= size
    return pages


def _numbers(chains: list[list[list[tuple[bytes, bytes]]]]) -> list[list[int]]:
    """Page numbers of each bucket's pages: the buckets' first pages stand together, as the meta page says."""
    more = iter(range(1 + len(chains), 1 + sum(map(len, chains))))
    return [[1 + n, *(next(more) for _page in chain[1:])] for n, chain in enumerate(chains)]


def _page(number: int, previous: int, following: int, entries: int, offset: int, kind: int, order: str) -> bytes:
    return struct.pack(f"{order}IIIIIHHBB", 0, 1, number, previous, following, entries, offset, 0, kind)


def _hash_page(items: list[bytes], number: int, around: tuple[int, int], page_size: int, order: str) -> bytes:
    offsets, end = [], page_size
    for item in items:
        end -= len(item)
        offsets.append(end)
    head = _page(number, *around, len(items), end % 65536, _HASH, order)
    head += struct.pack(f"{order}{len(offsets)}H", *offsets)
    return head + bytes(end - len(head)) + b"".join(reversed(items))


def _overflow(value: bytes, first: int, page_size: int, order: str) -> list[bytes]:
    room = page_size - _HEADER
    parts = [value[at : at + room] for at in range(0, len(value), room)]
    pages = []
    for n, part in enumerate(parts):
        number = first + n
        following = number + 1 if n + 1 < len(parts) else 0
        head = _page(number, number - 1 if n else 0, following, 1, len(part), _OVERFLOW, order)
        pages.append((head + part).ljust(page_size, b"\0"))
    return pages


def _meta(pages: int, elements: int, page_size: int, order: str) -> bytes:
    general = (0, 1, 0, _MAGIC, _VERSION, page_size, 0, _HASH_META, 0, 0, pages - 1, 0, 0, 0, 0)
    head = struct.pack(f"{order}IIIIIIBBBxIIIIII20x", *general)
    buckets = (1, 1, 0, 0, elements, _CHARKEY, 1, 1, *[0] * 30)
    return (head + struct.pack(f"{order}38I", *buckets)).ljust(page_size, b"\0")
