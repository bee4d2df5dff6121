# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GET and POST with bounded redirects, retries and counters. It knows nothing of registries or of logins.

Authorization is dropped when a redirect leaves the origin: a pre-signed URL refuses it, and it is not its business.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

try:
    import requests
except ImportError:  # registry images need it, layouts on disk do not; the module says so
    requests = None  # type: ignore[assignment]

from .errors import ImageError, RateLimited, RegistryFailed, RegistryUnreachable
from .routes import is_loopback
from .source import Transfer, read_up_to

ATTEMPTS = 4
_REDIRECTS = 5
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
# This machine is never behind a proxy; None takes away what the environment says.
_NO_PROXY: Any = {"http": None, "https": None, "all": None}


def origin_of(url: str) -> str:
    """scheme://host[:port], without a user name or password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def is_private(url: str) -> bool:
    """Whether a secret may be sent to `url`: over TLS, or to this machine."""
    return url.startswith("https://") or is_loopback(urlsplit(url).netloc)


class BodyCut(RegistryUnreachable):
    """A body that ends before its length, or that can't be decoded."""


class MissingRequests(ImageError):
    """The Python package requests is not installed."""


class Http:
    """timeout: seconds to connect, and seconds without a byte. sleep: seconds to wait."""

    def __init__(self, transfer: Transfer, *, timeout: float, sleep: Callable[[float], None]) -> None:
        self.transfer = transfer
        self._timeout = timeout
        self._sleep = sleep
        if requests is None:
            raise MissingRequests("Images in registries can't be read without the Python package requests.")
        self._session = requests.Session()
        # Without an auth of its own, requests would send what it finds in ~/.netrc.
        self._session.auth = _no_netrc
        self._session.headers["User-Agent"] = "lambdaops.deploy"
        # Digests are of the bytes as they are, and what is not decoded can't grow.
        self._session.headers["Accept-Encoding"] = "identity"

    def close(self) -> None:
        self._session.close()

    def get(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        """The answer, its body unread: whoever gets it closes it. 4xx other than 429 are answers, not errors.

        Raises RegistryUnreachable, RateLimited, RegistryFailed.
        """
        return self._attempt("GET", url, headers, None)

    def post(self, url: str, form: Mapping[str, str]) -> requests.Response:
        return self._attempt("POST", url, {}, form)

    def body(self, response: requests.Response, limit: int) -> bytes:
        """The body, at most `limit` bytes of it. Raises BodyCut if it breaks off, RegistryFailed if it is encoded."""
        try:
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise RegistryFailed(
                    f"{origin_of(response.url)} compresses an answer, although it was asked not to.",
                    hint="Check proxies and mirrors on the way.",
                )
            raw = read_up_to(lambda size: response.raw.read(size, decode_content=False), limit)
        except Exception as error:
            if not of_the_wire(error):
                raise
            raise BodyCut(f"An answer of {origin_of(response.url)} breaks off.", hint="Try again.") from None
        finally:
            response.close()
        self.transfer.count(size=len(raw))
        return raw

    def pause(self, attempt: int) -> None:
        """Wait before attempt number `attempt` + 1; jitter keeps parallel plays apart."""
        self._sleep(_FIRST_PAUSE * 2.0 ** (attempt - 1) * random.uniform(0.75, 1.25))

    def _attempt(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> requests.Response:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = self._follow(method, url, headers, form)
            except Exception as error:
                if not of_the_wire(error):
                    raise
                if attempt == ATTEMPTS or not _passing(error):
                    raise unreachable(url, error) from None  # its text may hold a pre-signed URL
                self.pause(attempt)
                continue
            if response.status_code != 429 and response.status_code < 500:
                return response
            response.close()
            asked = _retry_after(response.headers.get("Retry-After", ""))
            if attempt == ATTEMPTS or (asked or 0) > _LONGEST_PAUSE:
                raise _gave_up(url, response.status_code, attempt, asked)
            if asked is None:
                self.pause(attempt)
            else:
                self._sleep(asked)
        raise AssertionError("the last attempt returns or raises")

    def _follow(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> requests.Response:
        sent = dict(headers)
        for _hop in range(_REDIRECTS + 1):
            self.transfer.count(requests=1)
            response = self._send(method, url, sent, form)
            if not response.is_redirect:
                return response
            response.close()
            target = _target(url, response.headers["Location"])
            if origin_of(target) != origin_of(url):
                if form is not None:  # it holds a refresh token
                    raise RegistryFailed(f"{origin_of(url)} redirects a login to {origin_of(target)}.")
                sent.pop("Authorization", None)
            if response.status_code in (301, 302, 303):
                method, form = "GET", None
            url = target
        raise RegistryFailed(f"{origin_of(url)} redirects more than {_REDIRECTS} times.")

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> requests.Response:
        try:
            return self._session.request(
                method,
                url,
                headers=headers,
                data=form,
                timeout=self._timeout,
                stream=True,
                allow_redirects=False,
                proxies=_NO_PROXY if is_loopback(urlsplit(url).netloc) else None,
            )
        except (requests.RequestException, UnicodeError):
            raise
        except ValueError:  # requests looks at Location even where it does not follow it
            raise RegistryFailed(f"{origin_of(url)} redirects to what is no address.") from None


def _target(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
        safe = urlsplit(target).scheme in ("http", "https") and (is_private(target) or not is_private(url))
    except ValueError:
        raise RegistryFailed(f"{origin_of(url)} redirects to what is no address.") from None
    if not safe:
        raise RegistryFailed(f"{origin_of(url)} redirects to {origin_of(target)}, which is not protected by TLS.")
    return target


def of_the_wire(error: Exception) -> bool:
    """Whether the network or the peer is to blame: requests and sockets (OSError), urllib3 and http.client, which
    `raw` lets through, and host names that can't be encoded."""
    return isinstance(error, OSError | UnicodeError) or type(error).__module__.startswith(("urllib3.", "http."))


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _reason(error: BaseException) -> str:
    """The class name of what urllib3 met inside a requests exception."""
    inner: Any = error.args[0] if error.args else None
    return type(getattr(inner, "reason", inner)).__name__


def _passing(error: Exception) -> bool:
    """Whether a second attempt may mend it: connections that broke, not those that never stood."""
    if isinstance(error, requests.exceptions.SSLError | requests.exceptions.ProxyError | requests.ConnectTimeout):
        return False
    if isinstance(error, requests.ConnectionError):
        return _reason(error) not in ("NewConnectionError", "NameResolutionError")
    return isinstance(error, requests.Timeout)


def unreachable(url: str, error: Exception) -> RegistryUnreachable:
    match error:
        case requests.exceptions.SSLError():
            why, hint = "its TLS certificate or handshake is refused", "Put its CA into REQUESTS_CA_BUNDLE."
        case requests.exceptions.ProxyError():
            why, hint = "the proxy does not let it through", "Check HTTPS_PROXY and NO_PROXY."
        case requests.Timeout():
            why, hint = "it did not answer in time", "Raise `timeout`, or check the network and proxies."
        case requests.ConnectionError() if _reason(error) == "NameResolutionError":
            why, hint = "its name can't be resolved", "Check the name and DNS, or set `registry_mirrors`."
        case requests.ConnectionError() if _reason(error) == "NewConnectionError":
            why, hint = "the connection is refused", "Check host, port and firewall, or set `registry_mirrors`."
        case requests.ConnectionError():
            why, hint = "the connection breaks off", "Check proxies on the way, and try again."
        case _:
            why, hint = f"the request fails ({type(error).__name__})", "Check the reference and `registry_mirrors`."
    return RegistryUnreachable(f"The registry {origin_of(url)} can't be reached: {why}.", hint=hint)


def _retry_after(value: str) -> float | None:
    """Seconds asked for by Retry-After, a number or a date (RFC 9110, 10.2.3); None when it says nothing."""
    try:
        return max(0.0, float(int(value)))
    except (ValueError, OverflowError):
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _gave_up(url: str, status: int, attempts: int, asked: float | None) -> RateLimited | RegistryFailed:
    if status == 429:
        wish = f" and asks to wait {asked:.0f} s" if asked else ""
        return RateLimited(
            f"The registry {origin_of(url)} limits the rate (429, attempt {attempts}){wish}.",
            hint="Log in (`docker login`; public.ecr.aws allows ten times as much then), or use a mirror.",
        )
    return RegistryFailed(
        f"The registry {origin_of(url)} fails with {status} (attempt {attempts}).", hint="Try again later."
    )
