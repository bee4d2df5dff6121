# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The merged view, case by case, and against a naive oracle that unpacks every layer into one tree in memory."""

from __future__ import annotations

import hashlib
import io
import tarfile
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.decompression import Limits
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import HostileLayer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.layers import open_layer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.manifests import Descriptor
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.rootfs import (
    Absent,
    Answer,
    Found,
    Rootfs,
    Undecided,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.views import (
    Directory,
    File,
    LayerView,
    Other,
    Regular,
    view_layer,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.wanted import Wanted, wanted, with_parents
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lambdaops_testbed.images.oci import Entry, directory, file, hardlink, opaque, symlink, tar, whiteout

T = TypeVar("T")
Layers = Sequence[Sequence[Entry]]  # lowest first


def view(entries: Sequence[Entry], asked: Wanted, limit: int = 1 << 20) -> LayerView:
    raw = tar(entries)
    digest = "sha256:" + hashlib.sha256(raw).hexdigest()
    with open_layer(io.BytesIO(raw), Descriptor(digest, len(raw)), digest, "layer", Limits()) as found:
        return view_layer(found, asked, "layer", limit)


def resolve(layers: Layers, path: str) -> Answer:
    """Read layers top-down, asking for more paths as the answers want them."""
    return settled(layers, wanted([path]), lambda rootfs: rootfs.resolve(path))


def settled(layers: Layers, asked: Wanted, question: Callable[[Rootfs], T | Undecided]) -> T:
    for _round in range(60):
        answer = question(Rootfs([view(entries, asked) for entries in reversed(layers)], whole=True))
        if not isinstance(answer, Undecided):
            return answer
        assert not answer.more <= asked
        asked |= answer.more
    raise AssertionError("no end of questions")


def content(layers: Layers, path: str = "etc/x") -> bytes | None:
    """The content of a file; None for whatever is no file."""
    match resolve(layers, path):
        case Found(File(found)):
            return found
        case _:
            return None


OLD, NEW = file("etc/x", b"old"), file("etc/x", b"new")
CASES: dict[str, tuple[Layers, bytes | None]] = {
    "one layer": ([[OLD]], b"old"),
    "nothing": ([[file("etc/y", b"")]], None),
    "no layer": ([], None),
    "the upper layer wins": ([[OLD], [NEW]], b"new"),
    "a layer between that says nothing": ([[OLD], [file("usr/y", b"")], [directory("etc")]], b"old"),
    "the last duplicate wins": ([[file("etc/x", b"first"), OLD]], b"old"),
    "a whiteout": ([[OLD], [whiteout("etc/x")]], None),
    "a whiteout and the file again, above": ([[OLD], [whiteout("etc/x")], [NEW]], b"new"),
    "a whiteout before the file in one layer": ([[OLD], [whiteout("etc/x"), NEW]], b"new"),
    "a whiteout after the file in one layer": ([[OLD], [NEW, whiteout("etc/x")]], b"new"),
    "a whiteout of the directory": ([[OLD], [whiteout("etc")]], None),
    "a whiteout of the directory and another one": ([[OLD], [whiteout("etc"), file("etc/y", b"")]], None),
    "a whiteout of another name": ([[OLD], [whiteout("etc/xx"), whiteout("x")]], b"old"),
    "an opaque directory": ([[OLD], [opaque("etc")]], None),
    "an opaque directory, first": ([[OLD], [opaque("etc"), NEW]], b"new"),
    "an opaque directory, last": ([[OLD], [NEW, opaque("etc")]], b"new"),
    "an opaque directory higher up": ([[file("a/b/c", b"old")], [opaque("a")]], None),
    "an opaque root": ([[OLD], [file(".wh..wh..opq", b"")]], None),
    "an opaque directory beside it": ([[OLD], [opaque("etc/y"), opaque("usr")]], b"old"),
    "aufs's own notes": ([[OLD], [directory("etc/.wh..wh.plnk"), file(".wh..wh.aufs", b"")]], b"old"),
    "a file over the directory": ([[OLD], [file("etc", b"")]], None),
    "a file over the directory and a directory again": ([[OLD], [file("etc", b"")], [directory("etc")]], None),
    "a directory over the file": ([[OLD], [directory("etc/x")]], None),
    "a file in one layer that becomes a directory": ([[file("etc", b""), directory("etc"), OLD]], b"old"),
    "a directory that becomes a file and a directory": ([[OLD, file("etc", b""), directory("etc")]], None),
    "an implied directory over a file": ([[file("etc", b"")], [OLD]], b"old"),
    "a relative link": ([[symlink("etc/x", "../usr/x"), file("usr/x", b"usr")]], b"usr"),
    "an absolute link": ([[symlink("etc/x", "/usr/x"), file("usr/x", b"usr")]], b"usr"),
    "a link with dots": ([[symlink("etc/x", "./../etc/.././usr//x"), file("usr/x", b"usr")]], b"usr"),
    "a link above the root": ([[symlink("etc/x", "../../../usr/x"), file("usr/x", b"usr")]], b"usr"),
    "a link to a lower layer": ([[file("usr/x", b"usr")], [symlink("etc/x", "/usr/x")]], b"usr"),
    "a link to a higher layer": ([[symlink("etc/x", "/usr/x")], [file("usr/x", b"usr")]], b"usr"),
    "a link to what a higher layer hides": ([[symlink("etc/x", "/y"), file("y", b"")], [whiteout("y")]], None),
    "a linked directory": ([[symlink("etc", "usr/etc"), file("usr/etc/x", b"usr")]], b"usr"),
    "a linked directory and dots": (
        [[symlink("etc/x", "d/../y"), symlink("etc/d", "/usr/a"), directory("usr/a"), file("usr/y", b"physical")]],
        b"physical",
    ),
    "an entry below a link of its own layer": (
        [[file("usr/x", b"old"), symlink("etc", "usr"), NEW]],
        b"new",
    ),
    "an entry below links to links of its own layer": (
        [[symlink("etc", "b"), symlink("b", "./c"), file("c/x", b"old"), NEW]],
        b"new",
    ),
    "a whiteout below a link of its own layer": (
        [[file("usr/x", b"old")], [symlink("etc", "usr"), whiteout("etc/x")]],
        None,
    ),
    "an entry below links in a circle": ([[symlink("etc", "b"), symlink("b", "etc"), NEW]], None),
    "a directory over a linked directory": (
        [[symlink("etc", "usr"), file("usr/x", b"usr")], [directory("etc")]],
        None,
    ),
    "links in a circle": ([[symlink("etc/x", "y"), symlink("etc/y", "x")]], None),
    "a link to itself as a directory": ([[symlink("etc", "etc/etc")]], None),
    "39 links": (
        [[symlink("etc/x", "/l0"), *(symlink(f"l{n}", f"l{n + 1}") for n in range(38)), file("l38", b"end")]],
        b"end",
    ),
    "41 links": (
        [[symlink("etc/x", "/l0"), *(symlink(f"l{n}", f"l{n + 1}") for n in range(40)), file("l40", b"end")]],
        None,
    ),
    "a link through a file": ([[symlink("etc/x", "/f/x"), file("f", b"")]], None),
    "a hard link": ([[file("y", b"linked"), hardlink("etc/x", "y")]], b"linked"),
    "a hard link with a leading slash": ([[file("y", b"linked"), hardlink("etc/x", "/y")]], b"linked"),
    "a hard link into a lower layer": ([[file("y", b"low")], [hardlink("etc/x", "y")]], b"low"),
    "a hard link to what its layer removes": ([[file("y", b"low")], [whiteout("y"), hardlink("etc/x", "y")]], b"low"),
    "a hard link to what a higher layer replaces": (
        [[file("y", b"low"), hardlink("etc/x", "y")], [file("y", b"high")]],
        b"low",
    ),
    "a hard link before its target is replaced": ([[file("y", b"1"), hardlink("etc/x", "y"), file("y", b"2")]], b"1"),
    "a hard link to a hard link": ([[file("y", b"1"), hardlink("z", "y"), hardlink("etc/x", "z")]], b"1"),
    "a hard link to nothing": ([[hardlink("etc/x", "y")]], None),
    "a hard link to itself": ([[hardlink("etc/x", "etc/x")]], None),
    "a hard link to a link": ([[file("etc/y", b"y"), symlink("s", "y"), hardlink("etc/x", "s")]], b"y"),
    "names with dots and slashes": ([[file("./etc//x", b"old")], [file("/etc/.wh.x", b"")]], None),
}


@pytest.mark.parametrize(("layers", "expected"), CASES.values(), ids=CASES)
def test_the_merged_view(layers: Layers, expected: bytes | None) -> None:
    assert content(layers) == expected


def test_what_is_no_file_is_said() -> None:
    assert resolve([[directory("etc/x")]], "etc/x") == Found(Directory(), "etc/x")
    assert resolve([[Entry("etc/x", tarfile.FIFOTYPE)]], "etc/x") == Found(Other(), "etc/x")
    assert resolve([[file("etc", b"")]], "etc/x") == Absent()


def test_a_path_is_undecided_until_its_layer_was_read() -> None:
    asked = wanted(["etc/x"])
    above = view([file("usr/y", b"")], asked)
    assert Rootfs([above], whole=False).resolve("etc/x") == Undecided()
    assert Rootfs([above], whole=True).resolve("etc/x") == Absent()
    assert Rootfs([above, view([OLD], asked)], whole=False).resolve("etc/x") == Found(File(b"old"), "etc/x")
    assert Rootfs([view([opaque("etc")], asked)], whole=False).resolve("etc/x") == Absent()


def test_files_that_are_wanted_are_bounded_together() -> None:
    asked = wanted(["a", "b"])
    entries = [file("a", bytes(60)), file("b", bytes(60)), file("c", bytes(999))]
    limit = view(entries, asked).size
    assert 120 < limit < 6000
    assert len(view(entries, asked, limit).nodes) == 3
    with pytest.raises(HostileLayer, match="'b' in the layer is too large"):
        view(entries, asked, limit - 1)


# The oracle: a tree of dicts (directories), bytes (files), str (symlinks) and None (hard links to nothing).

Tree = dict[str, "Tree | bytes | str | None"]


def unpack(layers: Layers) -> Tree:
    tree: Tree = {}
    for entries in layers:
        before = copied(tree)
        for entry in entries:  # what is hidden goes first: it concerns lower layers only
            hide(tree, entry.name.strip("/").split("/"))
        added: Tree = {}
        for entry in entries:
            place(added, before, entry)
        merge(tree, added)
    return tree


def copied(tree: Tree) -> Tree:
    return {name: copied(node) if isinstance(node, dict) else node for name, node in tree.items()}


def hide(tree: Tree, parts: list[str]) -> None:
    *parents, base = parts
    if not base.startswith(".wh."):
        return
    here = tree
    for name in parents:
        below = here.get(name)
        if not isinstance(below, dict):
            return
        here = below
    if base == ".wh..wh..opq":
        here.clear()
    else:
        here.pop(base.removeprefix(".wh."), None)


def place(added: Tree, before: Tree, entry: Entry) -> None:
    *parents, base = entry.name.split("/")
    here = added
    for name in parents:
        below = here.setdefault(name, {})
        if not isinstance(below, dict):
            return  # the strategy makes none of these
        here = below
    if base.startswith(".wh."):
        return
    match entry.kind:
        case tarfile.DIRTYPE:
            if not isinstance(here.get(base), dict):
                here[base] = {}
        case tarfile.SYMTYPE:
            here[base] = entry.linkname
        case tarfile.LNKTYPE:
            target = literal(added, entry.linkname)
            target = literal(before, entry.linkname) if target is None else target
            here[base] = None if isinstance(target, dict) else target
        case _:
            here[base] = entry.content


def literal(tree: Tree, path: str) -> Tree | bytes | str | None:
    here: Tree | bytes | str = tree
    for name in path.split("/"):
        if not isinstance(here, dict) or name not in here:
            return None
        here = here[name]
    return here


def merge(tree: Tree, added: Tree) -> None:
    for name, node in added.items():
        below = tree.get(name)
        if isinstance(node, dict) and isinstance(below, dict):
            merge(below, node)
        else:
            tree[name] = copied(node) if isinstance(node, dict) else node


def walk(tree: Tree, path: str) -> Tree | bytes | None:
    here: list[str] = []
    pending = path.split("/")
    followed = 0
    while pending:
        part = pending.pop(0)
        node = literal(tree, "/".join(here)) if here else tree
        if part in ("", "."):
            continue
        if not isinstance(node, dict):
            return None
        if part == "..":
            here = here[:-1]
            continue
        node = node.get(part)
        if node is None:
            return None
        if isinstance(node, str):
            followed += 1
            if followed > 40:
                return None
            here = [] if node.startswith("/") else here
            pending = node.split("/") + pending
        else:
            here.append(part)
    found = literal(tree, "/".join(here)) if here else tree
    assert not isinstance(found, str)
    return found


@pytest.mark.parametrize(
    "entries",
    [
        [directory(f"{number}/" + "a/" * 2000) for number in range(300)],
        [symlink("etc", "etc/" + "a/" * 2000), *(file(f"etc/{number}/x", b"") for number in range(300))],
    ],
    ids=["deep names", "a link that grows"],
)
def test_names_cost_no_more_than_what_is_asked_for(entries: list[Entry]) -> None:
    """Each deep name cost some 6 ms when all its directories were looked at."""
    raw = tar(entries)
    digest = "sha256:" + hashlib.sha256(raw).hexdigest()
    with open_layer(io.BytesIO(raw), Descriptor(digest, len(raw)), digest, "layer", Limits()) as found:
        read = list(found)
    started = time.process_time()
    view_layer(read, wanted(["etc/x", "usr/lib/x"], ["etc", "lib64"]), "layer", 1 << 20)
    assert time.process_time() - started < 0.5


names = st.sampled_from("abc")
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
targets = st.one_of(
    paths,
    paths.map("/{}".format),
    paths.map("../{}".format),
    st.tuples(paths, paths).map(lambda pair: f"{pair[0]}/../{pair[1]}"),
)
contents = st.binary(max_size=2)
entries = st.one_of(
    st.builds(file, paths, contents),
    st.builds(directory, paths),
    st.builds(symlink, paths, targets),
    st.builds(hardlink, paths, paths),
    st.builds(whiteout, paths),
    st.builds(opaque, paths),
)


def sound(layer: list[Entry]) -> list[Entry]:
    """Without what no tar archive of a real tree has: names below what is no directory in the same layer, and hard
    links to directories or to what comes later."""
    kept: list[Entry] = []
    solid: set[str] = set()
    used: set[str] = set()
    for entry in layer:
        parents = set(with_parents([entry.name])) - {entry.name, ""}
        leaf = entry.kind != tarfile.DIRTYPE and not entry.name.rpartition("/")[2].startswith(".wh.")
        if parents & solid or (leaf and entry.name in used):
            continue
        if entry.name in solid and not leaf:
            continue
        used |= parents
        if entry.kind == tarfile.DIRTYPE:
            used.add(entry.name)
        if leaf:
            solid.add(entry.name)
        kept.append(entry)
    return kept


@settings(max_examples=250, deadline=None)
@given(st.lists(st.lists(entries, max_size=6).map(sound), max_size=4))
@example([[file("a/b", b"1")], [symlink("a", "b")], [directory("a")]])
@example([[file("a", b"1")], [hardlink("b", "a"), whiteout("a")]])
def test_the_merged_view_is_what_unpacking_gives(layers: list[list[Entry]]) -> None:
    tree = unpack(layers)
    for path in ("a", "b", "a/b", "b/a", "a/b/c", "b/c/a"):
        expected = walk(tree, path)
        match resolve(layers, path):
            case Found(File(found)):
                assert found == expected, path
            case Found(Directory()):
                assert isinstance(expected, dict), path
            case answer:
                assert answer == Absent() or (isinstance(answer, Found) and answer.node == Other()), path
                assert expected is None, path


@settings(max_examples=250, deadline=None)
@given(st.lists(st.lists(entries, max_size=6).map(sound), max_size=4))
@example([[file("a/b", b"1")], [whiteout("a/b"), file("a/c", b"2")]])
@example([[file("a/b", b"1")], [opaque("a"), file("a/c", b"2")]])
@example([[file("a/b", b"1")], [symlink("a", "b"), directory("b")]])
@example([[file("a/a/a", b"")]])
@example([[file("b", b"1"), hardlink("a/b", "b")], [hardlink("a/c", "a/b")]])
def test_a_directory_has_the_children_that_unpacking_gives(layers: list[list[Entry]]) -> None:
    """Asked for the directories alone; contents are told where the files are small and no programs."""
    tree = unpack(layers)
    for path in ("a", "b/a"):
        expected = walk(tree, path)
        found = settled(layers, wanted(directories=[path]), lambda rootfs, path=path: children(rootfs, path))
        if not isinstance(expected, dict):
            assert found is None
            continue
        there = {name: walk(tree, f"{path}/{name}") for name in expected}
        assert found == {name: {} if isinstance(n, dict) else n for name, n in there.items() if n is not None}, path


def children(rootfs: Rootfs, path: str) -> dict[str, Tree | bytes] | Undecided | None:
    """What stands in a directory, links followed, directories without their content as `unpack` has it."""
    directory_found = rootfs.resolve(path, content=False)
    if isinstance(directory_found, Undecided):
        return directory_found
    if not isinstance(directory_found, Found) or not isinstance(directory_found.node, Directory):
        return None
    names = rootfs.children(directory_found.path)
    if isinstance(names, Undecided):
        return names
    found: dict[str, Tree | bytes] = {}
    for name in names:
        match rootfs.resolve(f"{directory_found.path}/{name}", content=False):
            case Undecided() as undecided:
                return undecided
            case Found(File(content)):
                found[name] = content
            case Found(Directory()):
                found[name] = {}
            case Found(Regular()):
                raise AssertionError("small files have their content")
            case _:
                continue
    return found
