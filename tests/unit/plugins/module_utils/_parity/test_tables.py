# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All packages and libraries of two images, side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.facts import ImageFacts, OsFacts
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.libraries import Library, LibraryFacts
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import Platform, parse_reference
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.tables import LibraryRow, Tables, tables_of
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.packages import Evr, Package

NOTHING = ImageFacts(
    reference=parse_reference("oci:/images"),
    index_digest="",
    digest="sha256:1",
    config_digest="sha256:2",
    platform=Platform("linux", "arm64"),
    diff_ids=(),
    history=(),
    library_path="",
)


def package(name: str, version: str, arch: str = "aarch64") -> Package:
    return Package(name, Evr(0, version, "1"), arch)


def library(path: str, package: str = "", *versions: str) -> Library:
    return Library(path.rpartition("/")[2], path, frozenset(versions), package)


def facts(packages: tuple[Package, ...] | None, libraries: tuple[Library, ...] | None = None) -> ImageFacts:
    found = None if libraries is None else LibraryFacts(libraries, (), (), ())
    return replace(NOTHING, os=OsFacts(None, "", "", packages, ()), libraries=found)


@pytest.mark.parametrize(
    ("build", "runtime", "differs"),
    [
        ((package("zlib", "1"),), (package("zlib", "1"),), {"zlib": ("1-1", "1-1", False)}),
        ((package("zlib", "2"),), (package("zlib", "1"),), {"zlib": ("2-1", "1-1", True)}),
        ((package("gcc", "1"),), (), {"gcc": ("1-1", "", False)}),
        ((), (package("gcc", "1"),), {"gcc": ("", "1-1", True)}),
        ((package("a", "1"), package("a", "1", "i686")), (package("a", "1"),), {"a": ("1-1", "1-1", False)}),
        ((package("k", "10"), package("k", "9")), (), {"k": ("9-1, 10-1", "", False)}),
        ((package("gpg-pubkey", "1"),), (package("gpg-pubkey", "2"),), {}),
    ],
    ids=["equal", "newer", "build only", "runtime only", "two architectures", "twice", "a key"],
)
def test_packages(
    build: tuple[Package, ...], runtime: tuple[Package, ...], differs: dict[str, tuple[str, str, bool]]
) -> None:
    rows = tables_of(facts(build), facts(runtime)).packages
    assert rows is not None
    assert {row.name: (row.build, row.runtime, row.differs) for row in rows} == differs


def test_rows_are_in_the_order_of_their_names() -> None:
    found = tables_of(
        facts((package("b", "1"), package("a", "1")), (library("lib64/libb.so"), library("lib64/liba.so"))),
        facts((package("c", "1"), package("A", "1")), (library("lib64/libc.so"),)),
    )
    assert found.packages is not None and found.libraries is not None  # noqa: PT018
    assert [row.name for row in found.packages] == ["A", "a", "b", "c"]
    assert [row.name for row in found.libraries] == ["liba.so", "libb.so", "libc.so"]


@pytest.mark.parametrize(
    ("build", "runtime", "row", "differs"),
    [
        (
            library("lib64/libz.so.1", "zlib", "Z_1"),
            library("lib64/libz.so.1", "zlib", "Z_1"),
            LibraryRow("libz.so.1", "zlib", "/lib64/libz.so.1", "/lib64/libz.so.1", ()),
            False,
        ),
        (
            library("var/lang/lib/libz.so.1", "", "Z_1", "Z_3", "Z_2"),
            library("lib64/libz.so.1", "zlib", "Z_1", "Z_9"),
            LibraryRow("libz.so.1", "zlib", "/var/lang/lib/libz.so.1", "/lib64/libz.so.1", ("Z_2", "Z_3")),
            True,
        ),
        (
            library("lib64/libz.so.1", "zlib-ng", "Z_2"),
            library("lib64/libz.so.1", "zlib", "Z_1"),
            LibraryRow("libz.so.1", "zlib-ng", "/lib64/libz.so.1", "/lib64/libz.so.1", ("Z_2",)),
            True,
        ),
        (
            library("lib64/libz.so.1", "zlib", "Z_2"),
            None,
            LibraryRow("libz.so.1", "zlib", "/lib64/libz.so.1", "", ()),
            False,
        ),
        (None, library("lib64/libz.so.1"), LibraryRow("libz.so.1", "", "", "/lib64/libz.so.1", ()), True),
    ],
    ids=["equal", "shadowed", "lacks a version", "build only", "runtime only"],
)
def test_libraries(build: Library | None, runtime: Library | None, row: LibraryRow, differs: bool) -> None:
    found = tables_of(facts(None, (build,) if build else ()), facts(None, (runtime,) if runtime else ()))
    assert found.libraries == (row,)
    assert row.differs is differs


@pytest.mark.parametrize("half_read", [NOTHING, facts(None)], ids=["not read", "not readable"])
def test_what_one_image_does_not_tell_is_no_table(half_read: ImageFacts) -> None:
    whole = facts((package("zlib", "1"),), (library("lib64/libz.so.1"),))
    assert tables_of(half_read, whole) == Tables()
    assert tables_of(whole, half_read) == Tables()
