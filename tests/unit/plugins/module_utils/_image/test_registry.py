# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client against a real HTTP server; waiting is recorded instead of waited."""

from __future__ import annotations

import base64
import gzip
import json
import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image import ecr
from ansible_collections.lambdaops.deploy.plugins.module_utils._image import registry as registry_source
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import Cache
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.credentials import Login
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import (
    BadDigest,
    BadManifest,
    ImageError,
    ManifestNotFound,
    RateLimited,
    RegistryDenied,
    RegistryFailed,
    RegistryUnreachable,
    TagsUnlisted,
    TruncatedBlob,
    UnknownPlatform,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.image import Image, open_image
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import PLATFORMS, RegistryReference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer, read_document
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.transports import Sources
from botocore.stub import Stubber
from faulty_registry import Fault, Registry, serve
from lambdaops_testbed.images import oci


class Client:
    """Reads app:1 through the mirror `registry.test` of the server."""

    def __init__(self, registry: Registry, cache: Path, login: Login | None = None, **options: Any) -> None:
        self.registry = registry
        self.pauses: list[float] = []
        self.transfer = Transfer()
        self.cache = Cache(cache)
        self.asked_logins: list[str] = []
        self.login = login
        self.sources = Sources(
            self.transfer,
            mirrors={"registry.test": registry.url},
            timeout=5,
            find_login=self._find_login,
            sleep=self.pauses.append,
            **options,
        )

    def _find_login(self, host: str) -> Login | None:
        self.asked_logins.append(host)
        return self.login

    def open(self, tag: str = "1", repository: str = "app", digest: str = "", architecture: str = "x86_64") -> Image:
        reference = RegistryReference("registry.test", repository, "" if digest else tag, digest)
        return open_image(reference, self.sources.open(reference), PLATFORMS[architecture], self.cache)

    def tags(self, repository: str = "app") -> list[str]:
        return self.sources.open(RegistryReference("registry.test", repository)).tags()

    def layer(self) -> bytes:
        image = self.open()
        return read_document(image.source, image.manifest.layers[0], "layer")


MakeClient = Callable[..., Client]


@pytest.fixture
def client_of(tmp_path: Path) -> Iterator[MakeClient]:
    made: list[Client] = []

    def make(registry: Registry, **options: Any) -> Client:
        made.append(Client(registry, tmp_path / f"cache-{len(made)}", **options))
        return made[-1]

    yield make
    for client in made:
        client.sources.close()


@pytest.fixture
def client(registry: Registry, client_of: MakeClient) -> Client:
    return client_of(registry)


def refused(client: Client, kind: type[ImageError], *words: str, **where: str) -> str:
    with pytest.raises(kind) as failed:
        client.open(**where)
    text = str(failed.value)
    assert all(word in text for word in words), text
    assert failed.value.hint
    return text


def test_an_open_registry(client: Client, small_image: oci.Image) -> None:
    image = client.open()
    assert image.digest == small_image.digest
    assert client.transfer.requests == 2  # manifest and config
    assert client.transfer.size == sum(len(small_image.blobs[d]) for d in (image.digest, image.manifest.config.digest))
    assert client.asked_logins == []


def test_manifests_and_configs_by_digest_come_from_the_cache(client: Client) -> None:
    image = client.open()
    client.registry.requests.clear()
    client.open(digest=image.digest)
    client.open()
    assert client.registry.paths() == ["/v2/app/manifests/1"]


def test_an_index_is_followed(client: Client, small_image: oci.Image) -> None:
    layout = client.registry.layouts["app"]
    layout.add("multi", oci.index([small_image], types=oci.DOCKER))
    image = client.open("multi")
    assert image.digest == small_image.digest
    assert image.index_digest
    refused(client, UnknownPlatform, "linux/arm64/v8", "offers linux/amd64", tag="multi", architecture="arm64")


def test_a_registry_that_says_no_digest_is_hashed(client: Client, small_image: oci.Image) -> None:
    client.registry.digest_header = False
    assert client.open().digest == small_image.digest


@pytest.mark.parametrize("field", ["token", "access_token"])
def test_anonymous_tokens_one_for_each_repository(
    registry: Registry, client: Client, small_image: oci.Image, field: str
) -> None:
    registry.layouts["other"] = registry.layouts["app"]
    registry.auth, registry.token_field = "token", field
    client.open()
    client.open(repository="other")
    assert len(registry.paths("^/token")) == 2
    assert [r.path for r in registry.requests][:2] == [
        "/v2/app/manifests/1",
        "/token?service=test&scope=repository%3Aapp%3Apull",
    ]
    # The second repository's token is fetched before it is refused: the realm is known by then.
    assert registry.paths("other|other") == [
        "/token?service=test&scope=repository%3Aother%3Apull",
        "/v2/other/manifests/1",
    ]


def test_a_scope_for_the_whole_registry_needs_one_token(registry: Registry, client: Client) -> None:
    """public.ecr.aws: two images by tag, known by digest, are four requests."""
    registry.layouts["other"] = registry.layouts["app"]
    registry.auth, registry.scope = "token", "aws"
    client.open()
    before = client.transfer.requests
    client.open(repository="other")
    assert client.transfer.requests - before == 1
    assert len(registry.paths("^/token")) == 1


def test_a_token_that_ends_is_fetched_once_more(registry: Registry, client: Client) -> None:
    registry.auth = "token"
    client.open()
    registry.revoke_tokens()
    client.open()
    assert len(registry.paths("^/token")) == 2


def test_a_registry_that_refuses_every_token(registry: Registry, client: Client) -> None:
    registry.auth, registry.scope = "token", "something-else"
    registry.faults.append(Fault("/manifests/", times=99, status=401, headers={
        "WWW-Authenticate": f'Bearer realm="{registry.url}/token",service="test"'}))  # fmt: skip
    refused(client, RegistryDenied, "401", "docker login")
    assert len(registry.requests) < 6


def test_a_token_service_that_refuses(registry: Registry, client: Client) -> None:
    registry.auth, registry.anonymous_tokens = "token", False
    refused(client, RegistryDenied, "refuses a token", "docker login")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"token": ["x"]}',
        b'{"token": "a\\nb"}',
        b'{"token":"x","expires_in":"y"}',
        b'{"token":"\\u00e4"}',
        b'{"token":"x","expires_in":1' + b"0" * 400 + b"}",
        b"[" * 100_000,
    ],
)
def test_a_token_service_that_talks_nonsense(registry: Registry, client: Client, body: bytes) -> None:
    registry.auth = "token"
    registry.faults.append(Fault("^/token", status=200, body=body))
    with pytest.raises(RegistryFailed, match="token"):
        client.open()


LOGIN = Login("user", "pässword")


def test_basic_authentication(registry: Registry, client_of: MakeClient) -> None:
    registry.auth, registry.login = "basic", ("user", "pässword")
    client = client_of(registry, login=LOGIN)
    client.open()
    assert client.asked_logins == [registry.host]
    assert "Authorization" not in registry.requests[0].headers  # sent only to those who ask


def test_basic_authentication_without_a_login(registry: Registry, client: Client) -> None:
    registry.auth, registry.login = "basic", ("user", "x")
    refused(client, RegistryDenied, "401", "UNAUTHORIZED", "docker login")


def test_a_wrong_password_is_never_shown(registry: Registry, client_of: MakeClient) -> None:
    registry.auth, registry.login = "basic", ("user", "other")
    text = refused(client_of(registry, login=LOGIN), RegistryDenied, "401")
    assert "pässword" not in text
    assert "pässword" not in repr(LOGIN)


def test_a_token_with_a_login(registry: Registry, client_of: MakeClient) -> None:
    registry.auth, registry.login, registry.anonymous_tokens = "token", ("user", "pässword"), False
    client = client_of(registry, login=LOGIN)
    client.open()
    assert client.sources.notes == []


def test_a_token_with_an_identity_token(registry: Registry, client_of: MakeClient) -> None:
    registry.auth, registry.identity_token, registry.anonymous_tokens = "token", "refresh", False
    registry.token_field = "access_token"
    client_of(registry, login=Login(identity_token="refresh")).open()
    form = next(r.form for r in registry.requests if r.form)
    assert form["grant_type"] == ["refresh_token"]
    assert form["scope"] == ["repository:app:pull"]


@pytest.mark.parametrize("status", [307, 308])
def test_an_identity_token_stays_at_the_token_service(registry: Registry, client_of: MakeClient, status: int) -> None:
    registry.auth = "token"
    with serve(Registry()) as thief:
        registry.faults.append(Fault("^/token", status=status, headers={"Location": f"{thief.url}/token"}))
        with pytest.raises(RegistryFailed, match="redirects a login"):
            client_of(registry, login=Login(identity_token="refresh")).open()
        assert thief.requests == []


@pytest.mark.parametrize("scheme", ["Basic realm=x", 'Bearer realm="{}/token"'])
def test_a_challenge_of_whom_the_registry_redirects_to_gets_no_login(
    registry: Registry, client_of: MakeClient, scheme: str
) -> None:
    with serve(Registry()) as thief:
        challenge = {"WWW-Authenticate": scheme.format(thief.url)}
        thief.faults.append(Fault("/manifests/", times=99, status=401, headers=challenge))
        target = f"{thief.url}/v2/app/manifests/1"
        registry.faults.append(Fault("/manifests/", times=99, status=307, headers={"Location": target}))
        client = client_of(registry, login=LOGIN)
        refused(client, RegistryDenied, "401")
        assert [request.headers.get("Authorization") for request in thief.requests] == [None]
        assert client.asked_logins == []


def test_a_login_that_the_registry_echoes_is_not_shown(registry: Registry, client_of: MakeClient) -> None:
    registry.auth, registry.login = "basic", ("user", "pässword")
    echo = json.dumps({"errors": [{"code": "DENIED", "message": f"no {LOGIN.basic}!"}]}).encode()
    client = client_of(registry, login=LOGIN)
    client.open()
    registry.faults.append(Fault("/manifests/", times=99, status=403, body=echo))
    text = refused(client, RegistryDenied, "DENIED: no Basic ***!")
    assert LOGIN.basic.removeprefix("Basic ") not in text


@pytest.mark.parametrize("path", ["/manifests/", "^/token"])
def test_an_answer_that_is_compressed_is_refused_before_it_grows(registry: Registry, client: Client, path: str) -> None:
    registry.auth = "token"
    bomb = gzip.compress(bytes(50 << 20), 1)
    registry.faults.append(Fault(path, status=200, headers={"Content-Encoding": "gzip"}, body=bomb))
    with pytest.raises(RegistryFailed, match="compresses"):
        client.open()
    assert {request.headers["Accept-Encoding"] for request in registry.requests} == {"identity"}
    assert client.transfer.size < 1000


def test_an_error_page_that_is_compressed_is_still_that_error(registry: Registry, client: Client) -> None:
    registry.faults.append(Fault("/manifests/", status=404, headers={"Content-Encoding": "gzip"}, body=b"x"))
    refused(client, ManifestNotFound, "404")


def test_an_expired_login_is_left_out_and_said_so(registry: Registry, client_of: MakeClient) -> None:
    registry.auth, registry.login = "token", ("user", "new")
    client = client_of(registry, login=LOGIN)
    client.open()
    assert len(client.sources.notes) == 1
    assert "refused" in client.sources.notes[0]
    assert "pässword" not in client.sources.notes[0]


def test_a_login_that_only_the_registry_refuses_is_left_out(registry: Registry, client_of: MakeClient) -> None:
    """public.ecr.aws answers an expired login with 403 only when the image is asked for."""
    registry.auth, registry.login = "token", ("user", "pässword")
    challenge = f'Bearer realm="{registry.url}/token",service="test",scope="repository:app:pull"'
    registry.faults.append(Fault("/manifests/", status=401, headers={"WWW-Authenticate": challenge}))
    registry.faults.append(Fault("/manifests/", status=403))
    client = client_of(registry, login=LOGIN)
    client.open()
    assert len(client.sources.notes) == 1


# --- logins: what is given, then what is stored, then what ECR gives


def given(registry: Registry, password: str = "pässword", host: str = "") -> list[dict[str, object]]:
    return [{"registry": host or registry.host, "username": "user", "password": password}]


@pytest.mark.parametrize("auth", ["basic", "token"])
def test_a_login_that_is_given_comes_before_the_stored_one(
    registry: Registry, client_of: MakeClient, auth: str
) -> None:
    registry.auth, registry.login, registry.anonymous_tokens = auth, ("user", "pässword"), False
    client = client_of(registry, login=Login("stored", "x"), logins=given(registry))
    client.open()
    assert (client.asked_logins, client.sources.notes) == ([], [])


@pytest.mark.parametrize("auth", ["basic", "token"])
def test_where_the_given_login_is_refused_the_stored_one_is_used(
    registry: Registry, client_of: MakeClient, auth: str
) -> None:
    registry.auth, registry.login, registry.anonymous_tokens = auth, ("user", "pässword"), False
    client = client_of(registry, login=LOGIN, logins=given(registry, "wrong-canary"))
    client.open()
    assert client.asked_logins == [registry.host]
    (note,) = client.sources.notes
    assert f"The login that was given for {registry.host} was refused, so the stored login was used" in note
    assert "canary" not in note


def test_a_login_for_the_registry_that_a_mirror_stands_for_is_not_sent_to_the_mirror(
    registry: Registry, client_of: MakeClient
) -> None:
    registry.auth, registry.login = "basic", ("user", "pässword")
    refused(client_of(registry, logins=given(registry, host="registry.test")), RegistryDenied, "401")
    assert all("Authorization" not in request.headers for request in registry.requests)


@pytest.fixture
def ecr_host(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry has one of ECR's names."""
    monkeypatch.setattr(ecr, "_HOST", re.compile(re.escape(registry.host) + "(?P<region>)"))
    registry.auth, registry.login = "basic", ("AWS", "canary")


class EcrApi:
    """calls: how often a login was asked for; password: the one that it gives, None where it refuses."""

    def __init__(self, password: str | None) -> None:
        self.calls = 0
        self.client = boto3.client("ecr", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
        self.stub = Stubber(self.client)
        if password is None:
            self.stub.add_client_error("get_authorization_token", "AccessDeniedException", "canary", 400)
        else:
            token = base64.b64encode(f"AWS:{password}".encode()).decode()
            given = {"authorizationData": [{"authorizationToken": token}]}
            self.stub.add_response("get_authorization_token", given, {})
        self.stub.activate()

    def __call__(self, _region: str) -> Any:
        self.calls += 1
        return self.client


@pytest.mark.parametrize("stored", [None, Login("AWS", "ended")])
@pytest.mark.usefixtures("ecr_host")
def test_ecr_is_asked_once_for_a_task_and_only_where_no_other_login_is_good(
    registry: Registry, client_of: MakeClient, stored: Login | None
) -> None:
    api = EcrApi("canary")
    registry.layouts["other"] = registry.layouts["app"]
    client = client_of(registry, login=stored, ecr_client=api)
    client.open()
    client.open(repository="other")
    assert api.calls == 1
    good = client_of(registry, login=Login("AWS", "canary"), ecr_client=api)
    good.open()
    assert api.calls == 1


@pytest.mark.usefixtures("ecr_host")
def test_without_a_login_of_ecr_the_refusal_says_why(registry: Registry, client_of: MakeClient) -> None:
    client = client_of(registry, ecr_client=EcrApi(None))
    text = refused(client, RegistryDenied, "ECR gives no login (AccessDeniedException)", "ecr:BatchGetImage")
    assert "canary" not in text


def test_several_threads_fetch_one_token(registry: Registry, client: Client) -> None:
    registry.auth = "token"
    image = client.open()
    registry.revoke_tokens()
    descriptor = image.manifest.layers[0]
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda _: read_document(image.source, descriptor, "layer"), range(8)))
    assert set(read) == {registry.layouts["app"].blobs[descriptor.digest]}
    assert len(registry.paths("^/token")) <= 2 + 4


def test_threads_that_are_refused_together_go_on_anonymously_together(
    registry: Registry, client_of: MakeClient
) -> None:
    registry.auth, registry.login = "token", ("user", "pässword")
    client = client_of(registry, login=LOGIN)
    image = client.open()
    descriptor = image.manifest.layers[0]
    refused_one = registry.requests[-1].headers["Authorization"]
    registry.faults.append(Fault("/blobs/", times=99, status=403, authorization=refused_one))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: read_document(image.source, descriptor, "layer"), range(4)))
    assert len(client.sources.notes) == 1


# --- tags


@pytest.mark.parametrize("page", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "link",
    [
        '<{path}>; rel="next"',
        "<http://inner.example/proxied{path}>;rel=next",
        '</first>; rel="first", <{path}>; title="x"; REL="next"',
    ],
)
def test_tags_are_listed_page_by_page(
    registry: Registry, client: Client, small_image: oci.Image, page: int, link: str
) -> None:
    """Behind a proxy, a registry names itself by an address that leads nowhere: only the query counts."""
    for tag in ("2", "latest"):
        registry.layouts["app"].add(tag, small_image)
    registry.page, registry.link = page, link
    assert client.tags() == ["1", "2", "latest"]
    assert registry.paths("tags")[0] == "/v2/app/tags/list?n=1000"


def test_tags_need_the_same_token_as_manifests(registry: Registry, client: Client) -> None:
    registry.auth = "token"
    client.open()
    assert client.tags() == ["1"]
    assert len(registry.paths("^/token")) == 1


@pytest.mark.parametrize("body", [b'{"tags": null}', b'{"tags": []}', b'{"tags": ["../x", 3, "a b", ""]}'])
def test_what_could_be_no_tag_is_passed_over(registry: Registry, client: Client, body: bytes) -> None:
    registry.faults.append(Fault("/tags/", status=200, body=body))
    assert client.tags() == []


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (404, b"", ManifestNotFound, ("does not have the tags of registry.test/app",)),
        (405, b"", TagsUnlisted, ("does not list", "405", "Not every registry")),
        (501, b"", TagsUnlisted, ("does not list", "501")),
        (403, b"", RegistryDenied, ("403", "docker login")),
        (200, b"<html>", TagsUnlisted, ("something unexpected",)),
        (200, b"[]", TagsUnlisted, ("something unexpected",)),
    ],
)
def test_tags_that_are_not_listed(
    registry: Registry, client: Client, status: int, body: bytes, kind: type[ImageError], words: tuple[str, ...]
) -> None:
    registry.faults.append(Fault("/tags/", times=9, status=status, body=body))
    with pytest.raises(kind) as failed:
        client.tags()
    assert all(word in str(failed.value) for word in words), str(failed.value)


def test_pages_without_end_end(registry: Registry, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that tells nothing new is the last one; new ones are read up to a bound."""
    again = {"Link": "</v2/app/tags/list?last=1>; rel=next"}
    registry.faults.append(Fault("/tags/", times=99, status=200, headers=again, body=b'{"tags": ["1"]}'))
    assert client.tags() == ["1"]
    assert len(registry.paths("/tags/")) == 2
    registry.faults[0].body = json.dumps({"tags": [f"t{n}" for n in range(10_001)]}).encode()
    with pytest.raises(TagsUnlisted, match="more than 10000 tags"):
        client.tags()
    monkeypatch.setattr(registry_source, "_TAG_PAGES", 1)
    registry.faults[0].body = b'{"tags": ["1"]}'
    with pytest.raises(TagsUnlisted, match="more than 1 pages"):
        client.tags()


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, RegistryDenied, ("401", "docker login")),
        (403, RegistryDenied, ("403", "DENIED: no", "docker login")),
        (404, ManifestNotFound, ("404", "app:1", "tag")),
        (400, RegistryFailed, ("400",)),
        (418, RegistryFailed, ("418",)),
    ],
)
def test_refusals(
    registry: Registry, client: Client, status: int, kind: type[ImageError], words: tuple[str, ...]
) -> None:
    body = json.dumps({"errors": [{"code": "DENIED", "message": "no\x1b[31m"}]}).encode()
    registry.faults.append(Fault("/manifests/", status=status, body=body))
    with pytest.raises(kind) as failed:
        client.open()
    assert all(word in str(failed.value) for word in words)
    assert "\x1b" not in str(failed.value)
    assert client.pauses == []  # no waiting mends it


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"errors": []}', b'{"errors": {"0": 1}}', b'{"errors": [3]}']
)
def test_error_pages_of_any_kind(registry: Registry, client: Client, body: bytes) -> None:
    registry.faults.append(Fault("/manifests/", status=403, body=body))
    refused(client, RegistryDenied, "(403)")


def test_an_unknown_tag_and_an_unknown_repository(client: Client) -> None:
    refused(client, ManifestNotFound, "registry.test/app", "read from http://127.0.0.1", ":9", tag="9")
    refused(client, ManifestNotFound, "NAME_UNKNOWN", repository="missing")


def test_429_waits_as_long_as_it_is_told(registry: Registry, client: Client) -> None:
    registry.faults.append(Fault("/manifests/", status=429, headers={"Retry-After": "7"}))
    client.open()
    assert client.pauses == [7.0]


def test_429_without_a_hint_backs_off(registry: Registry, client: Client) -> None:
    registry.faults.append(Fault("/manifests/", times=3, status=429))
    client.open()
    assert client.pauses == sorted(client.pauses)
    assert len(client.pauses) == 3


def test_429_to_the_end(registry: Registry, client: Client) -> None:
    registry.faults.append(Fault("/manifests/", times=99, status=429))
    refused(client, RateLimited, "429", "attempt 4")
    assert len(registry.requests) == 4


def test_429_that_asks_for_too_long_fails_at_once(registry: Registry, client: Client) -> None:
    registry.faults.append(Fault("/manifests/", status=429, headers={"Retry-After": "3600"}))
    refused(client, RateLimited, "wait 3600 s")
    assert client.pauses == []


def test_retry_after_as_a_date_that_has_passed(registry: Registry, client: Client) -> None:
    registry.faults.append(Fault("/", status=503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}))
    client.open()
    assert client.pauses == [0.0]


@pytest.mark.parametrize("wish", ["9" * 400, "Wed, 21 Oct 99999999999 07:28:00 GMT"])
def test_retry_after_that_no_clock_has_is_no_hint(registry: Registry, client: Client, wish: str) -> None:
    registry.faults.append(Fault("/", status=503, headers={"Retry-After": wish}))
    client.open()
    assert len(client.pauses) == 1
    assert 0 < client.pauses[0] < 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_5xx_is_tried_again_and_then_said(registry: Registry, client: Client, status: int) -> None:
    registry.faults.append(Fault("/manifests/", times=2, status=status))
    client.open()
    registry.faults.append(Fault("/manifests/", times=99, status=status))
    refused(client, RegistryFailed, str(status), "attempt 4")


def test_a_connection_that_is_hung_up_is_tried_again(registry: Registry, client: Client) -> None:
    registry.faults.append(Fault("/manifests/", times=2, hang_up=True))
    client.open()
    registry.faults.append(Fault("/manifests/", times=99, hang_up=True))
    refused(client, RegistryUnreachable, "breaks off")


def test_nobody_listens(client_of: MakeClient) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = client_of(Registry(url=f"http://127.0.0.1:{port}"))
    refused(client, RegistryUnreachable, f"127.0.0.1:{port}", "connection is refused")
    assert client.pauses == []


def test_a_name_that_does_not_exist(client_of: MakeClient) -> None:
    refused(client_of(Registry(url="http://registry.invalid")), RegistryUnreachable, "name can't be resolved")


def test_a_port_that_does_not_exist(client_of: MakeClient) -> None:
    refused(client_of(Registry(url="http://127.0.0.1:99999")), RegistryUnreachable, "the request fails")


CHALLENGES = ["", "Negotiate", 'Bearer realm="ftp://x"', "Bearer", 'Bearer realm="http://["', "\u00e4"]


@pytest.mark.parametrize("challenge", CHALLENGES)
def test_challenges_that_cannot_be_answered(registry: Registry, client: Client, challenge: str) -> None:
    registry.faults.append(Fault("/manifests/", status=401, headers={"WWW-Authenticate": challenge}))
    refused(client, RegistryDenied, "401")


def test_a_registry_that_never_answers(client_of: MakeClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = client_of(Registry(url=f"http://127.0.0.1:{silent.getsockname()[1]}"))
        client.sources._timeout = 0.05
        refused(client, RegistryUnreachable, "did not answer in time", "timeout")


def test_no_tls_where_tls_is_wanted(registry: Registry, client_of: MakeClient) -> None:
    client = client_of(Registry(url=registry.url.replace("http://", "https://")))
    refused(client, RegistryUnreachable, "TLS")


def test_a_manifest_with_other_bytes(registry: Registry, client: Client) -> None:
    registry.faults.append(Fault("/manifests/", corrupt=True))
    refused(client, BadDigest, "app:1", "mirror")


def test_a_login_page_instead_of_a_manifest(registry: Registry, client: Client) -> None:
    registry.faults.append(Fault("/manifests/", status=200, body=b"<html>"))
    refused(client, BadManifest, "not JSON")


def test_a_manifest_without_end(registry: Registry, client: Client) -> None:
    registry.faults.append(Fault("/manifests/", status=200, body=b" " * (5 << 20)))
    with pytest.raises(BadManifest, match="larger than"):
        client.open()


def test_a_manifest_that_breaks_off_is_read_again(registry: Registry, client: Client) -> None:
    registry.faults.append(Fault("/manifests/", times=2, cut_after=10))
    client.open()
    assert len(client.pauses) == 2


def test_a_manifest_that_always_breaks_off(registry: Registry, client: Client) -> None:
    registry.faults.append(Fault("/manifests/", times=99, cut_after=10))
    refused(client, RegistryUnreachable, "breaks off")
    assert len(registry.requests) == 4


def test_a_token_that_breaks_off(registry: Registry, client: Client) -> None:
    registry.auth = "token"
    registry.faults.append(Fault("^/token", status=200, body=b'{"token": "x"}', cut_after=5))
    refused(client, RegistryUnreachable, "breaks off")


def test_a_proxy_is_not_asked_for_this_machine(
    registry: Registry, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    client.open()
    assert registry.requests


def test_a_blob_with_other_bytes(registry: Registry, client: Client) -> None:
    client.open()
    registry.faults.append(Fault("/blobs/", corrupt=True))
    with pytest.raises(BadDigest):
        client.layer()


@pytest.mark.parametrize("ranges", [True, False])
def test_a_blob_that_breaks_off_is_resumed(registry: Registry, client: Client, ranges: bool) -> None:
    expected = client.layer()
    client.open()
    registry.ranges = ranges
    registry.requests.clear()
    registry.faults.append(Fault("/blobs/", cut_after=50))
    registry.faults.append(Fault("/blobs/", hang_up=True))
    assert client.layer() == expected
    assert [r.headers.get("Range", "")[:9] for r in registry.requests if "/blobs/" in r.path][-1] == "bytes=50-"


def test_a_token_that_ends_while_a_blob_is_read(registry: Registry, client: Client) -> None:
    """The connection breaks, and by then the token is no longer good: the rest is read with a new one."""
    registry.auth = "token"
    expected = client.layer()
    registry.requests.clear()
    registry.faults.append(Fault("/blobs/", cut_after=50))
    challenge = f'Bearer realm="{registry.url}/token",service="test",scope="repository:app:pull"'
    registry.faults.append(Fault("/blobs/", status=401, headers={"WWW-Authenticate": challenge}))
    assert client.layer() == expected
    assert len(registry.paths("^/token")) == 1
    assert [r.headers.get("Range", "")[:9] for r in registry.requests if "/blobs/" in r.path][-1] == "bytes=50-"


def test_a_rate_that_is_limited_in_the_middle_of_a_blob(registry: Registry, client: Client) -> None:
    expected = client.layer()
    registry.faults.append(Fault("/blobs/", cut_after=50))
    registry.faults.append(Fault("/blobs/", status=429, headers={"Retry-After": "3"}))
    assert client.layer() == expected
    assert client.pauses[-1] == 3.0


def test_a_blob_that_stops_coming_is_asked_for_again(registry: Registry, client: Client) -> None:
    expected = client.layer()
    client.sources.close()
    client.sources._session = None
    client.sources._timeout = 0.1
    registry.requests.clear()
    registry.faults.append(Fault("/blobs/", stall_after=50))
    assert client.layer() == expected
    assert len(registry.paths("/blobs/")) == 2


def test_a_blob_that_always_breaks_off(registry: Registry, client: Client) -> None:
    client.open()
    registry.faults.append(Fault("/blobs/", times=99, cut_after=1))
    with pytest.raises(TruncatedBlob, match="4 times"):
        client.layer()
    assert len(registry.paths("/blobs/")) == 1 + 4


def test_a_blob_shorter_than_its_size(registry: Registry, client: Client, small_image: oci.Image) -> None:
    image = client.open()
    digest = image.manifest.layers[0].digest
    registry.layouts["app"].blobs[digest] = small_image.blobs[digest][:-7]
    with pytest.raises(TruncatedBlob):
        client.layer()


def test_a_redirect_to_another_host_goes_without_authorization(registry: Registry, client: Client) -> None:
    """Private ECR: blobs are pre-signed URLs of S3, which refuses an Authorization header."""
    registry.auth = "token"
    image = client.open()
    digest = image.manifest.layers[0].digest
    with serve(Registry(dict(registry.layouts))) as storage:
        target = f"{storage.url}/v2/app/blobs/{digest}"
        registry.faults.append(Fault(f"/blobs/{digest}", status=307, headers={"Location": target}))
        assert client.layer()
        assert [request.headers.get("Authorization") for request in storage.requests] == [None]
    assert registry.requests[-1].headers["Authorization"].startswith("Bearer ")


def test_a_redirect_on_the_same_host_keeps_authorization(registry: Registry, client: Client) -> None:
    registry.auth = "token"
    registry.layouts["moved"] = registry.layouts["app"]
    registry.scope = "all"
    client.open()
    registry.faults.append(Fault("/app/manifests/", status=307, headers={"Location": "/v2/moved/manifests/1"}))
    client.open()
    assert registry.requests[-1].headers["Authorization"].startswith("Bearer ")


@pytest.mark.parametrize(
    "target", ["http://registry.invalid/x?X-Amz-Signature=canary", "file:///etc/passwd", "ftp://x/y", "http://["]
)
def test_a_redirect_that_leaves_safety_is_refused(registry: Registry, client: Client, target: str) -> None:
    registry.faults.append(Fault("/manifests/", status=302, headers={"Location": target}))
    with pytest.raises(RegistryFailed) as failed:
        client.open()
    assert "canary" not in str(failed.value)


def test_a_pre_signed_url_is_never_shown(registry: Registry, client: Client) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    target = f"http://127.0.0.1:{port}/x?X-Amz-Signature=canary"
    registry.faults.append(Fault("/manifests/", status=307, headers={"Location": target}))
    with pytest.raises(RegistryUnreachable) as failed:
        client.open()
    assert "canary" not in str(failed.value)
    assert failed.value.__cause__ is None


def test_redirects_in_a_circle(registry: Registry, client: Client) -> None:
    registry.faults.append(Fault("/", times=99, status=302, headers={"Location": "/v2/app/manifests/1"}))
    with pytest.raises(RegistryFailed, match="more than 5 times"):
        client.open()


def test_netrc_is_not_sent(registry: Registry, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    client.open()
    assert all("Authorization" not in request.headers for request in registry.requests)
