# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A testbed of its own for these tests, and an environment that points botocore and Ansible at it."""

from __future__ import annotations

import pytest
from bed import bed, make, pointed, running
from tasks import hurried, models_read_once, released, task

__all__ = ["bed", "hurried", "make", "models_read_once", "pointed", "released", "running", "task"]


@pytest.fixture(autouse=True)
def always_pointed(pointed: None) -> None:
    """No test here talks to anything else."""
