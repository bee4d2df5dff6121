# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""What two images are judged by: ImageFacts from an opened image (tier 0) and from its file system (tiers 1 and 2)."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from .image import Image
from .kept_facts import FileFacts, keep_facts, kept_facts
from .layer_views import Errand, LayerViews
from .libraries import LibraryFacts, LibrarySearch
from .manifests import HistoryEntry
from .os_facts import OS_WANTED, OsFacts, os_questions, read_os
from .references import ImageReference, LayoutReference, Platform, RegistryReference
from .rootfs import Rootfs
from .wanted import Wanted


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """library_path: LD_LIBRARY_PATH of the config; diff_ids and history: lowest layer first; os: None when tier 1
    was not needed; libraries: None when they were not wanted."""

    reference: ImageReference
    index_digest: str
    digest: str
    config_digest: str
    platform: Platform
    diff_ids: tuple[str, ...]
    history: tuple[HistoryEntry, ...]
    library_path: str
    os: OsFacts | None = None
    libraries: LibraryFacts | None = None

    @property
    def pinned(self) -> str:
        """The same image by its digest, or "" for archives and engines, which know no digest of a registry."""
        if self.digest and isinstance(self.reference, RegistryReference | LayoutReference):
            return f"{self.reference.name}@{self.digest}"
        return ""


def config_facts(image: Image) -> ImageFacts:
    """Tier 0."""
    environment = dict(item.partition("=")[::2] for item in image.config.env)
    return ImageFacts(
        reference=image.reference,
        index_digest=image.index_digest,
        digest=image.digest,
        config_digest=image.manifest.config.digest,
        platform=image.config.platform,
        diff_ids=image.config.diff_ids,
        history=image.config.history,
        library_path=environment.get("LD_LIBRARY_PATH", ""),
    )


def search_path(runtime: ImageFacts) -> tuple[str, ...]:
    """Where the runtime's loader looks first; it looks there in both images, since the code will run in the runtime.

    Source: ld.so(8), LD_LIBRARY_PATH. What is no absolute path depends on where a program is started.
    """
    return tuple(folder for folder in runtime.library_path.replace(";", ":").split(":") if folder.startswith("/"))


def read_facts(
    image: Image, views: LayerViews, *, packages: bool = True, libraries: Sequence[str] | None = None
) -> ImageFacts:
    """All that is wanted of an image, each layer read once for all of it.

    packages: release and packages (`os`). libraries: None when they are not wanted, or the directories of the runtime
    image's LD_LIBRARY_PATH, `("/var/lang/lib", "/lib64", …)`, perhaps none; then `os` is read as well, since it says
    which package owns a library.
    """
    return _read(image, views, packages, libraries, Errand())


def read_both(
    first: Image, second: Image, views: LayerViews, *, packages: bool = True, libraries: Sequence[str] | None = None
) -> tuple[ImageFacts, ImageFacts]:
    """As read_facts, of two images at the same time."""
    errand = Errand()
    with ThreadPoolExecutor(2, "lambdaops-image") as pool:
        try:
            readings = [pool.submit(_read, image, views, packages, libraries, errand) for image in (first, second)]
            wait(readings)
        except BaseException:
            errand.stop.set()
            raise
    if errand.failure:
        raise errand.failure
    return readings[0].result(), readings[1].result()


def _read(
    image: Image, views: LayerViews, packages: bool, libraries: Sequence[str] | None, errand: Errand
) -> ImageFacts:
    facts = config_facts(image)
    if libraries is None and not packages:
        return facts
    try:
        found = kept_facts(views.cache, image, libraries)
        if found is None:
            found = _read_files(image, views, libraries, errand)
            keep_facts(views.cache, image, libraries, found)
        else:
            views.count_cached(found.layers)
    except BaseException as error:
        errand.fail(error)
        raise
    return replace(facts, os=found.os, libraries=found.libraries)


def _read_files(image: Image, views: LayerViews, libraries: Sequence[str] | None, errand: Errand) -> FileFacts:
    name = str(image.reference)
    if libraries is None:
        rootfs = views.merged(image, OS_WANTED, os_questions, errand=errand)
        return FileFacts(read_os(rootfs, name).without_files(), None, rootfs.depth)
    search = LibrarySearch(libraries, image.config.platform)

    def questions(rootfs: Rootfs) -> Wanted | None:
        of_os, of_libraries = os_questions(rootfs), search.questions(rootfs)
        return of_os | of_libraries if of_os and of_libraries else of_os or of_libraries

    rootfs = views.merged(image, OS_WANTED | search.wanted, questions, whole=True, errand=errand)
    os_facts = read_os(rootfs, name)
    return FileFacts(os_facts.without_files(), search.facts(os_facts.packages, name), rootfs.depth)
