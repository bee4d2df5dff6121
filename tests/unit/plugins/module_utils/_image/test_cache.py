# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.elf import Elf, Need
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import SCHEMA, Cache, default_folder
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.digests import digest_of
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.kept_views import keep_view, kept_view
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.views import (
    Directory,
    File,
    Hardlink,
    LayerView,
    Other,
    Regular,
    Symlink,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.wanted import wanted

DAY = 86400.0
ELF = Elf(
    machine="aarch64",
    bits=64,
    little_endian=True,
    kind="shared object",
    soname="libx.so.1",
    needed=("b", "a"),
    needs=(Need("a", "A_1", True),),
    defines=frozenset(("X_1", "X_2")),
    rpath="/a",
    runpath="/b",
    interpreter="/c",
)
VIEW = LayerView(
    asked=wanted(["etc/x"], ["lib64"]),
    nodes={
        "etc": Directory(),
        "etc/x": File(b"\0content\xff" * 1000),
        "lib64/small": File(b"\0content\xff"),
        "lib64/\udcff.so": Regular(None, "why"),
        "lib64/libx.so": Regular(ELF),
        "l": Symlink("\udcff/a"),
        "h": Hardlink("a"),
        "o": Other(),
    },
    whiteouts=frozenset(("a",)),
    opaque=frozenset(("", "b")),
    size=5,
)


def test_views_come_back_as_they_were_kept(tmp_path: Path) -> None:
    keep_view(Cache(tmp_path), "sha256:a", "sha256:d", VIEW)
    assert kept_view(Cache(tmp_path), "sha256:a", "sha256:d") == VIEW
    assert kept_view(Cache(tmp_path), "sha256:b", "sha256:d") is None


def test_a_view_is_not_taken_for_an_image_that_claims_another_diff_id(tmp_path: Path) -> None:
    keep_view(Cache(tmp_path), "sha256:a", "sha256:d", VIEW)
    assert kept_view(Cache(tmp_path), "sha256:a", "sha256:other") is None


def test_content_comes_back_by_its_digest(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert cache.content(digest_of(b"x")) is None
    assert cache.keep_content(b"x") == digest_of(b"x")
    assert cache.content(digest_of(b"x")) == b"x"


@pytest.mark.parametrize("damage", [b"", b"junk", b"x" * 5000])
def test_whatever_is_damaged_is_missing(tmp_path: Path, damage: bytes) -> None:
    cache = Cache(tmp_path)
    keep_view(cache, "sha256:a", "sha256:d", VIEW)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2  # the record and the content
    for path in files:
        intact = path.read_bytes()
        for content in (damage, intact[:-1], intact + b" "):
            path.write_bytes(content)
            assert kept_view(cache, "sha256:a", "sha256:d") in (None, VIEW)
        path.write_bytes(damage)
        assert kept_view(cache, "sha256:a", "sha256:d") is None
        path.write_bytes(intact)
    assert kept_view(cache, "sha256:a", "sha256:d") == VIEW


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"diff_id": "d"},
        {"diff_id": "d", "paths": 3},
        *(
            {"diff_id": "d", "paths": [], "directories": [], "nodes": nodes, "whiteouts": [], "opaque": [], "size": 0}
            for nodes in ({"a": []}, {"a": ["symlink", 3]}, {"a": ["elf", 1]}, {"a": ["text", "\u1234"]}, {"a": 3}, 3)
        ),
    ],
)
def test_a_record_of_another_form_is_missing(tmp_path: Path, value: object) -> None:
    cache = Cache(tmp_path)
    cache.keep_record("layer", "sha256:a", value)
    assert kept_view(cache, "sha256:a", "d") is None


def test_what_is_there_is_not_written_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.keep_content(b"x")
    (entry,) = (tmp_path / SCHEMA / "content").iterdir()
    written = entry.stat().st_ino
    cache.keep_content(b"x")
    assert entry.stat().st_ino == written
    entry.write_bytes(b"damaged")
    cache.keep_content(b"x")
    assert cache.content(digest_of(b"x")) == b"x"


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def noise(seed: int, length: int = 10_000) -> bytes:
    return random.Random(seed).randbytes(length)


def test_what_was_not_used_for_longest_goes_when_the_cache_is_too_large(tmp_path: Path) -> None:
    digests = [Cache(tmp_path).keep_content(noise(number)) for number in range(10)]
    for age, digest in enumerate(digests):
        path = tmp_path / SCHEMA / "content" / digest.replace(":", "-")
        os.utime(path, (time.time() - 10 * DAY + age * DAY,) * 2)
    assert Cache(tmp_path).content(digests[0]) == noise(0)  # read today, so it is the newest now
    added = Cache(tmp_path, 60_000).keep_content(noise(99))
    assert size(tmp_path) <= 60_000
    left = [digest for digest in (*digests, added) if Cache(tmp_path).content(digest) is not None]
    assert left == [digests[0], *digests[-3:], added]


def test_what_a_run_uses_stays_whatever_it_takes(tmp_path: Path) -> None:
    Cache(tmp_path).keep_content(noise(99))
    cache = Cache(tmp_path, 20_000)
    digests = [cache.keep_content(noise(number)) for number in range(10)]
    assert [cache.content(digest) for digest in digests] == [noise(number) for number in range(10)]
    assert Cache(tmp_path).content(digest_of(noise(99))) is None
    Cache(tmp_path, 20_000).keep_content(b"the next run")
    assert size(tmp_path) <= 20_000


def test_a_cache_that_is_large_enough_is_left_alone(tmp_path: Path) -> None:
    digests = [Cache(tmp_path).keep_content(noise(number)) for number in range(10)]
    for digest in digests:
        assert Cache(tmp_path, 1 << 20).content(digest) is not None


def test_reading_says_at_most_once_a_day_that_an_entry_is_used(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    digest = cache.keep_content(b"x")
    path = tmp_path / SCHEMA / "content" / digest.replace(":", "-")
    for age, touched in ((DAY / 2, False), (2 * DAY, True)):
        os.utime(path, (time.time() - age,) * 2)
        before = path.stat().st_mtime
        cache.content(digest)
        assert (path.stat().st_mtime > before) == touched


def test_a_folder_that_can_only_be_read_stays_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    digest = cache.keep_content(b"x")
    os.utime(tmp_path / SCHEMA / "content" / digest.replace(":", "-"), (0, 0))

    def refused(*_arguments: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "utime", refused)
    assert cache.content(digest) == b"x"


def test_older_schemas_and_leftovers_go_and_nothing_else(tmp_path: Path) -> None:
    entry = "sha256-" + "0" * 64
    cache = Cache(tmp_path)
    cache.keep_content(b"x")
    gone = ["v1/content/" + entry, "v1/layer/" + entry, "v0/content/" + entry, f"{SCHEMA}/content/.new-old"]
    stays = ["v999/content/" + entry, "v1/other/" + entry, "v1/content/mine", "mine/content/" + entry, "v2x/a", "a"]
    stays += [f"{SCHEMA}/content/.new-now", f"{SCHEMA}/mine"]
    for name in (*gone, *stays):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    os.utime(tmp_path / SCHEMA / "content/.new-old", (0, 0))
    outside = tmp_path / "outside" / "content"
    outside.mkdir(parents=True)
    (outside / entry).write_bytes(b"x")
    (tmp_path / "v00").symlink_to(outside.parent)
    Cache(tmp_path).keep_content(b"y")
    assert [name for name in gone if (tmp_path / name).exists()] == []
    assert [name for name in stays if not (tmp_path / name).exists()] == []
    assert (outside / entry).exists()
    assert not (tmp_path / "v0").exists()


def test_a_folder_that_cannot_be_written_is_noted_once_and_harmless(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file")
    cache.keep_content(b"x")
    cache.keep_content(b"y")
    assert cache.content(digest_of(b"x")) is None
    assert len(cache.notes) == 1
    assert str(tmp_path / "file") in cache.notes[0]


def test_parallel_plays_never_see_half_an_entry(tmp_path: Path) -> None:
    content = bytes(range(256)) * 4000
    digest = digest_of(content)
    wrong: list[bytes] = []
    start = threading.Barrier(4)

    def work() -> None:
        cache = Cache(tmp_path)
        start.wait()
        for _round in range(20):
            cache.keep_content(content)
            if cache.content(digest) != content:
                wrong.append(digest.encode())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert [path.name for path in (tmp_path / SCHEMA / "content").iterdir()] == [digest.replace(":", "-")]


def test_only_its_owner_can_use_the_cache(tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        Cache(tmp_path / "new").keep_content(b"x")
    finally:
        os.umask(before)
    for folder in (tmp_path / "new" / SCHEMA, tmp_path / "new" / SCHEMA / "content"):
        assert folder.stat().st_mode & 0o077 == 0
    again = Cache(tmp_path / "new")
    assert again.content(again.keep_content(b"x")) == b"x"
    assert again.notes == []


def test_a_cache_that_others_can_write_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = Cache(tmp_path).keep_content(b"x")
    version = tmp_path / SCHEMA
    version.chmod(0o770)
    assert_not_used(Cache(tmp_path), digest)
    version.chmod(0o700)
    assert Cache(tmp_path).content(digest) == b"x"
    monkeypatch.setattr(os, "geteuid", lambda: version.stat().st_uid + 1)
    assert_not_used(Cache(tmp_path), digest)


def assert_not_used(cache: Cache, digest: str) -> None:
    assert cache.content(digest) is None
    assert len(cache.notes) == 1
    assert "is not used" in cache.notes[0]


def test_without_a_home_folder_there_is_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert default_folder({}) is None
    cache = Cache(None)
    assert cache.content(cache.keep_content(b"x")) is None
    assert cache.notes == []


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_CACHE_HOME": "/x"}, Path("/x/lambdaops.deploy")),
        ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache/lambdaops.deploy"),
        ({}, Path.home() / ".cache/lambdaops.deploy"),
    ],
)
def test_the_default_folder(environ: dict[str, str], expected: Path) -> None:
    assert default_folder(environ) == expected
