# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layers, images, indexes and layouts as tests of readers make them: well-formed, and as hostile as asked for."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest
from lambdaops_testbed.images import oci


def members(content: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return archive.getmembers()


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "./a", "a//b", "é" * 90, "d/" * 120 + "f", "a\nb"])
def test_names_go_into_a_layer_as_they_are(name: str) -> None:
    assert [member.name for member in members(oci.tar([oci.file(name, b"x")]))] == [name]


def test_entries_keep_order_duplicates_kinds_and_targets() -> None:
    wanted = [
        oci.directory("d"),
        oci.file("d/f", b"one", mode=0o4755),
        oci.file("d/f", b"two"),
        oci.symlink("d/loop", "loop"),
        oci.hardlink("d/hard", "/elsewhere"),
        oci.Entry("dev/null", tarfile.CHRTYPE),
    ]
    seen = members(oci.tar(wanted))
    assert [(m.name, m.type, m.linkname, m.mode) for m in seen] == [
        (w.name, w.kind, w.linkname, w.mode) for w in wanted
    ]
    assert [m.size for m in seen] == [0, 3, 3, 0, 0, 0]


def test_whiteouts_are_named_as_the_specification_says() -> None:
    names = [oci.whiteout("usr/lib64/libx.so").name, oci.whiteout("top").name, oci.opaque("var/cache").name]
    assert names == ["usr/lib64/.wh.libx.so", ".wh.top", "var/cache/.wh..wh..opq"]


def test_parents_come_before_what_is_in_them() -> None:
    names = [entry.name for entry in oci.with_parents([oci.file("a/b/c", b""), oci.symlink("a/b2", "b")])]
    assert names == ["a", "a/b", "a/b/c", "a/b2"]


def test_a_layer_knows_both_of_its_digests_and_is_the_same_each_time() -> None:
    entries = [oci.file("f", b"content")]
    made = oci.layer(entries)
    assert made == oci.layer(entries)
    assert made.diff_id == "sha256:" + hashlib.sha256(gzip.decompress(made.blob)).hexdigest()
    plain = oci.layer(entries, compress=bytes, media_type="application/vnd.oci.image.layer.v1.tar")
    assert (plain.blob, plain.diff_id) == (gzip.decompress(made.blob), made.diff_id)


def test_a_layer_may_be_any_bytes() -> None:
    assert gzip.decompress(oci.layer(b"no tar at all").blob) == b"no tar at all"


@pytest.mark.parametrize("types", [oci.OCI, oci.DOCKER])
def test_an_image_leads_to_all_of_its_blobs(types: oci.MediaTypes) -> None:
    layers = [oci.layer([oci.file("f", b"1")], "RUN one"), oci.layer([oci.file("f", b"2")], "RUN two")]
    made = oci.image(layers, "arm64", {"Env": ["A=1"], "Entrypoint": ["/e"]}, types)
    manifest = json.loads(made.manifest)
    assert manifest["mediaType"] == made.media_type == types.manifest
    config = json.loads(made.blobs[manifest["config"]["digest"]])
    assert config["rootfs"]["diff_ids"] == [layer.diff_id for layer in layers]
    assert [step["created_by"] for step in config["history"] if not step.get("empty_layer")] == ["RUN one", "RUN two"]
    assert (config["architecture"], config["config"]["Entrypoint"]) == ("arm64", ["/e"])
    assert [made.blobs[one["digest"]] for one in manifest["layers"]] == [layer.blob for layer in layers]


def test_an_index_has_an_attestation_that_points_at_the_first_image() -> None:
    images = [oci.image([oci.layer([])], name) for name in ("amd64", "arm64")]
    listed = json.loads(oci.index(images).manifest)["manifests"]
    assert [one["platform"]["architecture"] for one in listed] == ["amd64", "arm64", "unknown"]
    assert listed[2]["annotations"] == {
        "vnd.docker.reference.digest": listed[0]["digest"],
        "vnd.docker.reference.type": "attestation-manifest",
    }
    assert len(json.loads(oci.index(images, attested=False).manifest)["manifests"]) == 2


def test_a_layout_in_memory_and_on_disk_is_the_same(tmp_path: Path) -> None:
    layout = oci.Layout()
    layout.add("one", oci.index([oci.image([oci.layer([oci.file("f", b"1")])])]))
    layout.add("two", oci.image([oci.layer([oci.file("f", b"2")])]))
    layout.write(tmp_path)
    on_disk = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    }
    assert on_disk == layout.files()
    assert json.loads(on_disk["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    tags = [
        one["annotations"]["org.opencontainers.image.ref.name"]
        for one in json.loads(on_disk["index.json"])["manifests"]
    ]
    assert tags == ["one", "two"]
    for path, content in on_disk.items():
        if path.startswith("blobs/sha256/"):
            assert hashlib.sha256(content).hexdigest() == path.rpartition("/")[2]
