# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to send as Authorization: Basic, or a token from the realm that the registry names.

Sources: distribution, token specification (spec/auth/token.md) and OAuth2 (spec/auth/oauth.md); RFC 9110, 11.6.1.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from .credentials import FindLogin, Login
from .errors import RegistryDenied, RegistryFailed
from .http import Http, is_private, origin_of

_PARAMETER = re.compile(r'([a-zA-Z_]+)\s*=\s*"([^"]*)"')
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:-]+(?:/|$)")
_TOKEN_LIMIT = 1 << 20
# Tokens that say nothing of their end live 60 s (token.md); stop using one a little before.
_DEFAULT_LIFE, _MARGIN = 60.0, 5.0


@dataclass(frozen=True, slots=True)
class Challenge:
    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""

    def scope_for(self, repository: str) -> str:
        """public.ecr.aws has one scope for all; others want one for each repository."""
        return f"repository:{repository}:pull" if not self.scope or ":" in self.scope else self.scope


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    ends: float


class Authorization:
    """Remembers, for each origin, its challenge, and for each (origin, scope) the token. Lives as long as one task."""

    def __init__(self, http: Http, find_login: FindLogin, clock: Callable[[], float] = time.monotonic) -> None:
        self.notes: list[str] = []
        self._http = http
        self._find_login = find_login
        self._clock = clock
        self._challenges: dict[str, Challenge] = {}
        self._tokens: dict[tuple[str, str], _Token] = {}
        self._logins: dict[str, Login | None] = {}

    def header(self, url: str, repository: str, login_name: str) -> dict[str, str]:
        """The header for the next request, with what is known so far; a token is fetched when one is due."""
        origin = origin_of(url)
        challenge = self._challenges.get(origin)
        if challenge is None:
            return {}
        if challenge.scheme == "basic":
            login = self._login(origin, login_name)
            return {"Authorization": login.basic} if login else {}
        key = (origin, challenge.scope_for(repository))
        token = self._tokens.get(key)
        if token is None or token.ends <= self._clock():
            token = self._tokens[key] = self._fetch(origin, challenge, key[1], login_name)
        return {"Authorization": f"Bearer {token.value}"}

    def answer(self, url: str, repository: str, login_name: str, status: int, challenge: str, refusals: int) -> bool:
        """Learn from a 401 or 403; whether another attempt makes sense. `refusals`: how many came before this one."""
        origin = origin_of(url)
        if status == 401 and refusals == 0:
            learned = parse_challenge(challenge)
            if learned is None:
                return False
            self._challenges[origin] = learned
            if learned.scheme == "basic":
                return self._login(origin, login_name) is not None
            self._tokens.pop((origin, learned.scope_for(repository)), None)
            return True
        known = self._challenges.get(origin)
        if known and known.scheme == "bearer" and self._login(origin, login_name):
            self._go_anonymous(origin, login_name)
            return True
        return False

    def _login(self, origin: str, name: str) -> Login | None:
        if origin not in self._logins:
            login = self._find_login(name)
            if login and not is_private(origin):
                self.notes.append(f"The stored login for {name} was not used: {origin} is not protected by TLS.")
                login = None
            self._logins[origin] = login
        return self._logins[origin]

    def _go_anonymous(self, origin: str, name: str) -> None:
        """An expired login must not stop what everybody may read (public.ecr.aws refuses expired ones)."""
        self._logins[origin] = None
        self._tokens = {key: token for key, token in self._tokens.items() if key[0] != origin}
        self.notes.append(f"The stored login for {name} was refused, so it was read anonymously; log in again.")

    def _fetch(self, origin: str, challenge: Challenge, scope: str, name: str) -> _Token:
        login = self._login(origin, name)
        if login and not is_private(challenge.realm):
            self.notes.append(f"The stored login for {name} was not used: the token realm is not protected by TLS.")
            login = None
        query = {"service": challenge.service, "scope": scope}
        if login and login.identity_token:
            form = query | {"grant_type": "refresh_token", "refresh_token": login.identity_token}
            response = self._http.post(challenge.realm, form | {"client_id": "lambdaops.deploy"})
        else:
            joint = "&" if urlsplit(challenge.realm).query else "?"
            response = self._http.get(
                f"{challenge.realm}{joint}{urlencode({k: v for k, v in query.items() if v})}",
                {"Authorization": login.basic} if login else {},
            )
        with closing(response):
            if response.status_code in (400, 401, 403) and login:
                self._go_anonymous(origin, name)
                return self._fetch(origin, challenge, scope, name)
            where = f"The token service {origin_of(challenge.realm)} of {name}"
            if response.status_code in (401, 403):
                raise RegistryDenied(
                    f"{where} refuses a token for {scope} ({response.status_code}).",
                    hint="Check the repository's name, or log in with `docker login`.",
                )
            raw = self._http.body(response, _TOKEN_LIMIT)
        try:
            body = json.loads(raw)
            value = body.get("token") or body["access_token"]
            life = float(body.get("expires_in") or _DEFAULT_LIFE)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            raise RegistryFailed(f"{where} answers {response.status_code} without a token.") from None
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise RegistryFailed(f"{where} answers with a token that is no text.")
        return _Token(value, self._clock() + max(life - _MARGIN, 0.0))


def parse_challenge(header: str) -> Challenge | None:
    """`WWW-Authenticate` → Challenge; None when it names neither Bearer with a realm nor Basic."""
    for scheme in ("bearer", "basic"):
        if found := re.search(rf"(?:^|,)\s*{scheme}\b(.*)", header, re.IGNORECASE | re.DOTALL):
            values = {key.lower(): value for key, value in _PARAMETER.findall(found[1])}
            realm = values.get("realm", "")
            if scheme == "basic":
                return Challenge("basic")
            if _ADDRESS.match(realm):
                return Challenge("bearer", realm, values.get("service", ""), values.get("scope", ""))
    return None
