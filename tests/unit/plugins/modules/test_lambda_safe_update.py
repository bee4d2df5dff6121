# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module: arguments in, one result out, nothing secret in either, and one sentence for what is wrong."""

from __future__ import annotations

import json
import syslog
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._module import LambdaopsModule
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.upload import open_for_upload
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.errors import InvalidRequest
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_safe_update
from botocore.stub import Stubber
from lambda_service import Service

CANARY = "canary-value"
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(run_module: Run, service: Service, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the module with the stubbed client in place of the one that would go out."""
    monkeypatch.setattr(LambdaopsModule, "client", lambda _self, _name, **_options: service.client)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    return lambda **options: run_module(lambda_safe_update, **({"name": "orders"} | options))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "orders.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("app.py", "CODE = 2")
    return path


def test_a_result_has_all_its_keys(run: Run, service: Service) -> None:
    service.reads(Environment={"Variables": {"AB": CANARY, "CD": "1"}})
    result = run(environment_variables={"AB": CANARY, "CD": 1})
    assert result["changed"] is False
    assert result["msg"] == "orders: nothing to do."
    assert result["environment"] == {"AB": "kept", "CD": "kept"}
    assert result["function"]["environment"] == ["AB", "CD"]
    assert result["function"]["memory_size"] == 128
    assert result["api_calls"] == {"GetFunction": 1}
    assert result["conflicts"] == 0
    assert [phase["operation"] for phase in result["phases"]] == [
        "Settle",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
    ]


def test_check_mode_with_diff_predicts_and_hides(run: Run, service: Service, package: Path) -> None:
    service.reads(Environment={"Variables": {"AB": "old-canary", "GONE": CANARY}})
    result = run(
        zip_file=str(package),
        environment_variables={"AB": CANARY, "NEW": CANARY},
        timeout=9,
        check_mode=True,
        diff=True,
    )
    assert result["changed"] is True
    sha = open_for_upload(str(package)).digest.base64
    assert result["function"]["code_sha256"] == sha
    assert result["function"]["environment"] == ["AB", "NEW"]
    assert result["environment"] == {"AB": "changed", "GONE": "removed", "NEW": "added"}
    assert result["diff"]["after"].splitlines() == [
        f"code_sha256: {sha}",
        "timeout: 9",
        "environment_variables.AB: (hidden, changed)",
        "environment_variables.NEW: (hidden)",
    ]
    assert "canary" not in json.dumps(result)


@pytest.mark.parametrize("fault", ["none", "refused", "wrong type", "slip of the pen"])
def test_no_value_of_the_environment_is_shown_or_logged(
    run: Run, service: Service, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    logged: list[str] = []
    monkeypatch.setattr(syslog, "syslog", lambda *parts: logged.append(str(parts)))
    variables: Any = {"AB": CANARY}
    match fault:
        case "none":
            service.reads(Environment={"Variables": {"AB": CANARY}})
        case "refused":
            service.fails("get_function", "InvalidParameterValueException", 400, f"no {CANARY}")
        case "wrong type":
            variables = f"just {CANARY}"
    slip = fault == "slip of the pen"
    result = run(**{"enviroment_variables" if slip else "environment_variables": variables})
    assert bool(result.get("failed")) is (fault != "none")
    assert result["invocation"]["module_args"]["name"] == "orders"
    assert "canary" not in json.dumps(result)
    assert "canary" not in "".join(logged)
    assert bool(logged) is (fault in ("none", "refused"))


def test_results_keep_texts_that_happen_to_be_values(run: Run, service: Service) -> None:
    service.reads(Environment={"Variables": {"AB": "orders", "CD": "128", "EF": "true"}})
    result = run(environment_variables={"AB": "orders", "CD": "128", "EF": True})
    assert result["function"]["name"] == "orders"
    assert result["function"]["memory_size"] == 128
    assert result["changed"] is False


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"zip_file": "missing.zip"}, "missing.zip"),
        ({"zip_file": "."}, "is a directory, and a zip file is wanted"),
        ({"zip_file": ""}, "path of the package is empty"),
        ({"code_sha256": "d41d8cd98f00b204e9800998ecf8427e"}, "no SHA-256: it looks like an MD5"),
        ({"environment_variables": {"AWS_REGION": "x"}}, "Lambda reserves the name AWS_REGION"),
        ({"environment_variables": {"1A": "x"}}, "can't be the name of a variable"),
        ({"environment_variables": {"AB": None}}, "the value of AB is null"),
        ({"zip_file": "a.zip", "s3_bucket": "b", "s3_key": "k"}, "mutually exclusive"),
        ({"s3_bucket": "b"}, "required together"),
        ({"s3_bucket": "", "s3_key": ""}, "s3_bucket or s3_key is empty"),
        ({"zip_file": "a.zip", "image_uri": "r.example/i:1"}, "mutually exclusive"),
        ({"image_uri": ""}, "image_uri is empty"),
        ({"image_uri": "orders:1"}, "is in no private Amazon ECR repository"),
        ({"image_uri": "r.example/Orders:1"}, "does not parse"),
        ({"image_uri": "r.example/i:1", "registry_mirrors": {"r.example": "http://"}}, "does not parse"),
        ({"image_uri": "r.example/i@sha256:" + "0" * 64, "code_sha256": "1" * 64}, "and code_sha256 says"),
        ({"code_sha256": "0" * 64}, "not where it is"),
        ({"name": " "}, "name is empty"),
        ({"wait_timeout": 0}, "wait_timeout is less than 1 second"),
        ({"layers": [{"layer_name": "a"}]}, "version"),
        ({"timeout": "soon"}, "timeout"),
    ],
)
def test_bad_input_is_one_sentence_before_any_call(run: Run, options: dict[str, Any], said: str) -> None:
    result = run(**options)
    assert result["failed"] is True
    assert said in result["msg"]
    assert "Traceback" not in json.dumps(result)
    assert "api_calls" not in result


def test_a_corrupt_zip_is_found_before_it_is_sent(run: Run, service: Service, package: Path) -> None:
    content = bytearray(package.read_bytes())
    content[content.index(b"CODE")] ^= 1
    package.write_bytes(content)
    service.reads()
    result = run(zip_file=str(package))
    assert result["failed"] is True
    assert "app.py" in result["msg"]
    assert result["api_calls"] == {"GetFunction": 1}


def test_an_environment_over_the_limit_leaves_the_code_alone(run: Run, service: Service, package: Path) -> None:
    service.reads()
    result = run(zip_file=str(package), environment_variables={"AB": "x" * 5000})
    assert result["failed"] is True
    assert "Lambda takes 4096" in result["msg"]
    assert [phase["outcome"] for phase in result["phases"]] == ["done", "not_started", "not_started"]


def test_another_hash_than_stated_is_found_before_any_call(run: Run, package: Path) -> None:
    result = run(zip_file=str(package), code_sha256="0" * 63 + "1")
    assert result["failed"] is True
    assert "and code_sha256 says" in result["msg"]


def test_an_object_of_unknown_hash_is_warned_about(
    run_module: Run, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
    stub = Stubber(s3)
    stub.add_response("head_object", {"ETag": '"x"'}, {"Bucket": "b", "Key": "k", "ChecksumMode": "ENABLED"})
    stub.add_client_error("get_object", "NoSuchKey", http_status_code=404)
    clients = {"s3": s3, "lambda": service.client}
    monkeypatch.setattr(LambdaopsModule, "client", lambda _self, name, **_options: clients[name])
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    service.fails("get_function", "ResourceNotFoundException", 404)
    with stub:
        result = run_module(lambda_safe_update, name="orders", s3_bucket="b", s3_key="k")
    assert any("Nobody knows the SHA-256 of s3://b/k" in str(warning) for warning in result["warnings"])
    assert "there is no such function" in result["msg"]


def test_the_older_name_of_a_session_token_is_read(run: Run, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.setenv("AWS_SECURITY_TOKEN", "token-of-awx")
    service.reads()
    result = run()
    assert result["invocation"]["module_args"]["session_token"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_a_failed_update_of_somebody_else_is_warned_about(run: Run, service: Service) -> None:
    service.reads(LastUpdateStatus="Failed", LastUpdateStatusReasonCode="InvalidSubnet")
    assert "not this one, ended Failed (InvalidSubnet)" in str(run()["warnings"])


@pytest.mark.parametrize(("timeout", "expected"), [(1, 5), (30, 30), (300, 60)])
def test_one_try_and_one_time_limit_whatever_aws_config_says(
    run_module: Run, monkeypatch: pytest.MonkeyPatch, timeout: int, expected: int
) -> None:
    seen: list[Any] = []

    def keep(api: Any, *_: object, **__: object) -> None:
        seen.append(api._client.meta.config)
        raise InvalidRequest("enough")

    monkeypatch.setattr(lambda_safe_update, "Deployer", keep)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    config = {"retries": {"max_attempts": 5}, "max_pool_connections": 3}
    run_module(lambda_safe_update, name="orders", aws_config=config, wait_timeout=timeout)
    assert seen[0].retries["total_max_attempts"] == 1
    assert (seen[0].read_timeout, seen[0].max_pool_connections) == (expected, 3)


def test_an_object_that_s3_knows_to_be_another_is_not_deployed(
    run_module: Run, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
    stub = Stubber(s3)
    known = {"ChecksumSHA256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", "ChecksumType": "FULL_OBJECT"}
    stub.add_response("head_object", known, {"Bucket": "b-b", "Key": "k", "ChecksumMode": "ENABLED"})
    clients = {"s3": s3, "lambda": service.client}
    monkeypatch.setattr(LambdaopsModule, "client", lambda _self, name, **_options: clients[name])
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    service.reads()
    with stub:
        result = run_module(lambda_safe_update, name="orders", s3_bucket="b-b", s3_key="k", code_sha256="1" * 64)
    assert "s3://b-b/k has the SHA-256 n4bQ" in result["msg"]
    assert result["api_calls"] == {"GetFunction": 1}


def test_a_release_has_its_results_and_hides_its_payload(run: Run, service: Service) -> None:
    service.reads()
    service.knows_alias("4", Description="[4, before: 3]")
    service.reads(qualifier="4", Version="4")
    result = run(alias="live", verify={"payload": {"token": CANARY}, "expected": {"token": CANARY}}, keep_versions=None)
    assert (result["version"], result["pruned_versions"]) == ("4", [])
    assert result["alias"] == {"name": "live", "version": "4", "weights": {}, "previous_version": "3"}
    assert CANARY not in json.dumps(result)


def test_without_a_release_its_results_are_there_and_empty(run: Run, service: Service) -> None:
    service.reads()
    result = run()
    assert (result["version"], result["alias"], result["pruned_versions"]) == (None, None, [])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"state": "absent"}, "state is absent, and this module deletes nothing. amazon.aws.lambda does."),
        ({"alias": ""}, "alias is empty"),
        ({"alias": "live", "alarms": ["errors"]}, "alarms is given without traffic"),
        ({"publish": True, "traffic": [{"weight": 0.1}]}, "traffic is given without alias"),
        ({"alias": "live", "traffic": [{"weight": 10}]}, "10 is no share"),
        ({"verify": {"payload": {}}}, "nothing is to be published"),
        ({"alias": "live", "verify": {"timeout": 901}}, "within 1 and 900"),
        ({"alias": "live", "keep_versions": 0}, "keep_versions is less than 1"),
        ({"update_order": "at_once"}, "value of update_order must be one of"),
    ],
)
def test_an_odd_release_is_one_sentence_before_any_call(run: Run, options: dict[str, Any], said: str) -> None:
    result = run(**options)
    assert result["failed"] is True
    assert said in result["msg"]
