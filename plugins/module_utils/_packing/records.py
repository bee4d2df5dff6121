# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of a zip file, byte by byte. It knows nothing of files.

They say nothing but what an entry needs, so that no version of anything can show in them: no time, no extra fields, no
data descriptors, no comments. Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.4.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .._code.content import Mode

STORED, DEFLATED = 0, 8

_VERSION = 20  # 4.4.3: 2.0, the first with deflate
_UNIX = 3 << 8  # 4.4.2: made by UNIX, so that the external attributes are a mode
_UTF8 = 0x800  # 4.4.4: the name is in UTF-8
_TIME, _DATE = 0, 1 << 5 | 1  # 4.4.6: 1980-01-01 00:00:00, the earliest there is
_MODES = {Mode.FILE: 0o100644, Mode.EXECUTABLE: 0o100755, Mode.LINK: 0o120777}
_MOST_ENTRIES = 0xFFFF  # 4.4.21; more take the records of Zip64

_HEADER = struct.Struct("<4s5H3I2H")
_DIRECTORY = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")


@dataclass(frozen=True, slots=True)
class Record:
    """An entry as it stands in the zip. packed: bytes of its content there; size: unzipped; offset: of its header."""

    name: bytes
    mode: Mode
    method: int
    crc: int
    packed: int
    size: int
    offset: int

    @property
    def header(self) -> bytes:
        """What stands before the content (4.3.7)."""
        return _HEADER.pack(b"PK\3\4", _VERSION, *self._described, len(self.name), 0) + self.name

    @property
    def directory(self) -> bytes:
        """What stands in the central directory (4.3.12)."""
        mode = _MODES[self.mode] << 16
        made = _UNIX | _VERSION
        return (
            _DIRECTORY.pack(b"PK\1\2", made, _VERSION, *self._described, len(self.name), 0, 0, 0, 0, mode, self.offset)
            + self.name
        )

    @property
    def _described(self) -> tuple[int, ...]:
        flags = 0 if self.name.isascii() else _UTF8
        return flags, self.method, _TIME, _DATE, self.crc, self.packed, self.size


def end(entries: int, size: int, offset: int) -> bytes:
    """What stands behind the central directory, whose size and offset in bytes these are (4.3.14 to 4.3.16)."""
    more = b""
    if entries > _MOST_ENTRIES:
        made = _UNIX | 45
        more = _END_64.pack(b"PK\6\6", _END_64.size - 12, made, 45, 0, 0, entries, entries, size, offset)
        more += _LOCATOR_64.pack(b"PK\6\7", 0, offset + size, 1)
    count = min(entries, _MOST_ENTRIES)
    return more + _END.pack(b"PK\5\6", 0, 0, count, count, size, offset, 0)
