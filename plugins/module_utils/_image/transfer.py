# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What reading the images cost: counters that the result shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Transfer:
    """requests: HTTP requests sent, with those for tokens and redirects; size: bytes of bodies read, from a registry
    or a layout; layers: layers read; cached: layers whose facts came from the cache or from the other image."""

    requests: int = 0
    size: int = 0
    layers: int = 0
    cached: int = 0

    def as_result(self) -> dict[str, int]:
        return {
            "requests": self.requests,
            "bytes": self.size,
            "layers_read": self.layers,
            "layers_from_cache": self.cached,
        }
