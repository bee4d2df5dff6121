# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opening and reading files that may be anything: a pipe, a device, unreadable, or written to at this moment.

It knows nothing of what the files hold.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from .errors import CodeError, PackageMissing, PackageUnreadable, shown

CHUNK = 1024 * 1024  # bytes held in memory while hashing

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
    stat.S_IFSOCK: "a socket",
}


def kind_of(mode: int) -> str:
    """What a file of this mode is, in words."""
    return _KINDS.get(stat.S_IFMT(mode), "no regular file")


@contextmanager
def reading(path: bytes | str) -> Iterator[None]:
    """Turn the system's errors about a path into ours."""
    try:
        if os.fsencode(path).count(0):
            raise OSError(errno.EINVAL, "its name holds a NUL character")
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PackageMissing(
            f"There is nothing at {shown(path)}.",
            hint="Build the package first, or correct the path, which is looked for on the host that runs the task.",
        ) from error
    except PermissionError as error:
        raise PackageUnreadable(
            f"{shown(path)} may not be read by this user (uid {os.geteuid()}).",
            hint="Make the file readable and its directories searchable, or run the task as its owner.",
        ) from error
    except OSError as error:
        raise PackageUnreadable(
            f"{shown(path)} can't be read: {error.strerror or error}.", hint="Correct the path, or mend the file."
        ) from error


def is_directory(path: str) -> bool:
    """Whether a package is one; links are followed. Raises CodeError for an empty path, and as reading does."""
    if not path.strip():
        raise CodeError("The path of the package is empty.", hint="Give the path of a zip file or of a directory.")
    with reading(path):
        return stat.S_ISDIR(os.stat(path).st_mode)


@contextmanager
def open_regular(path: bytes | str, *, follow: bool = True) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """Open a regular file for reading, with its state at that moment. Never waits for a pipe's writer.

    Raises PackageMissing and PackageUnreadable, the latter also at the end if the file was written to meanwhile, since
    what was read is then no file that anybody has.
    """
    with reading(path):
        # Asked before opening: to open some devices is to do something to them.
        found = os.stat(path, follow_symlinks=follow)
    if not stat.S_ISREG(found.st_mode):
        raise PackageUnreadable(
            f"{shown(path)} is {kind_of(found.st_mode)}, not a file.", hint="Name the zip file, or the directory."
        )
    # O_NONBLOCK: should a pipe have taken the file's place by now, opening it must not wait.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    with reading(path), os.fdopen(os.open(path, flags), "rb") as handle:
        before = os.fstat(handle.fileno())
        yield handle, before
        after = os.fstat(handle.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise PackageUnreadable(
            f"{shown(path)} was written to while it was read.", hint="Wait for the build to end, then run again."
        )


def chunks(handle: BinaryIO) -> Iterator[bytes]:
    """The rest of a file, at most CHUNK bytes at a time."""
    while chunk := handle.read(CHUNK):
        yield chunk
