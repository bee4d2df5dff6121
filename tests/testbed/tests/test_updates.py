# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Updates take as long as they are told to, refuse what Lambda refuses, and leave nothing of what was refused."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from bed import Bed, Function, Make
from botocore.exceptions import ClientError

ONE = "def handler(event, context): return 1\n"
TWO = "def handler(event, context): return 2\n"
IN_PROGRESS = "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:"


def test_the_pace_is_set_shown_and_kept(bed: Bed, make: Make) -> None:
    function = make(ONE)
    bed.pace(0.6)
    assert requests.get(f"{bed.endpoint}/_testbed/updates", timeout=10).json() == {"seconds": 0.6, "version_seconds": 0}
    begun = time.monotonic()
    assert function.set_code(TWO)["LastUpdateStatus"] == "InProgress"
    assert function.settle()["LastUpdateStatus"] == "Successful"
    assert 0.6 <= time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"seconds": -1}',
        '{"seconds": "1"}',
        '{"seconds": true}',
        '{"version_seconds": 1}',
        '{"seconds": 1, "version_seconds": -1}',
        '{"seconds": 1, "minutes": 1}',
    ],
)
def test_a_pace_that_is_none_is_refused(bed: Bed, body: str) -> None:
    answer = requests.put(f"{bed.endpoint}/_testbed/updates", data=body, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_new_function_is_pending_and_can_neither_be_called_nor_written(bed: Bed, make: Make) -> None:
    bed.pace(1)
    function = make(ONE, settle=False)
    assert function.read()["State"] == "Pending"
    for attempt in (function.invoke, lambda: function.set_environment(A="1")):
        with pytest.raises(ClientError, match="currently in the following state: Pending") as refused:
            attempt()
        assert refused.value.response["Error"]["Code"] == "ResourceConflictException"
    assert "Environment" not in function.settle()


@pytest.mark.parametrize("first", ["code", "configuration"])
def test_a_write_while_an_update_is_in_progress_has_no_effect(bed: Bed, make: Make, first: str) -> None:
    function = make(ONE, Environment={"Variables": {"A": "old"}})
    bed.pace(1)
    written = function.set_code(TWO) if first == "code" else function.set_environment(A="new")
    for attempt in (
        lambda: function.set_code("def handler(event, context): return 3\n"),
        lambda: function.set_environment(A="refused"),
        lambda: function.client.publish_version(FunctionName=function.name),
    ):
        with pytest.raises(ClientError) as refused:
            attempt()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
        assert refused.value.response["Error"]["Message"].startswith(IN_PROGRESS)
    settled = function.settle()
    assert settled["CodeSha256"] == written["CodeSha256"]
    assert settled["Environment"] == written["Environment"]
    assert function.invoke()["Payload"] == ("2" if first == "code" else "1")


def test_of_many_writers_one_is_accepted(bed: Bed, make: Make) -> None:
    function = make(ONE)
    bed.pace(1)

    def write(number: int) -> int:
        try:
            function.configure(Description=str(number))
        except ClientError as error:
            status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return status
        return 200

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(write, range(8)))
    assert statuses == [200] + [409] * 7
    function.settle()


def test_the_old_code_answers_until_the_update_is_complete(bed: Bed, make: Make) -> None:
    function = make(ONE)
    bed.pace(1)
    function.set_code(TWO)
    assert function.invoke()["Payload"] == "1"
    function.settle()
    assert function.invoke()["Payload"] == "2"


def test_an_update_lets_a_running_invocation_finish(bed: Bed, make: Make) -> None:
    function = make("import time\ndef handler(event, context):\n  time.sleep(event['s'])\n  return 1\n", Timeout=20)
    function.invoke(b'{"s": 0}')
    bed.pace(0)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(function.invoke, b'{"s": 1.5}')
        while "Invoke" not in (counts := bed.calls()["lambda"]) or counts["Invoke"] < 2:
            time.sleep(0.02)
        function.set_code(TWO)
        function.settle()
        assert function.invoke()["Payload"] == "2"
        assert not running.done()
        assert running.result()["Payload"] == "1"


def test_the_revision_changes_with_the_write_and_again_when_it_completes(make: Make) -> None:
    function = make(ONE)
    before = function.read()["RevisionId"]
    written = function.set_code(TWO)["RevisionId"]
    after = function.settle()["RevisionId"]
    assert len({before, written, after}) == 3
    for stale in (before, written):
        _refused_without_effect(function, stale)
    function.configure(Description="accepted", RevisionId=after)
    assert function.settle()["Description"] == "accepted"


def _refused_without_effect(function: Function, revision: str) -> None:
    state = function.read()
    with pytest.raises(ClientError) as refused:
        function.configure(Description="refused", RevisionId=revision)
    assert refused.value.response["Error"]["Code"] == "PreconditionFailedException"
    with pytest.raises(ClientError) as refused:
        function.set_code(ONE, RevisionId=revision)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert function.read() == state


def test_a_zip_that_is_none_is_refused_without_effect(make: Make) -> None:
    function = make(ONE)
    state = function.read()
    with pytest.raises(ClientError, match="Could not unzip uploaded file"):
        function.client.update_function_code(FunctionName=function.name, ZipFile=b"not a zip")
    assert function.read() == state
