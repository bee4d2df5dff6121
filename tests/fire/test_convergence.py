# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the start and the wish: after a task there is nothing left to do, for it and for check mode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.lambdaops.deploy.plugins.modules import lambda_safe_update
from bed import Bed
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from length import SEED, either
from numbered import ALIAS, Released, zip_file
from tasks import Task

NAMES = st.sampled_from(["NUMBER", "TOKEN", "TABLE", "lower", "A1"])
TEXTS = st.one_of(st.sampled_from(["", "1", "true", "a b", "é", '{"a": 1}']), st.integers(0, 9), st.booleans())
LOGGING = st.one_of(
    st.fixed_dictionaries({"log_format": st.just("Text")}, optional={"log_group": st.just("/mine")}),
    st.fixed_dictionaries(
        {"log_format": st.just("JSON")}, optional={"application_log_level": st.sampled_from(["DEBUG", "ERROR"])}
    ),
)
WISHES = st.fixed_dictionaries(
    {},
    optional={
        "number": st.integers(3, 5),
        "environment_variables": st.dictionaries(NAMES, TEXTS, max_size=3),
        "environment_mode": st.sampled_from(["replace", "merge"]),
        "update_order": st.sampled_from(["code_first", "config_first", "expand_contract"]),
        "description": st.sampled_from(["", "one", "an other"]),
        "timeout": st.integers(1, 900),
        "memory_size": st.integers(128, 512),
        "ephemeral_storage": st.integers(512, 1024),
        "tracing_mode": st.sampled_from(["Active", "PassThrough"]),
        "dead_letter_arn": st.sampled_from(["", "arn:aws:sqs:eu-west-1:000000000000:letters"]),
        "logging_config": LOGGING,
        "vpc_subnet_ids": st.just([]),
        "tags": st.dictionaries(st.sampled_from(["stage", "team"]), st.sampled_from(["", "a", "b"])),
        "purge_tags": st.booleans(),
        "reserved_concurrent_executions": st.sampled_from([-1, 1, 7]),
        "publish": st.booleans(),
        "alias": st.just(ALIAS),
    },
)


def test_nothing_is_left_to_do(bed: Bed, released: Released, task: Task, tmp_path: Path, hurried: None) -> None:
    seen = [0]

    @seed(SEED)
    @settings(
        max_examples=either(6, 60),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(WISHES)
    def one_after_the_other(wish: dict[str, Any]) -> None:
        options = {**wish}
        if number := options.pop("number", None):
            options["zip_file"] = zip_file(tmp_path, number)
        predicted = task(lambda_safe_update, check_mode=True, **options)
        done = task(lambda_safe_update, **options)
        assert not done.get("failed"), (options, done["msg"])
        assert predicted["changed"] == done["changed"], (options, predicted["msg"], done["msg"])
        for check_mode in (True, False):
            again = task(lambda_safe_update, check_mode=check_mode, **options)
            assert again["changed"] is False, (options, again["msg"], again["phases"])
        seen[0] += 1

    one_after_the_other()
    assert seen[0] >= 5
