# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles offer every option of the module behind them, described alike and passed on; nothing gets lost on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.basic import FILE_COMMON_ARGUMENTS
from ansible_collections.lambdaops.deploy.plugins.modules import (
    lambda_artifact_check,
    lambda_image_parity,
    lambda_package,
    lambda_rollback,
    lambda_safe_update,
)

ROLES = Path(__file__).parents[3] / "roles"
UPDATE: dict[str, Any] = lambda_safe_update.ARGUMENTS
COMPARED = ("type", "elements", "choices", "default", "required")
RELEASED_PATH = "{{ __release_zip if release_zip_file is defined else omit }}"


@dataclass(frozen=True)
class Role:
    """A role and what it passes its inputs to.

    target: of the task, how what is passed begins, and the module or role that it is passed to. tasks: the file that it
    stands in. own: inputs that are not the module's. by_itself: what is passed in other words than the rest.
    """

    name: str
    arguments: dict[str, Any]
    action: str
    passed_as: str = ""
    tasks: str = "main"
    own: frozenset[str] = frozenset()
    by_itself: tuple[tuple[str, str], ...] = ()

    @property
    def options(self) -> dict[str, Any]:
        """The module's options that a role can pass on; the function's name is called alike in all roles."""
        names = {"name": "function_name"}
        return {names.get(name, name): spec for name, spec in self.arguments.items() if name != "state"}

    def read(self, file: str) -> Any:
        return yaml.safe_load((ROLES / self.name / file).read_text())

    @property
    def inputs(self) -> dict[str, Any]:
        """By name, without the prefix that all have to have."""
        options = self.read("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
        assert all(name.startswith(f"{self.name}_") for name in options)
        return {name.removeprefix(f"{self.name}_"): spec for name, spec in options.items()}

    @property
    def passed(self) -> dict[str, str]:
        """What the last task of the action passes on."""
        task = next(task for task in reversed(self.read(f"tasks/{self.tasks}.yml")) if self.action in task)
        return task["vars"] if self.action.endswith("include_role") else task[self.action]


PARITY = ("checks", "fail_on", "ignore", "suggest", "report", "cache_dir")
ARTIFACT = ("layers", "ignore", "fail_on", "run", "run_timeout", "run_memory", "environment_variables")
PACKAGE = ("prefix", "exclude", "ignore_file", "default_excludes", "links", "compression")
OWN = frozenset(
    (
        *("build_package", "check_package", "check_parity", "check_artifact", "build_image", "runtime_image"),
        *("base_dir", "src", "sources"),
        *(f"parity_{name}" for name in PARITY),
        *(f"artifact_{name}" for name in ARTIFACT),
        *(f"package_{name}" for name in PACKAGE),
    )
)
ALL = [
    Role("safe_update", UPDATE, "lambdaops.deploy.lambda_safe_update"),
    Role(
        "release",
        UPDATE,
        "ansible.builtin.include_role",
        passed_as="safe_update_",
        tasks="update",
        own=OWN,
        by_itself=(("zip_file", RELEASED_PATH),),
    ),
    Role("rollback", lambda_rollback.ARGUMENTS, "lambdaops.deploy.lambda_rollback"),
    Role("image_parity", lambda_image_parity.ARGUMENTS, "lambdaops.deploy.lambda_image_parity", tasks="compare"),
]


@pytest.fixture(params=ALL, ids=lambda role: role.name)
def role(request: pytest.FixtureRequest) -> Role:
    found: Role = request.param
    return found


def test_a_role_has_every_option_of_its_module_as_an_input(role: Role) -> None:
    assert role.inputs.keys() - role.own == role.options.keys()
    assert role.own <= role.inputs.keys()


def test_an_input_is_what_the_option_is(role: Role) -> None:
    described = {name: {key: spec.get(key) for key in COMPARED} for name, spec in role.inputs.items()}
    for name, option in role.options.items():
        wanted = {key: option.get(key) for key in COMPARED}
        assert {name: described[name]} == {name: wanted}


def test_an_input_is_described_in_one_line(role: Role) -> None:
    for name, spec in role.inputs.items():
        assert isinstance(spec["description"], str), name
        assert spec["description"].endswith("."), name


def test_every_input_is_passed_on_or_left_out(role: Role) -> None:
    wanted = {}
    if "function_name" in role.options:
        wanted[f"{role.passed_as}function_name" if role.passed_as else "name"] = f"{{{{ {role.name}_function_name }}}}"
    for name, spec in role.options.items():
        if name != "function_name":
            source = f"{role.name}_{name}" if spec.get("required") else f"{role.name}_{name} | default(omit)"
            wanted[f"{role.passed_as}{name}"] = f"{{{{ {source} }}}}"
    for name, words in role.by_itself:
        wanted[f"{role.passed_as}{name}"] = words
    assert role.passed == wanted


def test_every_input_is_in_the_readme(role: Role) -> None:
    """In full, or without the prefix where several stand in one line; those of safe_update are told of in its own."""
    readme = (ROLES / role.name / "README.md").read_text()
    told = role.own | {"function_name"} if role.name == "release" else role.inputs.keys()
    assert [name for name in told if f"`{role.name}_{name}`" not in readme and f"`_{name}`" not in readme] == []


@dataclass(frozen=True)
class Stage:
    """A stage of a release, and the module behind it. Inputs are the `options` with the name of the stage before."""

    name: str
    arguments: dict[str, Any]
    options: tuple[str, ...]
    action: str
    passed_as: str = ""
    in_other_words: frozenset[str] = frozenset()

    @property
    def passed(self) -> dict[str, str]:
        file = f"tasks/{self.name}.yml"
        task = next(task for task in RELEASE.read(file) if self.action in task and "that" not in task[self.action])
        passed: dict[str, str] = task["vars"] if self.passed_as else task[self.action]
        return {name.removeprefix(self.passed_as): words for name, words in passed.items()}


RELEASE = next(role for role in ALL if role.name == "release")
STAGES = [
    Stage("package", lambda_package.ARGUMENTS, PACKAGE, "lambdaops.deploy.lambda_package"),
    Stage("parity", lambda_image_parity.ARGUMENTS, PARITY, "ansible.builtin.include_role", passed_as="image_parity_"),
    Stage(
        "artifact",
        lambda_artifact_check.ARGUMENTS,
        ARTIFACT,
        "lambdaops.deploy.lambda_artifact_check",
        in_other_words=frozenset(("layers", "environment_variables")),
    ),
]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_of_a_release_does_as_it_is_told(stage: Stage) -> None:
    for name in stage.options:
        wanted, described = stage.arguments[name], RELEASE.inputs[f"{stage.name}_{name}"]
        assert {key: described.get(key) for key in COMPARED} == {key: wanted.get(key) for key in COMPARED}, name
        if name not in stage.in_other_words:
            assert stage.passed[name] == f"{{{{ release_{stage.name}_{name} | default(omit) }}}}"


def test_the_stages_of_a_release_pass_on_every_option() -> None:
    package, _parity, artifact = STAGES
    assert artifact.passed.keys() == artifact.arguments.keys()
    # What Ansible adds to the arguments of modules that write files once one of them has run.
    assert package.passed.keys() == package.arguments.keys() - FILE_COMMON_ARGUMENTS.keys()
