# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What other programs say of ELF files, taken from their output: readelf, auditwheel, ldd."""

from __future__ import annotations

import posixpath
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from auditwheel.elfutils import elf_find_versioned_symbols
from elftools.elf.elffile import ELFFile

from ..debian import require

_FILE = re.compile(r"^File: (.+)$", re.MULTILINE)
_ENTRY = re.compile(r"\((NEEDED|SONAME|RPATH|RUNPATH)\)[^\[]*\[([^\]]*)\]")
_LIBRARY = re.compile(r"Version: \d+\s+File: (\S+)\s+Cnt:")
_VERSION = re.compile(r"Name: (\S+)\s+Flags: (.*?)\s+Version: \d+")
_MISSING = re.compile(r"^(\S+) => not found$", re.MULTILINE)
_OTHER_C_LIBRARY = re.compile(r"^libc\.(?:so|musl\S*) => not found$", re.MULTILINE)  # of Alpine or Android
_FOUND = re.compile(r"^(\S+) => (/\S+) \(0x", re.MULTILINE)
_LACKING = re.compile(r"(\S+): version `([^']+)' not found \(required by (\S+)\)")
_CHUNK = 400  # files for one run of readelf


@dataclass(frozen=True, slots=True)
class Dynamic:
    """needs: (library, version, weak)."""

    needed: tuple[str, ...]
    soname: str
    rpath: str
    runpath: str
    needs: frozenset[tuple[str, str, bool]]


def readelf(paths: Iterable[Path]) -> dict[Path, Dynamic]:
    """`readelf -dVW` of files that have section headers."""
    names = [str(path) for path in paths]
    found: dict[Path, Dynamic] = {}
    for start in range(0, len(names), _CHUNK):
        chunk = names[start : start + _CHUNK]
        # One file alone is not named in the output.
        command = [str(require("readelf", "binutils")), "-dVW", *chunk, chunk[0]]
        said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
        parts = _FILE.split(said)
        found |= {Path(name): _dynamic(text) for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    return found


def _dynamic(text: str) -> Dynamic:
    entries = _ENTRY.findall(text)
    needs, library = set(), ""
    for line in text.partition("Version needs section")[2].splitlines():
        if found := _LIBRARY.search(line):
            library = found[1]
        elif found := _VERSION.search(line):
            needs.add((library, found[1], "WEAK" in found[2]))
    named = dict(entries)
    return Dynamic(
        needed=tuple(value for kind, value in entries if kind == "NEEDED"),
        soname=named.get("SONAME", ""),
        rpath=named.get("RPATH", ""),
        runpath=named.get("RUNPATH", ""),
        needs=frozenset(needs),
    )


def auditwheel(path: Path) -> frozenset[tuple[str, str]]:
    """(library, version), without those of the loader itself, which it leaves out."""
    with path.open("rb") as file:
        return frozenset(elf_find_versioned_symbols(ELFFile(file)))


@dataclass(frozen=True, slots=True)
class Unfound:
    """libraries: that are nowhere; versions: (library, version) that a library found lacks."""

    libraries: frozenset[str]
    versions: frozenset[tuple[str, str]]


def unfound(ldd: Mapping[str, str]) -> Unfound:
    """What ldd does not find for all files together, leaving out those that are built for another C library."""
    said = "\n".join(text for text in ldd.values() if not _OTHER_C_LIBRARY.search(text))
    lacking = {(Path(library).name, version) for library, version, _by in _LACKING.findall(said)}
    return Unfound(frozenset(_MISSING.findall(said)), frozenset(lacking))


def found(said: str) -> dict[str, str]:
    """Name → place, of what ldd finds for one file."""
    return {name: posixpath.normpath(place) for name, place in _FOUND.findall(said)}


def newest(versions: Iterable[str], family: str) -> str:
    """The highest of `GLIBC_2.17`, `GLIBC_2.4`; "" without any."""
    numbers = [version.removeprefix(f"{family}_") for version in versions if re.fullmatch(rf"{family}_[\d.]+", version)]
    top = max(numbers, key=lambda number: [int(part) for part in number.split(".")], default="")
    return f"{family}_{top}" if top else ""
