# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a function lives, as its ARN tells: what bare names of roles and layers, and defaults, are made from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arn:
    """The parts of a function's ARN that completions need."""

    partition: str
    region: str
    account: str
    function: str

    @classmethod
    def parse(cls, arn: str) -> Arn:
        """Read `arn:partition:lambda:region:account:function:name`, with or without a qualifier at its end."""
        parts = arn.split(":")
        return cls(partition=parts[1], region=parts[3], account=parts[4], function=parts[6])
