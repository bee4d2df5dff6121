# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layers whose packages are not below the folder into which their language looks."""

from __future__ import annotations

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.layer_folders import findings
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import FUNCTION_ROOT, LAYER_ROOT
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Problem, Verdict
from native_packages import contents, target

PSYCOPG = ["a-1.dist-info/METADATA", "psycopg2/__init__.py", "psycopg2/_psycopg.so"]
LAYERS = {
    "without python/": ("python3.12", PSYCOPG, "psycopg2"),
    "one module": ("python3.12", ["six.py", "six-1.16.0.dist-info/METADATA"], "six-1.16.0.dist-info"),
    "with python/": ("python3.12", [*PSYCOPG, "python/other.py"], ""),
    "deeper": ("python3.12", ["app/psycopg2/__init__.py"], ""),
    "site-packages": ("python3.12", ["site-packages/six-1.dist-info/METADATA"], "site-packages/six-1.dist-info"),
    "without python/, with what is below": (
        "python3.12",
        ["lib/python3.12/site-packages/six/__init__.py"],
        "lib/python3.12/site-packages/six",
    ),
    "site-packages below python/": ("python3.12", ["python/site-packages/six/__init__.py"], "python/site-packages/six"),
    "lib64": (
        "python3.12",
        ["python/lib64/python3.12/site-packages/six/__init__.py"],
        "python/lib64/python3.12/site-packages/six",
    ),
    "spelled otherwise": ("python3.12", ["Python/six/__init__.py"], "Python/six"),
    "where they belong": ("python3.12", ["python/lib/python3.12/site-packages/six/__init__.py"], ""),
    "for another Python, which is told elsewhere": (
        "python3.12",
        ["python/lib/python3.11/site-packages/six/__init__.py"],
        "",
    ),
    "a program's own packages": ("python3.12", ["agent/lib/python3.12/site-packages/six/__init__.py"], ""),
    "an extension of Lambda": ("python3.12", ["extensions/agent", "agent/agent.py"], ""),
    "without nodejs/": ("nodejs20.x", ["node_modules/a/index.js", "package.json"], "node_modules"),
    "NodeJS/": ("nodejs20.x", ["NodeJS/node_modules/a/index.js"], "NodeJS/node_modules"),
    "without node_modules": ("nodejs20.x", ["nodejs/a/package.json", "nodejs/a/index.js"], "nodejs/a"),
    "a scope without node_modules": ("nodejs20.x", ["nodejs/@b/a/package.json"], "nodejs/@b/a"),
    "code to name by its path": ("nodejs20.x", ["nodejs/package.json", "nodejs/a/index.js"], ""),
    "with nodejs/": ("nodejs20.x", ["nodejs/node_modules/a/index.js"], ""),
    "another language": ("java21", PSYCOPG, ""),
}


@pytest.mark.parametrize(("runtime", "files", "told"), LAYERS.values(), ids=LAYERS)
def test_packages_at_the_top_of_a_layer(runtime: str, files: list[str], told: str) -> None:
    found = list(findings([contents(files=files, root=LAYER_ROOT, source="layer.zip")], target(runtime)))

    assert [finding.file for finding in found] == ([told] if told else [])


def test_of_a_function_it_is_where_they_belong() -> None:
    assert list(findings([contents(files=PSYCOPG, root=FUNCTION_ROOT)], target("python3.12"))) == []


def test_it_is_said_where_they_should_be() -> None:
    layer = contents(files=PSYCOPG, root=LAYER_ROOT, source="layer.zip")
    [found] = findings([layer], target("python3.12"))

    assert (found.problem, found.verdict) == (Problem.ENTRY_POINT, Verdict.UNKNOWN)
    assert found.message == (
        "Python does not look at the top of a layer: psycopg2/ of layer.zip has to be below python/."
    )
    assert found.hint == "Pack the layer with python/ as the folder above its packages."


TOLD = {
    "python3.12": (
        ["python/site-packages/six/__init__.py"],
        "Python does not look into python/site-packages/ of a layer: six/ of layer.zip has to be below python/.",
    ),
    "nodejs20.x": (
        ["nodejs/a/package.json"],
        "Node.js does not look into nodejs/ of a layer: a/ of layer.zip has to be below nodejs/node_modules/.",
    ),
}


@pytest.mark.parametrize(("runtime", "files", "message"), [(runtime, *told) for runtime, told in TOLD.items()])
def test_the_folder_that_is_not_looked_into_is_named(runtime: str, files: list[str], message: str) -> None:
    [found] = findings([contents(files=files, root=LAYER_ROOT, source="layer.zip")], target(runtime))

    assert found.message == message
