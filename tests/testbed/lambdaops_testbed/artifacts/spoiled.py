# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong with packages on their way: files left out, moved, cut short, or replaced.

Each is called with the folder of a package; what its pattern names has to be there.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from ..errors import TestbedError

_POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4665a5ea423c2713d436b5ee50593a9640e0018c1550b5a0002f74190d6caea8\n"
    "size 8327168\n"
)


@dataclass(frozen=True, slots=True)
class Without:
    """Leaves files or folders out."""

    pattern: str

    def __call__(self, package: Path) -> None:
        for path in _named(package, self.pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@dataclass(frozen=True, slots=True)
class Moved:
    """Collects files in one folder of the package, as build scripts do."""

    pattern: str
    folder: str

    def __call__(self, package: Path) -> None:
        (package / self.folder).mkdir(parents=True, exist_ok=True)
        for path in _named(package, self.pattern):
            path.rename(package / self.folder / path.name)


@dataclass(frozen=True, slots=True)
class Cut:
    """Keeps the first part of each file, as a full disk or a broken download does. share: from 0 to 1."""

    pattern: str
    share: float

    def __call__(self, package: Path) -> None:
        for path in _named(package, self.pattern):
            content = path.read_bytes()
            path.write_bytes(content[: int(len(content) * self.share)])


@dataclass(frozen=True, slots=True)
class Pointer:
    """Puts in a file's place what a clone without Git LFS has there."""

    pattern: str

    def __call__(self, package: Path) -> None:
        for path in _named(package, self.pattern):
            path.write_text(_POINTER)


@dataclass(frozen=True, slots=True)
class WithoutSections:
    """Takes the section headers away, as programs that shrink files do; loaders do not need them."""

    pattern: str

    def __call__(self, package: Path) -> None:
        for path in _named(package, self.pattern):
            content = bytearray(path.read_bytes())
            content[40:48] = bytes(8)  # e_shoff
            content[60:64] = bytes(4)  # e_shnum, e_shstrndx
            path.write_bytes(content)


def _named(package: Path, pattern: str) -> list[Path]:
    found = sorted(package.glob(pattern))
    if not found:
        raise TestbedError(f"{package} has no {pattern}: the list of packages is wrong.")
    return found
