# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options by which modules read images: their argument spec, and what is opened by them.

They are documented once as well, in the doc fragment `images`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ._image.cache import Cache, default_folder
from ._image.runtimes import RuntimeImages, images_of
from ._image.source import Transfer
from ._image.transports import Sources

IMAGE_ARGUMENTS: dict[str, Any] = {
    "images": {"type": "dict", "default": {}},
    "architecture": {"type": "str", "choices": ["x86_64", "arm64"], "default": "x86_64"},
    "registry_mirrors": {"type": "dict", "default": {}},
    "registry_logins": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "registry": {"type": "str", "required": True},
            "username": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
        },
    },
    "offline": {"type": "bool", "default": False},
    "cache_dir": {"type": "path"},
    "cache_size": {"type": "int", "default": 1024},
    "timeout": {"type": "int", "default": 30},
}
SECRET_IMAGE_OPTIONS = frozenset({"registry_logins"})  # with no_log, only a login of the right form would be hidden
IMAGE_UNITS: Mapping[str, str] = {"timeout": "second", "cache_size": "MiB"}


def too_small(params: Mapping[str, Any], units: Mapping[str, str]) -> str:
    """Which of the options that count something is below 1, in a sentence, or ""."""
    return next((f"`{name}` has to be at least 1 {unit}." for name, unit in units.items() if params[name] < 1), "")


def images_named(params: Mapping[str, Any]) -> tuple[RuntimeImages, list[str]]:
    """The images of the option `runtime`, and what to note of them. Raises BadReference."""
    found = images_of(params["runtime"], params["architecture"], params["images"])
    if found.known or params["runtime"] in params["images"]:
        return found, []
    return found, [f"{params['runtime']} is not in this collection's table: its images are named by the rule."]


@dataclass(frozen=True, slots=True)
class ImageAccess:
    """What images are read through; it lives as long as one task."""

    sources: Sources
    cache: Cache
    transfer: Transfer

    @property
    def notes(self) -> list[str]:
        """On what was taken on trust, and what could not be used."""
        return [*self.sources.notes, *self.cache.notes]


@contextmanager
def image_access(params: Mapping[str, Any]) -> Iterator[ImageAccess]:
    """By the task's arguments. Raises BadReference for mirrors and logins that do not parse."""
    transfer = Transfer()
    folder = Path(params["cache_dir"]) if params["cache_dir"] else default_folder(os.environ)
    cache = Cache(folder, params["cache_size"] << 20, offline=params["offline"])
    sources = Sources(
        transfer,
        mirrors=params["registry_mirrors"],
        timeout=params["timeout"],
        logins=params["registry_logins"],
        ecr_client=_ecr_client if find_spec("boto3") else None,
    )
    try:
        yield ImageAccess(sources, cache, transfer)
    finally:
        sources.close()


def _ecr_client(region: str) -> Any:
    """With the credentials of the environment."""
    import boto3

    return boto3.client("ecr", region_name=region)
