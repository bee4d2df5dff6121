# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The package among the files that are packed: which of them are the package itself, under whatever name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from .._code.files import reading

_HOPS = 40  # from link to link, after which Linux gives up

Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Own:
    """The package that is being made, which stays out of itself, and what its makers leave beside it when killed.

    places: directory and name of the package, and of a link by which it was named.
    """

    places: frozenset[tuple[Identity, bytes]]
    scratch: bytes

    @classmethod
    def at(cls, paths: Iterable[str], scratch: str) -> Own:
        """paths: all that the package is called. scratch: how the names of unfinished packages begin."""
        places = (_place(path) for name in map(os.fsencode, paths) for path in (name, os.path.realpath(name)))
        return cls(frozenset(place for place in places if place), os.fsencode(scratch))

    def is_it(self, folder: Identity, name: bytes) -> bool:
        if name.startswith(self.scratch):
            return any(folder == beside for beside, _name in self.places)
        return (folder, name) in self.places

    def is_behind(self, link: bytes) -> bool:
        """Whether a link leads to it, be it there already or not."""
        for _hop in range(_HOPS):
            with reading(link):
                link = os.path.join(os.path.dirname(link), os.readlink(link))
            if _place(link) in self.places:
                return True
            if not os.path.islink(link):
                return False
        return False


def identity_of(found: os.stat_result) -> Identity:
    return found.st_dev, found.st_ino


def _place(path: bytes) -> tuple[Identity, bytes] | None:
    """None where there is no such directory, so that no source holds the file."""
    folder, name = os.path.split(path)
    try:
        return identity_of(os.stat(folder or b".")), name
    except OSError:
        return None
