# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying a release out, against answers that botocore checks: guards, order, setbacks, and what is told."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._function import errors
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.alarms import Alarms
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.deadline import Deadline
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.deployment import Deployer, Deployment
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.release import Release, Shift
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.report import (
    diff_result,
    release_result,
    summary,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.s3_package import S3Package
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.service import Service as Invoker
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.update import OnConflict
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.verify import Verification
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.wanted import Wanted
from botocore.response import StreamingBody
from botocore.stub import Stubber
from lambda_service import Service, alias, configuration

SHA = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="
NOTHING = Wanted("orders")
LIVE = Release(alias="live")
MOVED = {"RoutingConfig": {"AdditionalVersionWeights": {}}, "Description": "[5, before: 4]"}


def run(service: Service, release: Release = LIVE, wanted: Wanted = NOTHING, **options: Any) -> Deployment:
    carry_out = options.pop("carry_out", True)
    own = Deadline(60, service.clock, service.clock.sleep)
    options["invoker"] = Invoker(service.client, own, service.api.secrets, service.api.calls)
    return Deployer(service.api, wanted, service.deadline, release=release, **options).deploy(carry_out=carry_out)


def outcomes(deployment: Deployment) -> dict[str, str]:
    return {phase["name"]: phase["outcome"] for phase in deployment.journal.as_result()}


def told(error: errors.FunctionError) -> dict[str, str]:
    return {phase["name"]: phase["outcome"] for phase in error.facts["phases"]}


def finds(service: Service, version: str = "4", sha: str = "old", **members: Any) -> None:
    """The alias, and what its version runs."""
    service.knows_alias(version, **members)
    service.reads(qualifier=version, Version=version, CodeSha256=sha)


def publishes(
    service: Service, revision: str = "r1", version: str = "5", state: str = "Active", **members: Any
) -> None:
    service.stub.add_response(
        "publish_version",
        configuration(Version=version, State="Pending"),
        {"FunctionName": "orders", "CodeSha256": SHA, "RevisionId": revision},
    )
    service.reads(qualifier=version, Version=version, State=state, **members)


def moves(service: Service, revision: str = "a1") -> None:
    service.moves_alias({"FunctionVersion": "5", "RevisionId": revision, **MOVED}, alias("5", RevisionId="a2"))


def answers(service: Service, answer: Any, version: str = "5", status: int = 200, error: str | None = None) -> None:
    raw = json.dumps(answer).encode()
    service.stub.add_response(
        "invoke",
        {
            "StatusCode": status,
            "Payload": StreamingBody(io.BytesIO(raw), len(raw)),
            **({"FunctionError": error} if error else {}),
        },
        {
            "FunctionName": "orders",
            "Qualifier": version,
            "InvocationType": "RequestResponse",
            "Payload": b'{"ping": 1}',
        },
    )


def test_what_is_released_already_is_three_reads(service: Service) -> None:
    service.reads()
    finds(service, sha=SHA)
    deployment = run(service)
    assert outcomes(deployment) == {
        "settle": "done",
        "code": "unchanged",
        "configuration": "unchanged",
        "publish": "unchanged",
        "alias": "unchanged",
    }
    assert service.api.calls == {"GetFunction": 2, "GetAlias": 1}
    assert summary(deployment) == "orders: nothing to do."
    assert diff_result(deployment) == {"before": "", "after": ""}


def test_a_version_is_published_guarded_and_the_alias_moves_guarded(service: Service) -> None:
    service.reads()
    finds(service)
    publishes(service)
    moves(service)
    deployment = run(service)
    assert outcomes(deployment)["publish"] == outcomes(deployment)["alias"] == "applied"
    assert release_result(deployment)["version"] == "5"
    assert summary(deployment) == "orders: version 5 published and live moved to version 5."
    assert diff_result(deployment) == {"before": "alias live: 4\n", "after": "alias live: 5\n"}


def test_a_missing_alias_is_created(service: Service) -> None:
    service.reads()
    service.knows_alias(None)
    publishes(service)
    service.stub.add_response(
        "create_alias", alias("5"), {"FunctionName": "orders", "Name": "live", "FunctionVersion": "5"}
    )
    deployment = run(service)
    assert deployment.journal.as_result()[-1]["operation"] == "CreateAlias"
    assert release_result(deployment)["alias"]["version"] == "5"
    assert summary(deployment) == "orders: version 5 published and live created at version 5."


def test_creating_an_alias_is_predicted(service: Service) -> None:
    service.reads()
    service.knows_alias(None)
    deployment = run(service, carry_out=False)
    assert summary(deployment) == "orders: a version would be published and live would be created for it."
    assert diff_result(deployment) == {"before": "", "after": "alias live: (a new version)\n"}


def test_an_alias_that_somebody_else_created_meanwhile_is_moved(service: Service) -> None:
    service.reads()
    service.knows_alias(None)
    publishes(service)
    service.fails("create_alias", "ResourceConflictException", 409, "Alias already exists: arn")
    service.reads(RevisionId="r2")
    finds(service)
    publishes(service, "r2")
    moves(service)
    assert run(service).journal.conflicts == 1


def test_check_mode_reads_and_predicts(service: Service) -> None:
    service.reads()
    finds(service)
    deployment = run(service, carry_out=False)
    assert outcomes(deployment)["publish"] == outcomes(deployment)["alias"] == "planned"
    assert release_result(deployment)["version"] is None
    assert summary(deployment) == "orders: a version would be published and live would be moved to it."
    assert diff_result(deployment) == {"before": "alias live: 4\n", "after": "alias live: (a new version)\n"}


def test_without_an_alias_the_newest_version_counts(service: Service) -> None:
    service.reads()
    service.lists("3", "4")
    service.reads(qualifier="4", Version="4")
    deployment = run(service, Release())
    assert (deployment.journal.changed, release_result(deployment)["version"]) == (False, "4")


def test_versions_are_read_page_by_page(service: Service) -> None:
    for request, answer in (
        ({}, {"Versions": [configuration(Version="9")], "NextMarker": "more"}),
        ({"Marker": "more"}, {"Versions": [configuration(Version="10")]}),
    ):
        service.stub.add_response("list_versions_by_function", answer, {"FunctionName": "orders", **request})
    assert [version.version for version in service.api.versions("orders")] == ["9", "10"]


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        ("PreconditionFailedException", 412, "The RevisionId does not match"),
        ("InvalidParameterValueException", 400, "CodeSHA256 (a) is different from current CodeSHA256 in $LATEST (b)."),
        ("ResourceConflictException", 409, "The operation cannot be performed at this time. An update is in progress"),
    ],
)
def test_somebody_elses_write_before_publishing_is_read_and_planned_again(
    service: Service, code: str, status: int, message: str
) -> None:
    service.reads()
    finds(service)
    service.fails("publish_version", code, status, message)
    service.reads(RevisionId="r2")
    finds(service)
    publishes(service, "r2")
    moves(service)
    deployment = run(service)
    assert deployment.journal.conflicts == 1
    assert summary(deployment).endswith("after 1 conflict.")


def test_an_alias_that_moved_meanwhile_is_read_again(service: Service) -> None:
    service.reads()
    finds(service)
    publishes(service)
    service.fails("update_alias", "PreconditionFailedException", 412)
    service.reads()
    finds(service, RevisionId="a9")
    publishes(service)
    moves(service, "a9")
    assert run(service).journal.conflicts == 1


def test_lost_answers_are_looked_up(service: Service) -> None:
    service.reads()
    finds(service)
    service.fails("publish_version", "ServiceException", 500)
    service.reads()
    finds(service)
    publishes(service)
    service.fails("update_alias", "ServiceException", 500)
    service.reads()
    finds(service, "5", SHA)
    deployment = run(service)
    assert outcomes(deployment)["publish"] == outcomes(deployment)["alias"] == "applied"
    assert service.api.calls["UpdateAlias"] == 1


def test_a_lost_answer_of_publishing_alone_is_looked_up(service: Service) -> None:
    service.reads(Timeout=9)
    service.lists("4")
    service.reads(qualifier="4", Version="4")
    service.fails("publish_version", "ServiceException", 500)
    service.reads()
    service.lists("4", "5")
    service.reads(qualifier="5", Version="5")
    deployment = run(service, Release())
    assert (outcomes(deployment)["publish"], release_result(deployment)["version"]) == ("applied", "5")


def test_answers_that_stay_lost_end_with_what_went_wrong(service: Service) -> None:
    service.reads()
    for turn in range(5):
        finds(service)
        service.fails("publish_version", "ServiceException", 500, "boom")
        if turn < 4:
            service.reads()
    with pytest.raises(errors.AnswerLost, match=r"PublishVersion on orders in eu-west-1 ended in 500.*boom") as caught:
        run(service)
    assert told(caught.value)["publish"] == "unknown"
    assert told(caught.value)["alias"] == "not_started"
    assert caught.value.facts["changed"] is True


def test_a_version_that_does_not_come_to_life_is_removed(service: Service) -> None:
    service.reads()
    finds(service)
    publishes(service, state="Failed")
    service.stub.add_response("delete_function", {}, {"FunctionName": "orders", "Qualifier": "5"})
    with pytest.raises(errors.FunctionBroken, match=r"orders:5 is in state Failed.*publish another") as caught:
        run(service)
    assert (told(caught.value)["publish"], told(caught.value)["alias"]) == ("failed", "not_started")


VERIFIED = Release(alias="live", verification=Verification({"ping": 1}, 200, {"pong": 1}))


def test_exactly_the_new_version_is_verified_before_the_alias_moves(service: Service) -> None:
    service.reads()
    finds(service)
    publishes(service)
    answers(service, {"pong": 1, "more": 2})
    moves(service)
    assert outcomes(run(service, VERIFIED))["verify"] == "done"


@pytest.mark.parametrize(
    ("answer", "status", "error", "said"),
    [
        ({"pong": 2}, 200, None, r"the answer\.pong is 2 instead of 1"),
        ({}, 200, None, "the answer has no pong"),
        ({"pong": 1}, 202, None, "its status is 202 instead of 200"),
        ({"pong": 1, "statusCode": 500}, 200, None, "its status is 500 instead of 200"),
        ({"errorType": "KeyError", "errorMessage": "'TABLE'"}, 200, "Unhandled", "raised KeyError: 'TABLE'"),
        ({"errorMessage": "saw canary-value"}, 200, "Unhandled", "raised an error: saw \\*\\*"),
    ],
)
def test_a_version_that_does_not_pass_leaves_the_alias(
    service: Service, answer: Any, status: int, error: str | None, said: str
) -> None:
    service.reads()
    finds(service)
    publishes(service)
    answers(service, answer, status=status, error=error)
    with pytest.raises(errors.NotVerified, match=f"orders:5 did not pass its verification.*{said}") as caught:
        run(service, VERIFIED)
    assert (told(caught.value)["verify"], told(caught.value)["alias"]) == ("failed", "not_started")
    assert "canary" not in str(caught.value)


def test_troubles_of_the_service_are_no_verdict(service: Service) -> None:
    service.reads()
    finds(service)
    publishes(service)
    service.fails("invoke", "ServiceException", 500)
    service.fails("invoke", "ResourceConflictException", 409, "The function is in the following state: Pending")
    answers(service, {"pong": 1})
    moves(service)
    assert run(service, VERIFIED).journal.changed


def test_a_verification_without_an_answer_fails(service: Service) -> None:
    service.reads()
    finds(service)
    publishes(service)
    for _turn in range(3):
        service.fails("invoke", "ServiceException", 500, "boom")
    with pytest.raises(errors.NotVerified, match=r"could not be verified within 60 s.*boom"):
        run(service, VERIFIED)


def test_a_verified_version_is_not_verified_again_after_a_setback(service: Service) -> None:
    service.reads()
    finds(service)
    publishes(service)
    answers(service, {"pong": 1})
    service.fails("update_alias", "PreconditionFailedException", 412)
    service.reads()
    finds(service)
    publishes(service)
    moves(service)
    assert service.api.calls["Invoke"] == 0
    run(service, VERIFIED)
    assert service.api.calls["Invoke"] == 1


def shifts(service: Service, weights: dict[str, float], revision: str, after: str) -> None:
    service.moves_alias(
        {"FunctionVersion": "4", "RoutingConfig": {"AdditionalVersionWeights": weights}, "RevisionId": revision},
        alias("4", weights=weights, RevisionId=after),
    )


GRADUAL = Release(alias="live", traffic=(Shift(0.1, 60), Shift(0.5, 30)), alarms=("errors",))


@pytest.fixture
def alarms(service: Service) -> Iterator[Stubber]:
    client = boto3.client(
        "cloudwatch", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    service.alarms = Alarms(client, service.deadline, calls=service.api.calls)
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def states(alarms: Stubber, *states: str) -> None:
    for state in states:
        alarms.add_response(
            "describe_alarms",
            {"MetricAlarms": [{"AlarmName": "errors", "StateValue": state}]},
            {"AlarmNames": ["errors"], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": 100},
        )


def test_traffic_is_shifted_in_steps_while_alarms_watch(service: Service, alarms: Stubber) -> None:
    service.reads()
    finds(service)
    publishes(service)
    states(alarms, *["OK"] * 10)
    shifts(service, {"5": 0.1}, "a1", "a2")
    shifts(service, {"5": 0.5}, "a2", "a3")
    moves(service, "a3")
    deployment = run(service, GRADUAL, alarms=service.alarms)
    assert outcomes(deployment)["shift"] == outcomes(deployment)["alias"] == "applied"
    assert sum(service.clock.slept) == 90
    assert service.deadline.elapsed == 0  # the pauses were asked for, and are not waiting for Lambda


def test_an_alarm_sends_all_traffic_back(service: Service, alarms: Stubber) -> None:
    service.reads()
    finds(service)
    publishes(service)
    states(alarms, "OK", "OK", "ALARM")
    shifts(service, {"5": 0.1}, "a1", "a2")
    shifts(service, {}, "a2", "a3")
    with pytest.raises(errors.AlarmRaised, match=r"in ALARM while the traffic was shifted.*errors") as caught:
        run(service, GRADUAL, alarms=service.alarms)
    assert told(caught.value) == {
        "settle": "done",
        "code": "unchanged",
        "configuration": "unchanged",
        "publish": "applied",
        "shift": "rolled_back",
        "alias": "not_started",
    }


def test_a_traffic_that_does_not_go_back_is_told(service: Service, alarms: Stubber) -> None:
    service.reads()
    finds(service)
    publishes(service)
    states(alarms, "OK", "ALARM")
    shifts(service, {"5": 0.1}, "a1", "a2")
    service.fails("update_alias", "AccessDeniedException", 403, "no")
    with pytest.raises(errors.AlarmRaised, match=r"may still share its traffic.*AccessDenied") as caught:
        run(service, GRADUAL, alarms=service.alarms)
    assert told(caught.value)["shift"] == "unknown"


@pytest.mark.parametrize("state", ["ALARM", None])
def test_alarms_are_looked_at_before_the_first_write(service: Service, alarms: Stubber, state: str | None) -> None:
    service.reads()
    finds(service)
    if state:
        states(alarms, state)
    else:
        alarms.add_response("describe_alarms", {})
    wanted = Wanted("orders", settings={"timeout": 9})
    with pytest.raises(errors.FunctionError, match="errors") as caught:
        run(service, GRADUAL, wanted, alarms=service.alarms)
    assert caught.value.facts["changed"] is False


def test_an_interrupted_shift_is_ended(service: Service) -> None:
    service.reads()
    finds(service, sha=SHA, weights={"3": 0.1})
    shifts(service, {}, "a1", "a2")
    assert outcomes(run(service))["alias"] == "applied"


def test_versions_beyond_the_kept_are_deleted(service: Service) -> None:
    service.reads()
    finds(service)
    publishes(service)
    moves(service)
    service.lists(
        "1",
        "2",
        "3",
        "4",
        "5",
        aliases=(alias("5", Description="[5, before: 4]"), alias("2", "old")),
    )
    service.stub.add_response("delete_function", {}, {"FunctionName": "orders", "Qualifier": "1"})
    service.fails("delete_function", "ResourceConflictException", 409, "in use")
    deployment = run(service, Release(alias="live", keep_versions=1))
    assert deployment.released
    assert deployment.released.pruned == ("1",)
    assert "Version 3 of orders could not be deleted" in deployment.released.warnings[0]
    assert "old versions deleted: 1" in summary(deployment)


def test_a_lost_answer_of_a_deletion_is_looked_up(service: Service) -> None:
    service.reads()
    finds(service, sha=SHA)
    service.lists("1", "2", "3", aliases=(alias("3", Description="[3, before: 2]"),))
    service.fails("delete_function", "ServiceException", 500, "boom")
    service.fails("delete_function", "ResourceNotFoundException", 404)
    deployment = run(service, Release(alias="live", keep_versions=1))
    assert deployment.released
    assert (deployment.released.pruned, deployment.released.warnings) == (("1",), ())
    assert outcomes(deployment)["prune"] == "applied"


def test_a_deletion_of_which_nobody_knows_is_not_called_unchanged(service: Service) -> None:
    service.reads()
    finds(service, sha=SHA)
    service.lists("1", "2", "3", aliases=(alias("3", Description="[3, before: 2]"),))
    for _ in range(2):
        service.fails("delete_function", "ServiceException", 500, "boom")
    deployment = run(service, Release(alias="live", keep_versions=1))
    assert outcomes(deployment)["prune"] == "unknown"
    assert deployment.journal.changed
    assert deployment.released
    assert "Version 1 of orders could not be deleted" in deployment.released.warnings[0]


def test_pruning_is_predicted(service: Service) -> None:
    service.reads()
    finds(service)
    service.lists("1", "2", "3", "4")
    service.lists("1", "2", "3", "4", aliases=(alias("4", Description="[4, before: 3]"),))
    deployment = run(service, Release(alias="live", keep_versions=2), carry_out=False)
    assert deployment.released
    assert deployment.released.pruned == ("1", "2", "3")


@pytest.mark.parametrize(
    ("release", "said"),
    [(Release(alias="41"), "Name does not have the form"), (Release(version_description="x" * 257), "Description has")],
)
def test_limits_are_found_before_the_code_is_touched(service: Service, release: Release, said: str) -> None:
    service.reads()
    with pytest.raises(errors.InvalidRequest, match=said):
        run(service, release, Wanted("orders", code=S3Package("releases", "k", code_sha256=SHA[::-1])))


def test_what_lambda_calls_unchanged_is_unchanged(service: Service) -> None:
    """The alias's version was published under a description of its own, which only Lambda can tell from a change."""
    service.reads()
    service.knows_alias("4")
    service.reads(qualifier="4", Version="4", CodeSha256=SHA, Description="build 4")
    service.stub.add_response(
        "publish_version",
        configuration(Version="4"),
        {"FunctionName": "orders", "CodeSha256": SHA, "RevisionId": "r1"},
    )
    deployment = run(service, VERIFIED)
    assert not deployment.journal.changed
    assert set(outcomes(deployment).values()) == {"done", "unchanged"}


def test_an_alias_that_somebody_else_moved_can_stop_the_task(service: Service) -> None:
    service.reads()
    finds(service)
    publishes(service)
    service.fails("update_alias", "PreconditionFailedException", 412)
    with pytest.raises(errors.ForeignChange, match="alias of orders was changed by somebody else") as caught:
        run(service, on_conflict=OnConflict.FAIL)
    assert (told(caught.value)["publish"], told(caught.value)["alias"]) == ("applied", "failed")


def test_somebody_elses_code_before_publishing_can_stop_the_task(service: Service) -> None:
    service.reads()
    finds(service)
    service.fails("publish_version", "PreconditionFailedException", 412)
    service.reads(CodeSha256="theirs", RevisionId="r2")
    with pytest.raises(errors.ForeignChange, match="changed by somebody else during this update: code"):
        run(service, on_conflict=OnConflict.FAIL)


def test_somebody_elses_release_is_let_through_before_the_code_is_written_again(service: Service) -> None:
    service.reads()
    finds(service)
    service.fails("publish_version", "PreconditionFailedException", 412)
    for _look in range(2):
        service.reads(CodeSha256="theirs", RevisionId="r2")
    wanted = Wanted("orders", code=S3Package("releases", "k", code_sha256=SHA))
    written = {"S3Bucket": "releases", "S3Key": "k", "RevisionId": "r2"}
    service.takes("update_function_code", written, CodeSha256=SHA)
    service.reads(RevisionId="r3")
    finds(service)
    publishes(service, "r3")
    moves(service)
    assert outcomes(run(service, wanted=wanted))["alias"] == "applied"


def test_a_task_that_was_killed_in_the_middle_of_a_shift_leaves_no_version_on_trial_under_an_alarm(
    service: Service, alarms: Stubber
) -> None:
    service.reads()
    finds(service, weights={"5": 0.1})
    states(alarms, "ALARM")
    shifts(service, {}, "a1", "a2")
    wanted = Wanted("orders", settings={"timeout": 9})
    with pytest.raises(errors.AlarmRaised, match=r"before the release began.*All traffic of live goes to version 4"):
        run(service, GRADUAL, wanted, alarms=service.alarms)


def test_the_same_when_code_and_configuration_are_in_force_already(service: Service, alarms: Stubber) -> None:
    service.reads()
    finds(service, weights={"5": 0.1})
    publishes(service)
    states(alarms, "ALARM")
    shifts(service, {}, "a1", "a2")
    with pytest.raises(errors.AlarmRaised, match="All traffic of live goes to version 4") as caught:
        run(service, GRADUAL, alarms=service.alarms)
    assert told(caught.value)["shift"] == "rolled_back"


def test_a_setback_that_ends_the_task_takes_the_traffic_back(service: Service, alarms: Stubber) -> None:
    service.reads()
    finds(service)
    publishes(service)
    states(alarms, *["OK"] * 7)
    shifts(service, {"5": 0.1}, "a1", "a2")
    service.fails("update_alias", "PreconditionFailedException", 412)
    service.fails("update_alias", "PreconditionFailedException", 412)
    service.knows_alias("4", weights={"5": 0.1}, RevisionId="a7")
    shifts(service, {}, "a7", "a8")
    with pytest.raises(errors.ForeignChange, match="All traffic of live goes to version 4") as caught:
        run(service, GRADUAL, alarms=service.alarms, on_conflict=OnConflict.FAIL)
    assert told(caught.value)["shift"] == "rolled_back"


def test_taking_traffic_back_outlives_troubles(service: Service, alarms: Stubber) -> None:
    service.reads()
    finds(service)
    publishes(service)
    states(alarms, "OK", "ALARM")
    shifts(service, {"5": 0.1}, "a1", "a2")
    service.fails("update_alias", "ServiceException", 500)
    service.knows_alias("4", weights={"5": 0.1}, RevisionId="a2")
    shifts(service, {}, "a2", "a3")
    with pytest.raises(errors.AlarmRaised, match="All traffic of live goes to version 4"):
        run(service, GRADUAL, alarms=service.alarms)


def test_traffic_that_goes_nowhere_else_any_more_needs_no_write(service: Service, alarms: Stubber) -> None:
    service.reads()
    finds(service)
    publishes(service)
    states(alarms, "OK", "ALARM")
    shifts(service, {"5": 0.1}, "a1", "a2")
    service.fails("update_alias", "PreconditionFailedException", 412)
    service.knows_alias("4", RevisionId="a9")
    with pytest.raises(errors.AlarmRaised, match="All traffic of live goes to version 4"):
        run(service, GRADUAL, alarms=service.alarms)


def test_a_throttled_alarm_in_a_pause_longer_than_the_task_may_wait_is_asked_again(
    service: Service, alarms: Stubber
) -> None:
    service.deadline.seconds = 20
    service.reads()
    finds(service)
    publishes(service)
    states(alarms, *["OK"] * 4)
    alarms.add_client_error("describe_alarms", "Throttling", http_status_code=400)
    states(alarms, *["OK"] * 6)
    shifts(service, {"5": 0.1}, "a1", "a2")
    shifts(service, {"5": 0.5}, "a2", "a3")
    moves(service, "a3")
    assert run(service, GRADUAL, alarms=service.alarms).journal.changed


def test_versions_that_can_not_be_listed_are_a_warning(service: Service) -> None:
    service.reads()
    finds(service)
    publishes(service)
    moves(service)
    service.fails("list_versions_by_function", "AccessDeniedException", 403, "no")
    deployment = run(service, Release(alias="live", keep_versions=1), rollback_on_failure=True)
    assert deployment.released
    assert "Old versions of orders could not be looked up" in deployment.released.warnings[0]


def test_a_version_that_is_no_number_is_no_published_one(service: Service) -> None:
    service.lists("$LATEST.PUBLISHED", "3")
    assert [version.version for version in service.api.versions("orders")] == ["3"]


def test_without_an_alias_the_newest_version_is_verified_each_time(service: Service) -> None:
    service.reads()
    service.lists("5")
    service.reads(qualifier="5", Version="5")
    answers(service, {"pong": 2})
    with pytest.raises(errors.NotVerified):
        run(service, replace(VERIFIED, alias=None))


@pytest.mark.parametrize("member", ["Role", "DeadLetterConfig"])
def test_versions_that_can_not_share_traffic_are_found_before_the_first_write(service: Service, member: str) -> None:
    arn = "arn:aws:iam::123456789012:role/other"
    service.reads()
    service.knows_alias("4")
    other = {"Role": arn} if member == "Role" else {"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-west-1:1:q"}}
    service.reads(qualifier="4", Version="4", **other)
    with pytest.raises(errors.InvalidRequest, match=r"between versions that have the same"):
        run(service, replace(GRADUAL, alarms=()), Wanted("orders", settings={"timeout": 9}))


@pytest.mark.parametrize(
    "said",
    ["x" * 380 + "canary-value", '{"body": "{\\"token\\": \\"payload-secret\\"}"}', "payload-secret"],
)
def test_no_secret_comes_back_from_a_verification(service: Service, said: str) -> None:
    service.reads()
    finds(service)
    publishes(service)
    raw = json.dumps({"errorMessage": said}).encode()
    service.stub.add_response(
        "invoke",
        {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(raw), len(raw)), "FunctionError": "Unhandled"},
    )
    secret = Release(alias="live", verification=Verification({"deep": ["payload-secret"]}))
    with pytest.raises(errors.NotVerified) as caught:
        run(service, secret)
    for part in ("canary", "payload-secret"):
        assert part not in str(caught.value)


def test_a_version_that_fails_for_a_reason_that_passes_is_published_anew(service: Service) -> None:
    service.reads()
    finds(service)
    publishes(service, state="Failed", StateReasonCode="InternalError")
    service.stub.add_response("delete_function", {}, {"FunctionName": "orders", "Qualifier": "5"})
    service.reads()
    finds(service)
    publishes(service)
    moves(service)
    assert outcomes(run(service))["publish"] == "applied"
