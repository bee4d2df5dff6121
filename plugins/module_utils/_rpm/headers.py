# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The header of one package, as every rpm database keeps it: a blob → a package.

Source: rpm, docs/manual/hregions.md.
"""

from __future__ import annotations

import struct

from .._errors import printable
from .errors import BrokenRpmDatabase
from .packages import Evr, Package

_NAME, _VERSION, _RELEASE, _EPOCH, _ARCH, _PROVIDES, _REQUIRES = 1000, 1001, 1002, 1003, 1022, 1047, 1049
_DIRECTORY_OF, _BASE_NAMES, _DIRECTORIES = 1116, 1117, 1118
_INT32, _STRING, _STRINGS, _I18N = 4, 6, 8, 9
_WANTED = frozenset(
    (_NAME, _VERSION, _RELEASE, _EPOCH, _ARCH, _PROVIDES, _REQUIRES, _DIRECTORY_OF, _BASE_NAMES, _DIRECTORIES)
)
_ENTRY = struct.Struct(">iiii")  # tag, type, offset, count
_ENTRIES, _BYTES = 0xFFFF, 256 << 20  # rpm's own bounds (rpmlib/header.c: HEADER_TAGS_MAX, HEADER_DATA_MAX)
_ITEMS = 1 << 20  # of one tag; the largest packages have some 100,000 files


def parse_header(blob: bytes, label: str) -> Package:
    """One header blob: int32 entries, int32 bytes, 16 bytes for each entry, the bytes; big-endian.

    label: names the header in messages. Raises BrokenRpmDatabase.
    """
    if len(blob) < 8:
        raise _broken(label, "it is too short")
    entries, size = struct.unpack_from(">ii", blob)
    start = 8 + 16 * entries
    if not 0 < entries <= _ENTRIES or not 0 <= size <= _BYTES or start + size > len(blob):
        raise _broken(label, "its lengths do not fit")
    store = blob[start : start + size]
    texts: dict[int, str] = {}
    lists: dict[int, list[bytes]] = {}
    numbers: dict[int, tuple[int, ...]] = {}
    for tag, kind, offset, count in _ENTRY.iter_unpack(blob[8:start]):
        if tag not in _WANTED or tag in texts or tag in lists or tag in numbers:
            continue
        if not 1 <= count <= _ITEMS or not 0 <= offset < size:
            raise _broken(label, f"tag {tag} points outside")
        if kind == _INT32:
            if offset + 4 * count > size:
                raise _broken(label, f"tag {tag} points outside")
            numbers[tag] = struct.unpack_from(f">{count}I", store, offset)
        elif kind in (_STRING, _I18N):
            end = store.find(b"\0", offset)
            if end < 0:
                raise _broken(label, f"tag {tag} does not end")
            texts[tag] = _text(store[offset:end])
        elif kind == _STRINGS:
            found = store[offset:].split(b"\0", count)
            if len(found) <= count:
                raise _broken(label, f"tag {tag} does not end")
            lists[tag] = found[:count]
    name, version, release = (texts.get(tag) for tag in (_NAME, _VERSION, _RELEASE))
    if name is None or version is None or release is None:
        raise _broken(label, "it has no name, version or release")
    provides = frozenset(map(_text, lists.get(_PROVIDES, ())))
    return Package(
        name=name,
        evr=Evr(numbers.get(_EPOCH, (0,))[0], version, release),
        arch=texts.get(_ARCH, ""),
        libraries=frozenset(text for text in provides if ".so" in text),
        provides=provides,
        requires=frozenset(map(_text, lists.get(_REQUIRES, ()))),
        files=_libraries(lists, numbers.get(_DIRECTORY_OF, ()), label),
    )


def _libraries(lists: dict[int, list[bytes]], directory_of: tuple[int, ...], label: str) -> frozenset[str]:
    """The paths of shared libraries. A path is kept in two parts, the first by its number in a list."""
    directories = lists.get(_DIRECTORIES, [])
    try:
        return frozenset(
            _text(directories[directory_of[number]] + name).lstrip("/")
            for number, name in enumerate(lists.get(_BASE_NAMES, ()))
            if b".so" in name
        )
    except IndexError:
        raise _broken(label, "its files do not fit") from None


def _text(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    return text if text.isprintable() else printable(text)


def _broken(label: str, why: str) -> BrokenRpmDatabase:
    return BrokenRpmDatabase(f"Header {label} of the rpm database is damaged: {why}.")
