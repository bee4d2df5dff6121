# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""What is kept of one layer, and what hostile layers end in."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterable, Iterator

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.entries import Entry, Kind
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import HostileLayer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.views import (
    Directory,
    File,
    Hardlink,
    LayerView,
    Regular,
    Symlink,
    view_layer,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.wanted import wanted
from lambdaops_testbed.images import elf
from lambdaops_testbed.images.elf_file import Machine

LIBRARY = elf.write(elf.SharedObject(Machine.X86_64, "libx.so.1", defines=("X_1", "X_2")))


def entry(name: str, kind: Kind = "file", *, content: bytes = b"", link: str = "", size: int | None = None) -> Entry:
    return Entry(name, kind, len(content) if size is None else size, link, lambda: content)


def view(entries: Iterable[Entry], limit: int = 64 << 20) -> LayerView:
    return view_layer(entries, wanted(["etc/x"], ["lib64", "usr/lib64"]), "layer", limit)


def test_children_of_wanted_directories_are_kept_for_what_they_are() -> None:
    found = view(
        [
            entry("usr/lib64/libx.so.1", content=LIBRARY),
            entry("usr/lib64/libx.so", "symlink", link="libx.so.1"),
            entry("usr/lib64/note", content=b"small"),
            entry("usr/lib64/large.a", content=b"!" * 5000),
            entry("usr/lib64/broken.so", content=LIBRARY[:100]),
            entry("usr/lib64/deeper/libz.so.1", content=LIBRARY),
            entry("usr/share/libz.so.1", content=LIBRARY),
            entry("usr/lib64/again.so", "hardlink", link="usr/lib64/libx.so.1"),
            entry("usr/lib64/elsewhere.so", "hardlink", link="opt/libx.so.1"),
            entry("etc/x", content=LIBRARY),
        ]
    ).nodes
    library = found["usr/lib64/libx.so.1"]
    assert isinstance(library, Regular)
    assert library.elf is not None
    assert library.elf.defines == {"X_1", "X_2"}
    broken = found.pop("usr/lib64/broken.so")
    assert isinstance(broken, Regular)
    assert "can't be read as an ELF file" in broken.unread
    assert found == {
        "": Directory(),
        "usr": Directory(),
        "usr/lib64": Directory(),
        "usr/lib64/libx.so.1": library,
        "usr/lib64/libx.so": Symlink("libx.so.1"),
        "usr/lib64/note": File(b"small"),
        "usr/lib64/large.a": Regular(None),
        "usr/lib64/deeper": Directory(),
        "usr/lib64/again.so": library,
        "usr/lib64/elsewhere.so": Hardlink("opt/libx.so.1"),
        "etc": Directory(),
        "etc/x": File(LIBRARY),
    }


def test_a_file_larger_than_any_library_is_not_read() -> None:
    def never() -> bytes:
        raise AssertionError("read")

    found = view([Entry("lib64/huge.so", "file", 1 << 40, "", never)]).nodes["lib64/huge.so"]
    assert found == Regular(None, f"it has {1 << 40} bytes")


def test_whiteouts_of_children_are_kept() -> None:
    found = view([entry("lib64/.wh.libx.so.1"), entry("usr/lib64/.wh..wh..opq"), entry("usr/.wh.other")])
    assert found.whiteouts == {"lib64/libx.so.1"}
    assert found.opaque == {"usr/lib64"}


@pytest.mark.parametrize("kind", ["file", "directory", "symlink", "hardlink"])
def test_a_directory_that_becomes_something_else_loses_its_children(kind: Kind) -> None:
    entries = [entry("lib64/libx.so.1", content=LIBRARY), entry("lib64", kind, link="usr/lib64")]
    assert ("lib64/libx.so.1" in view(entries).nodes) == (kind == "directory")


def test_entries_below_a_link_of_the_layer_are_where_it_leads() -> None:
    entries = [entry("lib64", "symlink", link="usr/lib64"), entry("lib64/libx.so.1", content=LIBRARY)]
    assert "usr/lib64/libx.so.1" in view(entries).nodes


def test_a_hard_link_that_names_its_file_through_a_link_of_the_layer() -> None:
    entries = [
        entry("lib64", "symlink", link="usr/lib64"),
        entry("usr/lib64/libx.so.1.0", content=LIBRARY),
        entry("usr/lib64/libx.so.1", "hardlink", link="lib64/libx.so.1.0"),
    ]
    nodes = view(entries).nodes
    assert nodes["usr/lib64/libx.so.1"] == nodes["usr/lib64/libx.so.1.0"]


def test_names_that_are_no_text_are_names() -> None:
    assert "lib64/\udcff\udcfe.so" in view([entry("lib64/\udcff\udcfe.so", content=LIBRARY)]).nodes


def many(number: int, kind: str) -> Iterator[Entry]:
    library = elf.write(elf.SharedObject(Machine.X86_64, "l" * 200, defines=tuple(f"{n:0200}" for n in range(200))))
    for n in range(number):
        match kind:
            case "files":
                yield entry(f"lib64/lib{n}.so")
            case "files of one name":
                yield entry("lib64/lib.so")
            case "whiteouts":
                yield entry(f"lib64/.wh.lib{n}.so")
            case "links":
                yield entry(f"lib64/lib{n}.so", "symlink", link="x" * 4000)
            case "implied directories":
                yield entry(f"lib64/{n}/x")
            case "libraries":
                yield entry(f"lib64/lib{n}.so", content=library)
            case "texts":
                yield entry(f"lib64/lib{n}.so", content=bytes(4000))
            case "replaced directories":
                yield entry("lib64/x")
                yield entry("lib64", "symlink", link="/usr/lib64")
                yield entry("lib64", "directory")


@pytest.mark.parametrize(
    "kind",
    [
        "files",
        "files of one name",
        "whiteouts",
        "links",
        "implied directories",
        "libraries",
        "texts",
        "replaced directories",
    ],
)
def test_a_million_of_anything_ends_early_in_little_memory(kind: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(HostileLayer):
            view(many(1_000_000, kind), limit=8 << 20)
        assert tracemalloc.get_traced_memory()[1] < 24 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "entries",
    [
        [entry(f"usr/share/{n}", "directory") for n in range(100_000)],
        [entry(f"usr/share/{n}/x") for n in range(50_000)],
        [
            *(entry(f"lib64/l{n}", "symlink", link=str(n)) for n in range(5000)),
            *(entry(f"{n}/x") for n in range(20000)),
        ],
        [entry(f"lib64/l{n % 5000}", "symlink", link=str(n)) for n in range(50_000)],
    ],
    ids=["names that nobody wants", "directories that nobody wants", "many links", "links again and again"],
)
def test_names_cost_little_time_each(entries: list[Entry]) -> None:
    started = time.process_time()
    view(entries)
    assert time.process_time() - started < 3
