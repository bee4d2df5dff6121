# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One image opened for one platform: index → manifest → config. Its layers stay where they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .cache import Cache
from .digests import digest_of, is_digest
from .errors import NotCached
from .manifests import Config, Descriptor, Index, Manifest, choose, fits, parse_config, parse_manifest, unknown_platform
from .references import ImageReference, Platform
from .registry import RegistrySource
from .source import ByteStream, Document, Source, read_document


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
    """Raises ManifestNotFound, UnknownPlatform, BadManifest, BadDigest, NotCached and what the source raises.

    With `cache.offline` nothing is asked of a registry: a tag means what it meant when it was asked for last.
    """
    where = f"The manifest of {reference}"
    if isinstance(source, RegistrySource):
        document = _from_registry(source, reference.wanted, cache)
        source = _Offline(source.name) if cache.offline else source
    else:
        document = source.manifest(reference.wanted)
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


def _from_registry(source: RegistrySource, wanted: str, cache: Cache) -> Document:
    if is_digest(wanted):
        return _by_digest(_Offline(source.name) if cache.offline else source, wanted, cache)
    key = digest_of(f"{source.name}\n{wanted}".encode())
    meant = cache.record("tag", key)
    if cache.offline:
        raw = cache.content(meant) if isinstance(meant, str) else None
        if raw is None:
            raise _not_cached(f"the manifest of {source.name}:{wanted}")
        cache.note(f"{source.name}:{wanted} is taken for {meant}, which it was when it was asked for last.")
        return Document(raw, digest_of(raw), "")
    document = source.manifest(wanted)
    cache.keep_content(document.raw)
    if meant != document.digest:
        cache.keep_record("tag", key, document.digest)
    return document


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


class _Offline:
    """A registry that is not asked; whatever is wanted of it was not kept."""

    def __init__(self, name: str) -> None:
        self.name = name

    def manifest(self, wanted: str) -> Document:
        raise _not_cached(f"the manifest {wanted} of {self.name}")

    @contextmanager
    def blob(self, descriptor: Descriptor) -> Iterator[ByteStream]:
        raise _not_cached(f"blob {descriptor.digest} of {self.name}")
        yield  # pylint: disable=unreachable

    def tags(self) -> list[str]:
        raise _not_cached(f"the list of tags of {self.name}")


def _not_cached(what: str) -> NotCached:
    return NotCached(
        f"The cache does not hold {what}, and no registry is asked with `offline`.",
        hint="Run the same task once without `offline` and with the same `cache_dir`, or copy the image to a folder "
        "and name it by `oci:`.",
    )
