# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import Cache
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import (
    BadDigest,
    BadLayout,
    BadManifest,
    ImageError,
    ManifestNotFound,
    TruncatedBlob,
    UnknownPlatform,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.image import Image, open_image
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.layout import LayoutSource
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import PLATFORMS, LayoutReference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer
from lambdaops_testbed.images import oci


@pytest.fixture
def folder(tmp_path: Path, small_image: oci.Image) -> Path:
    """Tags: 1 (amd64), arm (arm64), both (an index)."""
    layout = oci.Layout()
    arm = oci.image([oci.layer([oci.file("a", b"a")])], architecture="arm64")
    layout.add("1", small_image)
    layout.add("arm", arm)
    layout.add("both", oci.index([small_image, arm]))
    layout.write(tmp_path / "layout")
    return tmp_path / "layout"


def opened(folder: Path, tag: str = "", digest: str = "", architecture: str = "x86_64") -> Image:
    source = LayoutSource(folder, Transfer())
    return open_image(LayoutReference(folder, tag, digest), source, PLATFORMS[architecture], Cache(folder / "cache"))


def test_a_tag_names_an_image(folder: Path, small_image: oci.Image) -> None:
    image = opened(folder, "1")
    assert image.digest == small_image.digest
    assert image.index_digest == ""
    assert image.config.env == ("A=b",)


def test_a_digest_names_an_image(folder: Path, small_image: oci.Image) -> None:
    assert opened(folder, digest=small_image.digest).digest == small_image.digest


@pytest.mark.parametrize(("architecture", "name"), [("x86_64", "amd64"), ("arm64", "arm64")])
def test_an_index_is_followed_to_the_platform(folder: Path, architecture: str, name: str) -> None:
    image = opened(folder, "both", architecture=architecture)
    assert image.config.platform.architecture == name
    assert image.index_digest != image.digest


def test_its_tags_are_those_of_index_json(folder: Path) -> None:
    source = LayoutSource(folder, Transfer())
    assert source.tags() == ["1", "arm", "both"]
    assert all(source.manifest(tag) for tag in source.tags())


def test_without_a_tag_the_only_image_is_meant(tmp_path: Path, small_image: oci.Image) -> None:
    layout = oci.Layout()
    layout.add("whatever", small_image)
    layout.write(tmp_path)
    assert opened(tmp_path).digest == small_image.digest


def test_index_json_can_be_the_multi_architecture_index_itself(tmp_path: Path, small_image: oci.Image) -> None:
    arm = oci.image([oci.layer([oci.file("a", b"a")])], architecture="arm64")
    layout = oci.Layout({**small_image.blobs, **arm.blobs}, [small_image.descriptor(), arm.descriptor()])
    layout.write(tmp_path)
    assert opened(tmp_path, architecture="arm64").digest == arm.digest


def refusal(kind: type[ImageError], *words: str, **where: str) -> None:
    folder = Path(where.pop("folder"))
    with pytest.raises(kind) as failed:
        opened(folder, **where)
    assert all(word in str(failed.value) for word in words), str(failed.value)


def test_an_unknown_tag_lists_the_tags_there_are(folder: Path) -> None:
    refusal(ManifestNotFound, "'9'", "1, arm, both", folder=str(folder), tag="9")


def test_an_unknown_digest(folder: Path) -> None:
    refusal(ManifestNotFound, "sha256:" + "0" * 64, folder=str(folder), digest="sha256:" + "0" * 64)


def test_no_tag_where_there_are_several_images(folder: Path) -> None:
    refusal(ManifestNotFound, "3 images", "1, arm, both", folder=str(folder))


def test_an_unknown_platform_of_a_single_image(folder: Path) -> None:
    refusal(UnknownPlatform, "linux/arm64/v8", "offers linux/amd64", folder=str(folder), tag="1", architecture="arm64")


def test_a_missing_folder(tmp_path: Path) -> None:
    refusal(BadLayout, "does not exist", "oci:", folder=str(tmp_path / "missing"), tag="1")


def test_a_file_where_a_folder_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    refusal(BadLayout, "is not a folder", folder=str(tmp_path / "file"), tag="1")


def test_a_path_that_no_file_system_takes(tmp_path: Path) -> None:
    refusal(BadLayout, "does not exist", folder=str(tmp_path / ("x" * 300)), tag="1")


def test_a_folder_that_is_no_layout(tmp_path: Path) -> None:
    refusal(BadLayout, "oci-layout", folder=str(tmp_path), tag="1")


@pytest.mark.parametrize("name", ["oci-layout", "index.json"])
def test_a_pipe_in_a_layout_is_not_waited_for(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    refusal(BadLayout, name, "not a regular file", folder=str(folder), tag="1")


@pytest.mark.parametrize("marker", ["", "[]", '{"imageLayoutVersion": "2.0.0"}', "[" * 100_000])
def test_a_layout_of_another_version(folder: Path, marker: str) -> None:
    (folder / "oci-layout").write_text(marker)
    refusal(BadLayout, "version", folder=str(folder), tag="1")


def test_an_index_that_is_too_large(folder: Path) -> None:
    (folder / "index.json").write_bytes(b" " * (5 << 20))
    refusal(BadManifest, "larger than", folder=str(folder), tag="1")


def blob(folder: Path, digest: str) -> Path:
    return folder / "blobs" / "sha256" / digest.removeprefix("sha256:")


def test_a_manifest_with_other_bytes(folder: Path, small_image: oci.Image) -> None:
    path = blob(folder, small_image.digest)
    path.write_bytes(path.read_bytes() + b" ")
    refusal(BadDigest, small_image.digest, "mirror", folder=str(folder), tag="1")


def config_digest(image: oci.Image) -> str:
    return next(d for d, content in image.blobs.items() if b'"rootfs"' in content)


def test_a_config_with_other_bytes(folder: Path, small_image: oci.Image) -> None:
    path = blob(folder, config_digest(small_image))
    path.write_bytes(path.read_bytes().replace(b"A=b", b"A=c"))
    refusal(BadDigest, "config", folder=str(folder), tag="1")


def test_a_config_that_is_cut(folder: Path, small_image: oci.Image) -> None:
    path = blob(folder, config_digest(small_image))
    path.write_bytes(path.read_bytes()[:-5])
    refusal(TruncatedBlob, "config", folder=str(folder), tag="1")


def test_a_missing_config(folder: Path, small_image: oci.Image) -> None:
    blob(folder, config_digest(small_image)).unlink()
    refusal(BadLayout, "no readable blob", "skopeo", folder=str(folder), tag="1")
