# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The runtime image as a target: what is read of it, when, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._artifact.artifact import check_artifact
from ansible_collections.lambdaops.deploy.plugins.module_utils._artifact.runtime import (
    RuntimeImage,
    needs_image,
    read_target,
    unread_target,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import Cache
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import UnknownPlatform
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import PLATFORMS, parse_reference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.transports import Sources
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import (
    FUNCTION_ROOT,
    Contents,
    Format,
    Member,
    Native,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Verdict
from faulty_registry import Registry, serve
from lambdaops_testbed.images import elf, oci
from lambdaops_testbed.images.elf_file import Machine

LIBRARY_PATH = "LD_LIBRARY_PATH=/var/lang/lib:/lib64:/usr/lib64:/var/task/lib:relative"


def library(name: str, *defines: str) -> oci.Entry:
    soname = name.rpartition("/")[2]
    return oci.file(name, elf.write(elf.SharedObject(Machine.X86_64, soname, defines=defines)))


@pytest.fixture
def layout() -> oci.Layout:
    """A system without an rpm database, as Debian is one."""
    system = [
        oci.symlink("lib64", "usr/lib64"),
        oci.file("etc/os-release", b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n'),
        library("usr/lib64/libc.so.6", "GLIBC_2.2.5", "GLIBC_2.34"),
        library("var/lang/lib/libstdc++.so.6", "GLIBCXX_3.4"),
        library("usr/lib64/libstdc++.so.6", "GLIBCXX_3.4", "GLIBCXX_3.4.30"),
    ]
    layout = oci.Layout()
    layout.add("3.12", oci.image([oci.layer(system)], settings={"Env": [LIBRARY_PATH]}))
    return layout


@contextmanager
def opened(
    reference: str, cache: Path, mirrors: dict[str, str] | None = None, architecture: str = "x86_64"
) -> Iterator[RuntimeImage]:
    transfer = Transfer()
    sources = Sources(transfer, mirrors=mirrors or {}, timeout=5)
    try:
        yield RuntimeImage(
            parse_reference(reference),
            PLATFORMS[architecture],
            sources=sources,
            cache=Cache(cache),
            transfer=transfer,
        )
    finally:
        sources.close()


def test_libraries_are_those_that_the_loader_finds_first(layout: oci.Layout, tmp_path: Path) -> None:
    layout.write(tmp_path / "image")
    with opened(f"oci:{tmp_path}/image:3.12", tmp_path / "cache") as image:
        target = read_target(image, "python3.12", "build:1")
    assert target.machine == "x86_64"
    assert target.runtime == "python3.12"
    assert target.library_path == ("/var/lang/lib", "/lib64", "/usr/lib64", "/var/task/lib")
    found = {one.name: one.versions for one in target.libraries.libraries}
    assert found["libc.so.6"] == {"GLIBC_2.2.5", "GLIBC_2.34"}
    assert found["libstdc++.so.6"] == {"GLIBCXX_3.4"}
    assert target.build_image == "build:1"  # no engine knows a layout by its path
    assert target.image.startswith(f"oci:{tmp_path}/image@sha256:")


def test_an_image_of_a_registry_is_named_by_its_digest_and_can_be_built_in(layout: oci.Layout, tmp_path: Path) -> None:
    with serve(Registry({"lambda/python": layout})) as registry:
        mirrors = {"public.ecr.aws": registry.url}
        with opened("public.ecr.aws/lambda/python:3.12", tmp_path / "cache", mirrors=mirrors) as image:
            target = read_target(image, "python3.12", "public.ecr.aws/sam/build-python3.12")
            asked = len(registry.requests)
            unnamed = read_target(image, "python3.12")
            assert len(registry.requests) == asked
            pinned = f"public.ecr.aws/lambda/python@{image.image.digest}"
    assert (target.image, target.build_image) == (pinned, "public.ecr.aws/sam/build-python3.12")
    assert unnamed.build_image == pinned


@pytest.mark.parametrize(
    ("own", "directories", "versions"),
    [
        ("/usr/lib64:/opt/lib", ("/usr/lib64", "/opt/lib"), {"GLIBCXX_3.4", "GLIBCXX_3.4.30"}),
        ("vendor;:/var/lang/lib/", ("/var/task/vendor", "/var/task", "/var/lang/lib"), {"GLIBCXX_3.4"}),
        ("$LD_LIBRARY_PATH:/var/lang/lib", ("/var/task/$LD_LIBRARY_PATH", "/var/lang/lib"), {"GLIBCXX_3.4"}),
        ("", (), {"GLIBCXX_3.4", "GLIBCXX_3.4.30"}),
    ],
)
def test_the_function_s_own_library_path_takes_the_place_of_the_image_s(
    layout: oci.Layout, tmp_path: Path, own: str, directories: tuple[str, ...], versions: set[str]
) -> None:
    layout.write(tmp_path / "image")
    with opened(f"oci:{tmp_path}/image:3.12", tmp_path / "cache") as image:
        target = read_target(image, "python3.12", environment={"LD_LIBRARY_PATH": own, "OTHER": "x"})
        plain = read_target(image, "python3.12", environment={"OTHER": "x"})
    assert target.library_path == directories
    assert {one.name: one.versions for one in target.libraries.libraries}["libstdc++.so.6"] == versions
    assert plain.library_path == image.library_path


def test_a_library_where_the_function_s_own_library_path_leads(layout: oci.Layout, tmp_path: Path) -> None:
    layout.write(tmp_path / "image")
    vendor = tmp_path / "package" / "vendor"
    vendor.mkdir(parents=True)
    own = elf.SharedObject(Machine.X86_64, "libbar.so.1")
    (vendor / "libbar.so.1").write_bytes(elf.write(own))
    addon = elf.SharedObject(Machine.X86_64, None, ("libbar.so.1",), exports=(elf.Export("napi_register_module_v1"),))
    (tmp_path / "package" / "a.node").write_bytes(elf.write(addon))
    with opened(f"oci:{tmp_path}/image:3.12", tmp_path / "cache") as image:
        found = [
            check_artifact(str(tmp_path / "package"), [], image, runtime="nodejs20.x", environment=environment)
            for environment in ({}, {"LD_LIBRARY_PATH": "/var/task/vendor"})
        ]
    assert [one.checked.verdict for one in found] == [Verdict.UNKNOWN, Verdict.LOADS]


def test_an_image_that_is_not_needed_is_not_asked_for(tmp_path: Path) -> None:
    with opened("registry.invalid/lambda/python:3.12", tmp_path / "cache") as image:
        target = unread_target(image, "python3.12", "build:1")
    assert (target.image, target.build_image) == ("registry.invalid/lambda/python:3.12", "build:1")
    assert target.libraries.libraries == ()


def test_another_architecture_is_an_error(layout: oci.Layout, tmp_path: Path) -> None:
    layout.write(tmp_path / "image")
    with opened(f"oci:{tmp_path}/image:3.12", tmp_path / "cache", architecture="arm64") as image:
        assert image.machine == "aarch64"
        with pytest.raises(UnknownPlatform):
            read_target(image, "")


def contents(*natives: Native, members: tuple[str, ...] = ()) -> Contents:
    names = (*members, *(native.name for native in natives))
    return Contents("p.zip", FUNCTION_ROOT, {name: Member(1, 0o644) for name in names}, natives, {}, {})


@pytest.mark.parametrize(
    ("package", "needed"),
    [
        (contents(members=("app.py",)), False),
        (contents(Native("a.dll", "/var/task/a.dll", 1, Format.PE, managed=True)), False),
        (contents(Native("setuptools/cli.exe", "/var/task/setuptools/cli.exe", 1, Format.PE)), False),
        (contents(Native("a.pyd", "/var/task/a.pyd", 1, Format.PE)), True),
        (contents(Native("a.so", "/var/task/a.so", 1, Format.MACH_O)), True),
        (contents(Native("a.so", "/var/task/a.so", 1, Format.ELF)), True),
        (contents(Native("a.so", "/var/task/a.so", 1, Format.OTHER, unread="is empty")), True),
        (contents(members=("bootstrap",)), True),
        (contents(members=("bin/bootstrap",)), False),
    ],
)
def test_an_image_is_needed_by_native_code_and_by_programs(package: Contents, needed: bool) -> None:
    assert needs_image([package]) is needed
    assert needs_image([contents(), package]) is needed
