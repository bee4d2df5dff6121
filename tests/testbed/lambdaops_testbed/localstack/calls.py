# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Count the calls that clients make, by service and operation."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict


class Calls:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, service: str, operation: str) -> None:
        with self._lock:
            self._counts[service][operation] += 1

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()

    def snapshot(self) -> dict[str, dict[str, int]]:
        """`{"lambda": {"GetFunction": 3}}`, sorted by name."""
        with self._lock:
            return {service: dict(sorted(counts.items())) for service, counts in sorted(self._counts.items())}
