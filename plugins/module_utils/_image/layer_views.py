# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The merged file system of an image from as few layers as possible, each layer read once, several at a time.

A layer's view comes from this run's memory, from the cache, or from the image's source. How entries are understood is
the business of views.py and rootfs.py. A layer is always read to its end: only then are its duplicates and whiteouts
known, its digest verified, and its view fit to be kept.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeAlias

from .cache import Cache
from .decompression import Limits
from .errors import HostileLayer, ImageError
from .image import Image
from .kept_views import keep_view, kept_view
from .layers import open_layer
from .manifests import Descriptor
from .rootfs import Rootfs
from .source import ByteStream, MergedSource, Transfer
from .views import LayerView, view_layer
from .wanted import Wanted

# Of one layer, and of all together: the largest rpm databases of build images have some 40 MB, and each layer that
# installs packages has a whole one.
_FILES, _ALL_FILES = 256 << 20, 1 << 30
# Each round follows one link more to where nobody expects one, and may read all layers again for it.
_ROUNDS = 6
_THREADS = min(4, (os.cpu_count() or 1) + 1)

Questions: TypeAlias = Callable[[Rootfs], "Wanted | None"]


class LayerViews:
    """Lives as long as one task; images that share layers share their views, in several threads too."""

    def __init__(self, cache: Cache, transfer: Transfer, limits: Limits | None = None) -> None:
        self.cache = cache
        self._transfer = transfer
        self._limits = limits or Limits()
        self._views: dict[tuple[str, str], LayerView] = {}
        self._turns: dict[tuple[str, str], threading.Lock] = {}
        self._counting = threading.Lock()

    def merged(
        self, image: Image, asked: Wanted, questions: Questions, *, whole: bool = False, errand: Errand | None = None
    ) -> Rootfs:
        """The image's file system, from the topmost layer down to where all is answered.

        questions: None when all is answered; NOTHING when only deeper layers can tell; or what has to be asked for as
        well. whole: all layers are needed whatever the answers are, so they are read at the same time.
        """
        reading = _Reading(image, errand or Errand())
        rootfs, more = self._look(reading, asked, questions, whole)
        for _round in range(_ROUNDS):
            if not more or more <= asked:
                break
            asked |= more
            rootfs, more = self._look(reading, asked, questions, whole)
        with self._counting:
            self._transfer.layers += reading.layers
            self._transfer.cached += max(0, rootfs.depth - reading.layers)
        return rootfs

    def count_cached(self, layers: int) -> None:
        """Layers of which everything is known without this class."""
        with self._counting:
            self._transfer.cached += layers

    def _look(
        self, reading: _Reading, asked: Wanted, questions: Questions, whole: bool
    ) -> tuple[Rootfs, Wanted | None]:
        image = reading.image
        if isinstance(image.source, MergedSource):
            rootfs = Rootfs([self._read_merged(reading, image.source, asked)], whole=True)
            return rootfs, questions(rootfs)
        if whole:
            rootfs = Rootfs(self._all_views(reading, asked), whole=True)
            return rootfs, questions(rootfs)
        views: list[LayerView] = []
        rootfs = Rootfs((), whole=not image.layers)
        for descriptor, diff_id in image.layers:
            views.append(self._view(reading, descriptor, diff_id, asked))
            rootfs = Rootfs(tuple(views), whole=len(views) == len(image.layers))
            more = questions(rootfs)
            if more is None or more:
                return rootfs, more
        return rootfs, None

    def _all_views(self, reading: _Reading, asked: Wanted) -> list[LayerView]:
        with ThreadPoolExecutor(_THREADS, "lambdaops-layer") as pool:
            try:
                views = [
                    pool.submit(self._view, reading, descriptor, diff_id, asked)
                    for descriptor, diff_id in reading.image.layers
                ]
                wait(views)
            except BaseException:
                reading.errand.stop.set()
                raise
        if reading.errand.failure:
            raise reading.errand.failure
        return [view.result() for view in views]

    def _view(self, reading: _Reading, descriptor: Descriptor, diff_id: str, asked: Wanted) -> LayerView:
        try:
            with self._turn(descriptor, diff_id):  # whoever comes second finds what the first one read
                reading.errand.check()
                return self._known_view(reading, descriptor, diff_id, asked)
        except _Stopped:
            raise
        except BaseException as error:
            reading.errand.fail(error)
            raise

    def _turn(self, descriptor: Descriptor, diff_id: str) -> threading.Lock:
        with self._counting:
            return self._turns.setdefault((descriptor.digest, diff_id), threading.Lock())

    def _known_view(self, reading: _Reading, descriptor: Descriptor, diff_id: str, asked: Wanted) -> LayerView:
        key = (descriptor.digest, diff_id)
        view = self._views.get(key) or kept_view(self.cache, *key)
        if view is None or not asked <= view.asked:
            view = self._read(reading, descriptor, diff_id, asked | view.asked if view else asked)
            keep_view(self.cache, *key, view)
        with self._counting:
            self._views[key] = view
            kept = sum(known.size for known in self._views.values())
        if kept > _ALL_FILES:
            name = reading.image.source.name
            raise HostileLayer(f"The layers of {name} have files of more than {_ALL_FILES} bytes to look at.")
        return view

    def _read(self, reading: _Reading, descriptor: Descriptor, diff_id: str, asked: Wanted) -> LayerView:
        source = reading.image.source
        where = f"layer {descriptor.digest} of {source.name}"
        with self._counting:
            reading.layers += 1
        with (
            source.blob(descriptor) as stream,
            open_layer(_Stoppable(stream, reading.errand), descriptor, diff_id, where, self._limits) as entries,
        ):
            return view_layer(entries, asked, where, _FILES)

    def _read_merged(self, reading: _Reading, source: MergedSource, asked: Wanted) -> LayerView:
        reading.layers = 1
        with source.entries(asked.paths, asked.directories) as entries:
            return view_layer(entries, asked, f"file system of {reading.image.reference}", _FILES)


class _Stopped(ImageError):
    """Something else that is read for the same errand failed, so this one's end is not worth waiting for."""


class Errand:
    """What is read for one answer, in several threads: the first failure ends all of it at the next bytes."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.failure: BaseException | None = None
        self._first = threading.Lock()

    def fail(self, error: BaseException) -> None:
        with self._first:
            self.failure = self.failure or error
        self.stop.set()

    def check(self) -> None:
        if self.stop.is_set():
            raise _Stopped("Something else could not be read.")


@dataclass(slots=True)
class _Reading:
    """layers: how many were read, some perhaps twice."""

    image: Image
    errand: Errand
    layers: int = 0


class _Stoppable:
    def __init__(self, stream: ByteStream, errand: Errand) -> None:
        self._stream = stream
        self._errand = errand

    def read(self, size: int, /) -> bytes:
        self._errand.check()
        return self._stream.read(size)
