# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steady caller: it sees every answer, every failure and every mix, and it ends."""

from __future__ import annotations

import threading
import time
from typing import Any

from bed import Bed, Make
from lambdaops_testbed.traffic import Report, Traffic

NUMBERS = "import os\ndef handler(event, context): return [{}, int(os.environ['N'])]\n"
FAILING = "def handler(event, context): raise ValueError('on purpose')\n"


def differ(answer: Any) -> bool:
    code, environment = answer
    return bool(code != environment)


def until(traffic: Traffic, seen: Any) -> None:
    """Wait until the report so far is as wanted."""
    limit = time.monotonic() + 20
    while not seen(traffic.report()):
        assert time.monotonic() < limit, traffic.report()
        time.sleep(0.02)


def test_answers_are_counted_by_value_through_a_release(bed: Bed, make: Make) -> None:
    function = make(NUMBERS.format(1), Environment={"Variables": {"N": "1"}})
    function.publish()
    function.alias("live", "1")
    traffic = Traffic(bed.endpoint, function.name, "live", mixed=differ).start()
    until(traffic, lambda report: report.answers.get("[1, 1]", 0) > 3)
    function.set_code(NUMBERS.format(2))
    function.settle()
    function.set_environment(N="2")
    function.settle()
    function.publish()
    function.alias("live", "2")
    until(traffic, lambda report: report.answers.get("[2, 2]", 0) > 3)
    report = traffic.stop()
    assert report.clean, report
    assert set(report.answers) == {"[1, 1]", "[2, 2]"}
    assert sum(report.answers.values()) == report.asked


def test_mixed_answers_are_counted_and_shown(bed: Bed, make: Make) -> None:
    function = make(NUMBERS.format(1), Environment={"Variables": {"N": "1"}})
    traffic = Traffic(bed.endpoint, function.name, mixed=differ).start()
    until(traffic, lambda report: report.answers)
    function.set_code(NUMBERS.format(2))
    function.settle()
    until(traffic, lambda report: report.mixed > 2)
    report = traffic.stop()
    assert report.mixed == report.answers["[2, 1]"]
    assert set(report.mixtures) == {"[2, 1]"}
    assert not report.clean
    assert report.failed == 0


def test_failures_are_counted_and_shown_whatever_they_are(bed: Bed, make: Make) -> None:
    function = make(FAILING)
    bed.fault({"operation": "Invoke", "times": 2, "drop": "before"})
    traffic = Traffic(bed.endpoint, function.name).start()
    until(traffic, lambda report: report.failed > 4)
    report = traffic.stop()
    assert report.asked == report.failed
    assert not report.answers
    assert len(report.failures) == 5
    assert sum(sample.startswith("ConnectionClosedError: ") for sample in report.failures) == 2
    assert sum("Unhandled: " in sample and "on purpose" in sample for sample in report.failures) == 3


def test_what_is_no_answer_for_the_judge_is_a_failure(bed: Bed, make: Make) -> None:
    traffic = Traffic(bed.endpoint, make("def handler(event, context): return 1\n").name, mixed=differ).start()
    until(traffic, lambda report: report.failed)
    assert "TypeError" in traffic.stop().failures[0]


def test_it_calls_at_its_rate_and_ends(bed: Bed, make: Make) -> None:
    function = make("def handler(event, context): return event\n")
    function.invoke()
    before = threading.active_count()
    bed.forget_calls()
    traffic = Traffic(bed.endpoint, function.name, payload=b'{"a": 1}', rate=50).start()
    until(traffic, lambda report: report.asked >= 25)
    report = traffic.stop()
    assert report.asked <= report.seconds * 50 + 1
    assert report.answers == {'{"a": 1}': report.asked}
    assert bed.calls() == {"lambda": {"Invoke": report.asked}}
    assert threading.active_count() == before


def test_no_calls_are_not_clean(bed: Bed) -> None:
    assert not Report(1.0, 0, {}, 0, (), 0, ()).clean
