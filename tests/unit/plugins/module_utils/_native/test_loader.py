# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The loader's search where no real loader can be asked: Lambda's directories, other images, archives, what is unread.

That the search is that of a real loader is for tests/integration/test_native_loader.py to say.
"""

from __future__ import annotations

import tracemalloc

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.libraries import Library
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import Contents, Native
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.errors import NativeError
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.loader import (
    Hit,
    InTheWay,
    Loader,
    Missing,
    Opened,
    Unknown,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.loading import loads
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.mounts import Mounts
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.target import Target
from loads import library, other, package, so, target

A = "liba.so.1"
LANG = library(A, path=f"var/lang/lib/{A}", directory="/var/lang/lib")


def hits(root: str, *parts: Contents, on: Target | None = None) -> list[str]:
    """What answers to each need of what is loaded with `root`."""
    on = on or target()
    natives = [native for part in parts for native in part.natives if native.name == root]
    (load,) = loads(natives[:1], Loader(Mounts(parts), on), on)
    return [_worded(edge.hit) for edge in load.edges]


def _worded(hit: Hit) -> str:
    match hit:
        case Opened(native=native):
            return native.place or native.name
        case Library(path=path):
            return f"/{path}"
        case InTheWay(path):
            return f"stopped at {path}"
        case Unknown():
            return "unknown"
        case Missing(passed=passed):
            return f"missing, passed {passed}" if passed else "missing"


ROOT = so("x/m.so", A)


@pytest.mark.parametrize(
    ("files", "image", "found"),
    [
        ((), (), "missing"),
        ((), (library(A),), f"/usr/lib64/{A}"),
        ((so(f"lib/{A}"),), (), f"/var/task/lib/{A}"),
        ((so(A), so(f"lib/{A}")), (), f"/var/task/{A}"),
        ((so(A),), (library(A),), f"/usr/lib64/{A}"),  # LD_LIBRARY_PATH names /lib64 before /var/task
        ((so(A),), (LANG,), f"/var/lang/lib/{A}"),
        ((so(f"x/{A}"),), (), "missing"),
    ],
)
def test_lambda_s_order(files: tuple, image: tuple, found: str) -> None:
    assert hits("x/m.so", package(ROOT, *files), on=target(*image)) == [found]


def test_what_only_the_image_s_own_search_finds_comes_after_the_package_and_runpath() -> None:
    behind = target(library(A, directory="/usr/lib/extra"), search=("/lib64", "/usr/lib/extra"))
    root = so("x/m.so", A, runpath="$ORIGIN/own")
    own, task = so(f"x/own/{A}"), so(A)
    assert hits("x/m.so", package(root), on=behind) == [f"/usr/usr/lib/extra/{A}"]
    assert hits("x/m.so", package(root, own), on=behind) == [own.place]
    assert hits("x/m.so", package(root, own, task), on=behind) == [task.place]


@pytest.mark.parametrize("directory", ["/usr/lib64", "/lib64/", "//lib64", "/var/../lib64"])
def test_a_directory_of_the_image_under_its_other_names(directory: str) -> None:
    root = so("m.so", A, rpath=directory)
    assert hits("m.so", package(root, so(A)), on=target(library(A), library_path=("/var/task",))) == [f"/usr/lib64/{A}"]


@pytest.mark.parametrize("directory", ["/usr/local/lib", "/codebuild/output/src/lib", "/"])
def test_directories_that_the_image_does_not_search_are_taken_as_empty(directory: str) -> None:
    root = so("m.so", A, rpath=directory)
    assert hits("m.so", package(root, so(A)), on=target(library(A), library_path=("/var/task",))) == [f"/var/task/{A}"]


def test_the_function_comes_before_its_layers_and_later_layers_replace_earlier_ones() -> None:
    one, two = (package(so(f"lib/{A}", root="/opt", soname=name), root="/opt") for name in ("first", "second"))
    assert hits("x/m.so", package(ROOT), one) == [f"/opt/lib/{A}"]
    loader = Loader(Mounts([package(ROOT), one, two]), target())
    (load,) = loads([ROOT], loader, target())
    assert [edge.hit.native for edge in load.edges if isinstance(edge.hit, Opened)] == [two.natives[0]]
    assert hits("x/m.so", package(ROOT, so(A)), one, two) == [f"/var/task/{A}"]


def test_a_layer_s_files_search_their_own_layer() -> None:
    layer = package(so("python/m.so", A, rpath="$ORIGIN/../l", root="/opt"), so(f"l/{A}", root="/opt"), root="/opt")
    assert hits("python/m.so", package(), layer) == [f"/opt/l/{A}"]


def test_what_the_image_has_below_a_mount_is_hidden() -> None:
    hidden = target(library(A, directory="/opt/lib"), search=("/lib64", "/opt/lib"))
    assert hits("x/m.so", package(ROOT), package(so("f.so", root="/opt"), root="/opt"), on=hidden) == ["missing"]
    assert hits("x/m.so", package(ROOT), on=hidden) == [f"/usr/opt/lib/{A}"]


@pytest.mark.parametrize(
    ("rpath", "search", "place"),
    [
        ("$ORIGIN/$LIB", ("/lib64",), "x/lib64"),
        ("$ORIGIN/${LIB}", ("/lib/x86_64-linux-gnu",), "x/lib/x86_64-linux-gnu"),
        ("$ORIGIN/$PLATFORM", ("/lib64",), "x/x86_64"),
        ("$ORIGIN/$LIBRARY", ("/lib64",), "x/$LIBRARY"),
        ("$ORIGIN/$", ("/lib64",), "x/$"),
    ],
)
def test_tokens(rpath: str, search: tuple[str, ...], place: str) -> None:
    root, own = so("x/m.so", A, rpath=rpath), so(f"{place}/{A}")
    assert hits("x/m.so", package(root, own), on=target(search=search)) == [own.place]


@pytest.mark.parametrize(
    ("in_the_way", "found"),
    [
        (so(f"lib/{A}", machine="aarch64"), f"missing, passed lib/{A}"),
        (so(f"lib/{A}", machine="i386", bits=32), f"missing, passed lib/{A}"),
        (so(f"lib/{A}", machine="s390x", little_endian=False), f"stopped at /var/task/lib/{A}"),
        (so(f"lib/{A}", kind="executable"), f"stopped at /var/task/lib/{A}"),
        (so(f"lib/{A}", kind="relocatable"), f"stopped at /var/task/lib/{A}"),
        (other(f"lib/{A}", "is a Git LFS pointer"), f"stopped at /var/task/lib/{A}"),
    ],
)
def test_what_is_no_library_of_this_machine(in_the_way: object, found: str) -> None:
    assert hits("x/m.so", package(ROOT, in_the_way)) == [found]
    behind = package(so(f"lib/{A}", root="/opt"), root="/opt")
    goes_on = "passed" in found
    assert hits("x/m.so", package(ROOT, in_the_way), behind) == [f"/opt/lib/{A}" if goes_on else found]


def test_what_an_archive_holds_is_unpacked_together() -> None:
    inside, beside = so("x.jar!/l/m.so", A, rpath="$ORIGIN/../k"), so(f"x.jar!/k/{A}")
    assert hits("x.jar!/l/m.so", package(inside, beside)) == [beside.name]
    assert hits("x.jar!/l/m.so", package(so("x.jar!/l/m.so", A), beside)) == ["missing"]
    assert hits("x/m.so", package(ROOT, beside)) == ["missing"]


@pytest.mark.parametrize(
    ("facts", "found"), [({"unreadable": (A,)}, "unknown"), ({"whole": False}, "unknown"), ({}, "missing")]
)
def test_what_could_not_be_read_of_the_image_is_not_missing(facts: dict[str, object], found: str) -> None:
    assert hits("x/m.so", package(ROOT), on=target(**facts)) == [found]
    assert hits("x/m.so", package(ROOT, so(A)), on=target(**facts)) == [f"/var/task/{A}"]


def test_aliases_can_be_opened_as_well() -> None:
    assert hits("x/m.so", package(ROOT), on=target(aliases=(library(A),))) == [f"/usr/lib64/{A}"]


@pytest.mark.parametrize(
    ("runtime", "own"),
    [("python3.12", False), ("nodejs20.x", False), ("dotnet8", False), ("ruby3.3", True), ("", True)],
)
def test_what_the_runtime_has_loaded_is_not_searched(runtime: str, own: bool) -> None:
    name = "libstdc++.so.6"
    root, mine = so("m.so", name, rpath="$ORIGIN"), so(name)
    found = hits("m.so", package(root, mine), on=target(library(name), runtime=runtime))
    assert found == [mine.place if own else f"/usr/lib64/{name}"]


def test_a_program_is_a_process_of_its_own() -> None:
    name = "libstdc++.so.6"
    root, mine = so("bin/p", name, rpath="$ORIGIN", kind="executable"), so(f"bin/{name}")
    assert hits("bin/p", package(root, mine), on=target(library(name))) == [mine.place]


def roots(*natives: object) -> list[str]:
    return [load.root.name for load in loads(natives, Loader(Mounts([package(*natives)]), target()), target())]


def test_what_others_bring_along_is_not_opened_by_itself() -> None:
    extension = so("m.so", A, rpath="$ORIGIN/l", entries=["PyInit_m"])
    chain = so(f"l/{A}", "libb.so.1"), so("l/libb.so.1", "libc1.so.1"), so("l/libc1.so.1")
    assert roots(*chain, extension) == ["m.so"]
    assert roots(*chain) == [f"l/{A}", "l/libb.so.1", "l/libc1.so.1"]  # nothing leads from one to the other
    led = so(f"l/{A}", "libb.so.1", rpath="$ORIGIN"), *chain[1:]
    assert roots(*led) == [f"l/{A}"]


def test_extensions_are_opened_by_themselves_whoever_needs_them() -> None:
    both = so("a.node", "b.node", runpath="$ORIGIN"), so("b.node")
    assert roots(*both) == ["a.node", "b.node"]


def test_files_that_all_need_each_other_take_little() -> None:
    """As many needs as in a cube, told over and over."""
    names = [f"n{number}.node" for number in range(60)]
    natives = [so(name, *names, *names, runpath="$ORIGIN") for name in names]
    tracemalloc.start()
    found = loads(natives, Loader(Mounts([package(*natives)]), target()), target())
    assert len(found) == 60
    assert all(load.whole and len(load.files) == 60 for load in found)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20
    assert len(list(found[0].edges)) == 60 * 60


@pytest.mark.parametrize(
    "natives",
    [
        [
            so(f"n{number}.node", *(f"n{other}.node" for other in range(200)), runpath="$ORIGIN")
            for number in range(200)
        ],
        [so("a.node", *map(str, range(2000)), runpath=":".join(map(str, range(2000))))],
    ],
    ids=["needs", "directories"],
)
def test_what_no_real_package_needs_is_not_followed_to_its_end(natives: list[Native]) -> None:
    with pytest.raises(NativeError, match="need each other in more ways than are followed here") as caught:
        loads(natives, Loader(Mounts([package(*natives)]), target()), target())
    assert caught.value.hint


def test_of_a_circle_one_is_opened() -> None:
    circle = so(A, "libb.so.1", runpath="$ORIGIN"), so("libb.so.1", A, runpath="$ORIGIN")
    assert roots(*circle) == [A]
    assert roots(so("libz.so.1", A), *circle) == ["libz.so.1"]
