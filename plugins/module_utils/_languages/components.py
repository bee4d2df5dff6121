# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which npm, Python, Ruby or Java package a file of an artifact belongs to. Pure.

Sources: npm's package.json; PyPA specifications, "Recording installed projects" (RECORD) and "Binary distribution
format" (WHEEL); the directories of RubyGems and Bundler.
"""

from __future__ import annotations

import csv
import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from .._native.contents import Contents
from .platforms import without_platform

_NPM = re.compile(r"(?P<folder>(?:.*/)?node_modules/(?P<name>(?:@[^/]+/)?[^/@.][^/]*))/")
_GEM = re.compile(
    r"(?:^|/)(?:gems|extensions/[^/]+/[^/]+)/(?P<name>[^/]{1,255}?)-(?P<version>[0-9][0-9A-Za-z.]*)(?:-[^/]{1,255})?/"
)
_JAR = re.compile(r"(?:^|/)(?P<name>[^/!]+)\.(?:jar|war)!/")
_DIST_INFO = re.compile(r"(?P<site>(?:.*/)?)(?P<name>[^/]+?)-(?P<version>[^-/]+)\.dist-info/(?P<file>RECORD|WHEEL)")


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed Python project. site: the directory that its paths are relative to, "" or ending with a slash.
    tags: of its wheel, `cp312-cp312-manylinux_2_17_x86_64`; empty where nothing tells."""

    name: str
    version: str
    site: str
    tags: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Components:
    """Built once for the packages that a function sees. Texts that can't be understood count as not there."""

    def __init__(self, contents: Sequence[Contents]) -> None:
        self._contents = contents

    def name_of(self, file: str) -> str:
        """`sharp 0.33.5`, the name alone where no version is known, or ""."""
        if jar := _JAR.search(file):
            return jar["name"]
        if npm := _NPM.match(file):
            version = self._manifest(npm["folder"]).get("version")
            return f"{npm['name']} {version}" if isinstance(version, str) else npm["name"]
        if gem := _GEM.search(file):
            return f"{gem['name']} {gem['version']}"
        return str(self.distribution_of(file) or "")

    def distribution_of(self, file: str) -> Distribution | None:
        return self._distributions.get(file)

    def only_for_other_systems(self, file: str) -> bool:
        """A whole npm package that npm would not have installed on Linux, such as fsevents; what is named after a
        platform is one of several variants instead."""
        npm = _NPM.match(file)
        if not npm or without_platform(npm["name"]) != npm["name"].lower().removeprefix("lib"):
            return False
        systems = self._manifest(npm["folder"]).get("os")
        listed = [systems] if isinstance(systems, str) else systems if isinstance(systems, list) else []
        return bool(listed) and ("!linux" in listed or not any(s == "linux" or str(s)[:1] == "!" for s in listed))

    def folders_of_libraries(self, distribution: Distribution) -> tuple[str, ...]:
        """Those that auditwheel has put beside its packages, without their slash: `numpy.libs`."""
        return self._folders.get(distribution, ())

    def recorded(self, library: str) -> str:
        """The path at which a Python package has a library of this name, whether it was packed or not, or ""."""
        return self._places.get(library, "")

    def _manifest(self, folder: str) -> Mapping[str, object]:
        for contents in reversed(self._contents):
            if (text := contents.texts.get(f"{folder}/package.json")) is not None:
                try:
                    manifest = json.loads(text)
                except (ValueError, RecursionError):
                    continue
                if isinstance(manifest, dict):
                    return manifest
        return {}

    @cached_property
    def _places(self) -> Mapping[str, str]:
        return {posixpath.basename(file): file for file in self._distributions}

    @cached_property
    def _folders(self) -> Mapping[Distribution, tuple[str, ...]]:
        found: dict[Distribution, dict[str, None]] = {}
        for file, owner in self._distributions.items():
            folder, slash, _library = file.removeprefix(owner.site).partition("/")
            if slash and folder.endswith(".libs"):
                found.setdefault(owner, {})[folder] = None
        return {owner: tuple(folders) for owner, folders in found.items()}

    @cached_property
    def _distributions(self) -> Mapping[str, Distribution]:
        """By file, of what a RECORD lists."""
        return {file: owner for contents in self._contents for owner, file in _recorded(contents)}


def _recorded(contents: Contents) -> Iterator[tuple[Distribution, str]]:
    for name, text in contents.texts.items():
        found = _DIST_INFO.fullmatch(name)
        if not found or found["file"] != "RECORD":
            continue
        wheel = contents.texts.get(f"{posixpath.dirname(name)}/WHEEL", b"")
        owner = Distribution(found["name"].replace("_", "-"), found["version"], found["site"], _tags(wheel))
        try:
            rows = list(csv.reader(text.decode("utf-8", "replace").splitlines()))
        except csv.Error:
            continue
        for row in rows:
            if row:
                yield owner, posixpath.normpath(found["site"] + row[0])


def _tags(wheel: bytes) -> tuple[str, ...]:
    lines = wheel.decode("utf-8", "replace").splitlines()
    return tuple(line.partition(":")[2].strip() for line in lines if line.lower().startswith("tag:"))
