# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask a local engine for its copies of both images, and let it pull them if that is wanted.

What a copy is worth is judged in local_copies.py, and what that means in local.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from .._image.credentials import Login
from .._image.engine import Engine
from .._image.errors import EngineFailed
from .._image.facts import ImageFacts
from .._image.references import Platform, RegistryReference
from .local import Local, LocalImage
from .local_copies import Freshness, judge

_PULLED: Mapping[str, tuple[Freshness, ...]] = {
    "never": (),
    "missing": (Freshness.ABSENT,),
    "stale": (Freshness.ABSENT, Freshness.STALE, Freshness.UNKNOWN),
}


def look(
    engine: Engine,
    facts: Mapping[str, ImageFacts],
    platform: Platform,
    pull: str = "never",
    find_login: Callable[[str], Login | None] = lambda _host: None,
    predict: bool = False,
) -> Local:
    """What the engine has of each image, after pulling what is wanted.

    facts: by role. pull: `never`, `missing` or `stale`. predict: say what pulling would lead to, and do not. An engine
    that does not answer is a note, unless it was to pull: then EngineFailed is raised.
    """
    images = []
    for role, image in facts.items():
        if not isinstance(image.reference, RegistryReference):
            continue
        try:
            found = _look_at(engine, role, image.reference, image)
        except EngineFailed as error:
            if pull != "never":
                raise
            return Local(notes=(f"Local copies were not compared: {error.message}",))
        if found.freshness in _PULLED[pull]:
            if predict:
                found = replace(found, copy=None, freshness=Freshness.FRESH, pulled=True)
            else:
                engine.pull(image.reference, platform, find_login(image.reference.host))
                found = replace(_look_at(engine, role, image.reference, image), pulled=True)
        images.append(found)
    return Local(tuple(images))


def _look_at(engine: Engine, role: str, reference: RegistryReference, facts: ImageFacts) -> LocalImage:
    copy = engine.local_copy(reference)
    return LocalImage(role, reference, copy, judge(copy, facts.index_digest, facts.digest))
