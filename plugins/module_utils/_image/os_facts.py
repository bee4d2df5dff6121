# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""What an image says of its system: os-release, system-release, and the packages of its rpm database."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .._errors import printable
from .._rpm.database import read_packages
from .._rpm.errors import BrokenRpmDatabase
from .._rpm.packages import Package
from .rootfs import Absent, Answer, Found, Rootfs, Undecided
from .views import File
from .wanted import NOTHING, Wanted, wanted

# os-release(5) gives the order; in Lambda's images the first is a link to the second.
_OS_RELEASE = ("etc/os-release", "usr/lib/os-release")
_SYSTEM_RELEASE = ("etc/system-release", "etc/amazon-linux-release", "usr/lib/system-release")
_RPM_FOLDERS = ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm")
_SQLITE = tuple(f"{folder}/rpmdb.sqlite" for folder in _RPM_FOLDERS)
_DATABASES = (*_SQLITE, *(f"{folder}/Packages" for folder in _RPM_FOLDERS))
OS_WANTED = wanted((*_OS_RELEASE, *_SYSTEM_RELEASE, *_DATABASES, *(f"{path}-wal" for path in _SQLITE)))

_LONGEST = 1 << 14  # bytes that are looked at of a text; real ones have some hundred
_RELEASE = re.compile(r"\d+(?:\.\d+)+")


@dataclass(frozen=True, slots=True)
class OsRelease:
    """id and version_id name what programs are built for (amzn, 2023); pretty_name carries the release."""

    id: str
    version_id: str
    pretty_name: str


@dataclass(frozen=True, slots=True)
class OsFacts:
    """release: `2023.6.20241031`; packages: None when no database could be read; unread: why, in sentences."""

    os_release: OsRelease | None
    release: str
    system_release: str
    packages: tuple[Package, ...] | None
    unread: tuple[str, ...]

    def without_files(self) -> OsFacts:
        """What comparing packages needs: not what only tells who owns a file and who needs whom."""
        if self.packages is None:
            return self
        nothing: frozenset[str] = frozenset()
        bare = (replace(package, provides=nothing, requires=nothing, files=nothing) for package in self.packages)
        return replace(self, packages=tuple(bare))


def read_os(rootfs: Rootfs, name: str) -> OsFacts:
    """name: of the image, for sentences."""
    unread: list[str] = []
    os_release = _os_release(rootfs)
    if os_release is None:
        unread.append(f"{name} has no /etc/os-release.")
    elif not (os_release.id and os_release.version_id):
        unread.append(f"{name} has an /etc/os-release without ID or VERSION_ID.")
        os_release = None
    content = _content(_first_file(rootfs, _SYSTEM_RELEASE)) or b""
    system_release = printable(content[:_LONGEST].decode("utf-8", "replace"))
    system_release = system_release.strip()[:200]
    return OsFacts(
        os_release=os_release,
        release=release_number(os_release, system_release) if os_release else "",
        system_release=system_release,
        packages=_packages(rootfs, name, unread),
        unread=tuple(unread),
    )


def os_questions(rootfs: Rootfs) -> Wanted | None:
    """A write-ahead log is asked for where it is, but no deeper than its database: both are written together."""
    database = _first_file(rootfs, _DATABASES)
    answers = [_first_file(rootfs, _OS_RELEASE, deeper=False), database]
    os_release = _os_release(rootfs)
    if os_release and not _RELEASE.search(os_release.pretty_name):  # then system-release has to tell
        answers.append(_first_file(rootfs, _SYSTEM_RELEASE))
    open_answers = [answer for answer in answers if isinstance(answer, Undecided)]
    more = NOTHING
    for answer in open_answers:
        more |= answer.more
    if isinstance(database, Found) and isinstance(log := rootfs.resolve(f"{database.path}-wal"), Undecided):
        more |= log.more
    return more if more or open_answers else None


def _first_file(rootfs: Rootfs, paths: Sequence[str], *, deeper: bool = True) -> Answer:
    """The first of `paths` that is a file. Undecided while one before it is; deeper: also where only layers below
    those that were read can tell."""
    undecided: Undecided | None = None
    for path in paths:
        match rootfs.resolve(path):
            case Found(File()) as found:
                return found
            case Undecided() as answer if deeper or answer.more:
                return answer
            case Undecided() as answer:
                undecided = answer
            case _:
                continue
    return undecided or Absent()


def _content(answer: Answer) -> bytes | None:
    return answer.node.content if isinstance(answer, Found) and isinstance(answer.node, File) else None


def _os_release(rootfs: Rootfs) -> OsRelease | None:
    """The second path counts although the first may stand in a layer below: there it is the link to the second."""
    content = _content(_first_file(rootfs, _OS_RELEASE, deeper=False))
    return None if content is None else parse_os_release(content)


def _packages(rootfs: Rootfs, name: str, unread: list[str]) -> tuple[Package, ...] | None:
    database = _first_file(rootfs, _DATABASES)
    content = _content(database)
    if not isinstance(database, Found) or content is None:
        unread.append(
            f"{name} has its rpm database behind too many links."
            if isinstance(database, Undecided)
            else f"{name} has no rpm database."
        )
        return None
    log = rootfs.resolve(f"{database.path}-wal")
    if isinstance(log, Undecided) and log.more:
        unread.append(f"{name}, /{database.path}-wal: it stands behind too many links.")
        return None
    try:
        return read_packages(content, _content(log) or b"")
    except BrokenRpmDatabase as error:
        unread.append(f"{name}, /{database.path}: {error.message}")
        return None


def parse_os_release(content: bytes) -> OsRelease:
    """Missing keys become "", PRETTY_NAME becomes "Linux"; lines that are no assignment are passed over.

    Source: os-release(5).
    """
    values: dict[str, str] = {}
    for line in content[:_LONGEST].decode("utf-8", "replace").splitlines():
        key, equals, value = line.strip().partition("=")
        if not equals or key.startswith("#"):
            continue
        try:
            values[key] = printable("".join(shlex.split(value)))[:200]
        except ValueError:
            continue
    return OsRelease(values.get("ID", ""), values.get("VERSION_ID", ""), values.get("PRETTY_NAME", "Linux"))


def release_number(os_release: OsRelease, system_release: str) -> str:
    """`2023.6.20241031` of "Amazon Linux 2023.6.20241031"; AL2 has none, there it is VERSION_ID."""
    for text in (os_release.pretty_name, system_release):
        if found := _RELEASE.search(text):
            return found[0]
    return os_release.version_id
