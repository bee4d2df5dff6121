# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Short or long: the one place that knows whether this is a part of `make test` or `make soak`.

LAMBDAOPS_SOAK=1 is the long form; LAMBDAOPS_SEED chooses other samples.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import TypeVar

LONG = os.environ.get("LAMBDAOPS_SOAK", "") not in ("", "0")
SEED = int(os.environ.get("LAMBDAOPS_SEED", "7"))

Case = TypeVar("Case")


def either(short: int, long: int) -> int:
    """How many rounds, releases or examples."""
    return long if LONG else short


def sample(cases: Sequence[Case], few: int) -> list[Case]:
    """The same few cases in every run with one seed, in their order."""
    chosen = set(random.Random(SEED).sample(range(len(cases)), min(few, len(cases))))
    return [case for at, case in enumerate(cases) if at in chosen]
