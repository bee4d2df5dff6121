# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""Keeping a cache folder small: what was not used for longest, older schemas and leftovers of killed plays go.

It takes away only what the cache names so itself, so a folder that holds other things as well keeps them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_KINDS = ("content", "layer", "facts", "tag")
_SCHEMA = re.compile(r"v([0-9]{1,4})")
_ENTRY = re.compile(r"sha256-[0-9a-f]{64}")
_ASIDE = ".new-"
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class _Entry:
    used: float
    size: int
    path: str


def prune(folder: Path, limit: int, kept: Collection[str], now: float) -> None:
    """folder: of the current schema; limit: bytes; kept: paths that stay whatever they take; now: seconds since 1970.

    A cache that is too large gets a tenth smaller than it may be, so that it is not too large again at once. Other
    plays may do the same at the same time, and what can't be taken away stays.
    """
    entries = list(_entries(folder, now))
    size = sum(entry.size for entry in entries)
    if size > limit:
        for entry in sorted(entries, key=lambda entry: entry.used):
            if size <= limit - limit // 10:
                break
            if entry.path not in kept:
                _remove(entry.path)
                size -= entry.size
    for old in _older(folder):
        for entry in _entries(old, now):
            _remove(entry.path)
        for place in (*(old / kind for kind in _KINDS), old):
            with suppress(OSError):
                place.rmdir()


def _entries(folder: Path, now: float) -> Iterator[_Entry]:
    """Leftovers of more than a day are taken away on the way."""
    for kind in _KINDS:
        with suppress(OSError), os.scandir(folder / kind) as found:
            for file in found:
                with suppress(OSError):
                    known = file.stat(follow_symlinks=False)
                    if _ENTRY.fullmatch(file.name):
                        yield _Entry(known.st_mtime, known.st_size, file.path)
                    elif file.name.startswith(_ASIDE) and now - known.st_mtime > _DAY:
                        _remove(file.path)


def _older(folder: Path) -> list[Path]:
    current = _SCHEMA.fullmatch(folder.name)
    with suppress(OSError):
        return [
            other
            for other in folder.parent.iterdir()
            if current
            and (version := _SCHEMA.fullmatch(other.name))
            and int(version[1]) < int(current[1])
            and other.is_dir()
            and not other.is_symlink()
        ]
    return []


def _remove(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)
