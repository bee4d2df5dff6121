# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One deadline for a whole task, and the pauses between two looks at a function.

Clock, sleep and chance come in by the front door, so that tests need none.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .errors import InvalidRequest

# A zip outside a VPC takes Lambda about a second: the second look comes just after it. Later ones come a tenth further
# apart each time, so that a long update is seen to end soon after it did.
_FIRST = (0.35, 0.7, 1.2)
_GROWTH = 1.1
_LIMIT = 5.0
_JITTER = 0.05
_NO_TIME = 0.001  # seconds; sleeping until a moment may end just before it


@dataclass
class Deadline:
    """How long (seconds) all the waiting of one task may take together. jitter: 0 to 1."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    sleeper: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    started: float = field(init=False)
    stopped: float | None = field(init=False, default=None)

    @classmethod
    def of_task(cls, wait_timeout: int) -> Deadline:
        """wait_timeout: as the user wrote it. Raises InvalidRequest."""
        if wait_timeout < 1:
            raise InvalidRequest("wait_timeout is less than 1 second.", hint="Give the seconds that the task may take.")
        return cls(wait_timeout)

    @property
    def longest_answer(self) -> int:
        """Seconds after which an answer counts as lost."""
        return min(60, max(5, int(self.seconds)))

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def elapsed(self) -> float:
        return (self.clock() if self.stopped is None else self.stopped) - self.started

    @property
    def passed(self) -> bool:
        return self.elapsed >= self.seconds - _NO_TIME

    def restart(self) -> None:
        """All the time once more: to put back what ran out of it."""
        self.started = self.clock()

    def sleep(self, pause: float) -> None:
        """Sleep, but never past the deadline."""
        self.sleeper(max(0.0, min(pause, self.seconds - self.elapsed)))

    @contextmanager
    def not_counted(self) -> Iterator[None]:
        """What takes its own time, a pause that was asked for say, does not use up that of the task."""
        self.stopped = self.clock()
        try:
            yield
        finally:
            self.started += self.clock() - self.stopped
            self.stopped = None


def backoff(jitter: Callable[[], float] = random.random) -> Iterator[float]:
    """Pauses in seconds, without end: 0.35, 0.7, 1.2, 1.32 … 5, each up to a twentieth longer.

    The jitter only lengthens: a pause that was cut short would look just before an update ends.
    """
    for pause in _FIRST:
        yield pause * (1 + _JITTER * jitter())
    while True:
        pause = min(_LIMIT, pause * _GROWTH)
        yield pause * (1 + _JITTER * jitter())
