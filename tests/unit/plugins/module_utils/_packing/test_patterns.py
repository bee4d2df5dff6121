# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Patterns mean what they mean to git, asked of git itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.errors import BadPattern, MissingPathspec
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing import patterns as room
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.patterns import (
    DEFAULT_EXCLUDES,
    Patterns,
    excluded_by_default,
    read_lines,
)
from hypothesis import given, settings
from hypothesis import strategies as st

Leaves = Callable[[list[str]], set[str]]

FOLDERS = ("a", "b", "ab", "x.c")
FILES = ("c", "a b", ".h", "!", "#", "a ", "keep", "*", "[a]", "é")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three levels of directories with names that matter to patterns, a link to a directory, and git's own files."""
    root = tmp_path_factory.mktemp("tree")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", "init", "-q", root], check=True, env=environment)

    def fill(folder: Path, depth: int) -> None:
        for name in FILES:
            (folder / name).touch()
        (folder / "link").symlink_to("a")
        for name in FOLDERS:
            if depth:
                (folder / name).mkdir()
                fill(folder / name, depth - 1)
            else:
                (folder / name).touch()

    fill(root, 2)
    return root


def names_below(root: Path) -> list[str]:
    names = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        names += [os.path.relpath(os.path.join(folder, name), root) for name in (*folders, *files)]
    return sorted(set(names) - {".gitignore"})


def is_folder(place: Path) -> bool:
    return place.is_dir() and not place.is_symlink()


@pytest.fixture(scope="module")
def git_leaves(tree: Path) -> Leaves:
    """The files that git would take."""
    names = names_below(tree)
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    def ask(lines: list[str]) -> set[str]:
        (tree / ".gitignore").write_text("".join(f"{line}\n" for line in lines))
        asked = subprocess.run(
            ["git", "check-ignore", "--no-index", "-z", "--stdin"],
            cwd=tree,
            env=environment,
            input="".join(f"{name}\0" for name in names).encode(),
            capture_output=True,
        )
        assert asked.returncode in (0, 1), asked.stderr
        ignored = set(asked.stdout.decode().split("\0"))
        return {name for name in names if name not in ignored and not is_folder(tree / name)}

    return ask


@pytest.fixture(scope="module")
def our_leaves(tree: Path) -> Leaves:
    """The files that a walk takes that enters no directory that is left out."""

    def walk(patterns: Patterns, folder: str) -> set[str]:
        found: set[str] = set()
        for name in os.listdir(tree / folder):
            path, place = os.path.join(folder, name), tree / folder / name
            if path in (".git", ".gitignore") or patterns.excludes(path.split("/"), directory=is_folder(place)):
                continue
            found |= walk(patterns, path) if is_folder(place) else {path}
        return found

    return lambda lines: walk(Patterns(lines), "")


TABLE = [
    [],
    ["a"],
    ["a/"],
    ["/a"],
    ["/a/"],
    ["link/"],
    ["a/b"],
    ["*.c", "!x.c"],
    ["*", "!*/", "!*.c"],
    ["*", "!*/", "!keep"],
    ["a/**", "!a/keep"],
    ["a/*", "!a/keep"],
    ["a/", "!a/keep"],
    ["/*", "!/a", "/a/*", "!/a/b/"],
    ["**"],
    ["!**"],
    ["**/"],
    ["**/b"],
    ["**/a/b"],
    ["a/**/b"],
    ["a/**/**/keep"],
    ["/**/keep", "!a/**"],
    ["a b"],
    ["a\\ "],
    ["a "],
    ["#"],
    ["\\#"],
    ["!"],
    ["\\!"],
    ["\\*"],
    ["\\[a]"],
    ["[]a]"],
    ["[!a]"],
    ["[^a]"],
    ["[a-b]*"],
    ["?"],
    ["??"],
    ["???"],
    ["[^a]?"],
    ["[é]"],
    ["[é]?"],
    ["é*"],
    ["*é"],
    ["/"],
    ["//"],
    ["a//b"],
    ["./a"],
    ["a/."],
    ["", "   ", "# a", "a/b/c"],
    ["b\r"],
    ["{a,b}"],
    [".*"],
    ["b", "!b", "b/b"],
    ["/b/x.c/", "!b"],
    ["a/b/", "!b"],
]


@pytest.mark.parametrize("lines", TABLE, ids=repr)
def test_patterns_people_write_mean_what_they_mean_to_git(
    lines: list[str], git_leaves: Leaves, our_leaves: Leaves
) -> None:
    assert our_leaves(lines) == git_leaves(lines)


# Left out: `**` as a part of a name, which git up to 2.40 compares with an address of something else.
GLOBS = (
    *("a", "b", "c", "ab", "*", "**", "***", "?", "[ab]", "[!a]", "[^a]", "[]a]", "[a-b]*", "a*", "*b*", "*.c", "a?"),
    *("x.c", "a b", ".h", "\\a", "\\!", "\\#", "\\*", "{a,b}", "keep"),
)
LINES = st.builds(
    lambda negation, anchor, parts, folder, space: f"{negation}{anchor}{'/'.join(parts)}{folder}{space}",
    st.sampled_from(("", "", "!")),
    st.sampled_from(("", "", "/")),
    st.lists(st.sampled_from(GLOBS), min_size=1, max_size=3),
    st.sampled_from(("", "", "/")),
    st.sampled_from(("", "", "", " ", "  ", "\\ ")),
)


@settings(max_examples=150)
@given(lines=st.lists(LINES, min_size=1, max_size=5))
def test_any_patterns_mean_what_they_mean_to_git(lines: list[str], git_leaves: Leaves, our_leaves: Leaves) -> None:
    assert our_leaves(lines) == git_leaves(lines)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a\\", r"a\ can't be understood (a backslash stands at its end, before nothing)."),
        ("!a\\\\\\/", r"a\\\ can't be understood (a backslash stands at its end, before nothing)."),
        ("[z-a]", "[z-a] can't be understood (a range between brackets runs backwards)."),
        ("x/[é-a]/y", "[é-a] can't be understood (a range between brackets runs backwards)."),
        ("[[:alpha:]]", "[[:alpha:]] can't be understood (backslashes and classes such as"),
        ("[a\\]]", "[a\\]] can't be understood (backslashes and classes such as"),
    ],
)
def test_what_can_not_be_understood_is_said_before_any_file_is_asked_about(line: str, said: str) -> None:
    with pytest.raises(BadPattern) as raised:
        Patterns(["fine", line])
    assert raised.value.message.startswith(f"The pattern {said}")
    assert ".gitignore" in raised.value.hint


def test_names_that_are_not_utf_8_are_asked_about_like_others() -> None:
    odd = os.fsdecode(b"caf\xe9.txt")
    patterns = Patterns(["*.txt", "größe/"])
    assert patterns.excludes([odd], directory=False) is True
    assert patterns.excludes(["größe"], directory=True) is True
    assert patterns.excludes([odd, "größe"], directory=False) is None


def test_several_double_stars_take_no_longer_than_the_path_is_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(room, "_part_fits", lambda glob, name: not asked.append(name) and glob == name)
    fits, path = room._fits, ["a"] * 30
    assert not fits(["**", "a"] * 7 + ["b"], path)
    assert fits(["**", "a"] * 7 + ["b"], [*path, "b"])
    assert len(asked) < 1000


def test_a_file_of_patterns_is_read_as_git_reads_it(tmp_path: Path) -> None:
    file = tmp_path / ".lambdaignore"
    file.write_bytes("\ufeff*.md\r\n\r\n!größe.md".encode())
    patterns = Patterns(read_lines(str(file)))
    assert patterns.excludes(["x.md"], directory=False) is True
    assert patterns.excludes(["größe.md"], directory=False) is False
    file.write_bytes(b"caf\xe9")
    with pytest.raises(BadPattern, match="is no text in UTF-8"):
        read_lines(str(file))


def test_pathspec_is_needed_for_patterns_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "GitIgnoreSpec", None)
    assert Patterns(["", "# nothing"]).excludes(["a"], directory=False) is None
    with pytest.raises(MissingPathspec):
        Patterns(["a"])


def test_what_is_left_out_by_default_is_what_its_patterns_mean() -> None:
    patterns = Patterns(DEFAULT_EXCLUDES)
    for name in (".git", ".gitignore", ".hg", ".svn", "__pycache__", "a.pyc", "pyc", "a.pyo", "._a", ".a", ".DS_Store"):
        for directory in (False, True):
            assert excluded_by_default(name, directory=directory) == bool(
                patterns.excludes([name], directory=directory)
            ), name
