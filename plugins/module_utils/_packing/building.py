# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A package from its sources to its place: chosen, packed aside, compared with the one that is there, and moved.

It says what came of it; how a package is installed at its place, by a move that keeps owner, mode and labels, is up to
the caller.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

from .._code.content import Entry, content_digest
from .._code.digests import Digest
from .._code.errors import CodeError, DestinationUnusable, NotAZip, shown
from .._code.files import chunks, kind_of, open_regular
from .._code.upload import DIRECT_UPLOAD_LIMIT
from .._code.zips import open_zip
from . import aside
from .changes import Before, Changes, changes, listing, read_before
from .packing import Packing, pack
from .selection import Selection, select
from .walking import Rules, Source

Install = Callable[[str, str], object]


@dataclass(frozen=True, slots=True)
class Built:
    """A package as it stands at its place now, or, where nothing was to be written, as it would.

    digest, size: of the zip; size in bytes. before: what stood there, None if it was nothing or the very same.
    """

    digest: Digest
    size: int
    entries: tuple[Entry, ...] = field(repr=False)
    selection: Selection = field(repr=False)
    changed: bool
    before: Before | None

    @property
    def content_sha256(self) -> Digest:
        """See `content.py`."""
        return content_digest(self.entries)

    @property
    def changes(self) -> Changes:
        """What differs from the package before; nothing if it was the same."""
        return changes(self.before.entries if self.before else (), self.entries if self.changed else ())

    @property
    def diff(self) -> tuple[str, str]:
        """Both packages as text, the one before and this one."""
        after = listing(self.digest, self.size, self.entries)
        if not self.changed:
            return after, after
        if self.before is None:
            return "", after
        return listing(self.before.digest, self.before.size, self.before.entries, self.before.unreadable), after

    @property
    def notes(self) -> list[str]:
        """What is worth knowing of it."""
        notes = []
        if self.size > DIRECT_UPLOAD_LIMIT:
            notes.append(
                f"The package has {self.size:,} bytes, and Lambda takes {DIRECT_UPLOAD_LIMIT:,} directly: "
                "it has to be deployed through S3."
            )
        if dangling := self.selection.dangling:
            more = f" and {len(dangling) - 3:,} more" if len(dangling) > 3 else ""
            notes.append(f"Symbolic links to nothing in the package: {', '.join(map(shown, dangling[:3]))}{more}.")
        return notes


def build(
    sources: Sequence[Source],
    rules: Rules,
    destination: str,
    packing: Packing,
    install: Install | None = os.replace,
    rehearses: str = "",
) -> Built:
    """Build the package at its place, which is left alone if it holds the very same bytes.

    install: moves a finished file to the place of the package; None to find out only what would be. rehearses: another
    place that the package is meant for, and where it stays out of itself as well. Raises a CodeError, after which the
    place is as it was.
    """
    own = [destination, *([rehearses] if rehearses else ())]
    _without_nul(own)
    place = os.path.realpath(destination)  # a symbolic link to a package stays one
    folder = _folder_of(place, destination)
    _may_be_file(place)
    there = _there(place)
    selection = select(sources, rules, own, aside.PREFIX)
    sha256, size = hashlib.sha256(), 0

    with nullcontext() if install is None else aside.written_aside(folder) as written:

        def write(piece: bytes) -> None:
            nonlocal size
            sha256.update(piece)
            size += len(piece)
            if written:
                written.write(piece)

        entries = pack(selection.files, write, packing)
        digest = Digest(sha256.digest())
        if there == (digest, size):
            return Built(digest, size, entries, selection, changed=False, before=None)
        before = read_before(place, *there) if there else None
        if written and install:
            written.finish()
            install(written.path, place)
    return Built(digest, size, entries, selection, changed=True, before=before)


def _without_nul(paths: Sequence[str]) -> None:
    for path in paths:
        if "\0" in path:
            raise DestinationUnusable(
                f"The path {shown(path)} of the package has a NUL character in it.", hint="Correct the path."
            )


def _folder_of(place: str, destination: str) -> str:
    """The directory that the package is written into. Raises DestinationUnusable."""
    if not destination.strip():
        raise DestinationUnusable("The path of the package is empty.", hint="Give the path of the zip to build.")
    if os.path.isdir(place) or destination.endswith("/"):
        raise DestinationUnusable(
            f"{shown(destination)} is a directory.", hint="Give the path of the zip itself, such as `build/code.zip`."
        )
    folder = os.path.dirname(place)
    if not _may_be_directory(folder):
        raise DestinationUnusable(
            f"There is no directory {shown(folder)} for the package.", hint="Create it first, or correct the path."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DestinationUnusable(
            f"{shown(folder)} may not be written by this user (uid {os.geteuid()}).",
            hint="Give this user the right to, or run the task as the directory's owner.",
        )
    return folder


def _may_be_directory(path: str) -> bool:
    """Whether it is one, or stands where this user may not look."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except PermissionError:
        return True
    except OSError:
        return False


def _may_be_file(place: str) -> None:
    """Raises DestinationUnusable where no file can stand: for a device, or for a name that is too long."""
    try:
        found = os.stat(place)
    except FileNotFoundError:
        return
    except OSError as error:
        raise DestinationUnusable(
            f"No package can stand at {shown(place)}: {error.strerror or error}.", hint="Give another path."
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise DestinationUnusable(
            f"{shown(place)} is {kind_of(found.st_mode)}, which no package replaces.",
            hint="Give the path of the zip itself, such as `build/code.zip`.",
        )


def _there(place: str) -> tuple[Digest, int] | None:
    """Digest and size of the package that is there. Raises DestinationUnusable for a file that is no package."""
    if not os.path.lexists(place):
        return None
    sha256, no_zip = hashlib.sha256(), ""
    with open_regular(place) as (handle, found):
        try:
            with open_zip(handle, place):
                pass
        except NotAZip as error:
            no_zip = error.message
        except CodeError:
            pass  # a package that Lambda would not take is replaced
        if no_zip and found.st_size:
            raise DestinationUnusable(
                no_zip, hint="A package would replace it: remove it first if that is meant, or give another path."
            )
        handle.seek(0)
        for chunk in chunks(handle):
            sha256.update(chunk)
    return Digest(sha256.digest()), found.st_size
