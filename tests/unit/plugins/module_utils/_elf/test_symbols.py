# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entry points against readelf: of real extensions, of libraries assembled for both classes and byte orders, and of
files that were made to mislead."""

from __future__ import annotations

import re
import struct
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.errors import BrokenElf
from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.segments import (
    MAGIC,
    holds_debug_only,
    read_segments,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.symbols import NODE, PYTHON_AND_RUBY, entry_points
from lambdaops_testbed.debian import require
from lambdaops_testbed.images.elf import Export, Import, SharedObject, write
from lambdaops_testbed.images.elf_file import Machine

EXPORTED = re.compile(r"(PyInit_|PyInitU_|Init_|napi_register_module_v|node_register_module_v)")
CALLED = ("napi_module_register", "node_module_register")


def found(content: bytes | memoryview) -> frozenset[str]:
    segments = read_segments(content, "x")
    return entry_points(segments, PYTHON_AND_RUBY, "x") | entry_points(segments, NODE, "x")


def told_by_readelf(files: list[Path]) -> Iterator[tuple[Path, frozenset[str]]]:
    """readelf prints "File: PATH" before each of several files, and a version behind @ of a name."""
    command = [require("readelf", "binutils"), "--dyn-syms", "-W", "--", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=True, errors="replace")
    for block in re.split(r"^\n?File: ", done.stdout, flags=re.MULTILINE)[1:]:
        path, text = block.split("\n", 1)
        names = set()
        for line in text.splitlines():
            parts = line.split()
            if len(parts) < 8 or not parts[0].endswith(":") or parts[4] == "LOCAL":
                continue
            visible, section, name = parts[5], parts[6], parts[7].partition("@")[0]
            if visible in ("DEFAULT", "PROTECTED") and (
                name in CALLED if section == "UND" else EXPORTED.match(name) is not None
            ):
                names.add(name)
        yield Path(path), frozenset(names)


def real_files() -> list[Path]:
    """Extensions of this Python and of the wheels here, and libraries of this system."""
    folders = (sysconfig.get_path("platlib"), sysconfig.get_config_var("DESTSHARED"))
    paths = [path for folder in folders for path in sorted(Path(folder).rglob("*.so"))[:200]]
    paths += sorted((Path("/usr/lib") / str(sysconfig.get_config_var("MULTIARCH"))).glob("*.so*"))[:60]
    files = {path.resolve() for path in paths if path.is_file() and path.stat().st_size < 8 << 20}
    return sorted(path for path in files if path.read_bytes()[:4] == MAGIC)


def test_real_files_have_the_entry_points_that_readelf_shows() -> None:
    files = real_files()
    seen = dict(told_by_readelf(files))
    assert seen.keys() == set(files)
    for path, expected in seen.items():
        assert found(path.read_bytes()) == expected, path
    assert sum(bool(names) for names in seen.values()) > 60


SOURCE = """
.text
{exports}
{imports}
"""
PREFIXES = {
    "x86, 64 bit": ("", ("--64",), ("-m", "elf_x86_64"), "binutils"),
    "x86, 32 bit": ("", ("--32",), ("-m", "elf_i386"), "binutils"),
    "ppc, 32 bit, big endian": ("powerpc-linux-gnu-", ("-a32", "-mbig"), ("-m", "elf32ppclinux"), ""),
    "ppc, 64 bit, big endian": ("powerpc-linux-gnu-", ("-a64", "-mbig"), ("-m", "elf64ppc"), ""),
}
VISIBLE = ("PyInit_a", "PyInitU_b", "Init_c", "napi_register_module_v1", "node_register_module_v115")
SOURCES = {
    "all kinds": (VISIBLE, ("napi_module_register", "node_module_register")),
    "one weak": (("weak PyInit_a",), ()),
    "one protected": (("protected PyInit_a",), ()),
    "hidden ones": (("hidden PyInit_a", "hidden Init_b"), ()),
    "only similar names": (("xPyInit_a", "PyInit", "init_a", "my_napi_register_module_v1"), ("napi_module_registers",)),
    "defined where it is usually called": (("napi_module_register",), ()),
    "called where it is usually defined": ((), ("PyInit_a",)),
    "nothing but calls": ((), ("napi_module_register",)),
    "many": (tuple(f"PyInit_m{number}" for number in range(300)), ("puts",)),
}


@pytest.mark.parametrize("style", ["gnu", "sysv", "both"])
@pytest.mark.parametrize("target", PREFIXES)
def test_classes_byte_orders_and_hash_tables(target: str, style: str, tmp_path: Path) -> None:
    prefix, assembler, linker, package = PREFIXES[target]
    tools = [require(f"{prefix}{tool}", package or "binutils-powerpc-linux-gnu") for tool in ("as", "ld")]
    files = []
    for number, (exports, imports) in enumerate(SOURCES.values()):
        source, made, library = tmp_path / f"{number}.s", tmp_path / f"{number}.o", tmp_path / f"{number}.so"
        lines = []
        for export in exports:
            kind, _space, name = export.rpartition(" ")
            lines += [f".globl {name}", f".{kind or 'globl'} {name}", f"{name}: .long 0"]
        lines += [
            f".data\n.globl {name}\n.long {name}@GOT" for name in imports if "32 bit" in target and "x86" in target
        ]
        if not ("32 bit" in target and "x86" in target):
            lines += [f".section .data\n.{'quad' if '64' in target else 'long'} {name}" for name in imports]
        source.write_text(SOURCE.format(exports="\n".join(lines), imports=""))
        subprocess.run([tools[0], *assembler, "-o", made, source], check=True, capture_output=True)
        command = [tools[1], *linker, "-shared", f"--hash-style={style}", "-o", library, made]
        subprocess.run(command, check=True, capture_output=True)
        files.append(library)
    expected = dict(told_by_readelf(files))
    for name, file in zip(SOURCES, files, strict=True):
        assert found(file.read_bytes()) == expected[file], name
    assert found(files[0].read_bytes()) == {*VISIBLE, "napi_module_register", "node_module_register"}
    assert not found(files[3].read_bytes())
    assert found(files[7].read_bytes()) == {"napi_module_register"}
    assert len(found(files[8].read_bytes())) == 300


def library(**more: object) -> bytes:
    exports = (Export("f"), Export("PyInit_x"), Export("g"))
    return write(SharedObject(Machine.AARCH64, exports=exports, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("sysv", [True, False])
def test_either_hash_table_tells_how_many_symbols_there_are(sysv: bool) -> None:
    content = library(sysv_hash=sysv, imports=(Import("a", "A_1", symbol="napi_module_register"),))
    assert found(content) == {"PyInit_x", "napi_module_register"}


def test_a_file_without_symbols_has_none() -> None:
    assert not found(write(SharedObject(Machine.X86_64, needed=("liba.so",))))


def patched(content: bytes, tag: int, new_tag: int, value: int) -> bytes:
    """One entry of the dynamic section changed."""
    changed = bytearray(content)
    (count,) = struct.unpack_from("<H", content, 56)
    headers = [struct.unpack_from("<I4xQ", content, 64 + 56 * number) for number in range(count)]
    at = next(offset for kind, offset in headers if kind == 2)
    while struct.unpack_from("<Q", content, at)[0] != tag:
        at += 16
    struct.pack_into("<QQ", changed, at, new_tag, value)
    return bytes(changed)


HASH, SYMTAB, GNU_HASH, DEBUG = 4, 6, 0x6FFFFEF5, 21

NAMES = library(sysv_hash=True).index(b"PyInit_x")  # letters, which are large as numbers


def test_without_a_hash_table_the_loader_finds_nothing() -> None:
    assert not found(patched(library(), GNU_HASH, DEBUG, 0))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (patched(library(), SYMTAB, SYMTAB, 1 << 40), "nothing of it is loaded at the address 0x10000000000"),
        (patched(library(), GNU_HASH, GNU_HASH, 1 << 40), "nothing of it is loaded at the address 0x10000000000"),
        (patched(library(), GNU_HASH, GNU_HASH, 0x10), "it (has too many symbols|points outside of itself)"),
        (patched(library(sysv_hash=True), HASH, HASH, NAMES), "it has too many symbols"),
    ],
)
def test_damage_is_an_error_in_words(content: bytes, why: str) -> None:
    with pytest.raises(BrokenElf, match=rf"^x can't be read as an ELF file: {why}"):
        found(content)


def test_a_chain_without_end_ends_soon() -> None:
    """A table of hashes none of which is marked as the last one of its bucket."""
    at = len(library())
    content = bytearray(patched(library(), GNU_HASH, GNU_HASH, at) + bytes(8 << 20))
    struct.pack_into("<4IQI", content, at, 1, 1, 1, 0, 0, 1)
    load = 64  # the first program header: its sizes in the file and in memory
    struct.pack_into("<QQ", content, load + 32, len(content), len(content))
    started = time.process_time()
    with pytest.raises(BrokenElf, match="too many symbols"):
        found(bytes(content))
    assert time.process_time() - started < 5


def test_what_holds_debugging_information_alone(tmp_path: Path) -> None:
    objcopy = require("objcopy", "binutils")
    for number, path in enumerate(real_files()[:10]):
        debug = tmp_path / f"{number}.debug"
        subprocess.run([objcopy, "--only-keep-debug", path, debug], check=True, capture_output=True)
        assert holds_debug_only(debug.read_bytes()), path
        assert not holds_debug_only(path.read_bytes()), path
    assert not holds_debug_only(b"\x7fELF\x02\x01")
    assert not holds_debug_only(b"")
