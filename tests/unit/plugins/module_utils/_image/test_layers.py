# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layers as streams: formats, verification, and what hostile or broken layers end in."""

from __future__ import annotations

import bz2
import contextlib
import dataclasses
import gzip
import hashlib
import io
import tarfile
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from ansible_collections.lambdaops.deploy.plugins.module_utils._image import decompression, layers
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.decompression import Limits
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import (
    BadDigest,
    BrokenLayer,
    HostileLayer,
    ImageError,
    TruncatedBlob,
    UnsupportedLayer,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.layers import open_layer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.manifests import Descriptor
from hypothesis import given, settings
from hypothesis import strategies as st
from lambdaops_testbed.images import oci

SMALL = Limits(size=1 << 20, entries=50, name=100, ratio=20, ratio_from=1 << 19)


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Trickle:
    """A stream that gives few bytes at a time, as networks do."""

    def __init__(self, content: bytes, most: int = 1000) -> None:
        self._stream = io.BytesIO(content)
        self._most = most

    def read(self, size: int, /) -> bytes:
        return self._stream.read(min(size, self._most))


def read_layer(
    blob: bytes, tar: bytes, limits: Limits = SMALL, *, stored: bytes | None = None
) -> list[tuple[str, str, bytes]]:
    """Name, kind and content of each entry. `blob` is what the digest is of, `stored` what really comes."""
    descriptor = Descriptor(digest(blob), len(blob))
    stream = Trickle(blob if stored is None else stored)
    with open_layer(stream, descriptor, digest(tar), "layer", limits) as entries:
        return [(e.name, e.kind, e.read() if e.kind == "file" else e.link.encode()) for e in entries]


TAR = oci.tar(
    [oci.directory("etc"), oci.file("etc/x", b"content" * 500), oci.symlink("y", "etc/x"), oci.hardlink("z", "etc/x")]
)
ENTRIES = [
    ("etc", "directory", b""),
    ("etc/x", "file", b"content" * 500),
    ("y", "symlink", b"etc/x"),
    ("z", "hardlink", b"etc/x"),
]


@pytest.fixture(params=["isal", "zlib"])
def decompressor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both that gzip can be read with, one of them is a part of Python."""
    module = zlib if request.param == "zlib" else pytest.importorskip("isal.isal_zlib")
    monkeypatch.setattr(decompression, "decompressobj", module.decompressobj)


def members(raw: bytes, size: int) -> bytes:
    return b"".join(gzip.compress(raw[start : start + size]) for start in range(0, len(raw), size))


FORMATS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": oci.gzipped,
    "plain": lambda raw: raw,
    "two members, as estargz has many": lambda raw: gzip.compress(raw[:700]) + gzip.compress(raw[700:]),
    "a member for each 16 bytes": lambda raw: members(raw, 16),
    "empty members": lambda raw: gzip.compress(b"") + gzip.compress(raw) + gzip.compress(b""),
    "not compressed at all": lambda raw: gzip.compress(raw, 0),
    "zeros behind it, as tapes have": lambda raw: gzip.compress(raw) + bytes(9000),
    "zeros between members": lambda raw: gzip.compress(raw[:700]) + bytes(9000) + gzip.compress(raw[700:]),
    "zstd": lambda raw: zstandard.ZstdCompressor().compress(raw),
    "two frames of zstd": lambda raw: (
        zstandard.ZstdCompressor().compress(raw[:700]) + zstandard.ZstdCompressor().compress(raw[700:])
    ),
}


@pytest.mark.usefixtures("decompressor")
@pytest.mark.parametrize("compress", FORMATS.values(), ids=FORMATS)
def test_formats_by_magic_bytes(compress: Callable[[bytes], bytes]) -> None:
    assert read_layer(compress(TAR), TAR) == ENTRIES


@pytest.mark.usefixtures("decompressor")
@pytest.mark.parametrize("most", [1, 7, 4096, 1 << 20])
def test_what_grows_much_comes_out_whole(most: int) -> None:
    """Much more comes out of a few bytes than one step takes."""
    tar = oci.tar([oci.file("zeros", bytes(5 << 20)), oci.file("last", b"x")])
    blob = oci.gzipped(tar)
    with open_layer(Trickle(blob, most), Descriptor(digest(blob), len(blob)), digest(tar), "layer", Limits()) as found:
        assert [(entry.name, entry.size) for entry in found] == [("zeros", 5 << 20), ("last", 1)]


@given(st.binary(min_size=1, max_size=3000), st.integers(1, 3000), st.integers(1, 5000))
def test_members_of_any_size_are_what_gzip_makes_of_them(content: bytes, size: int, most: int) -> None:
    raw = decompression.Compressed(Trickle(members(content, size), most))
    plain = decompression.Plain(raw, "layer", Limits())
    assert plain.take(1 << 20) == content


@given(st.binary(max_size=2000).map(b"tar ".__add__), st.lists(st.integers(0, 700), max_size=8))
def test_going_forward_never_loses_the_place(content: bytes, steps: list[int]) -> None:
    plain = decompression.Plain(decompression.Compressed(Trickle(content, 50)), "layer", Limits())
    place = 0
    for number, step in enumerate(steps):
        if number % 2:
            assert plain.take(step) == content[place : place + step]
            place = min(len(content), place + step)
        else:
            place = plain.seek(place + step)
        assert plain.tell() == place == min(place, len(content))
    plain.drain()
    assert plain.digest == digest(content)


def test_zstd_without_its_package_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(decompression.importlib, "import_module", missing)
    with pytest.raises(UnsupportedLayer) as failed:
        read_layer(b"\x28\xb5\x2f\xfd rest", TAR)
    assert "zstandard" in failed.value.hint


@pytest.mark.parametrize("name", ["/etc/x", "./etc/x", "etc//x", "/./etc/./x", "//etc/x"])
def test_absolute_and_odd_names_are_names_inside_the_image(name: str) -> None:
    tar = oci.tar([oci.file(name, b"1")])
    assert read_layer(oci.gzipped(tar), tar) == [("etc/x", "file", b"1")]


def test_nothing_is_written_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    absolute = tmp_path / "absolute"
    tar = oci.tar([oci.file(str(absolute), b"1"), oci.file("relative", b"1")])
    read_layer(oci.gzipped(tar), tar)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "a/../../x", "..", "a/..", "/../x"])
def test_names_that_climb_out_are_refused(name: str) -> None:
    tar = oci.tar([oci.file(name, b"")])
    with pytest.raises(HostileLayer, match=r"\.\."):
        read_layer(oci.gzipped(tar), tar)


def test_odd_encodings_do_not_matter() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
        archive.addfile(tarfile.TarInfo("\xff\xfe\n"))
        archive.addfile(tarfile.TarInfo("ok"))
    tar = buffer.getvalue()
    assert [name for name, _kind, _content in read_layer(oci.gzipped(tar), tar)] == ["\udcff\udcfe\n", "ok"]


HOSTILE = {
    "size": oci.tar([oci.file("zeros", bytes(2 << 20))]),
    "ratio": oci.tar([oci.file("zeros", bytes(900_000))]),
    "entries": oci.tar([oci.file(str(n), b"") for n in range(60)]),
    "name": oci.tar([oci.file("n" * 200, b"")]),
    "link name": oci.tar([oci.symlink("n", "l" * 200)]),
}


@pytest.mark.parametrize("tar", HOSTILE.values(), ids=HOSTILE)
def test_what_no_honest_image_has_is_refused(tar: bytes) -> None:
    with pytest.raises(HostileLayer):
        read_layer(oci.gzipped(tar), tar)


def test_a_layer_of_absurd_size_is_refused_before_a_byte_is_read() -> None:
    class Untouched:
        def read(self, _size: int, /) -> bytes:
            raise AssertionError("read")

    descriptor = Descriptor(digest(b""), SMALL.size + 1)
    with pytest.raises(HostileLayer, match="claims"), open_layer(Untouched(), descriptor, "", "layer", SMALL):
        pass


def test_a_bomb_ends_early_in_little_memory() -> None:
    """100 MB of zeros, with bounds of 1 MB."""
    squeeze = zlib.compressobj(1, wbits=31)
    header = oci.tar([oci.file("bomb", b"")])[:512]
    blob = squeeze.compress(header) + b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(100)) + squeeze.flush()
    tracemalloc.start()
    try:
        with pytest.raises(HostileLayer):
            read_layer(blob, b"", dataclasses.replace(SMALL, ratio_from=1 << 40))
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_of_any_size_does_not_fill_memory(kind: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 64 << 20
    tar = info.tobuf(tarfile.GNU_FORMAT) + bytes(64 << 20)
    blob = oci.gzipped(tar)
    tracemalloc.start()
    try:
        with pytest.raises(HostileLayer, match="header"):
            read_layer(blob, tar, Limits())
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_headers_upon_headers(kind: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type = kind
    tar = info.tobuf(tarfile.GNU_FORMAT) * 1000 + TAR
    with pytest.raises(HostileLayer, match="header"):
        read_layer(oci.gzipped(tar), tar, Limits())


def test_holes_of_sparse_files_are_bounded_as_well() -> None:
    """Each is read as if it were 100 kB, and none of it is in the layer."""
    sparse = b""
    for number in range(10):
        info = tarfile.TarInfo(f"f{number}")
        info.pax_headers = {"GNU.sparse.map": "0,0,100000,0", "GNU.sparse.size": "100000"}
        sparse += info.tobuf(tarfile.PAX_FORMAT)
    few, many = sparse[: len(sparse) // 2] + bytes(1024), sparse + bytes(1024)
    assert [len(content) for _name, _kind, content in read_layer(few, few)] == [100_000] * 5
    with pytest.raises(HostileLayer, match="sparse"):
        read_layer(many, many)


def test_global_headers_do_not_pile_up() -> None:
    """They concern no entry, as in docker."""
    tar = b""
    for number in range(3):
        pax = tarfile.TarInfo.create_pax_global_header({f"key{number}": "v", "path": "elsewhere"})
        tar += pax + tarfile.TarInfo(f"f{number}").tobuf()
    tar += bytes(1024)
    assert len(read_layer(oci.gzipped(tar), tar)) == 3


def test_a_negative_size_does_not_go_round_in_circles() -> None:
    info = tarfile.TarInfo("x")
    info.size = -1024
    tar = info.tobuf(tarfile.GNU_FORMAT) + TAR
    with pytest.raises(BrokenLayer):
        read_layer(oci.gzipped(tar), tar)


def test_other_bytes_than_promised_are_named_so_whatever_they_break() -> None:
    blob = oci.gzipped(TAR)
    for position in range(len(blob)):
        stored = blob[:position] + bytes([blob[position] ^ 0xFF]) + blob[position + 1 :]
        with pytest.raises((BadDigest, HostileLayer)):
            read_layer(blob, TAR, stored=stored)


@pytest.mark.parametrize("left", [0, 1, 5, 100, -1])
def test_a_truncated_layer_is_named_so(left: int) -> None:
    blob = oci.gzipped(TAR)
    with pytest.raises(TruncatedBlob, match="bytes"):
        read_layer(blob, TAR, stored=blob[:left])


BROKEN = {
    "nothing": b"",
    "no tar": b"hello" * 1000,
    "half an archive": TAR[:1500],
    "a damaged header": TAR[:4608] + b"\xff" * 512 + TAR[5120:],
    "bzip2": bz2.compress(TAR),
}


@pytest.mark.parametrize("tar", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("compress", [oci.gzipped, lambda raw: raw])
def test_what_is_no_tar_archive_is_named_so(tar: bytes, compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BrokenLayer):
        read_layer(compress(tar), tar)


@pytest.mark.usefixtures("decompressor")
@pytest.mark.parametrize(
    "blob",
    [
        oci.gzipped(TAR)[:-4],
        oci.gzipped(TAR)[:100],
        oci.gzipped(TAR)[:-8] + bytes(8),
        oci.gzipped(TAR)[:-4] + b"size",
        oci.gzipped(TAR)[:5],
        oci.gzipped(TAR) + b"more",
        oci.gzipped(TAR) + bytes(700) + b"more",
        zstandard.ZstdCompressor().compress(TAR)[:-30],
    ],
)
def test_compression_that_is_broken_as_published(blob: bytes) -> None:
    """The digest is right: it was pushed so."""
    with pytest.raises(BrokenLayer):
        read_layer(blob, TAR)


def test_a_diff_id_that_is_not_that_of_the_layer() -> None:
    with pytest.raises(BadDigest, match="uncompressed"):
        read_layer(oci.gzipped(TAR), TAR + b"x")


def test_bytes_after_the_archive_are_verified_too() -> None:
    tar = TAR + bytes(100_000)
    assert read_layer(oci.gzipped(tar), tar, Limits()) == ENTRIES


@given(st.binary(max_size=3000), st.booleans())
def test_no_bytes_at_all_break_the_reader(content: bytes, compressed: bool) -> None:
    blob = gzip.compress(content, mtime=0) if compressed else content
    with contextlib.suppress(ImageError):
        read_layer(blob, content)


@given(st.integers(0, len(TAR) - 1), st.binary(min_size=1, max_size=40))
def test_no_change_of_an_archive_breaks_the_reader(position: int, change: bytes) -> None:
    tar = TAR[:position] + change + TAR[position + len(change) :]
    with contextlib.suppress(ImageError):
        read_layer(tar, tar)


numbers = st.one_of(
    st.integers(0, 0o7777777).map(lambda value: b"%07o\0" % value),
    st.binary(min_size=8, max_size=8),
    st.sampled_from([b"\0" * 8, b"      7 ", b"1_0\0\0\0\0\0", b"-1\0\0\0\0\0\0"]),
)


@settings(max_examples=500)
@given(
    st.binary(max_size=100),
    st.one_of(numbers.map(lambda value: value + b"\0\0\0\0"), st.binary(min_size=12, max_size=12)),
    st.sampled_from(b"\x00012357xgLKSV"),
    st.binary(max_size=100),
    st.binary(max_size=5),
    numbers | st.none(),
)
def test_plain_headers_say_what_tarfile_reads_in_them(
    name: bytes, size: bytes, kind: int, link: bytes, prefix: bytes, checksum: bytes | None
) -> None:
    header = bytearray(tarfile.TarInfo("x").tobuf(tarfile.GNU_FORMAT))
    for start, length, value in ((0, 100, name), (124, 12, size), (156, 1, bytes([kind])), (157, 100, link)):
        header[start : start + length] = value.ljust(length, b"\0")
    header[345:350] = prefix.ljust(5, b"\0")
    header[148:156] = b" " * 8
    header[148:156] = checksum or b"%06o\0 " % sum(header)

    def fields(reader: type[tarfile.TarInfo]) -> object:
        try:
            found = reader.frombuf(bytes(header), "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            return type(error)
        return found.name, found.size, found.type, found.linkname

    assert fields(layers._StrictTarInfo) == fields(tarfile.TarInfo)
