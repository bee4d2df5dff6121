# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a create, an update or a new version stays in progress, and how the next one of a function is to end."""

from __future__ import annotations

import threading
from dataclasses import dataclass

LONGEST = 3600.0
LATEST = "$LATEST"

Version = tuple[str, str, str, str]  # account, region, function, "$LATEST" or number


@dataclass(frozen=True, slots=True)
class UpdateFailure:
    """What LastUpdateStatusReasonCode (StateReasonCode of a creation or a version) and its reason will say."""

    reason_code: str
    reason: str


class Pace:
    """Shared by the control routes (which set it) and LocalStack's update threads (which wait by it)."""

    def __init__(self, seconds: float = 0.2) -> None:
        self.seconds = seconds
        self.version_seconds = 0.0
        self._stopping = threading.Event()
        self._failures: dict[Version, UpdateFailure] = {}
        self._hurried: set[Version] = set()

    def wait(self, seconds: float) -> None:
        """Less when LocalStack stops."""
        self._stopping.wait(seconds)

    def seconds_of(self, version: Version) -> float:
        """How long the creation or update that now begins takes; asked once."""
        if version in self._hurried:
            self._hurried.discard(version)
            return 0.0
        return self.seconds if version[-1] == LATEST else self.version_seconds

    def hurry(self, version: Version) -> None:
        """The next update takes no time."""
        self._hurried.add(version)

    def stop(self) -> None:
        self._stopping.set()

    def fail_next(self, version: Version, failure: UpdateFailure) -> None:
        self._failures[version] = failure

    def failure_of(self, version: Version) -> UpdateFailure | None:
        """What was set for the update that now ends; asked once."""
        return self._failures.pop(version, None)


def parse_seconds(body: object) -> tuple[float, float]:
    """Seconds of updates and of new versions: `{"seconds": 1.0, "version_seconds": 0.5}`; the second may be left out.

    Raises ValueError with one sentence.
    """
    match body:
        case {"seconds": seconds, **more} if _is_time(seconds) and more.keys() <= {"version_seconds"}:
            versions = more.get("version_seconds", 0)
            if _is_time(versions):
                return float(seconds), float(versions)
    raise ValueError(f'Give {{"seconds": N, "version_seconds": N}} with numbers from 0 to {LONGEST:.0f}.')


def _is_time(seconds: object) -> bool:
    return not isinstance(seconds, bool) and isinstance(seconds, int | float) and 0 <= seconds <= LONGEST


PACE = Pace()
