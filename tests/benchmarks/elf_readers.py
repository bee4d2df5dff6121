# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ELF files need and define, read by ours, by pyelftools or by auditwheel: `python elf_readers.py READER PATH`.

Prints JSON: the seconds of reading, without imports and without putting what was read into one form for all readers;
how many files had what was asked for; and a digest of that form, by which two readers can be held against each other.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

# By which names Python, Ruby and Node.js start an extension: of what it defines, and of what it calls.
_STARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    ".so": (("PyInit_", "PyInitU_", "Init_"), ()),
    ".node": (
        ("napi_register_module_v", "node_register_module_v"),
        ("napi_module_register", "node_module_register"),
    ),
}
_VISIBLE = ("STV_DEFAULT", "STV_PROTECTED")

Facts = tuple[str, tuple[Iterable[Any], ...]]  # a file's name and what was read of it


def ours(path: str) -> Iterator[Facts]:
    collections = Path(os.environ["LAMBDAOPS_CACHE"]) / "collections"
    sys.path.insert(0, str(collections))
    from ansible_collections.lambdaops.deploy.plugins.module_utils._native.reading import read_contents

    def read() -> Iterator[Facts]:
        for native in read_contents(path).natives:
            if elf := native.elf:
                texts = (elf.needed, elf.soname, elf.rpath, elf.runpath, elf.interpreter)
                yield native.name, (*texts, elf.needs, elf.defines, native.entry_points)

    return read()


def pyelftools(path: str, entry_points: bool = True) -> Iterator[Facts]:
    from elftools.elf.dynamic import DynamicSegment
    from elftools.elf.elffile import ELFFile
    from elftools.elf.gnuversions import GNUVerDefSection, GNUVerNeedSection
    from elftools.elf.sections import SymbolTableSection
    from elftools.elf.segments import InterpSegment

    def points(symbols: Any, exported: tuple[str, ...], called: tuple[str, ...]) -> Iterator[str]:
        for symbol in symbols.iter_symbols():
            name = symbol.name
            wanted = name in called if symbol["st_shndx"] == "SHN_UNDEF" else name.startswith(exported)
            if wanted and symbol["st_info"]["bind"] != "STB_LOCAL" and symbol["st_other"]["visibility"] in _VISIBLE:
                yield name

    def read_one(file: Path) -> tuple[Iterable[Any], ...]:
        needed, soname, rpath, runpath, interpreter = [], "", "", "", ""
        needs: list[tuple[str, str, bool]] = []
        defines: list[str] = []
        starts = _STARTS.get(file.suffix) if entry_points else None
        found: set[str] = set()
        with file.open("rb") as stream:
            elf = ELFFile(stream)
            for segment in elf.iter_segments():
                if isinstance(segment, InterpSegment):
                    interpreter = segment.get_interp_name()
                elif isinstance(segment, DynamicSegment):
                    for tag in segment.iter_tags():
                        match tag.entry.d_tag:
                            case "DT_NEEDED":
                                needed.append(tag.needed)
                            case "DT_SONAME":
                                soname = tag.soname
                            case "DT_RPATH":
                                rpath = tag.rpath
                            case "DT_RUNPATH":
                                runpath = tag.runpath
            for section in elf.iter_sections():
                if isinstance(section, GNUVerNeedSection):
                    for library, versions in section.iter_versions():
                        needs += [(library.name, version.name, bool(version["vna_flags"] & 2)) for version in versions]
                elif isinstance(section, GNUVerDefSection):
                    for definition, names in section.iter_versions():
                        name = next(names).name
                        if not definition["vd_flags"] & 1:
                            defines.append(name)
                elif starts and isinstance(section, SymbolTableSection) and section["sh_type"] == "SHT_DYNSYM":
                    found.update(points(section, *starts))
        return tuple(needed), soname, rpath, runpath, interpreter, needs, defines, found

    return ((file.relative_to(path).as_posix(), read_one(file)) for file in _files(path))


def auditwheel(path: str) -> Iterator[Facts]:
    """Needed libraries and versions only: it reads nothing else."""
    from auditwheel.elfutils import elf_file_filter, elf_find_versioned_symbols, elf_read_dt_needed

    def needed(file: Path) -> list[str]:
        try:
            return elf_read_dt_needed(file)
        except ValueError:  # a program that needs none
            return []

    return (
        (file.relative_to(path).as_posix(), (needed(file), list(elf_find_versioned_symbols(elf))))
        for file, elf in elf_file_filter(_files(path))
    )


def _files(path: str) -> Iterator[Path]:
    return (Path(folder, name) for folder, _folders, names in os.walk(path) for name in names)


READERS: dict[str, Callable[[str], Iterator[Facts]]] = {
    "ours": ours,
    "pyelftools": pyelftools,
    "pyelftools, no entry points": partial(pyelftools, entry_points=False),
    "auditwheel": auditwheel,
}


def _in_one_form(needed: Iterable[str], *others: Iterable[object]) -> tuple[object, ...]:
    """Only needed libraries have an order that means something."""
    return list(needed), *(other if isinstance(other, str) else sorted(map(_plain, other)) for other in others)


def _plain(item: object) -> Any:
    return tuple(item) if isinstance(item, tuple) else item


def main(reader: str, path: str) -> None:
    gc.set_threshold(50_000)  # as in tasks of this collection; it is to the advantage of all readers
    facts = READERS[reader](path)
    begun = time.perf_counter()
    found = list(facts)
    seconds = time.perf_counter() - begun
    formed = sorted((name, _in_one_form(*facts)) for name, facts in found)
    digest = hashlib.sha256(repr(formed).encode()).hexdigest()
    print(json.dumps({"seconds": seconds, "files": len(found), "digest": digest}))


if __name__ == "__main__":
    main(*sys.argv[1:])
