# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import BadReference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import (
    LayoutReference,
    Platform,
    RegistryReference,
    Route,
    checked_mirrors,
    is_loopback,
    parse_reference,
    route,
)
from hypothesis import given
from hypothesis import strategies as st

DIGEST = "sha256:" + "a1" * 32


@pytest.mark.parametrize(
    ("text", "host", "repository", "tag", "digest"),
    [
        ("public.ecr.aws/lambda/nodejs:20", "public.ecr.aws", "lambda/nodejs", "20", ""),
        ("docker://public.ecr.aws/lambda/nodejs:20", "public.ecr.aws", "lambda/nodejs", "20", ""),
        ("alpine", "docker.io", "library/alpine", "latest", ""),
        ("alpine:3", "docker.io", "library/alpine", "3", ""),
        ("amazon/aws-lambda-nodejs:20", "docker.io", "amazon/aws-lambda-nodejs", "20", ""),
        ("index.docker.io/alpine", "docker.io", "library/alpine", "latest", ""),
        ("localhost/app", "localhost", "app", "latest", ""),
        ("localhost:5000/a/b/c:x_1.2-3", "localhost:5000", "a/b/c", "x_1.2-3", ""),
        ("127.0.0.1:5000/app", "127.0.0.1:5000", "app", "latest", ""),
        ("[::1]:5000/app:1", "[::1]:5000", "app", "1", ""),
        (f"host.example/app@{DIGEST}", "host.example", "app", "", DIGEST),
        (f"host.example/app:1@{DIGEST}", "host.example", "app", "1", DIGEST),
        ("  host.example/app:1\n", "host.example", "app", "1", ""),
        ("HOST/app", "HOST", "app", "latest", ""),
    ],
)
def test_registry_references_as_docker_reads_them(text: str, host: str, repository: str, tag: str, digest: str) -> None:
    assert parse_reference(text) == RegistryReference(host, repository, tag, digest)


@pytest.mark.parametrize(
    ("text", "path", "tag", "digest"),
    [
        ("oci:/images/x", "/images/x", "", ""),
        ("oci:~nobody-of-this-name/x", "~nobody-of-this-name/x", "", ""),
        ("oci:/images/x:1.2", "/images/x", "1.2", ""),
        ("oci:x:host/name:tag", "x", "host/name:tag", ""),
        (f"oci:/images/x@{DIGEST}", "/images/x", "", DIGEST),
        (f"oci:/images/x:1@{DIGEST}", "/images/x", "1", DIGEST),
    ],
)
def test_layout_references(text: str, path: str, tag: str, digest: str) -> None:
    assert parse_reference(text) == LayoutReference(Path(path), tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "docker://",
        "host.example/",
        "host.example/UPPER:1",
        "host.example/app:",
        "host.example/app:bad tag",
        "host.example/app@sha256:123",
        "host.example/app@md5:aa",
        "host.example/app:1@",
        "a..b.example/app",
        "host.example:port/app",
        "app//x",
        "https://host.example/app",
        "host.example/" + "a" * 300,
        "host.example/../etc",
        "oci:",
        "oci:/x@sha256:12",
        "docker-archive:/x.tar",
        "docker-daemon:app:1",
        "app:1\0",
    ],
)
def test_a_reference_that_does_not_parse_is_said_so(text: str) -> None:
    with pytest.raises(BadReference) as failed:
        parse_reference(text)
    assert failed.value.hint
    assert len(failed.value.message) < 600


@pytest.mark.parametrize(
    "text",
    [
        "docker://user:canary@host.example/app:1",
        "user:can@ary@host.example/app",
        "user:canary@host.example/app@sha256:12",
        "docker-daemon:user:canary@host.example/app",
    ],
)
def test_a_password_in_a_reference_is_never_shown(text: str) -> None:
    with pytest.raises(BadReference) as failed:
        parse_reference(text)
    assert "***@host.example/app" in failed.value.message
    assert not re.search("canary|ary@|user", failed.value.message)


def test_what_is_wrong_with_a_digest_is_shown() -> None:
    with pytest.raises(BadReference, match="app@md5:aa"):
        parse_reference("host.example/app@md5:aa")


@given(st.text())
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        parsed = parse_reference(text)
    except BadReference:
        return
    assert parse_reference(str(parsed)) == parsed


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


def test_a_platform_reads_as_in_docker() -> None:
    assert str(Platform("linux", "arm64", "v8")) == "linux/arm64/v8"
