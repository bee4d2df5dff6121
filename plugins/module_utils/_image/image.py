# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One image opened for one platform: index → manifest → config. Its layers stay where they are."""

from __future__ import annotations

from dataclasses import dataclass

from .cache import Cache
from .digests import is_digest
from .manifests import Config, Descriptor, Index, Manifest, choose, fits, parse_config, parse_manifest, unknown_platform
from .references import ImageReference, Platform
from .source import Document, Source, read_document


@dataclass(frozen=True, slots=True)
class Image:
    """index_digest: of the multi-architecture index that the tag names, or "" where it names the image itself."""

    reference: ImageReference
    source: Source
    index_digest: str
    digest: str
    manifest: Manifest
    config: Config

    @property
    def layers(self) -> tuple[tuple[Descriptor, str], ...]:
        """Each layer with its diff_id, topmost first."""
        return tuple(zip(self.manifest.layers, self.config.diff_ids, strict=True))[::-1]


def open_image(reference: ImageReference, source: Source, platform: Platform, cache: Cache) -> Image:
    """Raises ManifestNotFound, UnknownPlatform, BadManifest, BadDigest and what the source raises."""
    where = f"The manifest of {reference}"
    document = _by_digest(source, reference.wanted, cache) if is_digest(reference.wanted) else None
    if document is None:
        document = source.manifest(reference.wanted)
        cache.keep_content(document.raw)
    top = parse_manifest(document.raw, document.media_type, where)
    index_digest = ""
    for _level in range(2):  # a layout's index.json may list an index for each tag
        if not isinstance(top, Index):
            break
        index_digest = document.digest
        document = _by_digest(source, choose(top, platform, str(reference)).digest, cache)
        top = parse_manifest(document.raw, document.media_type, where)
    if not isinstance(top, Manifest):
        raise unknown_platform(platform, (), str(reference))
    config = parse_config(_config(source, top, cache), top, f"The config of {reference}")
    if not fits(config.platform, platform):
        raise unknown_platform(platform, [config.platform], str(reference))
    return Image(reference, source, index_digest, document.digest, top, config)


def _by_digest(source: Source, digest: str, cache: Cache) -> Document:
    if raw := cache.content(digest):
        return Document(raw, digest, "")
    document = source.manifest(digest)
    cache.keep_content(document.raw)
    return document


def _config(source: Source, manifest: Manifest, cache: Cache) -> bytes:
    if raw := cache.content(manifest.config.digest):
        return raw
    raw = read_document(source, manifest.config, "config")
    cache.keep_content(raw)
    return raw
