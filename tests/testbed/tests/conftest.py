# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A testbed of its own for these tests, on a free port, and functions on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bed import Bed, bed, free_port, host, make, running, settings

__all__ = ["bed", "host", "make", "new_bed", "running", "settings"]


@pytest.fixture
def new_bed(tmp_path: Path) -> Iterator[Bed]:
    bed = Bed(tmp_path / "a cache", free_port())
    yield bed
    if list(bed.cache.rglob("*.pid")):
        bed.command("down")
