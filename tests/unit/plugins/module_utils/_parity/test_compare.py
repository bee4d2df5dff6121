# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From references to verdicts, over the images that the testbed makes, and what that costs."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image import layer_views
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import Cache
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import (
    BadDigest,
    BrokenLayer,
    HostileLayer,
    ImageError,
    TruncatedBlob,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import PLATFORMS, parse_reference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.transports import Sources
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.compare import Comparison, compare
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.parity import Verdict
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.report import sentence
from faulty_registry import Fault, Registry, serve
from lambdaops_testbed.images import oci, pairs, rpmdb

AL2023 = b'ID="amzn"\nVERSION_ID="2023"\nPRETTY_NAME="Amazon Linux 2023.6.20241031"\n'


@pytest.fixture(scope="module")
def layouts() -> dict[str, oci.Layout]:
    """lambda/nodejs, sam/build-nodejs20.x and their Python twins, as AWS has them."""
    return pairs.repositories()


class Shop:
    """Compares images of one registry under the name public.ecr.aws, with one cache for all comparisons."""

    def __init__(self, registry: Registry, folder: Path) -> None:
        self.registry = registry
        self.folder = folder

    def compare(
        self,
        build: str,
        runtime: str = "lambda/nodejs:20",
        *,
        checks: Collection[str] = ("base", "packages", "libraries"),
        architecture: str = "x86_64",
    ) -> tuple[Comparison, Transfer]:
        transfer = Transfer()
        sources = Sources(
            transfer,
            mirrors={"public.ecr.aws": self.registry.url},
            timeout=5,
            find_login=lambda _host: None,
            sleep=lambda _seconds: None,
        )
        try:
            comparison = compare(
                parse_reference(f"public.ecr.aws/{build}"),
                parse_reference(f"public.ecr.aws/{runtime}"),
                PLATFORMS[architecture],
                checks=checks,
                sources=sources,
                cache=Cache(self.folder),
                transfer=transfer,
            )
        finally:
            sources.close()
        return comparison, transfer


@pytest.fixture
def shop(layouts: dict[str, oci.Layout], tmp_path: Path) -> Shop:
    with serve(Registry(layouts)) as registry:
        yield Shop(registry, tmp_path / "cache")


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_the_first_users_report(shop: Shop, architecture: str) -> None:
    comparison, transfer = shop.compare("sam/build-nodejs20.x:latest", architecture=architecture)
    parity = comparison.parity
    assert parity.verdict is Verdict.RISKY_DRIFT
    assert (parity.differences[0].build, parity.differences[0].runtime) == ("2023.6.20250107", "2023.6.20241031")
    text = sentence(comparison)
    assert "(Amazon Linux 2023.6.20250107) does not match the runtime image" in text
    assert "(Amazon Linux 2023.6.20241031)" in text
    libraries = {d.name: d for d in parity.differences if d.kind == "library"}
    assert "GLIBCXX_3.4.30 … 3.4.33" in libraries["libstdc++.so.6"].why
    assert libraries["libstdc++.so.6"].package == "libstdc++"
    assert comparison.runtime.libraries is not None
    assert "libglib-2.0.so.0" in comparison.runtime.libraries.container_only
    changed = {d.name: d.severity for d in parity.differences if d.kind == "package"}
    assert changed["glib2"] is Verdict.RISKY_DRIFT
    assert changed["libstdc++"] is Verdict.RISKY_DRIFT
    assert changed["tzdata"] is Verdict.COMPATIBLE_DRIFT
    assert "gcc" not in changed
    assert "gcc" in parity.build_only
    assert comparison.runtime.library_path.startswith("/var/lang/lib:")
    assert transfer.layers > 0


def test_the_same_base_is_seen_without_one_layer(shop: Shop) -> None:
    comparison, transfer = shop.compare("sam/build-nodejs20.x:1.127.0")
    assert comparison.parity.verdict is Verdict.SAME_BASE
    assert (transfer.layers, transfer.cached) == (0, 0)
    assert shop.registry.paths("/blobs/") == [
        f"/v2/{repository}/blobs/{digest}" for repository, digest in configs(shop, comparison)
    ]


def configs(shop: Shop, comparison: Comparison) -> list[tuple[str, str]]:
    return [
        ("sam/build-nodejs20.x", comparison.build.config_digest),
        ("lambda/nodejs", comparison.runtime.config_digest),
    ]


def test_a_newer_library_of_no_package_is_found(shop: Shop) -> None:
    comparison, _transfer = shop.compare("sam/build-nodejs20.x:compiled")
    assert comparison.parity.verdict is Verdict.RISKY_DRIFT
    assert {(d.kind, d.name) for d in comparison.parity.differences} == {("library", "libstdc++.so.6")}
    assert shop.compare("sam/build-nodejs20.x:compiled", checks=["packages"])[0].parity.verdict is Verdict.SAME_BASE


def test_a_newer_library_that_only_the_linker_finds_is_found(shop: Shop) -> None:
    """/var/lang/lib has a libstdc++ of its own, which the loader finds first; what is built is linked to the other."""
    comparison, transfer = shop.compare("sam/build-python3.12:compiled", "lambda/python:3.12")
    assert comparison.parity.verdict is Verdict.RISKY_DRIFT
    [found] = comparison.parity.differences
    assert (found.kind, found.name) == ("library", "libstdc++.so.6")
    assert "GLIBCXX_3.4.30 … 3.4.33" in found.why
    assert "/var/lang/lib/libstdc++.so.6, found before all others" in found.why
    assert not any("changed nothing" in note for note in comparison.parity.notes)
    assert transfer.layers + transfer.cached == len(comparison.build.diff_ids) + len(comparison.runtime.diff_ids)


def test_a_library_that_hides_another_one_in_both_images_is_no_drift(shop: Shop) -> None:
    comparison, _transfer = shop.compare(
        "sam/build-python3.12:1.127.0", "lambda/python:3.12", checks=["packages", "libraries"]
    )
    assert (comparison.parity.verdict, comparison.parity.differences) == (Verdict.SAME_BASE, ())


def test_libraries_alone_judge_no_package(shop: Shop) -> None:
    comparison, _transfer = shop.compare("sam/build-nodejs20.x:latest", checks=["libraries"])
    kinds = {d.kind for d in comparison.parity.differences}
    assert kinds == {"release", "library"}
    assert next(d.package for d in comparison.parity.differences if d.name == "libstdc++.so.6") == "libstdc++"


def test_amazon_linux_2_is_read_as_well(shop: Shop) -> None:
    comparison, _transfer = shop.compare("sam/build-python3.11:latest", "lambda/python:3.11")
    assert comparison.parity.verdict is not Verdict.UNKNOWN
    assert comparison.runtime.os is not None
    assert comparison.runtime.os.packages
    assert comparison.parity.differences


def test_a_runtime_of_another_major_version_is_incompatible(shop: Shop) -> None:
    comparison, _transfer = shop.compare("sam/build-nodejs20.x:latest", "lambda/python:3.11")
    assert comparison.parity.verdict is Verdict.INCOMPATIBLE
    assert [d.kind for d in comparison.parity.differences] == ["distribution"]


def test_packages_upgraded_above_the_same_base_are_found(shop: Shop) -> None:
    comparison, _transfer = shop.compare("sam/build-nodejs20.x:upgraded")
    assert comparison.parity.verdict is Verdict.RISKY_DRIFT
    assert comparison.build.diff_ids[:3] == comparison.runtime.diff_ids


def test_an_older_build_image_is_compatible(shop: Shop) -> None:
    assert shop.compare("sam/build-nodejs20.x:older")[0].parity.verdict is Verdict.COMPATIBLE_DRIFT


def test_an_image_is_identical_to_itself(shop: Shop) -> None:
    comparison, transfer = shop.compare("lambda/nodejs:20-x86_64", "lambda/nodejs:20")
    assert comparison.parity.verdict is Verdict.IDENTICAL
    assert transfer.layers == 0


@pytest.mark.parametrize(
    ("tag", "verdict"), [("1.127.0", Verdict.SAME_BASE), ("upgraded", Verdict.UNKNOWN), ("latest", Verdict.UNKNOWN)]
)
def test_checks_of_the_base_alone_read_no_layer_and_do_not_guess(shop: Shop, tag: str, verdict: Verdict) -> None:
    comparison, transfer = shop.compare(f"sam/build-nodejs20.x:{tag}", checks=["base"])
    assert comparison.parity.verdict is verdict
    assert transfer.layers == 0


def test_checks_of_packages_alone_do_not_trust_the_history(shop: Shop) -> None:
    comparison, transfer = shop.compare("sam/build-nodejs20.x:1.127.0", checks=["packages"])
    assert comparison.parity.verdict is Verdict.SAME_BASE
    assert transfer.layers == 5  # three of the runtime, which the build image shares, and two of its own
    assert comparison.build.os is not None


def test_the_second_time_only_the_two_tags_are_asked_for(shop: Shop) -> None:
    first, cold = shop.compare("sam/build-nodejs20.x:latest")
    shop.compare("sam/build-nodejs20.x:1.127.0")
    shop.registry.requests.clear()
    second, warm = shop.compare("sam/build-nodejs20.x:latest")
    assert second.parity == first.parity
    assert shop.registry.paths() == ["/v2/sam/build-nodejs20.x/manifests/latest", "/v2/lambda/nodejs/manifests/20"]
    assert (warm.requests, warm.layers) == (2, 0)
    assert warm.cached == cold.layers + cold.cached
    assert warm.size < 5000


def test_a_layer_that_both_images_have_is_read_once(shop: Shop) -> None:
    _comparison, transfer = shop.compare("sam/build-nodejs20.x:upgraded")
    layers = shop.registry.paths("/blobs/")[2:]
    assert len(layers) == len({path.rpartition("/")[2] for path in layers}) == transfer.layers


def test_layers_below_what_is_wanted_are_not_read(shop: Shop) -> None:
    """The upgrade has os-release and the packages: nothing below it matters."""
    comparison, transfer = shop.compare("sam/build-nodejs20.x:upgraded", "lambda/python:3.12", checks=["packages"])
    assert comparison.parity.verdict is Verdict.RISKY_DRIFT
    assert len(comparison.build.diff_ids) == 6
    assert transfer.layers == 3 + 3  # all of the runtime; tools, development and upgrade of the build image


def test_without_a_cache_folder_it_works_and_says_so(layouts: dict[str, oci.Layout], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with serve(Registry(layouts)) as registry:
        comparison, transfer = Shop(registry, tmp_path / "file").compare("sam/build-nodejs20.x:upgraded")
    assert comparison.parity.verdict is Verdict.RISKY_DRIFT
    assert transfer.layers == 6


def test_public_ecr_is_warm_in_four_requests(shop: Shop) -> None:
    """Its token is for the whole registry: 401, token, two manifests."""
    shop.registry.auth, shop.registry.scope = "token", "aws"
    shop.compare("sam/build-nodejs20.x:latest")
    _comparison, warm = shop.compare("sam/build-nodejs20.x:latest")
    assert warm.requests == 4


# Images that are broken in one way each, against a sound one.


def pair(tmp_path: Path, build: oci.Image) -> tuple[Comparison, Transfer]:
    runtime = oci.image(
        [oci.layer([oci.file("usr/lib/os-release", AL2023), oci.symlink("etc/os-release", "../usr/lib/os-release")])]
    )
    for name, image in (("build", build), ("runtime", runtime)):
        layout = oci.Layout()
        layout.add("1", image)
        layout.write(tmp_path / name)
    transfer = Transfer()
    comparison = compare(
        parse_reference(f"oci:{tmp_path}/build:1"),
        parse_reference(f"oci:{tmp_path}/runtime:1"),
        PLATFORMS["x86_64"],
        checks=["base", "packages", "libraries"],
        sources=Sources(transfer, mirrors={}, timeout=5),
        cache=Cache(tmp_path / "cache"),
        transfer=transfer,
    )
    return comparison, transfer


def one_layer(content: list[oci.Entry] | bytes) -> oci.Image:
    return oci.image([oci.layer(content)])


OS = [oci.file("etc/os-release", AL2023)]


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([], ("no /etc/os-release", "no rpm database")),
        (OS, ("no rpm database",)),
        ([*OS, oci.file("var/lib", b"a file")], ("no rpm database",)),
        ([*OS, oci.directory("var/lib/rpm/rpmdb.sqlite")], ("no rpm database",)),
        ([*OS, oci.file("var/lib/rpm/Packages", b"bdb")], ("BerkeleyDB",)),
        ([*OS, oci.file("var/lib/rpm/rpmdb.sqlite", b"junk")], ("/var/lib/rpm/rpmdb.sqlite", "neither an sqlite")),
        ([*OS, oci.symlink("var", "var")], ("no rpm database",)),
        ([oci.symlink("etc/os-release", "os-release")], ("no /etc/os-release",)),
        ([oci.file("etc/os-release", b"")], ("without ID or VERSION_ID",)),
        ([oci.file("etc/os-release", b"ID=amzn")], ("without ID or VERSION_ID",)),
        ([*OS, oci.file("var/lib/rpm/rpmdb.sqlite", rpmdb.database([], 0))], ("lists no package",)),
    ],
)
def test_what_cannot_be_read_makes_the_verdict_unknown(
    tmp_path: Path, entries: list[oci.Entry], words: tuple[str, ...]
) -> None:
    comparison, _transfer = pair(tmp_path, one_layer(entries))
    assert comparison.parity.verdict is Verdict.UNKNOWN
    told = " ".join(comparison.parity.notes)
    assert all(word in told for word in words), told


def test_links_to_unexpected_places_are_followed(tmp_path: Path) -> None:
    layers = [
        oci.layer([oci.file("opt/hidden/release", AL2023.replace(b"2023.6", b"2023.7"))]),
        oci.layer([oci.symlink("etc/os-release", "/opt/link"), oci.symlink("opt/link", "hidden/release")]),
    ]
    comparison, _transfer = pair(tmp_path, oci.image(layers))
    assert comparison.build.os is not None
    assert comparison.build.os.release == "2023.7.20241031"


def os_entries(release: bytes = b"2023.6.20241031") -> list[oci.Entry]:
    return [oci.file("etc/os-release", AL2023.replace(b"2023.6.20241031", release))]


def database(glibc: str = "2.34") -> bytes:
    return rpmdb.database([rpmdb.Package("glibc", glibc, "1", "x86_64")], 0)


def upgraded_in_log(folder: Path) -> tuple[bytes, bytes]:
    """A database with glibc 2.34, and the write-ahead log that makes it 2.39."""
    path = folder / "rpmdb.sqlite"
    path.write_bytes(database())
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    header = rpmdb.header(rpmdb.Package("glibc", "2.39", "1", "x86_64"), 1)
    connection.execute("UPDATE Packages SET blob = ?", (header,))
    connection.commit()
    content = path.read_bytes(), path.with_name("rpmdb.sqlite-wal").read_bytes()
    connection.close()
    return content


def versions(comparison: Comparison) -> list[str]:
    assert comparison.build.os is not None
    return [str(package.evr) for package in comparison.build.os.packages or ()]


@pytest.mark.parametrize(
    ("folder", "link"),
    [
        ("var/lib/rpm", None),
        ("usr/lib/sysimage/rpm", oci.symlink("var/lib/rpm", "../../usr/lib/sysimage/rpm")),
        ("usr/lib/db/rpm", oci.symlink("var/lib/rpm", "/usr/lib/db/rpm")),
        ("opt/r", oci.symlink("var/lib/rpm/rpmdb.sqlite", "/opt/r/rpmdb.sqlite")),
    ],
    ids=["no link", "a link to a known folder", "a link to an unexpected folder", "a link to an unexpected file"],
)
def test_a_write_ahead_log_counts_wherever_links_lead(tmp_path: Path, folder: str, link: oci.Entry | None) -> None:
    content, log = upgraded_in_log(tmp_path)
    files = [oci.file(f"{folder}/rpmdb.sqlite", content), oci.file(f"{folder}/rpmdb.sqlite-wal", log)]
    comparison, _transfer = pair(tmp_path, one_layer([*os_entries(), *files, *([link] if link else [])]))
    assert versions(comparison) == ["2.39-1"]


def test_a_log_behind_more_links_than_are_followed_is_not_left_out(tmp_path: Path) -> None:
    content, _log = upgraded_in_log(tmp_path)
    links = [oci.symlink(f"opt/{number}", str(number + 1)) for number in range(10)]
    log = oci.symlink("var/lib/rpm/rpmdb.sqlite-wal", "/opt/0")
    entries = [*os_entries(), oci.file("var/lib/rpm/rpmdb.sqlite", content), log, *links]
    comparison, _transfer = pair(tmp_path, one_layer(entries))
    assert comparison.parity.verdict is Verdict.UNKNOWN
    assert versions(comparison) == []


def test_links_cost_few_readings(tmp_path: Path) -> None:
    links = [oci.symlink("etc/os-release", "/opt/0"), *(oci.symlink(f"opt/{n}", str(n + 1)) for n in range(30))]
    comparison, transfer = pair(tmp_path, one_layer(links))
    assert comparison.parity.verdict is Verdict.UNKNOWN
    assert transfer.layers < 10


def test_the_first_path_of_the_packages_counts_in_whatever_layer_it_is(tmp_path: Path) -> None:
    lower = oci.layer([*os_entries(), oci.file("var/lib/rpm/rpmdb.sqlite", database("2.39"))])
    upper = oci.layer([*os_entries(), oci.file("usr/share/rpm/rpmdb.sqlite", database())])
    comparison, _transfer = pair(tmp_path, oci.image([lower, upper]))
    assert versions(comparison) == ["2.39-1"]


def test_an_entry_below_a_link_of_its_own_layer_is_read(tmp_path: Path) -> None:
    entries = [
        *os_entries(),
        oci.file("usr/lib/sysimage/rpm/rpmdb.sqlite", database()),
        oci.symlink("var/lib/rpm", "../../usr/lib/sysimage/rpm"),
        oci.file("var/lib/rpm/rpmdb.sqlite", database("2.39")),
    ]
    comparison, _transfer = pair(tmp_path, one_layer(entries))
    assert versions(comparison) == ["2.39-1"]


@pytest.mark.parametrize("version", [b"2023", b"2023.7"])
def test_a_release_that_only_system_release_tells_is_read_from_below(tmp_path: Path, version: bytes) -> None:
    lower = oci.layer([oci.file("etc/system-release", b"Amazon Linux release 2023.7.20250512 (Amazon Linux)\n")])
    nameless = b'ID="amzn"\nVERSION_ID="%s"\nPRETTY_NAME="Amazon Linux 2023"\n' % version
    upper = oci.layer([oci.file("etc/os-release", nameless), oci.file("var/lib/rpm/rpmdb.sqlite", database())])
    comparison, _transfer = pair(tmp_path, oci.image([lower, upper]))
    assert comparison.build.os is not None
    assert comparison.build.os.release == "2023.7.20250512"


def test_a_hard_link_to_an_unexpected_place_is_followed(tmp_path: Path) -> None:
    entries = [oci.file("opt/release", AL2023), oci.hardlink("etc/os-release", "opt/release")]
    comparison, _transfer = pair(tmp_path, one_layer(entries))
    assert comparison.build.os is not None
    assert comparison.build.os.release == "2023.6.20241031"


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (one_layer([oci.file("../etc/os-release", AL2023)]), HostileLayer),
        (one_layer([oci.file("etc/os-release", bytes(300 << 20))]), HostileLayer),
        (one_layer(b"no tar at all"), BrokenLayer),
    ],
    ids=["climbs out", "absurd size", "no tar"],
)
def test_hostile_and_broken_layers_end_in_an_error(tmp_path: Path, image: oci.Image, kind: type[ImageError]) -> None:
    with pytest.raises(kind) as failed:
        pair(tmp_path, image)
    assert "oci:" in failed.value.message


def test_all_layers_together_have_one_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_views, "_ALL_FILES", 100_000)
    folders = ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm")
    layers = [oci.layer([oci.file(f"{folder}/Packages", bytes(40_000))]) for folder in folders]
    pair(tmp_path, oci.image(layers[:2]))
    with pytest.raises(HostileLayer, match="100000 bytes"):
        pair(tmp_path, oci.image([oci.layer([]), *layers]))


def test_an_absolute_name_is_a_name_in_the_image(tmp_path: Path) -> None:
    comparison, _transfer = pair(tmp_path, one_layer([oci.file("/etc/os-release", AL2023)]))
    assert comparison.build.os is not None
    assert comparison.build.os.release == "2023.6.20241031"


def test_a_layer_with_a_wrong_digest_is_named_and_not_kept(shop: Shop) -> None:
    shop.registry.faults.append(Fault("/lambda/nodejs/blobs/", times=0, corrupt=True))
    comparison, _transfer = shop.compare("sam/build-nodejs20.x:latest", checks=["base"])
    shop.registry.faults[0].times = 1
    with pytest.raises(BadDigest, match="layer sha256:") as failed:
        shop.compare("sam/build-nodejs20.x:latest")
    digest = failed.value.message.partition("layer ")[2].partition(" ")[0]
    kept = [path.name for path in shop.folder.glob("v*/layer/*")]
    assert digest.replace(":", "-") not in kept
    assert shop.compare("sam/build-nodejs20.x:latest")[0].parity.verdict is Verdict.RISKY_DRIFT
    assert comparison.parity.verdict is Verdict.UNKNOWN


def test_a_layer_that_breaks_off_again_and_again(shop: Shop) -> None:
    shop.compare("sam/build-nodejs20.x:latest", checks=["base"])
    shop.registry.faults.append(Fault("/blobs/", times=99, cut_after=10))
    with pytest.raises(TruncatedBlob):
        shop.compare("sam/build-nodejs20.x:latest")
