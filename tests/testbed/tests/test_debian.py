# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Getting programs from Debian packages: the real apt, on a repository in a folder, so nothing is downloaded."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from lambdaops_testbed import debian
from lambdaops_testbed.debian import require
from lambdaops_testbed.errors import TestbedError

CONTROL = "Package: testbed-greeter\nVersion: 1.0\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: x\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one package, which is all that this machine's apt knows of; it has not read it yet."""
    root = tmp_path / "package"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(CONTROL)
    program = root / "usr" / "bin" / "greeter"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    folder = tmp_path / "repository"
    folder.mkdir()
    archive = folder / "greeter.deb"
    command = [require("dpkg-deb", "dpkg"), "--root-owner-group", "--build", root, archive]
    subprocess.run(command, check=True, capture_output=True)
    content = archive.read_bytes()
    (folder / "Packages").write_text(
        f"{CONTROL}Filename: ./greeter.deb\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
    )
    (tmp_path / "sources.list").write_text(f"deb [trusted=yes] file:{folder} ./\n")
    (tmp_path / "state").mkdir()
    settings = {
        "Dir::Etc::sourcelist": tmp_path / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::Lists": tmp_path / "state",
        "Dir::Cache": tmp_path / "apt",
    }
    (tmp_path / "apt.conf").write_text("".join(f'{name} "{value}";\n' for name, value in settings.items()))
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    require("apt-get", "apt")
    return folder


def test_a_program_is_unpacked_without_being_installed(repository: Path, tmp_path: Path) -> None:
    found = debian.unpack("greeter", "testbed-greeter", tmp_path / "programs")
    assert found is not None
    assert found.is_relative_to(tmp_path / "programs")
    assert subprocess.run([found], capture_output=True, text=True, check=True).stdout == "hello\n"
    assert debian.find("greeter") is None
    (repository / "greeter.deb").unlink()
    assert debian.unpack("greeter", "testbed-greeter", tmp_path / "programs") == found


@pytest.mark.parametrize(("program", "package"), [("greeter", "no-such-package"), ("other", "testbed-greeter")])
def test_what_apt_does_not_have_is_none(repository: Path, program: str, package: str, tmp_path: Path) -> None:
    assert debian.unpack(program, package, tmp_path / "programs") is None


def test_without_apt_there_is_nothing_to_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "SYSTEM_FOLDERS", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert debian.unpack("greeter", "testbed-greeter", tmp_path) is None
    assert debian.install("greeter", "testbed-greeter") is None
    with pytest.raises(
        TestbedError, match="program greeter, which is not here: install it with `apt-get install testbed-greeter`"
    ):
        require("greeter", "testbed-greeter")


def test_system_programs_are_found_with_the_path_of_a_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "daemon").write_text("#!/bin/sh\n")
    (tmp_path / "daemon").chmod(0o755)
    monkeypatch.setattr(debian, "SYSTEM_FOLDERS", f"/nowhere{os.pathsep}{tmp_path}")
    assert debian.find("daemon") == tmp_path / "daemon"
