# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One compressed layer as a stream of tar entries: bounded and verified, never written to disk.

It knows tar, not what entries mean in an image (that is rootfs.py).
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

from .decompression import AGAIN, CHUNK, Compressed, Limits, Plain
from .digests import require_match
from .entries import Entry, kind_of, normalize
from .errors import BrokenLayer, HostileLayer, TruncatedBlob
from .manifests import Descriptor
from .source import ByteStream

# Headers of these types mean what they say; tarfile reads the others.
_PLAIN = frozenset(
    (tarfile.REGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME)
)


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
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _StrictTarInfo:
        """Plain headers without mode, owner and times, which cost tarfile more than all the rest of a small file."""
        kind, prefix = buf[156:157], buf[345:346]
        if len(buf) == tarfile.BLOCKSIZE and kind in _PLAIN and prefix == b"\0":
            try:
                size = int(buf[124:136].rstrip(b" \0") or b"0", 8)
                checksum = int(buf[148:156].rstrip(b" \0"), 8)
            except ValueError:
                size = checksum = -1
            if size >= 0 and checksum == sum(buf) - sum(buf[148:156]) + 8 * ord(" "):
                found = cls(buf[:100].partition(b"\0")[0].decode(encoding, errors))
                found.size, found.type = size, bytes(kind)
                found.linkname = buf[157:257].partition(b"\0")[0].decode(encoding, errors)
                if found.isdir():
                    found.name = found.name.rstrip("/")
                return found
        return super().frombuf(buf, encoding, errors)

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> _StrictTarInfo:  # pylint: disable=arguments-renamed
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if type(error).__name__ in ("EOFHeaderError", "EmptyHeaderError"):
                raise
            raise tarfile.ReadError(str(error)) from error


def _entries(plain: Plain, where: str, limits: Limits) -> Iterator[Entry]:
    plain.allow(limits.header)
    count = 0
    try:
        with tarfile.TarFile(
            fileobj=cast(IO[bytes], plain), tarinfo=_StrictTarInfo, encoding="utf-8", errors="surrogateescape"
        ) as archive:
            while (member := archive.next()) is not None:
                count += 1
                if count > limits.entries:
                    raise HostileLayer(f"The {where} has more than {limits.entries} entries.")
                plain.allow(archive.offset + limits.header)
                # Or a million entries and their global headers would stay in memory; docker passes over these, too.
                archive.members = []  # type: ignore[attr-defined]
                archive.pax_headers = {}
                yield _entry(archive, plain, member, where, limits)
    except RecursionError:  # tarfile goes one call deeper for each header before a header
        raise HostileLayer(f"The {where} has an entry with hundreds of headers.") from None
    except (tarfile.TarError, UnicodeError, ValueError, OverflowError) as error:
        raise _no_tar(where, error) from error


def _no_tar(where: str, error: Exception) -> BrokenLayer:
    return BrokenLayer(f"The {where} is not a readable tar archive ({error}).", hint=AGAIN)


def _entry(archive: tarfile.TarFile, plain: Plain, member: tarfile.TarInfo, where: str, limits: Limits) -> Entry:
    if len(member.name) > limits.name or len(member.linkname) > limits.name:
        raise HostileLayer(f"The {where} has a name of more than {limits.name} characters.")
    if member.size < 0:
        raise BrokenLayer(f"The {where} has an entry of negative size.", hint=AGAIN)

    def read() -> bytes:
        if not member.issparse():
            plain.seek(member.offset_data)
            content = plain.take(member.size)
            if len(content) < member.size:
                raise BrokenLayer(f"The {where} ends within an entry.", hint=AGAIN)
            return content
        plain.fill(member.size)
        file = archive.extractfile(member)
        try:
            return b"" if file is None else file.read()
        except tarfile.TarError as error:
            raise _no_tar(where, error) from error

    return Entry(normalize(member.name, where), kind_of(member), member.size, member.linkname, read)
