# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an image's name to the digest that Lambda will run, asked of a registry on this machine that may misbehave."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.digests import Digest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.errors import ImageUnusable
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.images import (
    Registries,
    image_digest,
    image_reference,
    read_image,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.subjects import image_in_registry
from ansible_collections.lambdaops.deploy.plugins.module_utils._image import ecr as ecr_of_aws
from ansible_collections.lambdaops.deploy.plugins.module_utils._image import http
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.credentials import Login
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import (
    BadDigest,
    BadReference,
    ManifestNotFound,
    RegistryUnreachable,
)
from botocore.stub import Stubber
from faulty_registry import Fault, Registry, serve
from lambdaops_testbed.images import oci

AMD = oci.image([oci.layer([oci.file("f", b"amd64")]), oci.layer([oci.file("g", b"top")])], "amd64")
ARM = oci.image([oci.layer([oci.file("f", b"arm64")])], "arm64")
SECRET = "canary-token"


def sha(digest: str) -> Digest:
    return Digest(bytes.fromhex(digest.removeprefix("sha256:")))


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry]:
    """orders:1 is an image, orders:attested an index of one platform, orders:2 of two."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    layout = oci.Layout()
    layout.add("1", AMD)
    layout.add("attested", oci.index([AMD]))
    layout.add("2", oci.index([AMD, ARM]))
    with serve(Registry({"team/orders": layout})) as running:
        yield running


@pytest.fixture
def name(registry: Registry) -> str:
    return f"{registry.host}/team/orders"


REGISTRIES = Registries(stored=lambda _host: None, sleep=lambda _seconds: None)


# --- what the name says


def test_a_digest_in_the_name_needs_no_request(registry: Registry, name: str) -> None:
    found = image_digest(f"{name}:1@{AMD.digest}", REGISTRIES)
    assert (found.digest, found.origin) == (sha(AMD.digest), "image_reference")
    assert registry.requests == []


def test_a_tag_is_asked_of_the_registry(registry: Registry, name: str) -> None:
    found = image_digest(f"{name}:1", REGISTRIES)
    assert (found.digest, found.origin, found.why) == (sha(AMD.digest), "registry", "")
    assert registry.paths() == ["/v2/team/orders/manifests/1"]


def test_mirrors_are_asked_instead(registry: Registry) -> None:
    mirrors = {"123456789012.dkr.ecr.eu-west-1.amazonaws.com": registry.host}
    uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/orders:1"
    assert image_digest(uri, Registries(mirrors)).digest == sha(AMD.digest)


@pytest.mark.parametrize(
    ("uri", "error", "says"),
    [
        ("", ImageUnusable, "image_uri is empty"),
        (" ", ImageUnusable, "image_uri is empty"),
        ("oci:folder:1", ImageUnusable, "names oci:folder:1, which is no image in a registry"),
        ("host.example/Orders:1", BadReference, "does not parse"),
        ("host.example/orders@sha256:12", BadReference, "its digest is not sha256:"),
    ],
)
def test_what_names_no_image_in_a_registry_is_refused(uri: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=re.escape(says)):
        image_reference(uri)


# --- indexes


def test_an_index_is_refused_with_the_images_in_it(name: str) -> None:
    with pytest.raises(ImageUnusable) as error:
        image_digest(f"{name}:2", REGISTRIES)
    assert error.value.message == (f"{name}:2 is an image index (for linux/amd64, linux/arm64), and Lambda takes none.")
    assert "--provenance=false" in error.value.hint
    assert f"{name}@{AMD.digest} for linux/amd64, {name}@{ARM.digest} for linux/arm64" in error.value.hint


def test_an_image_with_provenance_is_an_index_of_one_platform(name: str) -> None:
    with pytest.raises(ImageUnusable, match=r"is an image index \(for linux/amd64\), and Lambda takes none"):
        image_digest(f"{name}:attested", REGISTRIES)


def test_what_a_registry_has_is_told_apart(name: str) -> None:
    image = read_image(image_reference(f"{name}:1"), REGISTRIES)
    assert (image.is_index, image.digest, image.platforms) == (False, sha(AMD.digest), ())
    assert image.config == sha(json.loads(AMD.manifest)["config"]["digest"])
    assert len(image.layers) == 2
    index = read_image(image_reference(f"{name}:2"), REGISTRIES)
    assert (index.is_index, [digest for _name, digest in index.platforms]) == (True, [sha(AMD.digest), sha(ARM.digest)])


# --- troubles on the way


def test_a_missing_image_is_an_error(name: str) -> None:
    with pytest.raises(ManifestNotFound, match="does not have"):
        image_digest(f"{name}:3", REGISTRIES)


@pytest.mark.parametrize(
    ("status", "why"),
    [(401, "does not let you read"), (403, "does not let you read"), (503, "fails with 503"), (429, "429")],
)
def test_a_registry_that_does_not_answer_leaves_the_digest_unknown(
    registry: Registry, name: str, status: int, why: str
) -> None:
    registry.faults.append(Fault("manifests", times=99, status=status))
    found = image_digest(f"{name}:1", REGISTRIES)
    assert (found.digest, found.origin) == (None, None)
    assert why in found.why
    assert not found.why.endswith(".")


def test_a_registry_that_is_not_there_leaves_the_digest_unknown() -> None:
    found = image_digest("127.0.0.1:1/team/orders:1", REGISTRIES)
    assert found.digest is None
    assert "can't be reached" in found.why


def test_without_requests_the_digest_is_unknown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "requests", None)
    found = image_digest(f"{name}:1", REGISTRIES)
    assert found.digest is None
    assert "without the Python package requests" in found.why


def test_bytes_that_are_not_those_of_the_digest_are_an_error(registry: Registry, name: str) -> None:
    registry.faults.append(Fault("manifests", times=99, corrupt=True))
    with pytest.raises(BadDigest, match="was promised"):
        image_digest(f"{name}:1", REGISTRIES)


# --- logins


class Ecr:
    """ECR's answer to GetAuthorizationToken, checked by botocore; regions: those it was asked in."""

    def __init__(self) -> None:
        self.regions: list[str] = []
        self.client = boto3.client("ecr", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
        self.stub = Stubber(self.client)
        self.stub.activate()

    def __call__(self, region: str) -> Any:
        self.regions.append(region)
        return self.client

    def gives(self, token: str) -> None:
        encoded = base64.b64encode(token.encode()).decode()
        self.stub.add_response("get_authorization_token", {"authorizationData": [{"authorizationToken": encoded}]}, {})


@pytest.fixture
def private(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The registry stands for one of ECR: it asks for a login, and its name is one of ECR's."""
    registry.auth, registry.login = "basic", ("AWS", SECRET)
    monkeypatch.setattr(ecr_of_aws, "_HOST", re.compile(re.escape(registry.host) + "(?P<region>)"))
    return registry


def logins(ecr: Any, stored: Login | None = None) -> Registries:
    return Registries(ecr=ecr, stored=lambda _host: stored, sleep=lambda _seconds: None)


@pytest.mark.parametrize("stored", [None, Login("AWS", "ended")])
def test_ecr_is_asked_for_a_login_where_docker_has_none_that_is_good(
    private: Registry, name: str, stored: Login | None
) -> None:
    ecr = Ecr()
    ecr.gives(f"AWS:{SECRET}")
    assert image_digest(f"{name}:1", logins(ecr, stored)).digest == sha(AMD.digest)
    assert len(ecr.regions) == 1


def test_dockers_own_login_is_enough(private: Registry, name: str) -> None:
    ecr = Ecr()
    assert image_digest(f"{name}:1", logins(ecr, Login("AWS", SECRET))).digest == sha(AMD.digest)
    assert ecr.regions == []


@pytest.mark.parametrize("kind", ["refused", "odd answer", "no credentials", "wrong login"])
def test_without_a_login_the_digest_is_unknown_and_nothing_secret_is_said(
    private: Registry, name: str, kind: str
) -> None:
    ecr = Ecr()
    match kind:
        case "refused":
            ecr.stub.add_client_error("get_authorization_token", "AccessDeniedException", f"no {SECRET}", 400)
        case "odd answer":
            ecr.stub.add_response("get_authorization_token", {"authorizationData": []}, {})
        case "no credentials":
            ecr.stub.add_client_error("get_authorization_token", "UnrecognizedClientException", "", 400)
        case "wrong login":
            ecr.gives(f"AWS:not-{SECRET}")
    found = image_digest(f"{name}:1", logins(ecr))
    assert found.digest is None
    assert "does not let you read" in found.why
    assert ("ECR gives no login" in found.why) is (kind != "wrong login")
    assert SECRET not in found.why


def test_ecr_is_not_asked_for_other_registries(registry: Registry, name: str) -> None:
    registry.auth, registry.login = "basic", ("AWS", SECRET)
    ecr = Ecr()
    assert image_digest(f"{name}:1", logins(ecr)).digest is None
    assert ecr.regions == []


# --- as what a checksum is of


def test_an_image_is_known_with_its_parts(name: str) -> None:
    subject = image_in_registry(f"{name}:1", REGISTRIES)
    assert (subject.digest, subject.origin, subject.package_type) == (sha(AMD.digest), "registry", "Image")
    known = subject.closer(subject.known)
    assert known.config is not None
    assert len(known.layers) == 2
    assert set(known.named) == {f"{name}:1", "1"}


def test_of_an_index_with_one_platform_its_image_is_meant(name: str) -> None:
    subject = image_in_registry(f"{name}:attested", REGISTRIES)
    assert subject.digest == sha(AMD.digest)
    assert "Lambda takes none; it has" in subject.notes[0]
    assert subject.known.index not in (None, subject.digest)
    assert len(subject.closer(subject.known).layers) == 2


def test_an_index_with_several_platforms_has_no_digest(name: str) -> None:
    subject = image_in_registry(f"{name}:2", REGISTRIES)
    assert (subject.digest, subject.origin, subject.unknown) == (None, None, False)
    assert [digest for _name, digest in subject.known.platforms] == [sha(AMD.digest), sha(ARM.digest)]
    assert subject.closer(subject.known) == subject.known


def test_a_digest_is_looked_at_only_more_closely(registry: Registry, name: str) -> None:
    subject = image_in_registry(f"{name}@{AMD.digest}", REGISTRIES)
    assert (subject.digest, registry.requests) == (sha(AMD.digest), [])
    assert len(subject.closer(subject.known).layers) == 2
    missing = image_in_registry(f"{name}@sha256:{'0' * 64}", REGISTRIES)
    assert missing.closer(missing.known) == missing.known


def test_a_tag_that_can_not_be_asked_for_is_an_error() -> None:
    with pytest.raises(RegistryUnreachable):
        image_in_registry("127.0.0.1:1/team/orders:1", REGISTRIES)
