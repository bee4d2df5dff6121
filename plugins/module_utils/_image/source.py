# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to every transport: manifests by tag or digest, blobs by descriptor, and what reading them cost."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import BinaryIO, Protocol, runtime_checkable

from .digests import verify
from .entries import Entry
from .errors import BadManifest, ImageError, TruncatedBlob
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
    """requests: HTTP requests sent, with those for tokens and redirects; size: bytes of bodies read, from a registry,
    a layout, an archive or an engine; layers: layers read; cached: layers whose facts came from the cache or from the
    other image. Sources count from several threads."""

    requests: int = 0
    size: int = 0
    layers: int = 0
    cached: int = 0
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def count(self, *, requests: int = 0, size: int = 0) -> None:
        with self._lock:
            self.requests += requests
            self.size += size

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

    def tags(self) -> list[str]:
        """What `manifest` can be asked for by name, as the transport lists it; without an order that means anything.

        Raises ManifestNotFound where there is no such repository, TagsUnlisted where tags can't be listed.
        """


@runtime_checkable
class MergedSource(Protocol):
    """A source that has no layers but the merged file system of one image; nothing in it can be verified."""

    @contextmanager
    def entries(self, asked_paths: Collection[str], asked_directories: Collection[str]) -> Iterator[Iterator[Entry]]:
        """Whatever stands at `asked_paths`, and the direct children of `asked_directories`: names without a leading
        slash. Links are entries of their own; nothing below a link is given."""


class CountedFile:
    """The next `size` bytes of an open file; troubles of the disk are raised as `error`."""

    def __init__(self, file: BinaryIO, size: int, transfer: Transfer, error: type[ImageError]) -> None:
        self._file = file
        self._left = size
        self._transfer = transfer
        self._error = error

    def read(self, size: int, /) -> bytes:
        try:
            part = self._file.read(min(size, self._left))
        except OSError as error:
            raise self._error(f"{self._file.name} can't be read ({error.strerror}).") from error
        self._left -= len(part)
        self._transfer.count(size=len(part))
        return part


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
