# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import BadReference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import (
    ArchiveReference,
    DaemonReference,
    LayoutReference,
    Platform,
    RegistryReference,
    parse_reference,
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
    ("text", "path", "chosen"),
    [
        ("docker-archive:/images/x.tar", "/images/x.tar", ""),
        ("docker-archive:x.tar:alpine", "x.tar", "docker.io/library/alpine:latest"),
        ("docker-archive:x.tar:host.example:5000/app:1", "x.tar", "host.example:5000/app:1"),
        ("docker-archive:x.tar:@12", "x.tar", "@12"),
    ],
)
def test_archive_references(text: str, path: str, chosen: str) -> None:
    parsed = parse_reference(text)
    assert parsed == ArchiveReference(Path(path), chosen)
    assert (parsed.name, parsed.wanted) == (f"docker-archive:{path}", chosen)


@pytest.mark.parametrize(
    ("text", "expected", "name", "wanted"),
    [
        (
            "docker-daemon:alpine",
            DaemonReference(RegistryReference("docker.io", "library/alpine", "latest")),
            "docker-daemon:docker.io/library/alpine",
            "docker.io/library/alpine:latest",
        ),
        (
            f"docker-daemon:host.example/app:1@{DIGEST}",
            DaemonReference(RegistryReference("host.example", "app", "1", DIGEST)),
            "docker-daemon:host.example/app",
            f"host.example/app@{DIGEST}",
        ),
        (f"docker-daemon:{DIGEST}", DaemonReference(None, DIGEST), f"docker-daemon:{DIGEST}", DIGEST),
    ],
)
def test_daemon_references(text: str, expected: DaemonReference, name: str, wanted: str) -> None:
    parsed = parse_reference(text)
    assert parsed == expected
    assert (parsed.name, parsed.wanted) == (name, wanted)


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
        "oci-archive:/x.tar",
        "dir:/x",
        "docker-archive:",
        "docker-archive::app:1",
        "docker-archive:/x.tar:UPPER",
        f"docker-archive:/x.tar:app@{DIGEST}",
        "docker-daemon:",
        "docker-daemon:sha256:12",
        "docker-daemon:UPPER:1",
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


def test_a_platform_reads_as_in_docker() -> None:
    assert str(Platform("linux", "arm64", "v8")) == "linux/arm64/v8"
