# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One entry of an image's file system, as a tar archive tells it. How archives are read is layers.py's business."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .errors import HostileLayer

Kind = Literal["file", "directory", "symlink", "hardlink", "other"]


@dataclass(frozen=True, slots=True)
class Entry:
    """name: from the image's root, without a leading slash, "" for the root itself; link: as written."""

    name: str
    kind: Kind
    size: int
    link: str
    read: Callable[[], bytes]


def kind_of(member: tarfile.TarInfo) -> Kind:
    if member.issym():
        return "symlink"
    if member.islnk():
        return "hardlink"
    return "directory" if member.isdir() else "file" if member.isreg() else "other"


def normalize(name: str, where: str) -> str:
    """`./etc/x`, `/etc/x` and `etc//x` are all `etc/x`. Raises HostileLayer for `..`, which no builder writes."""
    if "/." not in name and "//" not in name and name[:1] not in ("/", ".") and name[-1:] != "/":
        return name
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise HostileLayer(f"The {where} has an entry that climbs out by `..` ({name[:100]!r}).")
    return "/".join(parts)
