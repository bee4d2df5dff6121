# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudWatch alarms that watch a release."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import InvalidRequest
from .service import Service

_MOST = 100  # names in one request; CloudWatch API reference, DescribeAlarms


class Alarms(Service):
    """A botocore CloudWatch client, for reading only."""

    def firing(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those in state ALARM, sorted. Raises InvalidRequest when one does not exist."""
        states: dict[str, str] = {}
        for start in range(0, len(names), _MOST):
            some = list(names[start : start + _MOST])
            kinds = ["MetricAlarm", "CompositeAlarm"]
            answer = self.read("DescribeAlarms", {"AlarmNames": some, "AlarmTypes": kinds, "MaxRecords": _MOST})
            for alarm in (*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())):
                states[alarm["AlarmName"]] = alarm["StateValue"]
        if missing := sorted(set(names) - states.keys()):
            raise InvalidRequest(
                f"alarms: CloudWatch knows no alarm {', '.join(missing)} in {self.region}.",
                hint="Correct the name, or create the alarm first.",
            )
        return tuple(sorted(name for name, state in states.items() if state == "ALARM"))
