# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The runtime image as a target for packages: opened and read only when something in a package makes it necessary.

Layers are read by `_image`; what a package's files mean for the target is the business of `check.py`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from functools import cached_property

from .._image.cache import Cache
from .._image.facts import ImageFacts, config_facts, read_facts, search_path
from .._image.image import Image, open_image
from .._image.layer_views import LayerViews
from .._image.libraries import LibraryFacts
from .._image.references import DaemonReference, ImageReference, Platform, RegistryReference
from .._image.source import Transfer
from .._image.transports import Sources
from .._native.contents import FUNCTION_ROOT, Contents, Format, Native
from .._native.target import Target

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_OF_WINDOWS = (".exe", ".dll")
_NOTHING = LibraryFacts(libraries=(), search=(), container_only=(), unread=())


class RuntimeImage:
    """One image, opened at most once and read at most once for each order of directories. It lives as long as one task.

    Reading it raises ImageError, and MissingRequests, MissingDocker or NoEngine for transports that need them.
    """

    def __init__(
        self, reference: ImageReference, platform: Platform, *, sources: Sources, cache: Cache, transfer: Transfer
    ) -> None:
        self.reference = reference
        self.machine = _MACHINES.get(platform.architecture, platform.architecture)
        self._platform = platform
        self._sources = sources
        self._cache = cache
        self._transfer = transfer
        self._facts: dict[tuple[str, ...], ImageFacts] = {}

    @cached_property
    def image(self) -> Image:
        """Its manifest and config; no layer is read."""
        return open_image(self.reference, self._sources.open(self.reference), self._platform, self._cache)

    @property
    def library_path(self) -> tuple[str, ...]:
        """The directories of its own LD_LIBRARY_PATH."""
        return search_path(config_facts(self.image))

    def facts(self, library_path: tuple[str, ...]) -> ImageFacts:
        """With its libraries, as found in these directories. An image without an rpm database has libraries all the
        same; then it is not known which of them only a package manager needs."""
        if library_path not in self._facts:
            views = LayerViews(self._cache, self._transfer)
            self._facts[library_path] = read_facts(self.image, views, libraries=library_path)
        return self._facts[library_path]


def needs_image(contents: Iterable[Contents]) -> bool:
    """Whether anything in a package is judged by what the image has: native code, and programs that start a runtime."""
    return any("bootstrap" in one.members or any(map(_depends, one.natives)) for one in contents)


def _depends(native: Native) -> bool:
    """Programs of Windows, such as the launchers that setuptools brings, and .NET's assemblies do not. A file of
    another system under a name that Linux would load does: the image says what to build it in instead."""
    return native.format is not Format.PE or not (native.managed or native.name.lower().endswith(_OF_WINDOWS))


def read_target(
    image: RuntimeImage, runtime: str, build_image: str = "", environment: Mapping[str, str] | None = None
) -> Target:
    """What the image's config and layers say. runtime: Lambda's name of it, or "". build_image: where to build; without
    it, in the image itself. environment: the function's own variables. Raises what reading the image raises."""
    own = (environment or {}).get("LD_LIBRARY_PATH")
    library_path = image.library_path if own is None else _directories(own)
    facts = image.facts(library_path)
    return Target(
        machine=image.machine,
        runtime=runtime,
        image=facts.pinned or str(image.reference),
        build_image=build_image or _where_to_build(facts),
        library_path=library_path,
        libraries=facts.libraries or _NOTHING,
    )


def _directories(library_path: str) -> tuple[str, ...]:
    """Lambda sets a function's own LD_LIBRARY_PATH in place of the runtime's, as it is: without expanding other
    variables in it. The function is started in its own directory."""
    entries = library_path.replace(";", ":").split(":") if library_path else ()
    return tuple(dict.fromkeys(posixpath.normpath(posixpath.join(FUNCTION_ROOT, entry)) for entry in entries))


def unread_target(image: RuntimeImage, runtime: str, build_image: str = "") -> Target:
    """For packages in which nothing depends on the image."""
    return Target(image.machine, runtime, str(image.reference), build_image, (), _NOTHING)


def _where_to_build(facts: ImageFacts) -> str:
    """The runtime image itself: what is built in it can't need anything newer. Layouts and archives have no names
    that an engine would know."""
    match facts.reference:
        case RegistryReference():
            return facts.pinned
        case DaemonReference() as reference:
            return reference.wanted
        case _:
            return ""
