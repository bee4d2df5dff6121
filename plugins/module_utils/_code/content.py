# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a package holds, apart from how it is packed: its entries, and one hash over them.

Two zips of the same files differ in their bytes as soon as a timestamp, the order or the compression does; their
content hash is the same, and so is that of the directory they were made from. It reads nothing itself.

The serialisation. SHA-256 over one record for each entry, sorted by the bytes of the names, no record for directories::

    <mode> SPACE <hash> SPACE <name> NUL

* mode: ``100644`` for a file, ``100755`` for a file its owner may execute, ``120000`` for a symbolic link. Those are
  git's three modes: the rest of a mode is an accident of the umask.
* hash: SHA-256 of the file's bytes, or of the link's target, as 64 hexadecimal digits in lower case.
* name: the path inside the package as bytes, ``/`` between its parts, without empty or ``.`` parts.

Where a zip has a name twice, the last one counts, as it does when the zip is unpacked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .digests import Digest
from .errors import PackageTooLarge, UnsafeEntry, shown

UNZIPPED_LIMIT = 250 * 1024 * 1024  # bytes; Lambda quotas, "Deployment package (.zip file archive) size", unzipped


class Mode(StrEnum):
    """What Lambda needs to know of a file's mode, in git's notation."""

    FILE = "100644"
    EXECUTABLE = "100755"
    LINK = "120000"

    @classmethod
    def of_file(cls, mode: int) -> Mode:
        """A regular file's mode from its permission bits."""
        return cls.EXECUTABLE if mode & 0o100 else cls.FILE


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or symbolic link in a package; size is that of its bytes, or of the link's target."""

    name: bytes
    mode: Mode
    size: int
    digest: Digest


def content_digest(entries: Iterable[Entry]) -> Digest:
    """The hash that this file's first docstring specifies."""
    total = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: entry.name):
        total.update(b"%s %s %s\0" % (entry.mode.encode(), entry.digest.hex.encode(), entry.name))
    return Digest(total.digest())


def entry_name(raw: bytes, package: bytes | str) -> bytes:
    """The name as it is hashed; empty for the package's own directory.

    Raises UnsafeEntry for names that lead out of the package, by the rules of Linux and of Windows, and for those that
    no file can have.
    """
    parts = re.split(rb"[/\\]", raw)
    if b"\0" in raw:
        raise UnsafeEntry(
            f"{shown(package)} has an entry named {shown(raw)}, with a NUL character, which no file's name can have.",
            hint="Build or download it again.",
        )
    if raw.startswith((b"/", b"\\")) or re.match(rb"[A-Za-z]:[/\\]", raw) or b".." in parts:
        raise UnsafeEntry(
            f"{shown(package)} has an entry named {shown(raw)}, which leads out of the package.",
            hint="Zip from inside the directory, so that every name is relative and has no `..` in it.",
        )
    return b"/".join(part for part in raw.split(b"/") if part not in (b"", b"."))


def within_limit(unzipped: int, package: bytes | str) -> None:
    """Raises PackageTooLarge for more unzipped bytes than Lambda takes."""
    if unzipped > UNZIPPED_LIMIT:
        raise PackageTooLarge(
            f"{shown(package)} holds {unzipped:,} bytes unzipped, and Lambda takes at most {UNZIPPED_LIMIT:,}.",
            hint="Leave out what the function does not need, or deploy it as a container image.",
        )
