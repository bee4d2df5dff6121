# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The error that every engine raises: what is wrong and where, then what to do.

Engines subclass it; `_module.py` turns it into `fail_json` once. It knows nothing of Ansible.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class EngineError(Exception):
    """A failure that a person can act on.

    message: one sentence, what is wrong and where. hint: one sentence, what to do; may be empty.
    facts: JSON-ready values that join the module's result under their own names.
    """

    def __init__(self, message: str, *, hint: str = "", facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.facts: dict[str, Any] = dict(facts or {})

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def advise(self, text: str) -> None:
        """Say more of what to do, or of what is in force."""
        self.hint = f"{self.hint} {text}".strip()


def printable(text: str) -> str:
    """What an image or a registry says, without what would move a terminal's cursor or begin a new line."""
    return "".join(character for character in text if character.isprintable())
