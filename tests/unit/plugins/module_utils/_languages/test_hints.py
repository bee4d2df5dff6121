# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about findings, with commands that can be copied."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.hints import (
    completed,
    for_finding,
    newest_glibc,
    pip_install,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.optional import goes_without
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Finding, Problem, Verdict
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.target import Target
from native_packages import BUILD_IMAGE, IMAGE, contents, target

PYTHON, NODE = target("python3.12"), target("nodejs20.x")
EXTENSION = "numpy/_core/_multiarray_umath.cpython-312-x86_64-linux-gnu.so"


def finding(problem: Problem, file: str = EXTENSION, component: str = "numpy 2.1.0", **more: str) -> Finding:
    return Finding(file, problem, Verdict.BROKEN, f"{file} does not load.", component=component, **more)


def test_a_glibc_that_is_too_new_says_both_and_how_to_install_an_older_build() -> None:
    hint = for_finding(finding(Problem.VERSION, library="libc.so.6", version="GLIBC_2.38"), PYTHON)

    assert hint == (
        "Built for glibc 2.38, the runtime has 2.34: run pip install --platform manylinux_2_28_x86_64 --platform "
        "manylinux2014_x86_64 --only-binary=:all: --python-version 3.12 --target build/ numpy==2.1.0, or build it in "
        f"{BUILD_IMAGE}."
    )


@pytest.mark.parametrize(
    ("glibc", "machine", "tags"),
    [
        ("2.34", "x86_64", "--platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 "),
        ("2.28", "aarch64", "--platform manylinux_2_28_aarch64 --platform manylinux2014_aarch64 "),
        ("2.26", "x86_64", "install --platform manylinux2014_x86_64 --only"),
        ("2.17", "x86_64", "install --platform manylinux2014_x86_64 --only"),
    ],
)
def test_pip_is_asked_for_wheels_that_the_image_s_glibc_can_load(glibc: str, machine: str, tags: str) -> None:
    assert tags in pip_install("numpy", "", target("python3.12", machine, glibc))


def test_the_newest_glibc_is_compared_by_number() -> None:
    assert newest_glibc(target(glibc="2.9")) == (2, 17)
    assert newest_glibc(target(glibc="2.34")) == (2, 34)
    assert newest_glibc(target(glibc="ABI_DT_RELR")) == (2, 17)


LIBRARY = "libfoo.so.1"
HINTS: dict[str, tuple[Finding, Target, str]] = {
    "a Mac's wheel": (finding(Problem.FORMAT), PYTHON, "Run pip install --platform manylinux_2_28_x86_64 "),
    "another Python": (finding(Problem.RUNTIME_ABI), PYTHON, "--python-version 3.12 --target build/ numpy==2.1.0, "),
    "a wheel without a name": (finding(Problem.FORMAT, component=""), PYTHON, f"Build it in {BUILD_IMAGE}."),
    "a Mac's variant of sharp": (
        finding(Problem.FORMAT, "node_modules/@img/sharp-darwin-arm64/lib/x.node", "@img/sharp-darwin-arm64 0.33.5"),
        NODE,
        "Run npm install --os=linux --cpu=x64 --libc=glibc.",
    ),
    "a variant for another machine": (
        finding(Problem.ARCHITECTURE, "node_modules/@img/sharp-linux-x64/lib/x.node", "@img/sharp-linux-x64 0.33.5"),
        target("nodejs20.x", "aarch64"),
        "Run npm install --os=linux --cpu=arm64 --libc=glibc.",
    ),
    "an addon built on a Mac": (
        finding(Problem.FORMAT, "node_modules/bcrypt/lib/bcrypt.node", "bcrypt 5.1.1"),
        NODE,
        f'Install bcrypt in {BUILD_IMAGE}: docker run --rm -v "$PWD":/var/task -w /var/task {BUILD_IMAGE} npm ci.',
    ),
    "another Node.js": (
        finding(Problem.RUNTIME_ABI, "node_modules/a/a.node", "a 1.0.0"),
        NODE,
        f"Install a in {BUILD_IMAGE}: ",
    ),
    "no build image is known": (
        finding(Problem.RUNTIME_ABI, "node_modules/a/a.node", "a 1.0.0"),
        target("nodejs20.x", build_image=""),
        f"Install a in a build image made for {IMAGE}: docker run",
    ),
    "Go": (
        finding(Problem.VERSION, "bootstrap", "", library="libc.so.6", version="GLIBC_2.39"),
        target("provided.al2023"),
        "Built for glibc 2.39, the runtime has 2.34: Go: GOOS=linux GOARCH=amd64 CGO_ENABLED=0 go build ",
    ),
    "Rust, arm64": (
        finding(Problem.ARCHITECTURE, "bootstrap", ""),
        target("provided.al2023", "aarch64"),
        "cargo lambda build --release --arm64",
    ),
    "a loader that is not there": (finding(Problem.INTERPRETER, "bootstrap", ""), PYTHON, "CGO_ENABLED=0"),
    "a program's loader": (finding(Problem.INTERPRETER, "bin/tool", ""), PYTHON, f"Build it in {BUILD_IMAGE}."),
    "a gem": (
        finding(Problem.ARCHITECTURE, "vendor/gems/a.so", "a 1.0"),
        target("ruby3.3", "aarch64"),
        "Run bundle lock --add-platform aarch64-linux and bundle install",
    ),
    ".NET": (finding(Problem.LIBC, "liba.so", ""), target("dotnet8"), "Run dotnet publish -c Release -r linux-x64, "),
    "a jar": (finding(Problem.ARCHITECTURE, "a.jar!/a.so", "a"), target("java21"), "classifier is for linux-x86_64."),
    "a jar's glibc": (
        finding(Problem.VERSION, "a.jar!/a.so", "a", library="libc.so.6", version="GLIBC_2.38"),
        target("java21"),
        "Built for glibc 2.38, the runtime has 2.34: take another release of a, or build it in ",
    ),
    "a missing library": (
        finding(Problem.LIBRARY, library=LIBRARY),
        PYTHON,
        f"Put {LIBRARY} from {BUILD_IMAGE} into lib/ of the package, or install a wheel that brings it: pip install ",
    ),
    "a missing library, elsewhere": (
        finding(Problem.LIBRARY, "a.so", "", library=LIBRARY),
        target("ruby3.3", build_image=""),
        f"Put {LIBRARY} from a build image of the runtime into lib/ of the package.",
    ),
    "a program's missing library": (
        finding(Problem.LIBRARY, "bootstrap", "", library=LIBRARY),
        target("provided.al2023"),
        f", or put {LIBRARY} into lib/ of the package.",
    ),
    "a library elsewhere": (
        finding(Problem.SEARCH, library=LIBRARY),
        PYTHON,
        f"Move {LIBRARY} to lib/ of the package, where the loader looks, or run patchelf --set-rpath",
    ),
    "only in the image": (
        finding(Problem.CONTAINER_ONLY, library=LIBRARY),
        PYTHON,
        f"Put {LIBRARY} of the runtime image into lib/ of the package, or deploy a container image made from it.",
    ),
    "another symbol version": (
        finding(Problem.VERSION, library="libstdc++.so.6", version="GLIBCXX_3.4.32"),
        PYTHON,
        "Run pip install",
    ),
    "a smoke run": (finding(Problem.LOAD), PYTHON, f"Install its package in {BUILD_IMAGE}, and look at"),
    "damage": (finding(Problem.DAMAGED), PYTHON, "Install its package anew and pack it again."),
}


@pytest.mark.parametrize(("found", "on", "words"), HINTS.values(), ids=HINTS)
def test_each_kind_of_finding_has_its_advice(found: Finding, on: Target, words: str) -> None:
    hint = for_finding(found, on)

    assert words in hint
    assert hint.endswith(".")


def test_damage_is_mended_by_its_kind() -> None:
    pointer = replace(finding(Problem.DAMAGED), message="a.so can't be loaded: it is a Git LFS pointer.")
    script = replace(finding(Problem.DAMAGED), message="a.so can't be loaded: it is a linker script.")

    assert for_finding(pointer, PYTHON) == "Run git lfs pull before packing."
    assert for_finding(script, PYTHON) == "Leave it out: only compilers read it."


def test_names_from_packages_can_t_leave_the_command() -> None:
    assert "'a; rm -rf /==1'" in for_finding(finding(Problem.FORMAT, component="a; rm -rf / 1"), PYTHON)


def test_findings_are_completed_with_component_and_hint() -> None:
    texts = {
        "node_modules/@img/sharp-darwin-arm64/package.json": b'{"version": "0.33.5"}',
        "node_modules/sharp/package.json": b'{"version": "0.33.5"}',
    }
    found = finding(Problem.FORMAT, "node_modules/@img/sharp-darwin-arm64/lib/sharp-darwin-arm64.node", "")
    advised = replace(found, file="own.node", hint="Do this.")

    first, second = completed([found, advised], [contents(texts=texts)], NODE)

    assert first.component == "@img/sharp-darwin-arm64 0.33.5"
    assert first.hint == "Run npm install --os=linux --cpu=x64 --libc=glibc sharp."
    assert second == advised


OPTIONAL = """
    markupsafe/_speedups.cpython-311-x86_64-linux-gnu.so
    python/yaml/_yaml.cpython-312-darwin.so
    simplejson/_speedups.cpython-312-darwin.so
    wrapt/_wrappers.cpython-312-darwin.so
    msgpack/_cmsgpack.cpython-312-darwin.so
    websockets/speedups.cpython-312-darwin.so
    tornado/speedups.abi3.so
    coverage/tracer.cpython-312-darwin.so
    sqlalchemy/cyextension/util.cpython-312-darwin.so
    aiohttp/_http_parser.cpython-312-darwin.so
    aiohttp/_websocket/mask.cpython-312-darwin.so
    frozenlist/_frozenlist.cpython-312-darwin.so
    multidict/_multidict.cp312-win_amd64.pyd
    yarl/_quoting_c.cpython-312-darwin.so
    propcache/_helpers_c.cpython-312-darwin.so
    debugpy/_vendored/pydevd/_pydevd_bundle/pydevd_cython.cp312-win_amd64.pyd
    node_modules/bufferutil/prebuilds/darwin-arm64/bufferutil.node
    node_modules/ssh2/lib/protocol/crypto/build/Release/sshcrypto.node
    node_modules/cpu-features/build/Release/cpufeatures.node
    node_modules/@msgpackr-extract/msgpackr-extract-darwin-arm64/node.napi.node
""".split()
NEEDED = """
    numpy/_core/_multiarray_umath.cpython-312-darwin.so
    pydantic_core/_pydantic_core.cpython-312-darwin.so
    mymarkupsafe/_speedups.cpython-312-darwin.so
    sqlalchemy/other.so
    wrapt/_wrappers.txt
    node_modules/bcrypt/lib/bcrypt.node
    node_modules/my-ssh2/a.node
""".split()


@pytest.mark.parametrize("file", OPTIONAL)
def test_what_a_package_does_without_stops_nothing(file: str) -> None:
    [found] = completed([finding(Problem.FORMAT, file, "")], [contents()], PYTHON)

    assert goes_without(file)
    assert found.verdict is Verdict.LOADS
    assert found.message == f"{file} does not load; its package does without it, only more slowly."


@pytest.mark.parametrize("file", NEEDED)
def test_what_a_package_needs_does(file: str) -> None:
    [found] = completed([finding(Problem.FORMAT, file, "")], [contents()], PYTHON)

    assert found.verdict is Verdict.BROKEN


def test_unreadable_files_are_not_graded_down_by_the_first_one() -> None:
    """The finding stands for all files that can't be read."""
    [found] = completed([finding(Problem.PERMISSION, OPTIONAL[0], "")], [contents()], PYTHON)

    assert found.verdict is Verdict.BROKEN
