# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Image references, mirrors and platforms: what a user writes, parsed; what will be contacted, decided.

It parses and routes only; nothing is fetched here.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from .digests import is_digest
from .errors import BadReference

DOCKER_HUB = "docker.io"
_DOCKER_HUB_API = "registry-1.docker.io"

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_TRANSPORT = re.compile(r"(docker-daemon|docker-archive|oci-archive|containers-storage|dir|ostree|sif):")


@dataclass(frozen=True, slots=True)
class Platform:
    """os/architecture[/variant], in the words of OCI image-spec, image-index.md."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


# Lambda says x86_64 and arm64; images say amd64 and arm64, with or without the variant v8.
PLATFORMS: Mapping[str, Platform] = {
    "x86_64": Platform("linux", "amd64"),
    "arm64": Platform("linux", "arm64", "v8"),
}


@dataclass(frozen=True, slots=True)
class RegistryReference:
    """An image in a registry. With a digest, the tag is only a name for people, as in docker."""

    host: str
    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        return _written(self)

    @property
    def name(self) -> str:
        return f"{self.host}/{self.repository}"

    @property
    def wanted(self) -> str:
        return self.digest or self.tag or "latest"


@dataclass(frozen=True, slots=True)
class LayoutReference:
    """An image in an OCI layout on disk; without tag and digest, the only one there."""

    path: Path
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        return _written(self)

    @property
    def name(self) -> str:
        return f"oci:{self.path}"

    @property
    def wanted(self) -> str:
        return self.digest or self.tag


ImageReference: TypeAlias = "RegistryReference | LayoutReference"


def _written(reference: ImageReference) -> str:
    tag, digest = reference.tag, reference.digest
    return reference.name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a registry reference is really read: `url` has no trailing slash; `login` names the stored login."""

    url: str
    repository: str
    login: str


def parse_reference(text: str) -> ImageReference:
    """`[docker://]host/repository[:tag][@digest]` or `oci:PATH[:TAG][@DIGEST]`.

    Raises BadReference. Source: distribution/reference, grammar and the docker.io defaults;
    containers-transports(5) for `oci:`.
    """
    text = text.strip()
    if text.startswith("oci:"):
        return _parse_layout(text)
    if unsupported := _TRANSPORT.match(text):
        raise BadReference(
            f"The transport {unsupported[1]!r} of {_shown(text)!r} can't be read.", hint="Use docker:// or oci:PATH."
        )
    return _parse_registry(text.removeprefix("docker://"), text)


def _parse_layout(text: str) -> LayoutReference:
    rest, _at, digest = text.removeprefix("oci:").partition("@sha256:")
    path, _colon, tag = rest.partition(":")
    if digest:
        digest = f"sha256:{digest}"
        if not is_digest(digest):
            raise _unparsable(text, "its digest is not sha256: and 64 hexadecimal digits")
    if not path or "\0" in path:
        raise _unparsable(text, "no folder follows oci:")
    return LayoutReference(_folder(path), tag, digest)


def _folder(path: str) -> Path:
    return Path(os.path.expanduser(path))  # unlike Path.expanduser, it leaves unknown users alone


def _parse_registry(rest: str, text: str) -> RegistryReference:
    rest, at, digest = rest.partition("@")
    if at and not is_digest(digest):
        raise _unparsable(text, "its digest is not sha256: and 64 hexadecimal digits")
    first, slash, path = rest.partition("/")
    if slash and (set(".:[") & set(first) or first == "localhost" or first != first.lower()):
        host = DOCKER_HUB if first == "index.docker.io" else first
    else:
        host, path = DOCKER_HUB, rest
    repository, colon, tag = path.partition(":")
    if host == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    if not valid_host(host):
        raise _unparsable(text, f"{host[:100]!r} is not a registry host")
    if len(repository) > 255 or not _REPOSITORY.fullmatch(repository):
        raise _unparsable(
            text, f"{path.partition(':')[0][:100]!r} is not a repository name (lower case, digits, . _ - /)"
        )
    if colon and not _TAG.fullmatch(tag):
        raise _unparsable(text, f"{tag[:100]!r} is not a tag")
    return RegistryReference(host, repository, tag or ("" if digest else "latest"), digest)


def _unparsable(text: str, why: str) -> BadReference:
    return BadReference(
        f"The image reference {_shown(text)[:200]!r} does not parse: {why}.",
        hint="Write it as host/repository:tag, host/repository@sha256:<digest>, or oci:PATH[:TAG].",
    )


def _shown(text: str) -> str:
    """A reference without what stands before an @ that a host follows: it may be a password."""
    hidden, _at, rest = text.partition("@sha256:")[0].rpartition("@")
    return f"***{text[len(hidden) :]}" if hidden and set("/.") & set(rest) else text


def valid_host(text: str) -> bool:
    """host or host:port, as a registry host or a mirror's key."""
    labels = [] if text.startswith("[") else text.partition(":")[0].split(".")
    return _HOST.fullmatch(text) is not None and all(0 < len(label) < 64 for label in labels)


def checked_mirrors(mirrors: Mapping[str, object]) -> dict[str, str]:
    """Mirrors as a user wrote them. Raises BadReference for a key that no reference could have as its host."""
    for host, mirror in mirrors.items():
        if not valid_host(host):
            raise BadReference(
                f"{host[:100]!r} in the mirrors is not a registry host.", hint="Write it as references do: host[:port]."
            )
        if not isinstance(mirror, str) or not mirror or not mirror.isprintable():
            raise _bad_mirror(host, str(mirror))
    return {host: str(mirror) for host, mirror in mirrors.items()}


def is_loopback(host: str) -> bool:
    """Whether `host[:port]` can only be this machine: plain HTTP and credentials are harmless there."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def route(reference: RegistryReference, mirrors: Mapping[str, str]) -> Route | LayoutReference:
    """Where to read `reference`, after `mirrors` (host → `host[/prefix]`, `http://host[/prefix]` or `oci:FOLDER`).

    Plain HTTP is used for loopback hosts and where the mirror says http://, never otherwise. Below `oci:FOLDER`
    the layout of an image is FOLDER/<repository>.
    """
    mirror = mirrors.get(reference.host, "").rstrip("/")
    if mirror.startswith("oci:"):
        folder = _folder(mirror.removeprefix("oci:"))
        # An image tagged only in the registry has no other name in a copy: its tag is the layout's tag.
        return LayoutReference(folder / reference.repository, reference.tag, reference.digest)
    scheme, separator, rest = mirror.rpartition("://")
    if mirror and (scheme not in ("", "http", "https") or (separator and not scheme)):
        raise _bad_mirror(reference.host, mirror)
    host, _slash, prefix = (rest or reference.host).partition("/")
    if not valid_host(host) or (prefix and not _REPOSITORY.fullmatch(prefix)):
        raise _bad_mirror(reference.host, mirror)
    if not scheme:
        scheme = "http" if is_loopback(host) else "https"
    api = _DOCKER_HUB_API if host == DOCKER_HUB else host
    return Route(f"{scheme}://{api}", f"{prefix}/{reference.repository}".lstrip("/"), host)


def _bad_mirror(host: str, mirror: str) -> BadReference:
    # A mirror may carry a password before an @, which must not be shown.
    shown = mirror.rpartition("@")[2]
    return BadReference(
        f"The mirror {shown!r} of {host} does not parse.",
        hint="Write a mirror as host[:port][/prefix], http://host[:port][/prefix] or oci:FOLDER.",
    )
