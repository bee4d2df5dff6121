# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a registry reference is really read: mirrors applied, plain HTTP or TLS decided. Nothing is fetched here."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .errors import BadReference
from .references import DOCKER_HUB, LayoutReference, RegistryReference, folder_at, is_repository, valid_host

_DOCKER_HUB_API = "registry-1.docker.io"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a registry reference is really read: `url` has no trailing slash; `login` names the stored login."""

    url: str
    repository: str
    login: str


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
        folder = folder_at(mirror.removeprefix("oci:"))
        # An image tagged only in the registry has no other name in a copy: its tag is the layout's tag.
        return LayoutReference(folder / reference.repository, reference.tag, reference.digest)
    scheme, separator, rest = mirror.rpartition("://")
    if mirror and (scheme not in ("", "http", "https") or (separator and not scheme)):
        raise _bad_mirror(reference.host, mirror)
    host, _slash, prefix = (rest or reference.host).partition("/")
    if not valid_host(host) or (prefix and not is_repository(prefix)):
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
