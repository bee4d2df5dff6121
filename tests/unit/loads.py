# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Natives, packages and images for tests of what the loader does with them, with few words."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.elf import Elf, Need
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.libraries import Library, LibraryFacts
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import (
    FUNCTION_ROOT,
    Contents,
    Format,
    Member,
    Native,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.target import Target

# LD_LIBRARY_PATH of AWS's images for zip functions.
LAMBDA = (
    *("/var/lang/lib", "/lib64", "/usr/lib64", "/var/runtime", "/var/runtime/lib"),
    *("/var/task", "/var/task/lib", "/opt/lib"),
)
GLIBC = tuple(f"GLIBC_2.{minor}" for minor in (14, 17, 28, 34))
CXX = ("GLIBCXX_3.4", "GLIBCXX_3.4.29", "CXXABI_1.3.13")


def so(
    name: str,
    *needed: str,
    soname: str = "",
    versions: Mapping[str, Iterable[str]] | None = None,
    weak: Iterable[str] = (),
    entries: Iterable[str] = (),
    root: str = FUNCTION_ROOT,
    **facts: object,
) -> Native:
    """versions: needed ones, by library; weak: those that are only wished for. Libraries are named like their files."""
    base = posixpath.basename(name)
    needs = tuple(Need(library, v, v in weak) for library, wanted in (versions or {}).items() for v in wanted)
    found: dict[str, object] = {
        "machine": "x86_64",
        "bits": 64,
        "little_endian": True,
        "kind": "shared object",
        "soname": soname or (base if base.startswith("lib") else ""),
        "needed": (*needed, *(library for library in versions or {} if library not in needed)),
        "needs": needs,
        **facts,
    }
    place = "" if "!/" in name else f"{root}/{name}"
    return Native(name, place, 1000, Format.ELF, Elf(**found), entry_points=frozenset(entries))  # type: ignore[arg-type]


def other(name: str, unread: str, form: Format = Format.OTHER, root: str = FUNCTION_ROOT) -> Native:
    return Native(name, "" if "!/" in name else f"{root}/{name}", 10, form, unread=unread)


def package(*natives: Native, links: Mapping[str, str] | None = None, root: str = FUNCTION_ROOT) -> Contents:
    members = {native.name: Member(1000, 0o755) for native in natives if native.place}
    members |= {name: Member(0, None, target) for name, target in (links or {}).items()}
    ordered = tuple(sorted(natives, key=lambda native: native.name))
    return Contents(f"build{root}.zip", root, members, ordered, {}, {})


def library(name: str, *versions: str, path: str = "", package: str = "", directory: str = "/lib64") -> Library:
    return Library(name, path or f"usr{directory}/{name}", frozenset(versions), package, directory)


LIBC = (library("libc.so.6", *GLIBC, package="glibc"), library("ld-linux-x86-64.so.2", "GLIBC_2.3", package="glibc"))


def target(
    *libraries: Library,
    runtime: str = "python3.12",
    search: tuple[str, ...] = ("/var/lang/lib", "/lib64"),
    library_path: tuple[str, ...] = LAMBDA,
    **facts: object,
) -> Target:
    found = LibraryFacts((*LIBC, *libraries), search, **{"container_only": (), "unread": (), **facts})  # type: ignore[arg-type]
    return Target("x86_64", runtime, "public.ecr.aws/lambda/python:3.12", "", library_path, found)
