# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From references to sources: mirrors applied, one HTTP session and one set of tokens for a whole task."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from .authorization import Authorization
from .credentials import FindLogin, stored_login
from .http import Http
from .layout import LayoutSource
from .references import ImageReference, LayoutReference, RegistryReference, checked_mirrors, route
from .registry import RegistrySource
from .source import Source, Transfer


class Sources:
    """timeout: seconds to connect, and seconds without a byte, above 0. Raises BadReference for odd mirrors."""

    def __init__(
        self,
        transfer: Transfer,
        *,
        mirrors: Mapping[str, object],
        timeout: float,
        find_login: FindLogin = stored_login,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transfer = transfer
        self._mirrors = checked_mirrors(mirrors)
        self._timeout = timeout
        self._find_login = find_login
        self._sleep = sleep
        self._session: tuple[Http, Authorization] | None = None

    @property
    def notes(self) -> list[str]:
        return self._session[1].notes if self._session else []

    def open(self, reference: ImageReference) -> Source:
        if isinstance(reference, RegistryReference):
            found = route(reference, self._mirrors)
            if not isinstance(found, LayoutReference):
                http, authorization = self._web()
                return RegistrySource(reference.name, found, http, authorization)
            reference = found
        return LayoutSource(reference.path, self._transfer)

    def close(self) -> None:
        if self._session:
            self._session[0].close()

    def _web(self) -> tuple[Http, Authorization]:
        if self._session is None:
            http = Http(self._transfer, timeout=self._timeout, sleep=self._sleep)
            self._session = (http, Authorization(http, self._find_login))
        return self._session
