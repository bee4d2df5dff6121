# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a snapshot and a wish to the steps between; a plan that was carried out leaves nothing to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.digests import Digest
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.environment import Mode
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.errors import InvalidRequest
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.plan import changed_fields, make_plan
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.s3_package import S3Package
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.snapshot import FunctionSnapshot
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.steps import predicted
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.wanted import Order, Wanted
from hypothesis import given
from hypothesis import strategies as st
from lambda_service import ARN, configuration

NOW = FunctionSnapshot.of(configuration(), {})
NEW = Digest(bytes(range(32)))
LAYER = "arn:aws:lambda:eu-west-1:123456789012:layer:tools:3"


@pytest.mark.parametrize(
    ("settings", "members"),
    [
        ({}, None),
        ({"description": ""}, None),
        ({"timeout": 3, "memory_size": 128, "ephemeral_storage": 512, "tracing_mode": "PassThrough"}, None),
        ({"role": "orders"}, None),
        ({"layers": []}, None),
        ({"description": "Takes orders"}, {"Description": "Takes orders"}),
        ({"timeout": 30, "memory_size": 512}, {"Timeout": 30, "MemorySize": 512}),
        ({"role": "other"}, {"Role": "arn:aws:iam::123456789012:role/other"}),
        ({"role": "arn:aws:iam::1:role/x"}, {"Role": "arn:aws:iam::1:role/x"}),
        ({"handler": "app.other", "runtime": "python3.13"}, {"Runtime": "python3.13", "Handler": "app.other"}),
        ({"ephemeral_storage": 1024}, {"EphemeralStorage": {"Size": 1024}}),
        ({"tracing_mode": "Active"}, {"TracingConfig": {"Mode": "Active"}}),
        ({"layers": [{"layer_version_arn": LAYER}]}, {"Layers": [LAYER]}),
        ({"layers": [{"layer_name": "tools", "version": 3}]}, {"Layers": [LAYER]}),
        ({"layers": [{"layer_name": LAYER.removesuffix(":3"), "version": 3}]}, {"Layers": [LAYER]}),
    ],
)
def test_only_what_differs_is_asked_for(settings: dict[str, Any], members: dict[str, Any] | None) -> None:
    steps = make_plan(NOW, Wanted("orders", settings=settings)).steps
    assert [step.request for step in steps] == ([] if members is None else [members])


def test_layers_in_another_order_are_another_wish() -> None:
    arns = [LAYER, LAYER.replace("tools", "more")]
    now = FunctionSnapshot.of(configuration(Layers=[{"Arn": arn} for arn in arns]))
    same = Wanted("orders", settings={"layers": [{"layer_version_arn": arn} for arn in arns]})
    swapped = Wanted("orders", settings={"layers": [{"layer_version_arn": arn} for arn in reversed(arns)]})
    assert make_plan(now, same).steps == ()
    assert make_plan(now, swapped).steps[0].request == {"Layers": arns[::-1]}


def test_what_was_set_is_cleared_by_an_empty_value() -> None:
    now = FunctionSnapshot.of(
        configuration(Description="old", Layers=[{"Arn": LAYER}], Environment={"Variables": {"AB": "1"}})
    )
    wanted = Wanted("orders", settings={"description": "", "layers": []}, environment={})
    (step,) = make_plan(now, wanted).steps
    assert step.request == {"Description": "", "Layers": [], "Environment": {"Variables": {}}}


def test_code_comes_before_configuration() -> None:
    wanted = Wanted(
        "orders", code=S3Package("releases", "k", "v", NEW.base64), settings={"timeout": 9}, environment={"AB": "1"}
    )
    code, settings = make_plan(NOW, wanted).steps
    assert code.request == {"S3Bucket": "releases", "S3Key": "k", "S3ObjectVersion": "v"}
    assert settings.request == {"Timeout": 9, "Environment": {"Variables": {"AB": "1"}}}


def test_code_that_runs_already_is_not_sent() -> None:
    running = S3Package("releases", "k", code_sha256=NOW.code_sha256)
    assert make_plan(NOW, Wanted("orders", code=running)).steps == ()


def test_code_of_unknown_hash_is_sent_until_lambda_has_named_it() -> None:
    wanted = Wanted("orders", code=S3Package("releases", "k"))
    assert [step.operation for step in make_plan(NOW, wanted).steps] == ["UpdateFunctionCode"]
    assert make_plan(NOW, wanted.knowing(NOW.code_sha256)).steps == ()


@pytest.mark.parametrize(
    ("mode", "after"),
    [
        (Mode.REPLACE, {"NEW": "5", "SAME": "2", "TURNED": "4"}),
        (Mode.MERGE, {"GONE": "1", "NEW": "5", "SAME": "2", "TURNED": "4"}),
    ],
)
def test_the_environment_is_predicted(mode: Mode, after: dict[str, str]) -> None:
    now = FunctionSnapshot.of(configuration(Environment={"Variables": {"GONE": "1", "SAME": "2", "TURNED": "3"}}))
    wanted = Wanted("orders", environment={"SAME": "2", "TURNED": "4", "NEW": "5"}, environment_mode=mode)
    assert predicted(now, make_plan(now, wanted).steps).environment == after


@pytest.mark.parametrize(
    ("count", "name", "said"), [(6, "layer{}", "6 entries, and Lambda takes 5"), (2, "same", "one layer twice")]
)
def test_layers_that_lambda_refuses_are_found_before_the_code_is_touched(count: int, name: str, said: str) -> None:
    layers = [{"layer_name": name.format(n), "version": n} for n in range(count)]
    with pytest.raises(InvalidRequest, match=said):
        make_plan(NOW, Wanted("orders", settings={"layers": layers}))


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        (Wanted("orders", code=S3Package("releases", "k")), "s3_bucket"),
        (Wanted("orders", settings={"handler": "a.b", "layers": []}), "handler, layers"),
    ],
)
def test_zip_options_do_not_fit_image_functions(wanted: Wanted, named: str) -> None:
    image = FunctionSnapshot.of(configuration(PackageType="Image"))
    with pytest.raises(InvalidRequest, match=rf"package type Image\), so {named} does not apply"):
        make_plan(image, wanted)


def test_published_versions_are_not_updated() -> None:
    with pytest.raises(InvalidRequest, match=r"orders:live names version 7.*\$LATEST"):
        make_plan(FunctionSnapshot.of(configuration(Version="7")), Wanted("orders:live"))


@pytest.mark.parametrize("option", ["role", "runtime", "handler"])
def test_what_a_function_needs_cannot_be_cleared(option: str) -> None:
    with pytest.raises(InvalidRequest, match=f"{option} is empty"):
        make_plan(NOW, Wanted("orders", settings={option: ""}))


def test_a_layer_needs_its_version() -> None:
    with pytest.raises(InvalidRequest, match="neither a layer_version_arn nor a layer_name with its version"):
        make_plan(NOW, Wanted("orders", settings={"layers": [{"layer_name": "tools", "version": None}]}))


def test_an_environment_that_cannot_be_read_is_not_overwritten() -> None:
    locked = FunctionSnapshot.of(
        configuration(Environment={"Error": {"ErrorCode": "AccessDeniedException", "Message": "kms"}})
    )
    with pytest.raises(InvalidRequest, match=r"can't be read.*AccessDeniedException.*kms:Decrypt"):
        make_plan(locked, Wanted("orders", environment={"AB": "1"}))
    assert make_plan(locked, Wanted("orders", settings={"timeout": 4})).steps


def test_changed_fields_name_everything_that_differs() -> None:
    after = FunctionSnapshot.of(
        configuration(CodeSha256="x", Timeout=5, Environment={"Variables": {"AB": "canary-value"}})
    )
    assert changed_fields(NOW, after) == ("code", "timeout", "environment_variables.AB")


def test_a_snapshot_shows_no_environment_value() -> None:
    snapshot = FunctionSnapshot.of(configuration(Environment={"Variables": {"AB": "canary-value"}}))
    wanted = Wanted("orders", environment={"AB": "canary-2"})
    assert "canary" not in repr((snapshot, wanted, make_plan(snapshot, wanted)))


VARIABLES = st.dictionaries(st.sampled_from(["AB", "CD", "EF"]), st.sampled_from(["1", "2"]))
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "description": st.sampled_from(["", "text"]),
        "role": st.sampled_from(["orders", "arn:aws:iam::1:role/x"]),
        "handler": st.just("app.other"),
        "timeout": st.integers(1, 5),
        "memory_size": st.sampled_from([128, 256]),
        "ephemeral_storage": st.sampled_from([512, 1024]),
        "tracing_mode": st.sampled_from(["Active", "PassThrough"]),
        "layers": st.lists(
            st.sampled_from([{"layer_version_arn": LAYER}, {"layer_name": "b", "version": 1}]),
            max_size=2,
            unique_by=str,
        ),
    },
)
WISHES = st.builds(
    Wanted,
    name=st.just("orders"),
    code=st.one_of(st.none(), st.builds(S3Package, st.just("releases"), st.just("k"), code_sha256=st.just(NEW.base64))),
    settings=SETTINGS,
    environment=st.one_of(st.none(), VARIABLES),
    environment_mode=st.sampled_from(Mode),
    order=st.sampled_from(Order),
    tags=st.one_of(st.none(), st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["", "1"]))),
    purge_tags=st.booleans(),
    reserved_concurrency=st.sampled_from([None, -1, 0, 5]),
)


@given(WISHES, WISHES)
def test_a_plan_carried_out_leaves_nothing_to_do(first: Wanted, second: Wanted) -> None:
    start = predicted(NOW, make_plan(NOW, first).steps)
    end = predicted(start, make_plan(start, second).steps)
    assert make_plan(end, second).steps == ()
    assert start.arn == end.arn == ARN


BOTH = Wanted("orders", code=S3Package("releases", "k", code_sha256=NEW.base64), environment={"NEW": "1", "KEPT": "2"})
THEN = FunctionSnapshot.of(configuration(Environment={"Variables": {"OLD": "0", "KEPT": "1"}}))


def phases(wanted: Wanted, now: FunctionSnapshot = THEN) -> list[str]:
    return [step.phase for step in make_plan(now, wanted).steps]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.CODE_FIRST, ["code", "configuration"]),
        (Order.CONFIG_FIRST, ["configuration", "code"]),
        (Order.EXPAND_CONTRACT, ["expand", "code", "configuration"]),
    ],
)
def test_the_order_is_the_wanted_one(order: Order, expected: list[str]) -> None:
    assert phases(replace(BOTH, order=order)) == expected


def test_expanding_adds_names_and_changes_nothing_that_the_old_code_reads() -> None:
    expand, _code, contract = make_plan(THEN, replace(BOTH, order=Order.EXPAND_CONTRACT)).steps
    assert expand.request == {"Environment": {"Variables": {"OLD": "0", "KEPT": "1", "NEW": "1"}}}
    assert contract.request == {"Environment": {"Variables": {"NEW": "1", "KEPT": "2"}}}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (replace(BOTH, code=None), ["configuration"]),
        (replace(BOTH, environment={"KEPT": "1"}), ["code", "configuration"]),
        (replace(BOTH, environment={"OLD": "0", "KEPT": "1", "NEW": "1"}), ["expand", "code"]),
        (replace(BOTH, environment={"NEW": "1"}, environment_mode=Mode.MERGE), ["expand", "code"]),
        (replace(BOTH, settings={"timeout": 9}, environment=None), ["code", "configuration"]),
    ],
)
def test_expanding_and_contracting_are_left_out_where_they_do_nothing(wanted: Wanted, expected: list[str]) -> None:
    assert phases(replace(wanted, order=Order.EXPAND_CONTRACT)) == expected


def test_both_environments_together_have_to_fit() -> None:
    full = FunctionSnapshot.of(configuration(Environment={"Variables": {"OLD": "x" * 3000}}))
    with pytest.raises(InvalidRequest, match=r"bytes while both the old and the new.*4096"):
        make_plan(full, replace(BOTH, environment={"NEW": "x" * 3000}, order=Order.EXPAND_CONTRACT))
    assert phases(replace(BOTH, environment={"NEW": "x" * 3000}), full) == ["code", "configuration"]


TAGGED = FunctionSnapshot.of(configuration(), {"Tags": {"team": "shop", "old": "1", "aws:made": "by"}})


@pytest.mark.parametrize(
    ("tags", "purge", "expected"),
    [
        ({"team": "shop", "old": "1"}, True, []),
        ({"team": "shop"}, False, []),
        ({"team": "shop"}, True, [("UntagResource", {"Resource": ARN, "TagKeys": ["old"]})]),
        ({"team": "pay"}, False, [("TagResource", {"Resource": ARN, "Tags": {"team": "pay"}})]),
        ({}, True, [("UntagResource", {"Resource": ARN, "TagKeys": ["old", "team"]})]),
        ({}, False, []),
        (
            {"new": ""},
            True,
            [
                ("TagResource", {"Resource": ARN, "Tags": {"new": ""}}),
                ("UntagResource", {"Resource": ARN, "TagKeys": ["old", "team"]}),
            ],
        ),
    ],
)
def test_tags(tags: dict[str, str], purge: bool, expected: list[Any]) -> None:
    steps = make_plan(TAGGED, Wanted("orders", tags=tags, purge_tags=purge)).steps
    assert [(step.operation, step.members("r1")) for step in steps] == expected


def test_tags_that_cannot_be_read_are_not_compared() -> None:
    untold = FunctionSnapshot.of(configuration(), {"TagsError": {"ErrorCode": "AccessDeniedException"}})
    with pytest.raises(InvalidRequest, match=r"tags of orders can't be read.*lambda:ListTags"):
        make_plan(untold, Wanted("orders", tags={}))
    assert make_plan(untold, Wanted("orders", settings={"timeout": 9})).steps


@pytest.mark.parametrize(
    ("now", "reserved", "expected"),
    [
        (None, 5, [("PutFunctionConcurrency", {"FunctionName": "orders", "ReservedConcurrentExecutions": 5})]),
        (None, 0, [("PutFunctionConcurrency", {"FunctionName": "orders", "ReservedConcurrentExecutions": 0})]),
        (5, 5, []),
        (5, None, []),
        (5, -1, [("DeleteFunctionConcurrency", {"FunctionName": "orders"})]),
        (None, -1, []),
    ],
)
def test_reserved_concurrency(now: int | None, reserved: int | None, expected: list[Any]) -> None:
    snapshot = FunctionSnapshot.of(
        configuration(), {} if now is None else {"Concurrency": {"ReservedConcurrentExecutions": now}}
    )
    steps = make_plan(snapshot, Wanted("orders", reserved_concurrency=reserved)).steps
    assert [(step.operation, step.members("r1")) for step in steps] == expected


def same_code(**members: Any) -> Wanted:
    return Wanted("orders", code=S3Package("releases", "k", code_sha256=NOW.code_sha256), **members)


def test_another_architecture_or_key_is_another_code() -> None:
    (step,) = make_plan(NOW, same_code(architecture="arm64")).steps
    assert step.request == {"S3Bucket": "releases", "S3Key": "k", "Architectures": ["arm64"]}
    (step,) = make_plan(NOW, same_code(source_kms_key_arn="arn:key")).steps
    assert step.request["SourceKMSKeyArn"] == "arn:key"
    assert make_plan(NOW, same_code(architecture="x86_64", source_kms_key_arn="")).steps == ()


def test_a_key_stays_with_the_code_until_it_is_taken_away() -> None:
    locked = FunctionSnapshot.of(configuration(), {"Code": {"SourceKMSKeyArn": "arn:key"}})
    (step,) = make_plan(locked, BOTH).steps[:1]
    assert step.request["SourceKMSKeyArn"] == "arn:key"
    (step,) = make_plan(locked, same_code(source_kms_key_arn="")).steps
    assert "SourceKMSKeyArn" not in step.request


@pytest.mark.parametrize("wanted", [{"architecture": "arm64"}, {"source_kms_key_arn": "arn:key"}])
def test_what_is_part_of_the_code_needs_the_code(wanted: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest, match="can be changed only together with the code"):
        make_plan(NOW, Wanted("orders", **wanted))


def test_what_is_part_of_the_code_and_in_force_needs_nothing() -> None:
    assert make_plan(NOW, Wanted("orders", architecture="x86_64", source_kms_key_arn="")).steps == ()


def test_a_name_with_a_qualifier_is_refused() -> None:
    qualified = FunctionSnapshot.of(configuration(FunctionArn=f"{ARN}:$LATEST"), {})
    with pytest.raises(InvalidRequest, match=r"orders:\$LATEST names a version or an alias"):
        make_plan(qualified, Wanted("orders:$LATEST"))
