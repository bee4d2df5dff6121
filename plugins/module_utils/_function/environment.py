# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A function's environment: what may be asked for, how it merges, and what happens to each name.

Values are secret: nothing here puts one into a message or a result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from .errors import InvalidRequest

LIMIT = 4096  # bytes of the whole environment as JSON, which is how Lambda measures it
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")

# Source: AWS Lambda developer guide, "Defined runtime environment variables", the reserved ones.
_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)


class Mode(StrEnum):
    """replace: the environment is exactly what is wanted. merge: names that are not mentioned stay."""

    REPLACE = "replace"
    MERGE = "merge"


class Fate(StrEnum):
    """What an update does to one name."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    KEPT = "kept"


def read_wanted(variables: Mapping[Any, Any], mode: Mode) -> dict[str, str | None]:
    """Check names and turn values into the text that Lambda stores; None removes a name in merge mode.

    Numbers become their digits, booleans `true` and `false`. Raises InvalidRequest for names that Lambda refuses or
    reserves, and for values that have no one obvious text.
    """
    return {_checked_name(name): _text(str(name), value, mode) for name, value in variables.items()}


def _checked_name(name: Any) -> str:
    if name in _RESERVED:
        raise InvalidRequest(
            f"environment_variables: Lambda reserves the name {name} for itself.", hint="Choose another name."
        )
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"environment_variables: {name!r} can't be the name of a variable.",
            hint="Lambda takes a letter, then one or more letters, digits or underscores.",
        )
    return name


def _text(name: str, value: Any, mode: Mode) -> str | None:
    match value:
        case None if mode is Mode.MERGE:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return str(value)
    raise InvalidRequest(
        f"environment_variables: the value of {name} is {_KINDS.get(type(value), type(value).__name__)}, not a text.",
        hint=(
            "Leave the name out, or set environment_mode=merge, in which null removes it."
            if value is None
            else "Turn it into a text first, with the filter to_json for example."
        ),
    )


_KINDS: dict[type, str] = {type(None): "null", dict: "a dictionary", list: "a list"}


def concealable(values: Iterable[str | None]) -> frozenset[str]:
    """Those values that can be hidden in a text; ones of three characters and less would only garble it."""
    return frozenset(value for value in values if value and len(value) >= 4)


def combine(current: Mapping[str, str], wanted: Mapping[str, str | None], mode: Mode) -> dict[str, str]:
    """The environment that is to be in force. Raises InvalidRequest when it is over Lambda's limit."""
    base = dict(current) if mode is Mode.MERGE else {}
    combined = {name: value for name, value in {**base, **wanted}.items() if value is not None}
    refuse_too_large(combined)
    return combined


def refuse_too_large(environment: Mapping[str, str], when: str = "") -> None:
    """Raises InvalidRequest when it is over Lambda's limit."""
    size = len(json.dumps(environment, separators=(",", ":"), ensure_ascii=False).encode())
    if size > LIMIT:
        raise InvalidRequest(
            f"environment_variables: the environment would measure {size} bytes{when and f' {when}'}, "
            f"and Lambda takes {LIMIT}.",
            hint="Move large values to SSM Parameter Store or Secrets Manager and pass their names.",
        )


def fates(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Fate]:
    """What happens to each name, sorted by name."""
    return {name: _fate(before.get(name), after.get(name)) for name in sorted({*before, *after})}


def _fate(before: str | None, after: str | None) -> Fate:
    if before is None:
        return Fate.ADDED
    if after is None:
        return Fate.REMOVED
    return Fate.KEPT if before == after else Fate.CHANGED
