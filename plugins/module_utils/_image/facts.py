# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What parity is judged by: ImageFacts from an opened image (tier 0) and from its file system (tier 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .errors import BrokenRpmDatabase
from .image import Image
from .layer_views import LayerViews
from .manifests import HistoryEntry
from .os_release import OsRelease, parse_os_release, release_number
from .packages import Package
from .references import ImageReference, Platform
from .rootfs import Absent, File, Found, Rootfs, Undecided
from .rpmdb import read_packages

# os-release(5) gives the order; in Lambda's images the first is a link to the second.
_OS_RELEASE = ("etc/os-release", "usr/lib/os-release")
_SYSTEM_RELEASE = ("etc/system-release", "etc/amazon-linux-release")
_RPM_FOLDERS = ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm")
_SQLITE = tuple(f"{folder}/rpmdb.sqlite" for folder in _RPM_FOLDERS)
_BERKELEY = tuple(f"{folder}/Packages" for folder in _RPM_FOLDERS)
_WANTED = frozenset((*_OS_RELEASE, *_SYSTEM_RELEASE, *_SQLITE, *(f"{path}-wal" for path in _SQLITE), *_BERKELEY))


@dataclass(frozen=True, slots=True)
class OsFacts:
    """release: `2023.6.20241031`; packages: None when no database could be read; unread: why, in sentences."""

    os_release: OsRelease | None
    release: str
    system_release: str
    packages: tuple[Package, ...] | None
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """library_path: LD_LIBRARY_PATH of the config; diff_ids and history: lowest layer first; os: None when tier 1
    was not needed."""

    reference: ImageReference
    index_digest: str
    digest: str
    config_digest: str
    platform: Platform
    diff_ids: tuple[str, ...]
    history: tuple[HistoryEntry, ...]
    library_path: str
    os: OsFacts | None = None


def config_facts(image: Image) -> ImageFacts:
    """Tier 0."""
    environment = dict(item.partition("=")[::2] for item in image.config.env)
    return ImageFacts(
        reference=image.reference,
        index_digest=image.index_digest,
        digest=image.digest,
        config_digest=image.manifest.config.digest,
        platform=image.config.platform,
        diff_ids=image.config.diff_ids,
        history=image.config.history,
        library_path=environment.get("LD_LIBRARY_PATH", ""),
    )


def read_os(image: Image, views: LayerViews) -> OsFacts:
    """Tier 1: os-release, system-release and rpm packages, from as few layers as hold them."""
    rootfs = views.merged(image, _WANTED, _open_questions)
    unread: list[str] = []
    os_release = _first_file(rootfs, _OS_RELEASE)
    if os_release is None:
        unread.append(f"{image.reference} has no /etc/os-release.")
    system_release = (_first_file(rootfs, _SYSTEM_RELEASE) or (b"", ""))[0].decode("utf-8", "replace").strip()[:200]
    parsed = parse_os_release(os_release[0]) if os_release else None
    return OsFacts(
        os_release=parsed,
        release=release_number(parsed, system_release) if parsed else "",
        system_release=system_release,
        packages=_packages(rootfs, image, unread),
        unread=tuple(unread),
    )


def _open_questions(rootfs: Rootfs) -> frozenset[str] | None:
    """system-release and write-ahead logs stand beside what is waited for, and are not waited for themselves."""
    more: frozenset[str] = frozenset()
    for group in (_OS_RELEASE, (*_SQLITE, *_BERKELEY)):
        answers = [rootfs.resolve(path) for path in group]
        more = more.union(*(answer.more for answer in answers if isinstance(answer, Undecided)))
        settled = any(isinstance(answer, Found) for answer in answers)
        if not settled and any(isinstance(answer, Undecided) for answer in answers):
            return more
    return more or None


def _first_file(rootfs: Rootfs, paths: Sequence[str]) -> tuple[bytes, str] | None:
    """Content and path of the first of `paths` that is a file."""
    for path in paths:
        match rootfs.resolve(path):
            case Found(File(content)):
                return content, path
            case Found() | Absent() | Undecided():
                continue
    return None


def _packages(rootfs: Rootfs, image: Image, unread: list[str]) -> tuple[Package, ...] | None:
    if found := _first_file(rootfs, _SQLITE):
        content, path = found
        wal = _first_file(rootfs, (f"{path}-wal",))
        try:
            return read_packages(content, wal[0] if wal else b"")
        except BrokenRpmDatabase as error:
            unread.append(f"{image.reference}, /{path}: {error.message}")
    elif _first_file(rootfs, _BERKELEY):
        unread.append(
            f"{image.reference} has its packages in a BerkeleyDB database, as Amazon Linux 2 does; only sqlite is read."
        )
    else:
        unread.append(f"{image.reference} has no rpm database.")
    return None
