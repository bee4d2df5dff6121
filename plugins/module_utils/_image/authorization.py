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
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from threading import RLock
from urllib.parse import urlencode, urlsplit

from .credentials import FindLogin, Login, LoginUnavailable
from .errors import ImageError, RegistryDenied, RegistryFailed
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
    """Remembers, for each origin, its challenge, and for each (origin, scope) the token. Lives as long as one task.

    logins: who is asked for a login, each once a registry, the next one where the last one's login is refused. Several
    threads may ask at once; the first one fetches the token for all.
    """

    def __init__(self, http: Http, logins: Sequence[FindLogin], clock: Callable[[], float] = time.monotonic) -> None:
        self.notes: list[str] = []
        self._http = http
        self._find = logins
        self._clock = clock
        self._challenges: dict[str, Challenge] = {}
        self._tokens: dict[tuple[str, str], _Token] = {}
        self._logins: dict[str, Login | None] = {}
        self._others: dict[str, Iterator[Login]] = {}
        self._unavailable: dict[str, LoginUnavailable] = {}
        self._lock = RLock()

    def header(self, url: str, repository: str, login_name: str) -> dict[str, str]:
        """The header for the next request, with what is known so far; a token is fetched when one is due."""
        with self._lock:
            return self._header(url, repository, login_name)

    def answer(
        self, url: str, repository: str, login_name: str, status: int, challenge: str, sent: str, refusals: int
    ) -> bool:
        """Learn from a 401 or 403; whether another attempt makes sense.

        sent: the Authorization that was refused; refusals: how many came before this one.
        """
        with self._lock:
            if sent and sent != self._in_use(origin_of(url), repository):
                return True  # another thread was refused as well, and has learned from it
            return self._answer(url, repository, login_name, status, challenge, refusals)

    def explained(self, url: str, error: ImageError) -> ImageError:
        """A refusal, with what kept a login from being used."""
        if isinstance(error, RegistryDenied) and (why := self._unavailable.get(origin_of(url))):
            error.message, error.hint = f"{error.message} {why.message}", why.hint
        return error

    def _header(self, url: str, repository: str, login_name: str) -> dict[str, str]:
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

    def _in_use(self, origin: str, repository: str) -> str:
        challenge = self._challenges[origin]
        if challenge.scheme == "basic":
            login = self._logins.get(origin)
            return login.basic if login else ""
        token = self._tokens.get((origin, challenge.scope_for(repository)))
        return f"Bearer {token.value}" if token else ""

    def _answer(self, url: str, repository: str, login_name: str, status: int, challenge: str, refusals: int) -> bool:
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
        if known and (refused := self._login(origin, login_name)):
            return self._give_up(refused, origin, login_name) is not None or known.scheme == "bearer"
        return False

    def _login(self, origin: str, name: str) -> Login | None:
        if origin not in self._logins:
            self._others[origin] = self._logins_for(origin, name)
            self._logins[origin] = next(self._others[origin], None)
        return self._logins[origin]

    def _logins_for(self, origin: str, name: str) -> Iterator[Login]:
        for find in self._find:
            try:
                login = find(name)
            except LoginUnavailable as error:
                self._unavailable[origin] = error
                continue
            if login and not is_private(origin):
                self.notes.append(f"The {login.kind} for {name} was not used: {origin} is not protected by TLS.")
            elif login:
                yield login

    def _give_up(self, refused: Login, origin: str, name: str) -> Login | None:
        """Take the next login, or none: an expired one must not stop what everybody may read (public.ecr.aws refuses
        expired ones)."""
        following = self._logins[origin] = next(self._others[origin], None)
        self._tokens = {key: token for key, token in self._tokens.items() if key[0] != origin}
        instead = f"the {following.kind} was used" if following else "it was read anonymously"
        self.notes.append(f"The {refused.kind} for {name} was refused, so {instead}; log in again.")
        return following

    def _fetch(self, origin: str, challenge: Challenge, scope: str, name: str) -> _Token:
        login = self._login(origin, name)
        if login and not is_private(challenge.realm):
            self.notes.append(f"The {login.kind} for {name} was not used: the token realm is not protected by TLS.")
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
                self._give_up(login, origin, name)
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
