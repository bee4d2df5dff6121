# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A caller that does not stop during releases: through the alias it sees no failure and no mix."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_safe_update
from bed import ROLE, Bed
from lambdaops_testbed.traffic import Report, Traffic
from length import LONG, either
from numbered import ALIAS, Released, answer_of, environment, mixed, zip_file
from tasks import Task

PACE = 0.2
NUMBERS = range(3, 3 + either(4, 20))
PEERS = "ansible_collections.amazon.aws.plugins.modules."


def told(who: str, report: Report) -> str:
    return (
        f"\n{who}, {len(NUMBERS)} releases in {report.seconds:.0f} s: {report.asked} calls, "
        f"{report.failed} failed, {report.mixed} mixed"
    )


def test_callers_of_the_alias_see_whole_releases(
    bed: Bed, released: Released, task: Task, tmp_path: Path, hurried: None, capsys: pytest.CaptureFixture[str]
) -> None:
    bed.pace(PACE)
    traffic = Traffic(bed.endpoint, released.name, ALIAS, mixed=mixed).start()
    for number in NUMBERS:
        wish = {"zip_file": zip_file(tmp_path, number), "environment_variables": environment(number), "alias": ALIAS}
        result = task(lambda_safe_update, keep_versions=2, verify={"expected": answer_of(number)}, **wish)
        assert not result.get("failed"), result["msg"]
        assert released.ask() == answer_of(number)
    report = traffic.stop()
    with capsys.disabled():
        print(told("lambda_safe_update", report))
    assert report.clean, report


if LONG:

    def test_the_same_callers_while_the_peer_releases_for_the_record(
        bed: Bed, released: Released, run_module: Task, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """amazon.aws.lambda, then amazon.aws.lambda_alias for the version that it published."""
        bed.pace(PACE)
        function, alias = (importlib.import_module(f"{PEERS}{name}") for name in ("lambda", "lambda_alias"))
        fixed = {"name": released.name, "runtime": "python3.12", "handler": "app.handler", "role": ROLE}
        traffic, failures = Traffic(bed.endpoint, released.name, ALIAS, mixed=mixed).start(), 0
        for number in NUMBERS:
            wish: dict[str, Any] = {
                "zip_file": zip_file(tmp_path, number),
                "environment_variables": environment(number),
            }
            result = run_module(function, **fixed, **wish)
            failures += bool(result.get("failed"))
            version = result.get("configuration", {}).get("version", "")
            if version.isdigit():
                moved = run_module(alias, function_name=released.name, name=ALIAS, function_version=version)
                failures += bool(moved.get("failed"))
            released.function.settle()
        report = traffic.stop()
        with capsys.disabled():
            print(
                f"{told('amazon.aws.lambda', report)}, {failures} tasks failed, {len(report.answers)} different answers"
            )
        assert report.asked > 0
