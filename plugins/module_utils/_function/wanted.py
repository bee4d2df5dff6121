# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody wants a function to be. What is not mentioned is left alone.

It knows nothing of what the function is now: that is the snapshot's part, and `plan.py` compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from .code import Code
from .environment import Mode


class Order(StrEnum):
    """Which of code and configuration goes first.

    expand_contract: names that are new in the environment, then the code, then everything else: callers of $LATEST
    never meet code that misses a variable.
    """

    CODE_FIRST = "code_first"
    CONFIG_FIRST = "config_first"
    EXPAND_CONTRACT = "expand_contract"


@dataclass(frozen=True)
class Wanted:
    """The wanted state of one function.

    settings: by option, as the user wrote them. environment: name to text, None to remove (merge mode only).
    reserved_concurrency: -1 for none. purge_tags: whether tags that are not mentioned are removed.
    """

    name: str
    code: Code | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str | None] | None = field(default=None, repr=False)
    environment_mode: Mode = Mode.REPLACE
    order: Order = Order.CODE_FIRST
    architecture: str | None = None
    source_kms_key_arn: str | None = None
    tags: Mapping[str, str] | None = None
    purge_tags: bool = True
    reserved_concurrency: int | None = None

    def knowing(self, code_sha256: str) -> Wanted:
        """The same, once Lambda has said which code an S3 object or a tag stands for."""
        if self.code is None or self.code.code_sha256 is not None:
            return self
        return replace(self, code=self.code.knowing(code_sha256))
