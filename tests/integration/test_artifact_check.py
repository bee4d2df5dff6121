# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The release play refuses a package that does not load, before it touches the function, and builds packages itself."""

from __future__ import annotations

import io
import json
import os
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from bed import Bed, Function
from lambdaops_testbed.images import elf, pairs
from lambdaops_testbed.images.elf_file import Machine

CODE = "def handler(event, context): return {number}\n"
EXTENSION = "orders/_fast.cpython-312-x86_64-linux-gnu.so"


def extension(library: str, *versions: str) -> bytes:
    imports = tuple(elf.Import(library, version) for version in versions)
    exports = (elf.Export("PyInit__fast"),)
    return elf.write(elf.SharedObject(Machine.X86_64, needed=(library,), exports=exports, imports=imports))


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return raw.getvalue()


NEW_CODE = {"app.py": CODE.format(number=2)}
GOOD = NEW_CODE | {EXTENSION: extension("libc.so.6", "GLIBC_2.34")}
TOO_NEW = NEW_CODE | {EXTENSION: extension("libc.so.6", "GLIBC_2.38")}
MISSING = NEW_CODE | {EXTENSION: extension("liborders.so.3")}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for repository in ("lambda/python", "sam/build-python3.12"):
        pairs.repositories()[repository].write(folder / repository)
    return folder


@pytest.fixture
def function(make: Any) -> Function:
    made: Function = make(CODE.format(number=1))
    return made


@pytest.fixture
def wish(function: Function, images: Path, tmp_path: Path) -> dict[str, Any]:
    """What every release here is told: a matching pair of images, and caches of its own."""
    return {
        "function_name": function.name,
        "zip_file": "orders.zip",
        "build_image": "public.ecr.aws/sam/build-python3.12:1.127.0",
        "registry_mirrors": {"public.ecr.aws": f"oci:{images}"},
        "parity_cache_dir": str(tmp_path / "cache"),
        "parity_checks": ["base", "packages", "libraries"],
    }


def release(folder: Path, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    (folder / "vars.json").write_text(json.dumps({f"release_{name}": value for name, value in variables.items()}))
    command = ["ansible-playbook", "lambdaops.deploy.release", "-e", "@vars.json", *arguments]
    (folder / "temporary").mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(folder / "temporary")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("package", "names"),
    [
        (TOO_NEW, (EXTENSION, "GLIBC_2.38", "libc.so.6", "GLIBC_2.34")),
        (MISSING, (EXTENSION, "liborders.so.3")),
    ],
    ids=["version", "library"],
)
def test_a_package_that_does_not_load_is_refused_before_the_function_is_touched(
    bed: Bed,
    function: Function,
    pointed: None,
    wish: dict[str, Any],
    tmp_path: Path,
    package: Mapping[str, bytes | str],
    names: tuple[str, ...],
) -> None:
    (tmp_path / "orders.zip").write_bytes(zipped(package))
    bed.forget_calls()
    refused = release(tmp_path, **wish, environment_variables={"NUMBER": "2"}, alias="live")
    assert refused.returncode == 2, refused.stdout
    sentence = next(line for line in refused.stdout.splitlines() if "does not load on public.ecr.aws" in line)
    for name in names:
        assert name in sentence
    assert bed.calls() == {"lambda": {"GetFunction": 1}}
    assert json.loads(function.invoke()["Payload"]) == 1


def test_a_layer_may_bring_what_is_missing(
    bed: Bed, function: Function, pointed: None, wish: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "orders.zip").write_bytes(zipped(MISSING))
    library = elf.write(elf.SharedObject(Machine.X86_64, "liborders.so.3"))
    (tmp_path / "layer.zip").write_bytes(zipped({"lib/liborders.so.3": library}))
    done = release(tmp_path, **wish | {"artifact_layers": ["layer.zip"], "check_parity": False})
    assert done.returncode == 0, done.stdout
    assert json.loads(function.invoke()["Payload"]) == 2


def test_layers_that_nobody_has_here_are_named_in_the_refusal(
    bed: Bed, function: Function, pointed: None, wish: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "orders.zip").write_bytes(zipped({"other.py": "", EXTENSION: MISSING[EXTENSION]}))
    layers = [{"layer_version_arn": "arn:aws:lambda:eu-west-1:123456789012:layer:orders:1"}]
    refused = release(tmp_path, **wish | {"layers": layers, "check_parity": False})
    assert refused.returncode == 2
    assert "The function has layers: name local copies of them in release_artifact_layers." in refused.stdout
    assert "app.py" not in refused.stdout  # the handler may be in a layer


def test_a_package_is_built_checked_and_released(
    bed: Bed, function: Function, pointed: None, wish: dict[str, Any], tmp_path: Path
) -> None:
    for name, content in (GOOD | {"notes.md": "x", "shared/util.py": ""}).items():
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    built = wish | {"src": "src", "package_exclude": ["*.md"], "check_parity": False}
    before = function.read()["CodeSha256"]
    rehearsed = release(tmp_path, "--check", "--diff", **built)
    assert rehearsed.returncode == 0, rehearsed.stdout
    assert "code would be updated" in rehearsed.stdout
    assert not (tmp_path / "orders.zip").exists()
    assert list((tmp_path / "temporary").iterdir()) == []
    assert function.read()["CodeSha256"] == before
    done = release(tmp_path, **built)
    assert done.returncode == 0, done.stdout
    with zipfile.ZipFile(tmp_path / "orders.zip") as archive:
        assert archive.namelist() == ["app.py", EXTENSION, "shared/util.py"]
    assert json.loads(function.invoke()["Payload"]) == 2
    (tmp_path / "src" / EXTENSION).write_bytes(TOO_NEW[EXTENSION])  # type: ignore[arg-type]
    packaged = (tmp_path / "orders.zip").read_bytes()
    refused = release(tmp_path, "--check", **built)
    assert refused.returncode == 2
    assert "GLIBC_2.38" in refused.stdout
    assert (tmp_path / "orders.zip").read_bytes() == packaged
    assert list((tmp_path / "temporary").iterdir()) == []


def test_check_mode_packs_no_package_that_lies_in_its_own_source(
    bed: Bed, function: Function, pointed: None, wish: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "code" / "build").mkdir(parents=True)
    (tmp_path / "code" / "app.py").write_text(CODE.format(number=2))
    wish |= {"src": "code", "zip_file": "code/build/orders.zip", "check_parity": False}
    done = release(tmp_path, **wish)
    assert done.returncode == 0, done.stdout
    rehearsed = release(tmp_path, "--check", **wish)
    assert "changed=0" in rehearsed.stdout, rehearsed.stdout


def test_a_handler_is_not_imported_without_its_layers(
    bed: Bed, function: Function, pointed: None, wish: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "orders.zip").write_bytes(zipped(NEW_CODE))
    layers = [{"layer_version_arn": "arn:aws:lambda:eu-west-1:123456789012:layer:orders:1"}]
    refused = release(tmp_path, **wish | {"layers": layers, "check_parity": False, "artifact_run": True})
    assert refused.returncode == 2
    assert "name local copies of them in release_artifact_layers" in refused.stdout


def test_where_the_environment_leads_is_looked_for_libraries(
    bed: Bed, function: Function, pointed: None, wish: dict[str, Any], tmp_path: Path
) -> None:
    library = elf.write(elf.SharedObject(Machine.X86_64, "liborders.so.3"))
    (tmp_path / "orders.zip").write_bytes(zipped(MISSING | {"vendor/liborders.so.3": library}))
    found = {"LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/var/task/vendor", "NUMBER": "2"}
    done = release(tmp_path, **wish | {"environment_variables": found, "check_parity": False})
    assert done.returncode == 0, done.stdout


def test_a_package_is_built_from_several_sources(
    bed: Bed, function: Function, pointed: None, wish: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text(CODE.format(number=2))
    (tmp_path / "settings.json").write_text("{}")
    sources = [{"path": "code"}, {"path": "settings.json", "prefix": "config"}]
    done = release(tmp_path, **wish | {"sources": sources, "check_parity": False})
    assert done.returncode == 0, done.stdout
    with zipfile.ZipFile(tmp_path / "orders.zip") as archive:
        assert archive.namelist() == ["app.py", "config/settings.json"]


def test_building_takes_sources_and_a_place(
    bed: Bed, function: Function, pointed: None, wish: dict[str, Any], tmp_path: Path
) -> None:
    refused = release(tmp_path, **wish, build_package=True)
    assert refused.returncode == 2
    assert "Building a package takes release_zip_file" in refused.stdout
