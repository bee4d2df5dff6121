# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A private folder with a package and its layers as Lambda unpacks them: modes, links, later layers over earlier ones.

Nothing is ever written through a link: links are made when everything else stands. What files mean is not looked at.
"""

from __future__ import annotations

import io
import lzma
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO

from .._code.content import entry_name, within_limit
from .._code.errors import BrokenZip, UnsafeEntry, shown
from .._code.files import CHUNK, is_directory, kind_of, open_regular, reading
from .._code.zips import is_directory as stands_for_directory
from .._code.zips import open_zip, raw_name, unix_mode
from .._native.contents import FUNCTION_ROOT, LAYER_ROOT
from .._native.errors import NativeError

_FILE, _DIRECTORY = 0o644, 0o755  # where a package says nothing
_OURS = 0o700  # what it takes to remove a directory again; the function runs as another user
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class _Entry:
    """mode: as in stat; open: the file's bytes, or of a link those of its target."""

    mode: int
    open: Callable[[], AbstractContextManager[IO[bytes]]]


@contextmanager
def unpacked(package: str, layers: Sequence[str]) -> Iterator[dict[str, str]]:
    """Folders of this machine by where the function sees them: `/var/task` and, with layers, `/opt`.

    They are removed when the block ends. Raises CodeError, and NativeError where they can't be written.
    """
    roots = {FUNCTION_ROOT: [package], **({LAYER_ROOT: list(layers)} if layers else {})}
    with _room() as room, ExitStack() as opened:
        places = {}
        for number, (root, sources) in enumerate(roots.items()):
            places[root] = os.path.join(room, str(number))
            _write(os.fsencode(places[root]), _merged(sources, opened))
        yield places


@contextmanager
def _room() -> Iterator[str]:
    try:
        room = tempfile.mkdtemp(prefix="lambdaops-smoke-")
    except OSError as error:
        raise _unwritable(error) from error
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _merged(sources: Sequence[str], opened: ExitStack) -> dict[bytes, _Entry]:
    """Later sources over earlier ones, by name; no name lies below one that is no directory."""
    merged: dict[bytes, _Entry] = {}
    for source in sources:
        entries = _of_directory(source) if is_directory(source) else _of_zip(source, opened)
        for name, entry in entries:
            merged[name] = entry
    for name in merged:
        for parent in _parents(name):
            if parent in merged and not stat.S_ISDIR(merged[parent].mode):
                raise UnsafeEntry(
                    f"{shown(name)} of {shown(sources[-1])} lies below {shown(parent)}, which is no directory.",
                    hint="Build it again: in a package and its layers a name is a file, a link or a directory.",
                )
    return merged


def _of_zip(source: str, opened: ExitStack) -> Iterator[tuple[bytes, _Entry]]:
    handle, _found = opened.enter_context(open_regular(source))
    archive = opened.enter_context(open_zip(handle, source))
    for info in archive.infolist():
        mode = unix_mode(info)
        if stands_for_directory(info):
            mode = stat.S_IFDIR | (stat.S_IMODE(mode) or _DIRECTORY)
        elif not stat.S_ISLNK(mode):
            mode = stat.S_IFREG | (stat.S_IMODE(mode) or _FILE)
        name = entry_name(raw_name(info), source)
        if name:
            yield name, _Entry(mode, partial(_stored, archive, info, source))


@contextmanager
def _stored(archive: zipfile.ZipFile, info: zipfile.ZipInfo, source: str) -> Iterator[IO[bytes]]:
    try:
        with archive.open(info) as stored:
            yield stored
    except _DAMAGE as error:
        raise BrokenZip(
            f"{shown(source)} is damaged: its entry {shown(info.filename)} can't be unpacked.",
            hint="Build or download it again; `unzip -t` shows the damage.",
        ) from error


def _of_directory(source: str) -> Iterator[tuple[bytes, _Entry]]:
    root, total = os.fsencode(source), 0

    def refuse(error: OSError) -> None:
        with reading(error.filename or root):
            raise error

    for folder, folders, files in os.walk(root, onerror=refuse):
        for base in (*folders, *files):
            path = os.path.join(folder, base)
            with reading(path):
                found = os.lstat(path)
            if not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode) or stat.S_ISDIR(found.st_mode)):
                raise UnsafeEntry(
                    f"{shown(path)} is {kind_of(found.st_mode)}.",
                    hint="Remove it: a package holds files, directories and symbolic links.",
                )
            total += found.st_size
            within_limit(total, source)
            yield os.path.relpath(path, root), _Entry(found.st_mode, partial(_on_disk, path))


@contextmanager
def _on_disk(path: bytes) -> Iterator[IO[bytes]]:
    if os.path.islink(path):
        with reading(path):
            yield io.BytesIO(os.readlink(path))
    else:
        with open_regular(path, follow=False) as (handle, _found):
            yield handle


def _write(place: bytes, entries: dict[bytes, _Entry]) -> None:
    directories = {b"": _DIRECTORY}
    for name, entry in entries.items():
        directories.update((parent, _DIRECTORY) for parent in _parents(name) if parent not in entries)
        if stat.S_ISDIR(entry.mode):
            directories[name] = stat.S_IMODE(entry.mode)
    try:
        for name in sorted(directories):
            os.mkdir(os.path.join(place, name), _OURS)
        for link in (False, True):
            for name, entry in entries.items():
                if not stat.S_ISDIR(entry.mode) and stat.S_ISLNK(entry.mode) is link:
                    with entry.open() as content:
                        _make(os.path.join(place, name), entry.mode, content)
        for name, mode in directories.items():
            os.chmod(os.path.join(place, name), mode | _OURS)
    except OSError as error:
        raise _unwritable(error) from error


def _make(path: bytes, mode: int, content: IO[bytes]) -> None:
    if stat.S_ISLNK(mode):
        os.symlink(content.read(), path)
        return
    with open(path, "xb") as file:
        shutil.copyfileobj(content, file, CHUNK)
        os.fchmod(file.fileno(), stat.S_IMODE(mode) & 0o777)


def _parents(name: bytes) -> Iterator[bytes]:
    parts = name.split(b"/")
    for depth in range(1, len(parts)):
        yield b"/".join(parts[:depth])


def _unwritable(error: OSError) -> NativeError:
    return NativeError(
        f"The package can't be unpacked into a folder of {tempfile.gettempdir()}: {error.strerror or error}.",
        hint="Make room there, or name another folder with the environment variable TMPDIR.",
    )
