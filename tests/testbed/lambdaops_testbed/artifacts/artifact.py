# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a package for a Lambda function is made of, and how it is known whether it works. Nothing is fetched here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..images.runtime_images import BOOKWORM, Debian

LINUX = "x86_64-manylinux_2_28"


@dataclass(frozen=True, slots=True)
class Artifact:
    """name: of its folder and of its row in the table. load: a statement of its language that loads its native files.

    wheels: projects of the Python index, with their versions where wheels.txt has two. npm: packages, with their
    versions where npm.txt has two. platform, python, abi: what the wheels were chosen for, as uv calls the first;
    with an abi pip chooses. system: the image that it has to load in. spoil: what is done to it then. unseen: why it
    does not load although all that can be read of it is right. unsure: why reading does not tell.
    """

    name: str
    load: str
    wheels: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()
    platform: str = LINUX
    python: str = "3.11"
    abi: str = ""
    system: Debian = BOOKWORM
    spoil: Callable[[Path], None] | None = None
    unseen: str = ""
    unsure: str = ""

    @property
    def runtime(self) -> str:
        """As Lambda calls it."""
        if self.npm:
            return "nodejs18.x"
        return "python3.11" if self.system is BOOKWORM else "python3.9"
