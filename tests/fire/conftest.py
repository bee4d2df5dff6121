# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A testbed of its own for these tests, and an environment that points botocore and Ansible at it."""

from __future__ import annotations

import os

import pytest
from bed import Bed, bed, make, running
from lambdaops_testbed.shell import point_at
from tasks import hurried, models_read_once, released, task

__all__ = ["bed", "hurried", "make", "models_read_once", "released", "running", "task"]


@pytest.fixture(autouse=True)
def pointed(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `make env` exports, for this process and those that it starts."""
    environ = dict(os.environ)
    point_at(bed.settings, environ)
    for name in os.environ.keys() - environ.keys():
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
