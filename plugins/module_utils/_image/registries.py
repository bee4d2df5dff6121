# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From references to registries: mirrors and logins applied, one HTTP session and one set of tokens for a whole task.

Other transports are in transports.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from .authorization import Authorization
from .credentials import FindLogin, given_login, stored_login
from .ecr import EcrClient, ecr_login
from .http import Http
from .layout import LayoutSource
from .references import LayoutReference, RegistryReference
from .registry import RegistrySource
from .routes import checked_mirrors, route
from .source import Source, Transfer


class RegistrySources:
    """timeout: seconds to connect, and seconds without a byte, above 0.

    logins: dicts of registry, username and password; they come before what `find_login` finds, and that before what
    ECR gives. ecr_client: from a region to a botocore client; without it, private ECR is not asked for logins.
    Raises BadReference for odd mirrors and logins.
    """

    def __init__(
        self,
        transfer: Transfer,
        *,
        mirrors: Mapping[str, object],
        timeout: float,
        logins: Iterable[Mapping[str, object]] = (),
        find_login: FindLogin = stored_login,
        ecr_client: EcrClient | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transfer = transfer
        self._mirrors = checked_mirrors(mirrors)
        self._timeout = timeout
        self._logins = [given_login(logins), find_login, *([ecr_login(ecr_client)] if ecr_client else [])]
        self._sleep = sleep
        self._session: tuple[Http, Authorization] | None = None

    @property
    def notes(self) -> list[str]:
        return self._session[1].notes if self._session else []

    def repository(self, reference: RegistryReference) -> Source:
        """Where the reference is really read. Raises MissingRequests."""
        found = route(reference, self._mirrors)
        if isinstance(found, LayoutReference):
            return LayoutSource(found.path, self._transfer)
        if self._session is None:
            http = Http(self._transfer, timeout=self._timeout, sleep=self._sleep)
            self._session = (http, Authorization(http, self._logins))
        return RegistrySource(reference.name, found, *self._session)

    def close(self) -> None:
        if self._session:
            self._session[0].close()
