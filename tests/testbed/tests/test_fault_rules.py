# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How faults are read and which call meets which: no service needed."""

from __future__ import annotations

from typing import Any

import pytest
from lambdaops_testbed.localstack.faults import BadFault, Faults, parse_faults

ERROR = {"code": "ResourceConflictException", "status": 409, "message": "no"}


def meet(faults: Faults, operation: str = "GetFunction", function: str | None = "f", service: str = "lambda") -> str:
    fault = faults.meet(service, operation, function)
    return "" if fault is None else fault.given["name_in_test"]


def faults(*given: dict[str, Any]) -> Faults:
    """Each given fault gets a name by way of `given`, which keeps what was sent."""
    found = Faults()
    for number, each in enumerate(given):
        (fault,) = parse_faults({"operation": "GetFunction", "delay": 0, **each})
        object.__setattr__(fault, "given", {"name_in_test": f"{number}"})
        found.add([fault])
    return found


def test_a_fault_is_met_as_often_as_it_says_and_in_order() -> None:
    waiting = faults({"times": 2}, {})
    assert [meet(waiting) for _ in range(4)] == ["0", "0", "1", ""]


def test_after_lets_calls_through_first() -> None:
    waiting = faults({"after": 2})
    assert [meet(waiting) for _ in range(4)] == ["", "", "0", ""]


def test_a_fault_without_end_stays() -> None:
    waiting = faults({"times": None})
    assert [meet(waiting) for _ in range(3)] == ["0"] * 3
    waiting.clear()
    assert meet(waiting) == ""


def test_only_the_named_function_operation_and_service_meet_it() -> None:
    waiting = faults({"function": "f"}, {"service": "s3"})
    assert meet(waiting, function="g") == meet(waiting, operation="Invoke") == meet(waiting, service="sqs") == ""
    assert meet(waiting, service="s3", function=None) == "1"
    assert meet(waiting) == "0"


def test_what_waits_is_shown_as_it_was_given() -> None:
    waiting = Faults()
    given = {"operation": "GetFunction", "error": ERROR, "times": 2}
    waiting.add(parse_faults(given))
    waiting.meet("lambda", "GetFunction", "f")
    assert waiting.snapshot() == [{**given, "met": 1}]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([1], "A fault is a JSON object, or a list of them."),
        ({"operation": "X"}, "A fault is exactly one of"),
        ({"operation": "X", "delay": 1, "drop": True}, "this one has delay, drop."),
        ({"operation": "X", "delay": 1, "time": 2}, "A fault has no field 'time'"),
        ({"delay": 1}, "A fault needs an operation"),
        ({"operation": "", "delay": 1}, "operation must be a text"),
        ({"operation": "X", "delay": "1"}, "delay must be a number of seconds"),
        ({"operation": "X", "delay": 1, "times": 0}, "times must be a whole number from 1 on."),
        ({"operation": "X", "delay": 1, "after": -1}, "after must be a whole number from 0 on."),
        ({"operation": "X", "delay": 1, "function": 3}, "function must be a text"),
        ({"operation": "X", "drop": "never"}, 'drop must be "before"'),
        ({"operation": "X", "drop": False}, 'drop must be "before"'),
        ({"operation": "X", "error": {}}, "error must be an object with"),
        ({"operation": "X", "error": {"code": "E", "status": 200, "message": "m"}}, "status must be a whole number"),
        ({"operation": "X", "error": {"code": "E", "status": 700, "message": "m"}}, "from 400 to 599"),
        ({"operation": "X", "error": {"code": "E", "status": 409}}, "message must be a text"),
        ({"operation": "X", "error": {**ERROR, "headers": {"Retry-After": 1}}}, "headers must be an object of texts."),
        (
            {"operation": "UpdateFunctionCode", "state": {"State": "Inactive"}},
            "state is for the operations GetFunction",
        ),
        ({"state": {"Status": "Inactive"}}, "state has no field 'Status'"),
        ({"operation": "GetFunction", "fail_update": {"reason_code": "E"}}, "fail_update is for the operations"),
        ({"operation": "CreateFunction", "fail_update": {"reason": "r"}}, "reason_code must be a text"),
        ({"operation": "PublishVersion", "foreign": {}}, "foreign must be an object with members of"),
        ({"operation": "PublishVersion", "foreign": "Description"}, "foreign must be an object with members of"),
        ({"operation": "PutObject", "service": "s3", "foreign": {"Timeout": 1}}, "of the service lambda."),
    ],
)
def test_a_bad_fault_is_refused_in_one_sentence(given: object, sentence: str) -> None:
    with pytest.raises(BadFault) as refused:
        parse_faults(given)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
