# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of a zip file, read and tested without unpacking anything to disk.

Names are taken as the bytes that stand in the zip: Info-ZIP writes the file system's bytes without saying so, and a
zip made on Linux has to have the names of the directory it was made from.
"""

from __future__ import annotations

import hashlib
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from .content import Entry, Mode, entry_name, within_limit
from .digests import Digest
from .errors import BrokenZip, EmptyPackage, EncryptedZip, NotAZip, PackageTooLarge, UnsafeEntry, shown
from .files import CHUNK

_ENCRYPTED = 0x1  # APPNOTE.TXT 4.4.4: general purpose bit flag
_UTF8 = 0x800
_UNIX = (3, 19)  # APPNOTE.TXT 4.4.2: made by UNIX, by OS X; only these give a mode in the external attributes
_TARGET_LIMIT = 4096  # PATH_MAX of Linux
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error, ValueError, OSError)
_DIRECTORY_LIMIT = 64 * 1024 * 1024  # bytes: half a million entries, which take ten times as much when they are read
# APPNOTE.TXT 4.3.16, 4.3.15 and 4.3.14: the ends of a zip, with the size of its directory and where the next one is.
_END, _LOCATOR, _END64 = (struct.Struct(form) for form in ("<4s8xI", "<4s4xQ", "<4s36xQ"))
_REBUILD = "Build or download it again; `unzip -t` shows the damage."

_OTHER_FORMATS = (
    (0, b"\x1f\x8b", "a gzip file (a .tar.gz?)"),
    (0, b"BZh", "a bzip2 file"),
    (0, b"\xfd7zXZ\0", "an xz file"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip file"),
    (0, b"Rar!", "a RAR file"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (0, b"\x7fELF", "an ELF program"),
    (0, b"version https://git-lfs", "a Git LFS pointer, not the file it points to"),
    (0, b"<", "an HTML or XML text (an error page that was saved?)"),
    (0, b"{", "a JSON text"),
    (257, b"ustar", "a tar file"),
)


@contextmanager
def open_zip(handle: BinaryIO, path: str) -> Iterator[zipfile.ZipFile]:
    """The zip, once its directory of entries is known to be sound.

    handle: at any position, seekable. Raises NotAZip, BrokenZip, EmptyPackage, EncryptedZip, UnsafeEntry and
    PackageTooLarge; the entries' bytes are not read here.
    """
    try:
        _check_directory(handle, path)
        archive = zipfile.ZipFile(handle)
    except (*_DAMAGE, NotImplementedError) as error:
        raise _unreadable(handle, path, error) from error
    with archive:
        infos = archive.infolist()
        if not any(not is_directory(info) for info in infos):
            raise EmptyPackage(f"{shown(path)} is a zip without files.", hint="Zip the function's files into it.")
        if not all(0 <= info.header_offset < archive.start_dir for info in infos):
            raise BrokenZip(
                f"{shown(path)} is a zip that is cut short or damaged (its directory says that an entry begins where "
                "none can).",
                hint=_REBUILD,
            )
        for info in infos:
            _check(info, path)
        within_limit(sum(info.file_size for info in infos), path)
        yield archive


def read_entries(archive: zipfile.ZipFile, path: str) -> list[Entry]:
    """Unpack every entry in memory, a piece at a time, test it against its CRC-32, and hash it.

    Raises BrokenZip for the first entry that can't be unpacked, UnsafeEntry for an absurd symbolic link.
    """
    entries: dict[bytes, Entry] = {}
    for info in archive.infolist():
        entry = read_entry(archive, info, path)
        if not is_directory(info):
            entries[entry.name] = entry
    return list(entries.values())


def read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str) -> Entry:
    """Unpack one entry in memory, as read_entries does with all. Raises BrokenZip and UnsafeEntry."""
    name, size, sha256 = entry_name(raw_name(info), path), 0, hashlib.sha256()
    try:
        with archive.open(info) as unpacked:
            while chunk := unpacked.read(CHUNK):
                sha256.update(chunk)
                size += len(chunk)
    except (*_DAMAGE, NotImplementedError, RuntimeError, MemoryError) as error:
        raise BrokenZip(
            f"{shown(path)} is damaged: its entry {shown(name)} can't be unpacked ({_reason(error)}).",
            hint=_REBUILD,
        ) from error
    if size != info.file_size:
        raise BrokenZip(
            f"{shown(path)} is damaged: its entry {shown(name)} has {size:,} bytes instead of {info.file_size:,}.",
            hint=_REBUILD,
        )
    return Entry(name, _mode(info), size, Digest(sha256.digest()))


def is_directory(info: zipfile.ZipInfo) -> bool:
    """Whether the entry stands for a directory, which has no content of its own."""
    return info.filename.endswith("/") or stat.S_ISDIR(unix_mode(info))  # is_dir() fails for a name without characters


def unix_mode(info: zipfile.ZipInfo) -> int:
    """Kind and permission bits; 0 where the zip does not say."""
    return info.external_attr >> 16 if info.create_system in _UNIX else 0


def _mode(info: zipfile.ZipInfo) -> Mode:
    mode = unix_mode(info)
    return Mode.LINK if stat.S_ISLNK(mode) else Mode.of_file(mode)


def raw_name(info: zipfile.ZipInfo) -> bytes:
    """The name's bytes as they stand in the zip; zipfile decodes what is not marked as UTF-8 by code page 437."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437")


def _check_directory(handle: BinaryIO, path: str) -> None:
    """Raises PackageTooLarge for a directory of entries that would take too much memory."""
    if (size := _directory_size(handle)) > _DIRECTORY_LIMIT:
        raise PackageTooLarge(
            f"{shown(path)} has a directory of entries of {size:,} bytes, which is more than a package can have.",
            hint=_REBUILD,
        )


def _directory_size(handle: BinaryIO) -> int:
    """In bytes, as the end of the zip states it; 0 where there is no end."""
    start = max(handle.seek(0, 2) - (1 << 16) - 100, 0)  # a comment has up to 64 kB
    handle.seek(start)
    tail = handle.read()
    at = tail.rfind(b"PK\x05\x06", 0, len(tail) - 18)
    if at < 0:
        return 0
    size: int = _END.unpack_from(tail, at)[1]
    locator, place = _LOCATOR.unpack_from(tail, at - 20) if at >= 20 else (b"", 0)
    if size == 0xFFFFFFFF and locator == b"PK\x06\x07":
        handle.seek(place)
        end = handle.read(_END64.size)
        size = _END64.unpack(end)[1] if len(end) == _END64.size else 0
    return size


def _check(info: zipfile.ZipInfo, path: str) -> None:
    raw, mode = raw_name(info), unix_mode(info)
    name = entry_name(raw, path)
    if info.flag_bits & _ENCRYPTED:
        raise EncryptedZip(
            f"The entry {shown(name)} of {shown(path)} is encrypted, and Lambda can't unpack it.",
            hint="Zip the files without a password; Lambda encrypts what it stores by itself.",
        )
    # Older releases of Maven give the directories of a jar every bit there is.
    if not is_directory(info) and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        raise UnsafeEntry(
            f"The entry {shown(name)} of {shown(path)} is a device, pipe or socket.",
            hint="Zip files, directories and symbolic links only.",
        )
    if stat.S_ISLNK(mode) and info.file_size > _TARGET_LIMIT:
        raise UnsafeEntry(
            f"The entry {shown(name)} of {shown(path)} is a symbolic link whose target has {info.file_size:,} bytes.",
            hint="Zip it again: no path is longer than 4,096 bytes.",
        )


def _unreadable(handle: BinaryIO, path: str, error: Exception) -> NotAZip | BrokenZip:
    """Whether what is no readable zip is one cut short, or another thing altogether."""
    handle.seek(0)
    head = handle.read(512)
    if not head:
        return NotAZip(f"{shown(path)} is an empty file, not a zip.", hint="Build the package again.")
    if head.startswith(b"PK\x03\x04"):
        return BrokenZip(f"{shown(path)} is a zip that is cut short or damaged ({_reason(error)}).", hint=_REBUILD)
    for offset, magic, kind in _OTHER_FORMATS:
        if head[offset:].startswith(magic):
            return NotAZip(f"{shown(path)} is {kind}, not a zip.", hint="Give the path of the zip file.")
    return NotAZip(f"{shown(path)} is not a zip file.", hint="Give the path of the zip file, or build it.")


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "it takes too much memory"
    match str(error):
        case text if "CRC" in text:
            return "its CRC-32 does not match"
        case "":
            return "its data ends too early"
        case text:
            return shown(text).rstrip(".")
