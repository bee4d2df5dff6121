# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking a release back: where to, once only, and $LATEST with it."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._function import errors
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.alias import Alias
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.deployment import Deployer
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.plan import make_plan
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.report import rollback_diff, rollback_summary
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.restore import wanted_as
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.rollback import (
    Rollback,
    RolledBack,
    choose_target,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.s3_package import S3Package
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.snapshot import FunctionSnapshot
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.update import OnConflict
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.wanted import Wanted
from lambda_service import Service, alias, configuration

NEW = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def zipped(source: str) -> bytes:
    with io.BytesIO() as buffer:
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("app.py", source)
        return buffer.getvalue()


ZIP = zipped("the code that was in force")
OLD = base64.b64encode(hashlib.sha256(ZIP).digest()).decode()


@pytest.mark.parametrize(
    ("stands", "version", "versions", "target"),
    [
        (Alias("live", "7"), "3", [], "3"),
        (Alias("live", "7", description="[7, before: 5]"), None, ["4", "5", "6", "7"], "5"),
        (Alias("live", "7", description="[7, before: 5]"), None, ["4", "6", "7"], "6"),
        (Alias("live", "10"), None, ["8", "9", "10", "11"], "9"),
        (Alias("live", "5", description="[5, rolled back from: 7]"), None, ["4", "5", "7"], "5"),
        (Alias("live", "5", {"6": 0.1}, description="[5, before: 4]"), None, ["4", "5", "6"], "5"),
    ],
)
def test_where_to(stands: Alias, version: str | None, versions: list[str], target: str) -> None:
    assert choose_target(stands, version, versions).version == target


@pytest.mark.parametrize(("version", "said"), [(None, "no earlier version"), ("$LATEST", "no published version")])
def test_where_not_to(version: str | None, said: str) -> None:
    with pytest.raises(errors.InvalidRequest, match=said):
        choose_target(Alias("live", "4"), version, ["4", "5"])


def run(service: Service, *, carry_out: bool = True, **options: Any) -> RolledBack:
    return Rollback(service.api, "orders", "live", service.deadline, **options).roll_back(carry_out=carry_out)


def stands(service: Service, version: str = "5", note: str = "[5, before: 4]", **members: Any) -> None:
    service.knows_alias(version, Description=note, **members)
    service.lists("3", "4", "5")


def goes_back(service: Service) -> None:
    service.moves_alias(
        {
            "FunctionVersion": "4",
            "RoutingConfig": {"AdditionalVersionWeights": {}},
            "Description": "[4, rolled back from: 5]",
            "RevisionId": "a1",
        },
        alias("4", Description="[4, rolled back from: 5]", RevisionId="a2"),
    )


def test_the_alias_goes_back_in_one_guarded_step(service: Service) -> None:
    stands(service)
    service.reads(qualifier="4", Version="4")
    goes_back(service)
    done = run(service)
    assert done.journal.changed
    assert rollback_summary(done, "orders") == "orders: live moved back from 5 to 4 (the version before)."
    assert rollback_diff(done) == {"before": "alias live: 5\n", "after": "alias live: 4\n"}


def test_a_share_that_was_taken_back_stays_taken_back(service: Service) -> None:
    stands(service, "4", "[4, rolled back from: 5]")
    service.reads(qualifier="4", Version="4")
    assert not run(service).journal.changed


def test_twice_is_the_same_as_once(service: Service) -> None:
    stands(service, "4", "[4, rolled back from: 5]")
    service.reads(qualifier="4", Version="4")
    done = run(service)
    assert not done.journal.changed
    assert rollback_summary(done, "orders") == "orders: live stays at 4 (it was rolled back from 5 before)."
    assert rollback_diff(done) == {"before": "", "after": ""}


def test_check_mode_only_reads(service: Service) -> None:
    stands(service)
    service.reads(qualifier="4", Version="4")
    done = run(service, carry_out=False)
    assert done.journal.changed
    assert rollback_summary(done, "orders") == "orders: live would move back from 5 to 4 (the version before)."


def test_a_gradual_release_ends(service: Service) -> None:
    stands(service, "4", "", weights={"5": 0.25})
    service.reads(qualifier="4", Version="4")
    taken = {"RoutingConfig": {"AdditionalVersionWeights": {}}, "Description": "[4, rolled back from: 5]"}
    service.moves_alias({"FunctionVersion": "4", "RevisionId": "a1", **taken}, alias("4"))
    done = run(service)
    assert "live gives all traffic to 4" in rollback_summary(done, "orders")
    assert rollback_diff(done)["before"] == "alias live: 4, 25% to 5\n"


def test_a_lost_answer_is_looked_up(service: Service) -> None:
    stands(service)
    service.reads(qualifier="4", Version="4")
    service.fails("update_alias", "ServiceException", 500)
    service.knows_alias("4", Description="[4, rolled back from: 5]", RevisionId="a2")
    assert run(service).journal.as_result()[0]["outcome"] == "applied"
    assert service.api.calls["UpdateAlias"] == 1


def test_a_lost_request_is_sent_again(service: Service) -> None:
    stands(service)
    service.reads(qualifier="4", Version="4")
    service.fails("update_alias", "ServiceException", 500)
    service.knows_alias("5", Description="[5, before: 4]")
    goes_back(service)
    assert run(service).after.version == "4"


def test_a_release_of_somebody_else_is_not_taken_back_unseen(service: Service) -> None:
    stands(service)
    service.reads(qualifier="4", Version="4")
    service.fails("update_alias", "PreconditionFailedException", 412)
    service.knows_alias("6", Description="[6, before: 5]", RevisionId="a9")
    with pytest.raises(errors.ForeignChange, match="moved by somebody else to 6") as caught:
        run(service)
    assert caught.value.facts["changed"] is False
    assert caught.value.facts["api_calls"]["UpdateAlias"] == 1


def test_a_missing_alias_is_named(service: Service) -> None:
    service.knows_alias(None)
    with pytest.raises(errors.UnknownFunction, match="no function orders with an alias live in eu-west-1"):
        run(service)


def test_a_missing_version_is_named(service: Service) -> None:
    service.knows_alias("5")
    service.fails("get_function", "ResourceNotFoundException", 404)
    with pytest.raises(errors.UnknownFunction, match="orders has no version 2 to go back to"):
        run(service, version="2")


@pytest.fixture
def storage() -> Iterator[str]:
    """Where Lambda keeps code: a server that hands out one zip."""

    class Storage(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path.startswith("/zip?")
            self.send_response(200 if found else 403)
            self.end_headers()
            self.wfile.write(ZIP if found else b"")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Storage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_latest_goes_back_as_well(service: Service, storage: str) -> None:
    stands(service)
    old = {"CodeSha256": OLD, "Timeout": 9}
    service.reads(qualifier="4", Version="4", **old)
    goes_back(service)
    service.reads()
    service.reads(qualifier="4", beside={"Code": {"Location": f"{storage}zip?signature"}})
    service.reads()
    service.takes("update_function_code", {"ZipFile": ZIP, "RevisionId": "r1"}, CodeSha256=OLD)
    service.reads(CodeSha256=OLD)
    service.takes("update_function_configuration", {"Timeout": 9, "RevisionId": "r1"}, **old)
    service.reads(**old)
    done = run(service, restore_latest=True)
    assert [phase["name"] for phase in done.journal.as_result()] == ["alias", "settle", "code", "configuration"]
    assert "; $LATEST: code updated in" in rollback_summary(done, "orders")
    assert rollback_diff(done)["after"].endswith("alias live: 4\n")


def test_the_same_zip_for_another_architecture_goes_back_too(service: Service, storage: str) -> None:
    stands(service, "4", "[4, rolled back from: 5]")
    service.reads(qualifier="4", Version="4", CodeSha256=OLD, Description="build 4")
    now = {"CodeSha256": OLD, "Architectures": ["arm64"]}
    service.reads(**now)
    service.reads(qualifier="4", beside={"Code": {"Location": f"{storage}zip?signature"}})
    service.reads(**now)
    written = {"ZipFile": ZIP, "Architectures": ["x86_64"], "RevisionId": "r1"}
    service.takes("update_function_code", written, CodeSha256=OLD)
    service.reads(CodeSha256=OLD)
    done = run(service, restore_latest=True)
    assert done.latest
    assert done.latest.after.settings["description"] == ""  # a version's description is its own


def test_a_version_that_can_not_be_restored_is_found_before_the_alias_moves(service: Service) -> None:
    stands(service)
    locked = {"Environment": {"Error": {"ErrorCode": "AccessDeniedException", "Message": "kms"}}}
    service.reads(qualifier="4", Version="4", **locked)
    with pytest.raises(errors.InvalidRequest, match=r"environment of orders:4 can't be read"):
        run(service, restore_latest=True)


def test_latest_that_is_there_already_is_left(service: Service) -> None:
    stands(service, "4", "[4, rolled back from: 5]")
    service.reads(qualifier="4", Version="4")
    service.reads()
    service.reads()
    done = run(service, restore_latest=True)
    assert rollback_summary(done, "orders").endswith("; $LATEST: nothing to do.")


class TestRollbackOnFailure:
    """Of a deployment: $LATEST is put back as it was."""

    WANTED = Wanted(
        "orders", code=S3Package("releases", "k", code_sha256=NEW), settings={"timeout": 9}, environment={"AB": "1"}
    )
    CODE: ClassVar = {"S3Bucket": "releases", "S3Key": "k"}

    def deploy(self, service: Service) -> None:
        Deployer(service.api, self.WANTED, service.deadline, rollback_on_failure=True).deploy()

    def begin(self, service: Service, storage: str, path: str = "zip?signature") -> None:
        service.reads(CodeSha256=OLD, Description="kept")
        service.reads(beside={"Code": {"Location": f"{storage}{path}"}})

    def test_everything_goes_back(self, service: Service, storage: str) -> None:
        self.begin(service, storage)
        service.takes("update_function_code", {**self.CODE, "RevisionId": "r1"}, CodeSha256=NEW)
        service.reads(CodeSha256=NEW, RevisionId="r2")
        service.fails("update_function_configuration", "InvalidParameterValueException", 400, "no such thing")
        service.reads(CodeSha256=NEW, RevisionId="r2")
        service.takes("update_function_code", {"ZipFile": ZIP, "RevisionId": "r2"}, CodeSha256=OLD)
        service.reads(CodeSha256=OLD, RevisionId="r3")
        with pytest.raises(errors.Refused, match=r"no such thing.*put back as it was") as caught:
            self.deploy(service)
        outcomes = {phase["name"]: phase["outcome"] for phase in caught.value.facts["phases"]}
        assert outcomes == {"settle": "done", "code": "rolled_back", "configuration": "failed", "rollback": "applied"}
        assert "had been updated before" not in str(caught.value)

    def test_what_does_not_go_back_is_told(self, service: Service, storage: str) -> None:
        self.begin(service, storage)
        service.takes("update_function_code", {**self.CODE, "RevisionId": "r1"}, CodeSha256=NEW)
        service.reads(CodeSha256=NEW, RevisionId="r2")
        service.fails("update_function_configuration", "InvalidParameterValueException", 400, "no such thing")
        service.reads(CodeSha256=NEW, RevisionId="r2")
        service.fails("update_function_code", "AccessDeniedException", 403, "not you")
        with pytest.raises(errors.Refused, match=r"Putting \$LATEST back failed as well.*not you") as caught:
            self.deploy(service)
        outcomes = {phase["name"]: phase["outcome"] for phase in caught.value.facts["phases"]}
        assert (outcomes["code"], outcomes["rollback"]) == ("applied", "unknown")

    def test_a_task_whose_time_ran_out_has_time_to_put_back(self, service: Service, storage: str) -> None:
        self.begin(service, storage)
        service.deadline.seconds = 1
        service.takes("update_function_code", {**self.CODE, "RevisionId": "r1"}, CodeSha256=NEW)
        for _look in range(2):
            service.reads(CodeSha256=NEW, LastUpdateStatus="InProgress")
        service.reads(CodeSha256=NEW, LastUpdateStatus="InProgress")
        service.reads(CodeSha256=NEW, RevisionId="r2")
        service.takes("update_function_code", {"ZipFile": ZIP, "RevisionId": "r2"}, CodeSha256=OLD)
        service.reads(CodeSha256=OLD, RevisionId="r3")
        with pytest.raises(errors.StillInMotion, match=r"had not settled after 1 s.*put back as it was"):
            self.deploy(service)

    def test_nothing_is_written_when_the_code_cannot_be_kept(self, service: Service, storage: str) -> None:
        self.begin(service, storage, "gone?signature")
        with pytest.raises(errors.AnswerLost, match="can't be fetched from Lambda's storage") as caught:
            self.deploy(service)
        assert caught.value.facts["changed"] is False
        assert "signature" not in str(caught.value)

    def test_half_of_a_rollback_is_told_as_half(self, service: Service, storage: str) -> None:
        self.begin(service, storage)
        applied = {"CodeSha256": NEW, "Timeout": 9, "Environment": {"Variables": {"AB": "1"}}}
        service.takes("update_function_code", {**self.CODE, "RevisionId": "r1"}, CodeSha256=NEW)
        service.reads(CodeSha256=NEW)
        written = {"Timeout": 9, "Environment": {"Variables": {"AB": "1"}}, "RevisionId": "r1"}
        service.takes("update_function_configuration", written, **applied)
        service.reads(**applied)
        service.fails("tag_resource", "AccessDeniedException", 403, "no tags")
        service.reads(**applied)
        service.takes("update_function_code", {"ZipFile": ZIP, "RevisionId": "r1"}, **{**applied, "CodeSha256": OLD})
        service.reads(**{**applied, "CodeSha256": OLD})
        service.fails("update_function_configuration", "InvalidParameterValueException", 400, "not now")
        wanted = replace(self.WANTED, tags={"a": "1"})
        with pytest.raises(errors.Denied, match=r"no tags.*failed as well.*The configuration had been") as caught:
            Deployer(service.api, wanted, service.deadline, rollback_on_failure=True).deploy()
        outcomes = {phase["name"]: phase["outcome"] for phase in caught.value.facts["phases"]}
        assert (outcomes["code"], outcomes["configuration"], outcomes["rollback"]) == (
            "rolled_back",
            "applied",
            "unknown",
        )

    def test_somebody_elses_work_is_not_put_back(self, service: Service, storage: str) -> None:
        self.begin(service, storage)
        service.takes("update_function_code", {**self.CODE, "RevisionId": "r1"}, CodeSha256=NEW)
        service.reads(CodeSha256=NEW, Environment={"Variables": {"THEIRS": "1"}})
        deployer = Deployer(service.api, self.WANTED, service.deadline, OnConflict.FAIL, rollback_on_failure=True)
        with pytest.raises(errors.ForeignChange, match=r"Nothing was put back.*The code had been updated before"):
            deployer.deploy()

    def test_an_environment_that_can_not_be_put_back_is_found_before_the_first_write(self, service: Service) -> None:
        service.reads(Environment={"Error": {"ErrorCode": "AccessDeniedException", "Message": "kms"}})
        wanted = replace(self.WANTED, environment=None)
        with pytest.raises(errors.InvalidRequest, match=r"environment of orders:\$LATEST can't be read.*kms:Decrypt"):
            Deployer(service.api, wanted, service.deadline, rollback_on_failure=True).deploy()

    def test_a_package_that_can_not_be_put_back_is_found_before_the_first_write(self, service: Service) -> None:
        service.reads(CodeSize=60 * 1024 * 1024)
        with pytest.raises(errors.InvalidRequest, match=r"62,914,560 bytes, more than can be put back"):
            self.deploy(service)


def test_a_snapshot_can_be_wished_for_again() -> None:
    snapshot = FunctionSnapshot.of(configuration(Layers=[{"Arn": "arn:aws:lambda:eu-west-1:1:layer:a:1"}]))
    assert make_plan(snapshot, wanted_as(snapshot, "orders", None)).steps == ()
