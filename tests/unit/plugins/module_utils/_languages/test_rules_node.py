# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which addons a Node.js can load, by what they export and by the names that prebuilt files have."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages import node_rules
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.places import only_for_other_versions
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.variants import sort_out
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import LAYER_ROOT
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Finding, Problem, Verdict
from native_packages import contents, elf, mac, target

ADDON = "node_modules/a/build/Release/a.node"


def judged(name: str, *entries: str, runtime: str = "nodejs20.x") -> list[Finding]:
    package = contents(elf(name, entries=entries))
    fitting = sort_out([package], target(runtime)).fitting
    return list(node_rules.findings([package], target(runtime), fitting))


@pytest.mark.parametrize(
    "runtime", ["nodejs16.x", "nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x", "nodejs99.x"]
)
@pytest.mark.parametrize(
    "entries", [["napi_register_module_v1", "node_api_module_get_api_version_v1"], ["napi_module_register"]]
)
def test_node_api_addons_load_in_every_version(runtime: str, entries: list[str]) -> None:
    assert judged(ADDON, *entries, runtime=runtime) == []


@pytest.mark.parametrize(("major", "abi"), [(16, 93), (18, 108), (20, 115), (22, 127), (24, 137)])
def test_other_addons_load_in_the_version_that_they_are_built_for(major: int, abi: int) -> None:
    assert judged(ADDON, f"node_register_module_v{abi}", runtime=f"nodejs{major}.x") == []

    [finding] = judged(ADDON, "node_register_module_v83", runtime=f"nodejs{major}.x")

    assert (finding.problem, finding.verdict) == (Problem.RUNTIME_ABI, Verdict.BROKEN)
    assert finding.message == (f"{ADDON} is built for Node.js 14 (ABI 83), the runtime is Node.js {major} (ABI {abi}).")


def test_the_node_of_this_machine_agrees() -> None:
    """The oracle is a Node.js, wherever there is one."""
    program = shutil.which("node")
    versions = {"v20.0.0": "115"}
    if program:
        script = "console.log(process.version, process.versions.modules)"
        said = subprocess.run([program, "-e", script], capture_output=True, text=True, check=True, timeout=30)
        versions = dict([said.stdout.split()])
    for version, abi in versions.items():
        major = re.match(r"v([0-9]+)", version)
        assert major
        assert judged(ADDON, f"node_register_module_v{abi}", runtime=f"nodejs{major[1]}.x") == []


UNCERTAIN = {
    "a version that nobody knows yet": ("nodejs99.x", ["node_register_module_v999"], Problem.RUNTIME_ABI, "not known"),
    "registered by a constructor": ("nodejs20.x", ["node_module_register"], Problem.RUNTIME_ABI, "does not tell"),
    "no addon": ("nodejs20.x", [], Problem.ENTRY_POINT, "has nothing by which"),
}


@pytest.mark.parametrize(("runtime", "entries", "problem", "words"), UNCERTAIN.values(), ids=UNCERTAIN)
def test_what_cannot_be_told_is_never_said_to_load(
    runtime: str, entries: list[str], problem: Problem, words: str
) -> None:
    [finding] = judged(ADDON, *entries, runtime=runtime)

    assert (finding.problem, finding.verdict) == (problem, Verdict.UNKNOWN)
    assert words in finding.message


def test_an_electron_s_number_is_named_as_such() -> None:
    [finding] = judged(ADDON, "node_register_module_v136")

    assert "ABI 136 of Node.js or Electron, the runtime is Node.js 20" in finding.message


PREBUILT = {
    "prebuildify": ["prebuilds/linux-x64/node.abi115.node", "prebuilds/linux-x64/node.abi108.node"],
    "prebuildify for Electron": ["prebuilds/linux-x64/node.napi.node", "prebuilds/linux-x64/electron.napi.node"],
    "node-pre-gyp": [
        "lib/binding/node-v115-linux-x64/node_sqlite3.node",
        "lib/binding/node-v108-linux-x64/node_sqlite3.node",
    ],
    "deasync": ["bin/linux-x64-node-20/deasync.node", "bin/linux-x64-node-0.12/deasync.node"],
    "prebuildify of old": ["prebuilds/linux-x64/node-115.node", "prebuilds/linux-x64/node-108.node"],
    "grpc": [
        "src/node/extension_binary/node-v115-linux-x64-glibc/grpc_node.node",
        "src/node/extension_binary/electron-v7.1-linux-x64-glibc/grpc_node.node",
    ],
}


@pytest.mark.parametrize("names", PREBUILT.values(), ids=PREBUILT)
def test_prebuilt_addons_for_others_are_passed_over(names: list[str]) -> None:
    wanted, other = (f"node_modules/a/{name}" for name in names)
    natives = [elf(wanted, entries=["node_register_module_v115"]), elf(other, entries=["node_register_module_v108"])]

    found = sort_out([contents(*natives)], target("nodejs20.x"))

    assert [native.name for native in found.fitting] == [wanted]


@pytest.mark.parametrize("names", PREBUILT.values(), ids=PREBUILT)
def test_without_one_for_this_version_they_are_broken(names: list[str]) -> None:
    [finding] = judged(f"node_modules/a/{names[1]}", "node_register_module_v108")

    assert finding.verdict is Verdict.BROKEN


def test_a_folder_named_electron_is_no_claim() -> None:
    name = "electron/app/node_modules/a/build/Release/a.node"

    assert node_rules.passed_over([contents(elf(name), mac(ADDON))], target("nodejs20.x")) == frozenset()


def test_libraries_that_are_no_addons_are_not_judged() -> None:
    assert judged("node_modules/@img/sharp-libvips-linux-x64/lib/libvips-cpp.so.42") == []


def test_layers_have_node_look_into_directories_of_its_version() -> None:
    def layer(*files: str) -> list[Finding]:
        package = contents(files=files, root=LAYER_ROOT, source="layer.zip")
        return list(only_for_other_versions([package], target("nodejs20.x")))

    [finding] = layer("nodejs/node18/node_modules/a/index.js")

    assert (finding.file, finding.problem) == ("nodejs/node18/node_modules", Problem.RUNTIME_ABI)
    assert finding.verdict is Verdict.BROKEN
    assert layer("nodejs/node18/node_modules/a/index.js", "nodejs/node20/node_modules/a/index.js") == []
    assert layer("nodejs/node_modules/a/index.js") == []
