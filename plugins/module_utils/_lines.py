# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How several things are printed: rows as lines of aligned columns, many names as the first few."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """head: the names of the columns; a rule is drawn below them."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def few(names: Sequence[str], told: int = 3) -> str:
    """`a, b, c and 2 more`."""
    more = f" and {len(names) - told} more" if len(names) > told else ""
    return f"{', '.join(names[:told])}{more}"
