# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Order of rpm versions. Source: rpm, rpmio/rpmvercmp.c (with `~` and `^`), and rpm-version(7)."""

from __future__ import annotations

import re
from itertools import zip_longest

_PIECE = re.compile(r"[0-9]+|[A-Za-z]+|~|\^")


def compare_versions(first: str, second: str) -> int:
    """-1, 0 or 1, as rpmvercmp."""
    if first == second:
        return 0
    for one, two in zip_longest(_PIECE.findall(first), _PIECE.findall(second)):
        if one == two:
            continue
        # ~ sorts before everything, even the end; ^ after the end, before everything else.
        if "~" in (one, two):
            return -1 if one == "~" else 1
        if one is None or two is None:
            return 1 if two is None else -1
        if "^" in (one, two):
            return -1 if one == "^" else 1
        if one.isdigit() != two.isdigit():
            return 1 if one.isdigit() else -1
        if one.isdigit():
            # Compared as text: a hostile version may have more digits than int() takes.
            left, right = one.lstrip("0"), two.lstrip("0")
            if left != right:
                return 1 if (len(left), left) > (len(right), right) else -1
        else:
            return 1 if one > two else -1
    return 0
