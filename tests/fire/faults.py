# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults that a call can meet, by name, and which of them make sense at which operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests
from bed import Bed
from numbered import ALIAS, environment
from tasks import PATIENCE

UPDATES = ("UpdateFunctionCode", "UpdateFunctionConfiguration")
GUARDED = (*UPDATES, "PublishVersion", "UpdateAlias")
READS = ("GetFunction", "GetAlias", "ListAliases", "ListVersionsByFunction", "DescribeAlarms")
LATE = 6  # seconds
IMPATIENT = {"late": 5, "lasting": 2}  # seconds of wait_timeout; an answer counts as lost after so long, at least 5


def _error(status: int, code: str, message: str, **headers: str) -> dict[str, Any]:
    return {"error": {"status": status, "code": code, "message": message, "headers": headers}}


THEIR_DESCRIPTION = "theirs"
FAULTS: dict[str, dict[str, Any]] = {
    "busy": _error(409, "ResourceConflictException", "The operation cannot be performed at this time. An update is in "
                   "progress for resource: arn:aws:lambda:eu-west-1:000000000000:function:f"),
    "other revision": _error(412, "PreconditionFailedException", "The RevisionId provided does not match the latest "
                             "RevisionId. Call the GetFunction API to retrieve the latest RevisionId."),
    "throttled": _error(429, "TooManyRequestsException", "Rate exceeded", **{"Retry-After": "1"}),
    "error": _error(500, "ServiceException", "An error occurred and the request cannot be processed."),
    "unavailable": _error(503, "ServiceUnavailableException", "Service is unable to handle request."),
    "lost before": {"drop": "before"},
    "lost after": {"drop": "after"},
    "slow": {"delay": 0.3},
    "late": {"delay": LATE},
    "fails for good": {"fail_update": {"reason_code": "InvalidSubnet", "reason": f"Read: {environment(3)['TOKEN']}."}},
    "fails for now": {"fail_update": {"reason_code": "InternalError", "reason": "Something broke."}},
    "idle": {"state": {"State": "Inactive", "StateReasonCode": "Idle", "StateReason": "The function is idle."}},
    "broken": {"state": {"State": "Failed", "StateReasonCode": "InternalError", "StateReason": "It is broken."}},
    "their description": {"foreign": {"Description": THEIR_DESCRIPTION}},
    "their environment": {"foreign": {"Environment": {"Variables": {"NUMBER": "9"}}}},
    "their alias": {"foreign": {"Alias": {"Name": ALIAS, "FunctionVersion": "1"}}},
}  # fmt: skip
LASTING = ("busy", "other revision", "throttled", "error", "lost before", "lost after", "fails for now")
ON_AND_ON = ", on and on"


@dataclass(frozen=True)
class Position:
    """One call of a task: the nth (from 0) of an operation. at: how many calls of the task come before it."""

    operation: str
    nth: int
    at: int

    def __str__(self) -> str:
        return f"{self.operation} {self.nth + 1}"


@dataclass(frozen=True)
class Fire:
    """A fault at a position; one that lasts is met by every call of the operation from there on."""

    position: Position
    kind: str

    def __str__(self) -> str:
        return f"{self.position}: {self.kind}"

    @property
    def lasts(self) -> bool:
        return self.kind.endswith(ON_AND_ON)

    @property
    def fault(self) -> dict[str, Any]:
        service = {"service": "cloudwatch"} if self.position.operation == "DescribeAlarms" else {}
        times = {"times": None if self.lasts else 1}
        where = {"operation": self.position.operation, "after": self.position.nth}
        return {**where, **service, **times, **FAULTS[self.kind.removesuffix(ON_AND_ON)]}

    @property
    def patience(self) -> int:
        """The seconds for which a task should wait, so that the fault is what it is called."""
        return IMPATIENT["lasting"] if self.lasts else IMPATIENT.get(self.kind, PATIENCE)

    @property
    def passes(self) -> bool:
        """Whether a task has to succeed all the same. A first call without an answer shows that nobody is there."""
        if self.lasts or self.kind in ("late", "fails for good", "broken"):
            return False
        if (self.position.operation, self.kind) == ("PublishVersion", "fails for now"):
            return False  # a version that failed is deleted, and the next task publishes anew
        return (self.position.at, self.kind) != (0, "lost before")

    @property
    def theirs(self) -> str | None:
        """What somebody else writes: "environment", "description", "alias"."""
        return self.kind.removeprefix("their ") if self.kind.startswith("their ") else None


def positions(calls: tuple[str, ...]) -> list[Position]:
    """All positions of the calls of a task."""
    return [Position(operation, calls[:at].count(operation), at) for at, operation in enumerate(calls)]


def kinds_at(operation: str) -> list[str]:
    """The kinds that make sense at an operation, those that last too."""
    kinds = ["throttled", "error", "lost before"]
    if operation not in READS:
        kinds += ["unavailable", "slow", "late", "lost after", "busy"]
    if operation in GUARDED:
        kinds += ["other revision"]
    if operation in (*UPDATES, "PublishVersion"):
        kinds += ["fails for good", "fails for now"]
    if operation == "GetFunction":
        kinds += ["idle", "broken"]
    if operation not in ("TagResource", "UntagResource", "DescribeAlarms"):  # these name no function
        kinds += ["their description", "their environment", "their alias"]
    return kinds + [f"{kind}{ON_AND_ON}" for kind in LASTING if kind in kinds]


def unmet(bed: Bed) -> list[dict[str, Any]]:
    """The faults that were given and have not met a call."""
    waiting = requests.get(f"{bed.endpoint}/_testbed/faults", timeout=10).json()
    return [fault for fault in waiting if not fault["met"]]


def blind(calls: tuple[str, ...]) -> list[tuple[Fire, Fire]]:
    """A write whose answer is lost, and then nobody can look what became of it."""
    every = positions(calls)
    return [
        (Fire(write, "lost after"), Fire(read, f"error{ON_AND_ON}"))
        for write in every
        if write.operation not in (*READS, "Invoke")
        for read in [next((later for later in every[write.at :] if later.operation in READS), every[0])]
    ]


def fires(calls: tuple[str, ...]) -> list[Fire]:
    """Each kind at each position."""
    return [Fire(position, kind) for position in positions(calls) for kind in kinds_at(position.operation)]
