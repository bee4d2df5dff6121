# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import socket
import stat
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code import errors
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.content import UNZIPPED_LIMIT
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.files import open_regular
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.packages import (
    PackageKind,
    read_other_hashes,
    read_package,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.upload import DIRECT_UPLOAD_LIMIT, open_for_upload

MiB = 1024 * 1024


def entry(name: str, mode: int = stat.S_IFREG | 0o644, system: int = 3) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = system, mode << 16
    return info


def write_zip(path: Path, *entries: tuple[zipfile.ZipInfo | str, bytes], method: int = zipfile.ZIP_DEFLATED) -> str:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return str(path)


def test_a_zip_is_read_in_full(package: Path) -> None:
    read = read_package(str(package))
    assert read.kind is PackageKind.ZIP
    assert read.digest is not None
    assert read.digest.raw == hashlib.sha256(package.read_bytes()).digest()
    assert read.size == package.stat().st_size
    assert [file.name for file in read.files] == [b"app.py", b"lib/prices.py"]
    assert (read.entries, read.uncompressed_size) == (2, 50 * 45 + 10)


def test_what_is_uploaded_is_what_was_hashed(package: Path) -> None:
    upload = open_for_upload(str(package))
    upload.test()
    assert upload.content == package.read_bytes()
    assert upload.digest.raw == hashlib.sha256(upload.content).digest()
    assert upload.size == len(upload.content)
    assert upload.content.hex() not in repr(upload)
    assert repr(upload.content) not in repr(upload)


def test_other_hashes_are_those_of_the_tools(package: Path) -> None:
    hashes = read_other_hashes(str(package))
    for tool, raw in (("md5sum", hashes.md5), ("sha1sum", hashes.sha1), ("sha512sum", hashes.sha512)):
        assert (
            subprocess.run([tool, package], check=True, capture_output=True, text=True).stdout.split()[0] == raw.hex()
        )


# --- what is no package


def damaged_data(path: Path) -> None:
    """One byte of the second file's stored bytes is flipped: only its CRC-32 tells."""
    write_zip(path, ("good.py", b"good\n"), ("bad.py", b"to be damaged\n"), method=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"to be damaged", b"to be damageD"))


def damaged_stream(path: Path) -> None:
    write_zip(path, ("bad.py", os.urandom(64) * 500))
    content = bytearray(path.read_bytes())
    content[50:60] = b"\xff" * 10
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    write_zip(path, ("app.py", b"x" * 1000))
    path.write_bytes(path.read_bytes()[:-30])


def encrypted(path: Path) -> None:
    (path.parent / "secret.py").write_bytes(b"x = 1\n")
    subprocess.run(["zip", "-qjP", "pw", path, path.parent / "secret.py"], check=True)


def too_much_unzipped(path: Path) -> None:
    """A small zip that claims 260 MB, as a zip bomb does."""
    write_zip(path, ("app.py", b"x"), method=zipfile.ZIP_STORED)
    at = (content := bytearray(path.read_bytes())).index(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 260 * MiB)
    path.write_bytes(content)


def unknown_compression(path: Path) -> None:
    write_zip(path, ("app.py", b"x"), method=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    for at in (8, content.index(b"PK\x01\x02") + 10):
        content[at : at + 2] = struct.pack("<H", 99)
    path.write_bytes(content)


def false_size(path: Path) -> None:
    """The entry holds fewer bytes than its directory record says."""
    write_zip(path, ("app.py", b"x" * 10), ("zz.py", b"y" * 50), method=zipfile.ZIP_STORED)
    at = (content := bytearray(path.read_bytes())).index(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 20)
    path.write_bytes(content)


def false_directory(path: Path) -> None:
    """Its end says that the directory begins at 4 GB, so that entries would begin before the file does."""
    write_zip(path, ("app.py", b"x"))
    at = (content := bytearray(path.read_bytes())).index(b"PK\x05\x06")
    content[at + 16 : at + 20] = b"\xff" * 4
    path.write_bytes(content)


def false_start(path: Path) -> None:
    """An entry that begins behind the directory, farther away than any file is large."""
    name, far = b"app.py", struct.pack("<2HQ", 1, 8, 2**64 - 1)
    listed = struct.pack("<4s6H3I5H2I", b"PK\1\2", 45, 45, 0, 0, 0, 33, 0, 1, 1, 6, 12, 0, 0, 0, 0, 2**32 - 1)
    directory = listed + name + far
    path.write_bytes(b"PK\3\4" + bytes(40) + directory + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, 64, 44, 0))


Make = Callable[[Path], object]
BAD_ZIPS: list[tuple[Make, type[errors.CodeError], str]] = [
    (lambda path: None, errors.PackageMissing, "There is nothing at {path}."),
    (lambda path: path.write_bytes(b""), errors.NotAZip, "{path} is an empty file, not a zip."),
    (lambda path: path.write_bytes(b"\0" * 300), errors.NotAZip, "{path} is not a zip file."),
    (
        lambda path: path.write_bytes(b"\x1f\x8b\x08 tar"),
        errors.NotAZip,
        "{path} is a gzip file (a .tar.gz?), not",
    ),
    (lambda path: path.write_bytes(b"\0" * 257 + b"ustar"), errors.NotAZip, "{path} is a tar file, not a zip."),
    (lambda path: path.write_bytes(b"<Error/>"), errors.NotAZip, "{path} is an HTML or XML text"),
    (
        lambda path: write_zip(path, (entry("a"), b"")) and path.write_bytes(path.read_bytes().replace(b"a", b"\0")),
        errors.UnsafeEntry,
        "{path} has an entry named \\x00, with a NUL character, which no file's name can have.",
    ),
    (false_directory, errors.BrokenZip, "{path} is a zip that is cut short or damaged (its directory says that an"),
    (false_start, errors.BrokenZip, "{path} is a zip that is cut short or damaged (its directory says that an"),
    (cut_short, errors.BrokenZip, "{path} is a zip that is cut short or damaged (File is not a zip file)."),
    (lambda path: write_zip(path), errors.EmptyPackage, "{path} is a zip without files."),
    (lambda path: write_zip(path, ("lib/", b"")), errors.EmptyPackage, "{path} is a zip without files."),
    (encrypted, errors.EncryptedZip, "The entry secret.py of {path} is encrypted"),
    (
        too_much_unzipped,
        errors.PackageTooLarge,
        "{path} holds 272,629,760 bytes unzipped, and Lambda takes",
    ),
    (
        lambda path: write_zip(path, ("../x.py", b"")),
        errors.UnsafeEntry,
        "{path} has an entry named ../x.py, which leads",
    ),
    (
        lambda path: write_zip(path, ("a/../../x", b"")),
        errors.UnsafeEntry,
        "{path} has an entry named a/../../x, which",
    ),
    (
        lambda path: write_zip(path, ("/etc/x", b"")),
        errors.UnsafeEntry,
        "{path} has an entry named /etc/x, which leads",
    ),
    (lambda path: write_zip(path, ("C:\\x", b"")), errors.UnsafeEntry, "{path} has an entry named C:\\x"),
    (lambda path: write_zip(path, ("..\\x", b"")), errors.UnsafeEntry, "{path} has an entry named ..\\x"),
    (
        lambda path: write_zip(path, (entry("../\x1b[2J"), b"")),
        errors.UnsafeEntry,
        "{path} has an entry named ../\\x1b[2J, which leads",
    ),
    (
        lambda path: write_zip(path, (entry("pipe", stat.S_IFIFO | 0o644), b"")),
        errors.UnsafeEntry,
        "The entry pipe of {path} is a device, pipe or socket.",
    ),
    (
        lambda path: write_zip(path, (entry("link", stat.S_IFLNK | 0o777), b"x" * 5000)),
        errors.UnsafeEntry,
        "The entry link of {path} is a symbolic link whose target has 5,000 bytes.",
    ),
]
DAMAGED: list[tuple[Make, str]] = [
    (damaged_data, "{path} is damaged: its entry bad.py can't be unpacked (its CRC-32 does not match)."),
    (damaged_stream, "{path} is damaged: its entry bad.py can't be unpacked ("),
    (unknown_compression, "{path} is damaged: its entry app.py can't be unpacked (That compression method"),
    (false_size, "{path} is damaged: its entry app.py "),
]


@pytest.mark.parametrize(("make", "kind", "message"), BAD_ZIPS)
@pytest.mark.parametrize("read", [read_package, open_for_upload])
def test_what_lambda_would_not_take_is_refused(
    tmp_path: Path, make: Make, kind: type[errors.CodeError], message: str, read: Callable[[str], object]
) -> None:
    path = tmp_path / "code.zip"
    make(path)
    with pytest.raises(kind) as raised:
        read(str(path))
    assert raised.value.message.startswith(message.format(path=path))
    assert raised.value.message.endswith(".")
    assert raised.value.hint.endswith(".")


@pytest.mark.parametrize(("make", "message"), DAMAGED)
@pytest.mark.parametrize("read", [read_package, lambda path: open_for_upload(path).test()])
def test_the_first_bad_entry_is_named(tmp_path: Path, make: Make, message: str, read: Callable[[str], object]) -> None:
    path = tmp_path / "code.zip"
    make(path)
    with pytest.raises(errors.BrokenZip) as raised:
        read(str(path))
    assert raised.value.message.startswith(message.format(path=path))
    assert "unzip -t" in raised.value.hint


def test_a_directory_is_no_upload_and_the_hint_says_how_to_zip_it(tree: Path) -> None:
    with pytest.raises(errors.NotAZip, match="is a directory, and a zip file is wanted") as raised:
        open_for_upload(str(tree))
    assert f"cd {tree} && zip -r" in raised.value.hint
    assert "community.general.archive" in raised.value.hint


def test_the_upload_limit_is_lambdas_and_the_way_out_is_s3(tmp_path: Path, package: Path) -> None:
    large = tmp_path / "large.zip"
    with large.open("wb") as file:
        file.truncate(DIRECT_UPLOAD_LIMIT + 1)
    with pytest.raises(errors.PackageTooLarge, match="52,428,801 bytes, and Lambda takes at most 52,428,800") as raised:
        open_for_upload(str(large))
    assert "S3" in raised.value.hint
    size = package.stat().st_size
    assert open_for_upload(str(package), limit=size).size == size
    with pytest.raises(errors.PackageTooLarge):
        open_for_upload(str(package), limit=size - 1)


def test_a_disk_image_is_refused_before_it_is_hashed(tmp_path: Path) -> None:
    """A terabyte would take an hour to read."""
    image = tmp_path / "disk.zip"
    with image.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(errors.NotAZip, match="is not a zip file"):
        read_package(str(image))


@pytest.mark.parametrize("read", [read_package, open_for_upload])
@pytest.mark.parametrize("path", ["", "  "])
def test_an_empty_path_is_said_so(read: Callable[[str], object], path: str) -> None:
    with pytest.raises(errors.CodeError, match="The path of the package is empty"):
        read(path)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (fifo, "is a named pipe, not a file"),
        (unix_socket, "is a socket, not a file"),
        (lambda path: path.symlink_to("/dev/zero"), "is a character device, not a file"),
        (lambda path: path.symlink_to(path), "can't be read: Too many levels of symbolic links"),
    ],
)
@pytest.mark.parametrize("read", [read_package, open_for_upload])
def test_what_is_no_file_is_neither_waited_for_nor_read(
    tmp_path: Path, make: Make, message: str, read: Callable[[str], object]
) -> None:
    make(tmp_path / "code.zip")
    with pytest.raises(errors.PackageUnreadable, match=message):
        read(str(tmp_path / "code.zip"))


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        ("x" * 300, errors.PackageUnreadable, "can't be read: File name too long"),
        ("a\0b", errors.PackageUnreadable, r"a\\x00b can't be read: its name holds a NUL character"),
        ("/etc/passwd/code.zip", errors.PackageMissing, "There is nothing at /etc/passwd/code.zip"),
    ],
)
def test_odd_paths_are_refused(path: str, kind: type[errors.CodeError], message: str) -> None:
    with pytest.raises(kind, match=message):
        read_package(path)


@pytest.mark.parametrize("call", [read_package, open_for_upload])
def test_an_unreadable_file_is_said_so(tmp_path: Path, package: Path, call: Callable[[str], object]) -> None:
    """In a process of its own that gives root's rights up, since root may read anything."""
    package.chmod(0)
    tmp_path.chmod(0o711)
    script = (
        f"from {call.__module__} import {call.__name__}\n"
        f"from {errors.__name__} import PackageUnreadable\n"
        "import os\n"
        "os.geteuid() == 0 and os.setresuid(65534, 65534, 65534)\n"
        f"try:\n    {call.__name__}({str(package)!r})\n"
        "except PackageUnreadable as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert f"{package} may not be read by this user (uid " in done.stdout, done.stderr
    assert "Make the file readable" in done.stdout


def test_a_file_that_is_written_to_meanwhile_is_refused(package: Path) -> None:
    def read_during_a_build() -> None:
        with open_regular(str(package)) as (handle, _found):
            handle.read()
            package.write_bytes(b"another build")

    with pytest.raises(errors.PackageUnreadable, match="was written to while it was read"):
        read_during_a_build()


def test_a_large_package_is_hashed_in_little_memory(tmp_path: Path) -> None:
    """A zip of 200 MB, in a process that may have 100 MB more than it starts with."""
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive, archive.open("zeros", "w") as file:
        for _ in range(200):
            file.write(b"\0" * MiB)
    script = (
        f"from {read_package.__module__} import read_package\n"
        "import resource\n"
        "now = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        f"resource.setrlimit(resource.RLIMIT_AS, (now + 100 * {MiB}, now + 100 * {MiB}))\n"
        f"print(read_package({str(path)!r}).uncompressed_size)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    path.unlink()
    assert done.stdout == f"{200 * MiB}\n", done.stderr


# --- directories


def test_a_directory_has_a_content_hash_and_no_other(tree: Path) -> None:
    read = read_package(str(tree))
    assert read.kind is PackageKind.DIRECTORY
    assert read.digest is None
    assert [file.name.decode() for file in read.files] == ["bootstrap", "lib/größe ☃.txt", "lib/handler.py", "link"]
    assert read.size == read.uncompressed_size == 25 + 0 + 45 + len("lib/handler.py")


def sparse(root: Path) -> None:
    with (root / "model.bin").open("wb") as file:
        file.truncate(UNZIPPED_LIMIT + 1)


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda root: None, errors.EmptyPackage, "is a directory without files"),
        (lambda root: (root / "lib").mkdir(), errors.EmptyPackage, "is a directory without files"),
        (lambda root: os.mkfifo(root / "pipe"), errors.UnsafeEntry, "holds pipe, which is a named pipe"),
        (sparse, errors.PackageTooLarge, "holds 262,144,001 bytes unzipped"),
    ],
)
def test_directories_that_make_no_package_are_refused(
    tmp_path: Path, make: Make, kind: type[errors.CodeError], message: str
) -> None:
    root = tmp_path / "code"
    root.mkdir()
    make(root)
    with pytest.raises(kind, match=message):
        read_package(str(root))


def test_symbolic_links_of_a_directory_are_not_followed(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"x")
    (tree / "away").symlink_to(tmp_path / "outside")
    (tree / "loop").symlink_to(".")
    (tree / "dangling").symlink_to("nowhere")
    names = [file.name for file in read_package(str(tree)).files]
    assert {b"away", b"loop", b"dangling"} < set(names)
    assert not any(b"secret" in name for name in names)
