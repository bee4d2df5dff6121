# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one error of the testbed: a sentence that says what is wrong and what to do."""

from __future__ import annotations


class TestbedError(Exception):
    """str() is what a person reads; details are lines to show below it, the end of a log for example."""

    __test__ = False  # the name is not a test's, whatever pytest thinks

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details
