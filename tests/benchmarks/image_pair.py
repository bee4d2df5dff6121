# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A drifted build image and its runtime image, as large as AWS's: the testbed's pair, its layers filled with files.

What is filled in are slices of this machine's own files, so that it compresses as files do, and the packages own them,
so that rpm's database is of a real size. Built once and kept.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import mmap
import os
import random
import shutil
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from lambdaops_testbed.debian import require
from lambdaops_testbed.images import build, oci, rpmdb
from lambdaops_testbed.images.catalog import INSTALLED_AT, NEWER, RUNTIME
from lambdaops_testbed.images.image_layers import development_layer, runtime_layers, sam_layer, upgrade_layer
from lambdaops_testbed.images.pairs import LIBRARY_PATH, NODE
from lambdaops_testbed.images.release import Release, packages_of

MACHINE = "x86_64"
RUNTIME_TAG, BUILD_TAG = f"{NODE.tag}-{MACHINE}", f"latest-{MACHINE}"
CAT = "opt/bench/cat"
_DATABASE = "var/lib/rpm/rpmdb.sqlite"
_POOL = 256 << 20
_SKIPPED = (".gz", ".xz", ".zst", ".zip", ".whl", ".deb", ".png", ".jpg", ".pyc")
_LARGEST = 8 << 20


class Slice(NamedTuple):
    """A file whose content is that part of the pool."""

    path: str
    start: int
    size: int


@dataclass(frozen=True)
class Filling:
    """`files` files of `size` bytes together; owned: by the packages of rpm's database."""

    folder: str
    files: int
    size: int
    owned: bool = False

    def slices(self, seed: str) -> list[Slice]:
        source = random.Random(f"{seed} {self.folder}")
        weights = [source.lognormvariate(0, 1.6) for _file in range(self.files)]
        scale = self.size / sum(weights)
        sizes = [min(max(int(weight * scale), 40), _LARGEST) for weight in weights]
        return [
            Slice(f"{self.folder}/{n // 900:02}/{n // 30:04}/{n:05}", source.randrange(_POOL - size), size)
            for n, size in enumerate(sizes)
        ]


_MB = 1_000_000
_BASE = Filling("usr/share/base", 8_000, 310 * _MB, owned=True)
_LANGUAGE = Filling("var/lang/lib/node_modules", 2_500, 175 * _MB)
_DEVELOPMENT = Filling("usr/lib/development", 40_000, 900 * _MB, owned=True)
_SAM = Filling("usr/local/opt/sam-cli/lib", 6_000, 180 * _MB)


def image_pair(folder: Path) -> Path:
    """A folder with the layouts lambda/nodejs and sam/build-nodejs20.x; one that is there already is left as it is."""
    version = hashlib.sha256((build.version() + Path(__file__).read_text()).encode()).hexdigest()[:12]
    place = folder / f"pair-{version}"
    if place.is_dir():
        return place
    for stale in folder.glob("pair-*"):
        shutil.rmtree(stale)
    fresh = folder / "pair-new"
    fresh.mkdir(parents=True)
    with (fresh / "pool").open("w+b") as file:
        file.writelines(_real_content(_POOL))
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as pool, ThreadPoolExecutor(2) as threads:
            runtime = [(one, RUNTIME, what) for one, what in _filled_runtime(RUNTIME)]
            built = [(one, NEWER, what) for one, what in _filled_build()]
            wanted = [*runtime, *built]
            jobs = [
                threads.submit(
                    _grow,
                    one,
                    _entries(one, release, what, pool, seed=f"{release} {number}"),
                    fresh / f"layer-{number}",
                )
                for number, (one, release, what) in enumerate(wanted)
            ]
            layers = [job.result() for job in jobs]
    for repository, tag, of, environment in (
        (NODE.runtime, RUNTIME_TAG, layers[: len(runtime)], [f"LD_LIBRARY_PATH={LIBRARY_PATH}"]),
        (NODE.build, BUILD_TAG, layers[len(runtime) :], []),
    ):
        layout = oci.Layout()
        layout.add(tag, oci.image(of, settings={"Env": environment}))
        layout.write(fresh / repository)
    for left in (fresh / "pool", *fresh.glob("layer-*")):
        left.unlink()
    return fresh.rename(place)


def _filled_runtime(release: str) -> list[tuple[oci.Layer, Filling | None]]:
    return list(zip(runtime_layers(NODE, release, MACHINE, 0), (_BASE, _LANGUAGE, None), strict=True))


def _filled_build() -> list[tuple[oci.Layer, Filling | None]]:
    return [
        *_filled_runtime(NEWER),
        (upgrade_layer(NEWER, NEWER, MACHINE), None),
        (development_layer(NEWER, MACHINE, 0), _DEVELOPMENT),
        (sam_layer("1.131.0"), _SAM),
    ]


def _entries(
    small: oci.Layer, release: str, filling: Filling | None, pool: mmap.mmap, seed: str
) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """By name, as builders write them: what the small layer has, and the slices with the folders above them."""
    kept: dict[str, tuple[tarfile.TarInfo, bytes]] = {}
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(small.blob))) as archive:
        for member in archive:
            content = archive.extractfile(member)
            kept[member.name] = (member, content.read() if content else b"")
    slices = {one.path: one for one in (filling.slices(seed) if filling else ())}
    entries = [oci.directory(path) for path in _folders(slices) - kept.keys()]
    if filling is _BASE:
        entries += _cat()
    if filling and filling.owned:
        entries.append(oci.file(_DATABASE, _database(release, filling)))
    for entry in entries:
        info = tarfile.TarInfo(entry.name)
        info.type, info.mode, info.size = entry.kind, entry.mode, len(entry.content)
        kept[entry.name] = (info, entry.content)
    for name in sorted({*kept, *slices}):
        if name in kept:
            yield kept[name]
        else:
            _path, start, size = slices[name]
            info = tarfile.TarInfo(name)
            info.size = size
            yield info, pool[start : start + size]


def _folders(paths: Iterable[str]) -> set[str]:
    found = set()
    for path in paths:
        while path := path.rpartition("/")[0]:
            found.add(path)
    return found


def _database(release: str, filling: Filling) -> bytes:
    """The packages of the release, owning every file that is filled in at this layer and below."""
    packages = packages_of(Release(release, MACHINE, development=filling is _DEVELOPMENT))
    fillings = (_BASE, filling) if filling is _DEVELOPMENT else (filling,)
    paths = [f"/{one.path}" for what in fillings for one in what.slices("")]
    share = len(paths) // len(packages) + 1
    owners = [
        replace(package, files=(*package.files, *paths[n * share : (n + 1) * share]))
        for n, package in enumerate(packages)
    ]
    return rpmdb.database(owners, INSTALLED_AT[release])


def _cat() -> list[oci.Entry]:
    """This machine's cat with its loader and libraries, beside the stand-ins of the image: an engine can run it."""
    program = require("cat", "coreutils")
    words = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout.split()
    paths = [program, *(Path(word) for word in words if word.startswith("/"))]
    return [oci.file(f"{CAT.rpartition('/')[0]}/{path.name}", path.read_bytes(), mode=0o755) for path in paths]


def _grow(small: oci.Layer, entries: Iterator[tuple[tarfile.TarInfo, bytes]], path: Path) -> oci.Layer:
    """The layer with these entries; its blob stays in a file."""
    with path.open("w+b") as file:
        target = _Gzip(file)
        with tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            for info, content in entries:
                archive.addfile(info, io.BytesIO(content))
        target.finish()
        blob = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return replace(small, blob=blob, diff_id=target.diff_id)


class _Gzip(io.RawIOBase):
    """Compresses as builders do, and remembers the digest of what came in."""

    def __init__(self, target: io.BufferedRandom) -> None:
        self._target = target
        self._hash = hashlib.sha256()
        self._compressor = zlib.compressobj(4, wbits=31)

    @property
    def diff_id(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def write(self, part: bytes) -> int:
        self._hash.update(part)
        self._target.write(self._compressor.compress(part))
        return len(part)

    def finish(self) -> None:
        self._target.write(self._compressor.flush())
        self._target.flush()


def _real_content(size: int) -> Iterator[bytes]:
    """Programs, libraries and texts of this machine, so much of each kind as an image has."""
    roots = (f"{sys.base_prefix}/lib", "/usr/lib", "/usr/share", "/usr/bin")
    share = size // len(roots)
    while size > 0:
        for root in roots:
            for path in _files(root, share):
                part = path.read_bytes()[: min(4 << 20, size)]
                size -= len(part)
                yield part


def _files(root: str, limit: int) -> Iterator[Path]:
    found = 0
    paths = sorted(Path(above, name) for above, _below, names in os.walk(root) for name in names)
    random.Random(root).shuffle(paths)
    for path in paths:
        if path.is_file() and not path.is_symlink() and path.suffix not in _SKIPPED and os.access(path, os.R_OK):
            yield path
            found += min(path.stat().st_size, 4 << 20)
            if found >= limit:
                return
