# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A package at its place: left alone, replaced as a whole, or not at all; by one, several, and one who is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code import errors
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.packages import read_package
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing import aside, building
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.building import Built, build
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.packing import Packing
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.walking import Rules, Source

PACKING, RULES = Packing(), Rules()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "build"
    folder.mkdir()
    return folder / "code.zip"


def put(tree: Path, place: Path, install: Callable[[str, str], object] | None = os.replace) -> Built:
    return build([Source(str(tree))], RULES, str(place), PACKING, install)


def test_the_package_is_what_it_says(tree: Path, place: Path) -> None:
    built = put(tree, place)
    read = read_package(str(place))
    assert (built.digest, built.size, built.entries) == (read.digest, read.size, read.files)
    assert built.content_sha256 == read.content_sha256
    assert built.changed
    assert os.listdir(place.parent) == ["code.zip"]


def test_an_unchanged_package_is_left_alone(tree: Path, place: Path) -> None:
    put(tree, place)
    before = place.stat()
    again = put(tree, place, install=lambda path, place: pytest.fail("moved"))
    assert not again.changed
    assert again.changes == building.changes((), ())
    assert again.diff[0] == again.diff[1]
    after = place.stat()
    assert (before.st_ino, before.st_mtime_ns, before.st_ctime_ns) == (
        after.st_ino,
        after.st_mtime_ns,
        after.st_ctime_ns,
    )
    assert os.listdir(place.parent) == ["code.zip"]


def test_a_package_that_is_tried_out_elsewhere_has_the_bytes_of_the_real_one(tree: Path, tmp_path: Path) -> None:
    real, tried = tree / "build.zip", tmp_path / "tried.zip"
    put(tree, real)
    sources = [Source(str(tree))]
    assert build(sources, RULES, str(tried), PACKING, rehearses=str(real)).digest == put(tree, real).digest
    assert build(sources, RULES, str(tried), PACKING, rehearses="/gone/build.zip").changed


def test_a_package_behind_a_link_in_its_source_is_left_alone_as_well(tree: Path, place: Path) -> None:
    (tree / "code.zip").symlink_to(place)
    for rules in (RULES, Rules(follow_links=True)):
        place.unlink(missing_ok=True)
        first, again = (build([Source(str(tree))], rules, str(tree / "code.zip"), PACKING) for _time in range(2))
        assert (first.changed, again.changed) == (True, False)
        assert b"code.zip" not in {entry.name for entry in again.entries}


def test_nothing_is_written_where_nothing_is_to_be(tree: Path, place: Path) -> None:
    """Of a directory's times, those of a moment ago would tell."""
    os.utime(place.parent, (1, 1))
    predicted = put(tree, place, install=None)
    assert not os.listdir(place.parent)
    assert place.parent.stat().st_mtime == 1
    real = put(tree, place)
    assert (real.digest, real.entries, real.changes, real.diff) == (
        predicted.digest,
        predicted.entries,
        predicted.changes,
        predicted.diff,
    )
    assert predicted.changed
    assert not put(tree, place, install=None).changed


def test_what_changed_is_told_by_name_and_as_a_diff(tree: Path, place: Path) -> None:
    first = put(tree, place)
    assert first.changes.added == ["bootstrap", "lib/größe ☃.txt", "lib/handler.py", "link"]
    assert first.diff[0] == ""
    (tree / "bootstrap").chmod(0o644)
    (tree / "lib" / "handler.py").write_bytes(b"pass\n")
    (tree / "lib" / "größe ☃.txt").unlink()
    (tree / "new\n\x1b[2J").touch()
    second = put(tree, place)
    changes = second.changes
    assert changes.added == ["new\\n\\x1b[2J"]
    assert changes.modified == ["bootstrap", "lib/handler.py"]
    assert changes.removed == ["lib/größe ☃.txt"]
    before, after = second.diff
    assert before == first.diff[1]
    lines = after.splitlines()
    assert lines[0] == f"sha256 {second.digest.base64}, {second.size:,} bytes"
    assert [line.split(maxsplit=3)[0] for line in lines[1:]] == ["100644", "100644", "120000", "100644"]
    assert lines[2] == f"100644           5 {second.entries[1].digest.hex[:12]} lib/handler.py"


def test_a_package_that_something_else_made_is_replaced_though_it_holds_the_same(tree: Path, place: Path) -> None:
    subprocess.run(["zip", "-qry", place, "."], cwd=tree, check=True)
    built = put(tree, place)
    assert built.changed
    assert built.changes == building.changes((), ())
    before, after = (text.splitlines() for text in built.diff)
    assert before[1:] == after[1:]
    assert before[0] != after[0]


def test_a_link_to_the_package_stays_one(tree: Path, place: Path, tmp_path: Path) -> None:
    link = tmp_path / "latest.zip"
    link.symlink_to(place)
    assert put(tree, link).changed
    assert link.is_symlink()
    assert zipfile.is_zipfile(place)
    assert not put(tree, place).changed


def test_two_at_once_both_succeed(tree: Path, place: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        built = list(pool.map(lambda _number: put(tree, place), range(24)))
    assert len({each.digest for each in built}) == 1
    assert read_package(str(place)).digest == built[0].digest
    assert os.listdir(place.parent) == ["code.zip"]


# --- what is there before


def damaged(place: Path) -> None:
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("good.py", "good\n")
        archive.writestr("bad.py", "to be damaged\n")
    place.write_bytes(place.read_bytes().replace(b"to be damaged", b"to be damageD"))


def cut(place: Path) -> None:
    damaged(place)
    place.write_bytes(place.read_bytes()[:40])


def empty_zip(place: Path) -> None:
    zipfile.ZipFile(place, "w").close()


@pytest.mark.parametrize(
    ("make", "removed", "said"),
    [
        (damaged, ["good.py"], "its entry bad.py can't be unpacked (its CRC-32 does not match)."),
        (cut, [], "is a zip that is cut short or damaged"),
        (empty_zip, [], "is a zip without files."),
        (Path.touch, [], "is an empty file, not a zip."),
    ],
)
def test_a_broken_package_is_replaced_and_the_diff_says_what_could_be_read(
    tree: Path, place: Path, make: Callable[[Path], None], removed: list[str], said: str
) -> None:
    make(place)
    built = put(tree, place)
    assert built.changed
    assert (built.changes.removed, len(built.changes.added)) == (removed, 4)
    assert said in built.diff[0]
    assert read_package(str(place)).digest == built.digest


@pytest.mark.parametrize("content", [b"print('hello')\n", b"\x7fELF", b"{}", b"\0" * 100])
def test_a_file_that_is_no_zip_is_not_replaced(tree: Path, place: Path, content: bytes) -> None:
    place.write_bytes(content)
    with pytest.raises(errors.DestinationUnusable, match="not a zip") as raised:
        put(tree, place)
    assert "remove it first" in raised.value.hint
    assert place.read_bytes() == content


@pytest.mark.parametrize(
    ("destination", "message"),
    [
        ("", "The path of the package is empty."),
        ("{folder}", "{folder} is a directory."),
        ("{folder}/gone/", "{folder}/gone/ is a directory."),
        ("{folder}/gone/code.zip", "There is no directory {folder}/gone for the package."),
        ("{folder}/file/code.zip", "There is no directory {folder}/file for the package."),
        (f"{{folder}}/{'x' * 300}", f"No package can stand at {{folder}}/{'x' * 300}: File name too long."),
        ("{folder}/a\0b", "The path {folder}/a\\x00b of the package has a NUL character in it."),
        ("/dev/null", "/dev/null is a character device, which no package replaces."),
    ],
)
@pytest.mark.parametrize("install", [None, os.replace])
def test_a_place_where_no_package_can_stand_is_named(
    tree: Path, place: Path, destination: str, message: str, install: Callable[[str, str], object] | None
) -> None:
    (place.parent / "file").touch()
    with pytest.raises(errors.DestinationUnusable) as raised:
        build([Source(str(tree))], RULES, destination.format(folder=place.parent), PACKING, install)
    assert raised.value.message == message.format(folder=place.parent)
    assert raised.value.hint


@pytest.mark.parametrize("install", ["None", "os.replace"])
@pytest.mark.parametrize(("mode", "below"), [(0o555, ""), (0o644, ""), (0o700, "/folder")])
def test_a_directory_that_may_not_be_written_is_named(tree: Path, install: str, mode: int, below: str) -> None:
    """In a process of its own that gives root's rights up, since root may write anywhere."""
    with tempfile.TemporaryDirectory() as readable:
        folder = f"{readable}/build{below}"
        os.makedirs(folder)
        os.chmod(f"{readable}/build", mode)
        os.chmod(readable, 0o555)
        done = run(
            "import os\n"
            f"from {build.__module__} import build\n"
            f"from {Packing.__module__} import Packing\n"
            f"from {Source.__module__} import Rules, Source\n"
            f"from {errors.__name__} import DestinationUnusable\n"
            "os.geteuid() == 0 and os.setresuid(65534, 65534, 65534)\n"
            f"try:\n    build([Source({str(tree)!r})], Rules(), {folder + '/code.zip'!r}, Packing(), {install})\n"
            "except DestinationUnusable as error:\n    print(error)\n"
        )
        os.chmod(readable, 0o700)
        os.chmod(f"{readable}/build", 0o700)
    assert f"{folder} may not be written by this user (uid " in done.stdout, done.stderr


def run(script: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)


# --- what fails, and who is killed


def test_what_can_not_be_moved_leaves_everything_as_it_was(tree: Path, place: Path) -> None:
    put(tree, place)
    old = place.read_bytes()
    (tree / "new").touch()

    def refuse(path: str, place: str) -> None:
        assert zipfile.is_zipfile(path)
        raise PermissionError(1, "no")

    with pytest.raises(PermissionError):
        put(tree, place, refuse)
    assert place.read_bytes() == old
    assert os.listdir(place.parent) == ["code.zip"]


def test_a_full_disk_leaves_everything_as_it_was(tree: Path, place: Path) -> None:
    """In a process of its own, that may write no file of more than 64 kB."""
    put(tree, place)
    old = place.read_bytes()
    for number in range(4):
        (tree / f"{number}.bin").write_bytes(os.urandom(30_000))
    done = run(
        "import resource, signal\n"
        f"from {build.__module__} import build\n"
        f"from {Packing.__module__} import Packing\n"
        f"from {Source.__module__} import Rules, Source\n"
        f"from {errors.__name__} import DestinationUnusable\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        f"try:\n    build([Source({str(tree)!r})], Rules(), {str(place)!r}, Packing())\n"
        "except DestinationUnusable as error:\n    print(error)\n"
    )
    assert f"No package can be written into {place.parent}: File too large." in done.stdout, done.stderr
    assert place.read_bytes() == old
    assert os.listdir(place.parent) == ["code.zip"]


def test_whoever_is_killed_leaves_the_old_package_and_the_next_one_cleans_up(tree: Path, place: Path) -> None:
    put(tree, place)
    old = place.read_bytes()
    (tree / "new").touch()
    killed = run(
        "import os, signal\n"
        f"from {build.__module__} import build\n"
        f"from {Packing.__module__} import Packing\n"
        f"from {Source.__module__} import Rules, Source\n"
        "def install(path, place):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"build([Source({str(tree)!r})], Rules(), {str(place)!r}, Packing(), install)\n"
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert place.read_bytes() == old
    litter = set(os.listdir(place.parent)) - {"code.zip"}
    assert len(litter) == 1
    assert not put(tree, place, install=None).selection.excluded  # what only looks removes nothing
    assert litter < set(os.listdir(place.parent))
    assert put(tree, place).changed
    assert os.listdir(place.parent) == ["code.zip"]


def test_what_is_still_being_written_is_not_taken_for_litter(tmp_path: Path) -> None:
    folder = str(tmp_path)
    with aside.written_aside(folder) as one:
        one.write(b"half")
        with aside.written_aside(folder) as other:
            assert {one.path, other.path} == {str(path) for path in tmp_path.iterdir()}
        one.finish()
        assert Path(one.path).read_bytes() == b"half"
    assert not os.listdir(folder)


def test_litter_stays_out_of_a_package_that_is_built_beside_its_sources(tree: Path) -> None:
    place = tree / "code.zip"
    first = put(tree, place)
    (tree / f"{aside.PREFIX}x.part").write_bytes(b"litter")
    again = put(tree, place)
    assert not again.changed
    assert again.digest == first.digest


# --- notes


def test_notes_tell_what_goes_through_s3_and_links_to_nothing(
    tree: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert put(tree, place).notes == []
    for name in "abcd":
        (tree / name).symlink_to("gone")
    monkeypatch.setattr(building, "DIRECT_UPLOAD_LIMIT", 100)
    large, links = put(tree, place).notes
    assert "it has to be deployed through S3" in large
    assert links == "Symbolic links to nothing in the package: a, b, c and 1 more."
