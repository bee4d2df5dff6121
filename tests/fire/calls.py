# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls of a task in their order, as botocore sends them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from botocore.client import BaseClient


def without_polls(calls: Iterable[str]) -> list[str]:
    """How often one has to look until a function has settled depends on the machine."""
    looks = ("GetFunction", "GetFunction")
    return [call for before, call in pairwise(["", *calls]) if (before, call) != looks]


@contextmanager
def listening() -> Iterator[list[str]]:
    """The names of the operations that any client of this process sends meanwhile."""
    calls: list[str] = []
    send = BaseClient._make_api_call

    def listen(client: BaseClient, operation: str, request: dict[str, Any]) -> Any:
        calls.append(operation)
        return send(client, operation, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", listen)
        yield calls
