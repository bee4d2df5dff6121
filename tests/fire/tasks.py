# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks of these tests: modules run in this process on a released function, and with little time spent on sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType
from typing import Any

import botocore.session
import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.deadline import Deadline
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_rollback, lambda_safe_update
from bed import Bed, Function
from numbered import CANARY, Released

Task = Callable[..., dict[str, Any]]

PATIENCE = 20  # seconds of wait_timeout
HURRY = 0.1
PACE = 0.01  # less than the shortest hurried pause, so that one look after a write is enough


class Hurried(Deadline):
    """A deadline whose pauses are shorter; the deadline itself is not."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sleeper = lambda seconds: time.sleep(seconds * HURRY)


@pytest.fixture(scope="session")
def models_read_once() -> Iterator[None]:
    """botocore reads Lambda's model for each client, which takes longer than a whole task does here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", cache(botocore.session.create_loader))
        yield


@pytest.fixture
def hurried(bed: Bed, models_read_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Updates take no time here, and nobody sleeps long."""
    bed.pace(PACE)
    for module in (lambda_safe_update, lambda_rollback):
        monkeypatch.setattr(module, "Deadline", Hurried)


@pytest.fixture
def released(bed: Bed, make: Callable[..., Function]) -> Released:
    bed.pace(PACE)
    return Released.make(make)


@pytest.fixture
def task(released: Released, run_module: Task) -> Task:
    """Run a module on the function. What it printed is one JSON value, without anything that is secret."""

    def run(module: ModuleType, **options: Any) -> dict[str, Any]:
        result = run_module(module, name=released.name, **options)
        assert result["msg"]
        assert "Traceback" not in str(result)
        assert CANARY not in str(result)
        return result

    return run
