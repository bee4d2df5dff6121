# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""What the loader finds in an image: the shared libraries of its search directories, and what they define.

Directories for certain processors (glibc-hwcaps) are not looked at, and neither is what a program names itself (dlopen,
RPATH). Sources: ld.so(8); ldconfig(8); glibc, elf/dl-load.c and elf/ldconfig.c.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .._elf.elf import Elf
from .._rpm.closures import container_only
from .._rpm.packages import Package
from .references import Platform
from .rootfs import Found, Rootfs, Undecided
from .views import Directory, File, Regular, look_into
from .wanted import NOTHING, Wanted, wanted

# Asked for at once, so that a second reading of layers is needed only where links or ld.so.conf lead elsewhere.
_USUAL = ("var/lang/lib", "lib64", "usr/lib64", "lib", "usr/lib", "var/runtime", "var/runtime/lib", "opt/lib")
_LINKED = ("etc/alternatives", "usr/lib64/pkcs11")  # libnssckbi.so leads through the one into the other
_DEFAULT = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")
_CONFIGURATION = "etc/ld.so.conf"
_CONFIGURATIONS = "etc/ld.so.conf.d"
# No real configuration is near; bytes are those of one file, words those of all.
_INCLUDES, _BYTES, _WORDS, _DIRECTORIES = 100, 1 << 20, 10_000, 200
_LIBRARY = re.compile(r"\.so(\.|$)")
_PROVIDED = re.compile(r"(.+?)\(([^()]*)\)(\(64bit\))?")
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_SENTENCES = 20


@dataclass(frozen=True, slots=True)
class Library:
    """name: the file name that the loader looks for (`libstdc++.so.6`); path: the first hit in search order, links
    followed, without a leading slash; versions: the symbol versions it defines; package: "" when none owns it;
    directory: the one of `LibraryFacts.search` in which it was found."""

    name: str
    path: str
    versions: frozenset[str]
    package: str
    directory: str = ""


@dataclass(frozen=True, slots=True)
class LibraryFacts:
    """libraries: by name, those that programs are linked to; aliases: other names of files in the same directories,
    such as `libz.so` and `libz.so.1.2.11`, which the loader would open but nothing is linked to.

    search: the directories in the loader's order; container_only: names of libraries that are there only because the
    package manager needs them; unread: sentences, why something is not known; unreadable: names of libraries that are
    there, but of which it is not known what they define; whole: whether what is not listed is not there.
    """

    libraries: tuple[Library, ...]
    search: tuple[str, ...]
    container_only: tuple[str, ...]
    unread: tuple[str, ...]
    aliases: tuple[Library, ...] = ()
    unreadable: tuple[str, ...] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class _Hit:
    """What a name leads to first. unread: why what it defines is not known, or ""."""

    elf: Elf | None
    path: str
    directory: str
    unread: str = ""


class LibrarySearch:
    """search: the directories of LD_LIBRARY_PATH; relative ones mean the working directory, so they are left out."""

    def __init__(self, search: Sequence[str], platform: Platform) -> None:
        self._search = [directory for directory in search if directory.startswith("/")]
        self._machine = _MACHINES.get(platform.architecture, platform.architecture)
        asked = {posixpath.normpath(directory).strip("/") for directory in self._search}
        self.wanted = wanted([_CONFIGURATION], {*_USUAL, *_LINKED, *asked, _CONFIGURATIONS})

    def questions(self, rootfs: Rootfs) -> Wanted | None:
        """Look through a whole image; what has to be asked for before all is known, or None."""
        self._rootfs = rootfs
        self._open = NOTHING
        self._notes: list[str] = []
        self._hits: dict[str, _Hit | None] = {}
        self._configurations: set[str] = set()
        self._words, self._includes = _WORDS, _INCLUDES
        self._directories = self._found_directories()
        for real in self._directories:
            names = rootfs.children(real)
            if isinstance(names, Undecided):
                self._open |= names.more
                continue
            for name in sorted(names):
                if name not in self._hits and _LIBRARY.search(name):
                    self._try(real, name)
        return self._open or None

    def facts(self, packages: Sequence[Package] | None, image: str) -> LibraryFacts:
        """What was found in the last look. image: its name, for sentences."""
        owners = self._owners(packages or ())
        unread = [f"{image}: {note}." for note in self._notes]
        if self._open:
            unread.append(f"{image} has libraries behind too many links.")
        libraries: list[Library] = []
        aliases: list[Library] = []
        unreadable: list[str] = []
        provided = {package.name: _provided(package) for package in packages or ()}
        for name, hit in sorted(self._hits.items()):
            if hit is None:
                continue
            package = owners.get(hit.path) or owners.get(f"{hit.directory}/{name}", "")
            versions = hit.elf.defines if hit.elf else provided.get(package, {}).get(name)
            if versions is None:
                unread.append(f"{image}, /{hit.path}: {hit.unread}.")
                unreadable.append(name)
                continue
            linked = hit.elf is None or hit.elf.soname in ("", name)
            written = self._directories[hit.directory]
            (libraries if linked else aliases).append(Library(name, hit.path, versions, package, written))
        unneeded = container_only(packages or ())
        if len(unread) > _SENTENCES:
            unread[_SENTENCES:] = [f"{image} has {len(unread) - _SENTENCES} more libraries that can't be read."]
        return LibraryFacts(
            libraries=tuple(libraries),
            search=tuple(self._directories.values()),
            container_only=tuple(library.name for library in libraries if library.package in unneeded),
            unread=tuple(unread),
            aliases=tuple(aliases),
            unreadable=tuple(unreadable),
            whole=not self._notes and not self._open,
        )

    def _try(self, directory: str, name: str) -> None:
        """The loader goes on to the next directory where a file is for another machine, and gives up where it is no
        library at all."""
        answer = self._rootfs.resolve(f"{directory}/{name}", content=False)
        if isinstance(answer, Undecided):
            self._open |= answer.more
            return
        if not isinstance(answer, Found) or not isinstance(answer.node, File | Regular):
            return
        node = answer.node if isinstance(answer.node, Regular) else look_into(answer.node.content)
        elf = node.elf
        if elf and (elf.machine, elf.bits) != (self._machine, 64):
            return
        known = node.unread or (elf and elf.kind == "shared object")
        self._hits[name] = _Hit(elf, answer.path, directory, node.unread) if known else None

    def _found_directories(self) -> dict[str, str]:
        """Real path → as it was written, in the loader's order; each directory once."""
        found: dict[str, str] = {}
        for written in (*self._search, *self._configured(_CONFIGURATION), *_DEFAULT):
            match self._rootfs.resolve(posixpath.normpath(written)):
                case Found(Directory(), real):
                    found.setdefault(real, written)
                case Undecided(more):
                    self._open |= more
                case _:
                    continue
            if len(found) > _DIRECTORIES:
                self._note(f"only the first {_DIRECTORIES} directories of libraries were looked at")
                break
        return found

    def _configured(self, path: str) -> Iterator[str]:
        """The directories of a configuration and of those that it includes, each configuration once."""
        match self._rootfs.resolve(path):
            case Found(File(content), real) if real not in self._configurations:
                self._configurations.add(real)
                text = content[:_BYTES].decode("utf-8", "surrogateescape")
                lines = [line.partition("#")[0].split() for line in text.split("\n")]
                self._words -= sum(1 + len(words) for words in lines)
                if self._words < 0 or len(content) > _BYTES:
                    self._note("its ld.so.conf is longer than is read")
                    return
            case Undecided(more):
                self._open |= more
                return
            case _:
                return
        for words in lines:
            if words[:1] == ["include"]:
                for pattern in words[1:]:
                    yield from self._included(posixpath.join("/", posixpath.dirname(path), pattern))
            elif words[:1] != ["hwcap"]:
                parts = re.split(r"[ ,:]+", " ".join(words))
                yield from (part.partition("=")[0] for part in parts if part.startswith("/"))

    def _included(self, pattern: str) -> Iterator[str]:
        directory, base = posixpath.split(posixpath.normpath(pattern))
        self._includes -= 1
        if self._includes < 0 or set("*?[") & set(directory):
            self._note("its ld.so.conf includes more than is followed")
            return
        match self._rootfs.resolve(directory):
            case Found(Directory(), real):
                names = self._rootfs.children(real)
                if isinstance(names, Undecided):
                    self._open |= names.more
                    return
                for name in sorted(names):
                    if fnmatchcase(name, base) and name.startswith(".") == base.startswith("."):  # as glob(3) does
                        yield from self._configured(f"{directory}/{name}")
            case Undecided(more):
                self._open |= more
            case _:
                return

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)

    def _owners(self, packages: Sequence[Package]) -> dict[str, str]:
        """Real path of a file → the package that owns it: packages name files behind links, such as /lib64."""
        real: dict[str, str] = {}
        owners: dict[str, str] = {}
        for package in packages:
            for path in package.files:
                directory, _slash, base = path.rpartition("/")
                if directory not in real:
                    answer = self._rootfs.resolve(directory)
                    real[directory] = answer.path if isinstance(answer, Found) else directory
                owners[f"{real[directory]}/{base}"] = package.name
        return owners


def _provided(package: Package) -> dict[str, frozenset[str]]:
    """`libc.so.6(GLIBC_2.34)(64bit)` → the versions of libc.so.6; `libz.so.1()(64bit)` → that it is there."""
    versions: dict[str, set[str]] = {}
    for text in package.libraries:
        if found := _PROVIDED.fullmatch(text):
            versions.setdefault(found[1], set()).update([found[2]] if found[2] else [])
    return {name: frozenset(names) for name, names in versions.items()}
