# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One compressed layer as a stream of tar entries: bounded and verified, never written to disk.

It knows tar, not what entries mean in an image (that is rootfs.py).
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from .decompression import AGAIN, CHUNK, Compressed, Limits, Plain
from .digests import require_match
from .errors import BrokenLayer, HostileLayer, TruncatedBlob
from .manifests import Descriptor
from .source import ByteStream

Kind = Literal["file", "directory", "symlink", "hardlink", "other"]


@dataclass(frozen=True, slots=True)
class Entry:
    """name: from the image's root, without a leading slash, "" for the root itself; link: as written."""

    name: str
    kind: Kind
    size: int
    link: str
    read: Callable[[], bytes]


@contextmanager
def open_layer(
    stream: ByteStream, descriptor: Descriptor, diff_id: str, where: str, limits: Limits
) -> Iterator[Iterator[Entry]]:
    """The entries of a layer, in order. Leaving the block without an error has read and verified the whole layer.

    Raises BadDigest, TruncatedBlob, BrokenLayer, HostileLayer, UnsupportedLayer and what the stream raises. Bytes
    that have the wrong digest are reported as that, whatever else they break.
    """
    if descriptor.size > limits.size:
        raise HostileLayer(f"The {where} claims {descriptor.size} bytes; more than {limits.size} are not read.")
    raw = Compressed(stream)
    try:
        plain = Plain(raw, where, limits)
        yield _entries(plain, where, limits)
        plain.drain()
    except BrokenLayer:
        _verify(raw, descriptor, where)
        raise
    _verify(raw, descriptor, where)
    require_match(plain.digest, diff_id, f"The uncompressed {where}")


def _verify(raw: Compressed, descriptor: Descriptor, where: str) -> None:
    while raw.read(CHUNK):
        pass
    if raw.position < descriptor.size:
        raise TruncatedBlob(
            f"The {where} ends after {raw.position} of {descriptor.size} bytes.",
            hint=AGAIN,
        )
    require_match(raw.digest, descriptor.digest, f"The {where}")


class _StrictTarInfo(tarfile.TarInfo):
    """tarfile takes a damaged header in mid-archive for the end of the archive; here it is an error."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> _StrictTarInfo:  # pylint: disable=arguments-renamed
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if type(error).__name__ in ("EOFHeaderError", "EmptyHeaderError"):
                raise
            raise tarfile.ReadError(str(error)) from error


def _entries(plain: Plain, where: str, limits: Limits) -> Iterator[Entry]:
    reach = limits.header + 2 * CHUNK
    plain.allow(reach)
    count = 0
    try:
        with tarfile.open(
            fileobj=plain, mode="r|", bufsize=CHUNK, tarinfo=_StrictTarInfo, encoding="utf-8", errors="surrogateescape"
        ) as archive:
            while (member := archive.next()) is not None:
                count += 1
                if count > limits.entries:
                    raise HostileLayer(f"The {where} has more than {limits.entries} entries.")
                plain.allow(archive.offset + reach)
                # Or a million entries and their global headers would stay in memory; docker passes over these, too.
                archive.members = []  # type: ignore[attr-defined]
                archive.pax_headers = {}
                yield _entry(archive, member, where, limits)
    except RecursionError:  # tarfile goes one call deeper for each header before a header
        raise HostileLayer(f"The {where} has an entry with hundreds of headers.") from None
    except (tarfile.TarError, UnicodeError, ValueError, OverflowError) as error:
        raise _no_tar(where, error) from error


def _no_tar(where: str, error: Exception) -> BrokenLayer:
    return BrokenLayer(f"The {where} is not a readable tar archive ({error}).", hint=AGAIN)


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo, where: str, limits: Limits) -> Entry:
    if len(member.name) > limits.name or len(member.linkname) > limits.name:
        raise HostileLayer(f"The {where} has a name of more than {limits.name} characters.")
    if member.size < 0:
        raise BrokenLayer(f"The {where} has an entry of negative size.", hint=AGAIN)
    kind: Kind
    if member.issym():
        kind = "symlink"
    elif member.islnk():
        kind = "hardlink"
    else:
        kind = "directory" if member.isdir() else "file" if member.isreg() else "other"

    def read() -> bytes:
        file = archive.extractfile(member)
        try:
            return b"" if file is None else file.read()
        except tarfile.TarError as error:
            raise _no_tar(where, error) from error

    return Entry(normalize(member.name, where), kind, member.size, member.linkname, read)


def normalize(name: str, where: str) -> str:
    """`./etc/x`, `/etc/x` and `etc//x` are all `etc/x`. Raises HostileLayer for `..`, which no builder writes."""
    if "/." not in name and "//" not in name and name[:1] not in ("/", ".") and name[-1:] != "/":
        return name
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise HostileLayer(f"The {where} has an entry that climbs out by `..` ({name[:100]!r}).")
    return "/".join(parts)
