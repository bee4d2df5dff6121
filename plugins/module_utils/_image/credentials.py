# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Registry logins: given as options, or stored on this machine by `docker login` and credential helpers.

It sends nothing.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from .errors import BadReference, ImageError
from .references import DOCKER_HUB, valid_host

_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", DOCKER_HUB)


@dataclass(frozen=True, slots=True)
class Login:
    """A user name with a password, or an identity token (OAuth2 refresh token) alone; kind: as messages name it."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    kind: str = field(default="stored login", repr=False, compare=False)

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")


FindLogin: TypeAlias = Callable[[str], "Login | None"]


class LoginUnavailable(ImageError):
    """Whoever would give a login for a registry does not."""


def given_login(logins: Iterable[Mapping[str, object]]) -> FindLogin:
    """Logins as options name them: each with registry (host[:port]), username and password. Raises BadReference."""
    known = {}
    for login in logins:
        host, username, password = (str(login.get(key) or "") for key in ("registry", "username", "password"))
        if host in _HUB_KEYS:
            host = DOCKER_HUB
        if not valid_host(host):  # a wrong field may hold a password
            raise BadReference(
                "A registry of the given logins is not a registry host.", hint="Write it as references do: host[:port]."
            )
        if not username or not password:
            raise BadReference(
                f"The login for {host} lacks a user name or a password.",
                hint="Give both, or leave it out where `docker login` has stored one.",
            )
        known[host] = Login(username, password, kind="login that was given")
    return known.get


def stored_login(host: str) -> Login | None:
    """The login for a registry host, as docker would find it; None without one.

    With the docker SDK, its credential stores and helpers are asked; without it, only config.json is read.
    A store that is broken is a store without a login: most images can be read anonymously.
    """
    try:
        auth = importlib.import_module("docker.auth")
    except ImportError:
        return _from_config_file(host)
    try:
        with warnings.catch_warnings(action="ignore"):  # a helper that is missing
            entry = auth.load_config().resolve_authconfig(host)
    except Exception:  # credential helpers are other people's programs and fail in their own ways
        return None
    return _login({str(key).lower(): value for key, value in (entry or {}).items()})


def _from_config_file(host: str) -> Login | None:
    try:
        folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
        auths = json.loads((folder / "config.json").read_bytes())["auths"]
        for key in (host, f"https://{host}", *(_HUB_KEYS if host == DOCKER_HUB else ())):
            if entry := auths.get(key):
                username, _colon, password = base64.b64decode(entry.get("auth", "")).decode().partition(":")
                token = entry.get("identitytoken", "")
                return _login({"username": username, "password": password, "identitytoken": token})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError):  # RuntimeError: no home folder
        return None
    return None


def _login(entry: dict[str, object]) -> Login | None:
    username, password, token = (str(entry.get(key) or "") for key in ("username", "password", "identitytoken"))
    return Login(username, password, token) if token or (username and password) else None
