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

_NAME, _VERSION, _RELEASE, _EPOCH, _ARCH, _PROVIDES = 1000, 1001, 1002, 1003, 1022, 1047
_INT32, _STRING, _STRINGS, _I18N = 4, 6, 8, 9
_WANTED = frozenset((_NAME, _VERSION, _RELEASE, _EPOCH, _ARCH, _PROVIDES))
_ENTRY = struct.Struct(">iiii")  # tag, type, offset, count
_ENTRIES, _BYTES = 0xFFFF, 256 << 20  # rpm's own bounds (rpmlib/header.c: HEADER_TAGS_MAX, HEADER_DATA_MAX)


def parse_header(blob: bytes, label: str) -> Package:
    """One header blob: int32 entries, int32 bytes, 16 bytes for each entry, the bytes; big-endian."""
    if len(blob) < 8:
        raise _broken(label, "it is too short")
    entries, size = struct.unpack_from(">ii", blob)
    start = 8 + 16 * entries
    if not 0 < entries <= _ENTRIES or not 0 <= size <= _BYTES or start + size > len(blob):
        raise _broken(label, "its lengths do not fit")
    store = blob[start : start + size]
    values: dict[int, str | int | list[str]] = {}
    for tag, kind, offset, count in _ENTRY.iter_unpack(blob[8:start]):
        if tag not in _WANTED or tag in values:
            continue
        if count < 1 or not 0 <= offset < size:
            raise _broken(label, f"tag {tag} points outside")
        if kind == _INT32:
            if offset + 4 > size:
                raise _broken(label, f"tag {tag} points outside")
            values[tag] = struct.unpack_from(">I", store, offset)[0]
        elif kind in (_STRING, _I18N):
            end = store.find(b"\0", offset)
            if end < 0:
                raise _broken(label, f"tag {tag} does not end")
            values[tag] = printable(store[offset:end].decode("utf-8", "replace"))
        elif kind == _STRINGS:
            texts = store[offset:].split(b"\0", count)
            if len(texts) <= count:
                raise _broken(label, f"tag {tag} does not end")
            values[tag] = [text.decode("utf-8", "replace") for text in texts[:count]]
    name, version, release = (values.get(tag) for tag in (_NAME, _VERSION, _RELEASE))
    epoch, arch, provides = values.get(_EPOCH, 0), values.get(_ARCH, ""), values.get(_PROVIDES, [])
    if not (isinstance(name, str) and isinstance(version, str) and isinstance(release, str)):
        raise _broken(label, "it has no name, version or release")
    libraries = frozenset(text for text in provides if ".so" in text) if isinstance(provides, list) else frozenset()
    return Package(name, Evr(epoch if isinstance(epoch, int) else 0, version, release), str(arch), libraries)


def _broken(label: str, why: str) -> BrokenRpmDatabase:
    return BrokenRpmDatabase(f"Header {label} of the rpm database is damaged: {why}.")
