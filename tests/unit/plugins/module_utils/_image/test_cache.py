# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import SCHEMA, Cache, default_folder
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.digests import digest_of
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.layer_views import keep_view, kept_view
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.rootfs import (
    Directory,
    File,
    Hardlink,
    LayerView,
    Other,
    Symlink,
)

VIEW = LayerView(
    asked=frozenset(("", "etc", "etc/x")),
    nodes={
        "etc": Directory(),
        "etc/x": File(b"\0content\xff"),
        "l": Symlink("\udcff/a"),
        "h": Hardlink("a"),
        "o": Other(),
    },
    whiteouts=frozenset(("a",)),
    opaque=frozenset(("", "b")),
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
        {"diff_id": "d", "asked": 3},
        {"diff_id": "d", "asked": [], "nodes": {"a": []}, "whiteouts": [], "opaque": []},
        {"diff_id": "d", "asked": [], "nodes": {"a": ["symlink", 3]}, "whiteouts": [], "opaque": []},
    ],
)
def test_a_record_of_another_form_is_missing(tmp_path: Path, value: object) -> None:
    cache = Cache(tmp_path)
    cache.keep_record("layer", "sha256:a", value)
    assert kept_view(cache, "sha256:a", "d") is None


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
