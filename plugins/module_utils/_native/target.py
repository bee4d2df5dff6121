# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a package is checked against: the system and the language runtime that its code will run on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._image.libraries import LibraryFacts

_NAME = re.compile(r"([a-z]+)(\d+(?:\.\d+)*)?")


@dataclass(frozen=True, slots=True)
class Target:
    """machine: as `uname -m` says it. runtime: Lambda's name of it (`python3.12`), "" where nobody said; then no rules
    of a language are applied. image: the runtime image as messages name it, pinned by its digest where it has one.
    build_image: where to build instead, or "". library_path: the directories of LD_LIBRARY_PATH, the function's own
    or else the image's, absolute ones, in order, whether they exist or not. libraries: as found in this order."""

    machine: str
    runtime: str
    image: str
    build_image: str
    library_path: tuple[str, ...]
    libraries: LibraryFacts

    @property
    def language(self) -> str:
        """`python`, `nodejs`, `ruby`, `java`, `dotnet`, `provided`, `go`, or ""."""
        return self._parts[0]

    @property
    def version(self) -> str:
        """`3.12` of python3.12, `20` of nodejs20.x, `8` of java8.al2, "" of provided.al2023."""
        return self._parts[1]

    @property
    def _parts(self) -> tuple[str, str]:
        found = _NAME.match(self.runtime)
        return (found[1], found[2] or "") if found else ("", "")
