# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images of a real engine, and archives that it and skopeo write: what is read of them, and what is left behind."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import docker
import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import Cache
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.credentials import Login
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.daemon import DaemonSource
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.decompression import Limits
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.engine import Engine
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import (
    BadDigest,
    EngineFailed,
    HostileLayer,
    ManifestNotFound,
    UnknownPlatform,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.facts import ImageFacts, read_facts
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.image import open_image
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.layer_views import LayerViews
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import (
    PLATFORMS,
    DaemonReference,
    RegistryReference,
    parse_reference,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.transports import Sources
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.local_copies import Freshness, judge
from bed import free_port
from lambdaops_testbed import debian, registry
from lambdaops_testbed.images import oci
from lambdaops_testbed.images.build import build
from lambdaops_testbed.images.push import push, push_all, tags
from lambdaops_testbed.registry import Registry
from lambdaops_testbed.settings import Settings, read_settings

NAME = "sam/build-nodejs20.x"
IMAGE = f"host.example/{NAME}"
AMD = PLATFORMS["x86_64"]
SEARCH = ("/var/lang/lib", "/lib64", "/usr/lib64", "/var/runtime")


@pytest.fixture(scope="module")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`upgraded` has whiteouts, replaced links, and an rpm database in two layers; `bare` has a large file, and no
    command."""
    images = read_settings(os.environ).cache / "images"
    build(images)
    folder = tmp_path_factory.mktemp("images")
    shutil.copytree(images / NAME, folder / NAME)
    layout = oci.Layout()
    large = oci.file("large/file", bytes(8 << 20))
    files = [oci.file("etc/os-release", b"ID=bare\n"), oci.symlink("loop", "loop"), large]
    layout.add("bare", oci.image([oci.layer(oci.with_parents(files))]))
    layout.write(folder / "bare")
    return folder


@pytest.fixture(scope="module")
def client(host: str, layouts: Path) -> Iterator[docker.DockerClient]:
    """The engine has two tags of IMAGE: upgraded and bare."""
    with_engine = docker.DockerClient(base_url=host, timeout=60)
    for layout, tag in ((f"{NAME}:upgraded-x86_64", "upgraded"), ("bare:bare", "bare")):
        archive = layouts / f"{tag}.tar"
        skopeo(f"oci:{layouts / layout}", f"docker-archive:{archive}:{IMAGE}:{tag}")
        with archive.open("rb") as file:
            with_engine.images.load(file)
    yield with_engine
    with_engine.close()


@pytest.fixture
def found(client: docker.DockerClient, host: str) -> Iterator[Engine]:
    """Whatever a test does with it, no container is left."""
    before = {container.id for container in client.containers.list(all=True)}
    engine_found = Engine.require({"DOCKER_HOST": host})
    yield engine_found
    engine_found.close()
    assert {container.id for container in client.containers.list(all=True)} == before


def skopeo(source: str, target: str, *options: str) -> None:
    program = debian.require("skopeo", "skopeo")
    words = [program, "--insecure-policy", "copy", *options, "--override-os=linux", source, target]
    subprocess.run(words, check=True, capture_output=True, timeout=60)


def facts(text: str) -> ImageFacts:
    """All of an image, and nothing of where it was read."""
    transfer = Transfer()
    sources = Sources(transfer, mirrors={}, timeout=10)
    try:
        reference = parse_reference(text)
        image = open_image(reference, sources.open(reference), AMD, Cache(None))
        read = read_facts(image, LayerViews(Cache(None), transfer), libraries=SEARCH)
    finally:
        sources.close()
    return replace(
        read, reference=RegistryReference("x", "x"), digest="", index_digest="", config_digest="", history=()
    )


@pytest.fixture(scope="module")
def expected(layouts: Path) -> ImageFacts:
    read = facts(f"oci:{layouts / NAME}:upgraded-x86_64")
    assert read.os is not None
    assert read.libraries is not None
    assert len(read.os.packages or ()) > 50
    assert len(read.libraries.libraries) > 50
    return read


# --- archives


def test_what_docker_saves_and_skopeo_writes_is_read_as_the_layout_is(
    client: docker.DockerClient, layouts: Path, expected: ImageFacts, tmp_path: Path
) -> None:
    with (tmp_path / "saved.tar").open("wb") as file:
        for part in client.images.get(f"{IMAGE}:upgraded").save(named=True):
            file.write(part)
    for archive in (tmp_path / "saved.tar", layouts / "upgraded.tar"):
        for chosen in ("", f":{IMAGE}:upgraded", ":@0"):
            assert facts(f"docker-archive:{archive}{chosen}") == expected


def test_a_byte_of_a_saved_layer_that_is_wrong_is_found(layouts: Path, tmp_path: Path) -> None:
    content = (layouts / "upgraded.tar").read_bytes()
    assert content.count(b"Amazon Linux 2023.6.20250107") > 0
    (tmp_path / "x.tar").write_bytes(content.replace(b"Amazon Linux 2023.6.20250107", b"Amazon Linux 2023.6.20241031"))
    with pytest.raises(BadDigest, match="layer"):
        facts(f"docker-archive:{tmp_path / 'x.tar'}")


# --- images of the engine


def test_an_image_of_the_engine_is_read_as_the_layout_is(
    found: Engine, host: str, expected: ImageFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    assert facts(f"docker-daemon:{IMAGE}:upgraded") == expected
    copy = found.local_copy(RegistryReference("host.example", NAME, "upgraded"))
    assert copy is not None
    assert facts(f"docker-daemon:{copy.id}") == expected


def test_its_history_is_that_of_the_config(found: Engine, layouts: Path) -> None:
    layout = parse_reference(f"oci:{layouts / NAME}:upgraded-x86_64")
    meant = open_image(layout, Sources(Transfer(), mirrors={}, timeout=5).open(layout), AMD, Cache(None))
    source = of(found, "upgraded")
    read = open_image(source._reference, source, AMD, Cache(None))
    assert read.config == meant.config
    assert (read.digest, read.index_digest) == ("", "")


def of(found: Engine, tag: str, limits: Limits | None = None) -> DaemonSource:
    return DaemonSource(DaemonReference(RegistryReference("host.example", NAME, tag)), found, Transfer(), limits)


def test_an_image_without_a_command_is_read_and_what_is_missing_is_passed_over(found: Engine) -> None:
    source = of(found, "bare")
    with source.entries(["etc/os-release", "etc/no", "no/where/at/all", "loop/x"], ["usr/lib64", "loop"]) as entries:
        seen = {entry.name: (entry.kind, entry.read()) for entry in entries}
    assert seen == {"etc": ("directory", b""), "etc/os-release": ("file", b"ID=bare\n"), "loop": ("symlink", b"")}


def test_of_a_directory_only_its_own_children_are_given(found: Engine) -> None:
    with of(found, "upgraded").entries(["usr/share/licenses/zlib/COPYING"], ["usr/share", "usr/lib64"]) as entries:
        names = [entry.name for entry in entries]
    assert "usr/lib64/libz.so.1" in names
    assert "usr/share/licenses" in names
    below = {name for name in names if name.count("/") > 2}
    assert below == {"usr/share/licenses/zlib", "usr/share/licenses/zlib/COPYING"}
    assert len(names) == len(set(names))


def test_its_tags_are_those_that_the_engine_has(found: Engine) -> None:
    assert of(found, "bare").tags() == ["bare", "upgraded"]


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
def test_no_container_is_left_by_whatever_stops_the_reading(found: Engine, kind: type[BaseException]) -> None:
    """The fixture looks for one afterwards; the engine is in mid-answer here."""

    def read() -> None:
        with of(found, "upgraded").entries([], ["usr"]) as entries:
            for _entry in entries:
                raise kind

    with pytest.raises(kind):
        read()


def test_no_container_is_left_by_who_reads_only_the_first_entries(found: Engine) -> None:
    with of(found, "upgraded").entries(["etc/os-release"], ["usr/lib64"]) as entries:
        next(entries)
    with of(found, "upgraded").entries(["etc/os-release"], ["usr/lib64"]):
        pass


@pytest.mark.parametrize(
    ("limits", "says"), [(Limits(entries=3), "more than 3 entries"), (Limits(size=1 << 19), "larger than 524288")]
)
def test_what_the_engine_sends_is_bounded(found: Engine, limits: Limits, says: str) -> None:
    source = of(found, "upgraded", limits)
    with pytest.raises(HostileLayer, match=says), source.entries([], ["usr", "var/lib/rpm"]) as entries:
        for _entry in entries:
            pass


def test_an_image_that_the_engine_does_not_have(found: Engine) -> None:
    with pytest.raises(ManifestNotFound, match=r"does not have the image host\.example/") as failed:
        of(found, "missing").manifest(f"{IMAGE}:missing")
    assert f"docker://{IMAGE}:missing" in failed.value.hint


def test_an_image_for_another_architecture(found: Engine) -> None:
    source = of(found, "upgraded")
    with pytest.raises(UnknownPlatform, match=r"docker-daemon:.*:upgraded has no image for linux/arm64/v8; it offers"):
        open_image(source._reference, source, PLATFORMS["arm64"], Cache(None))


@contextmanager
def cutting(host: str, folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """The engine behind a socket that hangs up in the middle of the next answer once it was told to."""
    told = threading.Event()

    def forward(source: socket.socket, target: socket.socket, limit: int) -> None:
        passed = 0
        try:
            while part := source.recv(1 << 16):
                if told.is_set() and (passed := passed + len(part)) > limit:
                    break
                target.sendall(part)
        except OSError:
            pass  # the other side hung up
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(server: socket.socket) -> None:
        while True:
            try:
                client_end = server.accept()[0]
            except OSError:
                return
            engine_end = socket.socket(socket.AF_UNIX)
            engine_end.connect(host.removeprefix("unix://"))
            for ends in ((client_end, engine_end, 1 << 40), (engine_end, client_end, 1 << 18)):
                threading.Thread(target=forward, args=ends, daemon=True).start()

    with socket.socket(socket.AF_UNIX) as server:
        (folder / "cut.sock").unlink(missing_ok=True)
        server.bind(str(folder / "cut.sock"))
        server.listen()
        threading.Thread(target=accept, args=(server,), daemon=True).start()
        yield f"unix://{folder / 'cut.sock'}", told.set
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("looking", [True, False])
def test_an_engine_that_goes_away_in_the_middle_is_said_so(
    found: Engine, host: str, settings: Settings, looking: bool
) -> None:
    """The connection breaks, while a file is read or passed over; the engine is there again when the container has to
    go."""
    with cutting(host, settings.cache) as (address, cut):
        behind = Engine.require({"DOCKER_HOST": address})
        source = of(behind, "bare")

        def read() -> None:
            with source.entries([], ["large"]) as entries:
                next(entries)
                cut()
                for entry in entries:
                    assert not looking or entry.read()

        with pytest.raises(EngineFailed, match=f"The engine at {address} stopped answering when asked to read /large"):
            read()
        behind.close()


# --- copies of what a registry has


@pytest.fixture(scope="module")
def open_registry(settings: Settings) -> Iterator[Registry]:
    part = registry.part(settings)
    part.start()
    yield part
    part.stop()


def test_a_copy_is_absent_then_fresh_then_stale_and_fresh_again(
    found: Engine, client: docker.DockerClient, open_registry: Registry, tmp_path: Path
) -> None:
    repository, platform = "sam/moving", AMD
    reference = RegistryReference(f"127.0.0.1:{open_registry.port}", repository, "latest")

    def publish(word: bytes) -> tuple[oci.Image, oci.Image]:
        """A new index, and its image for x86_64."""
        one, other = (oci.image([oci.layer([oci.file(name, word)])], name) for name in ("amd64", "arm64"))
        layout = oci.Layout()
        layout.add("latest", oci.index([one, other]))
        layout.write(tmp_path / word.decode())
        push(tmp_path / word.decode(), "latest", open_registry.url, repository)
        return oci.index([one, other]), one

    def freshness(index: oci.Image, one: oci.Image) -> Freshness:
        return judge(found.local_copy(reference), index.digest, one.digest)

    first = publish(b"first")
    assert freshness(*first) is Freshness.ABSENT
    pulled = found.pull(reference, platform)
    assert (pulled.before, pulled.seconds > 0) == (None, True)
    assert pulled.after is not None
    assert pulled.after.digests == (first[0].digest,)
    assert freshness(*first) is Freshness.FRESH
    second = publish(b"second")
    assert freshness(*second) is Freshness.STALE
    assert found.pull(reference, platform).before == pulled.after
    assert freshness(*second) is Freshness.FRESH
    # Named by the digest of one platform's image, the engine knows that one.
    exact = replace(reference, tag="", digest=first[1].digest)
    found.pull(exact, platform)
    copy = found.local_copy(exact)
    assert judge(copy, first[0].digest, first[1].digest) is Freshness.FRESH
    # What was built here is of no registry.
    assert judge(found.local_copy(RegistryReference("host.example", NAME, "bare")), "", "x") is Freshness.UNKNOWN
    for name in (f"{reference.name}:latest", f"{reference.name}@{first[1].digest}"):
        client.images.remove(name)


def test_a_pull_that_fails_is_an_error_and_not_the_old_copy(found: Engine, open_registry: Registry) -> None:
    missing = RegistryReference(f"127.0.0.1:{open_registry.port}", "sam/missing", "1")
    with pytest.raises(EngineFailed, match=r"can't pull 127\.0\.0\.1:\d+/sam/missing:1: .*") as failed:
        found.pull(missing, AMD)
    assert failed.value.hint


def test_a_pull_takes_the_login_that_it_is_given(
    found: Engine, settings: Settings, open_registry: Registry, layouts: Path
) -> None:
    push(layouts / "bare", "bare", open_registry.url, "sam/private")
    private = registry.with_basic_auth(settings, free_port())
    private.start()
    try:
        reference = RegistryReference(f"127.0.0.1:{private.port}", "sam/private", "bare")
        with pytest.raises(EngineFailed, match="can't pull"):
            found.pull(reference, AMD)
        assert found.pull(reference, AMD, Login(registry.USER, registry.PASSWORD)).after is not None
    finally:
        private.stop()


def test_tags_of_a_real_registry_are_listed(layouts: Path, open_registry: Registry) -> None:
    push_all(layouts / "sam", open_registry.url)
    sources = Sources(Transfer(), mirrors={}, timeout=5)
    found_tags = sources.open(RegistryReference(f"127.0.0.1:{open_registry.port}", "build-nodejs20.x")).tags()
    assert sorted(found_tags) == sorted(tags(layouts / NAME))
    sources.close()


# --- zstd


def test_layers_that_skopeo_pushed_with_zstd_are_read(
    layouts: Path, open_registry: Registry, expected: ImageFacts
) -> None:
    target = f"docker://127.0.0.1:{open_registry.port}/sam/zstd:1"
    options = ("--dest-tls-verify=false", "--dest-compress-format=zstd", "--dest-compress-level=3", "--format=oci")
    # From a folder, where layers are not compressed: skopeo does not compress again what is.
    plain = layouts / "plain"
    skopeo(f"oci:{layouts / NAME}:upgraded-x86_64", f"dir:{plain}", "--dest-decompress")
    skopeo(f"dir:{plain}", target, *options)
    reference = parse_reference(target)
    image = open_image(reference, Sources(Transfer(), mirrors={}, timeout=5).open(reference), AMD, Cache(None))
    assert {layer.media_type for layer in image.manifest.layers} == {"application/vnd.oci.image.layer.v1.tar+zstd"}
    assert facts(target) == expected
