# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies of both images in a local engine, and what they do to the parity: `sam build` uses these. Pure.

How an engine is asked is local_engine.py's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._image.references import RegistryReference
from .parity import Difference, Parity, Verdict, sum_up

if TYPE_CHECKING:  # only tasks that ask an engine load what speaks with it
    from .._image.engine import LocalCopy
    from .local_copies import Freshness


@dataclass(frozen=True, slots=True)
class LocalImage:
    """role: `build` or `runtime`; copy: None when the engine has none; pulled: whether it was pulled just now, or
    would be."""

    role: str
    reference: RegistryReference
    copy: LocalCopy | None
    freshness: Freshness
    pulled: bool = False


@dataclass(frozen=True, slots=True)
class Local:
    """images: those whose names an engine could have."""

    images: tuple[LocalImage, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return any(image.pulled for image in self.images)


def with_local(parity: Parity, local: Local) -> Parity:
    """The parity with what the engine has taken into account."""
    differences = [_stale(image) for image in local.images if image.freshness.value == "stale"]
    notes = [
        f"Whether the local engine's copy of {image.reference} is the one that was compared can't be told: the engine "
        "knows no digest of it."
        for image in local.images
        if image.freshness.value == "unknown"
    ]
    if not differences and not notes and not local.notes:
        return parity
    return sum_up(
        (*parity.differences, *differences),
        parity.unread,
        (*parity.notes, *notes, *local.notes),
        parity.build_only,
        parity.best,
    )


def _stale(image: LocalImage) -> Difference:
    shown = ", ".join(digest[:19] for digest in image.copy.digests) if image.copy else ""
    build, runtime = (shown, "") if image.role == "build" else ("", shown)
    user = "sam build" if image.role == "build" else "sam local"
    return Difference(
        "local_copy", str(image.reference), build, runtime, Verdict.RISKY_DRIFT,
        f"`{user}` may use the local engine's copy, which is not the {image.role} image that was compared.",
    )  # fmt: skip
