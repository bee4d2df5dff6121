# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Indexes, manifests and configs: bytes in, frozen dataclasses out. Nothing is fetched here.

Sources: OCI image-spec (image-index.md, manifest.md, config.md); Docker image manifest v2, schema 2.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .._errors import printable
from .digests import checked_digest
from .errors import BadManifest, UnknownPlatform
from .references import Platform

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
ACCEPTED = (OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST)
REF_NAME = "org.opencontainers.image.ref.name"

_INDEXES = (OCI_INDEX, DOCKER_LIST)
_LAYER_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Descriptor:
    digest: str
    size: int
    media_type: str = ""
    platform: Platform | None = None
    ref_name: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    entries: tuple[Descriptor, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """layers: lowest first."""

    config: Descriptor
    layers: tuple[Descriptor, ...]


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    command: str
    empty_layer: bool


@dataclass(frozen=True, slots=True)
class Config:
    """diff_ids: digests of the uncompressed layers, lowest first; env: in the image's order."""

    platform: Platform
    diff_ids: tuple[str, ...]
    env: tuple[str, ...]
    history: tuple[HistoryEntry, ...]


def parse_manifest(raw: bytes, media_type: str, where: str) -> Index | Manifest:
    """An index or a manifest, by `media_type`, its own mediaType, or its shape. Raises BadManifest."""
    document = _parse_object(raw, where)
    kind = document.get("mediaType") or media_type.partition(";")[0].strip()
    if document.get("schemaVersion") == 1:
        raise BadManifest(
            f"{where} is a Docker schema 1 manifest, which names no config and so no diff_ids.",
            hint="Push the image again with a current docker, or copy it with `skopeo copy --format oci`.",
        )
    if "manifests" in document and "layers" in document:  # whoever serves it would say what it is (CVE-2021-41190)
        raise BadManifest(f"{where} claims to be an image index and an image manifest at once.")
    if kind in _INDEXES or (kind not in ACCEPTED and "manifests" in document):
        return parse_index(document, where)
    if kind in ACCEPTED or ("config" in document and "layers" in document):
        return _parse_image_manifest(document, where)
    raise BadManifest(f"{where} is neither an image index nor an image manifest (media type {str(kind)[:100]!r}).")


def parse_index(document: dict[str, Any], where: str) -> Index:
    return Index(tuple(_parse_descriptor(entry, where) for entry in _items(document, "manifests", where)))


def _parse_image_manifest(document: dict[str, Any], where: str) -> Manifest:
    layers = tuple(_parse_descriptor(layer, where) for layer in _items(document, "layers", where))
    if len(layers) > _LAYER_LIMIT:
        raise BadManifest(f"{where} lists {len(layers)} layers; more than {_LAYER_LIMIT} are not read.")
    for layer in layers:
        if ".foreign." in layer.media_type or ".nondistributable." in layer.media_type:
            raise BadManifest(
                f"{where} has a foreign layer ({layer.media_type}), which the registry does not store.",
                hint="Lambda's images have none; check that this is the image that was meant.",
            )
    return Manifest(_parse_descriptor(document.get("config"), where), layers)


def parse_config(raw: bytes, manifest: Manifest, where: str) -> Config:
    """The config of an image. Raises BadManifest, also when it does not fit the manifest's layers."""
    document = _parse_object(raw, where)
    diff_ids = _diff_ids(document, where)
    if len(diff_ids) != len(manifest.layers):
        raise BadManifest(f"{where} has {len(diff_ids)} diff_ids, the manifest has {len(manifest.layers)} layers.")
    runtime = document.get("config") or {}
    env = runtime.get("Env") if isinstance(runtime, dict) else None
    history = [entry for entry in _list(document.get("history")) if isinstance(entry, dict)]
    return Config(
        platform=_parse_platform(document),
        diff_ids=diff_ids,
        env=tuple(item for item in _list(env) if isinstance(item, str)),
        history=tuple(HistoryEntry(str(e.get("created_by", "")), e.get("empty_layer") is True) for e in history),
    )


def parse_diff_ids(raw: bytes, where: str) -> tuple[str, ...]:
    """The diff_ids of a config, lowest layer first. Raises BadManifest."""
    return _diff_ids(_parse_object(raw, where), where)


def _diff_ids(document: dict[str, Any], where: str) -> tuple[str, ...]:
    rootfs = document.get("rootfs")
    if not isinstance(rootfs, dict):
        raise BadManifest(f"{where} has no rootfs: it is not the config of a container image.")
    return tuple(checked_digest(item, f"A diff_id in {where}") for item in _items(rootfs, "diff_ids", where))


def _list(value: object) -> list[Any]:
    """What is no list is passed over where the specification makes it optional."""
    return value if isinstance(value, list) else []


def choose(index: Index, wanted: Platform, where: str) -> Descriptor:
    """The entry for `wanted`. Raises UnknownPlatform with what is offered."""
    offered = [entry for entry in index.entries if entry.platform and entry.platform.architecture != "unknown"]
    fitting = [(entry.platform.variant, entry) for entry in offered if entry.platform and fits(entry.platform, wanted)]
    if fitting:  # of several, the exact variant, or one that asks for none
        return min(fitting, key=lambda pair: (pair[0] != wanted.variant, pair[0] != ""))[1]
    raise unknown_platform(wanted, (entry.platform for entry in offered if entry.platform), where)


def unknown_platform(wanted: Platform, offered: Iterable[Platform], where: str) -> UnknownPlatform:
    names = ", ".join(sorted({str(platform) for platform in offered} - {""})) or "no platform at all"
    return UnknownPlatform(
        f"{where} has no image for {wanted}; it offers {names}.",
        hint="Set `architecture` to one that is offered, or name the tag of the other architecture.",
    )


def fits(found: Platform, wanted: Platform) -> bool:
    """Whether an image for `found` is one for `wanted`; a variant counts only where both name one."""
    same_variant = not found.variant or not wanted.variant or found.variant == wanted.variant
    return (found.os, found.architecture) == (wanted.os, wanted.architecture) and same_variant


def _parse_object(raw: bytes, where: str) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadManifest(f"{where} is not JSON.", hint="Check that the address is that of a registry.") from error
    if not isinstance(document, dict):
        raise BadManifest(f"{where} is not a JSON object.")
    return document


def _items(document: dict[str, Any], key: str, where: str) -> list[Any]:
    value = document.get(key)
    if not isinstance(value, list):
        raise BadManifest(f"{where} has no list {key!r}.")
    return value


def _parse_descriptor(value: object, where: str) -> Descriptor:
    if not isinstance(value, dict):
        raise BadManifest(f"{where} has a descriptor that is no object.")
    size = value.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise BadManifest(f"{where} has a descriptor without a valid size.")
    annotations, platform = value.get("annotations"), value.get("platform")
    return Descriptor(
        digest=checked_digest(value.get("digest"), f"A descriptor in {where}"),
        size=size,
        media_type=printable(str(value.get("mediaType", "")))[:255],
        platform=_parse_platform(platform) if isinstance(platform, dict) else None,
        ref_name=str(annotations.get(REF_NAME, "")) if isinstance(annotations, dict) else "",
    )


def _parse_platform(value: dict[str, Any]) -> Platform:
    return Platform(*(printable(str(value.get(key) or ""))[:100] for key in ("os", "architecture", "variant")))
