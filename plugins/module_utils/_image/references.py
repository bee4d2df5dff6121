# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Image references and platforms: what a user writes, parsed. Where a reference is really read is in routes.py."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from .digests import is_digest
from .errors import BadReference

DOCKER_HUB = "docker.io"

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_UNREADABLE = re.compile(r"(oci-archive|containers-storage|dir|ostree|sif):")
_ARCHIVE, _DAEMON = "docker-archive:", "docker-daemon:"
_POSITION = re.compile(r"@[0-9]{1,4}")


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


@dataclass(frozen=True, slots=True)
class ArchiveReference:
    """An image in what `docker save` wrote; chosen: `host/repository:tag`, `@N` by position, "" for the only one."""

    path: Path
    chosen: str = ""

    def __str__(self) -> str:
        return self.name + (f":{self.chosen}" if self.chosen else "")

    @property
    def name(self) -> str:
        return f"{_ARCHIVE}{self.path}"

    @property
    def wanted(self) -> str:
        return self.chosen


@dataclass(frozen=True, slots=True)
class DaemonReference:
    """An image that a local engine has: under the name that a registry would have it by, or by its ID."""

    image: RegistryReference | None
    id: str = ""

    def __str__(self) -> str:
        return f"{_DAEMON}{self.wanted}"

    @property
    def name(self) -> str:
        return f"{_DAEMON}{self.image.name if self.image else self.id}"

    @property
    def wanted(self) -> str:
        """As an engine is asked for it."""
        return engine_name(self.image) if self.image else self.id


ImageReference: TypeAlias = "RegistryReference | LayoutReference | ArchiveReference | DaemonReference"


def engine_name(reference: RegistryReference) -> str:
    """How engines are asked for an image: they take a tag or a digest, never both."""
    return f"{reference.name}@{reference.digest}" if reference.digest else f"{reference.name}:{reference.wanted}"


def _written(reference: RegistryReference | LayoutReference) -> str:
    tag, digest = reference.tag, reference.digest
    return reference.name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def parse_reference(text: str) -> ImageReference:
    """`[docker://]host/repository[:tag][@digest]`, `oci:PATH[:TAG][@DIGEST]`, `docker-archive:PATH[:NAME[:TAG]|:@N]`,
    `docker-daemon:NAME[:TAG|@DIGEST]` or `docker-daemon:sha256:ID`.

    Raises BadReference. Source: distribution/reference, grammar and the docker.io defaults;
    containers-transports(5) for the others.
    """
    text = text.strip()
    if text.startswith("oci:"):
        return _parse_layout(text)
    if text.startswith(_ARCHIVE):
        return _parse_archive(text)
    if text.startswith(_DAEMON):
        return _parse_daemon(text)
    if unsupported := _UNREADABLE.match(text):
        raise BadReference(
            f"The transport {unsupported[1]!r} of {_shown(text)!r} can't be read.",
            hint="Use docker://, oci:PATH, docker-archive:PATH or docker-daemon:NAME.",
        )
    return _parse_registry(text.removeprefix("docker://"), text)


def _parse_archive(text: str) -> ArchiveReference:
    path, _colon, chosen = text.removeprefix(_ARCHIVE).partition(":")
    if not path or "\0" in path:
        raise _unparsable(text, f"no file follows {_ARCHIVE}")
    if chosen and not _POSITION.fullmatch(chosen):
        named = _parse_registry(chosen, text)
        if named.digest:
            raise _unparsable(text, "an archive knows no digests of registries")
        chosen = str(named)
    return ArchiveReference(folder_at(path), chosen)


def _parse_layout(text: str) -> LayoutReference:
    rest, _at, digest = text.removeprefix("oci:").partition("@sha256:")
    path, _colon, tag = rest.partition(":")
    if digest:
        digest = f"sha256:{digest}"
        if not is_digest(digest):
            raise _unparsable(text, "its digest is not sha256: and 64 hexadecimal digits")
    if not path or "\0" in path:
        raise _unparsable(text, "no folder follows oci:")
    return LayoutReference(folder_at(path), tag, digest)


def _parse_daemon(text: str) -> DaemonReference:
    rest = text.removeprefix(_DAEMON)
    if not rest.startswith("sha256:"):
        return DaemonReference(_parse_registry(rest, text))
    if not is_digest(rest):
        raise _unparsable(text, "its ID is not sha256: and 64 hexadecimal digits")
    return DaemonReference(None, rest)


def folder_at(path: str) -> Path:
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
    if len(repository) > 255 or not is_repository(repository):
        raise _unparsable(
            text, f"{path.partition(':')[0][:100]!r} is not a repository name (lower case, digits, . _ - /)"
        )
    if colon and not is_tag(tag):
        raise _unparsable(text, f"{tag[:100]!r} is not a tag")
    return RegistryReference(host, repository, tag or ("" if digest else "latest"), digest)


def _unparsable(text: str, why: str) -> BadReference:
    return BadReference(
        f"The image reference {_shown(text)[:200]!r} does not parse: {why}.",
        hint="Write it as host/repository:tag, host/repository@sha256:<digest>, oci:PATH[:TAG], "
        "docker-archive:PATH[:NAME:TAG] or docker-daemon:NAME:TAG.",
    )


def _shown(text: str) -> str:
    """A reference without what stands before an @ that a host follows: it may be a password."""
    hidden, _at, rest = text.partition("@sha256:")[0].rpartition("@")
    return f"***{text[len(hidden) :]}" if hidden and set("/.") & set(rest) else text


def valid_host(text: str) -> bool:
    """host or host:port, as a registry host or a mirror's key."""
    labels = [] if text.startswith("[") else text.partition(":")[0].split(".")
    return _HOST.fullmatch(text) is not None and all(0 < len(label) < 64 for label in labels)


def is_repository(text: str) -> bool:
    return _REPOSITORY.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    return _TAG.fullmatch(text) is not None
