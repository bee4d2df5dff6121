# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages for tests of what a function's files are checked for: natives, contents and targets, with few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.elf import Elf
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.libraries import Library, LibraryFacts
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import (
    FUNCTION_ROOT,
    Contents,
    Format,
    Member,
    Native,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.target import Target

IMAGE = "public.ecr.aws/lambda/python@sha256:1234"
BUILD_IMAGE = "public.ecr.aws/sam/build-python3.12@sha256:5678"


def target(runtime: str = "", machine: str = "x86_64", glibc: str = "2.34", build_image: str = BUILD_IMAGE) -> Target:
    versions = frozenset(("GLIBC_2.2.5", "GLIBC_2.17", f"GLIBC_{glibc}"))
    libc = Library("libc.so.6", "lib64/libc.so.6", versions, "glibc", "/lib64")
    searched = ("/lib64", f"{FUNCTION_ROOT}/lib", "/opt/lib")
    return Target(machine, runtime, IMAGE, build_image, searched, LibraryFacts((libc,), ("/lib64",), (), ()))


def elf(
    name: str,
    machine: str = "x86_64",
    *,
    needed: Iterable[str] = ("libc.so.6",),
    entries: Iterable[str] = (),
    kind: str = "shared object",
    bits: int = 64,
    little_endian: bool = True,
    soname: str = "",
    interpreter: str = "",
) -> Native:
    facts = Elf(machine, bits, little_endian, kind, soname=soname, needed=tuple(needed), interpreter=interpreter)
    return Native(name, _place(name), 1000, Format.ELF, facts, entry_points=frozenset(entries))


def musl(name: str, machine: str = "x86_64", *, entries: Iterable[str] = ()) -> Native:
    return elf(name, machine, needed=("libstdc++.so.6", f"libc.musl-{machine}.so.1"), entries=entries)


def mac(name: str, *machines: str) -> Native:
    return Native(name, _place(name), 1000, Format.MACH_O, machines=machines or ("aarch64",))


def windows(name: str, *machines: str, managed: bool = False) -> Native:
    return Native(name, _place(name), 1000, Format.PE, machines=machines or ("x86_64",), managed=managed)


def contents(
    *natives: Native,
    files: Iterable[str] = (),
    modes: Mapping[str, int] | None = None,
    texts: Mapping[str, bytes] | None = None,
    classes: Mapping[str, tuple[int, str]] | None = None,
    root: str = FUNCTION_ROOT,
    source: str = "build/orders.zip",
) -> Contents:
    """files: more members; all of them are readable by everybody, unless `modes` says otherwise."""
    modes, texts = modes or {}, texts or {}
    names = {native.name for native in natives if native.place} | {*files, *modes, *texts}
    members = {name: Member(1000, modes.get(name, 0o755)) for name in sorted(names)}
    placed = (native._replace(place=native.place and f"{root}/{native.name}") for native in natives)
    ordered = tuple(sorted(placed, key=lambda native: native.name))
    return Contents(source, root, members, ordered, texts, classes or {})


def _place(name: str) -> str:
    return "" if "!/" in name else f"{FUNCTION_ROOT}/{name}"
