# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packages of an rpm database of either kind, without rpm."""

from __future__ import annotations

from collections.abc import Iterable

from . import berkeley, sqlite
from .errors import BrokenRpmDatabase
from .headers import parse_header
from .packages import Package

_NAMES = 1 << 20  # the largest build images have some 50,000


def read_packages(database: bytes, wal: bytes = b"") -> tuple[Package, ...]:
    """The packages by name: of an `rpmdb.sqlite` (Amazon Linux 2023) with its `-wal`, or of a BerkeleyDB `Packages`
    (Amazon Linux 2). The first bytes tell which. Raises BrokenRpmDatabase."""
    headers: Iterable[tuple[int, bytes]]
    if database.startswith(sqlite.MAGIC):
        headers = sqlite.read_headers(database, wal)
    elif berkeley.byte_order(database):
        headers = berkeley.read_headers(database)
    else:
        raise BrokenRpmDatabase("The rpm database is neither an sqlite nor a BerkeleyDB hash file.")
    packages: list[Package] = []
    names = 0
    for number, blob in headers:
        package = parse_header(blob, str(number))
        packages.append(package)
        names += len(package.provides) + len(package.requires) + len(package.files)
        if names > _NAMES:  # short ones take twenty times more memory than bytes in the file
            raise BrokenRpmDatabase(f"The rpm database has more than {_NAMES} names of what packages provide and need.")
    if not packages:
        raise BrokenRpmDatabase("The rpm database lists no package.")
    return tuple(sorted(packages, key=lambda package: (package.name, package.arch)))
