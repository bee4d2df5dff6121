# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OCI image layouts on disk as a Source. Archives of layouts are not read here.

Source: OCI image-spec, image-layout.md.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .digests import digest_of, is_digest, verify
from .errors import BadLayout, BadManifest, ManifestNotFound
from .manifests import OCI_INDEX, Descriptor, Index, parse_manifest
from .source import DOCUMENT_LIMIT, ByteStream, CountedFile, Document, Transfer


class LayoutSource:
    """The images below one folder."""

    def __init__(self, folder: Path, transfer: Transfer) -> None:
        self._folder = folder
        self._transfer = transfer

    @property
    def name(self) -> str:
        return f"oci:{self._folder}"

    def manifest(self, wanted: str) -> Document:
        """`wanted`: a tag (annotation org.opencontainers.image.ref.name), a digest, or "" for the only image."""
        raw = self._read_index()
        if is_digest(wanted):
            return self._document(Descriptor(wanted, 0))
        index = parse_manifest(raw, OCI_INDEX, f"index.json of {self.name}")
        if not isinstance(index, Index):
            raise BadLayout(f"index.json of {self.name} is not an index.")
        found = [entry for entry in index.entries if not wanted or entry.ref_name == wanted]
        if len({entry.digest for entry in found}) == 1:
            return self._document(found[0])
        if not wanted and found and all(entry.platform and not entry.ref_name for entry in found):
            return Document(raw, digest_of(raw), OCI_INDEX)  # index.json is itself the multi-architecture index
        tags = ", ".join(sorted({entry.ref_name for entry in index.entries if entry.ref_name})) or "none"
        if wanted:
            raise ManifestNotFound(f"{self.name} has no image tagged {wanted!r}.", hint=f"Its tags: {tags}.")
        raise ManifestNotFound(
            f"{self.name} holds {len(found)} images, and no tag says which.", hint=f"Write oci:PATH:TAG; tags: {tags}."
        )

    @contextmanager
    def blob(self, descriptor: Descriptor) -> Iterator[ByteStream]:
        with self._open(self._path(descriptor.digest), f"blob {descriptor.digest}") as file:
            yield CountedFile(file, descriptor.size, self._transfer, BadLayout)

    def tags(self) -> list[str]:
        index = parse_manifest(self._read_index(), OCI_INDEX, f"index.json of {self.name}")
        return sorted({entry.ref_name for entry in index.entries} - {""}) if isinstance(index, Index) else []

    def _document(self, descriptor: Descriptor) -> Document:
        try:
            raw = self._read(self._path(descriptor.digest), f"manifest {descriptor.digest}")
        except BadLayout as error:
            raise ManifestNotFound(error.message, hint=error.hint) from error  # pylint: disable=bad-exception-cause
        verify(raw, descriptor.digest, f"The manifest {descriptor.digest} of {self.name}")
        return Document(raw, descriptor.digest, descriptor.media_type)

    def _read_index(self) -> bytes:
        if not os.path.lexists(self._folder):  # never raises, unlike Path's
            raise BadLayout(f"The folder {self._folder} does not exist.", hint="Check the path after oci:.")
        if not os.path.isdir(self._folder):
            raise BadLayout(f"{self._folder} is not a folder.", hint="An OCI layout is a folder with index.json in it.")
        marker = self._read(self._folder / "oci-layout", "file oci-layout")
        try:
            version = json.loads(marker)["imageLayoutVersion"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadLayout(f"{self._folder}/oci-layout does not say a version.") from error
        if not str(version).startswith("1."):
            raise BadLayout(f"{self._folder} is an OCI layout of version {str(version)[:20]!r}; only 1.x can be read.")
        return self._read(self._folder / "index.json", "file index.json")

    def _path(self, digest: str) -> Path:
        algorithm, _colon, encoded = digest.partition(":")
        return self._folder / "blobs" / algorithm / encoded

    def _open(self, path: Path, what: str) -> BinaryIO:
        try:
            if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
                raise BadLayout(f"The {what} of {self.name} is not a regular file.")
            return path.open("rb")
        except OSError as error:
            raise BadLayout(
                f"{self.name} has no readable {what} ({error.strerror}).",
                hint="Write the layout again, for example with `skopeo copy --all docker://… oci:PATH:TAG`.",
            ) from error

    def _read(self, path: Path, what: str) -> bytes:
        with self._open(path, what) as file:
            try:
                raw = file.read(DOCUMENT_LIMIT + 1)
            except OSError as error:
                raise BadLayout(f"The {what} of {self.name} can't be read ({error.strerror}).") from error
        if len(raw) > DOCUMENT_LIMIT:
            raise BadManifest(f"The {what} of {self.name} is larger than {DOCUMENT_LIMIT} bytes.")
        self._transfer.count(size=len(raw))
        return raw
