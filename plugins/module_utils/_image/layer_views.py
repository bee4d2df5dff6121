# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The merged file system of an image from as few layers as possible, each layer read once.

A layer's view comes from this run's memory, from the cache, or from the image's source. How entries are understood is
rootfs.py's business. A layer is always read to its end: only then are its duplicates and whiteouts known, its digest
verified, and its view fit to be kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .cache import Cache
from .decompression import Limits
from .errors import HostileLayer
from .image import Image
from .layers import open_layer
from .manifests import Descriptor
from .rootfs import Directory, File, Hardlink, LayerView, Node, Other, Rootfs, Symlink, view_layer, with_parents
from .source import Source, Transfer

# For all layers together; the largest rpm databases of build images have some 40 MB.
_FILES = 256 << 20
# Each round follows one link more to where nobody expects one, and may read all layers again for it.
_ROUNDS = 6

Questions: TypeAlias = Callable[[Rootfs], "frozenset[str] | None"]


class LayerViews:
    """Lives as long as one task; images that share layers share their views."""

    def __init__(self, cache: Cache, transfer: Transfer, limits: Limits | None = None) -> None:
        self._cache = cache
        self._transfer = transfer
        self._limits = limits or Limits()
        self._views: dict[tuple[str, str], LayerView] = {}

    def merged(self, image: Image, paths: frozenset[str], questions: Questions) -> Rootfs:
        """The image's file system, from the topmost layer down to where all is answered.

        questions: None when all is answered; the empty set when only deeper layers can tell; or paths that have to
        be asked for as well.
        """
        asked = with_parents(paths)
        read_before = self._transfer.layers
        rootfs, more = self._descend(image, asked, questions)
        for _round in range(_ROUNDS):
            if not more:
                break
            asked |= more
            rootfs, more = self._descend(image, asked, questions)
        self._transfer.cached += max(0, rootfs.depth - (self._transfer.layers - read_before))
        return rootfs

    def _descend(self, image: Image, asked: frozenset[str], questions: Questions) -> tuple[Rootfs, frozenset[str]]:
        views: list[LayerView] = []
        rootfs = Rootfs((), whole=not image.layers)
        for descriptor, diff_id in image.layers:
            views.append(self._view(image.source, descriptor, diff_id, asked))
            rootfs = Rootfs(tuple(views), whole=len(views) == len(image.layers))
            more = questions(rootfs)
            if more is None or more:
                return rootfs, more or frozenset()
        return rootfs, frozenset()

    def _view(self, source: Source, descriptor: Descriptor, diff_id: str, asked: frozenset[str]) -> LayerView:
        key = (descriptor.digest, diff_id)
        known = self._views.get(key) or kept_view(self._cache, *key)
        if known is None or not asked <= known.asked:
            known = self._read(source, descriptor, diff_id, asked | (known.asked if known else frozenset()))
            keep_view(self._cache, *key, known)
        self._views[key] = known
        if sum(view.size for view in self._views.values()) > _FILES:
            raise HostileLayer(f"The layers of {source.name} have files of more than {_FILES} bytes to look at.")
        return known

    def _read(self, source: Source, descriptor: Descriptor, diff_id: str, asked: frozenset[str]) -> LayerView:
        where = f"layer {descriptor.digest} of {source.name}"
        self._transfer.layers += 1
        with (
            source.blob(descriptor) as stream,
            open_layer(stream, descriptor, diff_id, where, self._limits) as entries,
        ):
            return view_layer(entries, asked, where, _FILES)


def keep_view(cache: Cache, digest: str, diff_id: str, view: LayerView) -> None:
    """Only for views of layers that were read to their end and verified."""
    cache.keep_record(
        "layer",
        digest,
        {
            "diff_id": diff_id,
            "asked": sorted(view.asked),
            "nodes": {name: _encode(node, cache) for name, node in view.nodes.items()},
            "whiteouts": sorted(view.whiteouts),
            "opaque": sorted(view.opaque),
        },
    )


def kept_view(cache: Cache, digest: str, diff_id: str) -> LayerView | None:
    """None when missing, damaged, or kept for another diff_id than this image claims."""
    record = cache.record("layer", digest)
    try:
        if record["diff_id"] != diff_id:
            return None
        return LayerView(
            asked=frozenset(record["asked"]),
            nodes={name: _decode(node, cache) for name, node in record["nodes"].items()},
            whiteouts=frozenset(record["whiteouts"]),
            opaque=frozenset(record["opaque"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _encode(node: Node, cache: Cache) -> list[str]:
    match node:
        case File(content):
            return ["file", cache.keep_content(content)]
        case Symlink(target):
            return ["symlink", target]
        case Hardlink(target):
            return ["hardlink", target]
        case Directory():
            return ["directory", ""]
        case Other():
            return ["other", ""]


def _decode(encoded: list[str], cache: Cache) -> Node:
    match encoded:
        case ["file", str() as digest]:
            content = cache.content(digest)
            if content is None:
                raise ValueError("the content is no longer kept")
            return File(content)
        case ["symlink", str() as target]:
            return Symlink(target)
        case ["hardlink", str() as target]:
            return Hardlink(target)
        case ["directory", _]:
            return Directory()
        case ["other", _]:
            return Other()
        case _:
            raise ValueError("no such node")
