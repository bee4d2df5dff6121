# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All packages and libraries of two images side by side, for a report. Pure; it judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .._image.facts import ImageFacts
from .._image.libraries import Library
from .._rpm.packages import Package


@dataclass(frozen=True, slots=True)
class PackageRow:
    """build and runtime: the installed versions, "" where there is none."""

    name: str
    build: str
    runtime: str

    @property
    def differs(self) -> bool:
        """What only the build image has is no difference."""
        return bool(self.runtime) and self.build != self.runtime


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """build and runtime: the path of the first hit, "" where there is none; package: of the build image, or else of
    the runtime image; missing: symbol versions that only the build image's library offers."""

    name: str
    package: str
    build: str
    runtime: str
    missing: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return bool(self.runtime) and (self.build != self.runtime or bool(self.missing))


@dataclass(frozen=True, slots=True)
class Tables:
    """Rows by name; None where not both images were read so far."""

    packages: tuple[PackageRow, ...] | None = None
    libraries: tuple[LibraryRow, ...] | None = None


def tables_of(build: ImageFacts, runtime: ImageFacts) -> Tables:
    packages, libraries = None, None
    if build.os and runtime.os and build.os.packages is not None and runtime.os.packages is not None:
        packages = _package_rows(_versions(build.os.packages), _versions(runtime.os.packages))
    if build.libraries and runtime.libraries:
        libraries = _library_rows(_by_name(build.libraries.libraries), _by_name(runtime.libraries.libraries))
    return Tables(packages, libraries)


def _package_rows(build: Mapping[str, str], runtime: Mapping[str, str]) -> tuple[PackageRow, ...]:
    names = sorted(build.keys() | runtime.keys())
    return tuple(PackageRow(name, build.get(name, ""), runtime.get(name, "")) for name in names)


def _versions(packages: Iterable[Package]) -> dict[str, str]:
    """Versions by name; a package that is installed for two architectures, or twice, has them all."""
    found: dict[str, list[Package]] = {}
    for package in packages:
        if package.name != "gpg-pubkey":  # a key, not a package
            found.setdefault(package.name, []).append(package)
    return {
        name: ", ".join(dict.fromkeys(str(evr) for evr in sorted(package.evr for package in group)))
        for name, group in found.items()
    }


def _library_rows(build: Mapping[str, Library], runtime: Mapping[str, Library]) -> tuple[LibraryRow, ...]:
    return tuple(_library_row(name, build.get(name), runtime.get(name)) for name in sorted({**build, **runtime}))


def _library_row(name: str, build: Library | None, runtime: Library | None) -> LibraryRow:
    return LibraryRow(
        name=name,
        package=(build.package if build else "") or (runtime.package if runtime else ""),
        build=f"/{build.path}" if build else "",
        runtime=f"/{runtime.path}" if runtime else "",
        missing=tuple(sorted(build.versions - runtime.versions)) if build and runtime else (),
    )


def _by_name(libraries: Iterable[Library]) -> dict[str, Library]:
    return {library.name: library for library in libraries}
