# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was read once, kept by digest: manifests, configs, and what layers say about the wanted paths.

Everything in it is derived from content that was verified and may be deleted at any time. No credentials, no tags:
what a tag means is asked anew each time. A folder that can't be used is a cache that is always empty.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .digests import digest_of

SCHEMA = "v1"  # another one whenever the meaning of an entry changes
_CONTENT_LIMIT = 512 << 20


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
    """Safe with parallel plays: entries appear whole (written aside, then renamed) and never change their meaning.

    folder: None is a cache that is always empty.
    """

    def __init__(self, folder: Path | None) -> None:
        self.notes: list[str] = []
        self._folder = folder if folder is None or self._is_ours(folder) else None

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
        return self._folder / SCHEMA / kind / key.replace(":", "-") if self._folder else None

    def _read(self, kind: str, key: str) -> bytes | None:
        path = self._path(kind, key)
        try:
            return path.read_bytes() if path else None
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
            note = f"The cache {self._folder} can't be written ({error.strerror}), so every run reads anew."
            if note not in self.notes:
                self.notes.append(note)
