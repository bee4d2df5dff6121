# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold a request against the limits of the service model, so that nothing is half-done when one is broken.

botocore checks types, minimums and what is missing when a request is sent, which is too late for the second of two
requests, and it leaves maximums and patterns to the service. Values are never quoted: they may be secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

try:
    from botocore import __version__ as _botocore_version
except ImportError:  # without it there is no shape to hold against
    _botocore_version = "none"

_FOUND = frozenset({"FunctionName", "Resource"})  # GetFunction found it by this name; older patterns lack partitions
_KNOWS_ALL = "1.44.5"  # the botocore that this collection was written with


def violation(shape: Any, value: Any, path: str = "") -> str | None:
    """The first limit that value breaks, as a phrase that begins with the member's name, or None.

    shape: a botocore Shape; members that it does not know need a newer botocore. Enumerations are left to the service,
    which knows newer values than this botocore.
    """
    return next(_violations(shape, value, path), None)


def _violations(shape: Any, value: Any, path: str) -> Iterator[str]:
    match shape.type_name:
        case "structure":
            for name, member in value.items():
                inner = f"{path}.{name}" if path else name
                if name in shape.members:
                    yield from _violations(shape.members[name], member, inner)
                else:
                    yield f"{inner} needs botocore {_KNOWS_ALL} or later, and this one is {_botocore_version}"
            for name in shape.required_members:
                if name not in value:
                    yield f"{path} lacks {name}, and Lambda wants it"
        case "map":
            for name, member in value.items():
                yield from _violations(shape.value, member, f"{path}.{name}")
        case "list":
            yield from _out_of_range(shape, len(value), f"{path} has length")
            for member in value:
                yield from _violations(shape.member, member, path)
        case "string":
            yield from _out_of_range(shape, len(value), f"{path} has length")
            pattern = None if path in _FOUND else shape.metadata.get("pattern")
            if pattern and not _fits(pattern, value):
                yield f"{path} does not have the form that Lambda takes ({pattern})"
        case "integer" | "long" | "float" | "double":
            yield from _out_of_range(shape, value, f"{path} is")


def _out_of_range(shape: Any, size: float, subject: str) -> Iterator[str]:
    lowest, highest = shape.metadata.get("min"), shape.metadata.get("max")
    if (lowest is not None and size < lowest) or (highest is not None and size > highest):
        span = f"at least {lowest}" if highest is None else f"{lowest or 0} to {highest}"
        yield f"{subject} {size}, and Lambda takes {span}"


def _fits(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text, re.DOTALL) is not None
    except re.error:  # the models' patterns are Java's, and a few are not Python's
        return True
