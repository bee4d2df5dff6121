# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file system of a container that is never started: what stands at a path, and a directory as a tar.

Containers are made and removed in engine.py; what files mean is nobody's business here.

Sources: Docker Engine API, `HEAD` and `GET /containers/{id}/archive`; Go, io/fs: FileMode.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from .._errors import printable
from .errors import EngineFailed

_LOOP = re.compile("too many (?:links|levels)")
_MODE_DIRECTORY, _MODE_SYMLINK, _MODE_TYPES = 1 << 31, 1 << 27, 0x8F280000


@dataclass(frozen=True, slots=True)
class Place:
    """What stands at a path of a container; link: where it leads to in the end, from the root."""

    kind: Literal["file", "directory", "symlink", "other"]
    size: int
    link: str


class Container:
    """api: the SDK's, which is a session of requests; said: turns its errors into EngineFailed."""

    def __init__(self, api: Any, name: str, host: str, said: Callable[[str], AbstractContextManager[None]]) -> None:
        self._api = api
        self._name = name
        self._host = host
        self._said = said

    def look_at(self, path: str) -> Place | None:
        """What stands at `/path`, links on the way followed, one at its end not; None when there is nothing."""
        with self._said(f"look at /{path}"), closing(self._archive("HEAD", path)) as answer:
            if answer.status_code == 404:
                return None
            if answer.ok:
                return _place(answer.headers.get("X-Docker-Container-Path-Stat", ""))
        try:
            with self.archive(path):  # which says in words what is wrong
                raise EngineFailed(f"The engine at {self._host} can't look at /{path}, but can read it.")
        except EngineFailed as error:
            if _LOOP.search(error.message):
                return Place("symlink", 0, f"/{path}")
            raise

    @contextmanager
    def archive(self, path: str) -> Iterator[Callable[[int], bytes]]:
        """`/path` and all below it as the bytes of a tar, whose names begin with the last part of the path."""
        with self._said(f"read /{path}"), closing(self._archive("GET", path)) as answer:
            if not answer.ok:
                raise EngineFailed(
                    f"The engine at {self._host} can't read /{path}: {_message(answer.content)}.",
                    hint="Look into the engine's log, and try again.",
                )

            def read(size: int) -> bytes:
                with self._said(f"read /{path}"):  # it may be called from anywhere
                    return bytes(answer.raw.read(size, decode_content=False))

            yield read

    def _archive(self, method: str, path: str) -> Any:
        # The SDK's get_archive leaves the answer open, and the engine keeps the container locked as long as it is.
        api = self._api
        url = f"{api.base_url}/v{api.api_version}/containers/{self._name}/archive"
        return api.request(
            method,
            url,
            params={"path": f"/{path}"},
            headers={"Accept-Encoding": "identity"},
            stream=True,
            timeout=api.timeout,
        )


def short(text: object) -> str:
    """What an engine says, on one line and without its full stop."""
    return printable(str(text)).strip(" .")[:300]


def _message(content: bytes) -> str:
    try:
        return short(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        return "it says no more"


def _place(header: str) -> Place:
    try:
        found = json.loads(base64.b64decode(header))
        mode, size, link = int(found["mode"]), int(found["size"]), str(found.get("linkTarget") or "")
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise EngineFailed("The engine says nothing of what it was asked to look at.") from error
    if mode & _MODE_SYMLINK:
        return Place("symlink", 0, link)
    if mode & _MODE_DIRECTORY:
        return Place("directory", 0, "")
    return Place("other" if mode & _MODE_TYPES else "file", size, "")
