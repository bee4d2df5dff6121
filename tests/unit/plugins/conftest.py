# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Lambda service whose every request and answer is checked against botocore's model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lambda_service import Service


@pytest.fixture
def service() -> Iterator[Service]:
    """Fails the test when a request differs from what was announced, or when an announced one was not made."""
    service = Service()
    with service.stub:
        yield service
        service.stub.assert_no_pending_responses()
