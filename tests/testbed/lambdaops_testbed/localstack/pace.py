# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a create or update stays in progress, and how the next one of a function is to end."""

from __future__ import annotations

import threading
from dataclasses import dataclass

LONGEST = 3600.0


@dataclass(frozen=True, slots=True)
class UpdateFailure:
    """What LastUpdateStatusReasonCode (or StateReasonCode of a creation) and its reason will say."""

    reason_code: str
    reason: str


class Pace:
    """Shared by the control routes (which set it) and LocalStack's update threads (which wait by it)."""

    def __init__(self, seconds: float = 0.2) -> None:
        self.seconds = seconds
        self._stopping = threading.Event()
        self._failures: dict[tuple[str, str, str], UpdateFailure] = {}

    def wait(self, seconds: float | None = None) -> None:
        """Wait as long as an update takes, or the time given; less when LocalStack stops."""
        self._stopping.wait(self.seconds if seconds is None else seconds)

    def stop(self) -> None:
        self._stopping.set()

    def fail_next(self, function: tuple[str, str, str], failure: UpdateFailure) -> None:
        """function: account, region, name."""
        self._failures[function] = failure

    def failure_of(self, function: tuple[str, str, str]) -> UpdateFailure | None:
        """What was set for the update that now ends; asked once."""
        return self._failures.pop(function, None)


def parse_seconds(body: object) -> float:
    """The seconds of `{"seconds": 1.0}`. Raises ValueError with one sentence."""
    seconds = body.get("seconds") if isinstance(body, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST:
        raise ValueError(f'Give {{"seconds": N}} with a number from 0 to {LONGEST:.0f}.')
    return float(seconds)


PACE = Pace()
