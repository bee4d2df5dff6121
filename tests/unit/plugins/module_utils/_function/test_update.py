# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying a plan out, against answers that botocore checks: order, waiting, conflicts, failures, and what is told."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.digests import Digest
from ansible_collections.lambdaops.deploy.plugins.module_utils._errors import EngineError
from ansible_collections.lambdaops.deploy.plugins.module_utils._function import errors
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.deadline import backoff
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.deployment import Deployer, Deployment
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.report import (
    diff_result,
    environment_result,
    summary,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.s3_package import S3Package
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.update import OnConflict
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.wanted import Order, Wanted
from lambda_service import ARN, Service

NEW = Digest(bytes(range(32)))
CODE = S3Package("releases", "k", code_sha256=NEW.base64)
S3 = {"S3Bucket": "releases", "S3Key": "k"}
BOTH = Wanted("orders", code=CODE, environment={"AB": "canary-value"})
ENVIRONMENT = {"Environment": {"Variables": {"AB": "canary-value"}}}
IN_PROGRESS = "The operation cannot be performed at this time. An update is in progress for resource: arn:x"


def run(service: Service, wanted: Wanted = BOTH, *, carry_out: bool = True, **options: Any) -> Deployment:
    return Deployer(service.api, wanted, service.deadline, **options).deploy(carry_out=carry_out)


def outcomes(update: Deployment) -> list[str]:
    return [phase["outcome"] for phase in update.journal.as_result()]


def told(error: EngineError) -> list[str]:
    return [phase["outcome"] for phase in error.facts["phases"]]


def takes_code(service: Service, revision: str = "r1", **members: Any) -> None:
    stored = {"CodeSha256": NEW.base64, "RevisionId": "mid", **members}
    service.takes("update_function_code", {**S3, "RevisionId": revision}, **stored)


def takes_environment(service: Service, revision: str) -> None:
    service.takes(
        "update_function_configuration",
        {**ENVIRONMENT, "RevisionId": revision},
        CodeSha256=NEW.base64,
        RevisionId="mid",
        **ENVIRONMENT,
    )


def test_nothing_to_do_is_one_call(service: Service) -> None:
    service.reads(CodeSha256=NEW.base64, **ENVIRONMENT)
    update = run(service)
    assert (update.journal.changed, outcomes(update)) == (False, ["done", "unchanged", "unchanged"])
    assert service.api.calls == {"GetFunction": 1}
    assert service.clock.slept == []
    assert summary(update) == "orders: nothing to do."


def test_code_settles_before_the_environment_and_each_write_has_a_settled_revision(service: Service) -> None:
    service.reads()
    takes_code(service)
    service.reads(CodeSha256=NEW.base64, LastUpdateStatus="InProgress", RevisionId="mid")
    service.reads(CodeSha256=NEW.base64, RevisionId="r2")
    takes_environment(service, "r2")
    service.reads(CodeSha256=NEW.base64, LastUpdateStatus="InProgress", RevisionId="mid", **ENVIRONMENT)
    service.reads(CodeSha256=NEW.base64, RevisionId="r3", **ENVIRONMENT)
    update = run(service)
    assert (update.journal.changed, outcomes(update)) == (True, ["done", "applied", "applied"])
    assert update.after.revision_id == "r3"
    assert sum(service.api.calls.values()) == 7
    assert summary(update).startswith("orders: code updated in 1.")


@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.0, 5.0, 25.0, 120.0])
def test_an_update_is_seen_to_end_soon_after_it_did(seconds: float) -> None:
    for jitter in (0.0, 1.0):
        looks = accumulate(backoff(lambda jitter=jitter: jitter))
        seen = next(at for at in looks if at > seconds)
        assert seen - seconds <= max(0.5, 0.15 * seconds)


def test_check_mode_reads_and_predicts(service: Service) -> None:
    service.reads()
    update = run(service, carry_out=False)
    assert (update.journal.changed, outcomes(update)) == (True, ["done", "planned", "planned"])
    assert update.after.code_sha256 == NEW.base64
    assert summary(update) == "orders: code would be updated and configuration would be updated."


@pytest.mark.parametrize(
    "message",
    [
        IN_PROGRESS,
        "The operation cannot be performed at this time. The function is currently in the following state: Pending",
        "Conflict due to concurrent requests on this function. Please try this operation again.",
    ],
)
def test_conflicts_are_waited_for_and_counted(service: Service, message: str) -> None:
    service.reads()
    for _ in range(2):
        service.fails("update_function_code", "ResourceConflictException", 409, message)
        service.reads()
    takes_code(service)
    service.reads(CodeSha256=NEW.base64)
    update = run(service, Wanted("orders", code=CODE))
    assert update.journal.conflicts == update.journal.as_result()[1]["conflicts"] == 2
    assert summary(update).endswith("after 2 conflicts.")
    assert len(service.clock.slept) == 3


def test_a_conflict_is_planned_anew_from_what_is_then_in_force(service: Service) -> None:
    service.reads()
    service.fails("update_function_code", "ResourceConflictException", 409, IN_PROGRESS)
    service.reads(CodeSha256=NEW.base64, LastUpdateStatus="InProgress")
    service.reads(CodeSha256=NEW.base64)
    update = run(service, Wanted("orders", code=CODE))
    assert (update.journal.changed, outcomes(update)) == (False, ["done", "unchanged", "unchanged"])


def test_other_conflicts_fail(service: Service) -> None:
    service.reads()
    service.fails("update_function_code", "ResourceConflictException", 409, "Function already exist: orders")
    with pytest.raises(errors.Refused, match="Function already exist") as caught:
        run(service)
    assert told(caught.value) == ["done", "failed", "not_started"]


def test_conflicts_without_end_meet_the_deadline(service: Service) -> None:
    service.deadline.seconds = 0.25
    service.reads()
    service.fails("update_function_code", "ResourceConflictException", 409, IN_PROGRESS)
    service.reads()
    with pytest.raises(errors.StillInMotion, match=r"still to be done after 0.25 s and 1 conflict with.*wait_timeout"):
        run(service)


def test_somebody_elses_write_is_planned_around(service: Service) -> None:
    service.reads()
    service.fails("update_function_code", "PreconditionFailedException", 412)
    for _ in range(2):  # until nobody has written since the last look
        service.reads(Timeout=9, RevisionId="r2")
    takes_code(service, "r2", Timeout=9)
    service.reads(CodeSha256=NEW.base64, Timeout=9)
    assert run(service, Wanted("orders", code=CODE)).journal.conflicts == 1


def test_somebody_elses_write_can_stop_the_task(service: Service) -> None:
    service.reads()
    service.fails("update_function_code", "PreconditionFailedException", 412)
    service.reads(Timeout=9, RevisionId="r2", Environment={"Variables": {"AB": "canary-value"}})
    with pytest.raises(errors.ForeignChange, match=r"timeout, environment_variables\.AB\.") as caught:
        run(service, on_conflict=OnConflict.FAIL)
    assert told(caught.value) == ["done", "failed", "not_started"]
    assert caught.value.facts["changed"] is False


def test_a_revision_that_changed_by_itself_stops_nobody(service: Service) -> None:
    service.reads()
    service.fails("update_function_code", "PreconditionFailedException", 412)
    for _ in range(2):
        service.reads(RevisionId="r2")
    takes_code(service, "r2")
    service.reads(CodeSha256=NEW.base64)
    assert run(service, Wanted("orders", code=CODE), on_conflict=OnConflict.FAIL).journal.changed


@pytest.mark.parametrize(("code", "status"), [("ServiceException", 500), ("ServiceUnavailable", 503)])
def test_a_lost_answer_is_looked_up_not_repeated(service: Service, code: str, status: int) -> None:
    service.reads()
    service.fails("update_function_code", code, status)
    service.reads(CodeSha256=NEW.base64, LastUpdateStatus="InProgress")
    service.reads(CodeSha256=NEW.base64)
    update = run(service, Wanted("orders", code=CODE))
    assert (update.journal.changed, outcomes(update)) == (True, ["done", "applied", "unchanged"])
    assert service.api.calls["UpdateFunctionCode"] == 1


def test_a_lost_request_is_sent_again(service: Service) -> None:
    service.reads()
    service.fails("update_function_code", "ServiceException", 500)
    service.reads()
    takes_code(service)
    service.reads(CodeSha256=NEW.base64)
    assert outcomes(run(service, Wanted("orders", code=CODE))) == ["done", "applied", "unchanged"]


@pytest.mark.parametrize(("header", "pause"), [("7", 7.0), (None, 0.35)])
def test_throttles_wait_as_long_as_lambda_asks(service: Service, header: str | None, pause: float) -> None:
    service.reads()
    service.fails(
        "update_function_code", "TooManyRequestsException", 429, **({"retry_after": header} if header else {})
    )
    takes_code(service)
    service.reads(CodeSha256=NEW.base64)
    run(service, Wanted("orders", code=CODE))
    assert pause <= service.clock.slept[0] <= pause * 1.1


def test_throttles_without_end_meet_the_deadline(service: Service) -> None:
    service.deadline.seconds = 5
    service.fails("get_function", "TooManyRequestsException", 429, retry_after="60")
    service.fails("get_function", "TooManyRequestsException", 429, retry_after="60")
    with pytest.raises(errors.StillInMotion, match="429"):
        run(service)
    assert sum(service.clock.slept) == 5


def test_an_update_that_ends_failed_says_why_and_what_is_in_force(service: Service) -> None:
    service.reads()
    takes_code(service)
    service.reads(CodeSha256=NEW.base64, RevisionId="r2")
    takes_environment(service, "r2")
    service.reads(
        CodeSha256=NEW.base64,
        LastUpdateStatus="Failed",
        LastUpdateStatusReasonCode="KMSKeyNotFound",
        LastUpdateStatusReason="No such key.",
    )
    with pytest.raises(
        errors.UpdateFailed, match=r"Failed \(KMSKeyNotFound: No such key\); what was.*The code had been updated before"
    ) as caught:
        run(service)
    assert told(caught.value) == ["done", "applied", "failed"]
    assert caught.value.facts["changed"] is True


def test_a_failure_of_an_earlier_update_is_no_obstacle(service: Service) -> None:
    service.reads(LastUpdateStatus="Failed", LastUpdateStatusReasonCode="InvalidZipFileException")
    takes_code(service)
    service.reads(CodeSha256=NEW.base64)
    assert run(service, Wanted("orders", code=CODE)).journal.changed


def test_idle_functions_are_updated_at_once(service: Service) -> None:
    service.reads(State="Inactive", StateReasonCode="Idle")
    takes_code(service)
    service.reads(CodeSha256=NEW.base64, State="Pending")
    service.reads(CodeSha256=NEW.base64)
    assert run(service, Wanted("orders", code=CODE)).journal.changed


@pytest.mark.parametrize("state", ["Pending", "Deactivating"])
def test_functions_in_motion_are_waited_for(service: Service, state: str) -> None:
    service.reads(CodeSha256=NEW.base64, State=state)
    service.reads(CodeSha256=NEW.base64)
    assert run(service, Wanted("orders", code=CODE)).journal.changed is False


@pytest.mark.parametrize("state", ["Failed", "Deleting", "Deactivated"])
def test_states_that_no_waiting_mends_fail_at_once(service: Service, state: str) -> None:
    service.reads(State=state, StateReasonCode="InvalidSubnet", StateReason="Gone.")
    with pytest.raises(errors.FunctionBroken, match=rf"state {state} \(InvalidSubnet: Gone\)") as caught:
        run(service)
    assert caught.value.hint
    assert service.clock.slept == []


def test_a_function_that_never_settles_meets_the_deadline(service: Service) -> None:
    service.deadline.seconds = 1
    for _ in range(3):
        service.reads(LastUpdateStatus="InProgress")
    with pytest.raises(errors.StillInMotion, match="had not settled after 1 s: State Active, LastUpdateStatus InProg"):
        run(service)


def test_a_write_whose_end_is_not_seen_is_unknown(service: Service) -> None:
    service.deadline.seconds = 0.3
    service.reads()
    takes_code(service)
    service.reads(CodeSha256=NEW.base64, LastUpdateStatus="InProgress")
    with pytest.raises(errors.StillInMotion) as caught:
        run(service)
    assert told(caught.value) == ["done", "unknown", "not_started"]
    assert caught.value.facts["changed"] is True


def test_code_of_unknown_hash_is_known_from_lambdas_answer(service: Service) -> None:
    service.reads()
    takes_code(service)
    service.reads(CodeSha256=NEW.base64)
    assert run(service, Wanted("orders", code=S3Package("releases", "k"))).journal.changed


def test_an_object_with_another_hash_than_stated_is_told(service: Service) -> None:
    service.reads()
    service.takes("update_function_code", {**S3, "RevisionId": "r1"}, CodeSha256="other")
    service.reads(CodeSha256="other")
    with pytest.raises(
        errors.NotStored, match=f"s3://releases/k with CodeSha256 other instead of {NEW.base64}"
    ) as caught:
        run(service)
    assert told(caught.value) == ["done", "applied", "not_started"]


def test_a_value_that_lambda_stores_differently_is_told(service: Service) -> None:
    service.reads()
    service.takes("update_function_configuration", {"Description": "a ", "RevisionId": "r1"}, Description="a")
    service.reads(Description="a")
    with pytest.raises(errors.NotStored, match="stored another value for description"):
        run(service, Wanted("orders", settings={"description": "a "}))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"memory_size": 1}, "MemorySize is 1, and Lambda takes 128"),
        ({"description": "x" * 257}, "Description has length 257, and Lambda takes 0 to 256"),
        ({"handler": "two words"}, "Handler does not have the form"),
        ({"role": "no such/ arn"}, "Role does not have the form"),
    ],
)
def test_limits_are_found_before_the_code_is_touched(service: Service, settings: dict[str, Any], named: str) -> None:
    service.reads()
    with pytest.raises(errors.InvalidRequest, match=named) as caught:
        run(service, Wanted("orders", code=CODE, settings=settings))
    assert told(caught.value) == ["done", "not_started", "not_started"]


def test_a_lost_request_that_conflicts_later_stays_a_change(service: Service) -> None:
    service.reads()
    service.fails("update_function_code", "ServiceException", 500)
    service.reads()
    service.fails("update_function_code", "ResourceConflictException", 409, IN_PROGRESS)
    service.reads(CodeSha256=NEW.base64)
    update = run(service, Wanted("orders", code=CODE))
    assert (update.journal.changed, outcomes(update)) == (True, ["done", "applied", "unchanged"])


def test_a_lost_request_that_is_refused_later_is_unknown(service: Service) -> None:
    service.reads()
    service.fails("update_function_code", "ServiceException", 500)
    service.reads()
    service.fails("update_function_code", "AccessDeniedException", 403)
    with pytest.raises(errors.Denied) as caught:
        run(service, Wanted("orders", code=CODE))
    assert told(caught.value) == ["done", "unknown", "not_started"]
    assert caught.value.facts["changed"] is True


def test_writes_without_an_answer_end_with_what_went_wrong(service: Service) -> None:
    service.reads()
    for _ in range(4):
        service.fails("update_function_code", "ServiceException", 500, "boom")
        service.reads()
    service.fails("update_function_code", "ServiceException", 500, "boom")
    with pytest.raises(errors.AnswerLost, match="500 ServiceException: boom"):
        run(service, Wanted("orders", code=CODE))


def test_a_reading_that_never_shows_what_was_taken_meets_the_deadline(service: Service) -> None:
    service.deadline.seconds = 1.5
    service.reads()
    for _ in range(2):
        service.takes("update_function_configuration", {"Timeout": 9, "RevisionId": "r1"}, Timeout=9)
        service.reads()
        service.reads()
    with pytest.raises(errors.StillInMotion, match=r"still to be done after 1.5 s and 2 conflicts") as caught:
        run(service, Wanted("orders", settings={"timeout": 9}))
    assert caught.value.facts["changed"] is True


def test_no_write_starts_after_the_deadline(service: Service) -> None:
    service.deadline.seconds = 0.3
    service.reads()
    takes_code(service)
    service.reads(CodeSha256=NEW.base64)
    with pytest.raises(
        errors.StillInMotion, match="UpdateFunctionConfiguration on orders is still to be done"
    ) as caught:
        run(service)
    assert told(caught.value) == ["done", "applied", "not_started"]


def test_a_write_of_somebody_else_right_after_ours_stops_the_task(service: Service) -> None:
    service.reads()
    takes_code(service)
    service.reads(CodeSha256=NEW.base64, Timeout=77)
    with pytest.raises(errors.ForeignChange, match=r"somebody else during this update: timeout") as caught:
        run(service, on_conflict=OnConflict.FAIL)
    assert told(caught.value) == ["done", "applied", "not_started"]


def test_a_failure_that_hides_whose_it_was_is_unknown(service: Service) -> None:
    service.reads()
    takes_code(service)
    service.reads(CodeSha256=NEW.base64, LastUpdateStatus="Failed", LastUpdateStatusReason="has canary-value")
    with pytest.raises(errors.UpdateFailed) as caught:
        run(service, Wanted("orders", code=CODE))
    assert told(caught.value) == ["done", "unknown", "not_started"]
    assert "canary" not in str(caught.value)


def test_lost_code_of_unknown_hash_is_sent_again_since_nobody_can_tell_whose_it_is(service: Service) -> None:
    service.reads()
    service.fails("update_function_code", "ServiceException", 500)
    for _look in range(2):
        service.reads(CodeSha256="theirs or ours", RevisionId="r2")
    takes_code(service, "r2")
    service.reads(CodeSha256=NEW.base64)
    assert outcomes(run(service, Wanted("orders", code=S3Package("releases", "k")))) == ["done", "applied", "unchanged"]


def test_a_managed_instance_is_updated_before_it_can_be_called(service: Service) -> None:
    service.reads(CodeSha256=NEW.base64, State="ActiveNonInvocable")
    assert not run(service, Wanted("orders", code=CODE)).journal.changed


def test_what_somebody_else_did_is_not_reported_as_ours(service: Service) -> None:
    service.reads(Environment={"Variables": {"AB": "old"}})
    service.fails("update_function_configuration", "ResourceConflictException", 409, IN_PROGRESS)
    service.reads(**ENVIRONMENT)
    update = run(service, Wanted("orders", environment={"AB": "canary-value"}))
    assert environment_result(update) == {"AB": "kept"}
    assert diff_result(update) == {"before": "", "after": ""}
    assert summary(update) == "orders: nothing to do, after 1 conflict."


def test_new_names_then_code_then_the_rest(service: Service) -> None:
    first, last = {"OLD": "1", "NEW": "2"}, {"NEW": "2"}
    wanted = Wanted("orders", code=CODE, environment=last, order=Order.EXPAND_CONTRACT)
    service.reads(Environment={"Variables": {"OLD": "1"}})
    for revision, variables, sha in (("r1", first, {}), ("r3", last, {"CodeSha256": NEW.base64})):
        members = {"Environment": {"Variables": variables}, **sha}
        service.takes(
            "update_function_configuration",
            {"Environment": {"Variables": variables}, "RevisionId": revision},
            **members,
        )
        service.reads(**members, RevisionId={"r1": "r2", "r3": "r4"}[revision])
        if revision == "r1":
            takes_code(service, "r2", Environment={"Variables": first})
            service.reads(CodeSha256=NEW.base64, RevisionId="r3", Environment={"Variables": first})
    update = run(service, wanted)
    assert [(phase["name"], phase["outcome"]) for phase in update.journal.as_result()] == [
        ("settle", "done"),
        ("expand", "applied"),
        ("code", "applied"),
        ("configuration", "applied"),
    ]
    assert environment_result(update) == {"NEW": "added", "OLD": "removed"}


def test_tags_and_concurrency_are_written_without_settling(service: Service) -> None:
    service.reads(beside={"Tags": {"old": "1"}})
    service.stub.add_response("tag_resource", {}, {"Resource": ARN, "Tags": {"new": "1"}})
    service.reads(beside={"Tags": {"old": "1", "new": "1"}})
    service.stub.add_response("untag_resource", {}, {"Resource": ARN, "TagKeys": ["old"]})
    service.reads(beside={"Tags": {"new": "1"}})
    service.stub.add_response(
        "put_function_concurrency", {}, {"FunctionName": "orders", "ReservedConcurrentExecutions": 5}
    )
    service.reads(beside={"Tags": {"new": "1"}, "Concurrency": {"ReservedConcurrentExecutions": 5}})
    update = run(service, Wanted("orders", tags={"new": "1"}, reserved_concurrency=5))
    assert service.clock.slept == []
    assert summary(update) == "orders: tags updated, tags removed and reserved concurrency updated."
    assert diff_result(update)["after"] == "tags: {'new': '1'}\nreserved_concurrent_executions: 5\n"


@pytest.mark.parametrize("reason", ["SubnetOutOfIPAddresses", "InternalError", "EniLimitExceeded"])
def test_an_update_that_fails_for_a_reason_that_passes_is_sent_again(service: Service, reason: str) -> None:
    service.reads()
    takes_code(service)
    service.reads(LastUpdateStatus="Failed", LastUpdateStatusReasonCode=reason)
    takes_code(service)
    service.reads(CodeSha256=NEW.base64)
    assert outcomes(run(service, Wanted("orders", code=CODE))) == ["done", "applied", "unchanged"]


def test_a_reason_that_does_not_pass_in_three_tries_is_told(service: Service) -> None:
    service.reads()
    for _turn in range(3):
        takes_code(service)
        service.reads(LastUpdateStatus="Failed", LastUpdateStatusReasonCode="InternalError")
    with pytest.raises(errors.UpdateFailed, match="InternalError"):
        run(service, Wanted("orders", code=CODE))


def test_another_writer_is_let_through_until_nobody_writes(service: Service) -> None:
    service.reads()
    service.fails("update_function_code", "PreconditionFailedException", 412)
    service.reads(CodeSha256="theirs", RevisionId="r2")
    service.reads(CodeSha256="theirs", RevisionId="r3", Timeout=9)
    service.reads(CodeSha256="theirs", RevisionId="r3", Timeout=9)
    takes_code(service, "r3", Timeout=9)
    service.reads(CodeSha256=NEW.base64, Timeout=9)
    run(service, Wanted("orders", code=CODE))
    assert service.clock.slept[1:3] == [0.5, 0.5]


def test_a_writer_midway_goes_on_at_once(service: Service) -> None:
    service.reads()
    takes_code(service)
    service.reads(CodeSha256=NEW.base64, RevisionId="r2")
    service.fails("update_function_configuration", "PreconditionFailedException", 412)
    service.reads(CodeSha256=NEW.base64, RevisionId="r3", Timeout=9)
    service.takes(
        "update_function_configuration",
        {**ENVIRONMENT, "RevisionId": "r3"},
        CodeSha256=NEW.base64,
        Timeout=9,
        **ENVIRONMENT,
    )
    service.reads(CodeSha256=NEW.base64, Timeout=9, RevisionId="r4", **ENVIRONMENT)
    assert run(service).journal.conflicts == 1


def test_a_writer_whose_code_was_replaced_steps_aside_and_begins_again(service: Service) -> None:
    service.reads()
    takes_code(service)
    for _look in range(2):
        service.reads(CodeSha256="theirs", RevisionId="r5")
    takes_code(service, "r5")
    service.reads(CodeSha256=NEW.base64, RevisionId="r6")
    update = run(service, Wanted("orders", code=CODE))
    assert (outcomes(update), update.journal.conflicts) == (["done", "applied", "unchanged"], 1)


def test_tags_that_nobody_sees_are_not_written_for_ever(service: Service) -> None:
    service.reads()
    for _turn in range(3):
        service.stub.add_response("tag_resource", {}, {"Resource": ARN, "Tags": {"new": "1"}})
        service.reads()
        if _turn < 2:
            service.reads()
    with pytest.raises(errors.NotStored, match=r"TagResource on orders was accepted 3 times.*lambda:ListTags"):
        run(service, Wanted("orders", tags={"new": "1"}))


@pytest.mark.parametrize("partition", ["aws-iso", "aws-eusc"])
def test_names_that_lambda_found_are_not_held_against_patterns(service: Service, partition: str) -> None:
    arn = ARN.replace("arn:aws:", f"arn:{partition}:")
    service.reads(FunctionArn=arn)
    service.stub.add_response("tag_resource", {}, {"Resource": arn, "Tags": {"new": "1"}})
    service.reads(FunctionArn=arn, beside={"Tags": {"new": "1"}})
    assert run(service, Wanted("orders", tags={"new": "1"})).journal.changed
