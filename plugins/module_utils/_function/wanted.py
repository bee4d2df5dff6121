# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody wants a function to be. What is not mentioned is left alone.

It knows nothing of what the function is now: that is the snapshot's part, and `plan.py` compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._code.digests import Digest
from .code import Code, S3Package
from .environment import Mode


@dataclass(frozen=True)
class Wanted:
    """The wanted state of one function.

    settings: by option, as the user wrote them. environment: name to text, None to remove (merge mode only).
    """

    name: str
    code: Code | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str | None] | None = field(default=None, repr=False)
    environment_mode: Mode = Mode.REPLACE

    def knowing(self, digest: Digest) -> Wanted:
        """The same, once Lambda has said which code an S3 object holds."""
        match self.code:
            case S3Package(digest=None) as package:
                return replace(self, code=replace(package, digest=digest))
            case _:
                return self
