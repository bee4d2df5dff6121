# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packages of the list as folders and zips in the cache, built again only when what they are made of changed."""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import registries, spoiled
from .artifact import Artifact
from .registries import Registries, pins

_ZIPPED = 12 << 20  # bytes; larger packages are checked as folders, which saves the time to compress them


@dataclass(frozen=True, slots=True)
class Package:
    """folder: what is at /var/task. path: what is checked, the folder or a zip of it."""

    artifact: Artifact
    folder: Path
    path: Path


def packages(cache: Path, artifacts: Iterable[Artifact], environ: Mapping[str, str]) -> list[Package]:
    """All of them, in their order. cache: `Settings.cache`. environ: what programs need to find the registries.

    Raises TestbedError where one can't be had.
    """
    wanted = list(artifacts)
    root = cache / "artifacts"
    root.mkdir(parents=True, exist_ok=True)
    with (
        (root / ".lock").open("w") as lock,
        tempfile.TemporaryDirectory(dir=root, prefix=".wheels-") as wheels,
        ThreadPoolExecutor(4) as pool,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second process waits, and finds what it wants
        source = Registries(root / "npm", Path(wheels), environ)
        source.fetch_npm({name for artifact in wanted for name in artifact.npm})
        # uv waits for the network most of the time.
        return list(pool.map(lambda artifact: _package(root / "packages", source, artifact), wanted))


def folder_name(artifact: Artifact) -> str:
    return re.sub(r"[^a-z0-9]+", "-", artifact.name.lower()).strip("-")


def _package(root: Path, source: Registries, artifact: Artifact) -> Package:
    home = root / folder_name(artifact)
    folder, zipped, stamp = home / "task", home / "task.zip", home / "made-from.txt"
    wanted = _stamp(artifact)
    if not (stamp.is_file() and stamp.read_text() == wanted):
        shutil.rmtree(home, ignore_errors=True)
        folder.mkdir(parents=True)
        if artifact.wheels:
            source.install_wheels(artifact, folder)
        if artifact.npm:
            source.unpack_npm(artifact, folder)
        if artifact.spoil:
            artifact.spoil(folder)
        if sum(path.stat().st_size for path in folder.rglob("*")) < _ZIPPED:
            shutil.make_archive(str(zipped.with_suffix("")), "zip", folder)
        stamp.write_text(wanted)
    return Package(artifact, folder, zipped if zipped.is_file() else folder)


def _stamp(artifact: Artifact) -> str:
    seen = hashlib.sha256(repr((artifact, pins(artifact))).encode())
    for source in (__file__, registries.__file__, spoiled.__file__):
        seen.update(Path(source).read_bytes())
    return seen.hexdigest()
