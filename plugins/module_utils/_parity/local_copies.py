# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the copy of an image that a local engine has is the one that the registry has now. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._image.engine import LocalCopy


class Freshness(StrEnum):
    """unknown: the engine does not say under which digest it got the image, as for one that was built or loaded."""

    ABSENT = "absent"
    FRESH = "fresh"
    STALE = "stale"
    UNKNOWN = "unknown"


def judge(copy: LocalCopy | None, registry_index_digest: str, registry_digest: str) -> Freshness:
    """copy: what Engine.local_copy says; the registry's digests of the index and of the platform's image, "" for none.

    An engine notes the digest that it pulled by, which is that of the index where there is one; pulled by the digest
    of a platform's image, it notes that.
    """
    registry = {registry_index_digest, registry_digest} - {""}
    if copy is None:
        return Freshness.ABSENT
    if not copy.digests or not registry:
        return Freshness.UNKNOWN
    return Freshness.FRESH if registry & set(copy.digests) else Freshness.STALE
