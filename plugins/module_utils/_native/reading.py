# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A zip or a directory → Contents: every file looked at by its first bytes, those with native code read in full.

One level into archives that the package holds (jars, wheels): what stands in archives inside of those is counted only.
What the findings mean is `_artifact/check.py`'s business.
"""

from __future__ import annotations

import os
import posixpath
import re
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from .._code.content import UNZIPPED_LIMIT
from .._code.errors import CodeError, EmptyPackage, shown
from .._code.files import is_directory
from .._elf.segments import ReadAt
from .archives import open_inner, open_package
from .contents import FUNCTION_ROOT, LAYER_ROOT, Contents, Member, Native
from .errors import NativeError
from .folders import listing_of
from .formats import (
    HEAD,
    MORE,
    Look,
    class_version,
    elf_native,
    elf_native_in_part,
    look_at,
    mach_o_native,
    other_native,
    pe_native,
    promises_library,
)

_THREADS = min(4, (os.cpu_count() or 1) + 1)
# Of all archives inside a package together: entries, and bytes of the natives in them.
_INNER_ENTRIES, _INNER_BYTES = 300_000, UNZIPPED_LIMIT
_ENTRY = b"PK\1\2"  # each entry in a zip's directory begins so
_ARCHIVES = (b"PK", b"#!")  # Spring Boot can put a script in front of a jar
_UNVERSIONED = re.compile(r"(^|/)(META-INF/versions/|module-info\.class$)")


class Texts:
    """Which small files' content is kept, and how many bytes of it."""

    _WHOLE = re.compile(r"(^|/)[^/]+\.dist-info/(WHEEL|RECORD)$|\.runtimeconfig\.json$")
    _NPM = re.compile(r"(?:^|.*/)node_modules/(?:@[^/]+/)?[^/@][^/]*(?=/)")
    LIMIT = 1 << 20  # bytes of one
    ALL = 32 << 20
    BOOTSTRAP = 256

    @classmethod
    def wanted(cls, name: str) -> int:
        """The largest size of this file that is of interest, or 0."""
        return cls.LIMIT if cls._WHOLE.search(name) else 0

    @classmethod
    def package_json(cls, native: str) -> Iterator[str]:
        """The package.json files of the npm packages that a file belongs to, the innermost first."""
        while found := cls._NPM.match(native):
            yield f"{found[0]}/package.json"
            native = found[0].rpartition("/node_modules/")[0] + "/"


class File(Protocol):
    """What archives.Zipped and folders.Filed are. parts: reads parts of it; None where they can't be had without all
    that stands before them, which is worth a thread."""

    name: str
    size: int
    mode: int | None
    target: str

    @property
    def parts(self) -> ReadAt | None: ...

    def __enter__(self) -> object: ...

    def __exit__(self, kind: object, *_failure: object) -> None: ...

    def peek(self, size: int) -> bytes: ...

    def read(self) -> bytes: ...


def read_contents(path: str, root: str = FUNCTION_ROOT) -> Contents:
    """root: where the running function sees the package's files, without a slash at its end.

    Raises CodeError for what is no package that Lambda would take, NativeError for one that can't be checked.
    """
    if is_directory(path):
        listing = listing_of(path)
        return replace(_Reader(path, root).read(listing.files), directory=True, closed=listing.closed)
    with open_package(path) as package:
        return replace(_Reader(path, root, package.notes).read(package.files), closed=package.closed)


@dataclass(slots=True)
class _Inner:
    """How much of what stands in archives may still be looked into."""

    entries: int = _INNER_ENTRIES
    size: int = _INNER_BYTES
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def take(self, entries: int = 0, size: int = 0) -> None:
        with self._turn:
            if entries > self.entries or size > self.size:
                raise NativeError("It holds more than is looked into.")
            self.entries -= entries
            self.size -= size


class _Reader:
    """Natives, classes and notes come from several threads: lists and dictionaries take one entry at a time."""

    def __init__(self, source: str, root: str, notes: Iterable[str] = ()) -> None:
        self._source = source
        self._root = root
        self._natives: list[Native] = []
        self._classes: dict[str, tuple[int, str]] = {}
        self._oldest: dict[str, int] = {}
        self._notes = list(notes)
        self._unread: dict[str, str] = {}
        self._inner = _Inner()
        self._work: deque[tuple[File, Look]] = deque()

    def read(self, files: Sequence[File]) -> Contents:
        work: list[tuple[File, Look]] = []
        for file in files:
            if file.target:
                continue
            with file:
                match look_at(file.peek(HEAD), file.name):
                    case Look.NOTHING:
                        continue
                    case Look.CLASS:
                        self._note_class("", file.name, file.peek(8))
                    case look if file.parts is None or look is Look.ZIP:
                        work.append((file, look))
                    case look:
                        self._keep(file, look, file.name, f"{self._root}/{file.name}")
        self._work.extend(sorted(work, key=lambda each: each[0].size, reverse=True))  # or the largest would end alone
        threads = min(_THREADS, len(work))
        if threads > 1:
            with ThreadPoolExecutor(threads, "lambdaops-native") as pool:
                list(pool.map(lambda _number: self._drain(), range(threads)))
        else:
            self._drain()
        self._natives.sort(key=lambda native: native.name)
        return Contents(
            source=self._source,
            root=self._root,
            members={file.name: Member(file.size, file.mode, file.target) for file in files},
            natives=tuple(self._natives),
            texts=self._texts({file.name: file for file in files}),
            classes=dict(sorted(self._classes.items())),
            notes=tuple(sorted(self._notes)),
            oldest_classes=dict(sorted(self._oldest.items())),
            unread=dict(sorted(self._unread.items())),
        )

    def _drain(self) -> None:
        try:
            while self._work:
                try:
                    file, look = self._work.popleft()
                except IndexError:
                    return
                if look is Look.ZIP:
                    self._look_inside(file)
                else:
                    self._keep(file, look, file.name, f"{self._root}/{file.name}")
        except BaseException:
            self._work.clear()
            raise

    def _keep(self, file: File, look: Look, name: str, place: str) -> None:
        native = _native(file, look, name, place)
        if native:
            self._natives.append(native)

    def _look_inside(self, file: File) -> None:
        if file.peek(2) not in _ARCHIVES:
            self._unread[file.name] = f"{shown(file.name)} is named like an archive and is none."
            self._notes.append(f"{shown(file.name)} is named like an archive and is none; it was not looked into.")
            return
        with self._noted(file):
            content = file.read()
            self._inner.take(entries=content.count(_ENTRY))
            archives = 0
            with open_inner(content, file.name) as members:
                for member in members:
                    archives += self._look_at_inner(file.name, member)
            if archives:
                self._notes.append(f"{shown(file.name)} holds archives ({archives}), and those were not looked into.")

    def _look_at_inner(self, archive: str, member: File) -> bool:
        """Whether it is an archive again."""
        if member.target:
            return False
        look = look_at(member.peek(HEAD), member.name)
        match look:
            case Look.NOTHING:
                return False
            case Look.CLASS:
                self._note_class(archive, member.name, member.peek(8))
            case Look.ZIP:
                return member.peek(2) == b"PK"
            case _:
                self._inner.take(size=member.size if look is Look.ELF else min(member.size, MORE))
                self._keep(member, look, f"{archive}!/{member.name}", "")
        return False

    @contextmanager
    def _noted(self, file: File) -> Iterator[None]:
        """An archive inside that can't be read is nothing that Lambda would refuse; what it means is for the language's
        rules to say."""
        try:
            yield
        except (CodeError, NativeError) as error:
            if not isinstance(error, EmptyPackage):
                self._unread[file.name] = error.message
            self._notes.append(f"{shown(file.name)} was not looked into any further: {error.message}")

    def _note_class(self, archive: str, name: str, head: bytes) -> None:
        if not _UNVERSIONED.search(name):
            version = class_version(head)
            if version:
                self._oldest[archive] = min(version, self._oldest.get(archive, version))
            if version > self._classes.get(archive, (0, ""))[0]:
                self._classes[archive] = (version, name)

    def _texts(self, files: dict[str, File]) -> dict[str, bytes]:
        wanted = {name: limit for name in files if (limit := Texts.wanted(name))}
        for native in self._natives:
            wanted.update((name, Texts.LIMIT) for name in Texts.package_json(native.name) if name in files)
        texts: dict[str, bytes] = {}
        left = Texts.ALL
        for name, limit in sorted(wanted.items()):
            file = files[name]
            if file.target:
                continue
            if file.size > min(limit, left):
                self._notes.append(f"{shown(name)} has {file.size:,} bytes, more than is read of such files.")
                continue
            texts[name] = file.read()
            left -= file.size
        for name in files:
            if name == "bootstrap" or (self._root == LAYER_ROOT and posixpath.dirname(name) == "extensions"):
                link = files[name].target
                end = posixpath.normpath(posixpath.join(posixpath.dirname(name), link)) if link else name
                if end in files and not files[end].target:
                    texts.setdefault(end, files[end].peek(Texts.BOOTSTRAP))
        return texts


def _native(file: File, look: Look, name: str, place: str) -> Native | None:
    match look:
        case Look.ELF:
            parts = file.parts
            part = elf_native_in_part(name, place, file.size, parts) if parts else None
            return part or elf_native(name, place, file.read())
        case Look.MACH_O:
            return mach_o_native(name, place, file.size, file.peek(MORE))
        case Look.PE:
            found = pe_native(name, place, file.size, file.peek(MORE))
            if found or not promises_library(name):
                return found
    return other_native(name, place, file.size, file.peek(MORE))
