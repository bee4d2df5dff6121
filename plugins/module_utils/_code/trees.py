# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of a directory that is to become a package.

Symbolic links are entries of their own and are not followed, as `zip --symlinks` packs them. It writes nothing.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator

from .content import Entry, Mode, entry_name, within_limit
from .digests import Digest
from .errors import EmptyPackage, UnsafeEntry, shown
from .files import chunks, kind_of, open_regular, reading


def read_tree(path: str) -> list[Entry]:
    """Hash every file and symbolic link below a directory, sorted by name.

    Raises EmptyPackage, UnsafeEntry for pipes, sockets and devices, PackageTooLarge before anything is read, and
    PackageUnreadable.
    """
    root, total = os.fsencode(path), 0
    sizes: dict[bytes, int] = {}
    for name in _names(root):
        with reading(path):
            found = os.lstat(os.path.join(root, name))
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
            raise UnsafeEntry(
                f"{shown(path)} holds {shown(name)}, which is {kind_of(found.st_mode)}.",
                hint="Remove it: a package holds files, directories and symbolic links.",
            )
        sizes[name] = found.st_size
        total += found.st_size
        within_limit(total, path)
    if not sizes:
        raise EmptyPackage(f"{shown(path)} is a directory without files.", hint="Build the function's files into it.")
    return [_entry(root, name, path) for name in sorted(sizes)]


def _names(root: bytes) -> Iterator[bytes]:
    """The paths below root of all that is no directory."""

    def refuse(error: OSError) -> None:
        with reading(error.filename or root):
            raise error

    for folder, folders, files in os.walk(root, onerror=refuse):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in (*files, *links):
            yield os.path.relpath(os.path.join(folder, name), root)


def _entry(root: bytes, name: bytes, path: str) -> Entry:
    full, inside = os.path.join(root, name), entry_name(name, path)
    if os.path.islink(full):
        with reading(full):
            target = os.readlink(full)
        return Entry(inside, Mode.LINK, len(target), Digest(hashlib.sha256(target).digest()))
    sha256, size = hashlib.sha256(), 0
    with open_regular(full, follow=False) as (handle, found):
        for chunk in chunks(handle):
            sha256.update(chunk)
            size += len(chunk)
    return Entry(inside, Mode.of_file(found.st_mode), size, Digest(sha256.digest()))
