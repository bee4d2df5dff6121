# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An image of a local engine as a Source: what `inspect` says, and files of the merged view instead of layers.

An engine gives neither manifest nor config as they were pulled: both are made up here of what it says, so there is no
digest of a registry, and nothing that could be verified. How engines are spoken to is engine.py's business.
"""

from __future__ import annotations

import io
import json
import posixpath
import tarfile
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any

from .containers import Container
from .decompression import Limits
from .digests import digest_of
from .engine import Engine, Inspected
from .entries import Entry, kind_of
from .errors import EngineFailed, HostileLayer
from .manifests import DOCKER_MANIFEST, Descriptor
from .references import DaemonReference
from .source import ByteStream, Document, Transfer
from .wanted import with_parents

_BUFFER = 1 << 18


class DaemonSource:
    """One image of an engine; a MergedSource."""

    def __init__(
        self, reference: DaemonReference, engine: Engine, transfer: Transfer, limits: Limits | None = None
    ) -> None:
        self._reference = reference
        self._engine = engine
        self._transfer = transfer
        self._limits = limits or Limits()
        self._image: Inspected | None = None

    @property
    def name(self) -> str:
        return self._reference.name

    def manifest(self, wanted: str) -> Document:
        """A manifest of layers that can't be read; its digest is "" since no registry knows it."""
        self._image = self._engine.inspect(wanted)
        self._transfer.count(requests=2)
        config = _config(self._image)
        document = {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST,
            "config": {"digest": digest_of(config), "size": len(config)},
            "layers": [{"digest": diff_id, "size": 0} for diff_id in self._image.diff_ids],
        }
        return Document(json.dumps(document).encode(), "", DOCKER_MANIFEST)

    @contextmanager
    def blob(self, descriptor: Descriptor) -> Iterator[ByteStream]:
        """The config alone: engines give no layers."""
        config = _config(self._inspected())
        if digest_of(config) != descriptor.digest:
            raise EngineFailed(f"The engine at {self._engine.host} gives no blobs of {self.name}.")
        yield io.BytesIO(config)

    def tags(self) -> list[str]:
        image = self._reference.image
        return self._engine.tags(image.name) if image else []

    @contextmanager
    def entries(self, asked_paths: Collection[str], asked_directories: Collection[str]) -> Iterator[Iterator[Entry]]:
        """See MergedSource. Raises EngineFailed, HostileLayer."""
        with self._engine.container(self._inspected().id) as container:
            self._transfer.count(requests=2)
            # Closed first: an engine does not remove a container as long as it sends files of it.
            with closing(self._entries(container, frozenset(asked_paths), frozenset(asked_directories))) as entries:
                yield entries

    def _inspected(self) -> Inspected:
        if self._image is None:
            self._image = self._engine.inspect(self._reference.wanted)
            self._transfer.count(requests=2)
        return self._image

    def _entries(
        self, container: Container, paths: frozenset[str], directories: frozenset[str]
    ) -> Generator[Entry, None, None]:
        wanted = with_parents(paths | directories)
        real = {""}
        read: list[str] = []
        for path in sorted(wanted - {""}, key=lambda path: (path.count("/"), path)):
            if posixpath.dirname(path) not in real or path.startswith(tuple(read)):
                continue  # behind a link, or read with a directory above it
            place = container.look_at(path)
            self._transfer.count(requests=1)
            if place is None:
                continue
            if place.kind == "file" or (place.kind == "directory" and path in directories):
                yield from self._archive(container, path, wanted, directories)
                read.append(f"{path}/")
            else:
                yield Entry(path, place.kind, 0, place.link, bytes)
            if place.kind == "directory":
                real.add(path)

    def _archive(
        self, container: Container, path: str, wanted: frozenset[str], directories: frozenset[str]
    ) -> Iterator[Entry]:
        """The wanted ones of `path` and what is below it."""
        above = posixpath.dirname(path)
        self._transfer.count(requests=1)
        with container.archive(path) as read:
            where = f"archive of /{path} in {self.name}, as the engine at {self._engine.host} sends it,"
            for entry in self._members(read, above, where):
                if entry.name in wanted or posixpath.dirname(entry.name) in directories:
                    yield entry

    def _members(self, read: Callable[[int], bytes], above: str, where: str) -> Iterator[Entry]:
        stream = _Bounded(read, self._limits.size, self._transfer, where)
        count = 0
        try:
            with tarfile.open(  # type: ignore[call-overload]
                fileobj=stream,
                mode="r|",
                bufsize=_BUFFER,
                tarinfo=_WholeTarInfo,
                encoding="utf-8",
                errors="surrogateescape",
            ) as archive:
                while (member := archive.next()) is not None:
                    count += 1
                    if count > self._limits.entries:
                        raise HostileLayer(f"The {where} has more than {self._limits.entries} entries.")
                    archive.members = []
                    yield _entry(archive, member, above, where)
        except (tarfile.TarError, ValueError, OverflowError, RecursionError) as error:
            raise _not_whole(where, error) from error


def _config(image: Inspected) -> bytes:
    """In the form of OCI image-spec, config.md.

    A step of the history without bytes counts as one without a layer. Where that is wrong, steps and layers differ in
    number, and then nobody concludes anything from the history.
    """
    platform = image.platform
    document: dict[str, Any] = {
        "id": image.id,  # what is kept by the config's digest is kept for this image alone, even if it names no layers
        "os": platform.os,
        "architecture": platform.architecture,
        "variant": platform.variant,
        "config": {"Env": list(image.env)},
        "rootfs": {"type": "layers", "diff_ids": list(image.diff_ids)},
        "history": [{"created_by": command, "empty_layer": size == 0} for command, size in image.history],
    }
    return json.dumps(document).encode()


class _WholeTarInfo(tarfile.TarInfo):
    """Only two blocks of zeros end an archive: an engine in trouble ends its answer early, or writes a message."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> _WholeTarInfo:  # pylint: disable=arguments-renamed
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if type(error).__name__ == "EOFHeaderError":
                raise
            raise tarfile.ReadError(str(error)) from error


def _not_whole(where: str, error: Exception) -> EngineFailed:
    return EngineFailed(f"The {where} is not whole ({error}).", hint="Look into the engine's log, and try again.")


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo, above: str, where: str) -> Entry:
    kind = kind_of(member)

    def read() -> bytes:
        try:
            file = archive.extractfile(member)
            return file.read() if file else b""
        except tarfile.TarError as error:
            raise _not_whole(where, error) from error

    # Hard links are named as entries are: from the folder above what was asked for.
    link = posixpath.join(above, member.linkname) if kind == "hardlink" else member.linkname
    return Entry(posixpath.join(above, member.name.strip("/")), kind, member.size, link, read)


class _Bounded:
    def __init__(self, read: Callable[[int], bytes], limit: int, transfer: Transfer, where: str) -> None:
        self._read = read
        self._left = limit
        self._limit = limit
        self._transfer = transfer
        self._where = where

    def read(self, size: int, /) -> bytes:
        part = self._read(size)
        self._left -= len(part)
        self._transfer.count(size=len(part))
        if self._left < 0:
            raise HostileLayer(f"The {self._where} is larger than {self._limit} bytes.")
        return part
