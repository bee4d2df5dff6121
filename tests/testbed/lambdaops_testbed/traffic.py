# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A caller that does not stop: one function invoked at a steady rate, and what came back counted.

It is for checks of what callers see during releases. It measures no latency and retries nothing.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

import boto3
from botocore.config import Config

from .shell import REGION

SAMPLES = 5
LIMIT = 30.0  # seconds for one answer; without one it is a failure


@dataclass(frozen=True, slots=True)
class Report:
    """What callers saw: invocations that were begun, answers by their text, and samples of those that went wrong."""

    seconds: float
    asked: int
    answers: Mapping[str, int]
    failed: int
    failures: tuple[str, ...]
    mixed: int
    mixtures: tuple[str, ...]

    @property
    def clean(self) -> bool:
        return self.asked > 0 and not self.failed and not self.mixed


def never(answer: Any) -> bool:
    return False


class Traffic:
    """Invokes `function` (through `qualifier`) `rate` times a second from start() to stop().

    `mixed` judges an answer that was read from JSON: true when its parts come from different releases. `threads`
    callers take turns; when all wait for answers, calls are left out rather than caught up.
    """

    def __init__(
        self,
        endpoint: str,
        function: str,
        qualifier: str | None = None,
        *,
        mixed: Callable[[Any], bool] = never,
        payload: bytes = b"{}",
        rate: float = 20.0,
        threads: int = 4,
    ) -> None:
        self._client = boto3.client(
            "lambda",
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(
                retries={"total_max_attempts": 1}, max_pool_connections=threads, read_timeout=LIMIT, proxies={}
            ),
        )
        target = {"FunctionName": function, "Payload": payload}
        self._request = target if qualifier is None else {**target, "Qualifier": qualifier}
        self._mixed = mixed
        self._pause = 1 / rate
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._callers = [threading.Thread(target=self._call, daemon=True) for _ in range(threads)]
        self._begun = self._next = 0.0
        self._asked = 0
        self._answers: Counter[str] = Counter()
        self._failures: list[str] = []
        self._mixtures: list[str] = []

    def start(self) -> Self:
        self._begun = self._next = time.monotonic()
        for caller in self._callers:
            caller.start()
        return self

    def stop(self) -> Report:
        """End, when the answers that are on their way have come."""
        self._stopping.set()
        for caller in self._callers:
            caller.join()
        return self.report()

    def report(self) -> Report:
        """What was seen so far."""
        with self._lock:
            return Report(
                seconds=time.monotonic() - self._begun,
                asked=self._asked,
                answers=MappingProxyType(dict(self._answers)),
                failed=len(self._failures),
                failures=tuple(self._failures[:SAMPLES]),
                mixed=len(self._mixtures),
                mixtures=tuple(self._mixtures[:SAMPLES]),
            )

    def _call(self) -> None:
        while not self._stopping.wait(self._until_turn()):
            with self._lock:
                self._asked += 1
            try:
                answer = self._client.invoke(**self._request)
                text = answer["Payload"].read().decode()
                failure = f"{answer['FunctionError']}: {text}" if "FunctionError" in answer else None
                mixed = failure is None and self._mixed(json.loads(text))
            except Exception as error:  # whatever a caller would see
                text, mixed, failure = "", False, f"{type(error).__name__}: {error}"
            with self._lock:
                if failure is not None:
                    self._failures.append(failure)
                    continue
                self._answers[text] += 1
                if mixed:
                    self._mixtures.append(text)

    def _until_turn(self) -> float:
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now)
            self._next = turn + self._pause
            return turn - now
