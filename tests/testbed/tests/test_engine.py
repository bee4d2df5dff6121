# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Docker engine as a part of the testbed, and what it makes of the testbed's images."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import requests
from bed import free_port
from lambdaops_testbed import debian, engine, registry
from lambdaops_testbed.engine import Engine, ForeignEngine
from lambdaops_testbed.errors import TestbedError
from lambdaops_testbed.images import oci
from lambdaops_testbed.images.__main__ import main
from lambdaops_testbed.images.catalog import NEWER
from lambdaops_testbed.images.push import push
from lambdaops_testbed.images.release import Release, files_of
from lambdaops_testbed.registry import Registry
from lambdaops_testbed.settings import Settings, read_settings


@pytest.fixture
def client(host: str) -> Iterator[docker.DockerClient]:
    with_engine = docker.DockerClient(base_url=host, timeout=60)
    yield with_engine
    with_engine.close()


@pytest.fixture
def open_registry(settings: Settings) -> Iterator[Registry]:
    part = registry.part(settings)
    part.start()
    yield part
    part.stop()


def test_it_starts_once_says_where_and_stops_with_all_that_it_started() -> None:
    if os.geteuid() != 0:
        # What this user can check of it: nothing of root's is tried.
        assert isinstance(engine.part(read_settings({})), ForeignEngine)
        return
    with tempfile.TemporaryDirectory(prefix="bed-") as folder:
        part = Engine(read_settings({"LAMBDAOPS_CACHE": folder}))
        assert (part.status().running, part.stop()) == (False, "engine: not running")
        try:
            assert part.start().startswith("engine: up after ")
            assert part.start().startswith("engine: already up")
            assert part.socket.is_relative_to(folder)
            assert "ready" in part.status().detail
            assert processes_below(folder)
        finally:
            assert part.stop().startswith("engine: stopped")
        assert processes_below(folder) == []
        assert folder not in Path("/proc/self/mounts").read_text()
        assert not engine.answers(part.socket)


def processes_below(folder: str) -> list[str]:
    """Command lines that name the folder: dockerd's and its containerd's."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        found += [" ".join(words)] if any(folder in word for word in words[1:]) else []
    return found


def test_a_folder_too_long_for_sockets_is_refused_before_anything_starts(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    with pytest.raises(TestbedError, match=r"names \d+ bytes longer than Linux allows: name a shorter cache folder"):
        Engine(read_settings({"LAMBDAOPS_CACHE": str(long)})).start()
    assert not long.exists()


def test_other_users_get_the_engine_that_runs(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    part = ForeignEngine()
    assert (part.docker_host, part.status().running) == (host, True)
    assert part.start() == f"engine: using the one that runs, {host}"
    assert part.stop() == "engine: not running"
    assert part.status().running


@pytest.mark.parametrize("address", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1"])
def test_other_users_without_an_engine_are_told_what_to_do(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(
        TestbedError, match=r"No Docker engine answers .*point DOCKER_HOST at its unix socket, or run this as root"
    ):
        ForeignEngine().start()
    assert not ForeignEngine().status().running


def test_the_engine_merges_the_upgraded_image_as_it_was_meant(
    client: docker.DockerClient, open_registry: Registry, tmp_path: Path
) -> None:
    """Whiteouts, opaque directories, replaced links: what a real engine shows is the newer release, and no more."""
    assert main(["--out", str(tmp_path / "images"), "--quiet"]) == 0
    name = "sam/build-nodejs20.x"
    push(tmp_path / "images" / name, "upgraded", open_registry.url, name)
    reference = f"127.0.0.1:{open_registry.port}/{name}"
    client.images.pull(reference, "upgraded", platform="linux/amd64")
    container = client.containers.create(f"{reference}:upgraded", ["true"])
    try:
        with tarfile.open(fileobj=io.BytesIO(b"".join(container.export()))) as archive:
            seen = {m.name: m for m in archive.getmembers()}
            wanted = files_of(Release(NEWER, "x86_64", development=True))
            for path, entry in wanted.items():
                assert (seen[path].type, seen[path].linkname) == (entry.kind, entry.linkname), path
                if entry.kind == tarfile.REGTYPE:
                    content = archive.extractfile(seen[path])
                    assert content is not None
                    assert content.read() == entry.content, path
        extra = {path for path, member in seen.items() if not member.isdir()} - wanted.keys()
        assert not [path for path in extra if path.startswith(("usr/lib", "usr/share", "var/cache", "var/lib"))]
    finally:
        container.remove()
        client.images.remove(f"{reference}:upgraded")


def test_the_registry_runs_on_an_engine_where_its_program_is_missing(
    client: docker.DockerClient, host: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine gets an image of the same name and entry point as the real one, made of the program found here."""
    name = registry.PROGRAM
    program = debian.find(name) or debian.unpack(name, name, settings.cache / "programs") or debian.require(name, name)
    objects = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout.split()
    files = [program, *(Path(word) for word in objects if word.startswith("/"))]
    entries = [oci.file(str(path).lstrip("/"), path.read_bytes(), mode=0o755) for path in files]
    source = tmp_path / "image.tar"
    source.write_bytes(oci.tar(oci.with_parents(entries)))
    client.api.import_image(str(source), "registry", "2", changes=[f'ENTRYPOINT ["{program}"]'])

    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").symlink_to(debian.require("docker", "docker.io"))
    monkeypatch.setattr(debian, "SYSTEM_FOLDERS", "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("DOCKER_HOST", host)
    part = Registry(settings, free_port(), "registry-image")
    try:
        part.start()
        assert [one.attrs["Config"]["Image"] for one in client.containers.list()] == ["registry:2"]
        assert requests.get(f"{part.url}/v2/", timeout=5).json() == {}
    finally:
        part.stop()
    assert client.containers.list() == []


def test_nothing_stays_mounted_after_a_stop(settings: Settings) -> None:
    """The container above had the host's network, for which dockerd mounts something and forgets it."""
    part = engine.part(settings)
    part.stop()
    assert str(settings.cache) not in Path("/proc/self/mounts").read_text()
