# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn the tables of a release into what an image of it holds: packages, their database, libraries, os-release.

The rpm capabilities of a package are worked out from the very objects that are put beside it, so that the
database and the files can't disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import ModuleType

from . import amazon_linux_2, berkeley, catalog, libraries, rpmdb
from .elf import Export, Import, SharedObject, write
from .elf_file import Machine
from .oci import Entry, file, symlink
from .release_files import release_files

MACHINES = {"x86_64": (Machine.X86_64, "x86-64"), "aarch64": (Machine.AARCH64, "aarch-64")}
_LOADER = {"x86_64": "ld-linux-x86-64.so.2", "aarch64": "ld-linux-aarch64.so.1"}


@dataclass(frozen=True, slots=True)
class _System:
    """Its tables, its name, the version of glibc that all is built with, and the kind of rpm's database."""

    catalog: ModuleType
    libraries: ModuleType
    name: str
    glibc: str
    berkeley: bool = False


_AL2023 = _System(catalog, libraries, "Amazon Linux 2023", "GLIBC_2.34")
_AL2 = _System(amazon_linux_2, amazon_linux_2, "Amazon Linux 2", "GLIBC_2.26", berkeley=True)


@dataclass(frozen=True, slots=True)
class Library:
    """A shared library of a package: file below /usr/lib64, soname, versions defined, sonames needed."""

    package: str
    file: str
    soname: str
    versions: tuple[str, ...]
    needed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """One release of a system on one machine (x86_64, aarch64), with the development packages or without."""

    name: str
    machine: str
    development: bool = False

    @property
    def system(self) -> _System:
        return _AL2 if self.name in amazon_linux_2.INSTALLED_AT else _AL2023


@cache
def libraries_of(release: Release) -> tuple[Library, ...]:
    """All shared libraries, by soname."""
    known = release.system.libraries
    tables = [known.LIBRARIES, known.LIBRARY_DRIFT[release.name]]
    if release.development:
        tables.append(known.DEVELOPMENT_LIBRARIES)
    found: dict[str, Library] = {}
    for line in "".join(tables).replace(_LOADER["x86_64"], _LOADER[release.machine]).split("\n"):
        if line:
            package, path, soname, versions, *needed = line.split()
            key = versions if versions in known.VERSIONS else f"{versions}/{release.machine}"
            found[soname] = Library(package, path, soname, known.VERSIONS[key], tuple(needed))
    return tuple(found[soname] for soname in sorted(found))


@cache
def programs_of(release: Release) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Program below /usr/bin -> (package, sonames needed)."""
    known = release.system.libraries
    table = known.PROGRAMS + (known.DEVELOPMENT_PROGRAMS if release.development else "")
    rows = (line.split() for line in table.splitlines() if line)
    return {program: (package, tuple(needed)) for package, program, *needed in rows}


@cache
def packages_of(release: Release) -> tuple[rpmdb.Package, ...]:
    """All installed packages, by name, with what they provide, require and own; and the key that rpm trusts."""
    known = release.system
    tables = [known.catalog.PACKAGES, known.catalog.DRIFT[release.name]]
    if release.development:
        tables += [known.catalog.DEVELOPMENT, known.catalog.DEVELOPMENT_DRIFT[release.name]]
    rows = {line.split()[0]: line.split()[1:] for line in "".join(tables).splitlines() if line}
    requires = {line.split()[0]: line.split()[1:] for line in known.libraries.REQUIRES.splitlines() if line}
    objects: dict[str, list[tuple[str, SharedObject]]] = {}
    for path, (package, shared) in _objects(release).items():
        objects.setdefault(package, []).append((path, shared))
    key = rpmdb.Package("gpg-pubkey", "d832c631", "6515c85e", None, summary="Amazon Linux <amazon-linux@amazon.com>")
    return (key, *(_package(name, rows[name], objects, requires, release) for name in sorted(rows)))


def _package(
    name: str,
    row: list[str],
    objects: dict[str, list[tuple[str, SharedObject]]],
    requires: dict[str, list[str]],
    release: Release,
) -> rpmdb.Package:
    evr, noarch = row[0].replace(".A", ".amzn2023.0"), len(row) > 1
    epoch, _, version_release = evr.rpartition(":")
    version, _, revision = version_release.partition("-")
    provides = [] if noarch else [rpmdb.Provide(f"{name}({MACHINES[release.machine][1]})", evr)]
    needs = list(requires.get(name, ()))
    for _path, shared in objects.get(name, ()):
        if shared.soname:
            provides += [rpmdb.Provide(_capability(shared.soname, v)) for v in ("", *shared.defines)]
        needs += [_capability(soname) for soname in shared.needed]
        needs += [_capability(wanted.library, wanted.version) for wanted in shared.imports]
    return rpmdb.Package(
        name=name,
        version=version,
        release=revision,
        arch="noarch" if noarch else release.machine,
        epoch=int(epoch) if epoch else None,
        summary=f"{name} of {release.system.name}",
        source=f"{name}-{version_release}.src.rpm",
        provides=tuple(provides),
        requires=tuple(dict.fromkeys(needs)),
        files=tuple(f"/{path}" for path in _owned(name, objects, release)),
    )


def _owned(name: str, objects: dict[str, list[tuple[str, SharedObject]]], release: Release) -> list[str]:
    paths = {f"usr/share/licenses/{name}/COPYING"}
    for path, shared in objects.get(name, ()):
        paths |= {path, f"usr/lib64/{shared.soname}"} if shared.soname else {path}
    if name == "system-release":
        paths |= {entry.name for entry in release_files(release.name)}
    return sorted(paths)


def _capability(soname: str, version: str = "") -> str:
    return f"{soname}({version})(64bit)"


@cache
def _objects(release: Release) -> dict[str, tuple[str, SharedObject]]:
    """Path -> (package, object) of every library and program."""
    machine = MACHINES[release.machine][0]
    known = {library.soname: library for library in libraries_of(release)}
    found = {}
    for library in known.values():
        exports = tuple(Export(f"{library.file.partition('.')[0]}_{v}", v, n) for n, v in enumerate(library.versions))
        found[f"usr/lib64/{library.file}"] = (
            library.package,
            SharedObject(
                machine,
                soname=library.soname,
                needed=_needed(library.needed, library.package),
                defines=library.versions,
                exports=exports or (Export(f"{library.file.partition('.')[0]}_version"),),
                imports=_imports(_needed(library.needed, library.package), known, release),
            ),
        )
    for program, (package, needed) in programs_of(release).items():
        needs = _needed(needed, package)
        imports = _imports(needs, known, release)
        interpreter = f"/lib64/{_LOADER[release.machine]}"
        shared = SharedObject(machine, needed=needs, imports=imports, interpreter=interpreter)
        found[f"usr/bin/{program}"] = (package, shared)
    return found


def _needed(needed: tuple[str, ...], package: str) -> tuple[str, ...]:
    return needed if package == "glibc" else (*needed, "libc.so.6")


def _imports(needed: tuple[str, ...], known: dict[str, Library], release: Release) -> tuple[Import, ...]:
    """The oldest version of each library needed; of libc also the one that all of this system is built with."""
    first = [Import(soname, known[soname].versions[0]) for soname in needed if known[soname].versions]
    return (*first, Import("libc.so.6", release.system.glibc)) if "libc.so.6" in needed else tuple(first)


@cache
def database_of(release: Release) -> Entry:
    """rpm's database, where rpm of this system has it."""
    system, packages = release.system, packages_of(release)
    installed_at = system.catalog.INSTALLED_AT[release.name]
    if system.berkeley:
        return file("var/lib/rpm/Packages", berkeley.write([rpmdb.header(one, installed_at) for one in packages]))
    return file("var/lib/rpm/rpmdb.sqlite", rpmdb.database(packages, installed_at))


@cache
def files_of(release: Release) -> dict[str, Entry]:
    """Path -> entry of all files that the packages own, the database and the release files included."""
    entries: list[Entry] = []
    for package in packages_of(release):
        if package.arch:
            licence = f"usr/share/licenses/{package.name}/COPYING"
            entries.append(file(licence, f"{package.name} {package.evr}\n".encode()))
    for path, (_package_name, shared) in _objects(release).items():
        entries.append(file(path, write(shared), mode=0o755))
        if shared.soname and not path.endswith(f"/{shared.soname}"):
            entries.append(symlink(f"usr/lib64/{shared.soname}", path.rpartition("/")[2]))
    entries += [*release_files(release.name), database_of(release)]
    return {entry.name: entry for entry in entries}
