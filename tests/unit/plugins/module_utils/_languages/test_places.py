# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layers over each other and for several versions: what a runtime sees of them, and what is passed over."""

from __future__ import annotations

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.places import (
    is_started,
    is_unpacked_by_code,
    visible,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.rules import findings_of
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.variants import sort_out
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import LAYER_ROOT, Contents, Native
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Verdict
from native_packages import contents, elf, target

M = "pkg/m.cpython-312-x86_64-linux-gnu.so"
OLD = "pkg/m.cpython-311-x86_64-linux-gnu.so"
SITE = "python/lib/python3.12/site-packages/"


def layer(*natives: Native, files: tuple[str, ...] = (), source: str = "layer.zip") -> Contents:
    return contents(*natives, files=files, root=LAYER_ROOT, source=source)


def module(name: str) -> Native:
    return elf(name, entries=["PyInit_m"])


def places(runtime: str, *packages: Contents) -> list[str]:
    """Of what is left, and nothing is amiss with it."""
    on = target(runtime)
    fitting = sort_out(packages, on).fitting
    assert [f for f in findings_of(packages, on, fitting) if f.verdict is not Verdict.LOADS] == []
    return [native.place for native in fitting]


def test_of_layers_that_overlap_the_last_one_is_seen() -> None:
    first, second = layer(module(f"python/{M}"), source="1.zip"), layer(module(f"python/{M}"), source="2.zip")
    packages = [contents(), first, second]

    [seen] = visible(packages)

    assert seen is second.natives[0]
    assert sort_out(packages, target("python3.12")).fitting == (seen,)


def test_what_a_later_layer_hides_by_a_link_is_not_seen() -> None:
    below, above = layer(elf("lib/liba.so")), layer(files=("lib/liba.so",))

    assert visible([contents(), below, above]) == ()
    assert visible([contents(), above, below]) == below.natives


def test_natives_of_an_archive_that_a_later_layer_replaces() -> None:
    below, above = layer(elf("java/lib/a.jar!/a.so"), files=("java/lib/a.jar",)), layer(files=("java/lib/a.jar",))

    assert visible([contents(), below, above]) == ()


VERSIONS = {
    "Python": ("python3.12", f"{SITE}{M}", f"python/lib/python3.11/site-packages/{OLD}", "PyInit_m"),
    "Node.js": (
        "nodejs20.x",
        "nodejs/node20/node_modules/x/build/x.node",
        "nodejs/node18/node_modules/x/build/x.node",
        "node_register_module_v115 node_register_module_v108",
    ),
    "Ruby": ("ruby3.3", "ruby/gems/3.3.0/gems/a-1/lib/a.so", "ruby/gems/3.2.0/gems/a-1/lib/a.so", "Init_a"),
}


@pytest.mark.parametrize(("runtime", "own", "other", "entries"), VERSIONS.values(), ids=VERSIONS)
def test_layers_for_several_versions(runtime: str, own: str, other: str, entries: str) -> None:
    starts = entries.split()
    both = layer(elf(own, entries=starts[:1]), elf(other, entries=starts[-1:], needed=["libnowhere.so.1"]))

    assert places(runtime, contents(), both) == [f"{LAYER_ROOT}/{own}"]


def test_gems_of_a_function_for_several_versions() -> None:
    own, other = (f"vendor/bundle/ruby/{version}.0/gems/a-1/lib/a.so" for version in ("3.3", "3.2"))

    assert places("ruby3.3", contents(elf(own), elf(other))) == [f"/var/task/{own}"]


ORDER = {
    "the function before its layers": (contents(module(M)), layer(module(f"python/{M}")), f"/var/task/{M}"),
    "what is for this Python before others": (contents(module(M)), layer(module(f"python/{OLD}")), f"/var/task/{M}"),
    "site-packages before python/": (contents(), layer(module(f"python/{M}"), module(SITE + M)), f"/opt/{SITE}{M}"),
    "namespace packages add up": (contents(module(OLD)), layer(module(f"python/{M}")), f"/opt/python/{M}"),
}


@pytest.mark.parametrize(("function", "added", "place"), ORDER.values(), ids=ORDER)
def test_python_takes_the_first_one_of_its_search_path(function: Contents, added: Contents, place: str) -> None:
    assert places("python3.12", function, added) == [place]


def test_a_regular_package_hides_all_of_its_name_that_comes_later() -> None:
    packages = [contents(module(OLD), files=["pkg/__init__.py"]), layer(module(f"python/{M}"))]
    on = target("python3.12")
    fitting = sort_out(packages, on).fitting

    [finding] = findings_of(packages, on, fitting)

    assert fitting == ()
    assert (finding.file, finding.verdict) == (OLD, Verdict.BROKEN)


@pytest.mark.parametrize(
    ("place", "started"),
    [
        ("/var/task/bootstrap", True),
        ("/opt/bootstrap", True),
        ("/opt/extensions/agent", True),
        ("/opt/extensions/agent/tool", False),
        ("/var/task/extensions/agent", False),
        ("/var/task/node_modules/x/bootstrap", False),
    ],
)
def test_what_lambda_starts(place: str, started: bool) -> None:
    assert is_started(place) is started


@pytest.mark.parametrize(
    ("runtime", "name", "unpacked"),
    [
        ("java21", "META-INF/native/libnetty.so", True),
        ("java21", "org/sqlite/native/Linux/x86_64/libsqlitejdbc.so", True),
        ("java21", "libown.so", False),
        ("java21", "lib/a.jar!/liba.so", True),
        ("python3.12", "META-INF/native/libnetty.so", False),
        ("python3.12", "a.whl!/liba.so", True),
    ],
)
def test_natives_of_a_jar_that_is_the_package(runtime: str, name: str, unpacked: bool) -> None:
    assert is_unpacked_by_code(elf(name), target(runtime)) is unpacked
