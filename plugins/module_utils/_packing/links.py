# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where symbolic links in a package lead once it is unpacked. Pure: nothing is looked up on this host."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

# Directories of the runtime that an absolute link may mean: the function, its layers, its scratch space, file systems
# that are mounted into it, and what the runtime itself brings.
RUNTIME_FOLDERS = (b"/var/task", b"/opt", b"/tmp", b"/mnt", b"/var/lang", b"/var/runtime", b"/dev", b"/proc")


def leads_out(name: bytes, target: bytes, sources: Iterable[bytes] = ()) -> bool:
    """Whether a link leads out of its package, to a place that the runtime does not have.

    name: of the link in the package. sources: absolute paths of the directories that are packed, which may themselves
    lie below /tmp or the like; a link to their files by this host's path is of no use in the runtime.
    """
    if target.startswith(b"/"):
        place = os.path.normpath(b"/" + target.lstrip(b"/"))
        built_here = any(_within(place, source) for source in sources if source not in (b"/var/task", b"/opt"))
        return built_here or not any(_within(place, folder) for folder in RUNTIME_FOLDERS)
    return _inside(name, target) is None


def to_nothing(links: Mapping[bytes, bytes], files: Iterable[bytes]) -> Iterator[bytes]:
    """Names of the links that lead to no file and no directory of the package.

    links: targets by the links' names. files: the names of everything in the package, the links too. A link that leads
    through or to another link is not judged by itself: the other one is.
    """
    known = set(links)
    for name in files:
        known.add(name)
        while name := name.rpartition(b"/")[0]:
            if name in known:
                break
            known.add(name)
    for link, target in links.items():
        if target.startswith(b"/"):
            continue
        place = _inside(link, target) or b""
        through = place
        while through and through not in links:
            through = through.rpartition(b"/")[0]
        if place and not through and place not in known:
            yield link


def _inside(name: bytes, target: bytes) -> bytes | None:
    """The place in the package that a relative link leads to; None if it leads out on its way."""
    parts = name.split(b"/")[:-1]
    for part in target.split(b"/"):
        if part == b"..":
            if not parts:
                return None
            parts.pop()
        elif part not in (b"", b"."):
            parts.append(part)
    return b"/".join(parts)


def _within(place: bytes, folder: bytes) -> bool:
    return place == folder or place.startswith(folder.rstrip(b"/") + b"/")
