# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tar entries -> layer -> image -> index -> OCI layout, in memory or on disk; same input, same bytes.

Takes what it is given: names that climb out, broken digests and absurd headers are for the tests that need them.

Sources: OCI image-spec (layer.md, config.md, manifest.md, image-index.md, image-layout.md); BuildKit,
docs/attestations/attestation-storage.md.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CREATED = "2024-10-31T00:00:00Z"
_MTIME = 1730332800

Descriptor = dict[str, object]


@dataclass(frozen=True, slots=True)
class MediaTypes:
    index: str
    manifest: str
    config: str
    layer: str


OCI = MediaTypes(
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.image.layer.v1.tar+gzip",
)
DOCKER = MediaTypes(
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a layer; kind is a type flag of tarfile, name and linkname go in as they are."""

    name: str
    kind: bytes = tarfile.REGTYPE
    content: bytes = b""
    linkname: str = ""
    mode: int = 0o644


def file(name: str, content: bytes, mode: int = 0o644) -> Entry:
    return Entry(name, content=content, mode=mode)


def directory(name: str) -> Entry:
    return Entry(name, tarfile.DIRTYPE, mode=0o755)


def symlink(name: str, target: str) -> Entry:
    return Entry(name, tarfile.SYMTYPE, linkname=target, mode=0o777)


def hardlink(name: str, target: str) -> Entry:
    return Entry(name, tarfile.LNKTYPE, linkname=target)


def whiteout(name: str) -> Entry:
    """Hide name in the layers below."""
    parent, slash, base = name.rpartition("/")
    return file(f"{parent}{slash}.wh.{base}", b"")


def opaque(name: str) -> Entry:
    """Hide all children of directory name in the layers below."""
    return file(f"{name.rstrip('/')}/.wh..wh..opq", b"")


def with_parents(entries: Iterable[Entry]) -> list[Entry]:
    """The entries by name, each after the directories that lead to it, as builders write layers."""
    wanted = {entry.name: entry for entry in entries}
    for name in list(wanted):
        parts = name.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            parent = "/".join(parts[:depth])
            wanted.setdefault(parent, directory(parent))
    return [wanted[name] for name in sorted(wanted)]


def tar(entries: Iterable[Entry]) -> bytes:
    """An uncompressed tar of the entries in their order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries:
            info = tarfile.TarInfo(entry.name)
            info.type, info.mode, info.linkname, info.mtime = entry.kind, entry.mode, entry.linkname, _MTIME
            info.size = len(entry.content)
            archive.addfile(info, io.BytesIO(entry.content))
    return buffer.getvalue()


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=6, mtime=0)


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as it is stored (blob), with the digest of its uncompressed tar and the command that made it."""

    blob: bytes
    diff_id: str
    media_type: str
    created_by: str


def layer(
    content: Iterable[Entry] | bytes,
    created_by: str = "RUN true",
    compress: Callable[[bytes], bytes] = gzipped,
    media_type: str = OCI.layer,
) -> Layer:
    """content: entries, or the bytes of a tar that no entries can express."""
    raw = content if isinstance(content, bytes) else tar(content)
    return Layer(compress(raw), digest(raw), media_type, created_by)


@dataclass(frozen=True, slots=True)
class Image:
    """A manifest (of an image or an index) and every blob it leads to, itself included, by digest."""

    manifest: bytes
    media_type: str
    platform: Mapping[str, str] | None
    blobs: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        return digest(self.manifest)

    def descriptor(self, annotations: Mapping[str, str] | None = None) -> Descriptor:
        found: Descriptor = {"mediaType": self.media_type, "digest": self.digest, "size": len(self.manifest)}
        if annotations:
            found["annotations"] = dict(annotations)
        if self.platform:
            found["platform"] = dict(self.platform)
        return found


def image(
    layers: Sequence[Layer],
    architecture: str = "amd64",
    settings: Mapping[str, object] | None = None,
    types: MediaTypes = OCI,
    os: str = "linux",
) -> Image:
    """settings: the `config` member of the configuration (Env, Entrypoint, WorkingDir, …).

    Each setting of the environment gets an entry of the history without a layer, after the layers.
    """
    history: list[Descriptor] = [{"created": CREATED, "created_by": one.created_by} for one in layers]
    environment = (settings or {}).get("Env", [])
    for variable in environment if isinstance(environment, list) else []:
        history.append({"created": CREATED, "created_by": f"ENV {variable}", "empty_layer": True})
    config = _json(
        {
            "architecture": architecture,
            "config": dict(settings or {}),
            "created": CREATED,
            "history": history,
            "os": os,
            "rootfs": {"type": "layers", "diff_ids": [one.diff_id for one in layers]},
        }
    )
    return _manifest(config, layers, {"architecture": architecture, "os": os}, types)


def _manifest(
    config: bytes,
    layers: Sequence[Layer],
    platform: Mapping[str, str],
    types: MediaTypes,
    annotations: Mapping[str, str] | None = None,
) -> Image:
    descriptors = [_descriptor(one.media_type, one.blob) for one in layers]
    for one in descriptors if annotations else []:
        one["annotations"] = dict(annotations or {})
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": types.manifest,
            "config": _descriptor(types.config, config),
            "layers": descriptors,
        }
    )
    blobs = {digest(content): content for content in (config, manifest, *(one.blob for one in layers))}
    return Image(manifest, types.manifest, platform, blobs)


def attestation(subject: Image) -> tuple[Image, dict[str, str]]:
    """What BuildKit puts beside an image in its index, and the annotations of its descriptor there."""
    statement = _json(
        {
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": "https://slsa.dev/provenance/v0.2",
            "subject": [{"name": "image", "digest": {"sha256": subject.digest.removeprefix("sha256:")}}],
            "predicate": {"builder": {"id": ""}, "buildType": "https://mobyproject.org/buildkit@v1"},
        }
    )
    proof = layer(statement, compress=lambda raw: raw, media_type="application/vnd.in-toto+json")
    unknown = {"architecture": "unknown", "os": "unknown"}
    config = _json({**unknown, "config": {}, "rootfs": {"type": "layers", "diff_ids": [proof.diff_id]}})
    predicate = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}
    annotations = {
        "vnd.docker.reference.digest": subject.digest,
        "vnd.docker.reference.type": "attestation-manifest",
    }
    return _manifest(config, [proof], unknown, OCI, predicate), annotations


def index(images: Sequence[Image], attested: bool = True, types: MediaTypes = OCI) -> Image:
    """A multi-platform index; attested adds one attestation, of the first image."""
    blobs = {name: blob for one in images for name, blob in one.blobs.items()}
    manifests = [one.descriptor() for one in images]
    if attested and images:
        proof, annotations = attestation(images[0])
        manifests.append(proof.descriptor(annotations))
        blobs |= proof.blobs
    manifest = _json({"schemaVersion": 2, "mediaType": types.index, "manifests": manifests})
    return Image(manifest, types.index, None, {**blobs, digest(manifest): manifest})


@dataclass(slots=True)
class Layout:
    """An OCI image layout in memory: blobs by digest, and the descriptors of index.json, one for each tag."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: list[Descriptor] = field(default_factory=list)

    def add(self, tag: str, content: Image) -> None:
        self.blobs |= content.blobs
        self.manifests.append(content.descriptor({"org.opencontainers.image.ref.name": tag}))

    def files(self) -> dict[str, bytes]:
        """Path below the layout -> bytes."""
        top = _json({"schemaVersion": 2, "mediaType": OCI.index, "manifests": self.manifests})
        blobs = {"blobs/" + name.replace(":", "/"): blob for name, blob in self.blobs.items()}
        return {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": top, **blobs}

    def write(self, folder: Path) -> None:
        (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        for path, content in self.files().items():
            (folder / path).write_bytes(content)


def _descriptor(media_type: str, content: bytes) -> Descriptor:
    return {"mediaType": media_type, "digest": digest(content), "size": len(content)}


def _json(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
