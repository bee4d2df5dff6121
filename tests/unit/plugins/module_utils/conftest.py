# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of images share: a registry that can misbehave, small images, and nothing of this machine's logins."""

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
