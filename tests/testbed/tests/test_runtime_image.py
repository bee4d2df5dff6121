# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runtime images that run: read back from their archives with the standard library, and run by the engine."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import docker
import pytest
from lambdaops_testbed.errors import TestbedError
from lambdaops_testbed.images import runtime_packages
from lambdaops_testbed.images.pairs import LIBRARY_PATH
from lambdaops_testbed.images.runtime_images import BOOKWORM, BULLSEYE, Debian, runtime_archive
from lambdaops_testbed.settings import read_settings

CACHE = read_settings(os.environ).cache
SYSTEMS = pytest.mark.parametrize("system", [BOOKWORM, BULLSEYE], ids=lambda system: system.release)


@cache
def saved(system: Debian) -> tuple[dict[str, object], dict[str, tarfile.TarInfo]]:
    """The config, and the members of all layers by name."""
    with tarfile.open(runtime_archive(CACHE, system)) as archive:

        def read(name: str) -> bytes:
            stored = archive.extractfile(name)
            assert stored is not None
            return stored.read()

        (manifest,) = json.loads(read("manifest.json"))
        assert manifest["RepoTags"] == [system.reference]
        members = {}
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=io.BytesIO(read(layer))) as content:
                members |= {member.name: member for member in content}
        return json.loads(read(manifest["Config"])), members


@pytest.fixture(scope="module")
def client(host: str) -> Iterator[docker.DockerClient]:
    found = docker.DockerClient(base_url=host, timeout=60)
    for system in (BOOKWORM, BULLSEYE):
        with runtime_archive(CACHE, system).open("rb") as file:
            found.images.load(file)
    yield found
    found.close()


def said(client: docker.DockerClient, system: Debian, *command: str) -> list[str]:
    output = client.containers.run(
        system.reference, entrypoint=list(command), remove=True, network_mode="none", user="993:990", read_only=True
    )
    return bytes(output).decode().splitlines()


@SYSTEMS
def test_its_config_is_that_of_lambdas_images(system: Debian) -> None:
    config, _members = saved(system)
    settings = config["config"]
    assert isinstance(settings, dict)
    environment = dict(item.split("=", 1) for item in settings["Env"])
    assert environment["LD_LIBRARY_PATH"] == LIBRARY_PATH
    assert environment["PATH"] == "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"
    assert (environment["LAMBDA_TASK_ROOT"], environment["LAMBDA_RUNTIME_DIR"]) == ("/var/task", "/var/runtime")
    assert (settings["WorkingDir"], config["architecture"]) == ("/var/task", runtime_packages.architecture())


@SYSTEMS
def test_its_files_stand_below_usr_and_lead_to_each_other(system: Debian) -> None:
    _config, members = saved(system)
    assert {name: members[name].linkname for name in ("bin", "lib", "lib64", "sbin")} == {
        "bin": "usr/bin",
        "lib": "usr/lib",
        "lib64": "usr/lib64",
        "sbin": "usr/sbin",
    }
    assert not [name for name in members if name.startswith(("bin/", "lib/", "lib64/", "sbin/", "usr/share/doc/"))]
    assert members["var/task"].isdir()
    assert sum(member.size for member in members.values()) < 160 << 20
    assert not [name for name, member in members.items() if member.islnk()]


@SYSTEMS
def test_its_programs_run_for_any_user_without_a_network(client: docker.DockerClient, system: Debian) -> None:
    version, glibc = {"bookworm": ("3.11", "2.36"), "bullseye": ("3.9", "2.31")}[system.release]
    seen = "import ctypes, ssl, sqlite3, sys, os; print(sys.version[:4].strip('.'), os.confstr('CS_GNU_LIBC_VERSION'))"
    assert said(client, system, f"python{version}", "-c", seen) == [f"{version} glibc {glibc}"]
    assert said(client, system, "python3", "-c", "import sys; print(sys.executable)") == ["/var/lang/bin/python3"]
    assert said(client, system, "sh", "-c", "ls /var/task; pwd; id -u") == ["/var/task", "993"]


def test_node_runs_where_debian_has_a_new_one(client: docker.DockerClient) -> None:
    assert said(client, BOOKWORM, "node", "-p", "process.versions.modules") == ["108"]
    assert "var/lang/bin/node" not in saved(BULLSEYE)[1]


@SYSTEMS
def test_the_loader_finds_all_that_its_programs_need(client: docker.DockerClient, system: Debian) -> None:
    programs = [target for _name, target in system.programs if target.startswith("/")]
    lines = said(client, system, "ldd", *programs)
    assert [line for line in lines if "libc.so.6 => " in line]
    assert not [line for line in lines if "not found" in line]


def test_it_trusts_the_usual_certificates(client: docker.DockerClient) -> None:
    count = (
        "import ssl; print(len(ssl.create_default_context(cafile='/etc/ssl/certs/ca-certificates.crt').get_ca_certs()))"
    )
    assert int(said(client, BOOKWORM, "python3", "-c", count)[0]) > 100


def test_a_built_one_is_left_alone() -> None:
    place = runtime_archive(CACHE)
    before = place.stat().st_mtime_ns
    assert runtime_archive(CACHE) == place
    assert place.stat().st_mtime_ns == before
    assert list(place.parent.glob("bookworm-*.tar")) == [place]


def test_a_release_that_debian_does_not_have_is_said(tmp_path: Path) -> None:
    with pytest.raises(TestbedError, match="`apt-get` can't get Debian's packages") as failed:
        runtime_archive(tmp_path, Debian("no-such-release", ("python3",), ()))
    assert "no-such-release" in failed.value.details
    assert [path.name for path in (tmp_path / "runtimes").iterdir()] == [".no-such-release.lock"]


def test_without_apt_it_is_said_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime_packages.debian, "search_path", lambda: str(tmp_path))
    with pytest.raises(TestbedError, match="needs apt-get, which is not here"):
        runtime_packages.packages("bookworm", ["python3"], tmp_path)


def test_the_command_builds_both(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lambdaops_testbed.images.runtime_images"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        f"{one.reference} {runtime_archive(CACHE, one)}" for one in (BOOKWORM, BULLSEYE)
    ]
