# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages and layers unpacked for a run: as Lambda does it, nowhere else, and removed again."""

from __future__ import annotations

import os
import stat
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.errors import (
    BrokenZip,
    CodeError,
    NotAZip,
    PackageMissing,
    PackageTooLarge,
    PackageUnreadable,
    UnsafeEntry,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.errors import NativeError
from ansible_collections.lambdaops.deploy.plugins.module_utils._smoke.folder import unpacked
from hypothesis import given
from hypothesis import strategies as st

FILE, LINK, FOLDER = stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR
Entries = Mapping[str, tuple[int, bytes]]


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made; whatever a test does, none of them is left."""
    folder = tmp_path / "room"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def zipped(path: Path, entries: Entries, system: int = 3) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (mode, content) in entries.items():
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = system, mode << 16
            archive.writestr(info, content)
    return str(path)


def tree(folder: str) -> dict[str, tuple[int, bytes]]:
    found = {}
    for path in Path(folder).rglob("*"):
        state = path.lstat()
        content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[path.relative_to(folder).as_posix()] = (state.st_mode, content)
    return found


MIXED: Entries = {
    "app.py": (FILE | 0o644, b"handler = print"),
    "bin/run": (FILE | 0o755, b"#!/bin/sh"),
    "closed.py": (FILE | 0o600, b""),
    "empty/": (FOLDER | 0o700, b""),
    "lib/x.so": (LINK | 0o777, b"x.so.1"),
    "lib/x.so.1": (FILE | 0o444, b"\x7fELF"),
    "out": (LINK | 0o777, b"/etc/passwd"),
}


def test_modes_and_links_of_a_zip_are_kept(tmp_path: Path, room: Path) -> None:
    with unpacked(zipped(tmp_path / "a.zip", MIXED), []) as places:
        assert list(places) == ["/var/task"]
        found = tree(places["/var/task"])
        assert {name: found[name.rstrip("/")] for name in MIXED} == dict(MIXED)
        assert found["bin"] == (FOLDER | 0o755, b"")
        assert stat.S_IMODE(room.joinpath(*Path(places["/var/task"]).parts[-2:-1]).stat().st_mode) == 0o700
    assert list(room.iterdir()) == []


def test_a_directory_is_taken_as_a_zip_of_it_would_be(tmp_path: Path) -> None:
    package = zipped(tmp_path / "a.zip", MIXED)
    with unpacked(package, []) as places, unpacked(places["/var/task"], []) as again:
        assert tree(again["/var/task"]) == tree(places["/var/task"])


def test_what_the_zip_says_nothing_of_can_be_read_and_not_executed(tmp_path: Path) -> None:
    with unpacked(zipped(tmp_path / "a.zip", {"a/b.py": (FILE | 0o700, b"")}, system=0), []) as places:
        assert tree(places["/var/task"]) == {"a": (FOLDER | 0o755, b""), "a/b.py": (FILE | 0o644, b"")}


def test_no_bit_gives_more_rights_than_a_user_has(tmp_path: Path) -> None:
    with unpacked(zipped(tmp_path / "a.zip", {"a": (FILE | 0o6755, b"")}), []) as places:
        assert tree(places["/var/task"])["a"][0] == FILE | 0o755


def test_later_layers_lie_over_earlier_ones(tmp_path: Path) -> None:
    first = zipped(tmp_path / "1.zip", {"python/a.py": (FILE | 0o644, b"1"), "python/b.py": (FILE | 0o644, b"1")})
    second = tmp_path / "second"
    (second / "python").mkdir(parents=True)
    (second / "python" / "b.py").write_bytes(b"2")
    with unpacked(zipped(tmp_path / "a.zip", MIXED), [first, str(second)]) as places:
        assert list(places) == ["/var/task", "/opt"]
        found = tree(places["/opt"])
        assert {name: content for name, (_mode, content) in found.items() if content} == {
            "python/a.py": b"1",
            "python/b.py": b"2",
        }


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    """Not within a package, and not by a layer through a link of another one."""
    outside = tmp_path / "outside"
    outside.mkdir()
    link = {"a": (LINK | 0o777, bytes(outside))}
    below = {"a/b": (FILE | 0o644, b"written")}
    both = zipped(tmp_path / "a.zip", {**link, **below})
    with pytest.raises(UnsafeEntry, match=r"a/b of .*a\.zip lies below a, which is no directory"), unpacked(both, []):
        pass
    layers = [zipped(tmp_path / "1.zip", link), zipped(tmp_path / "2.zip", below)]
    with pytest.raises(UnsafeEntry), unpacked(zipped(tmp_path / "b.zip", MIXED), layers):
        pass
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_the_folder_is_removed_whatever_ends_the_block(tmp_path: Path, room: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), unpacked(zipped(tmp_path / "a.zip", MIXED), []):
        raise error
    assert list(room.iterdir()) == []


def broken(path: Path) -> str:
    zipped(path, {"app.py": (FILE | 0o644, b"x" * 1000)})
    content = bytearray(path.read_bytes())
    content[40] ^= 0xFF
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda folder: str(folder / "none.zip"), PackageMissing),
        (lambda folder: zipped(folder / "a.zip", {"../a": (FILE | 0o644, b"")}), UnsafeEntry),
        (lambda folder: zipped(folder / "a.zip", {"/a": (FILE | 0o644, b"")}), UnsafeEntry),
        (lambda folder: zipped(folder / "a.zip", {"a": (stat.S_IFIFO | 0o644, b"")}), UnsafeEntry),
        (lambda folder: str(large(folder / "a")), PackageTooLarge),
        (lambda folder: broken(folder / "a.zip"), BrokenZip),
        (lambda folder: str(written(folder / "a.zip")), NotAZip),
        (lambda folder: str(piped(folder / "a")), UnsafeEntry),
        (lambda folder: "\0", PackageUnreadable),
    ],
)
def test_what_is_no_package_is_refused_and_nothing_is_left(
    tmp_path: Path, room: Path, make: object, error: type[CodeError]
) -> None:
    path = make(tmp_path)  # type: ignore[operator]
    with pytest.raises(error), unpacked(path, []):
        pass
    assert list(room.iterdir()) == []


def written(path: Path) -> Path:
    path.write_text("no zip")
    return path


def large(folder: Path) -> Path:
    folder.mkdir()
    (folder / "model.bin").touch()
    os.truncate(folder / "model.bin", 251 << 20)
    return folder


def piped(folder: Path) -> Path:
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    return folder


def test_a_folder_that_can_not_be_made_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with (
        pytest.raises(NativeError, match=r"can't be unpacked into a folder of .*nowhere: No such file") as failed,
        unpacked(zipped(tmp_path / "a.zip", MIXED), []),
    ):
        pass
    assert "TMPDIR" in failed.value.hint


def test_names_that_are_no_text_are_kept(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("\u00e4.py", b"1")  # marked as UTF-8
    with unpacked(str(tmp_path / "a.zip"), []) as places:
        assert os.listdir(os.fsencode(places["/var/task"])) == ["ä.py".encode()]
    odd = tmp_path / "odd"
    odd.mkdir()
    Path(os.fsdecode(bytes(odd) + b"/\xff.py")).write_bytes(b"2")
    with unpacked(str(odd), []) as places:
        assert os.listdir(os.fsencode(places["/var/task"])) == [b"\xff.py"]


names = st.lists(st.sampled_from(["a", "b", "c.py"]), min_size=1, max_size=3).map("/".join)


@given(st.dictionaries(names, st.tuples(st.sampled_from([FILE | 0o644, FILE | 0o755, LINK | 0o777]), st.just(b"a"))))
def test_a_package_is_unpacked_whole_or_refused(entries: dict[str, tuple[int, bytes]]) -> None:
    clash = any(other.startswith(f"{name}/") for name in entries for other in entries)
    with tempfile.TemporaryDirectory() as folder:
        path = zipped(Path(folder, "a.zip"), {**entries, "z": (FILE | 0o644, b"")})
        try:
            with unpacked(path, []) as places:
                found = tree(places["/var/task"])
                assert not clash
                assert {name: found[name] for name in entries} == entries
        except UnsafeEntry:
            assert clash
