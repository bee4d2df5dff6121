# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions really run: what they see, what they answer, how they fail, and that they end."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from bed import Bed, Make, lambda_client, package

HELLO = "import os\ndef handler(event, context): return {'stage': os.environ.get('STAGE'), 'got': event}\n"
ENVIRONMENT = "import os\ndef handler(event, context): return dict(os.environ)\n"


def test_a_function_answers_with_its_environment_and_event(make: Make) -> None:
    function = make(HELLO, Environment={"Variables": {"STAGE": "blue"}})
    answer = function.invoke(b'{"a": "\xc3\xa9"}')
    assert "FunctionError" not in answer
    assert json.loads(answer["Payload"]) == {"stage": "blue", "got": {"a": "é"}}


def test_a_function_sees_what_lambda_sets_and_nothing_of_localstack(make: Make) -> None:
    seen = json.loads(make(ENVIRONMENT, Environment={"Variables": {"STAGE": "blue"}}).invoke()["Payload"])
    assert seen["STAGE"] == "blue"
    assert seen["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert seen["AWS_REGION"] == "eu-west-1"
    assert not [name for name in seen if "LOCALSTACK" in name or name in {"SERVICES", "TMPDIR", "FILESYSTEM_ROOT"}]


def test_a_warm_environment_keeps_its_state_and_a_cold_start_loses_it(make: Make) -> None:
    source = "n = 0\ndef handler(event, context):\n  global n\n  n += 1\n  return n\n"
    function = make(source)
    assert [function.invoke()["Payload"] for _ in range(3)] == ["1", "2", "3"]
    function.set_environment(COLD="yes")
    function.settle()
    assert function.invoke()["Payload"] == "1"


def test_what_a_function_prints_is_in_its_log(make: Make) -> None:
    answer = make("def handler(event, context): print('a line of mine')\n").invoke()
    log = base64.b64decode(answer["LogResult"]).decode()
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert "a line of mine\n" in log
    assert f"START RequestId: {request_id} Version: $LATEST" in log
    assert f"REPORT RequestId: {request_id}" in log


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("import no_such_thing\n", "Runtime.ImportModuleError", "No module named 'no_such_thing'"),
        ("def handler(:\n", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("x = 1\n", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("def handler(event, context): raise ValueError('bad ' + event['k'])\n", "ValueError", "bad v"),
        ("import os\ndef handler(event, context): os._exit(3)\n", "Runtime.ExitError", "exit status 3"),
    ],
)
def test_an_error_is_answered_as_lambda_does_and_again(make: Make, source: str, kind: str, message: str) -> None:
    function = make(source)
    for _ in range(2):
        answer = function.invoke(b'{"k": "v"}')
        assert answer["FunctionError"] == "Unhandled"
        error = json.loads(answer["Payload"])
        assert error["errorType"] == kind
        assert message in error["errorMessage"]


def test_a_function_finds_the_modules_of_its_layer(bed: Bed, make: Make) -> None:
    content = {"ZipFile": package("WORD = 'from the layer'\n", "python/shared_words.py")}
    layer = lambda_client(bed).publish_layer_version(LayerName="words", Content=content)["LayerVersionArn"]
    function = make("import shared_words\ndef handler(event, context): return shared_words.WORD\n", Layers=[layer])
    assert function.invoke()["Payload"] == '"from the layer"'


def test_a_published_version_runs_what_it_was(make: Make) -> None:
    function = make("def handler(event, context): return context.function_version\n")
    assert function.client.publish_version(FunctionName=function.name)["Version"] == "1"
    function.set_code("def handler(event, context): return 'newer'\n")
    function.settle()
    answer = function.client.invoke(FunctionName=function.name, Qualifier="1")
    assert answer["Payload"].read() == b'"1"'
    assert function.invoke()["Payload"] == '"newer"'


def test_a_timeout_ends_the_function_and_the_next_call_starts_it_again(make: Make) -> None:
    source = "import time\ndef handler(event, context):\n  time.sleep(event['s'])\n  return 'in time'\n"
    function = make(source, Timeout=1)
    error = json.loads(function.invoke(b'{"s": 60}')["Payload"])
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert function.invoke(b'{"s": 0}')["Payload"] == '"in time"'


def test_calls_at_the_same_time_get_environments_of_their_own(make: Make) -> None:
    source = "import os, time\ndef handler(event, context):\n  time.sleep(0.5)\n  return os.getpid()\n"
    function = make(source, Timeout=10)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: function.invoke()["Payload"], range(3)))
    assert len(set(answers)) == 3


def test_another_language_is_refused_in_one_sentence(make: Make) -> None:
    error = json.loads(make(HELLO, Runtime="nodejs20.x").invoke()["Payload"])
    assert error["errorMessage"] == "The testbed runs Python packages only, not nodejs20.x."
