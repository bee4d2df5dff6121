# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write an rpmdb.sqlite that rpm itself reads, verifies and queries.

The tables are those that rpm 4.18 creates. A header holds the immutable region with its SHA1 and SHA256, then
the tags that rpm adds when it installs a package. Says nothing of which packages there are: that is catalog.py.

Sources: rpm's lib/backend/sqlite.c (schema), lib/header.c and docs/manual/format.md (header, regions), lib/rpmtag.h.
"""

from __future__ import annotations

import hashlib
import sqlite3
import struct
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_SENSE_EQUAL = 8
_SENSE_FIND_REQUIRES = 1 << 14
_REGION = 63  # HEADERIMMUTABLE
_MAGIC = bytes.fromhex("8eade80100000000")
_CHAR, _INT16, _INT32, _STRING, _BIN, _STRINGS, _I18N = 1, 3, 4, 6, 7, 8, 9
_INDEXES = (
    "Name Basenames Group Requirename Providename Conflictname Obsoletename Triggername Dirnames Installtid Sigmd5 "
    "Sha1header Filetriggername Transfiletriggername Recommendname Suggestname Supplementname Enhancename"
).split()


class Provide(NamedTuple):
    """A capability; version is the whole [epoch:]version-release, empty where the capability has none."""

    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """What a header says of an installed package; files are absolute paths, arch is None for gpg-pubkey."""

    name: str
    version: str
    release: str
    arch: str | None
    epoch: int | None = None
    summary: str = ""
    license: str = ""
    source: str | None = None
    provides: tuple[Provide, ...] = ()
    requires: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def evr(self) -> str:
        return f"{'' if self.epoch is None else f'{self.epoch}:'}{self.version}-{self.release}"


class _Tag(NamedTuple):
    number: int
    kind: int
    value: int | str | bytes | list[int] | list[str]


def header(package: Package, installed_at: int) -> bytes:
    """The header blob as rpm stores it: index length, data length, index, data; no lead.

    installed_at is seconds since 1970.
    """
    return _header(package, installed_at)[0]


def _header(package: Package, installed_at: int) -> tuple[bytes, bytes, str]:
    entries, store = _pack(_immutable(package, installed_at), start=0)
    region_count = len(entries) + 1
    trailer = struct.pack(">IIiI", _REGION, _BIN, -16 * region_count, 16)
    region_index = struct.pack(">IIiI", _REGION, _BIN, len(store), 16) + b"".join(entries)
    region = struct.pack(">II", region_count, len(store) + 16) + region_index + store + trailer
    sha1, sha256 = (hashlib.new(name, _MAGIC + region).hexdigest() for name in ("sha1", "sha256"))
    md5 = hashlib.md5(region, usedforsecurity=False).digest()  # of header and payload; there is no payload here
    dribble = [
        _Tag(257, _INT32, len(region)),
        _Tag(261, _BIN, md5),
        _Tag(269, _STRING, sha1),
        _Tag(273, _STRING, sha256),
        _Tag(1008, _INT32, installed_at),
        _Tag(1029, _CHAR, bytes(len(package.files))),  # FILESTATES: normal
        _Tag(1127, _INT32, 0),
        _Tag(1128, _INT32, installed_at),
    ]
    more, after = _pack([tag for tag in dribble if tag.value != b""], start=len(store) + 16)
    total = struct.pack(">II", region_count + len(more), len(store) + 16 + len(after))
    return total + region_index + b"".join(more) + store + trailer + after, md5, sha1


def _immutable(package: Package, built_at: int) -> list[_Tag]:
    directories = sorted({path.rpartition("/")[0] + "/" for path in package.files})
    files = sorted(package.files)
    own = [Provide(package.name, package.evr)]
    provides = [*own, *package.provides] if package.arch else list(package.provides)
    tags = [
        _Tag(100, _STRINGS, ["C"]),
        _Tag(1000, _STRING, package.name),
        _Tag(1001, _STRING, package.version),
        _Tag(1002, _STRING, package.release),
        _Tag(1003, _INT32, package.epoch) if package.epoch is not None else None,
        _Tag(1004, _I18N, [package.summary or package.name]),
        _Tag(1005, _I18N, [package.summary or package.name]),
        _Tag(1006, _INT32, built_at),
        _Tag(1007, _STRING, "buildhost.amazon.com"),
        _Tag(1009, _INT32, 4096 * len(files)),
        _Tag(1011, _STRING, "Amazon Linux"),
        _Tag(1014, _STRING, package.license or "MIT"),
        _Tag(1016, _I18N, ["Unspecified"]),
        _Tag(1021, _STRING, "linux"),
        _Tag(1022, _STRING, package.arch) if package.arch else None,
        _Tag(1028, _INT32, [4096] * len(files)),
        _Tag(1030, _INT16, [0o100755] * len(files)),
        _Tag(1033, _INT16, [0] * len(files)),
        _Tag(1034, _INT32, [built_at] * len(files)),
        _Tag(1035, _STRINGS, [""] * len(files)),
        _Tag(1036, _STRINGS, [""] * len(files)),
        _Tag(1037, _INT32, [0] * len(files)),
        _Tag(1039, _STRINGS, ["root"] * len(files)),
        _Tag(1040, _STRINGS, ["root"] * len(files)),
        _Tag(1044, _STRING, package.source) if package.source else None,
        _Tag(1047, _STRINGS, [provide.name for provide in provides]),
        _Tag(1048, _INT32, [_SENSE_FIND_REQUIRES] * len(package.requires)),
        _Tag(1049, _STRINGS, list(package.requires)),
        _Tag(1050, _STRINGS, [""] * len(package.requires)),
        _Tag(1064, _STRING, "4.16.1.3"),
        _Tag(1112, _INT32, [_SENSE_EQUAL if provide.version else 0 for provide in provides]),
        _Tag(1113, _STRINGS, [provide.version for provide in provides]),
        _Tag(1116, _INT32, [directories.index(path.rpartition("/")[0] + "/") for path in files]),
        _Tag(1117, _STRINGS, [path.rpartition("/")[2] for path in files]),
        _Tag(1118, _STRINGS, directories),
    ]
    return [tag for tag in tags if tag is not None and tag.value != []]


def _pack(tags: list[_Tag], start: int) -> tuple[list[bytes], bytes]:
    """Index entries and their store, each value aligned to its own size counted from the store's beginning."""
    entries, store = [], bytearray()
    for number, kind, value in tags:
        values = value if isinstance(value, list) else [value]
        match kind:
            case 3 | 4:
                width = 2 if kind == _INT16 else 4
                store += bytes(-(start + len(store)) % width)
                packed = b"".join(int(one).to_bytes(width, "big") for one in values)
                count = len(values)
            case 1 | 7:
                packed = bytes(value)  # type: ignore[arg-type]
                count = len(packed)
            case _:
                packed = b"".join(str(one).encode() + b"\0" for one in values)
                count = len(values)
        entries.append(struct.pack(">IIiI", number, kind, start + len(store), count))
        store += packed
    return entries, bytes(store)


def database(packages: Iterable[Package], installed_at: int) -> bytes:
    """The bytes of rpmdb.sqlite, closed cleanly: WAL flag set and no -wal file beside it, as in AWS's images."""
    with tempfile.TemporaryDirectory(prefix="rpmdb-") as folder:
        path = Path(folder, "rpmdb.sqlite")
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("BEGIN")
            _create(connection)
            for package in packages:
                _insert(connection, package, installed_at)
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
        return path.read_bytes()


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)")
    for table in _INDEXES:
        binary = table in ("Installtid", "Sigmd5")
        connection.execute(
            f"CREATE TABLE '{table}' (key '{'BLOB' if binary else 'TEXT'}' NOT NULL, hnum INTEGER NOT NULL, "
            "idx INTEGER NOT NULL, FOREIGN KEY (hnum) REFERENCES 'Packages'(hnum))"
        )
        if not binary:
            connection.execute(f"CREATE INDEX '{table}_key_idx' ON '{table}'(key ASC)")
        if not binary and table not in ("Name", "Group", "Sha1header"):
            connection.execute(f"CREATE INDEX '{table}_hnum_idx' ON '{table}'(hnum ASC)")


def _insert(connection: sqlite3.Connection, package: Package, installed_at: int) -> None:
    blob, md5, sha1 = _header(package, installed_at)
    number = connection.execute("INSERT INTO Packages (blob) VALUES (?)", (blob,)).lastrowid
    provides = [package.name] if package.arch else []
    keys: dict[str, list[str] | list[bytes]] = {
        "Name": [package.name],
        "Basenames": [path.rpartition("/")[2] for path in sorted(package.files)],
        "Dirnames": sorted({path.rpartition("/")[0] + "/" for path in package.files}),
        "Group": ["Unspecified"],
        "Requirename": list(package.requires),
        "Providename": [*provides, *(provide.name for provide in package.provides)],
        "Installtid": [struct.pack("=I", installed_at)],
        "Sigmd5": [md5],
        "Sha1header": [sha1],
    }
    for table, values in keys.items():
        rows = ((key, number, n) for n, key in enumerate(values))
        connection.executemany(f"INSERT INTO '{table}' VALUES (?, ?, ?)", rows)
