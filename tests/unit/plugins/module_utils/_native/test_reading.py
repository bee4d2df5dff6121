# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a package is read as, the same from a zip and from the directory that it was made of."""

from __future__ import annotations

import io
import os
import random
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.errors import (
    EmptyPackage,
    PackageMissing,
    PackageTooLarge,
    PackageUnreadable,
    UnsafeEntry,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._native import archives, reading
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import Contents, Format, Member
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.folders import Listing, listing_of
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.reading import read_contents
from lambdaops_testbed.images.elf import Export, SharedObject, write
from lambdaops_testbed.images.elf_file import Machine

LIBRARY = write(SharedObject(Machine.X86_64, soname="libx.so", needed=("libc.so.6",), exports=(Export("PyInit_x"),)))
JAVA_17, JAVA_21 = (struct.pack(">IHH", 0xCAFEBABE, 0, major) + bytes(200) for major in (61, 65))
Files = Mapping[str, bytes]
Pack = Callable[[Files], str]


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, content, method)
    return stream.getvalue()


def linked(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.fixture(params=["deflated", "stored", "directory"])
def pack(request: pytest.FixtureRequest, tmp_path: Path) -> Pack:
    """The same files as packages of each kind."""

    def make(files: Files) -> str:
        path = tmp_path / "package"
        if request.param == "directory":
            for name, content in files.items():
                file = path / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
                file.chmod(0o644)
        else:
            path.write_bytes(zipped(files, zipfile.ZIP_DEFLATED if request.param == "deflated" else zipfile.ZIP_STORED))
        return str(path)

    return make


def natives(found: Contents) -> dict[str, Format]:
    return {native.name: native.format for native in found.natives}


def test_files_and_natives(pack: Pack) -> None:
    path = pack(
        {"b/libx.so": LIBRARY, "a.so": LIBRARY, "app.py": b"import x\n", "empty": b"", "c.so": b"", "big": b"x" * 70000}
    )
    found = read_contents(path)
    assert (found.source, found.root, found.notes, dict(found.texts)) == (path, "/var/task", (), {})
    assert dict(found.members) == {
        "b/libx.so": Member(len(LIBRARY), 0o644),
        "a.so": Member(len(LIBRARY), 0o644),
        "app.py": Member(9, 0o644),
        "empty": Member(0, 0o644),
        "c.so": Member(0, 0o644),
        "big": Member(70000, 0o644),
    }
    first, second, third = found.natives
    assert (first.name, first.place, first.format) == ("a.so", "/var/task/a.so", Format.ELF)
    assert first.entry_points == {"PyInit_x"}
    assert first.elf is not None
    assert first.elf.needed == ("libc.so.6",)
    assert second == first._replace(name="b/libx.so", place="/var/task/b/libx.so")
    assert (third.name, third.format, third.unread) == ("c.so", Format.OTHER, "is empty")


def test_a_layer_is_seen_under_opt(pack: Pack) -> None:
    (native,) = read_contents(pack({"lib/libx.so": LIBRARY}), "/opt").natives
    assert native.place == "/opt/lib/libx.so"


def test_large_natives_are_read_whole(pack: Pack) -> None:
    """Many times as large as what is read at once, and nothing that deflate makes small."""
    noise = random.Random(1).randbytes(3 << 20)
    files = {f"{number}.so": LIBRARY + noise[: number << 18] for number in range(12)}
    found = read_contents(pack(files))
    assert {native.name: native.size for native in found.natives} == {name: len(text) for name, text in files.items()}
    assert all(native.entry_points for native in found.natives)


def test_bytes_that_inflate_slowly(tmp_path: Path) -> None:
    """Deflate allows any number of empty blocks in front of the first byte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.flush(zlib.Z_FULL_FLUSH) + packer.compress(b"") for _ in range(10))
    packed = b"\0\0\0\xff\xff" * 50_000 + packed + packer.compress(LIBRARY) + packer.flush()
    (tmp_path / "a.zip").write_bytes(raw_zip("a.so", packed, LIBRARY))
    assert natives(read_contents(str(tmp_path / "a.zip"))) == {"a.so": Format.ELF}


def raw_zip(name: str, packed: bytes, content: bytes) -> bytes:
    """A zip with one entry whose deflated bytes are given."""
    sizes = struct.pack("<III", zlib.crc32(content), len(packed), len(content))
    common = struct.pack("<HHHHH", 20, 0, 8, 0, 0x21) + sizes + struct.pack("<HH", len(name), 0)
    local = b"PK\3\4" + common + name.encode() + packed
    central = b"PK\1\2" + struct.pack("<H", 0x314) + common + bytes(6) + struct.pack("<II", 0, 0) + name.encode()
    return local + central + b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 1, 1, len(central), len(local), 0)


def test_without_isal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "deflate", zlib)
    (tmp_path / "a.zip").write_bytes(zipped({"a.so": LIBRARY, "b.py": b"x" * 5000}))
    assert natives(read_contents(str(tmp_path / "a.zip"))) == {"a.so": Format.ELF}


def test_links_are_members_and_no_natives(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "libx.so.1").write_bytes(LIBRARY)
    (folder / "lib" / "libx.so").symlink_to("libx.so.1")
    (folder / "other").symlink_to("lib")
    (folder / "away").symlink_to("/etc/passwd")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(folder / "lib" / "libx.so.1", "lib/libx.so.1")
        for name, target in (("lib/libx.so", "libx.so.1"), ("other", "lib"), ("away", "/etc/passwd")):
            archive.writestr(linked(name), target)
    for path in (folder, tmp_path / "a.zip"):
        found = read_contents(str(path))
        assert natives(found) == {"lib/libx.so.1": Format.ELF}
        assert {name: member.target for name, member in found.members.items()} == {
            "lib/libx.so.1": "",
            "lib/libx.so": "libx.so.1",
            "other": "lib",
            "away": "/etc/passwd",
        }


def test_modes(tmp_path: Path) -> None:
    """Those of a zip made on Windows are unknown; setuid and the like are told."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, system, mode in (("bootstrap", 3, 0o4755), ("a", 3, 0o600), ("b", 0, 0o755)):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = system, mode << 16
            archive.writestr(info, b"#!")
    modes = {name: member.mode for name, member in read_contents(str(tmp_path / "a.zip")).members.items()}
    assert modes == {"bootstrap": 0o4755, "a": 0o600, "b": None}


def test_folders_that_others_may_not_enter(tmp_path: Path) -> None:
    """As the package's own entries say: zips made on Windows, and those without entries for folders, say nothing."""
    folder = tmp_path / "package"
    for name, mode in (("open", 0o755), ("shut", 0o700), ("shut/in", 0o711), ("shut/group", 0o770)):
        (folder / name).mkdir(parents=True)
        (folder / name / "a.py").write_bytes(b"")
        (folder / name).chmod(mode)
    folder.chmod(0o700)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for system, name, mode in ((3, "./", 0o700), (3, "open/", 0o755), (3, "shut/", 0o700), (0, "dos/", 0o700)):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = system, (stat.S_IFDIR | mode) << 16
            archive.writestr(info, b"")
        archive.writestr("a.py", b"")

    assert dict(read_contents(str(folder)).closed) == {"shut": 0o700, "shut/group": 0o770}
    assert dict(read_contents(str(tmp_path / "a.zip")).closed) == {"shut": 0o700}


def test_names_that_are_no_text(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "package")
    os.mkdir(folder)
    with open(folder + b"/\xff\xfe.so", "wb") as file:
        file.write(LIBRARY)
    assert natives(read_contents(os.fsdecode(folder))) == {"\udcff\udcfe.so": Format.ELF}


def test_texts(pack: Pack) -> None:
    files = {
        "x-1.dist-info/WHEEL": b"Tag: cp312",
        "python/x-1.dist-info/RECORD": b"x.so,,",
        "x-1.dist-info/METADATA": b"Name: x",
        "App.runtimeconfig.json": b"{}",
        "bootstrap": b"#!/bin/sh\n" + b"x" * 1000,
        "node_modules/sharp/build/Release/sharp.node": LIBRARY,
        "node_modules/sharp/package.json": b'{"name": "sharp"}',
        "node_modules/@img/sharp-linux-x64/lib/sharp.node": LIBRARY,
        "node_modules/@img/sharp-linux-x64/package.json": b'{"name": "@img/sharp-linux-x64"}',
        "nodejs/node_modules/outer/package.json": b'{"name": "outer"}',
        "nodejs/node_modules/outer/node_modules/inner/package.json": b'{"name": "inner"}',
        "nodejs/node_modules/outer/node_modules/inner/a.node": b"version https://git-lfs",
        "node_modules/left-pad/package.json": b"{}",
        "package.json": b"{}",
        "a.nuspec": b"<",
    }
    left_out = {"x-1.dist-info/METADATA", "node_modules/left-pad/package.json", "package.json", "a.nuspec"}
    found = read_contents(pack(files))
    expected = {name: text for name, text in files.items() if name not in left_out and not name.endswith(".node")}
    assert dict(found.texts) == expected | {"bootstrap": files["bootstrap"][:256]}


def test_texts_that_are_too_long_are_left_out_and_told(pack: Pack) -> None:
    found = read_contents(pack({"a.dist-info/RECORD": b"x" * ((1 << 20) + 1), "a.dist-info/WHEEL": b"w" * (1 << 20)}))
    assert list(found.texts) == ["a.dist-info/WHEEL"]
    assert found.notes == ("a.dist-info/RECORD has 1,048,577 bytes, more than is read of such files.",)


def test_all_texts_together_are_bounded(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading.Texts, "ALL", 25)
    found = read_contents(pack({f"{name}.runtimeconfig.json": b"x" * 10 for name in "abc"}))
    assert sorted(found.texts) == ["a.runtimeconfig.json", "b.runtimeconfig.json"]
    assert found.notes == ("c.runtimeconfig.json has 10 bytes, more than is read of such files.",)


def test_classes(pack: Pack) -> None:
    files = {
        "com/a/App.class": JAVA_17,
        "com/a/Later.class": JAVA_21,
        "META-INF/versions/25/com/a/App.class": struct.pack(">IHH", 0xCAFEBABE, 0, 69),
        "lib/a.jar": zipped(
            {
                "a/A.class": JAVA_17,
                "module-info.class": JAVA_21,
                "a/module-info.class": JAVA_21,
                "META-INF/versions/21/a/A.class": JAVA_21,
            }
        ),
        "lib/b.jar": zipped({"META-INF/MANIFEST.MF": b""}),
    }
    found = read_contents(pack(files))
    assert dict(found.classes) == {"": (65, "com/a/Later.class"), "lib/a.jar": (61, "a/A.class")}
    assert dict(found.oldest_classes) == {"": 61, "lib/a.jar": 61}
    assert (found.natives, found.notes) == ((), ())


def test_natives_in_archives(pack: Pack) -> None:
    inner = {"org/libx.so": LIBRARY, "org/x.dll": b"MZ", "org/x.dylib": b"", "org/readme": b"text", "b/c.so": b"\0"}
    found = read_contents(pack({"lib/x.jar": zipped(inner), "y.whl": zipped({"y.so": LIBRARY}), "z.so": LIBRARY}))
    assert natives(found) == {
        "lib/x.jar!/b/c.so": Format.OTHER,
        "lib/x.jar!/org/libx.so": Format.ELF,
        "lib/x.jar!/org/x.dylib": Format.OTHER,
        "y.whl!/y.so": Format.ELF,
        "z.so": Format.ELF,
    }
    assert [native.place for native in found.natives] == ["", "", "", "", "/var/task/z.so"]
    assert set(found.members) == {"lib/x.jar", "y.whl", "z.so"}


def test_archives_in_archives_are_counted(pack: Pack) -> None:
    deep = zipped({"a.so": LIBRARY})
    found = read_contents(pack({"app.jar": zipped({"BOOT-INF/lib/a.jar": deep, "b.zip": deep, "c.zip": b"none"})}))
    assert found.natives == ()
    assert found.notes == ("app.jar holds archives (2), and those were not looked into.",)


BAD_ARCHIVES = {
    "no zip": (b"<html>", r"is named like an archive and is none; it was not looked into\."),
    "a Git LFS pointer": (b"version https://git-lfs", r"is named like an archive and is none"),
    "cut short": (
        zipped({"a.so": LIBRARY})[:-30],
        r"was not looked into any further: a\.jar is a zip that is cut short",
    ),
    "damaged": (zipped({"a.so": LIBRARY}, zipfile.ZIP_STORED).replace(b"PyInit_x", b"PyInit_y"), r"CRC-32"),
    "a script": (b"#!/bin/sh\nexit\n", r"was not looked into any further: a\.jar is not a zip file"),
    "empty": (zipped({}), r"was not looked into any further: a\.jar is a zip without files"),
    "a name that leads out": (zipped({"../a.so": LIBRARY}), r"leads out of the package"),
    "a method that nobody reads": (zipped({"a.so": LIBRARY}, zipfile.ZIP_BZIP2), r"compressed by method 12"),
    "entries that overlap": (
        raw_zip("a.so", b"\3\0", b"")[:-22] + b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 1, 1, 50, 30, 0),
        r"was not looked into any further",
    ),
}


@pytest.mark.parametrize("name", BAD_ARCHIVES)
def test_archives_that_cant_be_read_are_notes(name: str, tmp_path: Path) -> None:
    content, note = BAD_ARCHIVES[name]
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.jar").write_bytes(content)
    found = read_contents(str(tmp_path / "p"))
    assert len(found.notes) == 1
    assert found.notes[0].startswith("a.jar ")
    assert re.search(note, found.notes[0])
    assert list(found.unread) == ([] if name == "empty" else ["a.jar"])


def test_a_jar_that_can_be_executed(pack: Pack) -> None:
    """With a script in front of it, as Spring Boot builds it where it is told to."""
    found = read_contents(pack({"app.jar": b"#!/bin/bash\nexec java -jar $0\n" + zipped({"a/A.class": JAVA_17})}))
    assert (found.notes, dict(found.classes)) == ((), {"app.jar": (61, "a/A.class")})


def test_folders_with_a_mode_that_nothing_has(pack: Pack, tmp_path: Path) -> None:
    """As older releases of Maven write META-INF/maven/ into jars: slf4j, jsr305, joda-time."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        folder = zipfile.ZipInfo("META-INF/maven/")
        folder.create_system, folder.external_attr = 3, 0xFFFF << 16
        archive.writestr(folder, b"")
        archive.writestr("a/A.class", JAVA_17)
    (tmp_path / "a.zip").write_bytes(stream.getvalue())
    found = read_contents(pack({"lib/a.jar": stream.getvalue()}))
    assert (found.notes, dict(found.classes)) == ((), {"lib/a.jar": (61, "a/A.class")})
    assert dict(read_contents(str(tmp_path / "a.zip")).classes) == {"": (61, "a/A.class")}


def test_doubles_in_archives_are_no_matter(pack: Pack) -> None:
    content = zipped({"META-INF/LICENSE": b"", "META-INF/NOTICES": b""}).replace(b"NOTICES", b"LICENSE")
    assert read_contents(pack({"a.jar": content})).notes == ()


def test_archives_are_looked_into_up_to_a_bound(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    class Few(reading._Inner):
        def __init__(self) -> None:
            super().__init__(entries=3, size=len(LIBRARY) + 100)

    monkeypatch.setattr(reading, "_Inner", Few)
    many = zipped({f"{number}.py": b"" for number in range(4)})
    large = zipped({"a.so": LIBRARY, "b.so": LIBRARY})
    found = read_contents(pack({"many.jar": many, "large.jar": large}))
    assert found.notes == (
        "large.jar was not looked into any further: It holds more than is looked into.",
        "many.jar was not looked into any further: It holds more than is looked into.",
    )
    assert list(natives(found)) == ["large.jar!/a.so"]
    assert dict(found.unread) == dict.fromkeys(("large.jar", "many.jar"), "It holds more than is looked into.")


def test_directories_that_are_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PackageMissing):
        read_contents(str(tmp_path / "none"))
    with pytest.raises(EmptyPackage):
        read_contents(str(tmp_path))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnsafeEntry, match="holds pipe, which is a named pipe"):
        read_contents(str(tmp_path))
    (tmp_path / "pipe").unlink()
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(251 << 20)
    with pytest.raises(PackageTooLarge):
        read_contents(str(tmp_path))


@pytest.mark.parametrize("change", ["longer", "shorter", "touched", "replaced", "a link", "gone"])
def test_a_file_that_changes_meanwhile(change: str, tmp_path: Path) -> None:
    file = tmp_path / "a.so"
    file.write_bytes(LIBRARY)
    (listed,) = listing_of(str(tmp_path)).files
    match change:
        case "longer":
            file.write_bytes(LIBRARY + b"x")
        case "shorter":
            file.write_bytes(LIBRARY[:-1])
        case "touched":
            os.utime(file, ns=(1, 1))
        case "replaced":
            (tmp_path / "b").write_bytes(LIBRARY)
            os.utime(tmp_path / "b", ns=(0, file.stat().st_mtime_ns))
            (tmp_path / "b").rename(file)
        case "a link":
            file.rename(tmp_path / "b")
            file.symlink_to("b")
        case "gone":
            file.unlink()
    with pytest.raises((PackageUnreadable, PackageMissing)):
        listed.read()
    with pytest.raises((PackageUnreadable, PackageMissing)):
        listed.peek(4)


def test_the_first_failure_ends_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whichever thread it happens, it is what the caller gets."""
    for number in range(50):
        (tmp_path / f"{number}.so").write_bytes(LIBRARY)
    listed = listing_of(str(tmp_path)).files
    os.utime(tmp_path / "17.so", ns=(1, 1))

    class Stale:
        """Its first bytes were read in time."""

        def __init__(self, file: object) -> None:
            self.__dict__["file"] = file

        def __getattr__(self, name: str) -> object:
            return (lambda _size: LIBRARY[:64]) if name == "peek" else getattr(self.file, name)

        def __enter__(self) -> None:
            pass

        def __exit__(self, *_failure: object) -> None:
            pass

    monkeypatch.setattr(reading, "listing_of", lambda _path: Listing([Stale(file) for file in listed], {}))
    with pytest.raises(PackageUnreadable, match=r"17\.so was written to"):
        read_contents(str(tmp_path))
