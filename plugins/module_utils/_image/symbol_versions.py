# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Symbol versions as people read them: `GLIBCXX_3.4.30 … 3.4.33` for the four of them. Words only: whether a version
is there is decided by name alone, elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cmp_to_key

from .._rpm.packages import compare_versions

_NUMBERED = re.compile(r"(?P<family>.*_)(?P<number>[0-9]+(?:\.[0-9]+)*)")
_FAMILIES = 4


def worded(versions: Iterable[str]) -> str:
    """Each family of numbered versions from its oldest to its newest, the first few families."""
    names = []
    for members in families(versions).values():
        first, last = members[0], members[-1]
        last = last if len(members) == 1 else (_NUMBERED.fullmatch(last) or {"number": last})["number"]
        names.append(first if len(members) == 1 else f"{first} … {last}")
    more = f" and {len(names) - _FAMILIES} more" if len(names) > _FAMILIES else ""
    return ", ".join(names[:_FAMILIES]) + more


def families(versions: Iterable[str]) -> dict[str, list[str]]:
    """`GLIBCXX_` → its versions, oldest first; a version without a number is a family of its own."""
    found: dict[str, list[str]] = {}
    for version in sorted(versions, key=cmp_to_key(compare_versions)):
        numbered = _NUMBERED.fullmatch(version)
        found.setdefault(numbered["family"] if numbered else version, []).append(version)
    return dict(sorted(found.items()))
