# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of real packages, what is done to some of them, and how others' words and the page are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from lambdaops_testbed.artifacts import oracles, page, registries
from lambdaops_testbed.artifacts.node_packages import NODE
from lambdaops_testbed.artifacts.packages import folder_name
from lambdaops_testbed.artifacts.page import Row
from lambdaops_testbed.artifacts.python_packages import PYTHON
from lambdaops_testbed.artifacts.spoiled import Cut, Moved, Pointer, Without, WithoutSections
from lambdaops_testbed.errors import TestbedError

ARTIFACTS = (*PYTHON, *NODE)


def test_every_package_has_a_folder_of_its_own() -> None:
    assert len({folder_name(artifact) for artifact in ARTIFACTS}) == len(ARTIFACTS)


def test_everything_is_pinned_by_a_hash_and_nothing_is_pinned_in_vain() -> None:
    used = {pin for artifact in ARTIFACTS for pin in registries.pins(artifact)}

    assert used == {*registries.pinned("wheels.txt"), *registries.pinned("npm.txt")}
    assert all("sha256:" in pin or " sha512-" in pin for pin in used)


@pytest.mark.parametrize("name", ["numpy==0.1", "num", "cffi"])
def test_a_name_that_is_not_pinned_or_pinned_twice_is_refused(name: str) -> None:
    with pytest.raises(TestbedError, match=name):
        registries.wheel_pin(name)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "a.libs").mkdir()
    (tmp_path / "a.libs" / "x.so").write_bytes(bytes(range(1, 101)))
    return tmp_path


def test_what_is_done_to_packages(package: Path) -> None:
    file = package / "a.libs" / "x.so"
    WithoutSections("a.libs/x.so")(package)
    content = file.read_bytes()
    assert (content[40:48], content[60:64], content[:40]) == (bytes(8), bytes(4), bytes(range(1, 41)))
    Cut("a.libs/*", 0.3)(package)
    assert file.read_bytes() == bytes(range(1, 31))
    Pointer("a.libs/*.so")(package)
    assert file.read_text().startswith("version https://git-lfs")
    Moved("a.libs/*", "lib")(package)
    assert (package / "lib" / "x.so").is_file()
    Without("a.libs")(package)
    assert not file.parent.exists()


def test_a_pattern_that_names_nothing_is_a_mistake(package: Path) -> None:
    with pytest.raises(TestbedError, match=r"no b\.libs"):
        Without("b.libs")(package)


LDD = """\
/var/task/a.so: /lib/libc.so.6: version `GLIBC_2.38' not found (required by /var/task/a.so)
linux-vdso.so.1 (0x00007fc5f10ce000)
libx.so.1 => not found
liby.so.2 => /var/task/b/../a.libs/liby.so.2 (0x00007fc5f0920000)
/lib64/ld-linux-x86-64.so.2 (0x00007fc5f10d0000)
"""


def test_what_ldd_says() -> None:
    said = {"/var/task/a.so": LDD, "/var/task/m.so": "libc.musl-x86_64.so.1 => not found\nlibz.so.1 => not found\n"}

    assert oracles.unfound(said) == oracles.Unfound(frozenset({"libx.so.1"}), frozenset({("libc.so.6", "GLIBC_2.38")}))
    assert oracles.found(LDD) == {"liby.so.2": "/var/task/a.libs/liby.so.2"}


def test_the_newest_version_is_a_number() -> None:
    versions = ["GLIBC_2.4", "GLIBC_2.17", "GLIBC_PRIVATE", "GLIBCXX_3.4.29"]

    assert oracles.newest(versions, "GLIBC") == "GLIBC_2.17"
    assert oracles.newest(versions, "CXXABI") == ""


def test_the_page_can_be_read_again() -> None:
    rows = [
        Row("c", "2.0", "broken", "broken", "c.so | needs <x>.", "Error: `x' | y", [], []),
        Row("a_b", "1.0, py3-none-any", "loads", "loads", "", "", ["all found"], ["GLIBC_2.17"]),
    ]

    assert page.decided(page.page(rows)) == [row.decided for row in rows]
    assert page.in_sections(rows[::-1]) == rows


def test_a_long_sentence_is_cut_at_a_word_on_the_page_and_a_remark_is_not() -> None:
    row = Row("c", "2.0", "broken", "broken", "word " * 50, "a_b " * 50, [], [], "remark " * 50)
    _package, _verdict, why, said, *_lists = row.cells
    words, remark = why.split(" … ")

    assert (set(words.split()), remark) == ({"word"}, ("remark " * 50))
    assert len(words) <= 90
    assert len(said) <= 120  # with what Markdown needs before each `_`
    assert said.endswith("a\\_b …")
