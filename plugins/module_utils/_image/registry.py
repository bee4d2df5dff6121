# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repository of a registry as a Source: manifests and blobs, verified, resumed, with errors that say what to do.

Source: OCI distribution-spec, "Pull" and "Content Discovery". Pushing is not here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .._errors import printable
from .authorization import Authorization
from .digests import digest_of, is_digest, require_match
from .errors import (
    BadManifest,
    ImageError,
    ManifestNotFound,
    RegistryDenied,
    RegistryFailed,
    TagsUnlisted,
    TruncatedBlob,
)
from .http import ATTEMPTS, BodyCut, Http, of_the_wire, origin_of
from .manifests import ACCEPTED, Descriptor
from .references import is_tag
from .routes import Route
from .source import DOCUMENT_LIMIT, ByteStream, Document

if TYPE_CHECKING:
    import requests


# The challenge, three kinds of logins, anonymous, and tokens that end meanwhile.
_REFUSALS = 6
_TAG_PAGE, _TAG_PAGES, _TAGS = 1000, 100, 10_000
_NEXT = re.compile(r"<([^<>]*)>\s*;[^,]*\brel\s*=\s*\"?next\b", re.IGNORECASE)


class RegistrySource:
    """`name` is what the user wrote, `route` where it is read; a mirror is named in messages too."""

    def __init__(self, name: str, route: Route, http: Http, authorization: Authorization) -> None:
        self._shown = name
        self._route = route
        self._http = http
        self._authorization = authorization
        self._base = f"{route.url}/v2/{route.repository}"

    @property
    def name(self) -> str:
        return self._named("")

    def _named(self, suffix: str) -> str:
        direct = self._shown == f"{self._route.login}/{self._route.repository}"
        mirror = "" if direct else f" (read from {self._route.url}/{self._route.repository})"
        return f"{self._shown}{suffix}{mirror}"

    def manifest(self, wanted: str) -> Document:
        label = self._named(f"@{wanted}" if is_digest(wanted) else f":{wanted}")
        for attempt in range(1, ATTEMPTS + 1):
            response = self.get(f"{self._base}/manifests/{wanted}", {"Accept": ", ".join(ACCEPTED)}, label)
            try:
                raw = self._http.body(response, DOCUMENT_LIMIT + 1)
            except BodyCut:
                if attempt == ATTEMPTS:
                    raise
                self._http.pause(attempt)
                continue
            if len(raw) > DOCUMENT_LIMIT:
                raise BadManifest(f"The manifest of {label} is larger than {DOCUMENT_LIMIT} bytes.")
            digest = digest_of(raw)
            promised = wanted if is_digest(wanted) else response.headers.get("Docker-Content-Digest", "")
            if is_digest(promised):
                require_match(digest, promised, f"The manifest of {label}")
            return Document(raw, digest, response.headers.get("Content-Type", ""))
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def blob(self, descriptor: Descriptor) -> Iterator[ByteStream]:
        stream = _BlobStream(self, f"{self._base}/blobs/{descriptor.digest}", descriptor, self._http)
        try:
            yield stream
        finally:
            stream.close()

    def tags(self) -> list[str]:
        """All tags of the repository, page by page; at most 10,000. Raises TagsUnlisted beyond that."""
        label = f"the tags of {self.name}"
        found: dict[str, None] = {}
        query = f"n={_TAG_PAGE}"
        for _page in range(_TAG_PAGES):
            response = self._tag_page(query, label)
            raw = self._http.body(response, DOCUMENT_LIMIT + 1)
            before = len(found)
            found |= dict.fromkeys(_tags_in(raw, label))
            if len(found) > _TAGS:
                raise TagsUnlisted(f"{self.name} has more than {_TAGS} tags; so many are not searched.")
            following = _NEXT.search(response.headers.get("Link", ""))
            if not following or len(found) == before:
                return list(found)
            # Its query alone: behind a proxy, registries name themselves by other schemes, hosts and paths.
            query = urlsplit(following[1]).query
        raise TagsUnlisted(f"{self.name} lists its tags in more than {_TAG_PAGES} pages; so many are not read.")

    def _tag_page(self, query: str, label: str) -> requests.Response:
        try:
            return self.get(f"{self._base}/tags/list?{query}", {}, label)
        except RegistryFailed as error:
            raise TagsUnlisted(  # pylint: disable=bad-exception-cause
                f"The registry does not list {label}: {error.message}",
                hint="Not every registry lists tags; name the tags, or read from another mirror.",
            ) from error

    def get(self, url: str, headers: dict[str, str], label: str) -> requests.Response:
        """The body of a 200 or 206, unread. Raises what a person can act on for all else."""
        repository, login = self._route.repository, self._route.login
        for refusals in range(_REFUSALS):
            authorization = self._authorization.header(url, repository, login)
            response = self._http.get(url, headers | authorization)
            if response.status_code in (200, 206):
                return response
            sent = authorization.get("Authorization", "")
            words = self._words(response, sent.rpartition(" ")[2])
            if origin_of(response.url) != origin_of(url):
                break  # a challenge of whom the registry redirects to gets no login
            challenge = response.headers.get("WWW-Authenticate", "")
            if response.status_code not in (401, 403) or not self._authorization.answer(
                url, repository, login, response.status_code, challenge, sent, refusals
            ):
                break
        raise self._authorization.explained(url, _refusal(response.status_code, label, words))

    def _words(self, response: requests.Response, secret: str) -> str:
        """The registry's own words: code and message of its first error, printable, short and without `secret`."""
        try:
            first = json.loads(self._http.body(response, 1 << 16))["errors"][0]
            text = f"{first.get('code', '')}: {first.get('message', '')}"
        except (ImageError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            return ""  # whatever an error page holds, the status says enough
        text = printable(text)
        return (text.replace(secret, "***") if secret else text)[:200].strip(": ")


class _BlobStream:
    """Resumes with Range where a connection breaks, at most ATTEMPTS times for one blob."""

    def __init__(self, source: RegistrySource, url: str, descriptor: Descriptor, http: Http) -> None:
        self._source = source
        self._url = url
        self._size = descriptor.size
        self._label = f"blob {descriptor.digest} of {source.name}"
        self._http = http
        self._position = 0
        self._failures = 0
        self._response: requests.Response | None = None

    def read(self, size: int, /) -> bytes:
        while self._position < self._size:
            wanted = min(size, self._size - self._position)
            try:
                if self._response is None:
                    self._response = self._open()
                part: bytes = self._response.raw.read(wanted, decode_content=False)
            except Exception as error:
                if not of_the_wire(error):
                    raise
                part = b""
            if part:
                self._position += len(part)
                self._http.transfer.count(size=len(part))
                return part
            self._resume()
        return b""

    def close(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None

    def _resume(self) -> None:
        self.close()
        self._failures += 1
        if self._failures == ATTEMPTS:
            raise TruncatedBlob(
                f"The {self._label} breaks off after {self._position} of {self._size} bytes, {ATTEMPTS} times.",
                hint="Try again; if it stays so, push or copy the image to the registry again.",
            )
        self._http.pause(self._failures)

    def _open(self) -> requests.Response:
        start = self._position
        headers = {"Range": f"bytes={start}-{self._size - 1}"} if start else {}
        response = self._source.get(self._url, headers, self._label)
        if start and response.status_code == 200:  # the server does not know Range: pass over what is known
            left = start
            while left and (part := response.raw.read(min(left, 1 << 16), decode_content=False)):
                left -= len(part)
                self._http.transfer.count(size=len(part))
        elif start and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            response.close()
            raise RegistryFailed(f"The registry answers a part of the {self._label} that was not asked for.")
        return response


def _tags_in(raw: bytes, label: str) -> list[str]:
    """What could be no tag is passed over: tags become parts of addresses."""
    try:
        tags = json.loads(raw)["tags"]
        return [tag for tag in tags or [] if isinstance(tag, str) and is_tag(tag)]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise TagsUnlisted(f"The registry answers {label} with something unexpected.") from None


def _refusal(status: int, label: str, words: str) -> ImageError:
    said = f" ({status}, {words})" if words else f" ({status})"
    match status:
        case 401 | 403:
            return RegistryDenied(
                f"The registry does not let you read {label}{said}.",
                hint="Log in with `docker login`, ask for pull rights, or check the name: many registries answer "
                "so for repositories that do not exist.",
            )
        case 404:
            return ManifestNotFound(f"The registry does not have {label}{said}.", hint="Check repository and tag.")
        case _:
            return RegistryFailed(f"The registry answers {label} with something unexpected{said}.")
