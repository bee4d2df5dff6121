# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to every transport: manifests by tag or digest, blobs by descriptor, and what reading them cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from .digests import verify
from .errors import BadManifest, TruncatedBlob
from .manifests import Descriptor

# Manifests and configs of real images stay below 100 KB; registries refuse manifests above 4 MiB.
DOCUMENT_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """An index or a manifest as it was served: its bytes are what the digest is of."""

    raw: bytes
    digest: str
    media_type: str


@dataclass(slots=True)
class Transfer:
    """requests: HTTP requests sent, with those for tokens and redirects; size: bytes of bodies read, from a registry
    or a layout; layers: layers read; cached: layers whose facts came from the cache or from the other image."""

    requests: int = 0
    size: int = 0
    layers: int = 0
    cached: int = 0

    def as_result(self) -> dict[str, int]:
        return {
            "requests": self.requests,
            "bytes": self.size,
            "layers_read": self.layers,
            "layers_from_cache": self.cached,
        }


class ByteStream(Protocol):
    """Compressed bytes of one blob; `read` gives b"" only at the end."""

    def read(self, size: int, /) -> bytes: ...


class Source(Protocol):
    """One repository of one transport."""

    @property
    def name(self) -> str:
        """How messages name it."""

    def manifest(self, wanted: str) -> Document:
        """The index or manifest for a tag or digest, its digest verified. Raises ManifestNotFound and others."""

    @contextmanager
    def blob(self, descriptor: Descriptor) -> Iterator[ByteStream]:
        """The bytes of a blob, not verified: whoever reads them to the end verifies. Never more than its size."""


def read_up_to(read: Callable[[int], bytes], limit: int) -> bytes:
    """At most `limit` bytes of what gives parts of any size, and b"" at its end."""
    parts = []
    while limit > 0 and (part := read(min(limit, 1 << 16))):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def read_document(source: Source, descriptor: Descriptor, what: str) -> bytes:
    """A small blob, such as a config, whole and verified."""
    where = f"{what} of {source.name}"
    if descriptor.size > DOCUMENT_LIMIT:
        raise BadManifest(f"The {where} claims {descriptor.size} bytes; more than {DOCUMENT_LIMIT} are not read.")
    with source.blob(descriptor) as stream:
        raw = read_up_to(stream.read, descriptor.size)
    if len(raw) < descriptor.size:
        raise TruncatedBlob(f"The {where} ends after {len(raw)} of {descriptor.size} bytes.", hint="Copy it again.")
    verify(raw, descriptor.digest, f"The {where}")
    return raw
