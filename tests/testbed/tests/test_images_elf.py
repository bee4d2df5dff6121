# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ELF writer against two readers that are not ours: readelf, and the loader of this machine."""

from __future__ import annotations

import ctypes
import platform
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lambdaops_testbed.debian import require
from lambdaops_testbed.images.elf import Export, Import, SharedObject, write
from lambdaops_testbed.images.elf_file import Machine

HERE = Machine.AARCH64 if platform.machine() == "aarch64" else Machine.X86_64
NAMES = st.text("abcXYZ019_.+-", min_size=1, max_size=12)


def unique(size: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(NAMES, max_size=size, unique=True).map(tuple)


@st.composite
def shared_objects(draw: st.DrawFn) -> SharedObject:
    defines = draw(unique(6))
    version = st.sampled_from([None, *defines])
    exports = st.lists(
        st.builds(Export, NAMES, version, st.integers(0, 65535)), max_size=6, unique_by=lambda e: e.symbol
    )
    imports = st.lists(
        st.builds(Import, NAMES, NAMES, st.none() | NAMES, st.booleans()),
        max_size=6,
        unique_by=(lambda i: i.version, lambda i: i.symbol),
    )
    return SharedObject(
        machine=draw(st.sampled_from(Machine)),
        soname=draw(NAMES),
        needed=draw(unique(4)),
        defines=defines,
        exports=tuple(draw(exports)),
        imports=tuple(draw(imports)),
        rpath=draw(st.none() | NAMES),
        runpath=draw(st.none() | NAMES),
        interpreter=draw(st.none() | NAMES),
        sysv_hash=draw(st.booleans()),
    )


def readelf(path: Path) -> str:
    program = require("readelf", "binutils")
    done = subprocess.run([program, "-hldVW", "--dyn-syms", path], capture_output=True, text=True, check=True)
    assert done.stderr == ""  # where it prints its doubts
    return done.stdout


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(library=shared_objects())
def test_readelf_reads_what_was_written(library: SharedObject, tmp_path: Path) -> None:
    path = tmp_path / "library.so"
    path.write_bytes(write(library))
    seen = readelf(path)
    machine = {"Advanced Micro Devices X86-64": Machine.X86_64, "AArch64": Machine.AARCH64}
    assert machine[re.findall(r"Machine: +(.*)", seen)[0]] is library.machine
    assert re.findall(r"\(NEEDED\) +Shared library: \[(.*)\]", seen) == list(library.needed)
    assert re.findall(r"\(SONAME\) +Library soname: \[(.*)\]", seen) == [library.soname]
    for tag, value in (("RPATH", library.rpath), ("RUNPATH", library.runpath)):
        assert re.findall(rf"\({tag}\) +Library \w+: \[(.*)\]", seen) == ([value] if value else [])
    interpreter = [library.interpreter] if library.interpreter else []
    assert re.findall(r"Requesting program interpreter: (.*)\]", seen) == interpreter
    assert re.findall(r"Flags: none +Index: \d+ +Cnt: \d+ +Name: (\S+)", seen) == list(library.defines)
    needs = {(i.library, i.version, "WEAK" if i.weak else "none") for i in library.imports}
    assert needed_versions(seen) == needs
    symbols = set(re.findall(r"FUNC +GLOBAL DEFAULT +(\S+) (\S+)", seen))
    exported = {name for section, name in symbols if section != "UND"}
    # What has the name of its version is taken for the version's own symbol, and shown without it.
    assert exported == {
        f"{e.symbol}@@{e.version}" if e.version not in (None, e.symbol) else e.symbol for e in library.exports
    }
    imported = {name for section, name in symbols if section == "UND"}
    assert imported == {f"{i.symbol}@{i.version}" for i in library.imports if i.symbol}


def needed_versions(seen: str) -> set[tuple[str, str, str]]:
    found, library = set(), ""
    for line in seen.splitlines():
        if match := re.search(r"Version: 1  File: (\S+)", line):
            library = match[1]
        elif match := re.search(r"Name: (\S+)  Flags: (\S+)  Version: \d+", line):
            found.add((library, match[1], match[2]))
    return found


@pytest.mark.parametrize("sysv_hash", [False, True])
def test_the_loader_finds_and_runs_functions(sysv_hash: bool, tmp_path: Path) -> None:
    exports = (Export("one", "V_1", 1), Export("two", "V_2", 65535), Export("bare", None, 3))
    imports = (Import("libc.so.6", "GLIBC_2.17", "malloc"),)
    wanted = SharedObject(HERE, "libx.so.1", ("libc.so.6",), ("V_1", "V_2"), exports, imports, sysv_hash=sysv_hash)
    loaded = load(tmp_path / "libx.so.1", wanted)
    assert (loaded.one(), loaded.two(), loaded.bare()) == (1, 65535, 3)
    with pytest.raises(AttributeError, match="undefined symbol: three"):
        _ = loaded.three


@pytest.mark.parametrize(
    ("library", "message"),
    [
        (SharedObject(HERE, needed=("libnowhere.so.7",)), "libnowhere.so.7: cannot open shared object file"),
        (
            SharedObject(HERE, needed=("libc.so.6",), imports=(Import("libc.so.6", "GLIBC_9.9"),)),
            "version `GLIBC_9.9' not found",
        ),
        (
            SharedObject(next(m for m in Machine if m is not HERE)),
            "cannot open shared object file|wrong ELF class|machine",
        ),
    ],
)
def test_the_loader_refuses(library: SharedObject, message: str, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=message):
        load(tmp_path / "broken.so", library)


def test_the_loader_lets_a_weak_version_pass(tmp_path: Path) -> None:
    weak = (Import("libc.so.6", "GLIBC_9.9", weak=True),)
    load(tmp_path / "weak.so", SharedObject(HERE, needed=("libc.so.6",), imports=weak))


def test_the_loader_follows_runpath_to_a_version_of_ours(tmp_path: Path) -> None:
    """What a native module in a package does with a library beside it."""
    below = SharedObject(HERE, "libours.so.1", defines=("OURS_1", "OURS_2"), exports=(Export("f", "OURS_2", 5),))
    (tmp_path / "libours.so.1").write_bytes(write(below))
    for version, loads in (("OURS_2", True), ("OURS_3", False)):
        above = SharedObject(
            HERE,
            f"lib{version}.so",
            needed=("libours.so.1",),
            imports=(Import("libours.so.1", version),),
            runpath="$ORIGIN",
        )
        if loads:
            load(tmp_path / f"{version}.so", above)
        else:
            with pytest.raises(OSError, match="version `OURS_3' not found"):
                load(tmp_path / f"{version}.so", above)


def load(path: Path, library: SharedObject) -> ctypes.CDLL:
    path.write_bytes(write(library))
    return ctypes.CDLL(str(path))
