# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import BadReference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import (
    LayoutReference,
    RegistryReference,
    parse_reference,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.routes import (
    Route,
    checked_mirrors,
    is_loopback,
    route,
)


@pytest.mark.parametrize(
    ("reference", "mirrors", "expected"),
    [
        ("public.ecr.aws/a/b", {}, Route("https://public.ecr.aws", "a/b", "public.ecr.aws")),
        ("alpine", {}, Route("https://registry-1.docker.io", "library/alpine", "docker.io")),
        ("localhost:5000/a", {}, Route("http://localhost:5000", "a", "localhost:5000")),
        ("p.aws/a", {"p.aws": "127.0.0.1:5000"}, Route("http://127.0.0.1:5000", "a", "127.0.0.1:5000")),
        ("p.aws/a", {"p.aws": "m.example/x/y/"}, Route("https://m.example", "x/y/a", "m.example")),
        ("p.aws/a", {"p.aws": "http://m.example"}, Route("http://m.example", "a", "m.example")),
        ("p.aws/a", {"p.aws": "https://localhost:1"}, Route("https://localhost:1", "a", "localhost:1")),
        ("p.aws/a", {"other": "m.example"}, Route("https://p.aws", "a", "p.aws")),
        ("p.aws/a/b:1", {"p.aws": "oci:/images"}, LayoutReference(Path("/images/a/b"), "1")),
    ],
)
def test_routes_and_when_plain_http_is_used(
    reference: str, mirrors: dict[str, str], expected: Route | LayoutReference
) -> None:
    parsed = parse_reference(reference)
    assert isinstance(parsed, RegistryReference)
    assert route(parsed, mirrors) == expected


@pytest.mark.parametrize("mirror", ["ftp://m", "http://", "://m", "m/UPPER", "m.example/../x", "user:secret@m.example"])
def test_a_mirror_that_does_not_parse_is_said_so_without_its_password(mirror: str) -> None:
    with pytest.raises(BadReference) as failed:
        route(RegistryReference("p.aws", "a"), {"p.aws": mirror})
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize(
    "mirrors",
    [
        {"https://p.aws": "m"},
        {"p.aws/x": "m"},
        {"": "m"},
        {"p.aws": ""},
        {"p.aws": None},
        {"p.aws": 5000},
        {"p.aws": "oci:/x\0"},
        {"a" * 64 + ".aws": "m"},
    ],
)
def test_mirrors_that_could_never_work_are_said_so(mirrors: dict[str, object]) -> None:
    with pytest.raises(BadReference, match="mirror"):
        checked_mirrors(mirrors)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.8.0.1:5000", True),
        ("[::1]:5000", True),
        ("localhost.example.com", False),
        ("10.0.0.1", False),
        ("127.0.0.1.example.com", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
