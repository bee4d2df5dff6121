# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What some packages need, and what only the package manager needs: tables, properties, the testbed's images, rpm."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.closures import BASE, container_only, required_by
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.headers import parse_header
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.packages import Evr, Package
from hypothesis import given
from hypothesis import strategies as st
from lambdaops_testbed.debian import require
from lambdaops_testbed.images.release import Release, packages_of
from lambdaops_testbed.images.rpmdb import database, header


def package(name: str, requires: str = "", provides: str = "", files: str = "") -> Package:
    """Words, but for requirements: those are divided by commas."""
    wanted = frozenset(text.strip() for text in requires.split(",") if text)
    return Package(
        name,
        Evr(0, "1", "1"),
        "x86_64",
        provides=frozenset({name, *provides.split()}),
        requires=wanted,
        files=frozenset(files.split()),
    )


@pytest.mark.parametrize(
    ("requires", "needed"),
    [
        ("", ""),
        ("b", "b c"),
        ("libc.so.6(GLIBC_2.34)(64bit)", "glibc"),
        ("libc.so.6(GLIBC_2.99)(64bit)", ""),
        ("/bin/sh", "bash glibc"),
        ("/usr/lib64/libz.so.1", "z"),
        ("/usr/bin/perl, rpmlib(CompressedFileNames)", ""),
        ("(b or z)", "b c z"),
        ("(b >= 1 or (nothing if z))", "b c z"),
        ("((perl(Carp) and perl(Data::Dumper) >= 2) unless glibc)", "perl glibc"),
        ("(libc.so.6(GLIBC_2.34)(64bit) with bash = 5)", "glibc bash"),
        ("(b)c", ""),
        ("((b)", "b c"),
        ("a", ""),
        ("d", "d e"),
    ],
)
def test_what_a_package_needs(requires: str, needed: str) -> None:
    packages = [
        package("a", requires),
        package("b", "c"),
        package("c"),
        package("d", "e"),
        package("e", "d"),
        package("glibc", provides="libc.so.6(GLIBC_2.34)(64bit)"),
        package("bash", "libc.so.6(GLIBC_2.34)(64bit)", provides="/bin/sh"),
        package("z", files="usr/lib64/libz.so.1"),
        package("perl", provides="perl(Carp) perl(Data::Dumper)"),
    ]
    assert required_by(packages, {"a"}) == {"a", *needed.split()}


def test_much_that_is_provided_and_needed_by_all_costs_little() -> None:
    many = [package(f"p{number}", "x", "x") for number in range(10_000)]
    long = package("long", "(a" + ")" * 200_000)
    started = time.process_time()
    assert len(required_by([*many, long], {"p0"})) == 10_000
    assert container_only([*many, long]) == set()
    assert time.process_time() - started < 3


def test_roots_that_are_not_installed_are_passed_over() -> None:
    assert required_by([package("a")], {"a", "ghost"}) == {"a"}
    assert required_by([package("a")], ()) == frozenset()


def test_all_that_provide_a_capability_are_needed() -> None:
    packages = [package("a", "web"), package("b", provides="web"), package("c", provides="web")]
    assert required_by(packages, ["a"]) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("packages", "only"),
    [
        ([package("glibc"), package("glib2", "glibc")], ""),
        ([package("microdnf", "glib2"), package("glib2", "glibc"), package("glibc")], "microdnf glib2"),
        # somebody else needs it as well
        ([package("dnf", "glib2"), package("glib2"), package("python3-gobject", "glib2")], "dnf"),
        # a plugin of the manager is no somebody else
        ([package("yum", "glib2"), package("glib2"), package("yum-plugin-ovl", "yum")], "yum glib2 yum-plugin-ovl"),
        ([package("rpm", "rpm-libs"), package("rpm-libs", "rpm, popt"), package("popt")], "rpm rpm-libs popt"),
        # the base needs it
        ([package("rpm", "zlib, zstd"), package("zlib"), package("zstd"), package("libcurl", "zstd")], "rpm"),
        ([package("gnupg2-minimal", "libgcrypt"), package("libgcrypt")], "gnupg2-minimal libgcrypt"),
    ],
)
def test_what_is_there_only_for_the_package_manager(packages: list[Package], only: str) -> None:
    assert container_only(packages) == frozenset(only.split())


names = st.sampled_from(["dnf", "rpm", "yum", "glibc", "bash", "zlib", *"abcdefgh"])


@given(st.dictionaries(names, st.frozensets(names, max_size=4)))
def test_what_is_kept_needs_nothing_that_is_not(needs: dict[str, frozenset[str]]) -> None:
    packages = [package(name, ",".join(sorted(wanted))) for name, wanted in needs.items()]
    only = container_only(packages)
    kept = needs.keys() - only
    assert required_by(packages, kept) == kept
    assert not only & BASE
    assert only or not needs.keys() & {"dnf", "rpm", "yum"} or required_by(packages, BASE) & {"dnf", "rpm", "yum"}


def installed(release: str) -> list[Package]:
    """As rpm would keep them."""
    return [parse_header(header(one, 1730332800), one.name) for one in packages_of(Release(release, "x86_64"))]


def test_the_runtime_images_libraries_that_the_managed_runtime_lacks() -> None:
    only = container_only(installed("2023.6.20241031"))
    assert {"glib2", "gpgme", "file-libs", "microdnf", "rpm-libs", "libdnf", "libmodulemd"} <= only
    assert not only & {"glibc", "libstdc++", "openssl-libs", "libcurl-minimal", "expat", "libffi", "pcre2"}


def test_amazon_linux_2() -> None:
    only = container_only(installed("2.0.20241014.0"))
    assert {"yum", "rpm-libs", "glib2", "gpgme", "file-libs"} <= only
    assert not only & {"glibc", "libstdc++", "openssl-libs", "libcurl", "expat"}


def test_rpm_agrees_on_what_glib2_is_needed_by(tmp_path: Path) -> None:
    release = packages_of(Release("2023.6.20241031", "x86_64"))
    (tmp_path / "rpmdb.sqlite").write_bytes(database(release, 1730332800))
    ours = installed("2023.6.20241031")
    capabilities = next(one.provides for one in ours if one.name == "glib2")
    command = [require("rpm", "rpm"), "--dbpath", tmp_path, "-q", "--qf", "%{NAME}\\n", "--whatrequires", *capabilities]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split("\n")
    direct = {name for name in said if name and " " not in name}
    assert direct
    assert direct == {one.name for one in ours if one.requires & capabilities}
    assert all("glib2" in required_by(ours, {name}) for name in direct)
