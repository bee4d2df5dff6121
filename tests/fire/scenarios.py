# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The releases that come under fire: what is asked, and the calls that it takes when nothing disturbs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numbered import ALIAS, answer_of, environment, zip_file

NUMBER = 3
ALARM = "errors"

CODE = ("UpdateFunctionCode", "GetFunction")
CONFIGURATION = ("UpdateFunctionConfiguration", "GetFunction")
VERSION = ("GetAlias", "GetFunction", "PublishVersion", "GetFunction", "Invoke")
GRADUALLY = ("DescribeAlarms", "UpdateAlias", "DescribeAlarms", "UpdateAlias")
TAGGED = ("TagResource", "GetFunction", "UntagResource", "GetFunction", "PutFunctionConcurrency", "GetFunction")
PRUNED = ("ListVersionsByFunction", "ListAliases", "DeleteFunction")


@dataclass(frozen=True)
class Scenario:
    """One kind of release: options beside code and environment, and its calls when nothing disturbs it."""

    name: str
    calls: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def published(self) -> int:
        """Where $LATEST is of no more interest: somebody else may have it from there on."""
        return self.calls.index("PublishVersion")

    @property
    def moved(self) -> int:
        return len(self.calls) - 1 - self.calls[::-1].index("UpdateAlias")


SCENARIOS = (
    Scenario("plain", ("GetFunction", *CODE, *CONFIGURATION, *VERSION, "UpdateAlias")),
    Scenario(
        "gradual",
        (
            *("GetFunction", "GetAlias", "GetFunction", "DescribeAlarms"),
            *(*CONFIGURATION, *CODE, *CONFIGURATION, *TAGGED),
            *(*VERSION, *GRADUALLY, *PRUNED),
        ),
        {
            "update_order": "expand_contract",
            "tags": {"stage": "new"},
            "traffic": [{"weight": 0.5, "pause": 0}],
            "alarms": [ALARM],
            "keep_versions": 1,
            "reserved_concurrent_executions": 5,
        },
    ),
    Scenario(
        "taken back",
        ("GetFunction", "GetFunction", *CODE, *CONFIGURATION, *VERSION, "UpdateAlias"),
        {"rollback_on_failure": True},
    ),
)


def wish(scenario: Scenario, folder: Path) -> dict[str, Any]:
    return {
        "zip_file": zip_file(folder, NUMBER),
        "environment_variables": environment(NUMBER),
        "alias": ALIAS,
        "verify": {"expected": answer_of(NUMBER), "timeout": 5},
        **scenario.options,
    }
