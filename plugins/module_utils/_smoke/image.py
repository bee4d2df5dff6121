# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which image of an engine a runtime image is: the copy that it has, or one that it pulls by digest."""

from __future__ import annotations

from dataclasses import replace

from .._image.credentials import FindLogin
from .._image.engine import Engine
from .._image.errors import ManifestNotFound
from .._image.image import Image
from .._image.references import DaemonReference, RegistryReference
from .._native.errors import NativeError


def image_in(engine: Engine, image: Image, find_login: FindLogin = lambda _host: None) -> str:
    """Its ID in the engine. What it is called there does not matter: what was read is what is run.

    Raises NativeError for images in files that the engine has not loaded, and what pulling raises.
    """
    reference = image.reference
    if isinstance(reference, DaemonReference):
        return engine.inspect(reference.wanted).id
    # Engines call an image by the digest of its config, or by that of its manifest or index.
    for digest in filter(None, (image.manifest.config.digest, image.digest, image.index_digest)):
        try:
            return engine.inspect(digest).id
        except ManifestNotFound:
            continue
    if not isinstance(reference, RegistryReference):
        raise NativeError(
            f"A handler is imported in an image that the engine has, and it does not have {reference}.",
            hint="Load it, for example with `docker load`.",
        )
    pinned = replace(reference, tag="", digest=image.digest)
    pulled = engine.pull(pinned, image.config.platform, find_login(reference.host)).after
    if pulled is None:
        raise ManifestNotFound(
            f"The engine at {engine.host} has pulled {pinned}, and does not have it.",
            hint="Look into the engine's log, and try again.",
        )
    return pulled.id
