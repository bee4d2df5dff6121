# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The comparison from end to end: open both images, decide by configs, read layers only where that does not do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from .._image.cache import Cache
from .._image.facts import ImageFacts, config_facts, read_os
from .._image.image import open_image
from .._image.layer_views import LayerViews
from .._image.references import ImageReference, Platform
from .._image.source import Transfer
from .._image.transports import Sources
from .parity import Parity, judge_base, judge_identity, judge_os, judge_undecided


@dataclass(frozen=True, slots=True)
class Comparison:
    parity: Parity
    build: ImageFacts
    runtime: ImageFacts


def compare(
    build: ImageReference,
    runtime: ImageReference,
    platform: Platform,
    *,
    checks: Collection[str],
    sources: Sources,
    cache: Cache,
    transfer: Transfer,
) -> Comparison:
    """checks: `base` allows a decision by configs alone, `packages` reads release and packages. Raises ImageError."""
    build_image = open_image(build, sources.open(build), platform, cache)
    runtime_image = open_image(runtime, sources.open(runtime), platform, cache)
    build_facts, runtime_facts = config_facts(build_image), config_facts(runtime_image)
    parity = judge_identity(build_facts, runtime_facts)
    if parity is None and "base" in checks:
        parity = judge_base(build_facts, runtime_facts)
    if parity is None and "packages" not in checks:
        parity = judge_undecided(build_facts, runtime_facts)
    if parity is None:
        views = LayerViews(cache, transfer)
        # The runtime first: where the build image stands on it, its layers are then known.
        runtime_os = read_os(runtime_image, views)
        build_os = read_os(build_image, views)
        parity = judge_os(build_facts, runtime_facts, build_os, runtime_os)
        build_facts, runtime_facts = replace(build_facts, os=build_os), replace(runtime_facts, os=runtime_os)
    return Comparison(parity, build_facts, runtime_facts)
