# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a package holds that the one before it did not, and the reverse. Pure, apart from reading the one before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from .._code.content import Entry
from .._code.digests import Digest
from .._code.errors import CodeError, shown
from .._code.files import open_regular
from .._code.zips import is_directory, open_zip, read_entry


@dataclass(frozen=True, slots=True)
class Before:
    """A package that is about to be replaced. unreadable: what is wrong with it, in sentences; what can be read of it
    stands in `entries` all the same."""

    digest: Digest
    size: int
    entries: tuple[Entry, ...] = field(repr=False)
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """Names of entries, sorted. modified: those with another content or mode."""

    added: list[str]
    modified: list[str]
    removed: list[str]


def read_before(path: str, digest: Digest, size: int) -> Before:
    """As much as can be read of the package at this path, whose digest and size are known."""
    entries: dict[bytes, Entry] = {}
    wrong: list[str] = []
    try:
        with open_regular(path) as (handle, _found):
            _read_into(entries, wrong, handle, path)
    except CodeError as error:
        wrong.append(error.message)
    return Before(digest, size, tuple(entries.values()), tuple(wrong))


def _read_into(entries: dict[bytes, Entry], wrong: list[str], handle: BinaryIO, path: str) -> None:
    with open_zip(handle, path) as archive:
        for info in archive.infolist():
            if is_directory(info):
                continue
            try:
                entry = read_entry(archive, info, path)
            except CodeError as error:
                wrong.append(error.message)
            else:
                entries[entry.name] = entry


def changes(before: Iterable[Entry], after: Iterable[Entry]) -> Changes:
    """What became of the entries."""
    old, new = _by_name(before), _by_name(after)
    return Changes(
        added=_shown(name for name in new if name not in old),
        modified=_shown(name for name in new if name in old and new[name] != old[name]),
        removed=_shown(name for name in old if name not in new),
    )


def listing(digest: Digest, size: int, entries: Iterable[Entry], unreadable: Iterable[str] = ()) -> str:
    """A package as text in which a diff shows what changed: its hash, then a line for each entry.

    An entry is its mode, its size, the first digits of its SHA-256, and its name.
    """
    lines = [f"sha256 {digest.base64}, {size:,} bytes", *unreadable]
    lines += [
        f"{entry.mode} {entry.size:>11,} {entry.digest.hex[:12]} {shown(entry.name)}"
        for _name, entry in sorted(_by_name(entries).items())
    ]
    return "".join(f"{line}\n" for line in lines)


def _by_name(entries: Iterable[Entry]) -> Mapping[bytes, Entry]:
    return {entry.name: entry for entry in entries}


def _shown(names: Iterable[bytes]) -> list[str]:
    return [shown(name) for name in sorted(names)]
