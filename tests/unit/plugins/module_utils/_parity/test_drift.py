# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the packages and libraries of two images say: tables of small facts, and what each is graded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.facts import ImageFacts
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.libraries import Library, LibraryFacts
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.os_facts import OsFacts, OsRelease
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import Platform, RegistryReference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.symbol_versions import worded
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.judge import judge_system
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.library_drift import library_differences
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.package_drift import (
    by_name,
    package_differences,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.parity import Difference, Parity, Verdict
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.packages import Evr, Package
from hypothesis import given
from hypothesis import strategies as st

RISKY, COMPATIBLE = Verdict.RISKY_DRIFT, Verdict.COMPATIBLE_DRIFT


def package(name: str, version: str, *libraries: str, release: str = "1", arch: str = "x86_64") -> Package:
    return Package(name, Evr(0, version, release), arch, frozenset(f"{library}(64bit)" for library in libraries))


def graded(build: list[Package], runtime: list[Package]) -> list[Difference]:
    return list(package_differences(by_name(build), by_name(runtime)))


STDCXX = [f"libstdc++.so.6({version})" for version in ("", "CXXABI_1.3", "GLIBCXX_3.4.28", "GLIBCXX_3.4.29")]
NEWER_STDCXX = [*STDCXX, *(f"libstdc++.so.6(GLIBCXX_3.4.{n})" for n in (30, 31, 32, 33))]
PACKAGE_CASES = {
    "nothing can be linked to it": (package("sed", "4.9"), package("sed", "4.8"), COMPATIBLE, "it has no library"),
    "symbol versions that the runtime lacks": (
        package("libstdc++", "14", *NEWER_STDCXX),
        package("libstdc++", "11", *STDCXX),
        RISKY,
        "the runtime lacks libstdc++.so.6 (GLIBCXX_3.4.30 … 3.4.33).",
    ),
    "a soname that the runtime lacks": (
        package("libffi", "3.4", "libffi.so.8()", "libffi.so.8(LIBFFI_BASE_8.0)"),
        package("libffi", "3.1", "libffi.so.6()"),
        RISKY,
        "the runtime lacks libffi.so.8.",
    ),
    "an older soname that the runtime lacks": (
        package("libffi", "3.1", "libffi.so.6()"),
        package("libffi", "3.4", "libffi.so.8()"),
        RISKY,
        "Older where it was built, and the runtime lacks libffi.so.6.",
    ),
    "the first few of many": (
        package("boost", "2", *(f"libboost{n}.so.2()" for n in range(5))),
        package("boost", "1"),
        RISKY,
        "libboost0.so.2, libboost1.so.2, libboost2.so.2 and 2 more.",
    ),
    "a rebuild": (
        package("zlib", "1.2.11", "libz.so.1()", release="34"),
        package("zlib", "1.2.11", "libz.so.1()", release="33"),
        COMPATIBLE,
        "A newer build of the same version",
    ),
    "a newer version with the same libraries": (
        package("glib2", "2.82", "libglib-2.0.so.0()"),
        package("glib2", "2.74", "libglib-2.0.so.0()"),
        RISKY,
        "functions without a symbol version",
    ),
    "older": (
        package("glib2", "2.70", "libglib-2.0.so.0()"),
        package("glib2", "2.74", "libglib-2.0.so.0()"),
        COMPATIBLE,
        "Older where it was built",
    ),
    "no native code": (
        package("tzdata", "2025a", arch="noarch"),
        package("tzdata", "2024a", arch="noarch"),
        COMPATIBLE,
        "without native code",
    ),
    "headers": (
        package("glibc-headers", "2.40"),
        package("glibc-headers", "2.34"),
        COMPATIBLE,
        "only needed to build",
    ),
    "development, even with a library": (
        package("libfoo-devel", "2", "libfoo.so.2()"),
        package("libfoo-devel", "1", "libfoo.so.1()"),
        COMPATIBLE,
        "only needed to build",
    ),
}


@pytest.mark.parametrize(("build", "runtime", "severity", "words"), PACKAGE_CASES.values(), ids=PACKAGE_CASES)
def test_a_package_that_differs(build: Package, runtime: Package, severity: Verdict, words: str) -> None:
    (difference,) = graded([build], [runtime])
    assert (difference.kind, difference.name, difference.severity) == ("package", build.name, severity)
    assert words in difference.why
    assert difference.why.endswith(".")


def test_what_another_package_of_the_runtime_provides_is_not_lacking() -> None:
    moved = [package("libs", "1", "liba.so.1()"), package("extra", "1", "libb.so.1()")]
    differences = graded([package("libs", "1", "liba.so.1()", "libb.so.1()", release="2")], moved)
    assert {d.name: d.severity for d in differences} == {"libs": COMPATIBLE, "extra": COMPATIBLE}


def test_a_package_in_the_place_of_one_with_more_symbol_versions_is_risky() -> None:
    build = [package("openssl3", "3.0", "libssl.so.3()", "libssl.so.3(OPENSSL_3.2.0)")]
    (difference,) = graded(build, [package("openssl-snapsafe", "3.0", "libssl.so.3()")])
    assert difference.severity is RISKY
    assert "the runtime lacks libssl.so.3 (OPENSSL_3.2.0)" in difference.why
    assert difference.build == "openssl3 3.0-1"


def library(name: str, *versions: str, path: str = "", owner: str = "") -> Library:
    return Library(name, path or f"usr/lib64/{name}", frozenset(versions), owner)


def facts(*libraries: Library, container_only: tuple[str, ...] = (), unread: tuple[str, ...] = ()) -> LibraryFacts:
    return LibraryFacts(libraries, ("/var/lang/lib", "/lib64"), container_only, unread)


OLD_CXX = library("libstdc++.so.6", "GLIBCXX_3.4.28", "GLIBCXX_3.4.29", owner="libstdc++")
NEW_CXX = library("libstdc++.so.6", *(f"GLIBCXX_3.4.{n}" for n in range(28, 34)), "CXXABI_1.3.14", owner="libstdc++")
SHADOWING = library("libstdc++.so.6", "GLIBCXX_3.4.28", "GLIBCXX_3.4.29", path="var/lang/lib/libstdc++.so.6")
LIBRARY_CASES = {
    "the same": (OLD_CXX, OLD_CXX, None, ""),
    "more symbol versions": (NEW_CXX, OLD_CXX, RISKY, "lacks CXXABI_1.3.14, GLIBCXX_3.4.30 … 3.4.33, so code"),
    "more symbol versions than the library that shadows it": (
        NEW_CXX,
        SHADOWING,
        RISKY,
        "it is /var/lang/lib/libstdc++.so.6, found before all others.",
    ),
    "fewer symbol versions": (OLD_CXX, NEW_CXX, COMPATIBLE, "and more"),
    "names that are no numbers": (
        library("libc.so.6", "GLIBC_2.34", "GLIBC_ABI_DT_RELR"),
        library("libc.so.6", "GLIBC_2.34", "GLIBC_2.40"),
        RISKY,
        "lacks GLIBC_ABI_DT_RELR, so",
    ),
    "another folder": (OLD_CXX, SHADOWING, COMPATIBLE, "in another folder"),
    "another file of a package, which tells of itself": (
        library("libglib-2.0.so.0", path="usr/lib64/libglib-2.0.so.0.82", owner="glib2"),
        library("libglib-2.0.so.0", path="usr/lib64/libglib-2.0.so.0.74", owner="glib2"),
        None,
        "",
    ),
    "another file of no package": (
        library("libnode.so.115", path="var/lang/lib/libnode.so.115.1"),
        library("libnode.so.115", path="var/lang/lib/libnode.so.115.2"),
        COMPATIBLE,
        "which no package owns",
    ),
    "only in the build image, of a development package": (library("libgc.so.1", owner="gc"), OLD_CXX, None, ""),
    "only in the build image, of no package": (library("libx.so.1"), OLD_CXX, COMPATIBLE, "must bring it along"),
    "only in the build image, of a package that both have": (
        library("libstdc++.so.7", owner="libstdc++"),
        OLD_CXX,
        RISKY,
        "The runtime's libstdc++ lacks it",
    ),
}


@pytest.mark.parametrize(("build", "runtime", "severity", "words"), LIBRARY_CASES.values(), ids=LIBRARY_CASES)
def test_a_library_that_differs(build: Library, runtime: Library, severity: Verdict | None, words: str) -> None:
    found = list(library_differences(facts(build), facts(runtime), {"gc"}))
    assert [difference.severity for difference in found] == ([severity] if severity else [])
    if severity:
        assert (found[0].kind, found[0].name) == ("library", build.name)
        assert words in found[0].why
        assert found[0].why.endswith(".")
        assert found[0].package == (build.package or runtime.package if build.name == runtime.name else build.package)


def test_the_newest_versions_of_both_are_shown() -> None:
    (difference,) = library_differences(facts(library("l.so.1", "L_1.10", "L_1.9")), facts(library("l.so.1", "L_1.9")))
    assert (difference.build, difference.runtime) == ("L_1.10", "L_1.9")
    (difference,) = library_differences(facts(library("l.so.1", "M_1")), facts(library("l.so.1", "L_1")))
    assert (difference.build, difference.runtime) == ("M_1", "")


def test_libraries_that_only_the_runtime_has_are_no_difference() -> None:
    assert list(library_differences(facts(), facts(OLD_CXX))) == []


@given(
    st.sets(st.sampled_from([f"V_1.{n}" for n in range(5)])), st.sets(st.sampled_from([f"V_1.{n}" for n in range(5)]))
)
def test_a_library_is_risky_exactly_when_a_version_is_lacking(build: set[str], runtime: set[str]) -> None:
    found = list(library_differences(facts(library("l.so.1", *build)), facts(library("l.so.1", *runtime))))
    assert any(d.severity is RISKY for d in found) is bool(build - runtime)
    assert bool(found) is (build != runtime)


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        (["A_1"], "A_1"),
        (["A_1.10", "A_1.9"], "A_1.9 … 1.10"),
        (["B_2", "A_1", "PLAIN"], "A_1, B_2, PLAIN"),
        ([f"{letter}_1" for letter in "ABCDEF"], "A_1, B_1, C_1, D_1 and 2 more"),
    ],
)
def test_symbol_versions_as_words(versions: list[str], words: str) -> None:
    assert worded(versions) == words


NEW, OLD = "2023.6.20250107", "2023.6.20241031"
BASE = ImageFacts(
    reference=RegistryReference("public.ecr.aws", "lambda/nodejs", "20"),
    index_digest="",
    digest="sha256:" + "1" * 64,
    config_digest="sha256:" + "2" * 64,
    platform=Platform("linux", "amd64"),
    diff_ids=("a",),
    history=(),
    library_path="/var/lang/lib:/lib64",
)
ALL = ("packages", "libraries")


def image(
    release: str, packages: list[Package] | None, libraries: LibraryFacts | None, unread: tuple[str, ...] = ()
) -> ImageFacts:
    system = OsFacts(
        OsRelease("amzn", "2023", f"Amazon Linux {release}"),
        release,
        "",
        None if packages is None else tuple(packages),
        unread,
    )
    return replace(BASE, diff_ids=(release,), os=system, libraries=libraries)


def judged(build: ImageFacts, runtime: ImageFacts, checks: tuple[str, ...] = ALL) -> Parity:
    return judge_system(build, runtime, checks)


ZLIB = package("zlib", "1.2", "libz.so.1()")
REBUILT = replace(ZLIB, evr=Evr(0, "1.2", "2"))


def test_a_newer_release_is_harmless_when_all_was_read_and_nothing_in_it_is_risky() -> None:
    parity = judged(image(NEW, [REBUILT], facts(OLD_CXX)), image(OLD, [ZLIB], facts(OLD_CXX)))
    assert parity.verdict is COMPATIBLE
    release = next(d for d in parity.differences if d.kind == "release")
    assert "nothing that code can link to differs" in release.why


@pytest.mark.parametrize(
    ("build", "runtime", "checks", "verdict"),
    [
        (image(NEW, [ZLIB], facts(NEW_CXX)), image(OLD, [ZLIB], facts(OLD_CXX)), ALL, RISKY),
        (image(NEW, [package("zlib", "2", "libz.so.1()")], facts()), image(OLD, [ZLIB], facts()), ALL, RISKY),
        (image(NEW, [ZLIB], facts()), image(OLD, [ZLIB], facts()), ("packages",), RISKY),
        (image(NEW, [ZLIB], facts()), image(OLD, [ZLIB], facts()), ("libraries",), RISKY),
        (image(NEW, [ZLIB], None), image(OLD, [ZLIB], None), ALL, RISKY),
        (image(NEW, [ZLIB], facts(unread=("Odd.",))), image(OLD, [ZLIB], facts()), ALL, Verdict.UNKNOWN),
        (image(NEW, None, facts(), ("No packages.",)), image(OLD, [ZLIB], facts()), ALL, Verdict.UNKNOWN),
    ],
    ids=[
        "a risky library",
        "a risky package",
        "libraries not checked",
        "packages not checked",
        "libraries not read",
        "libraries not read in full",
        "packages not read",
    ],
)
def test_a_newer_release_stays_risky(
    build: ImageFacts, runtime: ImageFacts, checks: tuple[str, ...], verdict: Verdict
) -> None:
    parity = judged(build, runtime, checks)
    assert parity.verdict is verdict
    assert next(d.severity for d in parity.differences if d.kind == "release") is RISKY


def test_without_the_check_of_packages_none_is_judged() -> None:
    newer = [package("zlib", "2", "libz.so.1()")]
    parity = judged(image(OLD, newer, facts(OLD_CXX)), image(OLD, [ZLIB], facts(OLD_CXX)), ("libraries",))
    assert parity.differences == ()
    assert parity.verdict is Verdict.SAME_BASE


def test_libraries_that_were_not_read_in_full_are_unknown() -> None:
    for build, runtime in ((facts(unread=("Odd.",)), facts()), (facts(), facts(unread=("Odd.",)))):
        parity = judged(image(OLD, [ZLIB], build), image(OLD, [ZLIB], runtime))
        assert parity.verdict is Verdict.UNKNOWN
        assert parity.notes[0] == "Odd."


def test_libraries_of_the_package_manager_are_a_note_and_no_drift() -> None:
    names = tuple(f"lib{n}.so.1" for n in range(7))
    parity = judged(image(OLD, [ZLIB], facts()), image(OLD, [ZLIB], facts(container_only=names)))
    assert parity.verdict is Verdict.SAME_BASE
    (note,) = (note for note in parity.notes if "package manager" in note)
    assert note.startswith("7 libraries are in the runtime image only because")
    assert "lib4.so.1 and 2 more" in note


def test_libraries_come_before_packages_of_the_same_severity() -> None:
    build = image(OLD, [package("libstdc++", "14", *NEWER_STDCXX)], facts(NEW_CXX))
    parity = judged(build, image(OLD, [package("libstdc++", "11", *STDCXX)], facts(OLD_CXX)))
    assert [(d.kind, d.package) for d in parity.differences] == [("library", "libstdc++"), ("package", "")]
    assert "GLIBCXX_3.4.30 … 3.4.33" in parity.differences[1].why
