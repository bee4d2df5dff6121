# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of tags, and the search for a build image that matches, over the images that the testbed makes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import Cache
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import PLATFORMS, parse_reference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.transports import Sources
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.compare import CHECKS, Comparer
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.ignore import parse_patterns
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.parity import Verdict
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.suggest import Search, ordered, suggest
from faulty_registry import Fault, Registry, serve
from lambdaops_testbed.images import oci, pairs

ORDERS = {
    "dates": (
        ["1.109.0-20240206202436", "1.120.0-20240626164104", "1.9.0-20231201000000"],
        ["1.120.0-20240626164104", "1.109.0-20240206202436", "1.9.0-20231201000000"],
    ),
    "dates with dots": (
        ["1.2023.08.02.10", "1.2023.10.20.18", "1.2024.1.1"],
        ["1.2023.10.20.18", "1.2023.08.02.10", "1.2024.1.1"],
    ),
    "two of one day": (["2024.10.31.2", "2024.10.31.10"], ["2024.10.31.10", "2024.10.31.2"]),
    "versions": (["1.9.0", "1.131.0", "1.127.1", "1.127.0"], ["1.131.0", "1.127.1", "1.127.0", "1.9.0"]),
    "dates, versions, the rest": (
        ["latest", "1.131.0", "1.1.0-20240206202436"],
        ["1.1.0-20240206202436", "1.131.0", "latest"],
    ),
    "architectures": (
        ["1.1-x86_64", "1.2-arm64", "1.3", "1.3-arm64", "1.4-amd64", "latest", "latest-x86_64"],
        ["1.4-amd64", "1.3", "1.1-x86_64", "latest-x86_64"],
    ),
    "nothing": ([], []),
}


@pytest.mark.parametrize(("tags", "expected"), ORDERS.values(), ids=ORDERS)
def test_the_newest_tags_come_first(tags: list[str], expected: list[str]) -> None:
    assert ordered(tags, "amd64") == expected
    assert ordered(reversed(tags), "amd64") == expected


def test_tags_of_arm() -> None:
    assert ordered(["1-x86_64", "1-arm64", "2", "3-aarch64", "3"], "arm64") == ["3-aarch64", "2", "1-arm64"]


@pytest.fixture(scope="module")
def layouts() -> dict[str, oci.Layout]:
    return pairs.repositories()


@pytest.fixture
def registry(layouts: dict[str, oci.Layout]) -> Iterator[Registry]:
    with serve(Registry(layouts)) as running:
        yield running


def search(
    registry: Registry,
    folder: Path,
    build: str = "sam/build-nodejs20.x:latest",
    *,
    limit: int = 20,
    ignore: tuple[str, ...] = (),
) -> tuple[Search, Transfer]:
    transfer = Transfer()
    sources = Sources(
        transfer,
        mirrors={"public.ecr.aws": registry.url},
        timeout=5,
        find_login=lambda _host: None,
        sleep=lambda _seconds: None,
    )
    try:
        comparer = Comparer(PLATFORMS["arm64"], checks=CHECKS, sources=sources, cache=Cache(folder), transfer=transfer)
        images = [comparer.open(parse_reference(f"public.ecr.aws/{name}")) for name in (build, "lambda/nodejs:20")]
        found = comparer.compare(*images)
        return suggest(comparer, *images, found, limit, parse_patterns(ignore)), transfer
    finally:
        sources.close()


def test_the_newest_image_that_matches_is_found(registry: Registry, tmp_path: Path) -> None:
    found, _transfer = search(registry, tmp_path)
    assert found.notes == ()
    assert found.suggestion is not None
    comparison = found.suggestion.comparison
    assert comparison.parity.verdict in (Verdict.SAME_BASE, Verdict.COMPATIBLE_DRIFT)
    assert comparison.build.os is None or comparison.build.os.release == "2023.6.20241031"
    assert found.suggestion.pinned == f"public.ecr.aws/sam/build-nodejs20.x@{comparison.build.digest}"
    assert "amd64" not in str(comparison.build.platform)
    assert 1 <= found.suggestion.looked_at <= 20


def test_a_second_search_reads_no_layer(registry: Registry, tmp_path: Path) -> None:
    first, _cold = search(registry, tmp_path)
    again, warm = search(registry, tmp_path)
    assert first.suggestion is not None
    assert again.suggestion is not None
    assert again.suggestion.pinned == first.suggestion.pinned
    assert warm.layers == 0


def test_nothing_is_searched_where_nothing_could_be_better(registry: Registry, tmp_path: Path) -> None:
    assert search(registry, tmp_path, "sam/build-nodejs20.x:1.127.0")[0] == Search()
    assert registry.paths("/tags/list") == []


def test_the_search_is_bounded(registry: Registry, tmp_path: Path) -> None:
    found, _transfer = search(registry, tmp_path, limit=1)
    assert found.suggestion is None
    assert "among the 1 newest others of public.ecr.aws/sam/build-nodejs20.x" in found.notes[0]
    assert "suggest_limit is 1" in found.notes[0]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("/tags/list", times=99, status=403),
        Fault("/sam/build-nodejs20.x/manifests/1.1", times=99, status=429),
    ],
    ids=["tags are not listed", "too many requests"],
)
def test_a_registry_that_refuses_ends_the_search(registry: Registry, tmp_path: Path, fault: Fault) -> None:
    registry.faults.append(fault)
    found, _transfer = search(registry, tmp_path)
    assert found.suggestion is None
    assert "ended early" in found.notes[0]


def test_a_tag_that_cannot_be_read_is_passed_over(registry: Registry, tmp_path: Path) -> None:
    registry.faults.append(Fault("/sam/build-nodejs20.x/manifests/1.128.0-20241120081530-arm64", status=404))
    found, _transfer = search(registry, tmp_path)
    assert found.suggestion is not None
    assert found.suggestion.tag == "1.127.0-20241105184512-arm64"


def test_what_is_ignored_is_ignored_in_what_is_suggested(registry: Registry, tmp_path: Path) -> None:
    found, _transfer = search(registry, tmp_path, ignore=("library:libstdc++.so.6",))
    assert found.suggestion is not None
    assert found.suggestion.tag == "1.128.0-20241120081530-arm64"


def test_nothing_is_searched_for_a_runtime_that_cannot_be_read(registry: Registry, tmp_path: Path) -> None:
    layout = oci.Layout()
    layout.add("20", oci.image([oci.layer([oci.file("etc/os-release", b"ID=amzn")])], "arm64"))
    registry.layouts = {**registry.layouts, "lambda/nodejs": layout}
    found, _transfer = search(registry, tmp_path)
    assert "could not be read in full" in found.notes[0]
    assert registry.paths("/tags/list") == []
