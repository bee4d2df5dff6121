# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Push OCI layouts to a registry on this machine, sending only what it does not have.

For registries of the testbed: plain HTTP, monolithic uploads, no retries.

Source: OCI distribution-spec, "Push".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests
from requests.auth import AuthBase

from ..errors import TestbedError

Auth = AuthBase | tuple[str, str] | None
_TAG = "org.opencontainers.image.ref.name"


@dataclass(frozen=True, slots=True)
class Pushed:
    """Tags that are now in the registry, requests made, bytes of blobs and manifests sent."""

    tags: int
    calls: int
    sent: int

    def __add__(self, other: Pushed) -> Pushed:
        return Pushed(self.tags + other.tags, self.calls + other.calls, self.sent + other.sent)


def push_all(folder: Path, url: str, auth: Auth = None) -> Pushed:
    """Push every layout below folder under the name of its path, with all its tags; repositories side by side."""
    layouts = [marker.parent for marker in sorted(folder.glob("**/oci-layout"))]
    if not layouts:
        raise TestbedError(f"{folder} holds no OCI layout to push: build the images first, with --out {folder}.")

    def push_layout(layout: Path) -> Pushed:
        return _push(layout, tags(layout), url, layout.relative_to(folder).as_posix(), auth)

    with ThreadPoolExecutor(max_workers=4) as pool:
        return sum(pool.map(push_layout, layouts), start=Pushed(0, 0, 0))


def tags(layout: Path) -> list[str]:
    manifests = json.loads((layout / "index.json").read_text())["manifests"]
    return [one["annotations"][_TAG] for one in manifests if _TAG in one.get("annotations", {})]


def push(layout: Path, tag: str, url: str, repository: str, auth: Auth = None) -> Pushed:
    """Push one tag with all that it leads to. url is http://host:port.

    Raises TestbedError when the layout lacks the tag, or the registry can't be reached or refuses.
    """
    return _push(layout, [tag], url, repository, auth)


def _push(layout: Path, wanted: list[str], url: str, repository: str, auth: Auth) -> Pushed:
    manifests = json.loads((layout / "index.json").read_text())["manifests"]
    known = {one["annotations"][_TAG]: one for one in manifests if _TAG in one.get("annotations", {})}
    with requests.Session() as session:
        session.trust_env = False  # neither a proxy nor a .netrc has a say on the loopback address
        session.auth = auth
        target = _Target(session, url.rstrip("/"), repository)
        for tag in wanted:
            if tag not in known:
                raise TestbedError(f"{layout} has no tag {tag}: it has {', '.join(known) or 'none'}.")
            top = known[tag]
            if target.digest(tag, top["mediaType"]) != top["digest"]:
                for descriptor, content in _upwards(layout, top):
                    target.send(descriptor, content)
                target.manifest(tag, top["mediaType"], _blob(layout, top))
        return Pushed(len(wanted), target.calls, target.sent)


def _blob(layout: Path, descriptor: dict[str, Any]) -> bytes:
    path = layout / "blobs" / str(descriptor["digest"]).replace(":", "/")
    return path.read_bytes()


def _upwards(layout: Path, descriptor: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Everything that a manifest leads to, then the manifest: what a registry accepts, in its order."""
    content = _blob(layout, descriptor)
    manifest = json.loads(content)
    for child in manifest.get("manifests", []):
        yield from _upwards(layout, child)
    for blob in [manifest["config"], *manifest["layers"]] if "layers" in manifest else []:
        yield blob, _blob(layout, blob)
    yield descriptor, content


@dataclass(slots=True)
class _Target:
    session: requests.Session
    url: str
    repository: str
    calls: int = 0
    sent: int = 0
    seen: set[str] = field(default_factory=set)

    def send(self, descriptor: dict[str, Any], content: bytes) -> None:
        digest, media_type = descriptor["digest"], descriptor["mediaType"]
        if digest in self.seen:
            return
        self.seen.add(digest)
        if "manifest" in media_type or "index" in media_type:
            if self.digest(digest, media_type) != digest:
                self.manifest(digest, media_type, content)
        elif self._request("HEAD", f"blobs/{digest}", (200, 404)).status_code == 404:
            begun = self._request("POST", "blobs/uploads/", (202,))
            place = urljoin(begun.url, begun.headers["Location"])
            headers = {"Content-Type": "application/octet-stream"}
            self._request("PUT", place, (201,), params={"digest": digest}, data=content, headers=headers)
            self.sent += len(content)

    def digest(self, reference: str, media_type: str) -> str | None:
        answer = self._request("HEAD", f"manifests/{reference}", (200, 404), headers={"Accept": media_type})
        return answer.headers.get("Docker-Content-Digest") if answer.status_code == 200 else None

    def manifest(self, reference: str, media_type: str, content: bytes) -> None:
        headers = {"Content-Type": media_type}
        self._request("PUT", f"manifests/{reference}", (201,), data=content, headers=headers)
        self.sent += len(content)

    def _request(self, method: str, path: str, expected: tuple[int, ...], **more: Any) -> requests.Response:
        url = path if path.startswith("http") else f"{self.url}/v2/{self.repository}/{path}"
        self.calls += 1
        try:
            answer = self.session.request(method, url, timeout=60, **more)
        except requests.RequestException as error:
            raise TestbedError(
                f"Registry {self.url} can't be reached for {self.repository} ({type(error).__name__}): is it up?"
            ) from error
        if answer.status_code not in expected:
            raise TestbedError(
                f"Registry {self.url} answered {method} {path.partition('?')[0]} of {self.repository} with "
                f"{answer.status_code} {answer.reason}.",
                answer.text[:500],
            )
        return answer
