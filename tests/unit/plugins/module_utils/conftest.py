# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of several rooms share: a registry that can misbehave, small images, a function's files, and nothing of
this machine's logins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty_registry import Registry, serve
from lambdaops_testbed.images.oci import Image, Layout, file, image, layer


@pytest.fixture(autouse=True)
def no_logins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither stored logins nor proxies nor caches of this machine take part."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def small_image() -> Image:
    return image([layer([file("etc/os-release", b"ID=amzn\n")])], settings={"Env": ["A=b"]})


@pytest.fixture
def registry(small_image: Image) -> Iterator[Registry]:
    """Serves `app` with one small image under the tag 1."""
    layout = Layout()
    layout.add("1", small_image)
    with serve(Registry({"app": layout})) as running:
        yield running


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with a program, a module in a folder, a symbolic link, an odd name and an empty folder."""
    root = tmp_path / "orders"
    (root / "lib").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "bootstrap").write_bytes(b"#!/bin/sh\nexec ./lib/run\n")
    (root / "bootstrap").chmod(0o755)
    (root / "lib" / "handler.py").write_bytes(b"def handler(event, context):\n    return 'ok'\n")
    (root / "lib" / "größe ☃.txt").write_bytes(b"")
    (root / "link").symlink_to("lib/handler.py")
    return root
