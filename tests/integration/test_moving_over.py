# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moving over from amazon.aws.lambda: its own EXAMPLES, with nothing changed but the module's name.

What LocalStack would not take is replaced before the tasks are used: a space in a function's name, the runtime
python2.7, and the ARN of a layer, which has to exist.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from bed import Bed, Function, lambda_client, package

THEIRS, OURS = "amazon.aws.lambda", "lambdaops.deploy.lambda_safe_update"
OLD = "def handler(event, context): return 1\n"
NEW = "def my_handler(event, context): return 2\n"
LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:python27-env:7"


def examples(layer: str) -> list[dict[str, Any]]:
    """Their tasks that concern functions which exist."""
    text: str = import_module("ansible_collections.amazon.aws.plugins.modules.lambda").EXAMPLES
    for taken, given in (("Lambda function'", "Lambda-function'"), ("python2.7", "python3.12"), (LAYER, layer)):
        assert taken in text
        text = text.replace(taken, given)
    return [task for task in yaml.safe_load(text) if task[THEIRS].get("state") == "present"]


@pytest.fixture
def functions(bed: Bed) -> Iterator[dict[str, Function]]:
    """The functions of the examples, as they were before the tasks."""
    client = lambda_client(bed)
    made = {name: Function(client, name) for name in ("HelloWorld", "ByeBye", "Lambda-function")}
    for name, function in made.items():
        client.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Handler="app.handler",
            Role="arn:aws:iam::123456789012:role/old",
            Code={"ZipFile": package(OLD)},
            Tags={"old": "tag"},
        )
        function.settle()
    yield made
    for name in made:
        client.delete_function(FunctionName=name)


Play = Callable[[list[dict[str, Any]]], str]


@pytest.fixture
def play(pointed: None, tmp_path: Path) -> Play:
    """Run tasks as a playbook, beside the packages that they name; returns what it printed."""
    for name in ("hello-code", "bye-code", "code"):
        (tmp_path / f"{name}.zip").write_bytes(package(f"# {name}\n{NEW}", name="hello_python.py"))

    def run(tasks: list[dict[str, Any]]) -> str:
        book = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
        (tmp_path / "play.yml").write_text(json.dumps(book))
        done = subprocess.run(
            ["ansible-playbook", "play.yml"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=180
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_their_examples_work_with_our_name(functions: dict[str, Function], play: Play) -> None:
    client = functions["HelloWorld"].client
    layer = client.publish_layer_version(LayerName="env", Content={"ZipFile": package("")})["LayerVersionArn"]
    tasks = [{OURS if word == THEIRS else word: said for word, said in task.items()} for task in examples(layer)]
    assert len(tasks) == 3
    assert "changed=3 " in play(tasks)

    found = {name: client.get_function(FunctionName=name) for name in functions}
    hello, bye, plain = (found[name]["Configuration"] for name in functions)
    assert {configuration["Runtime"] for configuration in (hello, bye, plain)} == {"python3.12"}
    assert {configuration["Handler"] for configuration in (hello, bye, plain)} == {"hello_python.my_handler"}
    assert {configuration["Role"] for configuration in (hello, bye, plain)} == {
        "arn:aws:iam::123456789012:role/lambda_basic_execution"
    }
    assert [configuration["Environment"]["Variables"] for configuration in (hello, bye)] == [
        {"key1": "first", "key2": "second"},
        {"key1": "1", "key2": "2"},
    ]
    for configuration in (hello, bye):
        assert sorted(configuration["VpcConfig"]["SubnetIds"]) == ["subnet-123abcde", "subnet-edcba321"]
        assert sorted(configuration["VpcConfig"]["SecurityGroupIds"]) == ["sg-123abcde", "sg-edcba321"]
    assert [read.get("Tags") or {} for read in found.values()] == [{"key1": "value1"}, {"key1": "value1"}, {}]
    assert [used["Arn"] for used in hello["Layers"]] == [layer]
    assert len({configuration["CodeSha256"] for configuration in (hello, bye, plain)}) == 3

    assert "changed=0 " in play(tasks)
