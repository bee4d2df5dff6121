# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ELF files against readelf: those of this machine, and libraries assembled for both classes and both byte orders."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.elf import Elf, Need, elf_of, read_elf
from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.segments import (
    MAGIC,
    read_few_segments,
    read_segments,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.symbols import NODE, PYTHON_AND_RUBY, entry_points
from lambdaops_testbed.debian import require
from lambdaops_testbed.images.elf import Export, Import, SharedObject, write
from lambdaops_testbed.images.elf_file import Machine
from lambdaops_testbed.images.release import Release, files_of

MACHINES = {
    "Advanced Micro Devices X86-64": "x86_64",
    "AArch64": "aarch64",
    "Intel 80386": "i386",
    "PowerPC": "ppc",
    "PowerPC64": "ppc64",
}
KINDS = {
    "DYN (Shared object file)": "shared object",
    "DYN (Position-Independent Executable file)": "executable",
    "EXEC (Executable file)": "executable",
    "REL (Relocatable file)": "relocatable",
    "CORE (Core file)": "core",
}


def told_by_readelf(files: list[Path]) -> Iterator[tuple[Path, Elf]]:
    """readelf prints "File: PATH" before each of several files."""
    command = [require("readelf", "binutils"), "-hldVW", "--", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=True, errors="replace")
    for block in re.split(r"^\n?File: ", done.stdout, flags=re.MULTILINE)[1:]:
        path, text = block.split("\n", 1)
        yield Path(path), parse(text)


def parse(text: str) -> Elf:
    def one(pattern: str) -> str:
        found = re.search(pattern, text, re.MULTILINE)
        return found[1] if found else ""

    machine = one(r"^  Machine: +(.*)$")
    library, needs, defines = "", [], set()
    for line in text.splitlines():
        if found := re.search(r"Version: \d+  File: (\S+)", line):
            library = found[1]
        elif found := re.search(r"  Name: (\S+)  Flags: (.*?)  Version: \d+$", line):
            needs.append(Need(library, found[1], "WEAK" in found[2]))
        elif (found := re.search(r"Rev: \d+  Flags: (.*?) *Index: \d+  Cnt: \d+  Name: (.*)$", line)) and (
            "BASE" not in found[1]
        ):
            defines.add(found[2])
    return Elf(
        machine=MACHINES.get(machine, machine),
        bits=int(one(r"^  Class: +ELF(\d+)$")),
        little_endian="little endian" in one(r"^  Data: +(.*)$"),
        kind=KINDS[one(r"^  Type: +(.*)$")],
        soname=one(r"\(SONAME\).*\[(.*)\]$"),
        needed=tuple(re.findall(r"\(NEEDED\).*\[(.*)\]$", text, re.MULTILINE)),
        needs=tuple(needs),
        defines=frozenset(defines),
        rpath=one(r"\(RPATH\).*\[(.*)\]$"),
        runpath=one(r"\(RUNPATH\).*\[(.*)\]$"),
        interpreter=one(r"program interpreter: (.*)\]$"),
    )


def is_small_elf(path: Path) -> bool:
    """readelf takes seconds for the largest ones."""
    if not path.is_file() or path.stat().st_size > 4 << 20:
        return False
    with path.open("rb") as file:
        return file.read(4) == MAGIC


def real_files() -> list[Path]:
    """Libraries of this system and of the wheels here, and some programs; each file once."""
    folders = [Path("/usr/lib") / str(sysconfig.get_config_var("MULTIARCH")), Path("/usr/lib64")]
    found = [path for folder in folders for path in sorted(folder.glob("*.so*"))[:200]]
    found += sorted(Path(sysconfig.get_path("platlib")).rglob("*.so*"))[:250]
    found += sorted(Path("/usr/bin").iterdir())[:40]
    return sorted({path.resolve() for path in found if is_small_elf(path)})


def test_real_files_read_as_readelf_reads_them() -> None:
    files = real_files()
    assert len(files) >= 150
    seen = 0
    for path, expected in told_by_readelf(files):
        assert read_elf(path.read_bytes(), str(path)) == expected, path
        seen += 1
    assert seen == len(files)


def test_a_few_parts_of_real_files_say_the_same_as_all_of_them() -> None:
    files, seen = real_files(), 0
    for path in files:
        content = path.read_bytes()
        few = read_few_segments(lambda offset, size, whole=content: whole[offset : offset + size], len(content))
        if few is None:
            continue
        seen += 1
        assert len(few.content) <= len(content) // 2
        assert elf_of(few, "x") == read_elf(content, "x"), path
        for starts in (NODE, PYTHON_AND_RUBY):
            assert entry_points(few, starts, "x") == entry_points(read_segments(content, "x"), starts, "x"), path
    assert seen >= len(files) // 4


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_images_of_the_testbed(machine: str, tmp_path: Path) -> None:
    written = []
    for name, entry in files_of(Release("2023.6.20241031", machine)).items():
        if entry.content.startswith(MAGIC):
            written.append(tmp_path / name.replace("/", "_"))
            written[-1].write_bytes(entry.content)
    assert len(written) > 50
    for path, expected in told_by_readelf(written):
        assert read_elf(path.read_bytes(), str(path)) == expected, path


def test_weak_needs(tmp_path: Path) -> None:
    imports = (Import("liba.so", "A_1", weak=True), Import("liba.so", "A_2"), Import("libb.so", "B_1", weak=True))
    content = write(SharedObject(Machine.X86_64, soname="libc.so", needed=("liba.so", "libb.so"), imports=imports))
    (tmp_path / "one").write_bytes(content)
    (tmp_path / "two").write_bytes(content)
    for _path, expected in told_by_readelf([tmp_path / "one", tmp_path / "two"]):
        assert read_elf(content, "libc.so") == expected
    assert read_elf(content, "libc.so").needs == (
        Need("liba.so", "A_1", True),
        Need("liba.so", "A_2", False),
        Need("libb.so", "B_1", True),
    )


ASSEMBLERS = {
    "x86, 32 bit, little endian": (("as", "--32"), ("ld", "-m", "elf_i386"), "binutils", "i386"),
    "x86, 64 bit, little endian": (("as", "--64"), ("ld", "-m", "elf_x86_64"), "binutils", "x86_64"),
    "ppc, 32 bit, big endian": (
        ("powerpc-linux-gnu-as", "-a32", "-mbig"),
        ("powerpc-linux-gnu-ld", "-m", "elf32ppclinux"),
        "binutils-powerpc-linux-gnu",
        "ppc",
    ),
    "ppc, 64 bit, big endian": (
        ("powerpc-linux-gnu-as", "-a64", "-mbig"),
        ("powerpc-linux-gnu-ld", "-m", "elf64ppc"),
        "binutils-powerpc-linux-gnu",
        "ppc64",
    ),
}


@pytest.mark.parametrize("name", ASSEMBLERS)
def test_both_classes_and_both_byte_orders(name: str, tmp_path: Path) -> None:
    """Two libraries and a program, linked with version scripts, a run path of either kind, and an interpreter."""
    (assembler, *a_options), (linker, *l_options), package, machine = ASSEMBLERS[name]

    def link(target: str, source: str, *options: str) -> Path:
        (tmp_path / f"{target}.s").write_text(source)
        run(require(assembler, package), *a_options, "-o", f"{target}.o", f"{target}.s")
        run(require(linker, package), *l_options, "-o", target, f"{target}.o", *options)
        return tmp_path / target

    def run(*command: object) -> None:
        subprocess.run([str(part) for part in command], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "versions").write_text("LIB_1 { global: old; }; LIB_1.1 { global: new; } LIB_1;")
    lower = link(
        "liblower.so.1",
        ".globl old\n.globl new\n.type old, %function\n.type new, %function\nold:\nnew:\n.long 0\n",
        *("-shared", "-soname", "liblower.so.1", "--version-script", "versions"),
    )
    upper = link(
        "libupper.so",
        ".globl mine\nmine:\n.long 0\n.data\n.dc.a old\n.dc.a new\n",
        *("-shared", "-soname", "libupper.so", "liblower.so.1", "--disable-new-dtags", "-rpath", "$ORIGIN/a:/b"),
    )
    program = link(
        "program",
        ".globl _start\n_start:\n.long 0\n.data\n.dc.a new\n",
        *("-pie", "liblower.so.1", "--enable-new-dtags", "-rpath", "$ORIGIN", "-I", "/lib/ld.so.1"),
    )
    ours = {path: read_elf(path.read_bytes(), str(path)) for path in (lower, upper, program)}
    assert ours == dict(told_by_readelf([lower, upper, program]))
    assert {elf.machine for elf in ours.values()} == {machine}
    assert ours[lower].defines == {"LIB_1", "LIB_1.1"}
    assert {need.version for need in ours[upper].needs} == {"LIB_1", "LIB_1.1"}
    assert (ours[upper].rpath, ours[upper].runpath) == ("$ORIGIN/a:/b", "")
    assert (ours[program].rpath, ours[program].runpath) == ("", "$ORIGIN")
    assert (ours[program].kind, ours[program].interpreter) == ("executable", "/lib/ld.so.1")


def test_a_stripped_library_reads_the_same_without_section_headers() -> None:
    content = write(SharedObject(Machine.AARCH64, soname="libx.so", defines=("X_1",), exports=(Export("x", "X_1"),)))
    without = content[:40] + bytes(8) + content[48:58] + bytes(6) + content[64:]
    assert read_elf(without, "libx.so") == read_elf(content, "libx.so")
