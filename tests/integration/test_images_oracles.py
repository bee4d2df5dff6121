# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What we read of images against what programs of others say: an engine's export, and skopeo's digests."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import Cache
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.decompression import Limits
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.image import open_image
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.layers import open_layer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.manifests import Descriptor
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import PLATFORMS, parse_reference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.rootfs import Absent, Found, Rootfs, Undecided
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.transports import Sources
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.views import (
    Directory,
    File,
    LayerView,
    view_layer,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.wanted import Wanted, wanted
from bed import free_port
from docker.errors import DockerException
from hypothesis import HealthCheck, given, settings
from lambdaops_testbed import registry
from lambdaops_testbed.debian import require
from lambdaops_testbed.engine import Engine, ForeignEngine, part
from lambdaops_testbed.images import oci, pairs
from lambdaops_testbed.images.push import push
from lambdaops_testbed.settings import read_settings
from random_images import Layers, archive, images, names

# Path -> kind and content or link, as lstat(2) sees them.
Tree = dict[str, tuple[str, bytes | str]]
_MAX_LINKS = 40
# What an engine puts into each container.
_ENGINES_OWN = (".dockerenv", "dev", "etc", "proc", "sys")


@dataclass(frozen=True, slots=True)
class _PlainCopies(Engine):
    """An engine without overlayfs: it applies each layer to a copy of the tree below, with code of its own."""

    def _config(self) -> Path:
        path = Engine._config(self)
        path.write_text('{"storage-driver": "vfs"}\n')
        return path


@pytest.fixture(scope="module", params=["overlay2", "vfs"])
def engine(request: pytest.FixtureRequest) -> Iterator[docker.DockerClient]:
    """Its storage driver is in its info."""
    with tempfile.TemporaryDirectory(prefix="bed-") as folder:
        bed = read_settings({"LAMBDAOPS_CACHE": folder})
        started: Engine | ForeignEngine = part(bed)
        if request.param == "vfs" and isinstance(started, Engine):
            started = _PlainCopies(bed)
        started.start()
        client = docker.DockerClient(base_url=started.docker_host, timeout=60)
        try:
            yield client
        finally:
            client.close()
            started.stop()


def exported(engine: docker.DockerClient, layers: Layers) -> Tree:
    """The tree that a container of this image has. Raises DockerException when the engine refuses the image."""
    tag = "random:image"
    engine.images.load(archive(layers, tag))
    container = engine.containers.create(tag, ["true"])
    try:
        content = b"".join(container.export())
    finally:
        container.remove()
        engine.images.remove(tag)
    return unpacked(content)


def unpacked(content: bytes) -> Tree:
    tree: Tree = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as whole:
        for member in whole:
            name = member.name.strip("/")
            if name.split("/")[0] in _ENGINES_OWN:
                continue
            if member.issym():
                tree[name] = ("link", member.linkname)
            elif member.islnk():
                tree[name] = tree[member.linkname.strip("/")]
            elif member.isdir():
                tree[name] = ("directory", b"")
            else:
                file = whole.extractfile(member)
                tree[name] = ("file", file.read() if file else b"")
    return tree


def opened(tree: Tree, path: str) -> tuple[str, bytes | str, str] | None:
    """Kind, content and place of what open(2) finds at /path.

    Source: path_resolution(7).
    """
    pending, here, followed = path.split("/")[::-1], "", 0
    kind, content = "directory", b""
    while pending:
        piece = pending.pop()
        if piece in ("", "."):
            continue
        if kind != "directory":
            return None
        if piece == "..":
            here = here.rpartition("/")[0]
            continue
        place = f"{here}/{piece}".lstrip("/")
        found = tree.get(place)
        if found is None:
            return None
        if found[0] == "link":
            followed += 1
            if followed > _MAX_LINKS:
                return None
            target = str(found[1])
            here = "" if target.startswith("/") else here
            pending += target.split("/")[::-1]
            continue
        kind, content = found[0], bytes(found[1])
        here = place
    return kind, content, here


class Ours:
    """The merged view as the engine of the collection reads it."""

    def __init__(self, layers: Layers, asked: Wanted) -> None:
        self._layers = [oci.tar(layer) for layer in layers]
        self._asked = asked
        self.rootfs = self._read()

    def opened(self, path: str) -> tuple[str, bytes | str, str] | None:
        for _round in range(60):
            match self.rootfs.resolve(path):
                case Undecided(more):
                    assert not more <= self._asked, f"asked again for {more}"
                    self._asked |= more
                    self.rootfs = self._read()
                case Absent():
                    return None
                case Found(File(content), place):
                    return "file", content, place
                case Found(Directory(), place):
                    return "directory", b"", place
                case other:
                    return "other", repr(other), path
        raise AssertionError(f"no end of questions about {path}")

    def _read(self) -> Rootfs:
        return Rootfs([self._view(raw) for raw in reversed(self._layers)], whole=True)

    def _view(self, raw: bytes) -> LayerView:
        digest = oci.digest(raw)
        with open_layer(io.BytesIO(raw), Descriptor(digest, len(raw)), digest, "layer", Limits()) as entries:
            return view_layer(entries, self._asked, "layer", 1 << 20)


def test_the_merged_view_is_the_one_that_an_engine_exports(
    engine: docker.DockerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """Images that the engine itself refuses are counted and left: nobody can run them."""
    counted: Counter[str] = Counter()

    @settings(max_examples=170, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(images())
    def compare(layers: Layers) -> None:
        try:
            tree = exported(engine, layers)
        except DockerException:
            counted["refused"] += 1
            return
        counted["compared"] += 1
        folders = ["", *(path for path, (kind, _content) in tree.items() if kind == "directory")]
        paths = sorted({*names(layers), *tree})
        ours = Ours(layers, wanted(paths, folders))
        assert {path: ours.opened(path) for path in paths} == {path: opened(tree, path) for path in paths}
        for folder in folders:
            seen = ours.rootfs.children(folder)
            assert isinstance(seen, frozenset)
            there = {path.rpartition("/")[2] for path in tree if path.rpartition("/")[0] == folder and path}
            assert there <= seen
            start = f"{folder}/" if folder else ""
            assert [name for name in seen - there - {""} if ours.opened(start + name) is not None] == []

    compare()
    with capsys.disabled():
        print(f" {engine.info()['Driver']}: {counted['compared']} compared, {counted['refused']} refused ", end="")
    assert counted["compared"] >= 100


@pytest.fixture(scope="module")
def registry_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real registry with the Node.js pair in it."""
    cache = tmp_path_factory.mktemp("bed")
    started = registry.part(read_settings({"LAMBDAOPS_CACHE": str(cache), "REGISTRY_PORT": str(free_port())}))
    started.start()
    try:
        for name, layout in pairs.repositories().items():
            if "node" in name:
                layout.write(cache / name)
                for tag in ("latest", "latest-arm64") if name.startswith("sam/") else ("20", "20-arm64"):
                    push(cache / name, tag, started.url, name)
        yield started.url
    finally:
        started.stop()


def skopeo(*words: str) -> bytes:
    command = [require("skopeo", "skopeo"), "--override-os=linux", *words]
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
@pytest.mark.parametrize(
    "name", ["sam/build-nodejs20.x:latest", "sam/build-nodejs20.x:latest-arm64", "lambda/nodejs:20"]
)
def test_digests_are_those_of_skopeo(registry_url: str, name: str, architecture: str) -> None:
    platform = PLATFORMS[architecture]
    if name.endswith("-arm64") and architecture != "arm64":
        return
    where = f"docker://{registry_url.removeprefix('http://')}/{name}"
    raw = skopeo("inspect", "--tls-verify=false", "--raw", where)
    choice = (f"--override-arch={platform.architecture}",)
    config = json.loads(skopeo(*choice, "inspect", "--tls-verify=false", "--config", where))
    sources = Sources(Transfer(), mirrors={"public.ecr.aws": registry_url}, timeout=10)
    try:
        reference = parse_reference(f"public.ecr.aws/{name}")
        image = open_image(reference, sources.open(reference), platform, Cache(None))
    finally:
        sources.close()
    top = "sha256:" + hashlib.sha256(raw).hexdigest()
    listed = json.loads(raw).get("manifests")
    assert (image.index_digest or image.digest) == top
    if listed:
        (chosen,) = [one for one in listed if one["platform"]["architecture"] == platform.architecture]
        assert image.digest == chosen["digest"]
        pinned = skopeo("inspect", "--tls-verify=false", "--raw", f"{where.rpartition(':')[0]}@{image.digest}")
        assert "sha256:" + hashlib.sha256(pinned).hexdigest() == image.digest
    layers = json.loads(skopeo(*choice, "inspect", "--tls-verify=false", where))["Layers"]
    assert [descriptor.digest for descriptor, _diff_id in image.layers][::-1] == layers
    assert [diff_id for _descriptor, diff_id in image.layers][::-1] == config["rootfs"]["diff_ids"]
