# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was read once, kept by digest: manifests, configs, what layers say about what is wanted, facts of images.

Everything in it is derived from content that was verified and may be deleted at any time. No credentials. What a tag
means is asked anew each time; what it meant last is kept for those who work offline. A folder that can't be used is a
cache that is always empty.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from .digests import digest_of
from .pruning import prune

SCHEMA = "v3"  # a higher number whenever the meaning of an entry changes
LIMIT = 1 << 30
_CONTENT_LIMIT = 512 << 20
_DAY = 86400.0


def default_folder(environ: Mapping[str, str]) -> Path | None:
    """None for users without a home folder.

    Source: XDG Base Directory Specification: relative paths in the variable are to be ignored.
    """
    base = Path(environ.get("XDG_CACHE_HOME") or "")
    try:
        return (base if base.is_absolute() else Path.home() / ".cache") / "lambdaops.deploy"
    except RuntimeError:
        return None


class Cache:
    """Safe with parallel plays and threads: entries appear whole (written aside, then renamed) and never change their
    meaning.

    folder: None is a cache that is always empty. limit_bytes: what it may take on disk; what was not used for longest
    goes first, but nothing that this run used. offline: whoever opens images asks no network.
    """

    def __init__(self, folder: Path | None, limit_bytes: int = LIMIT, *, offline: bool = False) -> None:
        self.notes: list[str] = []
        self.offline = offline
        self._folder = folder if folder is None or self._is_ours(folder) else None
        self._limit = limit_bytes
        self._used: set[str] = set()
        self._written = limit_bytes  # since the folder was last looked through: a run that writes looks at once

    def _is_ours(self, folder: Path) -> bool:
        """Whoever else can write there could say what a layer holds."""
        try:
            known = os.stat(folder / SCHEMA)
        except OSError:
            return True  # there is nothing yet, or nothing that can be read
        ours = known.st_uid == os.geteuid() and not known.st_mode & 0o022
        if not ours:
            self.notes.append(f"The cache {folder} belongs to others or can be written by them, so it is not used.")
        return ours

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def content(self, digest: str) -> bytes | None:
        """Bytes by their digest, verified; None when missing or damaged."""
        packed = self._read("content", digest)
        if packed is None:
            return None
        try:
            content = zlib.decompressobj().decompress(packed, _CONTENT_LIMIT)
        except zlib.error:
            return None
        return content if digest_of(content) == digest else None

    def keep_content(self, content: bytes) -> str:
        digest = digest_of(content)
        if self._folder is not None and self.content(digest) is None:
            self._write("content", digest, zlib.compress(content, 1))
        return digest

    def record(self, kind: str, key: str) -> Any:
        """A JSON value; None when missing or damaged. The reader checks its form."""
        packed = self._read(kind, key)
        if packed is None:
            return None
        checksum, _newline, text = packed.partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() != checksum:
            return None
        return json.loads(text)

    def keep_record(self, kind: str, key: str, value: Any) -> None:
        text = json.dumps(value, separators=(",", ":")).encode()
        self._write(kind, key, hashlib.sha256(text).hexdigest().encode() + b"\n" + text)

    def _path(self, kind: str, key: str) -> Path | None:
        if self._folder is None:
            return None
        path = self._folder / SCHEMA / kind / key.replace(":", "-")
        self._used.add(str(path))
        return path

    def _read(self, kind: str, key: str) -> bytes | None:
        path = self._path(kind, key)
        if path is None:
            return None
        try:
            with path.open("rb") as file:
                if time.time() - os.fstat(file.fileno()).st_mtime > _DAY:
                    with suppress(OSError):  # a folder that can only be read is a cache as well
                        os.utime(path)  # or what is used daily would be the oldest
                return file.read()
        except OSError:
            return None

    def _write(self, kind: str, key: str, content: bytes) -> None:
        path = self._path(kind, key)
        if path is None:
            return
        try:
            path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                os.replace(aside, path)
            except BaseException:
                os.unlink(aside)
                raise
        except OSError as error:
            self.note(f"The cache {self._folder} can't be written ({error.strerror}), so every run reads anew.")
            return
        self._written += len(content)
        if self._written > self._limit // 16:
            self._written = 0
            prune(path.parent.parent, self._limit, self._used, time.time())
