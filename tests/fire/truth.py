# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in force, read with boto3 alone, and where a result says something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bed import Function
from numbered import ALIAS, code_sha256, environment

IN_FORCE = frozenset({"applied"})
AS_BEFORE = frozenset({"failed", "not_started", "rolled_back", "unchanged"})


@dataclass(frozen=True)
class Content:
    """What callers of $LATEST or of a version get."""

    code: str
    environment: Mapping[str, str]

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> Content:
        return cls(configuration["CodeSha256"], configuration.get("Environment", {}).get("Variables", {}))

    @classmethod
    def numbered(cls, number: int) -> Content:
        return cls(code_sha256(number), environment(number))


@dataclass(frozen=True)
class Truth:
    """versions: those that can be called, by their number."""

    latest: Content
    description: str
    tags: Mapping[str, str]
    reserved: int | None
    versions: Mapping[str, Content]
    alias: str
    weights: Mapping[str, float]

    @classmethod
    def read(cls, function: Function) -> Truth:
        settled = function.settle()
        answer = function.client.get_function(FunctionName=function.name)
        alias = function.client.get_alias(FunctionName=function.name, Name=ALIAS)
        numbers = [found["Version"] for found in function.versions() if found["Version"] != "$LATEST"]
        published = {number: function.settle(number) for number in numbers}
        return cls(
            latest=Content.of(settled),
            description=settled["Description"],
            tags=answer.get("Tags", {}),
            reserved=answer.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
            versions={number: Content.of(found) for number, found in published.items() if found["State"] == "Active"},
            alias=alias["FunctionVersion"],
            weights=alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {}),
        )

    @property
    def released(self) -> Content:
        return self.versions[self.alias]


Holds = Callable[[Truth, Truth], bool]


def _new_version(before: Truth, after: Truth, wanted: Content) -> bool:
    return any(content == wanted for version, content in after.versions.items() if version not in before.versions)


def _phases(wanted: Content) -> dict[str, tuple[Holds, Holds]]:
    """Of each phase that writes: whether it is in force, and whether all is as before it. (before, after) -> bool."""
    new = wanted.environment.keys()
    return {
        "expand": (
            lambda before, after: new <= after.latest.environment.keys(),
            lambda before, after: after.latest.environment == before.latest.environment,
        ),
        "code": (
            lambda before, after: after.latest.code == wanted.code,
            lambda before, after: after.latest.code == before.latest.code,
        ),
        "configuration": (
            lambda before, after: after.latest.environment == wanted.environment,
            lambda before, after: after.latest.environment.items() >= before.latest.environment.items(),
        ),
        "tag": (
            lambda before, after: after.tags["stage"] == "new",
            lambda before, after: after.tags["stage"] == before.tags["stage"],
        ),
        "untag": (
            lambda before, after: "gone" not in after.tags,
            lambda before, after: ("gone" in after.tags) == ("gone" in before.tags),
        ),
        "concurrency": (
            lambda before, after: after.reserved == 5,
            lambda before, after: after.reserved == before.reserved,
        ),
        "publish": (
            lambda before, after: _new_version(before, after, wanted),
            lambda before, after: after.versions.keys() <= before.versions.keys(),
        ),
        "shift": (
            lambda before, after: bool(after.weights) or after.alias != before.alias,
            lambda before, after: not after.weights,
        ),
        "alias": (
            lambda before, after: after.released == wanted and not after.weights,
            lambda before, after: after.alias == before.alias,
        ),
        "prune": (
            lambda before, after: not before.versions.keys() <= after.versions.keys(),
            lambda before, after: before.versions.keys() <= after.versions.keys(),
        ),
    }


def contradictions(
    result: Mapping[str, Any], before: Truth, after: Truth, wanted: Content, theirs: frozenset[str] = frozenset()
) -> Iterator[str]:
    """Where a result is not what boto3 reads. theirs: phases over whose work somebody else wrote meanwhile."""
    known = _phases(wanted)
    for phase in result["phases"]:
        name, outcome = phase["name"], phase["outcome"]
        if name not in known or name in theirs:
            continue
        in_force, as_before = (holds(before, after) for holds in known[name])
        if outcome in IN_FORCE and not in_force:
            yield f"{name} is {outcome}, and it is not in force"
        elif outcome in AS_BEFORE and not as_before:
            yield f"{name} is {outcome}, and it is not as before"
        elif not (in_force or as_before):
            yield f"{name} is {outcome}, and neither the old nor the new is in force"
    if not result["changed"] and not theirs and before != after:
        yield "nothing is said to have changed, and something did"
