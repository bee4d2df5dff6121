# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alarms, as a shift of traffic asks for them."""

from __future__ import annotations

from bed import Bed, client


def test_an_alarm_is_in_the_state_it_was_brought_into(bed: Bed) -> None:
    cloudwatch = client(bed, "cloudwatch")
    for state in ("OK", "ALARM", "INSUFFICIENT_DATA", "OK"):
        bed.alarm("errors", state)
        bed.alarm("other", "OK")
        found = cloudwatch.describe_alarms(AlarmNames=["errors", "missing"])["MetricAlarms"]
        assert [(alarm["AlarmName"], alarm["StateValue"]) for alarm in found] == [("errors", state)]
    cloudwatch.delete_alarms(AlarmNames=["errors", "other"])
