# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real browser for tests of pages: Chromium, told what to do by ChromeDriver over HTTP.

Source: W3C WebDriver, and ChromeDriver's own command `goog/cdp/execute` for the Chrome DevTools Protocol.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from bed import free_port
from lambdaops_testbed.debian import require

# As root there is no sandbox; the rest keeps the browser from looking for hosts that have nothing to do with a page.
_ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


class Browser:
    def __init__(self, driver: str, profile: Path) -> None:
        self._http = requests.Session()
        self._http.trust_env = False
        options = {
            "binary": str(require("chromium", "chromium")),
            "args": [*_ARGUMENTS, f"--user-data-dir={profile}"],
        }
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        self._session = f"{driver}/session"
        answer = self._post("", {"capabilities": {"alwaysMatch": wanted}})
        self._session += f"/{answer['sessionId']}"

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._http.post(f"{self._session}{path}", json=body, timeout=60)
        value = answer.json()["value"]
        assert answer.ok, value
        return value

    def open(self, path: Path) -> None:
        self._post("/url", {"url": path.as_uri()})

    def run(self, script: str, *arguments: Any) -> Any:
        """What the body of a function returns, in the page."""
        return self._post("/execute/sync", {"script": script, "args": list(arguments)})

    def tell(self, command: str, **parameters: Any) -> Any:
        """A command of the Chrome DevTools Protocol."""
        return self._post("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def resize(self, width: int, height: int = 900) -> None:
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def prefer(self, scheme: str) -> None:
        self.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def type(self, selector: str, text: str) -> None:
        """Keys, as a person would press them."""
        [element] = self._post("/element", {"using": "css selector", "value": selector}).values()
        self._post(f"/element/{element}/clear", {})
        self._post(f"/element/{element}/value", {"text": text})

    def click(self, selector: str) -> None:
        [element] = self._post("/element", {"using": "css selector", "value": selector}).values()
        self._post(f"/element/{element}/click", {})

    def complaints(self) -> list[str]:
        """What it wrote to its console since it was last asked."""
        return [entry["message"] for entry in self._post("/se/log", {"type": "browser"})]

    def close(self) -> None:
        self._http.delete(self._session, timeout=60)


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    port = free_port()
    command = [require("chromedriver", "chromium-driver"), f"--port={port}", "--log-level=SEVERE"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as driver:
        try:
            _wait(f"http://127.0.0.1:{port}/status")
            running = Browser(f"http://127.0.0.1:{port}", folder / "profile")
            yield running
            running.close()
        finally:
            driver.terminate()


def _wait(status: str) -> None:
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        try:
            if requests.get(status, timeout=5, proxies={"http": ""}).json()["value"]["ready"]:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError("ChromeDriver does not start")
