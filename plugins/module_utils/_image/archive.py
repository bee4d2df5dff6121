# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Archives of `docker save` as a Source: indexed once, read in place, never unpacked.

Both forms are read, with a folder for each layer and with an OCI layout inside, by the manifest.json that both have.
It names configs and layers; what a registry calls the manifest is made up here, so it has no registry's digest.

Sources: Docker image specification v1.2, "Combined Image JSON + Filesystem Changeset Format";
containers-transports(5), docker-archive.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from .digests import digest_of, require_match
from .errors import BadArchive, BadReference, ManifestNotFound
from .manifests import DOCKER_MANIFEST, Descriptor, parse_diff_ids
from .references import RegistryReference, parse_reference
from .source import DOCUMENT_LIMIT, ByteStream, CountedFile, Document, Transfer, read_up_to

_MEMBERS = 100_000  # an image of 1000 layers has 3000 at most
_HEADER = 1 << 20  # bytes of one header of the tar, with its PAX records
_LINKS = 8
_AGAIN = "Write it again with `docker save`."
_BLOB = re.compile(r"blobs/sha256/([0-9a-f]{64})")
_NAMED_CONFIG = re.compile(r"(?:blobs/sha256/)?([0-9a-f]{64})(?:\.json)?")
_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}


@dataclass(frozen=True, slots=True)
class _Segment:
    """Where a member's bytes are in the archive."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class _Saved:
    """An entry of manifest.json: the image's config, its names, and its layers, lowest first."""

    config: str
    names: tuple[str, ...]
    layers: tuple[str, ...]


class ArchiveSource:
    """The images in one archive."""

    def __init__(self, path: Path, transfer: Transfer) -> None:
        self._path = path
        self._transfer = transfer
        self._members: dict[str, _Segment | str] | None = None
        self._blobs: dict[str, _Segment] = {}

    @property
    def name(self) -> str:
        return f"docker-archive:{self._path}"

    def manifest(self, wanted: str) -> Document:
        """`wanted`: `host/repository:tag`, `@N` for the image at that place, from 0, or "" for the only one."""
        chosen = self._choose(wanted)
        config = self._document(chosen.config, "config")
        if named := _NAMED_CONFIG.fullmatch(chosen.config):
            require_match(digest_of(config), f"sha256:{named[1]}", f"The config of {self._named(wanted)}")
        diff_ids = parse_diff_ids(config, f"The config of {self._named(wanted)}")
        if len(diff_ids) != len(chosen.layers):
            raise BadArchive(
                f"{self._named(wanted)} has {len(chosen.layers)} layers, and a config for {len(diff_ids)}.", hint=_AGAIN
            )
        self._blobs[digest_of(config)] = self._segment(chosen.config)
        document = {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST,
            "config": {"digest": digest_of(config), "size": len(config)},
            "layers": [self._layer(member, diff_id) for member, diff_id in zip(chosen.layers, diff_ids, strict=True)],
        }
        return Document(json.dumps(document).encode(), "", DOCKER_MANIFEST)

    @contextmanager
    def blob(self, descriptor: Descriptor) -> Iterator[ByteStream]:
        segment = self._blobs.get(descriptor.digest)
        if segment is None:
            raise BadArchive(f"{self.name} has no blob {descriptor.digest}.", hint=_AGAIN)
        with self._open() as file:
            file.seek(segment.offset)
            yield CountedFile(file, min(descriptor.size, segment.size), self._transfer, BadArchive)

    def tags(self) -> list[str]:
        return sorted({name for saved in self._saved() for name in saved.names})

    def _named(self, wanted: str) -> str:
        return f"{self.name}:{wanted}" if wanted else self.name

    def _choose(self, wanted: str) -> _Saved:
        saved = self._saved()
        if wanted.startswith("@"):
            found = saved[int(wanted[1:]) : int(wanted[1:]) + 1]
        else:
            found = [one for one in saved if not wanted or wanted in one.names]
        if len(found) == 1:
            return found[0]
        names = ", ".join(self.tags()) or "none"
        if wanted and not found:
            raise ManifestNotFound(f"{self.name} has no image {wanted}.", hint=f"Its names: {names}.")
        raise ManifestNotFound(
            f"{self._named(wanted)} stands for {len(found)} images.",
            hint=f"Write docker-archive:PATH:NAME:TAG or docker-archive:PATH:@0 to say which; names: {names}.",
        )

    def _saved(self) -> list[_Saved]:
        try:
            entries = json.loads(self._document("manifest.json", "manifest.json"))
            return [_parse_saved(entry) for entry in entries]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadArchive(f"The manifest.json of {self.name} is not what docker writes.", hint=_AGAIN) from error

    def _layer(self, member: str, diff_id: str) -> dict[str, Any]:
        """Its descriptor. The digest of the stored bytes is in the name, or the diff_id, or has to be found out."""
        segment = self._segment(member)
        with self._open() as file:
            file.seek(segment.offset)
            stream = CountedFile(file, segment.size, self._transfer, BadArchive)
            first = stream.read(8)
            if stored := _BLOB.fullmatch(member):
                digest = f"sha256:{stored[1]}"
            elif not _compression(first):
                digest = diff_id
            else:
                hashed = hashlib.sha256(first)
                while part := stream.read(1 << 20):
                    hashed.update(part)
                digest = f"sha256:{hashed.hexdigest()}"
        self._blobs[digest] = segment
        return {"digest": digest, "size": segment.size}

    def _document(self, member: str, what: str) -> bytes:
        segment = self._segment(member)
        if segment.size > DOCUMENT_LIMIT:
            raise BadArchive(f"The {what} of {self.name} claims {segment.size} bytes.")
        with self._open() as file:
            file.seek(segment.offset)
            return read_up_to(CountedFile(file, segment.size, self._transfer, BadArchive).read, segment.size)

    def _segment(self, member: str) -> _Segment:
        """Links inside the archive are followed: docker writes a layer twice as one."""
        if self._members is None:
            self._members = self._read_members()
        name = posixpath.normpath(member)
        for _link in range(_LINKS):
            match self._members.get(name):
                case _Segment() as segment:
                    return segment
                case str() as target:
                    name = target
                case _:
                    break
        raise BadArchive(f"{self.name} has no member {member[:200]!r}.", hint=f"Is it whole? {_AGAIN}")

    def _read_members(self) -> dict[str, _Segment | str]:
        found: dict[str, _Segment | str] = {}
        count = 0
        with self._open() as file:
            end = file.seek(0, 2)
            file.seek(0)
            if kind := _compression(file.read(8)):
                raise BadArchive(
                    f"{self.name} is compressed with {kind}, and so can't be read in place.", hint="Unpack it first."
                )
            file.seek(0)
            try:
                with tarfile.open(fileobj=_HeaderReader(file), mode="r:") as archive:  # type: ignore[call-overload]
                    while (member := archive.next()) is not None:
                        count += 1
                        if count > _MEMBERS:
                            raise BadArchive(f"{self.name} has more than {_MEMBERS} members.")
                        archive.members, archive.pax_headers = [], {}
                        name = posixpath.normpath(member.name)
                        if member.issym():
                            found[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), member.linkname))
                        elif member.islnk():
                            found[name] = posixpath.normpath(member.linkname)
                        elif member.isreg() and not member.issparse():
                            if member.size < 0 or member.offset_data + member.size > end:
                                raise tarfile.ReadError(f"{name[:100]!r} ends behind the end of the file")
                            found[name] = _Segment(member.offset_data, member.size)
            except RecursionError:
                raise BadArchive(f"{self.name} has a member with hundreds of headers.") from None
            except (tarfile.TarError, ValueError, OverflowError, OSError) as error:
                raise BadArchive(
                    f"{self.name} is not a readable tar archive ({error}).", hint=f"Is it whole? {_AGAIN}"
                ) from error
        return found

    def _open(self) -> BinaryIO:
        try:
            if not stat.S_ISREG(self._path.stat().st_mode):  # a pipe would be waited for
                raise BadArchive(f"{self._path} is not a file.", hint="A layout in a folder is written oci:PATH.")
            return self._path.open("rb")
        except OSError as error:
            raise BadArchive(
                f"The archive {self._path} can't be read ({error.strerror}).",
                hint="Check the path after docker-archive:.",
            ) from error


def _parse_saved(entry: dict[str, Any]) -> _Saved:
    config, layers, names = entry["Config"], entry["Layers"], entry.get("RepoTags") or []
    if not isinstance(config, str) or not all(isinstance(item, str) for item in (*layers, *names)):
        raise TypeError
    return _Saved(config, tuple(filter(None, map(_full_name, names))), tuple(layers))


def _full_name(written: str) -> str:
    """As references have it, so that docker's short names and others' long ones are the same; "" for odd ones."""
    try:
        parsed = parse_reference(written)
    except BadReference:
        return ""
    return str(parsed) if isinstance(parsed, RegistryReference) else ""


def _compression(first: bytes) -> str:
    return next((kind for magic, kind in _COMPRESSED.items() if first.startswith(magic)), "")


class _HeaderReader:
    """What tarfile reads of an archive: headers alone, and none without end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell

    def read(self, size: int, /) -> bytes:
        if size > _HEADER:
            raise tarfile.ReadError(f"a header claims {size} bytes")
        return self._file.read(size)
