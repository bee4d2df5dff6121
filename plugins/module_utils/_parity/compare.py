# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The comparison from end to end: open both images, decide by configs, read layers only where that does not do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from .._image.cache import Cache
from .._image.errors import NotCached
from .._image.facts import ImageFacts, config_facts, read_both, search_path
from .._image.image import Image, open_image
from .._image.layer_views import LayerViews
from .._image.references import ImageReference, Platform
from .._image.registry import RegistrySource
from .._image.source import Transfer
from .._image.transports import Sources
from .ignore import Pattern, without_ignored
from .judge import judge_base, judge_identity, judge_system, judge_undecided
from .parity import Parity, Verdict

CHECKS = ("base", "packages", "libraries", "local")


@dataclass(frozen=True, slots=True)
class Comparison:
    parity: Parity
    build: ImageFacts
    runtime: ImageFacts


class Comparer:
    """Opens and compares images of one platform. It lives as long as one task, and reads each layer once.

    checks: `base` allows a decision by configs alone; `packages` and `libraries` read layers where that does not do.
    """

    def __init__(
        self, platform: Platform, *, checks: Collection[str], sources: Sources, cache: Cache, transfer: Transfer
    ) -> None:
        self.platform = platform
        self._sources = sources
        self._checks = frozenset(checks)
        self._cache = cache
        self._transfer = transfer
        self._views = LayerViews(cache, transfer)

    def open(self, reference: ImageReference) -> Image:
        """Raises ImageError."""
        return open_image(reference, self._sources.open(reference), self.platform, self._cache)

    def tags(self, reference: ImageReference) -> list[str]:
        """Of the repository of an image. Raises ImageError, NotCached where a registry would have to be asked."""
        source = self._sources.open(reference)
        if self._cache.offline and isinstance(source, RegistrySource):
            raise NotCached(f"The tags of {source.name} are not in the cache, and no registry is asked with `offline`.")
        return source.tags()

    def compare(self, build: Image, runtime: Image, leave_out: Collection[str] = ()) -> Comparison:
        """leave_out: checks that are not made this time. Raises ImageError."""
        checks = self._checks - frozenset(leave_out)
        build_facts, runtime_facts = config_facts(build), config_facts(runtime)
        parity = judge_identity(build_facts, runtime_facts)
        if parity is None and "base" in checks:
            parity = judge_base(build_facts, runtime_facts)
        if parity is None and not checks & {"packages", "libraries"}:
            parity = judge_undecided(build_facts, runtime_facts)
        if parity is None:
            search = search_path(runtime_facts) if "libraries" in checks else None
            runtime_facts, build_facts = read_both(runtime, build, self._views, libraries=search)
            parity = judge_system(build_facts, runtime_facts, checks)
            if search and parity.verdict is not Verdict.INCOMPATIBLE:
                parity = judge_system(build_facts, runtime_facts, checks, self._linked(build, runtime))
        return Comparison(parity, build_facts, runtime_facts)

    def _linked(self, build: Image, runtime: Image) -> tuple[ImageFacts, ImageFacts]:
        """Both with the libraries that a linker finds: it knows no LD_LIBRARY_PATH and takes the system's own."""
        counted = self._transfer.cached
        runtime_facts, build_facts = read_both(runtime, build, self._views, libraries=())
        self._transfer.cached = counted  # the same layers as before
        return build_facts, runtime_facts


def compare(
    build: ImageReference,
    runtime: ImageReference,
    platform: Platform,
    *,
    checks: Collection[str],
    sources: Sources,
    cache: Cache,
    transfer: Transfer,
    ignore: Sequence[Pattern] = (),
) -> Comparison:
    """One build image against one runtime image; what a local engine has is not looked at. Raises ImageError."""
    comparer = Comparer(platform, checks=checks, sources=sources, cache=cache, transfer=transfer)
    found = comparer.compare(comparer.open(build), comparer.open(runtime))
    return Comparison(without_ignored(found.parity, ignore), found.build, found.runtime)
