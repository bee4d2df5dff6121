# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import BadManifest, UnknownPlatform
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.manifests import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_MANIFEST,
    Config,
    Descriptor,
    HistoryEntry,
    Index,
    Manifest,
    choose,
    fits,
    parse_config,
    parse_manifest,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import PLATFORMS, Platform
from hypothesis import given
from hypothesis import strategies as st

D1, D2, D3 = (f"sha256:{character * 64}" for character in "abc")


def entry(digest: str, **more: Any) -> dict[str, Any]:
    return {"digest": digest, "size": 3, **more}


def encode(**document: Any) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "media_type", [OCI_MANIFEST, DOCKER_MANIFEST, f"{OCI_MANIFEST}; charset=utf-8", "", "text/plain"]
)
def test_image_manifests_of_every_kind(media_type: str) -> None:
    raw = encode(schemaVersion=2, config=entry(D1), layers=[entry(D2, mediaType="x"), entry(D3)])
    assert parse_manifest(raw, media_type, "it") == Manifest(
        Descriptor(D1, 3), (Descriptor(D2, 3, "x"), Descriptor(D3, 3))
    )


@pytest.mark.parametrize("media_type", [DOCKER_LIST, "", "application/json"])
def test_lists_and_indexes(media_type: str) -> None:
    raw = encode(manifests=[entry(D1, platform={"os": "linux", "architecture": "arm64", "variant": "v8"})])
    assert parse_manifest(raw, media_type, "it") == Index((Descriptor(D1, 3, "", Platform("linux", "arm64", "v8")),))


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"<html>login</html>", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "not a JSON object"),
        (encode(schemaVersion=1, fsLayers=[]), "schema 1"),
        (encode(mediaType=OCI_MANIFEST, config=entry(D1), layers=[], manifests=[]), "at once"),
        (encode(mediaType="application/vnd.oci.artifact"), "neither"),
        (encode(mediaType=OCI_MANIFEST, config=entry(D1)), "no list 'layers'"),
        (encode(mediaType=OCI_MANIFEST, layers=[]), "no object"),
        (encode(mediaType=OCI_MANIFEST, config=entry("sha256:../../etc/passwd"), layers=[]), "digest"),
        (encode(mediaType=OCI_MANIFEST, config={"digest": D1, "size": -1}, layers=[]), "size"),
        (encode(mediaType=OCI_MANIFEST, config={"digest": D1, "size": True}, layers=[]), "size"),
        (encode(mediaType=OCI_MANIFEST, config=entry(D1), layers=[entry(D2)] * 1001), "1001 layers"),
    ],
)
def test_what_is_no_manifest_is_refused_in_words(raw: bytes, word: str) -> None:
    with pytest.raises(BadManifest, match=word):
        parse_manifest(raw, "", "it")


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    ],
)
def test_layers_that_registries_do_not_store_are_refused_by_their_type(media_type: str) -> None:
    raw = encode(config=entry(D1), layers=[entry(D2), entry(D3, mediaType=media_type)])
    with pytest.raises(BadManifest, match="has a foreign layer") as failed:
        parse_manifest(raw, "", "it")
    assert media_type in failed.value.message
    assert failed.value.hint


def platforms(*texts: str) -> Index:
    return Index(tuple(Descriptor(D1, 1, platform=Platform(*text.split("/"))) for text in texts))


@pytest.mark.parametrize(
    ("offered", "wanted", "found"),
    [
        (["linux/amd64", "linux/arm64"], "x86_64", "linux/amd64"),
        (["linux/amd64", "linux/arm64"], "arm64", "linux/arm64"),
        (["linux/amd64", "linux/arm64/v8"], "arm64", "linux/arm64/v8"),
        (["linux/amd64/v3", "linux/amd64"], "x86_64", "linux/amd64"),
        (["linux/amd64/v3"], "x86_64", "linux/amd64/v3"),
        (["linux/arm64", "linux/arm64/v8"], "arm64", "linux/arm64/v8"),
        (["unknown/unknown", "windows/amd64", "linux/amd64"], "x86_64", "linux/amd64"),
    ],
)
def test_the_platform_that_is_wanted(offered: list[str], wanted: str, found: str) -> None:
    assert str(choose(platforms(*offered), PLATFORMS[wanted], "it").platform) == found


def test_an_unknown_platform_lists_what_is_offered_without_attestations() -> None:
    with pytest.raises(UnknownPlatform, match="it offers linux/amd64, linux/arm64/v7") as failed:
        choose(platforms("linux/arm64/v7", "linux/amd64", "unknown/unknown"), PLATFORMS["arm64"], "it")
    assert "unknown/unknown" not in str(failed.value)
    assert "architecture" in failed.value.hint


def test_what_an_image_calls_its_platform_moves_no_cursor() -> None:
    raw = encode(manifests=[entry(D1, platform={"os": "linux", "architecture": "\x1b[2Jarm\n" + "x" * 5000})])
    index = parse_manifest(raw, DOCKER_LIST, "it")
    assert isinstance(index, Index)
    with pytest.raises(UnknownPlatform) as failed:
        choose(index, PLATFORMS["arm64"], "it")
    assert str(failed.value).isprintable()
    assert len(str(failed.value)) < 500


def test_variants_count_only_where_both_have_one() -> None:
    assert fits(Platform("linux", "arm64"), Platform("linux", "arm64", "v8"))
    assert not fits(Platform("linux", "arm64", "v7"), Platform("linux", "arm64", "v8"))


ONE_LAYER = Manifest(Descriptor(D1, 1), (Descriptor(D2, 1),))


def test_a_config() -> None:
    raw = encode(
        os="linux",
        architecture="amd64",
        config={"Env": ["A=b", 3]},
        rootfs={"diff_ids": [D3]},
        history=[{"created_by": "COPY"}, {"created_by": "ENV", "empty_layer": True}, "junk"],
    )
    assert parse_config(raw, ONE_LAYER, "it") == Config(
        Platform("linux", "amd64"), (D3,), ("A=b",), (HistoryEntry("COPY", False), HistoryEntry("ENV", True))
    )


def test_a_config_whose_optional_parts_are_no_lists() -> None:
    raw = encode(os="linux", architecture="amd64", config={"Env": 5}, rootfs={"diff_ids": [D3]}, history=5)
    assert parse_config(raw, ONE_LAYER, "it") == Config(Platform("linux", "amd64"), (D3,), (), ())


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"{}", "no rootfs"),
        (encode(rootfs={}), "diff_ids"),
        (encode(rootfs={"diff_ids": []}), "0 diff_ids, the manifest has 1"),
        (encode(rootfs={"diff_ids": ["sha256:x"]}), "digest"),
    ],
)
def test_a_config_that_does_not_fit(raw: bytes, word: str) -> None:
    with pytest.raises(BadManifest, match=word):
        parse_config(raw, ONE_LAYER, "it")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([D1, OCI_MANIFEST]),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["config", "layers", "manifests", "mediaType", "digest", "size", "platform", "rootfs",
                         "diff_ids", "history", "Env", "annotations", "os", "schemaVersion"]) | st.text(), inner),
    max_leaves=20,
)  # fmt: skip


@given(values)
def test_no_json_at_all_breaks_the_parsers(value: Any) -> None:
    raw = json.dumps(value).encode()
    for parse in (lambda: parse_manifest(raw, "", "it"), lambda: parse_config(raw, ONE_LAYER, "it")):
        with contextlib.suppress(BadManifest):
            parse()
