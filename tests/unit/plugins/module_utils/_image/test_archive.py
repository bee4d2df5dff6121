# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Archives as docker writes them, old and new, and as nobody should; docker's and skopeo's own are read in
tests/integration/test_image_engine.py."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image import archive
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.archive import ArchiveSource
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import Cache
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import (
    BadArchive,
    BadDigest,
    BadManifest,
    ImageError,
    ManifestNotFound,
    UnknownPlatform,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.image import Image, open_image
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import PLATFORMS, parse_reference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer, read_document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lambdaops_testbed.images import oci

PLAIN = [oci.tar([oci.file("etc/os-release", b"ID=amzn\n")]), oci.tar([oci.file("top", b"top")])]
Members = dict[str, bytes]


def config_of(layers: Iterable[bytes], architecture: str = "amd64") -> bytes:
    diff_ids = [oci.digest(layer) for layer in layers]
    rootfs = {"type": "layers", "diff_ids": diff_ids}
    return json.dumps(
        {"os": "linux", "architecture": architecture, "config": {"Env": ["A=b"]}, "rootfs": rootfs}
    ).encode()


def saved(config: str, layers: list[str], tags: list[str] | None = None) -> dict[str, Any]:
    return {"Config": config, "RepoTags": tags, "Layers": layers}


def folders(layers: list[bytes] = PLAIN, tags: list[str] | None = None) -> Members:
    """As docker wrote it up to version 24."""
    config = config_of(layers)
    name = f"{oci.digest(config).removeprefix('sha256:')}.json"
    members = {f"{n}/layer.tar": layer for n, layer in enumerate(layers)}
    index = [saved(name, list(members), tags)]
    return {**members, name: config, "manifest.json": json.dumps(index).encode()}


def layout(layers: list[bytes] = PLAIN, stored: list[bytes] | None = None) -> Members:
    """As docker writes it since version 25: an OCI layout as well. stored: the layers as the engine keeps them."""
    config = config_of(layers)
    blobs = {"blobs/" + oci.digest(blob).replace(":", "/"): blob for blob in (*(stored or layers), config)}
    names = list(blobs)
    index = [saved(names[-1], names[:-1], ["app:1"])]
    return {**blobs, "oci-layout": b"{}", "index.json": b"{}", "manifest.json": json.dumps(index).encode()}


def write(path: Path, members: Members | list[tarfile.TarInfo | tuple[str, bytes]]) -> Path:
    """members: bytes by name, or in their order with entries of other kinds among them."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for member in members.items() if isinstance(members, dict) else members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                tar.addfile(info, io.BytesIO(member[1]))
    return path


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def opened(path: Path, chosen: str = "", architecture: str = "x86_64") -> Image:
    reference = parse_reference(f"docker-archive:{path}{f':{chosen}' if chosen else ''}")
    return open_image(reference, ArchiveSource(path, Transfer()), PLATFORMS[architecture], Cache(None))


def contents(image: Image) -> list[bytes]:
    """The layers as they are stored, verified, lowest first."""
    return [read_document(image.source, layer, "layer") for layer in image.manifest.layers]


def refused(path: Path, kind: type[ImageError], *words: str, chosen: str = "", hint: bool = True) -> None:
    with pytest.raises(kind) as failed:
        contents(opened(path, chosen))
    text = str(failed.value)
    assert all(word in text for word in words), text
    assert bool(failed.value.hint) or not hint


@pytest.mark.parametrize("form", [folders, layout])
def test_both_forms_are_read(form: Callable[[], Members], tmp_path: Path) -> None:
    image = opened(write(tmp_path / "x.tar", form()))
    assert contents(image) == PLAIN
    assert image.config.env == ("A=b",)
    assert image.config.diff_ids == tuple(map(oci.digest, PLAIN))
    assert (image.digest, image.index_digest) == ("", "")


@pytest.mark.parametrize("form", ["blobs", "folders"])
def test_layers_that_are_compressed_have_their_own_digests(form: str, tmp_path: Path) -> None:
    packed = [oci.gzipped(layer) for layer in PLAIN]
    members = layout(PLAIN, packed)
    if form == "folders":
        members = folders() | {f"{n}/layer.tar": layer for n, layer in enumerate(packed)}
    image = opened(write(tmp_path / "x.tar", members))
    assert contents(image) == packed
    assert [layer.digest for layer in image.manifest.layers] == list(map(oci.digest, packed))


def test_a_layer_is_read_where_it_lies(tmp_path: Path) -> None:
    members = folders() | {"unused": b"x" * 1_000_000}
    transfer = Transfer()
    source = ArchiveSource(write(tmp_path / "x.tar", members), transfer)
    contents(open_image(parse_reference("docker-archive:x"), source, PLATFORMS["x86_64"], Cache(None)))
    assert 0 < transfer.size < 100_000


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """app:1 (also known as host.example/app:2) and an image without a name."""
    members = folders()
    arm = config_of(PLAIN[:1], "arm64")
    index = [
        saved(next(name for name in members if name.endswith(".json")), ["0/layer.tar", "1/layer.tar"], ["app:1"]),
        saved("arm.json", ["0/layer.tar"]),
    ]
    index[0]["RepoTags"].append("host.example/app:2")
    return write(tmp_path / "two.tar", members | {"arm.json": arm, "manifest.json": json.dumps(index).encode()})


@pytest.mark.parametrize("chosen", ["app:1", "docker.io/library/app:1", "host.example/app:2", "@0"])
def test_one_of_several_is_chosen_by_name_or_place(two: Path, chosen: str) -> None:
    assert len(opened(two, chosen).config.diff_ids) == 2
    assert len(opened(two, "@1", "arm64").config.diff_ids) == 1


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ("", ("stands for 2 images", "docker.io/library/app:1, host.example/app:2")),
        ("app:3", ("has no image docker.io/library/app:3", "host.example/app:2")),
        ("@2", ("has no image @2",)),
    ],
)
def test_what_stands_for_no_image_or_several_is_said_with_the_names(
    two: Path, chosen: str, words: tuple[str, ...]
) -> None:
    refused(two, ManifestNotFound, *words, chosen=chosen)


def test_its_tags_are_names_that_can_be_asked_for(two: Path) -> None:
    source = ArchiveSource(two, Transfer())
    assert source.tags() == ["docker.io/library/app:1", "host.example/app:2"]
    assert all(source.manifest(tag) for tag in source.tags())


def test_an_image_for_another_platform_is_said_so(two: Path) -> None:
    with pytest.raises(UnknownPlatform, match="no image for linux/amd64; it offers linux/arm64"):
        opened(two, "@1")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_layer_that_is_a_link_to_another_is_that_other(tmp_path: Path, kind: bytes) -> None:
    same = [PLAIN[0], PLAIN[0]]
    members = folders(same)
    del members["1/layer.tar"]
    target = "../0/layer.tar" if kind == tarfile.SYMTYPE else "0/layer.tar"
    assert contents(opened(write(tmp_path / "x.tar", [link("1/layer.tar", target, kind), *members.items()]))) == same


def test_the_last_of_two_members_with_one_name_counts_and_names_may_begin_with_a_dot(tmp_path: Path) -> None:
    members = [(f"./{name}", content) for name, content in folders().items()]
    assert contents(opened(write(tmp_path / "x.tar", [("0/layer.tar", b"old"), *members]))) == PLAIN


# --- what is no archive, or not a whole one


def test_a_file_that_does_not_exist(tmp_path: Path) -> None:
    refused(tmp_path / "missing.tar", BadArchive, "missing.tar", "No such file")


def test_a_folder_and_a_pipe_are_no_archives(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", BadArchive, "is not a file")
    refused(tmp_path, BadArchive, "is not a file", "oci:")


@pytest.mark.parametrize(
    ("compress", "name"), [(gzip.compress, "gzip"), (bz2.compress, "bzip2"), (lzma.compress, "xz")]
)
def test_an_archive_that_is_compressed_has_to_be_unpacked_first(
    compress: Callable[[bytes], bytes], name: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.tar", folders())
    path.write_bytes(compress(path.read_bytes()))
    refused(path, BadArchive, f"compressed with {name}", "Unpack it")


@pytest.mark.parametrize("content", [b"", b"x", b"x" * 5000, b"\0" * 1024])
def test_a_file_that_is_no_tar(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(content)
    refused(tmp_path / "x.tar", BadArchive)


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_an_archive_that_is_cut_is_said_so(keep: float, tmp_path: Path) -> None:
    path = write(tmp_path / "x.tar", {"manifest.json": folders()["manifest.json"], **folders()})
    size = path.read_bytes().rstrip(b"\0")
    path.write_bytes(size[: int(len(size) * keep)])
    refused(path, BadArchive, "Is it whole?")


def spoilt(**changes: bytes | None) -> Members:
    """manifest, config, layer: what stands there instead; None: nothing."""
    members = folders()
    names = {"manifest": "manifest.json", "config": list(members)[2], "layer": "1/layer.tar"}
    for what, content in changes.items():
        if content is None:
            del members[names[what]]
        else:
            members[names[what]] = content
    return members


@pytest.mark.parametrize(
    ("members", "kind", "words"),
    [
        (spoilt(manifest=None), BadArchive, ("no member 'manifest.json'", "docker save")),
        (spoilt(manifest=b"{"), BadArchive, ("manifest.json", "docker save")),
        (spoilt(manifest=b"[" * 100_000), BadArchive, ("manifest.json",)),
        (spoilt(manifest=b"[3]"), BadArchive, ("manifest.json",)),
        (spoilt(manifest=b'[{"Config": 3, "Layers": []}]'), BadArchive, ("manifest.json",)),
        (spoilt(manifest=b'[{"Config": "x", "Layers": [3]}]'), BadArchive, ("manifest.json",)),
        (spoilt(manifest=b" " * (5 << 20)), BadArchive, ("claims 5242880 bytes",)),
        (spoilt(manifest=b"[]"), ManifestNotFound, ("stands for 0 images",)),
        (spoilt(config=None), BadArchive, ("no member",)),
        (spoilt(config=config_of(PLAIN) + b" "), BadDigest, ("The config of docker-archive:",)),
        (spoilt(layer=None), BadArchive, ("no member '1/layer.tar'",)),
        (spoilt(layer=PLAIN[1][:-1] + b"x"), BadDigest, ("layer",)),
        (spoilt(layer=PLAIN[1] + b"x"), BadDigest, ("layer",)),
        (spoilt(manifest=json.dumps([saved("../../etc/passwd", [])]).encode()), BadArchive, ("no member",)),
        (spoilt(manifest=json.dumps([saved("0/layer.tar", [])]).encode()), BadManifest, ("not JSON",)),
        (
            folders() | {"manifest.json": json.dumps([saved(list(folders())[2], ["0/layer.tar"])]).encode()},
            BadArchive,
            ("has 1 layers, and a config for 2",),
        ),
    ],
)
def test_what_is_wrong_inside_is_named(
    members: Members, kind: type[ImageError], words: tuple[str, ...], tmp_path: Path
) -> None:
    refused(write(tmp_path / "x.tar", members), kind, *words, hint=False)


def test_a_blob_that_was_not_asked_about_is_not_there(two: Path) -> None:
    image = opened(two, "@0")
    with pytest.raises(BadArchive, match="has no blob"), ArchiveSource(two, Transfer()).blob(image.manifest.config):
        pass


# --- archives that mean harm


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    members = folders()
    del members["0/layer.tar"]
    circle = [link("0/layer.tar", "b"), link("0/b", "layer.tar")]
    refused(write(tmp_path / "x.tar", [*circle, *members.items()]), BadArchive, "no member '0/layer.tar'")


@pytest.mark.parametrize("target", ["../../../../etc/passwd", "/etc/passwd"])
def test_links_lead_nowhere_outside(tmp_path: Path, target: str) -> None:
    members = folders()
    del members["0/layer.tar"]
    refused(write(tmp_path / "x.tar", [link("0/layer.tar", target), *members.items()]), BadArchive, "no member")


def test_a_million_members_are_not_all_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_MEMBERS", 50)
    members = {f"m{n}": b"" for n in range(51)}
    refused(write(tmp_path / "x.tar", members), BadArchive, "more than 50 members", hint=False)


def test_a_header_without_end_is_not_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.pax_headers = {"comment": "x" * (2 << 20)}
    refused(write(tmp_path / "x.tar", [info, *folders().items()]), BadArchive, "a header claims")


def test_headers_before_headers_end(tmp_path: Path) -> None:
    block = link("x", "", tarfile.XGLTYPE).tobuf()
    (tmp_path / "x.tar").write_bytes(block * 5000)
    refused(tmp_path / "x.tar", BadArchive, "hundreds of headers", hint=False)


def test_a_member_that_claims_more_than_the_file_has(tmp_path: Path) -> None:
    info = tarfile.TarInfo("0/layer.tar")
    info.size = 1 << 50
    (tmp_path / "x.tar").write_bytes(info.tobuf())
    refused(tmp_path / "x.tar", BadArchive, "Is it whole?")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.integers(0), value=st.integers(0, 255))
def test_any_byte_may_be_wrong(tmp_path: Path, place: int, value: int) -> None:
    """It is an error, or in a place that nothing depends on."""
    path = write(tmp_path / "x.tar", folders())
    content = bytearray(path.read_bytes())
    content[place % len(content)] = value
    path.write_bytes(content)
    try:
        assert contents(opened(path)) == PLAIN
    except ImageError:
        pass
