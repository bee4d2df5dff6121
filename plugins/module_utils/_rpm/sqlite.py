# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""rpm's sqlite database → header blobs, without rpm.

Source: rpm, lib/backend/sqlite.c (table Packages).
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from .._errors import EngineError, printable
from .errors import BrokenRpmDatabase

MAGIC = b"SQLite format 3\0"

# No rpm database is near: 250 packages take some 10,000 steps. A database made to loop is left after about 1 s.
_STEPS = 50_000_000


def read_headers(database: bytes, wal: bytes = b"") -> list[tuple[int, bytes]]:
    """The numbers and header blobs of an `rpmdb.sqlite` and its `-wal`. Raises BrokenRpmDatabase, and
    EngineError where there is no room for a log."""
    headers = []
    left = len(database) + len(wal)
    try:
        with _opened(database, wal) as connection:
            kind = connection.execute("SELECT type, sql FROM sqlite_schema WHERE name = 'Packages'").fetchone()
            if kind is None or kind[0] != "table" or "VIRTUAL" in str(kind[1]).upper():
                raise BrokenRpmDatabase("The rpm database has no table Packages.")
            for number, blob in connection.execute("SELECT hnum, blob FROM Packages"):
                if not isinstance(number, int) or not isinstance(blob, bytes):
                    raise BrokenRpmDatabase("The rpm database has a header that is no numbered blob.")
                left -= len(blob)  # expressions of the schema can make much of little
                if left < 0:
                    raise BrokenRpmDatabase("The rpm database claims more bytes than it has.")
                headers.append((number, blob))
    except (sqlite3.Error, OverflowError) as error:
        raise BrokenRpmDatabase(f"The rpm database can't be read ({printable(str(error))[:200]}).") from error
    except OSError as error:  # says nothing of the database, so it is none of the errors that do
        raise EngineError(
            f"The rpm database has a write-ahead log, and both can't be written aside ({error.strerror}).",
            hint="Make room in the folder for temporary files, or name another one in TMPDIR.",
        ) from error
    return headers


@contextmanager
def _opened(database: bytes, wal: bytes) -> Iterator[sqlite3.Connection]:
    if len(database) < 100 or not database.startswith(MAGIC):
        raise BrokenRpmDatabase("The rpm database is not an sqlite file.")
    if wal:  # both files, under names of our own, in a folder that only we can read
        with tempfile.TemporaryDirectory(prefix="lambdaops-rpmdb-") as folder:
            path = Path(folder) / "rpmdb.sqlite"
            path.write_bytes(database)
            path.with_name("rpmdb.sqlite-wal").write_bytes(wal)
            with closing(sqlite3.connect(path)) as connection:
                yield _hardened(connection, len(database) + len(wal))
        return
    with closing(sqlite3.connect(":memory:")) as connection:
        # Bytes 18 and 19 say "write-ahead log", which a database in memory can't have (fileformat2, 1.3).
        connection.deserialize(database[:18] + b"\x01\x01" + database[20:])
        yield _hardened(connection, len(database))


def _hardened(connection: sqlite3.Connection, longest: int) -> sqlite3.Connection:
    """longest: bytes that one value may have."""
    # Source: sqlite.org/security.html, "untrusted SQLite database files".
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)
    steps = iter(range(_STEPS // 100_000))
    connection.set_progress_handler(lambda: next(steps, -1) < 0, 100_000)
    return connection
