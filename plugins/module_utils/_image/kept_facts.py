# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""Facts of an image's files in the cache: a warm run opens one small record for each image.

An image's config names its layers by the digests of what they unpack to, so its digest says what the files are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .._rpm.packages import Evr, Package
from .cache import Cache
from .digests import digest_of
from .image import Image
from .libraries import Library, LibraryFacts
from .os_facts import OsFacts, OsRelease

_NAME = "\0"  # stands for the reference in sentences: many references name the same image


@dataclass(frozen=True, slots=True)
class FileFacts:
    """layers: how many had to be known for it."""

    os: OsFacts
    libraries: LibraryFacts | None
    layers: int


def keep_facts(cache: Cache, image: Image, libraries: Sequence[str] | None, facts: FileFacts) -> None:
    cache.keep_record("facts", _key(image, libraries), _encode(facts, str(image.reference)))


def kept_facts(cache: Cache, image: Image, libraries: Sequence[str] | None) -> FileFacts | None:
    """None when missing or damaged."""
    record = cache.record("facts", _key(image, libraries))
    try:
        return _decode(record, str(image.reference))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _key(image: Image, libraries: Sequence[str] | None) -> str:
    wanted = None if libraries is None else list(libraries)
    return digest_of(json.dumps([image.manifest.config.digest, wanted]).encode())


def _encode(facts: FileFacts, name: str) -> dict[str, Any]:
    os, libraries = facts.os, facts.libraries
    return {
        "layers": facts.layers,
        "os_release": os.os_release and [os.os_release.id, os.os_release.version_id, os.os_release.pretty_name],
        "release": os.release,
        "system_release": os.system_release,
        "packages": None if os.packages is None else [_encode_package(package) for package in os.packages],
        "unread": [sentence.replace(name, _NAME) for sentence in os.unread],
        "libraries": libraries
        and {
            "libraries": [_encode_library(library) for library in libraries.libraries],
            "aliases": [_encode_library(library) for library in libraries.aliases],
            "search": libraries.search,
            "container_only": libraries.container_only,
            "unread": [sentence.replace(name, _NAME) for sentence in libraries.unread],
            "unreadable": libraries.unreadable,
            "whole": libraries.whole,
        },
    }


def _encode_package(package: Package) -> list[Any]:
    evr = package.evr
    return [package.name, evr.epoch, evr.version, evr.release, package.arch, sorted(package.libraries)]


def _encode_library(library: Library) -> list[Any]:
    return [library.name, library.path, sorted(library.versions), library.package, library.directory]


def _decode(record: dict[str, Any], name: str) -> FileFacts:
    def sentences(kept: list[str]) -> tuple[str, ...]:
        return tuple(sentence.replace(_NAME, name) for sentence in kept)

    libraries, packages, os_release = record["libraries"], record["packages"], record["os_release"]
    return FileFacts(
        OsFacts(
            os_release=OsRelease(*os_release) if os_release else None,
            release=record["release"],
            system_release=record["system_release"],
            packages=None if packages is None else tuple(_decode_package(*fields) for fields in packages),
            unread=sentences(record["unread"]),
        ),
        libraries
        and LibraryFacts(
            libraries=tuple(_decode_library(*fields) for fields in libraries["libraries"]),
            search=tuple(libraries["search"]),
            container_only=tuple(libraries["container_only"]),
            unread=sentences(libraries["unread"]),
            aliases=tuple(_decode_library(*fields) for fields in libraries["aliases"]),
            unreadable=tuple(libraries["unreadable"]),
            whole=bool(libraries["whole"]),
        ),
        int(record["layers"]),
    )


def _decode_package(name: str, epoch: int, version: str, release: str, arch: str, libraries: list[str]) -> Package:
    return Package(name, Evr(epoch, version, release), arch, frozenset(libraries))


def _decode_library(name: str, path: str, versions: list[str], package: str, directory: str) -> Library:
    return Library(name, path, frozenset(versions), package, directory)
