# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions and aliases by AWS's rules: guarded, complete when told, counted by content, never left dangling."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bed import Bed, Function, Make
from botocore.exceptions import ClientError

ONE = "def handler(event, context): return 1\n"
TWO = "def handler(event, context): return 2\n"
ENVIRONMENT = "import os\ndef handler(event, context): return os.environ['N']\n"


def refused(call: Callable[[], Any]) -> tuple[int, str, str]:
    """Status, code and message of the refusal."""
    with pytest.raises(ClientError) as error:
        call()
    answer = error.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def three_versions(make: Make) -> Function:
    """Versions 1 to 3, which answer their number."""
    function = make(ENVIRONMENT, Environment={"Variables": {"N": "1"}})
    function.publish()
    for number in ("2", "3"):
        function.set_environment(N=number)
        function.settle()
        function.publish()
    return function


def test_a_version_is_published_under_guards(make: Make) -> None:
    function = make(ONE)
    found = function.read()
    stale = refused(lambda: function.publish(RevisionId="00000000-0000-0000-0000-000000000000"))
    assert stale[:2] == (412, "PreconditionFailedException")
    assert refused(lambda: function.publish(CodeSha256="other")) == (
        400,
        "InvalidParameterValueException",
        f"CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({found['CodeSha256']}). "
        "Please try again with the CodeSHA256 in $LATEST.",
    )
    assert [version["Version"] for version in function.versions()] == ["$LATEST"]
    published = function.publish(RevisionId=found["RevisionId"], CodeSha256=found["CodeSha256"])
    assert (published["Version"], published["State"]) == ("1", "Active")
    assert published["FunctionArn"] == f"{found['FunctionArn']}:1"


def test_publishing_gives_latest_another_revision_and_publishing_nothing_does_not(make: Make) -> None:
    function = make(ONE)
    revisions = [function.read()["RevisionId"]]
    for _ in range(2):
        function.publish()
        revisions.append(function.read()["RevisionId"])
    assert revisions[0] != revisions[1] == revisions[2]


def test_unchanged_content_makes_no_version_whatever_was_written(make: Make) -> None:
    function = make(ONE, Environment={"Variables": {"A": "1", "B": "2"}}, KMSKeyArn="")
    assert function.publish()["Version"] == "1"
    for write in (
        lambda: function.set_environment(B="2", A="1"),
        lambda: function.set_code(ONE),
        lambda: function.configure(KMSKeyArn="", DeadLetterConfig={"TargetArn": ""}),
    ):
        write()
        function.settle()
        assert function.publish(Description="another")["Version"] == "1"


@pytest.mark.parametrize(
    "change",
    [
        lambda function: function.set_environment(A="2"),
        lambda function: function.set_code(TWO),
        lambda function: function.configure(Description="new"),
        lambda function: function.configure(KMSKeyArn="arn:aws:kms:eu-west-1:000000000000:key/k"),
        lambda function: function.configure(EphemeralStorage={"Size": 1024}),
        lambda function: function.set_code(ONE, Architectures=["arm64"]),
    ],
)
def test_each_change_makes_a_version_also_of_the_configuration_alone(
    make: Make, change: Callable[[Function], Any]
) -> None:
    function = make(ONE, Environment={"Variables": {"A": "1"}})
    function.publish()
    change(function)
    function.settle()
    assert function.publish()["Version"] == "2"


def test_a_version_is_pending_as_long_as_it_is_told(bed: Bed, make: Make) -> None:
    function = make(ONE)
    bed.pace(0, version_seconds=0.5)
    begun = time.monotonic()
    assert function.publish()["State"] == "Pending"
    assert function.read("1")["State"] == "Pending"
    for attempt in (lambda: function.invoke(qualifier="1"), lambda: function.alias("live", "1")):
        status, code, message = refused(attempt)
        assert (status, code) == (409, "ResourceConflictException")
        assert message.endswith("currently in the following state: Pending")
    assert function.invoke()["Payload"] == "1"
    assert function.settle("1")["State"] == "Active"
    assert time.monotonic() - begun >= 0.5
    function.alias("live", "1")
    assert function.invoke(qualifier="live")["Payload"] == "1"


def test_all_versions_are_listed_with_their_environment_page_by_page(make: Make) -> None:
    function = three_versions(make)
    listed = {version["Version"]: version["Environment"]["Variables"]["N"] for version in function.versions()}
    assert listed == {"$LATEST": "3", "1": "1", "2": "2", "3": "3"}
    pages = function.client.get_paginator("list_versions_by_function").paginate(
        FunctionName=function.name, PaginationConfig={"PageSize": 3}
    )
    assert [[version["Version"] for version in page["Versions"]] for page in pages] == [["$LATEST", "1", "2"], ["3"]]


def test_an_alias_is_created_once_and_only_to_a_version_that_exists(make: Make) -> None:
    function = make(ONE)
    function.publish()
    client, names = function.client, {"FunctionName": function.name, "Name": "live"}
    arn = function.read()["FunctionArn"]
    missing = (404, "ResourceNotFoundException", f"Function not found: {arn}:9")
    assert refused(lambda: client.create_alias(**names, FunctionVersion="9")) == missing
    created = client.create_alias(**names, FunctionVersion="1")
    assert (created["AliasArn"], created["FunctionVersion"]) == (f"{arn}:live", "1")
    assert refused(lambda: client.create_alias(**names, FunctionVersion="1")) == (
        409,
        "ResourceConflictException",
        f"Alias already exists: {arn}:live",
    )
    assert refused(lambda: client.update_alias(**names, FunctionVersion="9")) == missing
    weights = {"AdditionalVersionWeights": {"9": 0.5}}
    assert refused(lambda: client.update_alias(**names, RoutingConfig=weights)) == missing
    assert client.get_alias(**names)["RevisionId"] == created["RevisionId"]
    other = refused(lambda: client.get_alias(FunctionName=function.name, Name="other"))
    assert other == (404, "ResourceNotFoundException", f"Cannot find alias arn: {arn}:other")


def test_an_alias_is_moved_under_its_revision(make: Make) -> None:
    function = three_versions(make)
    first = function.alias("live", "1")

    def move(version: str) -> str:
        try:
            moved = function.client.update_alias(
                FunctionName=function.name, Name="live", FunctionVersion=version, RevisionId=first["RevisionId"]
            )
        except function.client.exceptions.PreconditionFailedException:
            return "412"
        return str(moved["FunctionVersion"])

    with ThreadPoolExecutor(6) as pool:
        moves = list(pool.map(move, "232323"))
    assert moves.count("412") == 5
    (winner,) = set(moves) - {"412"}
    assert function.read("live")["Version"] == winner


def test_weights_lead_to_both_versions_and_are_cleared(make: Make) -> None:
    function = three_versions(make)
    function.alias("live", "1")
    shifted = function.alias("live", "1", {"3": 0.5})
    assert shifted["RoutingConfig"] == {"AdditionalVersionWeights": {"3": 0.5}}
    answers = [function.invoke(qualifier="live") for _ in range(40)]
    assert {(answer["ExecutedVersion"], json.loads(answer["Payload"])) for answer in answers} == {
        ("1", "1"),
        ("3", "3"),
    }
    for cleared in ({}, {"AdditionalVersionWeights": {}}):
        function.alias("live", "1", {"3": 0.5})
        answer = function.client.update_alias(FunctionName=function.name, Name="live", RoutingConfig=cleared)
        assert "RoutingConfig" not in answer
        assert answer["FunctionVersion"] == "1"
    assert {function.invoke(qualifier="live")["ExecutedVersion"] for _ in range(10)} == {"1"}


def test_an_alias_does_not_lead_to_one_version_twice(make: Make) -> None:
    function = three_versions(make)
    function.alias("live", "1", {"3": 0.5})
    status, code, message = refused(
        lambda: function.client.update_alias(FunctionName=function.name, Name="live", FunctionVersion="3")
    )
    assert (status, code) == (400, "InvalidParameterValueException")
    assert "already included in routing configuration" in message
    moved = function.alias("live", "3")
    assert (moved["FunctionVersion"], moved.get("RoutingConfig")) == ("3", None)


def test_aliases_are_found_by_their_version_and_functions_by_their_alias(make: Make) -> None:
    function = three_versions(make)
    function.alias("live", "2")
    function.alias("next", "3")
    found = function.client.list_aliases(FunctionName=function.name, FunctionVersion="2")["Aliases"]
    assert [alias["Name"] for alias in found] == ["live"]
    assert function.read("live")["Version"] == "2"
    by_alias = function.client.get_function_configuration(FunctionName=function.name, Qualifier="live")
    assert (by_alias["Version"], by_alias["FunctionArn"].rpartition(":")[2]) == ("2", "live")


def test_a_version_that_an_alias_leads_to_is_not_deleted(make: Make) -> None:
    function = three_versions(make)
    function.alias("live", "2")
    function.alias("next", "2", {"3": 0.1})

    def delete(version: str) -> None:
        function.client.delete_function(FunctionName=function.name, Qualifier=version)

    for version, aliases in (("2", "live, next"), ("3", "next")):
        assert refused(lambda version=version: delete(version)) == (
            409,
            "ResourceConflictException",
            f"Unable to delete version because the following aliases reference it: [{aliases}]",
        )
    delete("1")
    delete("1")
    assert [version["Version"] for version in function.versions()] == ["$LATEST", "2", "3"]
    assert refused(lambda: function.invoke(qualifier="1"))[:2] == (404, "ResourceNotFoundException")
    assert function.invoke(qualifier="live")["Payload"] == '"2"'
