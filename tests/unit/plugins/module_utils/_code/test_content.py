# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import random
import stat
import subprocess
import tempfile
import zipfile
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.packages import read_package
from hypothesis import given, settings
from hypothesis import strategies as st

PARTS = st.text(st.characters(exclude_characters="/\\\0:", exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda part: part not in (".", "..")
)
NAMES = st.lists(PARTS, min_size=1, max_size=3).map("/".join)
FILES = st.dictionaries(NAMES, st.tuples(st.binary(max_size=200), st.booleans()), min_size=1, max_size=6)


def entry(name: str, mode: int, date: tuple[int, int, int, int, int, int] = (1980, 1, 1, 0, 0, 0)) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def content_of(path: Path) -> str:
    return read_package(str(path)).content_sha256.hex


def zipped(path: Path, *entries: tuple[zipfile.ZipInfo | str, bytes], method: int = zipfile.ZIP_STORED) -> str:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return content_of(path)


def test_it_is_the_hash_that_the_docstring_specifies(tree: Path) -> None:
    """Made once more with the tools of a shell."""
    script = r"""
    cd "$1" && export LC_ALL=C
    find . -mindepth 1 ! -type d -printf '%P\n' | sort | while IFS= read -r name; do
        if [ -L "$name" ]; then printf '120000 %s %s\0' "$(readlink -n "$name" | sha256sum | cut -c1-64)" "$name"
        elif [ -x "$name" ]; then printf '100755 %s %s\0' "$(sha256sum < "$name" | cut -c1-64)" "$name"
        else printf '100644 %s %s\0' "$(sha256sum < "$name" | cut -c1-64)" "$name"; fi
    done | sha256sum
    """
    done = subprocess.run(["bash", "-c", script, "-", tree], check=True, capture_output=True, text=True)
    assert content_of(tree) == done.stdout.split()[0]


@pytest.mark.parametrize("options", [["-qry"], ["-qryD"], ["-qry0"], ["-qryX9"]])
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_the_zip_program_packs_what_the_directory_holds(tree: Path, options: list[str], locale: str) -> None:
    archive = tree.parent / "code.zip"
    subprocess.run(["zip", *options, archive, "."], cwd=tree, check=True, env={**os.environ, "LC_ALL": locale})
    assert content_of(archive) == content_of(tree)
    assert read_package(str(archive)).entries == read_package(str(tree)).entries


def test_pythons_zipfile_packs_what_the_directory_holds(tree: Path) -> None:
    (tree / "link").unlink()  # zipfile follows symbolic links
    archive = tree.parent / "code.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in tree.rglob("*"):
            file.write(path, path.relative_to(tree))
    assert content_of(archive) == content_of(tree)


@settings(max_examples=60)
@given(files=FILES, seed=st.integers())
def test_order_time_compression_and_umask_do_not_matter(files: dict[str, tuple[bytes, bool]], seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first = [(entry(name, 0o100755 if runs else 0o100644), content) for name, (content, runs) in files.items()]
        second = [
            (entry(name, 0o100700 if runs else 0o100600, (2026, 8, 1, 12, 0, 0)), content)
            for name, (content, runs) in files.items()
        ]
        random.Random(seed).shuffle(second)
        one, two = Path(folder, "one.zip"), Path(folder, "two.zip")
        assert zipped(one, *first) == zipped(two, *second, method=zipfile.ZIP_DEFLATED)


@settings(max_examples=60)
@given(files=FILES, other=FILES)
def test_two_contents_have_two_hashes(
    files: dict[str, tuple[bytes, bool]], other: dict[str, tuple[bytes, bool]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        hashes = {
            zipped(
                Path(folder, "code.zip"),
                *((entry(name, 0o100755 if runs else 0o100644), content) for name, (content, runs) in each.items()),
            )
            for each in (files, other)
        }
    assert len(hashes) == (1 if files == other else 2)


FILE, PROGRAM, LINK = stat.S_IFREG | 0o644, stat.S_IFREG | 0o755, stat.S_IFLNK | 0o777


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ([(entry("a", FILE), b"x")], [(entry("a", FILE), b"y")], False),
        ([(entry("a", FILE), b"x")], [(entry("b", FILE), b"x")], False),
        ([(entry("a", FILE), b"x")], [(entry("a", PROGRAM), b"x")], False),
        ([(entry("a", FILE), b"x")], [(entry("a", LINK), b"x")], False),
        ([(entry("a", FILE), b"x")], [(entry("a", FILE), b"x"), (entry("b", FILE), b"")], False),
        ([(entry("a", FILE), b"x")], [(entry("a", stat.S_IFREG | 0o655), b"x")], True),
        ([(entry("a", FILE), b"x")], [(entry("./a", FILE), b"x")], True),
        ([(entry("d/a", FILE), b"x")], [(entry("d/", stat.S_IFDIR | 0o755), b""), (entry("d//a", FILE), b"x")], True),
        ([(entry("a", FILE), b"x")], [("a", b"x")], True),
    ],
    ids=["bytes", "name", "executable", "link", "more", "not by its owner", "dot", "directories", "writestr"],
)
def test_what_matters_and_what_does_not(
    tmp_path: Path, one: list[tuple[zipfile.ZipInfo, bytes]], two: list[tuple[zipfile.ZipInfo, bytes]], same: bool
) -> None:
    assert (zipped(tmp_path / "one.zip", *one) == zipped(tmp_path / "two.zip", *two)) is same


def test_the_last_of_two_entries_with_one_name_counts(tmp_path: Path) -> None:
    twice = tmp_path / "twice.zip"
    with pytest.warns(UserWarning, match="Duplicate name"):
        hashed = zipped(twice, (entry("a", FILE), b"old"), (entry("a", FILE), b"new"))
    assert hashed == zipped(tmp_path / "once.zip", (entry("a", FILE), b"new"))
    assert read_package(str(twice)).entries == 1


def test_a_mode_counts_only_where_unix_made_the_zip(tmp_path: Path) -> None:
    """The external attributes of other systems hold no mode, whatever stands in those bits."""
    windows = entry("a", PROGRAM)
    windows.create_system = 0
    assert zipped(tmp_path / "one.zip", (windows, b"x")) == zipped(tmp_path / "two.zip", (entry("a", FILE), b"x"))


def test_names_are_hashed_as_bytes(tmp_path: Path) -> None:
    """Whether a zip marks its names as UTF-8 makes no difference; Info-ZIP does not."""
    marked, unmarked = tmp_path / "marked.zip", tmp_path / "unmarked.zip"
    hashed = zipped(marked, (entry("ü", FILE), b"x"))
    content = bytearray(marked.read_bytes())
    for at in (6, content.index(b"PK\x01\x02") + 8):
        content[at + 1] &= ~0x08
    unmarked.write_bytes(content)
    assert zipfile.ZipFile(unmarked).namelist() == ["├╝"]
    assert content_of(unmarked) == hashed
    record = b"100644 " + hashlib.sha256(b"x").hexdigest().encode() + b" \xc3\xbc\0"
    assert hashed == hashlib.sha256(record).hexdigest()
