# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bytes of a package: right to every tool that reads zips, and the same whatever the files' circumstances are."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code import errors
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.content import Mode, content_digest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.packages import read_package
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing import deflate, records
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.packing import Packing, pack
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.selection import select
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.walking import Chosen, Rules, Source
from hypothesis import given
from hypothesis import strategies as st
from zlib_ng import zlib_ng

MiB = 1024 * 1024
STORED = Packing(compress=False)


def chosen(root: Path) -> tuple[Chosen, ...]:
    return select([Source(str(root))], Rules(), [str(root.parent / "z")], "-").files


def packed(root: Path, packing: Packing = STORED) -> bytes:
    zipped = io.BytesIO()
    pack(chosen(root), zipped.write, packing)
    return zipped.getvalue()


@pytest.fixture
def mixed(tree: Path) -> Path:
    """The tree of conftest, with files that compress, that do not, that are large, and that are nearly nothing."""
    source = random.Random(1)
    (tree / "large.txt").write_text(source.randbytes(4 * MiB).hex())
    (tree / "large.bin").write_bytes(source.randbytes(5 * MiB))
    (tree / "small.bin").write_bytes(source.randbytes(3000))
    (tree / "one").write_bytes(b"1")
    for number in range(100):
        (tree / "lib" / f"{number}.py").write_bytes(b"print('hello')\n" * number)
    return tree


def test_the_known_package(tmp_path: Path) -> None:
    """Should this fail, every user's checksums change; that takes a better reason than a new version of anything."""
    root = tmp_path / "code"
    (root / "lib").mkdir(parents=True)
    (root / "bootstrap").write_bytes(b"#!/bin/sh\n" * 20)
    (root / "bootstrap").chmod(0o700)
    (root / "lib" / "größe.txt").write_bytes(b"1")
    (root / "link").symlink_to("lib")
    assert packed(root, Packing()).hex() == (
        "504b030414000000080000002100d0f2f21e0f000000c800000009000000626f6f7473747261705356d44fcaccd32fcee0521ed22c00"
        "504b030414000008000000002100b7efdc8301000000010000000f0000006c69622f6772c3b6c39f652e74787431"
        "504b030414000000000000002100cc3b0fa90300000003000000040000006c696e6b6c6962"
        "504b0102140314000000080000002100d0f2f21e0f000000c8000000090000000000000000000000ed8100000000626f6f7473747261"
        "70"
        "504b0102140314000008000000002100b7efdc8301000000010000000f0000000000000000000000a481360000006c69622f6772c3b6"
        "c39f652e747874"
        "504b0102140314000000000000002100cc3b0fa90300000003000000040000000000000000000000ffa1640000006c696e6b"
        "504b05060000000003000300a6000000890000000000"
    )


def test_the_tools_read_it(mixed: Path, tmp_path: Path) -> None:
    zipped, unzipped = tmp_path / "code.zip", tmp_path / "unzipped"
    zipped.write_bytes(packed(mixed, Packing()))
    tested = subprocess.run(["unzip", "-t", zipped], check=True, capture_output=True, text=True)
    assert "No errors detected" in tested.stdout
    subprocess.run(["unzip", "-q", zipped, "-d", unzipped], check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    subprocess.run(["diff", "-r", "--no-dereference", "-x", "empty", mixed, unzipped], check=True)
    listed = subprocess.run(["zipinfo", "-v", zipped], check=True, capture_output=True, text=True).stdout
    for line in ("extra field", "file comment", "extended local header"):
        said = {text.partition(":")[2].strip() for text in listed.splitlines() if line in text and ":" in text}
        assert said <= {"0 bytes", "0 characters", "no"}, (line, said)
    with zipfile.ZipFile(zipped) as archive:
        assert archive.testzip() is None
        infos = {info.filename: info for info in archive.infolist()}
    assert list(infos) == sorted(infos, key=str.encode)
    assert {info.date_time for info in infos.values()} == {(1980, 1, 1, 0, 0, 0)}
    assert {name: f"{infos[name].external_attr >> 16:o}" for name in ("bootstrap", "one", "link")} == {
        "bootstrap": "100755",
        "one": "100644",
        "link": "120777",
    }
    methods = {name: infos[name].compress_type for name in ("large.txt", "large.bin", "small.bin", "one", "link")}
    assert methods == dict.fromkeys(methods, zipfile.ZIP_STORED) | {"large.txt": zipfile.ZIP_DEFLATED}


def test_what_it_says_it_holds_is_what_readers_find(mixed: Path, tmp_path: Path) -> None:
    for packing in (Packing(), STORED):
        zipped = tmp_path / "code.zip"
        with zipped.open("wb") as file:
            entries = pack(chosen(mixed), file.write, packing)
        read = read_package(str(zipped))
        assert read.files == entries
        assert read.content_sha256 == content_digest(entries) == read_package(str(mixed)).content_sha256


def test_circumstances_do_not_show(mixed: Path, tmp_path: Path) -> None:
    first = packed(mixed, Packing())
    other = tmp_path / "elsewhere"
    subprocess.run(["cp", "-rP", mixed, other], check=True)  # other times, and another order in the directory
    for place in sorted(other.rglob("*"), reverse=True):
        if not place.is_symlink():
            place.chmod(0o777 if place.stat().st_mode & 0o100 else 0o600)
            os.utime(place, (1, 1))
    for threads in (1, 5):
        assert packed(other, Packing(threads=threads)) == first


@given(
    contents=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0\\"), min_size=1, max_size=20).filter(
            lambda name: name not in (".", "..") and ":" not in name
        ),
        st.binary(max_size=2000) | st.binary(max_size=50).map(lambda piece: piece * 100),
        min_size=1,
        max_size=8,
    ),
    compress=st.booleans(),
)
def test_any_files_come_out_as_they_went_in(
    contents: dict[str, bytes], compress: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("any")
    for name, content in contents.items():
        (root / name).write_bytes(content)
    files = select(
        [Source(str(root))], Rules(default_excludes=False, ignore_file=""), [str(root / ".." / "z")], "-"
    ).files
    zipped = io.BytesIO()
    pack(files, zipped.write, Packing(compress=compress))
    with zipfile.ZipFile(zipped) as archive:
        assert {info.orig_filename: archive.read(info) for info in archive.infolist()} == contents


def test_more_entries_than_a_zip_of_old_can_count(tmp_path: Path) -> None:
    zipped, directory = io.BytesIO(), []
    for number in range(65_536):
        entry = records.Record(b"%d" % number, Mode.FILE, records.STORED, 0, 0, 0, zipped.tell())
        zipped.write(entry.header)
        directory.append(entry.directory)
    listed = b"".join(directory)
    zipped.write(listed + records.end(len(directory), len(listed), zipped.tell()))
    with zipfile.ZipFile(zipped) as archive:
        assert archive.namelist() == [str(number) for number in range(65_536)]
    (tmp_path / "z.zip").write_bytes(zipped.getvalue())
    subprocess.run(["unzip", "-tqq", tmp_path / "z.zip"], check=True)


# --- zlib


def test_this_zlib_is_the_one_whose_bytes_are_known() -> None:
    assert deflate.makes_what_all_others_do(zlib)


def test_another_zlib_is_recognised_and_its_packages_are_sound(mixed: Path) -> None:
    """zlib-ng stands under zlib's name on some systems."""
    assert not deflate.makes_what_all_others_do(zlib_ng)
    other = packed(mixed, Packing(zlib=zlib_ng))
    assert other != packed(mixed, Packing())
    with zipfile.ZipFile(io.BytesIO(other)) as archive:
        assert archive.testzip() is None
    assert packed(mixed, Packing(compress=False, zlib=zlib_ng)) == packed(mixed, STORED)


# --- files that change


class Meanwhile:
    """Compresses as zlib does, and lets something happen while it does."""

    def __init__(self, happens: object) -> None:
        self.happens = happens

    def compressobj(self, *arguments: int) -> deflate.Compressor:
        self.happens()  # type: ignore[operator]
        return zlib.compressobj(*arguments)


CHANGES = ("written", "longer", "shorter", "touched")
# One that is replaced after it was opened is read to its end, and what was read is what was there.
MOMENTS = [("before", how) for how in (*CHANGES, "replaced")] + [("meanwhile", how) for how in CHANGES]


@pytest.mark.parametrize(("when", "how"), MOMENTS)
def test_a_file_that_changes_is_an_error(tmp_path: Path, when: str, how: str) -> None:
    root = tmp_path / "code"
    root.mkdir()
    file = root / "app.py"
    file.write_bytes(b"print(1)\n")
    os.utime(file, (1, 1))

    def change() -> None:
        match how:
            case "written":
                file.write_bytes(b"print(2)\n")
            case "longer":
                file.write_bytes(b"print(100)\n")
            case "shorter":
                os.truncate(file, 3)
            case "replaced":
                (root / "new").write_bytes(b"print(1)\n")
                os.utime(root / "new", (1, 1))
                (root / "new").rename(file)
            case "touched":
                file.touch()

    files = chosen(root)
    if when == "before":
        change()
    with pytest.raises(errors.PackageUnreadable, match=r"was (replaced or )?written to while"):
        pack(files, lambda piece: None, Packing(zlib=Meanwhile(change if when == "meanwhile" else bool)))


def test_a_file_that_is_gone_is_an_error_and_nothing_waits_for_ever(mixed: Path) -> None:
    files = chosen(mixed)
    (mixed / "lib" / "30.py").unlink()
    with pytest.raises(errors.PackageMissing, match=r"There is nothing at .*lib/30\.py"):
        pack(files, lambda piece: None, Packing())


def test_no_room_for_temporary_files_is_said_so(mixed: Path, tmp_path: Path) -> None:
    """In a process of its own, that may write no file of more than a megabyte."""
    script = (
        "import resource, signal, sys\n"
        f"from {select.__module__} import select\n"
        f"from {pack.__module__} import Packing, pack\n"
        f"from {Source.__module__} import Rules, Source\n"
        f"from {errors.__name__} import CodeError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({MiB}, {MiB}))\n"
        f"files = select([Source({str(mixed)!r})], Rules(), [{str(tmp_path / 'z')!r}], '-').files\n"
        "try:\n    pack(files, lambda piece: None, Packing())\n"
        "except CodeError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert "A temporary file can't be written in /tmp: File too large." in done.stdout, done.stderr
    assert "TMPDIR" in done.stdout


def test_large_files_are_packed_in_little_memory(tmp_path: Path) -> None:
    """200 MB that do not compress, in a process that may have 150 MB more than it starts with."""
    root = tmp_path / "code"
    root.mkdir()
    block = random.Random(1).randbytes(MiB)
    for number in range(4):
        with (root / str(number)).open("wb") as file:
            for _ in range(50):
                file.write(block)
    script = (
        "import resource\n"
        f"from {select.__module__} import select\n"
        f"from {pack.__module__} import Packing, pack\n"
        f"from {Source.__module__} import Rules, Source\n"
        f"files = select([Source({str(root)!r})], Rules(), [{str(tmp_path / 'z')!r}], '-').files\n"
        "now = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        f"resource.setrlimit(resource.RLIMIT_AS, (now + 150 * {MiB}, now + 150 * {MiB}))\n"
        "print(sum(entry.size for entry in pack(files, lambda piece: None, Packing(compress=False))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert done.stdout == f"{200 * MiB}\n", done.stderr
