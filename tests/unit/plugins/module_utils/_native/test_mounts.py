# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Package and layers as one tree: links, `..`, the working directory, and which layer's file counts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import Contents, Format, Member, Native
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.mounts import Mounts
from hypothesis import given, settings
from hypothesis import strategies as st


def tree(*names: str, links: Mapping[str, str] | None = None, natives: tuple[str, ...] = (), root: str = "/var/task"):
    members = {name: Member(1, 0o644) for name in (*names, *natives)}
    members |= {name: Member(0, None, target) for name, target in (links or {}).items()}
    found = tuple(Native(name, f"{root}/{name}", 1, Format.OTHER) for name in natives)
    return Contents(root, root, members, found, {}, {})


LINKS = {"l": "a/b", "abs": "/var/task/a", "out": "/usr/lib64", "loop": "pool", "pool": "loop", "up": "../../lib64"}
PACKAGE = tree("a/b/f", "a/g", "h", links=LINKS)


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("/var/task/a/g", "/var/task/a/g"),
        ("/var/task//a/./g/", "/var/task/a/g"),
        ("/var/task/a/b/../g", "/var/task/a/g"),
        ("/var/task/no/../a/g", ""),  # a directory that is not there has no parent
        ("/var/task/a/g/../g", ""),  # nor has a file
        ("/var/task/l/f", "/var/task/a/b/f"),
        ("/var/task/l/../g", "/var/task/a/g"),
        ("/var/task/abs/g", "/var/task/a/g"),
        ("/var/task/out/libz.so.1", "/usr/lib64/libz.so.1"),
        ("/var/task/up/libz.so.1", "/lib64/libz.so.1"),
        ("/var/task/loop", ""),
        ("a/g", "/var/task/a/g"),
        (".", "/var/task"),
        ("../../lib64", "/lib64"),
        ("/usr/lib64/../lib", "/usr/lib"),
        ("/../..", "/"),
    ],
)
def test_paths(path: str, real: str) -> None:
    assert Mounts([PACKAGE]).resolve(path) == real


@pytest.mark.parametrize(
    ("path", "held"),
    [("/var/task", True), ("/var/task/a", True), ("/var/tasks/a", False), ("/opt/a", False), ("", False), ("/", False)],
)
def test_what_is_the_package_s(path: str, held: bool) -> None:
    assert Mounts([PACKAGE]).holds(path) is held


def test_later_layers_lie_over_earlier_ones() -> None:
    first = tree("text", natives=("x.so", "y.so", "z.so"), root="/opt")
    second = tree("y.so", natives=("x.so", "text"), links={"z.so": "x.so"}, root="/opt")
    mounts = Mounts([tree("app.py"), first, second])
    assert mounts.native("/opt/x.so") is second.natives[0]
    assert mounts.native("/opt/text") is second.natives[1]
    assert mounts.native("/opt/y.so") is None  # by a file without native code
    assert mounts.native(mounts.resolve("/opt/z.so")) is second.natives[0]
    assert mounts.member("/opt/y.so") is second.members["y.so"]


def test_the_layers_do_not_lie_over_the_function() -> None:
    function, layer = tree(natives=("x.so",)), tree(natives=("x.so",), root="/opt")
    mounts = Mounts([function, layer])
    assert (mounts.native("/var/task/x.so"), mounts.native("/opt/x.so")) == (function.natives[0], layer.natives[0])


def test_archives_are_looked_at_as_directories() -> None:
    inside = Native("l/x.jar!/a/libx.so", "", 1, Format.OTHER)
    mounts = Mounts([Contents("x", "/var/task", {"l/x.jar": Member(1, 0o644)}, (inside,), {}, {})])
    assert mounts.path(inside) == "/var/task/l/x.jar!/a/libx.so"
    assert mounts.native(mounts.resolve("/var/task/l/x.jar!/a/../a/libx.so")) is inside


def test_a_layer_alone_is_run_in_the_function_s_directory() -> None:
    assert Mounts([tree("f", root="/opt")]).working_directory == "/var/task"
    assert Mounts([tree("f", root="/opt"), tree("f", root="/here")]).working_directory == "/here"


def test_the_entries_of_a_directory() -> None:
    one, two = tree("x/a", "x/y/b", root="/opt"), tree("x/c", "x/a", root="/opt")
    mounts = Mounts([tree("x/f"), one, two])
    assert sorted(mounts.entries("/opt/x")) == ["/opt/x/a", "/opt/x/c"]
    assert mounts.entries("/opt/x/y") == ["/opt/x/y/b"]
    assert mounts.entries("/opt") == mounts.entries("/usr/x") == []


NAMES = st.sampled_from(["a", "b", "c", "..", "."])
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join)


@settings(derandomize=True, max_examples=150, deadline=None, database=None)
@given(
    st.dictionaries(st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join), PATHS, max_size=5),
    st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join), max_size=4),
    PATHS,
)
def test_links_lead_where_the_kernel_goes(
    tmp_path_factory: pytest.TempPathFactory, links: dict[str, str], files: list[str], asked: str
) -> None:
    root = tmp_path_factory.mktemp("tree")
    members: dict[str, Member] = {}
    for name, target in [*((file, "") for file in files), *links.items()]:
        path = root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() or path.is_symlink() or path.parent.resolve() != path.parent:
                continue
            if target:
                path.symlink_to(target)
            else:
                path.write_text("")
        except OSError:  # below a file, or behind a link
            continue
        members[name] = Member(0, None, target)
    mounts = Mounts([Contents("x", str(root), members, (), {}, {})])
    real = mounts.resolve(f"{root}/{asked}")
    there = os.path.exists(root / asked)
    if there:
        assert real == os.path.realpath(root / asked)
    elif real.startswith(f"{root}/"):
        assert not Path(real).exists() or asked.endswith((".", "/"))
