# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""What the loader finds in an image: search order, links, layers, owners and versions."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.decompression import Limits
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.layers import open_layer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.libraries import LibraryFacts, LibrarySearch
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.manifests import Descriptor
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import PLATFORMS
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.rootfs import Rootfs
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.views import view_layer
from ansible_collections.lambdaops.deploy.plugins.module_utils._rpm.packages import Evr, Package
from lambdaops_testbed.images import elf, oci
from lambdaops_testbed.images.elf_file import Machine

RUNTIME = ("/var/lang/lib", "/lib64", "/usr/lib64", "/var/runtime", "/var/runtime/lib", "/var/task", "/opt/lib")
USR = [oci.symlink("lib64", "usr/lib64"), oci.symlink("lib", "usr/lib")]


def library(name: str, *defines: str, soname: str | None = None, machine: Machine = Machine.X86_64) -> oci.Entry:
    base = name.rpartition("/")[2]
    return oci.file(name, elf.write(elf.SharedObject(machine, base if soname is None else soname, defines=defines)))


def facts(
    *layers: Sequence[oci.Entry],
    packages: Sequence[Package] = (),
    search: Sequence[str] = RUNTIME,
    architecture: str = "x86_64",
    rounds: int = 6,
) -> LibraryFacts:
    """layers: lowest first."""
    wanted = (looking := LibrarySearch(search, PLATFORMS[architecture])).wanted
    for _round in range(rounds):
        views = []
        for entries in reversed(layers):
            raw = oci.tar(entries)
            descriptor = Descriptor(oci.digest(raw), len(raw))
            with open_layer(io.BytesIO(raw), descriptor, descriptor.digest, "layer", Limits()) as found:
                views.append(view_layer(found, wanted, "layer", 64 << 20))
        more = looking.questions(Rootfs(views, whole=True))
        if more is None:
            break
        assert not more <= wanted
        wanted |= more
    return looking.facts(packages, "the image")


def versions(found: LibraryFacts) -> dict[str, tuple[str, set[str]]]:
    return {library.name: (library.path, set(library.versions)) for library in found.libraries}


def test_the_first_hit_in_search_order_counts_with_its_own_versions() -> None:
    found = facts(
        [*USR, library("usr/lib64/libstdc++.so.6", "GLIBCXX_3.4.29"), library("usr/lib64/libz.so.1", "ZLIB_1.2")],
        [library("var/lang/lib/libstdc++.so.6", "GLIBCXX_3.4.30")],
    )
    assert versions(found) == {
        "libstdc++.so.6": ("var/lang/lib/libstdc++.so.6", {"GLIBCXX_3.4.30"}),
        "libz.so.1": ("usr/lib64/libz.so.1", {"ZLIB_1.2"}),
    }
    assert found.search == ("/var/lang/lib", "/lib64")
    assert found.unread == ()


def test_directories_are_searched_once_under_whatever_name_comes_first() -> None:
    found = facts([*USR, oci.directory("usr/lib64"), oci.directory("usr/lib"), oci.directory("var/task")])
    assert found.search == ("/lib64", "/var/task", "/lib")
    assert found.libraries == ()


def test_names_that_nothing_is_linked_to_are_told_apart() -> None:
    found = facts(
        [
            library("usr/lib64/libz.so.1.2.11", soname="libz.so.1"),
            oci.symlink("usr/lib64/libz.so.1", "libz.so.1.2.11"),
            oci.symlink("usr/lib64/libz.so", "libz.so.1"),
            library("usr/lib64/plain.so", soname=""),
        ]
    )
    assert [(one.name, one.path) for one in found.libraries] == [
        ("libz.so.1", "usr/lib64/libz.so.1.2.11"),
        ("plain.so", "usr/lib64/plain.so"),
    ]
    assert [one.name for one in found.aliases] == ["libz.so", "libz.so.1.2.11"]


def test_what_is_no_library_of_this_machine() -> None:
    found = facts(
        [
            library("var/lang/lib/liba.so.1", machine=Machine.AARCH64),  # passed over, as the loader does
            library("usr/lib64/liba.so.1", "A_1"),
            library("var/lang/lib/arm.so.1", machine=Machine.AARCH64),
            oci.file("var/lang/lib/text.so.1", b"GROUP ( /lib64/text.so.1 )"),  # the loader gives up here
            library("usr/lib64/text.so.1"),
            oci.directory("usr/lib64/folder.so.1"),
            oci.symlink("usr/lib64/nowhere.so.1", "/nothing"),
            oci.symlink("usr/lib64/circle.so.1", "circle.so.1"),
            oci.file("var/runtime/bootstrap", library("x").content),
            oci.Entry("usr/lib64/pipe.so.1", b"6"),
        ]
    )
    assert versions(found) == {"liba.so.1": ("usr/lib64/liba.so.1", {"A_1"})}
    assert found.unread == ()


def test_the_same_for_arm() -> None:
    entries = [library("lib64/liba.so.1"), library("usr/lib64/liba.so.1", "A_2", machine=Machine.AARCH64)]
    assert versions(facts(entries, architecture="arm64")) == {"liba.so.1": ("usr/lib64/liba.so.1", {"A_2"})}


LAYERS = {
    "a whiteout": ([library("usr/lib64/liba.so.1")], [oci.whiteout("usr/lib64/liba.so.1")]),
    "an opaque directory": ([library("usr/lib64/liba.so.1")], [oci.opaque("usr/lib64")]),
    "an opaque directory above": ([library("usr/lib64/liba.so.1")], [oci.opaque("usr")]),
    "a directory that is gone": ([library("usr/lib64/liba.so.1")], [oci.whiteout("usr/lib64")]),
    "a directory that became a file": ([library("usr/lib64/liba.so.1")], [oci.file("usr/lib64", b"")]),
    "a directory that became a link": ([library("usr/lib64/liba.so.1")], [oci.symlink("usr/lib64", "/opt/lib")]),
    "the target of a link is gone": (
        [library("usr/lib64/liba.so.1.1", soname="liba.so.1"), oci.symlink("usr/lib64/liba.so.1", "liba.so.1.1")],
        [oci.whiteout("usr/lib64/liba.so.1.1")],
    ),
}


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_what_upper_layers_take_away_is_not_found(layers: tuple[list[oci.Entry], list[oci.Entry]]) -> None:
    assert facts(layers[0]).libraries != ()
    assert facts(*layers) == facts(layers[1])


ELSEWHERE = {
    "a link": [library("opt/x/liba.so.1", "A"), oci.symlink("usr/lib64/liba.so.1", "/opt/x/liba.so.1")],
    "a linked directory": [library("opt/x/liba.so.1", "A"), oci.symlink("usr/lib64", "/opt/x")],
    "links to links": [
        library("opt/x/liba.so.1", "A"),
        oci.symlink("opt/y", "x"),
        oci.symlink("usr/lib64/liba.so.1", "../../opt/y/liba.so.1"),
    ],
    "a hard link": [library("opt/x/liba.so.1", "A"), oci.hardlink("usr/lib64/liba.so.1", "opt/x/liba.so.1")],
    "ld.so.conf": [library("opt/x/liba.so.1", "A"), oci.file("etc/ld.so.conf", b"# comment\n/opt/x # and more\n")],
    "ld.so.conf.d": [
        library("opt/x/liba.so.1", "A"),
        oci.file("etc/ld.so.conf", b"include ld.so.conf.d/*.conf\nhwcap 0 nosegneg\n"),
        oci.file("etc/ld.so.conf.d/a.conf", b"relative\n/nothing, /opt/x:/opt/z=libc6\n"),
        oci.file("etc/ld.so.conf.d/b.not", b"/opt/b"),
    ],
    "what an included configuration includes": [
        library("opt/x/liba.so.1", "A"),
        oci.file("etc/ld.so.conf", b"include\tld.so.conf.d/*.conf  other/nothing\n"),
        oci.file("etc/ld.so.conf.d/a.conf", b"include more/x\n"),
        oci.file("etc/ld.so.conf.d/.b.conf", b"/opt/b\n"),
        library("opt/b/libb.so.1", "B"),
        oci.file("etc/ld.so.conf.d/more/x", b"/opt/x\n"),
    ],
    "a long file in ld.so.conf.d": [
        library("opt/x/liba.so.1", "A"),
        oci.file("etc/ld.so.conf", b"include /etc/ld.so.conf.d/*.conf"),
        oci.file("etc/ld.so.conf.d/a.conf", b"#" * 9000 + b"\n/opt/x\n"),
    ],
}


@pytest.mark.parametrize("entries", ELSEWHERE.values(), ids=ELSEWHERE)
@pytest.mark.parametrize("split", [False, True])
def test_links_and_configurations_lead_elsewhere(entries: list[oci.Entry], split: bool) -> None:
    layers = [[entry] for entry in entries] if split else [entries]
    found = facts(*layers)
    assert [(one.name, set(one.versions)) for one in found.libraries] == [("liba.so.1", {"A"})]
    assert found.unread == ()


def test_configurations_that_include_without_end() -> None:
    entries = [oci.file(f"etc/ld.so.conf.d/{n}.conf", b"include ld.so.conf.d/*.conf\n" * 100) for n in range(40)]
    found = facts([oci.file("etc/ld.so.conf", b"include /etc/ld.so.conf\ninclude */x\n"), *entries])
    assert found.unread == ("the image: its ld.so.conf includes more than is followed.",)
    started = time.process_time()
    assert facts([oci.file("etc/ld.so.conf", b"include ld.so.conf.d/*.conf\n"), *entries]).unread != ()
    assert time.process_time() - started < 3


@pytest.mark.parametrize("content", [b"/opt/lib\n" * 20_000, b"/opt/lib " * 20_000, b"#" * (2 << 20)])
def test_a_configuration_without_end(content: bytes) -> None:
    found = facts([oci.file("etc/ld.so.conf", content)])
    assert found.unread == ("the image: its ld.so.conf is longer than is read.",)
    assert not found.whole


def test_more_directories_than_anybody_has() -> None:
    entries = [oci.directory(f"opt/{n}") for n in range(300)]
    found = facts([oci.file("etc/ld.so.conf", b"".join(b"/opt/%d\n" % n for n in range(300))), *entries], search=())
    assert found.unread == ("the image: only the first 200 directories of libraries were looked at.",)


def test_the_owner_gives_its_name_even_behind_links() -> None:
    package = Package(
        "zlib", Evr(0, "1.2.11", "1"), "x86_64", files=frozenset(["lib64/libz.so.1", "lib64/libz.so.1.2"])
    )
    entries = [
        *USR,
        library("usr/lib64/libz.so.1.2", soname="libz.so.1"),
        oci.symlink("usr/lib64/libz.so.1", "libz.so.1.2"),
        library("var/lang/lib/libpython3.so"),
    ]
    found = facts(entries, packages=[package])
    assert [(one.name, one.package) for one in found.libraries] == [("libpython3.so", ""), ("libz.so.1", "zlib")]


def test_a_file_that_cannot_be_read_is_told_by_its_package_or_not_at_all() -> None:
    broken = library("usr/lib64/libz.so.1").content[:100]
    provides = frozenset(["libz.so.1()(64bit)", "libz.so.1(ZLIB_1.2)(64bit)", "libother.so.1(X)(64bit)"])
    zlib = Package("zlib", Evr(0, "1", "1"), "x86_64", provides, files=frozenset(["usr/lib64/libz.so.1"]))
    entries = [oci.file("usr/lib64/libz.so.1", broken)]
    assert versions(facts(entries, packages=[zlib])) == {"libz.so.1": ("usr/lib64/libz.so.1", {"ZLIB_1.2"})}
    unknown = facts(entries)
    assert unknown.libraries == ()
    assert len(unknown.unread) == 1
    assert unknown.unread[0].startswith("the image, /usr/lib64/libz.so.1: it can't be read as an ELF file")
    assert (unknown.unreadable, unknown.whole) == (("libz.so.1",), True)


def test_a_replaced_file_counts_as_it_is() -> None:
    """Somebody copied another file over the package's."""
    package = Package(
        "zlib",
        Evr(0, "1", "1"),
        "x86_64",
        frozenset(["libz.so.1(ZLIB_1.2)(64bit)"]),
        files=frozenset(["usr/lib64/libz.so.1"]),
    )
    found = facts([library("usr/lib64/libz.so.1", "ZLIB_9")], packages=[package])
    assert versions(found)["libz.so.1"][1] == {"ZLIB_9"}


def test_many_broken_files_are_counted() -> None:
    broken = library("x").content[:100]
    found = facts([oci.file(f"usr/lib64/lib{n:03}.so", broken) for n in range(50)])
    assert len(found.unread) == 21
    assert found.unread[-1] == "the image has 30 more libraries that can't be read."
    assert len(found.unreadable) == 50


def test_libraries_behind_too_many_links_are_not_left_out_silently() -> None:
    entries = [oci.symlink("usr/lib64/liba.so.1", "/0/x"), *(oci.symlink(f"{n}/x", f"/{n + 1}/x") for n in range(30))]
    found = facts(entries)
    assert (found.unread, found.whole) == (("the image has libraries behind too many links.",), False)


def test_what_only_the_package_manager_needs_is_told() -> None:
    glib = frozenset(["libglib-2.0.so.0()(64bit)"])
    packages = [
        Package("glib2", Evr(0, "2", "1"), "x86_64", glib, glib, files=frozenset(["usr/lib64/libglib-2.0.so.0"])),
        Package("dnf", Evr(0, "4", "1"), "noarch", requires=glib),
    ]
    found = facts([library("usr/lib64/libglib-2.0.so.0"), library("usr/lib64/libz.so.1")], packages=packages)
    assert found.container_only == ("libglib-2.0.so.0",)


@pytest.mark.parametrize("search", [(), ("",), (".", "lib"), ("/usr/../usr/lib64//",), ("/etc/passwd",)])
def test_odd_search_paths(search: tuple[str, ...]) -> None:
    entries = [library("usr/lib64/liba.so.1"), oci.file("etc/passwd", b""), library("lib/libnot.txt")]
    assert [one.name for one in facts(entries, search=search).libraries] == ["liba.so.1"]
