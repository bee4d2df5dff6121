# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""Facts of whole images: what they cost cold and warm, several layers at a time, offline, and without layers."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image import layer_views
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import Cache
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.decompression import Limits
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import HostileLayer, NotCached
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.facts import ImageFacts, read_both, read_facts
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.image import Image, open_image
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.layer_views import LayerViews
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.layers import open_layer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.layout import LayoutSource
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.manifests import Descriptor
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.os_facts import parse_os_release
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import PLATFORMS, parse_reference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import ByteStream, Transfer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.transports import Sources
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.wanted import with_parents
from faulty_registry import Registry, serve
from lambdaops_testbed.images import elf, oci, rpmdb
from lambdaops_testbed.images.elf_file import Machine

OS_RELEASE = b'ID="amzn"\nVERSION_ID="2023"\nPRETTY_NAME="Amazon Linux 2023.6.20241031"\n'
SEARCH = ("/var/lang/lib", "/lib64", "/usr/lib64")


def library(name: str, *defines: str) -> oci.Entry:
    soname = name.rpartition("/")[2]
    return oci.file(name, elf.write(elf.SharedObject(Machine.X86_64, soname, defines=defines)))


def system() -> list[oci.Entry]:
    zlib = rpmdb.Package(
        "zlib",
        "1.2.11",
        "1",
        "x86_64",
        provides=(rpmdb.Provide("libz.so.1()(64bit)"),),
        files=("/usr/lib64/libz.so.1",),
    )
    return [
        oci.symlink("lib64", "usr/lib64"),
        oci.file("usr/lib/os-release", OS_RELEASE),
        oci.symlink("etc/os-release", "../usr/lib/os-release"),
        oci.file("var/lib/rpm/rpmdb.sqlite", rpmdb.database([zlib], 0)),
        library("usr/lib64/libz.so.1", "ZLIB_1.2"),
    ]


LAYERS = [system(), [library("var/lang/lib/liba.so.1", "A")], [oci.file("var/task/x", b"x")]]


class Place:
    """A layout of images in a folder, and a cache for all of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layout = oci.Layout()
        self.transfer = Transfer()

    def image(self, layers: Sequence[Sequence[oci.Entry]], tag: str = "1") -> Image:
        self.layout.add(tag, oci.image([oci.layer(entries) for entries in layers]))
        self.layout.write(self.folder / "images")
        source = LayoutSource(self.folder / "images", self.transfer)
        return open_image(parse_reference(f"{source.name}:{tag}"), source, PLATFORMS["x86_64"], self.cache)

    @property
    def cache(self) -> Cache:
        return Cache(self.folder / "cache")

    def views(self, limits: Limits | None = None) -> LayerViews:
        self.transfer = Transfer()
        return LayerViews(self.cache, self.transfer, limits)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def owners(facts: ImageFacts) -> list[tuple[str, str]]:
    assert facts.libraries is not None
    return [(library.name, library.package) for library in facts.libraries.libraries]


def test_one_pass_serves_packages_and_libraries(place: Place) -> None:
    image = place.image(LAYERS)
    facts = read_facts(image, place.views(), libraries=SEARCH)
    assert facts.os is not None
    assert facts.os.release == "2023.6.20241031"
    assert [package.name for package in facts.os.packages or ()] == ["zlib"]
    assert owners(facts) == [("liba.so.1", ""), ("libz.so.1", "zlib")]
    assert (place.transfer.layers, place.transfer.cached) == (3, 0)


@pytest.mark.parametrize("libraries", [None, SEARCH])
def test_the_second_time_one_record_is_opened(
    place: Place, libraries: Sequence[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = place.image(LAYERS)
    cold = read_facts(image, place.views(), libraries=libraries)
    layers = place.transfer.layers
    opened: list[str] = []
    read = Cache.record
    monkeypatch.setattr(Cache, "record", lambda cache, kind, key: opened.append(kind) or read(cache, kind, key))
    warm = read_facts(image, place.views(), libraries=libraries)
    assert warm == cold
    assert warm.os is not None
    assert cold.os is not None
    assert [one.libraries for one in warm.os.packages or ()] == [one.libraries for one in cold.os.packages or ()]
    assert opened == ["facts"]
    assert (place.transfer.layers, place.transfer.cached) == (0, layers)


def test_sentences_of_the_cache_name_the_image_that_is_asked_for(place: Place) -> None:
    layers = [[oci.file("lib64/broken.so", b"\x7fELF")]]
    first = read_facts(place.image(layers, "first"), place.views(), libraries=SEARCH)
    second = read_facts(place.image(layers, "second"), place.views(), libraries=SEARCH)
    assert place.transfer.layers == 0
    for facts, tag in ((first, "first"), (second, "second")):
        assert facts.os is not None
        assert facts.libraries is not None
        assert facts.libraries.unreadable == ("broken.so",)
        sentences = (*facts.os.unread, *facts.libraries.unread)
        assert len(sentences) == 3
        assert all(f"images:{tag}" in sentence for sentence in sentences)


def test_a_damaged_record_is_read_anew(place: Place) -> None:
    image = place.image(LAYERS)
    cold = read_facts(image, place.views(), libraries=SEARCH)
    for path in (place.folder / "cache").rglob("facts/*"):
        path.write_bytes(b"damaged")
    assert read_facts(image, place.views(), libraries=SEARCH) == cold
    assert (place.transfer.layers, place.transfer.cached) == (0, 3)  # the layers' own records do


def test_another_search_path_is_another_question(place: Place) -> None:
    image = place.image([[*LAYERS[0], library("opt/x/libz.so.1", "OTHER")]])
    for search, versions in ((SEARCH, {"ZLIB_1.2"}), (("/opt/x", *SEARCH), {"OTHER"}), (SEARCH, {"ZLIB_1.2"})):
        facts = read_facts(image, place.views(), libraries=search)
        assert facts.libraries is not None
        assert [set(one.versions) for one in facts.libraries.libraries] == [versions]


def test_packages_alone_need_no_more_layers_than_hold_them(place: Place) -> None:
    image = place.image([LAYERS[1], LAYERS[0], LAYERS[2]])
    facts = read_facts(image, place.views())
    assert facts.libraries is None
    assert place.transfer.layers == 2


def test_two_images_at_the_same_time_share_their_layers(place: Place) -> None:
    first, second = place.image(LAYERS, "1"), place.image([*LAYERS, [library("opt/lib/libb.so.1")]], "2")
    both = read_both(first, second, place.views(), libraries=SEARCH)
    assert (place.transfer.layers, place.transfer.cached) == (4, 3)
    assert [facts.reference for facts in both] == [first.reference, second.reference]
    alone = Place(place.folder / "alone")
    (place.folder / "alone").mkdir()
    for facts, image in zip(both, (first, second), strict=True):
        assert facts == read_facts(image, LayerViews(alone.cache, Transfer()), libraries=SEARCH)


def test_layers_are_read_at_the_same_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of two layers waits until both have begun."""
    meeting = threading.Barrier(2)

    @contextmanager
    def met(stream: ByteStream, *rest: object) -> Iterator[object]:
        meeting.wait(timeout=20)
        with open_layer(stream, *rest) as entries:  # type: ignore[arg-type]
            yield entries

    monkeypatch.setattr(layer_views, "open_layer", met)
    image = place.image([*LAYERS[:2]])
    assert owners(read_facts(image, place.views(), libraries=SEARCH)) == [("liba.so.1", ""), ("libz.so.1", "zlib")]


class Endless:
    """A layer that would take for ever, until somebody says stop; then it counts what is still asked for."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.parts = 0

    def read(self, size: int, /) -> bytes:
        self.begun.set()
        self.parts += 1
        return bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]) if self.parts == 1 else b"\0\0\0\xff\xff"


@pytest.mark.parametrize("of_both", [False, True], ids=["one image", "two images"])
def test_the_first_error_ends_what_else_is_read(place: Place, of_both: bool) -> None:
    bad = oci.layer([oci.file("../x", b"")])
    endless = Endless()

    class Source(LayoutSource):
        @contextmanager
        def blob(self, descriptor: Descriptor) -> Iterator[ByteStream]:
            if descriptor.digest == oci.digest(bad.blob):
                assert endless.begun.wait(20)
                with super().blob(descriptor) as stream:
                    yield stream
            else:
                yield endless

    first, second = place.image([[oci.file("a", b"")]], "1"), place.image([[oci.file("../x", b"")]], "2")
    source = Source(place.folder / "images", place.transfer)
    if of_both:
        with pytest.raises(HostileLayer, match="climbs out"):
            read_both(replace(first, source=source), replace(second, source=source), place.views(), libraries=SEARCH)
    else:
        image = place.image([[oci.file("a", b"")], [oci.file("../x", b"")], [oci.file("b", b"")]], "3")
        with pytest.raises(HostileLayer, match="climbs out"):
            read_facts(replace(image, source=source), place.views(), libraries=SEARCH)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("lambdaops")]


def test_after_an_error_the_same_views_serve_the_next_image(place: Place) -> None:
    views = place.views()
    with pytest.raises(HostileLayer):
        read_facts(place.image([[oci.file("../x", b"")]], "bad"), views, libraries=SEARCH)
    assert owners(read_facts(place.image(LAYERS, "good"), views, libraries=SEARCH))


def test_an_interrupted_reading_leaves_no_thread(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_readings: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(layer_views, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        read_facts(place.image(LAYERS), place.views(), libraries=SEARCH)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("lambdaops")]


def test_files_to_look_at_are_bounded_over_all_layers(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_views, "_FILES", 100_000)
    monkeypatch.setattr(layer_views, "_ALL_FILES", 200_000)
    layers = [[oci.file("etc/ld.so.conf", bytes(90_000))], [oci.file("etc/os-release", bytes(90_000))]]
    assert read_facts(place.image(layers[:1], "1"), place.views(), libraries=SEARCH).libraries is not None
    with pytest.raises(HostileLayer, match="200000 bytes to look at"):
        read_facts(
            place.image([*layers, [oci.file("usr/lib/os-release", bytes(90_001))]], "2"),
            place.views(),
            libraries=SEARCH,
        )


def test_an_os_release_of_any_size_is_read_soon() -> None:
    started = time.process_time()
    assert parse_os_release(b"ID=amzn\n" + b"A=b\n" * 4_000_000).id == "amzn"
    assert parse_os_release(b"ID=amzn\nA=" + b"b" * 16_000_000).id == "amzn"
    assert time.process_time() - started < 3


class Merged:
    """What an engine gives: one tree instead of layers."""

    name = "docker-daemon:x"

    def __init__(self, tree: Sequence[oci.Entry]) -> None:
        self.raw = oci.tar(tree)
        self.asked: list[tuple[Collection[str], Collection[str]]] = []

    @contextmanager
    def entries(self, asked_paths: Collection[str], asked_directories: Collection[str]) -> Iterator[Iterator[object]]:
        self.asked.append((asked_paths, asked_directories))

        descriptor = Descriptor(oci.digest(self.raw), len(self.raw))
        with open_layer(io.BytesIO(self.raw), descriptor, descriptor.digest, "tree", Limits()) as entries:
            yield (
                entry
                for entry in entries
                if entry.name in with_parents([*asked_paths, *asked_directories])
                or entry.name.rpartition("/")[0] in asked_directories
            )


def test_an_image_without_layers_gives_the_same_facts(place: Place) -> None:
    image = place.image(LAYERS)
    source = Merged([entry for entries in LAYERS for entry in entries])
    merged = replace(image, source=source)
    fresh = LayerViews(Cache(None), transfer := Transfer())
    assert read_facts(merged, fresh, libraries=SEARCH) == read_facts(image, place.views(), libraries=SEARCH)
    assert transfer.layers == 1
    assert len(source.asked) == 1


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    layout = oci.Layout()
    layout.add("1", oci.index([oci.image([oci.layer(entries) for entries in LAYERS])]))
    with serve(Registry({"app": layout})) as registry:
        yield registry


def from_registry(registry: Registry, reference: str, cache: Cache) -> ImageFacts:
    transfer = Transfer()
    mirrors = {"example.com": registry.url}
    sources = Sources(transfer, mirrors=mirrors, timeout=5, find_login=lambda _host: None, sleep=lambda _seconds: None)
    try:
        parsed = parse_reference(reference)
        image = open_image(parsed, sources.open(parsed), PLATFORMS["x86_64"], cache)
        return read_facts(image, LayerViews(cache, transfer), libraries=SEARCH)
    finally:
        sources.close()


def test_offline_a_tag_means_what_it_meant_last(registry: Registry, tmp_path: Path) -> None:
    online = from_registry(registry, "example.com/app:1", Cache(tmp_path / "cache"))
    registry.requests.clear()
    offline = Cache(tmp_path / "cache", offline=True)
    assert from_registry(registry, "example.com/app:1", offline) == online
    assert [online.index_digest in note and "app" in note for note in offline.notes] == [True]
    pinned = f"example.com/app@{online.digest}"
    assert from_registry(registry, pinned, Cache(tmp_path / "cache", offline=True)).os == online.os
    assert registry.requests == []


def test_a_warm_run_asks_for_the_tag_alone_and_writes_nothing(registry: Registry, tmp_path: Path) -> None:
    from_registry(registry, "example.com/app:1", Cache(tmp_path / "cache"))
    registry.requests.clear()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*")}
    from_registry(registry, "example.com/app:1", Cache(tmp_path / "cache"))
    assert registry.paths() == ["/v2/app/manifests/1"]
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*")} == before


@pytest.mark.parametrize("kind", ["tag", "content", "layer and facts", "another tag", "everything"])
def test_offline_what_is_not_kept_is_named(registry: Registry, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "cache"
    if kind != "everything":
        from_registry(registry, "example.com/app:1", Cache(folder))
    for path in folder.rglob("*"):
        if path.is_file() and path.parent.name in kind.split():
            path.unlink()
    registry.requests.clear()
    tag = "2" if kind == "another tag" else "1"
    with pytest.raises(NotCached) as failed:
        from_registry(registry, f"example.com/app:{tag}", Cache(folder, offline=True))
    assert registry.requests == []
    assert "example.com/app" in failed.value.message
    assert "`offline`" in failed.value.hint


def test_offline_a_layout_is_read_as_ever(place: Place) -> None:
    image = place.image(LAYERS)
    opened = open_image(image.reference, image.source, PLATFORMS["x86_64"], Cache(None, offline=True))
    assert owners(read_facts(opened, LayerViews(Cache(None, offline=True), Transfer()), libraries=SEARCH))
