# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as Ansible runs it, against a service on this host that answers GetFunction in Lambda's own words."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_code_checksum
from lambdaops_testbed.images import oci

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:orders"
KEYS = {
    *(
        "changed",
        "msg",
        "sha256_hex",
        "sha256_base64",
        "sha256_source",
        "content_sha256",
        "size",
        "entries",
        "uncompressed_size",
    ),
    *("matches_expected", "matches_function", "function", "diagnosis", "notes"),
}


@dataclass
class LambdaService:
    """Answers by path and query, and what was asked."""

    url: str = ""
    answers: dict[str, tuple[int, str, dict[str, Any]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def function(
        self, digest: str, package_type: str = "Zip", query: str = "", version: str = "$LATEST", name: str = "orders"
    ) -> None:
        configuration = {
            "FunctionName": "orders",
            "FunctionArn": ARN if version == "$LATEST" else f"{ARN}:{version}",
            "Version": version,
            "PackageType": package_type,
            "CodeSha256": digest,
            "LastModified": "2026-08-14T09:30:00.000+0000",
            "Environment": {"Variables": {"TOKEN": "canary-value"}},
        }
        code = {"Location": "https://bucket.example/code.zip?X-Amz-Signature=canary-signature"}
        path = f"/2015-03-31/functions/{quote(name, safe='')}{query}"
        self.answers[path] = (200, "", {"Configuration": configuration, "Code": code})

    def refusal(self, status: int, code: str, message: str) -> None:
        self.answers["/2015-03-31/functions/orders"] = (status, code, {"Message": message})


@pytest.fixture
def service() -> Iterator[LambdaService]:
    lambda_service = LambdaService()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            lambda_service.asked.append(self.path)
            missing = (404, "ResourceNotFoundException", {"Message": "Function not found: orders"})
            status, code, body = lambda_service.answers.get(self.path, missing)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            if code:
                self.send_header("x-amzn-ErrorType", code)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        lambda_service.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield lambda_service
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    # Ansible stars the secret key out of every result: it must be no word that paths or messages contain.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "an-access-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "no-word-of-any-message")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "orders.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return 'ok'\n")
    return path


Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the module with these arguments; its result, with `failed` if it failed."""

    def run_module(**arguments: Any) -> dict[str, Any]:
        with patch_module_args(arguments), pytest.raises(SystemExit):
            lambda_code_checksum.main()
        output = capsys.readouterr()
        assert "Traceback" not in output.out + output.err
        result: dict[str, Any] = json.loads(output.out)
        return result

    return run_module


def run_alone(*, before: str = "", **arguments: Any) -> dict[str, Any]:
    """Run the module in a process of its own, since Ansible collects warnings for a process as a whole."""
    script = (
        f"import sys, json\n{before}\n"
        "from ansible.module_utils.testing import patch_module_args\n"
        f"from {lambda_code_checksum.__name__} import main\n"
        "with patch_module_args(json.loads(sys.argv[1])):\n"
        "    main()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def digest_of(path: Path) -> tuple[str, str]:
    digest = hashlib.sha256(path.read_bytes())
    return digest.hexdigest(), base64.b64encode(digest.digest()).decode()


def test_a_package_is_hashed(run: Run, package: Path) -> None:
    result = run(path=str(package))
    assert set(result) >= KEYS
    assert (result["sha256_hex"], result["sha256_base64"]) == digest_of(package)
    assert (result["size"], result["entries"], result["uncompressed_size"]) == (package.stat().st_size, 1, 45)
    assert (result["changed"], result["sha256_source"]) == (False, "file")
    assert "failed" not in result
    assert [result[key] for key in ("matches_expected", "matches_function", "function", "diagnosis")] == [None] * 4
    assert result["notes"] == []
    assert result["msg"] == f"The SHA-256 of {package} in base64 is {digest_of(package)[1]}."


def test_check_mode_says_the_same(run: Run, package: Path) -> None:
    arguments = {"path": str(package), "expected": "REPLACE_ME"}
    real, predicted = run(**arguments), run(**arguments, _ansible_check_mode=True)
    assert {key: real[key] for key in KEYS} == {key: predicted[key] for key in KEYS}


def test_a_directory_has_the_content_hash_of_its_zip(run: Run, package: Path, tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    zipfile.ZipFile(package).extractall(folder)
    source, built = run(path=str(folder), expected=digest_of(package)[0]), run(path=str(package))
    assert source["content_sha256"] == built["content_sha256"]
    assert (source["sha256_hex"], source["sha256_base64"]) == (None, None)
    assert source["matches_expected"] is False
    assert source["diagnosis"]["code"] == "incomparable"
    assert "is a directory, which has no SHA-256 of its own" in source["notes"][0]
    assert "has the SHA-256" in run(path=str(folder))["msg"]


def test_the_right_checksum_matches_in_any_encoding_without_a_warning(package: Path) -> None:
    as_hex, as_base64 = digest_of(package)
    for expected, code in (
        (as_base64, "right"),
        (as_hex, "right_in_hex"),
        (f"sha256:{as_hex}", "right_in_prefixed_hex"),
    ):
        result = run_alone(path=str(package), expected=expected, fail_on_mismatch=True)
        assert "failed" not in result
        assert result["matches_expected"] is True
        assert (result["diagnosis"]["code"], result["diagnosis"]["right_value"]) == (code, as_base64)
        assert "warnings" not in result


def test_a_wrong_checksum_is_a_warning_with_its_diagnosis(package: Path) -> None:
    result = run_alone(path=str(package), expected=hashlib.md5(package.read_bytes()).hexdigest())
    assert "failed" not in result
    assert result["matches_expected"] is False
    assert result["diagnosis"]["code"] == "md5"
    assert result["diagnosis"]["expected_encoding"] is None
    assert result["msg"] == result["diagnosis"]["message"]
    assert "is the MD5 of this package" in result["msg"]
    assert json.dumps(result["msg"]) in json.dumps(result["warnings"])


def test_a_wrong_checksum_fails_where_that_is_asked_for(run: Run, package: Path) -> None:
    result = run(path=str(package), expected="REPLACE_ME", fail_on_mismatch=True)
    assert result["failed"] is True
    assert set(result) >= KEYS
    assert result["msg"] == result["diagnosis"]["message"]


def test_an_empty_checksum_is_a_mismatch_and_none_is_not(run: Run, package: Path) -> None:
    assert run(path=str(package), expected="")["diagnosis"]["code"] == "empty"
    assert run(path=str(package), expected=None, fail_on_mismatch=True)["matches_expected"] is None


def test_other_files_are_read_when_the_checksum_does_not_match(run: Run, package: Path, tmp_path: Path) -> None:
    old = tmp_path / "previous.bin"
    old.write_bytes(b"an earlier build")
    result = run(path=str(package), expected=digest_of(old)[0], other_paths=[str(package), str(old)])
    assert result["diagnosis"]["code"] == "other_file"
    assert str(old) in result["msg"]
    missing = str(tmp_path / "missing.zip")
    assert run(path=str(package), expected="x" * 20, other_paths=[missing])["msg"].startswith(
        f"There is nothing at {missing}."
    )
    assert "failed" not in run(path=str(package), expected=digest_of(package)[0], other_paths=[missing])
    folder = run(path=str(package), expected="x" * 20, other_paths=[str(tmp_path)])
    assert folder["msg"].startswith(f"{tmp_path} is a directory, not a file.")


# --- images


@pytest.fixture
def mirrored(tmp_path: Path) -> tuple[dict[str, Any], oci.Image]:
    """What reads r.example/orders:1 from a copy on disk; :2 is an index for two platforms."""
    images = [oci.image([oci.layer([oci.file("f", cpu.encode())])], cpu) for cpu in ("amd64", "arm64")]
    layout = oci.Layout()
    layout.add("1", images[0])
    layout.add("2", oci.index(images))
    layout.write(tmp_path / "mirror" / "orders")
    return {"registry_mirrors": {"r.example": f"oci:{tmp_path}/mirror"}}, images[0]


def test_an_image_has_the_digest_of_its_manifest(run: Run, mirrored: tuple[dict[str, Any], oci.Image]) -> None:
    mirrors, image = mirrored
    result = run(image_uri="r.example/orders:1", **mirrors)
    bare = image.digest.removeprefix("sha256:")
    assert set(result) >= KEYS
    assert (result["sha256_hex"], result["sha256_source"]) == (bare, "registry")
    assert result["sha256_base64"] == base64.b64encode(bytes.fromhex(bare)).decode()
    assert [result[key] for key in ("content_sha256", "size", "entries", "uncompressed_size")] == [None] * 4
    assert result["msg"] == f"The digest of r.example/orders:1 in bare hex is {bare}."
    assert run(image_uri=f"r.example/orders@{image.digest}")["sha256_source"] == "image_reference"


def test_an_index_for_several_platforms_has_no_digest(run: Run, mirrored: tuple[dict[str, Any], oci.Image]) -> None:
    mirrors, image = mirrored
    result = run(image_uri="r.example/orders:2", expected=image.digest, **mirrors)
    assert (result["sha256_hex"], result["matches_expected"]) == (None, False)
    assert result["diagnosis"]["code"] == "platform_digest"
    assert "for linux/amd64 alone; r.example/orders:2 is an image index, and Lambda takes none" in result["msg"]
    nothing = run(image_uri="r.example/orders:2", **mirrors)
    assert nothing["msg"].startswith("There is no hash to compare: r.example/orders:2 is an image index")


def test_a_function_that_runs_the_image_matches(
    run: Run, service: LambdaService, mirrored: tuple[dict[str, Any], oci.Image]
) -> None:
    mirrors, image = mirrored
    service.function(image.digest.removeprefix("sha256:"), package_type="Image")
    asked = {"function_name": "orders", "region": "eu-central-1", "endpoint_url": service.url}
    result = run(image_uri="r.example/orders:1", **mirrors, **asked)
    assert result["matches_function"] is True
    assert result["msg"].endswith(", which orders (version $LATEST) runs.")
    index = run(image_uri="r.example/orders:2", **mirrors, **asked)
    assert index["matches_function"] is True
    assert index["msg"].endswith("; orders (version $LATEST) runs one of its images.")
    service.function("0" * 64, package_type="Image")
    assert run(image_uri="r.example/orders:1", **mirrors, **asked)["matches_function"] is False


def test_images_need_no_boto3(mirrored: tuple[dict[str, Any], oci.Image]) -> None:
    mirrors, image = mirrored
    blocked = "sys.modules['boto3'] = sys.modules['botocore'] = None"
    result = run_alone(before=blocked, image_uri="r.example/orders:1", expected=image.digest, **mirrors)
    assert result["matches_expected"] is True


# --- the function


def test_a_function_that_runs_the_package_matches_in_one_call(run: Run, package: Path, service: LambdaService) -> None:
    service.function(digest_of(package)[1])
    result = run(path=str(package), function_name="orders", region="eu-central-1", endpoint_url=service.url)
    assert result["matches_function"] is True
    assert result["function"] == {
        "name": "orders",
        "code_sha256": digest_of(package)[1],
        "version": "$LATEST",
        "last_modified": "2026-08-14T09:30:00.000+0000",
        "package_type": "Zip",
    }
    assert result["msg"].endswith(", which orders (version $LATEST) runs.")
    assert service.asked == ["/2015-03-31/functions/orders"]
    assert "canary" not in json.dumps(result)


def test_a_function_that_runs_other_code_is_no_failure(run: Run, package: Path, service: LambdaService) -> None:
    other = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    service.function(other, query="?Qualifier=live", version="7")
    asked = {"function_name": "orders", "qualifier": "live", "region": "eu-central-1", "endpoint_url": service.url}
    right = base64.b64encode(hashlib.sha256(package.read_bytes()).digest()).decode()
    result = run(path=str(package), expected=right, fail_on_mismatch=True, **asked)
    assert "failed" not in result
    assert result["matches_function"] is False
    assert result["function"]["version"] == "7"
    assert result["msg"].endswith("orders (version 7) runs other code.")
    assert service.asked == ["/2015-03-31/functions/orders?Qualifier=live"]
    assert run(path=str(package), expected=other, **asked)["diagnosis"]["code"] == "deployed_code"


def versions_of(service: LambdaService, answer: dict[str, Any], status: int = 200, code: str = "") -> str:
    """Where the function's versions are asked for, by its ARN, and the answer from there on."""
    path = f"/2015-03-31/functions/{quote(ARN, safe='')}/versions"
    service.answers[path] = (status, code, answer)
    return path


def test_the_hash_of_another_version_is_named(run: Run, package: Path, service: LambdaService) -> None:
    earlier, latest = (base64.b64encode(hashlib.sha256(code).digest()).decode() for code in (b"earlier", b"latest"))
    service.function(digest_of(package)[1], query="?Qualifier=live", version="7")
    service.function(latest, name=ARN)
    listed = [
        {"FunctionName": "orders", "FunctionArn": f"{ARN}:{version}", "Version": version, "CodeSha256": code}
        for version, code in (("$LATEST", latest), ("6", earlier))
    ]
    path = versions_of(service, {"Versions": listed})
    asked = {"function_name": "orders", "qualifier": "live", "region": "eu-central-1", "endpoint_url": service.url}
    for expected, version in ((earlier, "6"), (latest, "$LATEST")):
        result = run(path=str(package), expected=expected, **asked)
        assert result["diagnosis"]["code"] == "other_version"
        assert f"that of the code which orders (version {version}) runs, not of this one" in result["msg"]
    service.asked.clear()
    assert run(path=str(package), expected="REPLACE_ME", **asked)["diagnosis"]["code"] == "placeholder"
    assert run(path=str(package), expected=digest_of(package)[0], **asked)["matches_expected"] is True
    assert path not in service.asked


def test_versions_that_may_not_be_listed_are_a_note(run: Run, package: Path, service: LambdaService) -> None:
    service.function(digest_of(package)[1])
    versions_of(service, {"Message": "may not"}, 403, "AccessDeniedException")
    asked = {"function_name": "orders", "region": "eu-central-1", "endpoint_url": service.url}
    result = run(path=str(package), expected=hashlib.sha256(b"another").hexdigest(), **asked)
    assert "failed" not in result
    assert result["diagnosis"]["code"] == "unknown_sha256"
    assert result["notes"][0].startswith("Other versions of orders could not be looked at: ListVersionsByFunction on")


def test_a_container_image_matches_no_zip_and_the_note_says_what_to_compare(
    run: Run, package: Path, service: LambdaService
) -> None:
    service.function(digest_of(package)[0], package_type="Image")
    asked = {"function_name": "orders", "region": "eu-central-1", "endpoint_url": service.url}
    for path in (package, package.parent):
        result = run(path=str(path), **asked)
        assert result["matches_function"] is False
        assert "deployed as a container image, so no zip can match it" in result["notes"][-1]
        assert "digest of the image in the registry" in result["notes"][-1]


def test_a_directory_is_not_compared_with_a_function(run: Run, package: Path, service: LambdaService) -> None:
    service.function(digest_of(package)[1])
    result = run(path=str(package.parent), function_name="orders", region="eu-central-1", endpoint_url=service.url)
    assert result["matches_function"] is None
    assert result["function"]["name"] == "orders"


@pytest.mark.parametrize(
    ("status", "code", "said", "message"),
    [
        (404, "ResourceNotFoundException", "Function not found", "there is no such function"),
        (403, "AccessDeniedException", "User may not lambda:GetFunction", "403 AccessDeniedException"),
        (403, "ExpiredTokenException", "The token is expired", "does not accept the credentials"),
        (403, "UnrecognizedClientException", "The security token is invalid", "does not accept the credentials"),
    ],
)
def test_what_lambda_refuses_is_one_sentence(
    run: Run, package: Path, service: LambdaService, status: int, code: str, said: str, message: str
) -> None:
    service.refusal(status, code, said)
    result = run(path=str(package), function_name="orders", region="eu-central-1", endpoint_url=service.url)
    assert result["failed"] is True
    assert message in result["msg"]
    assert "eu-central-1" in result["msg"]
    assert len(service.asked) == 1


def test_missing_credentials_are_said_so(
    run: Run, package: Path, service: LambdaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    result = run(path=str(package), function_name="orders", region="eu-central-1", endpoint_url=service.url)
    assert "no complete AWS credentials were found" in result["msg"]


def test_an_unreachable_endpoint_is_said_so(run: Run, package: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        result = run(path=str(package), function_name="orders", region="eu-central-1", endpoint_url=endpoint)
    assert f"no connection to {endpoint} could be made" in result["msg"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "one of the following is required: path, s3_bucket, image_uri"),
        ({"path": "{package}", "image_uri": "r/i:1"}, "mutually exclusive: path|s3_bucket|image_uri"),
        ({"s3_bucket": "releases"}, "required together: s3_bucket, s3_key"),
        ({"s3_bucket": "", "s3_key": "", "region": "eu-west-1"}, "s3_bucket or s3_key is empty."),
        ({"path": "{package}", "s3_object_version": "v"}, "required by 's3_object_version': s3_key"),
        ({"image_uri": " "}, "image_uri is empty."),
        ({"image_uri": "Orders:1"}, "does not parse"),
        ({"image_uri": "oci:build"}, "image_uri names oci:build, which is no image in a registry"),
        ({"image_uri": "r.example/i:1", "registry_mirrors": {"r.example": ""}}, "The mirror '' of r.example"),
        ({"path": ""}, "The path of the package is empty."),
        ({"path": "{package}", "function_name": ""}, "function_name is empty."),
        ({"path": "{package}", "qualifier": "live"}, "missing parameter(s) required by 'qualifier': function_name"),
        ({"path": "{package}", "function_name": "orders"}, "region"),
        ({"path": "{package}", "fail_on_mismatch": "perhaps"}, "fail_on_mismatch"),
        ({"path": "{package}", "other_paths": {"a": 1}}, "other_paths"),
        ({"path": "{package}", "expected": {"a": 1}, "fail_on_mismatch": True}, "is no SHA-256"),
        ({"path": "{package}.missing"}, "There is nothing at {package}.missing."),
        ({"path": "/dev/null"}, "/dev/null is a character device, not a file."),
        ({"path": "{package}", "checksum": "x"}, "Unsupported parameters"),
    ],
)
def test_wrong_arguments_are_one_sentence(run: Run, package: Path, arguments: dict[str, Any], message: str) -> None:
    given = {
        key: value.format(package=package) if isinstance(value, str) else value for key, value in arguments.items()
    }
    result = run(**given)
    assert result["failed"] is True
    assert message.format(package=package) in result["msg"]


def test_hashing_needs_no_boto3_and_a_function_does(package: Path) -> None:
    blocked = "sys.modules['boto3'] = sys.modules['botocore'] = None"
    hashed = run_alone(before=blocked, path=str(package), expected=digest_of(package)[0])
    assert hashed["matches_expected"] is True
    compared = run_alone(before=blocked, path=str(package), function_name="orders", region="eu-central-1")
    assert compared["failed"] is True
    assert "boto3" in compared["msg"]
