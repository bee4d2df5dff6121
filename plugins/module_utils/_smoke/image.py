# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which image of an engine a runtime image is: the copy that it has, or one that it pulls by digest."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

from .._image.credentials import FindLogin
from .._image.engine import Engine
from .._image.errors import ManifestNotFound
from .._image.image import Image
from .._image.layout import LayoutSource
from .._image.references import ArchiveReference, DaemonReference, LayoutReference, RegistryReference
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
    if not isinstance(reference, RegistryReference) or isinstance(image.source, LayoutSource):
        raise _in_a_file(engine, image)
    pinned = replace(reference, tag="", digest=image.digest)
    pulled = engine.pull(pinned, image.config.platform, find_login(reference.host)).after
    if pulled is None:
        raise ManifestNotFound(
            f"The engine at {engine.host} has pulled {pinned}, and does not have it.",
            hint="Look into the engine's log, and try again.",
        )
    return pulled.id


def _in_a_file(engine: Engine, image: Image) -> NativeError:
    """Also where a mirror leads from a registry's name to a layout."""
    source = str(image.reference)
    match image.reference:
        case ArchiveReference(path=path):
            load = f"docker load -i {shlex.quote(str(path))}"
        case RegistryReference(tag=tag, name=name) | LayoutReference(tag=tag, path=Path(name=name)):
            source = f"{image.source.name}:{tag}" if tag else image.source.name
            load = f"skopeo copy {shlex.quote(source)} docker-daemon:{shlex.quote(name)}:{tag or 'latest'}"
        case _:
            load = "docker load"
    return NativeError(
        f"The image was read from {source}, which an engine can't pull, and the engine at {engine.host} does not have "
        "it.",
        hint=f"Leave the run out by `run: false`, or load the image first: {load}",
    )
