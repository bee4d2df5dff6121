# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files go into a package, under which names, and what is refused before anything is read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code import errors
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.content import UNZIPPED_LIMIT, Mode
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing import walking
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.links import leads_out, to_nothing
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.selection import Selection, select
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.walking import Rules, Source

SCRATCH = ".unfinished-"
KEEP, FOLLOW = Rules(), Rules(follow_links=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "code"
    root.mkdir()
    return root


def fill(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(os.fsencode(name))


def choose(root: Path | Source, rules: Rules = KEEP, own: Path | None = None) -> Selection:
    source = root if isinstance(root, Source) else Source(str(root))
    return select([source], rules, [str(own or Path(source.path).parent / "code.zip")], SCRATCH)


def names(selection: Selection) -> list[str]:
    return [file.name.decode() for file in selection.files]


def test_files_are_sorted_by_the_bytes_of_their_names(root: Path) -> None:
    fill(root, "a/b", "a.b", "B", "a-b", "größe", "z", "a/a/a")
    assert names(choose(root)) == ["B", "a-b", "a.b", "a/a/a", "a/b", "größe", "z"]


def test_only_the_owners_right_to_execute_is_kept_of_a_mode(root: Path) -> None:
    for mode in (0o644, 0o600, 0o755, 0o700, 0o655, 0o4777, 0o400):
        fill(root, f"{mode:o}")
        (root / f"{mode:o}").chmod(mode)
    modes = {file.name.decode(): file.mode for file in choose(root).files}
    assert {name for name, mode in modes.items() if mode is Mode.EXECUTABLE} == {"755", "700", "4777"}


@pytest.mark.parametrize("prefix", ["python", "python/", "./python//"])
def test_a_prefix_is_put_before_every_name(root: Path, prefix: str) -> None:
    fill(root, "a", "b/c")
    assert names(choose(Source(str(root), prefix))) == ["python/a", "python/b/c"]


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("/python", "The prefix /python leads out of the package."),
        ("..", "The prefix .. leads out of the package."),
        ("a/../../b", "The prefix a/../../b leads out of the package."),
        ("C:/x", "The prefix C:/x leads out of the package."),
        ("./C:", "The prefix ./C: leads out of the package."),
        ("a\\b", "The prefix a\\b has a backslash in it, and a slash is what divides a path in a package."),
        ("a\0b", "The prefix a\\x00b has a NUL character in it."),
        ("x/" * 40_000, "The prefix has 80,000 bytes, and no path has more than 4,096."),
    ],
)
def test_a_prefix_below_which_nothing_can_stand_is_refused(root: Path, prefix: str, message: str) -> None:
    fill(root, "a")
    with pytest.raises(errors.UnsafeEntry) as raised:
        choose(Source(str(root), prefix))
    assert raised.value.message == message


def test_several_sources_make_one_package(tmp_path: Path) -> None:
    fill(tmp_path, "src/app.py", "src/notes.md", "site/boto/a.py", "site/boto/notes.md", "prod.toml")
    sources = [
        Source(str(tmp_path / "src")),
        Source(str(tmp_path / "site"), "vendor", ("!*.md",)),
        Source(str(tmp_path / "prod.toml"), "config"),
    ]
    chosen = select(sources, Rules(exclude=("*.md", "*.toml")), [str(tmp_path / "code.zip")], SCRATCH)
    assert names(chosen) == ["app.py", "config/prod.toml", "vendor/boto/a.py", "vendor/boto/notes.md"]
    assert chosen.excluded == 1


@pytest.mark.parametrize(("one", "other"), [("x", "x"), ("x", "x/y"), ("x/y", "x")])
def test_two_files_for_one_name_are_named(tmp_path: Path, one: str, other: str) -> None:
    fill(tmp_path, f"one/{one}", f"other/{other}")
    with pytest.raises(errors.DuplicateEntry) as raised:
        select(
            [Source(str(tmp_path / "one")), Source(str(tmp_path / "other"))], Rules(), [str(tmp_path / "z")], SCRATCH
        )
    for name in (f"one/{one}", f"other/{other}"):
        assert str(tmp_path / name) in raised.value.message
    assert "prefix" in raised.value.hint


# --- what is left out


def test_what_nobody_wants_is_left_out_by_default(root: Path) -> None:
    fill(
        root, "app.py", ".git/config", "lib/.git", "lib/__pycache__/a.cpython-312.pyc", "b.pyc", ".DS_Store", "._app.py"
    )
    fill(root, ".gitignore", "x/.hg/a", "x/.svn/a")
    selection = choose(root)
    assert names(selection) == [".gitignore", "app.py"]
    assert selection.excluded == 8
    assert len(choose(root, Rules(default_excludes=False)).files) == 10


def test_patterns_bring_back_what_is_left_out_by_default(root: Path) -> None:
    fill(root, "app.py", "__pycache__/a.pyc", "b.pyc")
    assert names(choose(root, Rules(exclude=("!b.pyc",)))) == ["app.py", "b.pyc"]
    assert names(choose(root, Rules(exclude=("!__pycache__/", "!*.pyc")))) == ["__pycache__/a.pyc", "app.py", "b.pyc"]


def test_the_ignore_file_comes_first_and_stays_out(root: Path) -> None:
    fill(root, "a.md", "b.md", "c.md", "lib/.lambdaignore", "lib/a.md")
    (root / ".lambdaignore").write_text("*.md\n!/a.md\n")
    assert names(choose(root)) == ["a.md", "lib/.lambdaignore"]
    assert names(choose(root, Rules(exclude=("!b.md",)))) == ["a.md", "b.md", "lib/.lambdaignore"]
    assert len(choose(root, Rules(ignore_file="")).files) == 6
    (root / ".lambdaignore").rename(root / ".ours")
    assert names(choose(root, Rules(ignore_file=".ours"))) == ["a.md", "lib/.lambdaignore"]
    with pytest.raises(errors.CodeError, match="is a path, and a name is wanted"):
        choose(root, Rules(ignore_file="../.ours"))


def test_a_directory_that_is_left_out_is_not_entered(root: Path) -> None:
    fill(root, "app.py", "node_modules/a/b", "node_modules/c")
    os.mkfifo(root / "node_modules" / "pipe")  # which would be an error
    selection = choose(root, Rules(exclude=("node_modules/", "!node_modules/c")))
    assert (names(selection), selection.excluded) == (["app.py"], 1)


@pytest.mark.parametrize("there", [True, False])
def test_a_package_never_holds_itself(root: Path, there: bool) -> None:
    fill(root, "app.py", "build/other.zip", "build/x/code.zip", f"build/{SCRATCH}8s7f", "code.zip")
    own = root / "build" / "code.zip"
    if there:
        own.touch()
    assert names(choose(root, own=own)) == ["app.py", "build/other.zip", "build/x/code.zip", "code.zip"]
    (root / "link").symlink_to("build")
    assert "link/code.zip" not in names(choose(root, FOLLOW, own=own))


@pytest.mark.parametrize("rules", [KEEP, FOLLOW], ids=["keep", "follow"])
def test_a_link_that_the_package_is_called_by_stays_out(root: Path, rules: Rules) -> None:
    out = root.parent / "out"
    out.mkdir()
    fill(root, "app.py")
    (root / "code.zip").symlink_to("../out/real.zip")
    assert names(choose(root, rules, own=root / "code.zip")) == ["app.py"]
    (out / "real.zip").touch()
    assert names(choose(root, rules, own=root / "code.zip")) == ["app.py"]


def test_what_links_to_the_package_is_not_packed_whether_it_is_there_or_not(root: Path) -> None:
    fill(root, "app.py")
    (root / "latest.zip").symlink_to("../code.zip")
    assert names(choose(root, FOLLOW)) == ["app.py"]
    (root.parent / "code.zip").touch()
    assert names(choose(root, FOLLOW)) == ["app.py"]


# --- links


def test_links_are_kept_as_links(root: Path) -> None:
    fill(root, "lib/a.so.1")
    for name, target in (
        ("lib/a.so", "a.so.1"),
        ("b", "lib"),
        ("c", "lib/../lib/a.so"),
        ("d", "/opt/x"),
        ("e", "gone"),
    ):
        (root / name).symlink_to(target)
    selection = choose(root)
    assert {file.name: file.target for file in selection.files if file.mode is Mode.LINK} == {
        b"lib/a.so": b"a.so.1",
        b"b": b"lib",
        b"c": b"lib/../lib/a.so",
        b"d": b"/opt/x",
        b"e": b"gone",
    }
    assert selection.dangling == [b"e"]
    assert selection.size == 10 + 6 + 3 + 15 + 6 + 4


@pytest.mark.parametrize("target", ["../x", "/etc/passwd", "lib/../../code/lib", "/opt/../etc/passwd", "{root}/lib/a"])
def test_a_link_out_of_the_package_names_both_ways_out(root: Path, target: str) -> None:
    fill(root, "lib/a", "a")
    (root / "link").symlink_to(target.format(root=root))
    with pytest.raises(errors.UnsafeEntry) as raised:
        choose(root)
    assert raised.value.message.startswith(f"{root}/link is a symbolic link to {target.format(root=root)}, which")
    assert "`links: follow`" in raised.value.hint
    assert names(choose(root, Rules(exclude=("/link",)))) == ["a", "lib/a"]


def test_a_link_out_of_its_source_needs_what_another_one_brings(tmp_path: Path) -> None:
    """As the links of a workspace's packages, below the prefix of a layer."""
    fill(tmp_path, "modules/b/index.js", "ws/a/index.js")
    (tmp_path / "modules" / "a").symlink_to("../ws/a")
    (tmp_path / "modules" / "c").symlink_to("b/gone")
    modules = Source(str(tmp_path / "modules"), "nodejs/node_modules")
    brought = Source(str(tmp_path / "ws"), "nodejs/ws")
    selection = select([modules, brought], KEEP, [str(tmp_path / "code.zip")], SCRATCH)
    assert selection.dangling == [b"nodejs/node_modules/c"]
    with pytest.raises(errors.UnsafeEntry, match=r"/a is a symbolic link to \.\./ws/a, which .* not hold") as raised:
        choose(modules)
    assert "`links: follow`" in raised.value.hint
    (tmp_path / "modules" / "c").unlink()
    assert "nodejs/node_modules/a/index.js" in names(choose(modules, FOLLOW))


@pytest.mark.parametrize(
    ("name", "target", "out"),
    [
        ("a", "b", False),
        ("a", ".", False),
        ("a", "..", True),
        ("x/a", "..", False),
        ("x/a", "../..", True),
        ("x/a", "../y/../../x", True),
        ("x/a", "./..//y/", False),
        ("a", "/opt", False),
        ("a", "//opt/x", False),
        ("a", "/optional", True),
        ("a", "/var/task/x", False),
        ("a", "/var/lang/bin/python3", False),
        ("a", "/tmp/cache", False),
        ("a", "/tmp/build/x", True),
        ("a", "/tmp/builder", False),
        ("a", "/usr/lib64/x", True),
        ("a", "/", True),
    ],
)
def test_where_links_lead(name: str, target: str, out: bool) -> None:
    assert leads_out(name.encode(), target.encode(), [b"/tmp/build"]) is out


def test_what_is_built_in_the_place_of_the_function_may_be_linked_to_by_its_path() -> None:
    assert not leads_out(b"a", b"/var/task/x", [b"/var/task"])


def test_links_to_nothing_are_found() -> None:
    links = {
        b"a": b"lib",
        b"b": b"gone",
        b"lib/c": b"../b/x",
        b"d": b"a/x",
        b"e": b".",
        b"f": b"/opt/x",
        b"g": b"lib/x",
    }
    assert list(to_nothing(links, [*links, b"lib/y/z"])) == [b"b", b"g"]


def test_links_are_followed_out_of_the_source(root: Path, tmp_path: Path) -> None:
    fill(root, "node_modules/b/index.js", "a/x.bin")
    fill(tmp_path, "shared/index.js", "shared/test.js", "run")
    (tmp_path / "run").chmod(0o755)
    (root / "node_modules" / "shared").symlink_to(tmp_path / "shared")
    (root / "run").symlink_to("../run")
    (root / "again").symlink_to("a")
    selection = choose(root, Rules(exclude=("test.js", "again/*.bin"), follow_links=True))
    assert names(selection) == ["a/x.bin", "node_modules/b/index.js", "node_modules/shared/index.js", "run"]
    assert selection.files[-1].mode is Mode.EXECUTABLE
    assert selection.dangling == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: (root / "x").symlink_to("."), "never ends: .*/code/x is a directory above itself"),
        (lambda root: (root / "lib" / "x").symlink_to(root.parent), "never ends: .*/lib/x/code is a directory above"),
        (lambda root: (root / "x").symlink_to("gone"), "x is a symbolic link to gone, where nothing is"),
        (lambda root: (root / "x").symlink_to("x"), "x is a symbolic link to x, which leads in a circle"),
        (lambda root: (root / "x").symlink_to("/dev/null"), "x is a character device, which no package can hold"),
    ],
)
def test_links_that_can_not_be_followed_are_named(root: Path, make: Callable[[Path], None], message: str) -> None:
    fill(root, "lib/a")
    make(root)
    with pytest.raises(errors.CodeError, match=message):
        choose(root, FOLLOW)
    assert names(choose(root, Rules(exclude=("x",), follow_links=True))) == ["lib/a"]


def test_links_that_multiply_have_an_end(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each directory holds two links to the next one, so that the last one is reached in 2 ** 20 ways."""
    monkeypatch.setattr(walking, "_MOST", 1000)
    for number in range(20):
        folder = root / str(number)
        folder.mkdir()
        (folder / "one").symlink_to(root / str(number + 1))
        (folder / "two").symlink_to(root / str(number + 1))
    (root / "20").mkdir()
    with pytest.raises(errors.PackageTooLarge, match="holds more than 1,000 files and directories"):
        choose(root, FOLLOW)


# --- what makes no package


def sparse(root: Path) -> None:
    for name, size in (("small", 9), ("model.bin", UNZIPPED_LIMIT - 10), ("vocabulary", 11)):
        with (root / name).open("wb") as file:
            file.truncate(size)


BAD: list[tuple[Callable[[Path], object], type[errors.CodeError], str]] = [
    (lambda root: root.rmdir(), errors.PackageMissing, "The source .*/code does not exist."),
    (lambda root: None, errors.EmptyPackage, "There are no files in .*/code."),
    (
        lambda root: fill(root, "a.pyc", ".git/x"),
        errors.EmptyPackage,
        "Nothing is left to pack of .*/code: everything is excluded",
    ),
    (lambda root: os.mkfifo(root / "x"), errors.UnsafeEntry, "/code/x is a named pipe, which no package can hold"),
    (lambda root: fill(root, "..\\x"), errors.UnsafeEntry, r"an entry named \.\.\\x, which leads out"),
    (
        lambda root: (root / ".lambdaignore").mkdir(),
        errors.PackageUnreadable,
        "lambdaignore is a directory, not a file",
    ),
    (
        lambda root: (root / ".lambdaignore").symlink_to("gone"),
        errors.PackageMissing,
        "lambdaignore is a symbolic link that leads to nothing",
    ),
    (
        lambda root: fill(root, os.fsdecode(b"caf\xe9")),
        errors.UnsafeEntry,
        re.escape("holds caf\\udce9, whose name is not in UTF-8"),
    ),
    (sparse, errors.PackageTooLarge, "have 262,144,010 bytes, and Lambda takes at most 262,144,000 unzipped"),
]


@pytest.mark.parametrize(("make", "kind", "message"), BAD)
def test_what_makes_no_package_is_refused(
    root: Path, make: Callable[[Path], object], kind: type[errors.CodeError], message: str
) -> None:
    make(root)
    with pytest.raises(kind, match=message) as raised:
        choose(root)
    assert raised.value.message.endswith(".")
    assert raised.value.hint.endswith(".")


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (lambda root: fill(root, "..\\x"), "Rename it"),
        (lambda root: (root / ".lambdaignore").mkdir(), "Patterns are read from it"),
        (lambda root: (root / ".lambdaignore").symlink_to("gone"), "Patterns are read from it"),
    ],
)
def test_a_hint_is_about_the_source_and_not_about_a_zip(root: Path, make: Callable[[Path], object], hint: str) -> None:
    make(root)
    with pytest.raises(errors.CodeError) as raised:
        choose(root)
    assert hint in raised.value.hint


def test_the_largest_files_are_named_when_they_are_too_large(root: Path) -> None:
    sparse(root)
    with pytest.raises(errors.PackageTooLarge) as raised:
        choose(root)
    assert "model.bin (262,143,990 bytes), vocabulary (11 bytes), small (9 bytes)" in raised.value.hint
    assert names(choose(root, Rules(exclude=("small", "voc*")))) == ["model.bin"]


def test_bad_names_that_are_left_out_are_no_error(root: Path) -> None:
    fill(root, "a", os.fsdecode(b"caf\xe9"), "..\\x")
    assert names(choose(root, Rules(exclude=("caf*", "*x")))) == ["a"]
