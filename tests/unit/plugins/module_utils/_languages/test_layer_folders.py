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
    "an extension of Lambda": ("python3.12", ["extensions/agent", "agent/agent.py"], ""),
    "without nodejs/": ("nodejs20.x", ["node_modules/a/index.js", "package.json"], "node_modules"),
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
