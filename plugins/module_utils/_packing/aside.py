# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file that is written aside, to be moved to its place as a whole or not at all.

Whoever is killed while writing leaves such a file behind. It is locked while it is written, so the next one who writes
into the same directory can tell it from those that are still in work, and removes it.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from .._code.errors import DestinationUnusable, shown

PREFIX = ".lambda_package-"
_SUFFIX = ".part"


class Aside:
    """A new file beside the place that it is for. path: where it stands now."""

    def __init__(self, path: str, handle: BinaryIO) -> None:
        self.path = path
        self._handle, self._folder = handle, os.path.dirname(path)

    def write(self, piece: bytes) -> None:
        """Raises DestinationUnusable, for a full disk for example."""
        with _writing(self._folder):
            self._handle.write(piece)

    def finish(self) -> None:
        """Hand everything to the file system, so that its place never holds half of it."""
        with _writing(self._folder):
            self._handle.flush()
            os.fsync(self._handle.fileno())


@contextmanager
def written_aside(folder: str) -> Iterator[Aside]:
    """A file in a directory, removed at the end unless it was moved away by then.

    Raises DestinationUnusable where no file can be written.
    """
    _remove_abandoned(folder)
    with _writing(folder):
        path, handle = _locked(folder)
    with handle:
        try:
            yield Aside(path, handle)
        finally:
            with suppress(OSError):
                os.unlink(path)


def _locked(folder: str) -> tuple[str, BinaryIO]:
    while True:
        descriptor, path = tempfile.mkstemp(_SUFFIX, PREFIX, folder)
        handle = os.fdopen(descriptor, "wb")
        with suppress(OSError):  # a file system without locks, where nobody removes anything either
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return path, handle
        handle.close()  # somebody took it for an abandoned one before it was locked


def _remove_abandoned(folder: str) -> None:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and entry.name.endswith(_SUFFIX):
                with suppress(OSError), open(entry.path, "rb") as handle:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(entry.path)


@contextmanager
def _writing(folder: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DestinationUnusable(
            f"No package can be written into {shown(folder)}: {error.strerror or error}.",
            hint="Make room there, or give this user the right to write into it.",
        ) from error
