# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which extension modules a Python can import, beside what Python's own import system says of the same names."""

from __future__ import annotations

import importlib.machinery
import platform
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages import python_rules
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.places import only_for_other_versions
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.variants import sort_out
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import LAYER_ROOT, Native
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Finding, Problem, Verdict
from hypothesis import example, given
from hypothesis import strategies as st
from native_packages import contents, elf, mac, musl, target, windows

TARGET = target("python3.12")
THIS = target(f"python{sys.version_info[0]}.{sys.version_info[1]}", platform.machine())
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n"


def judged(*natives: Native, files: Iterable[str] = (), texts: dict[str, bytes] | None = None) -> list[Finding]:
    package = contents(*natives, files=files, texts=texts)
    fitting = sort_out([package], TARGET).fitting
    return list(python_rules.findings([package], TARGET, fitting))


def wheel(*tags: str, files: Iterable[str], name: str = "pack-1.2") -> dict[str, bytes]:
    """What pip leaves beside the files of a wheel."""
    record = "".join(f"{file},sha256=abc,1000\n" for file in files)
    lines = WHEEL + "".join(f"Tag: {tag}\n" for tag in tags)
    return {f"{name}.dist-info/WHEEL": lines.encode(), f"{name}.dist-info/RECORD": record.encode()}


def test_the_suffixes_are_those_of_this_python() -> None:
    assert list(python_rules.suffixes(THIS)) == importlib.machinery.EXTENSION_SUFFIXES


NAMES = [
    f"speed{end}"
    for end in (
        *importlib.machinery.EXTENSION_SUFFIXES,
        ".cpython-39-x86_64-linux-gnu.so",
        f".cpython-3{sys.version_info[1]}-darwin.so",
        f".cpython-3{sys.version_info[1]}-x86_64-linux-musl.so",
        f".cpython-3{sys.version_info[1]}t-x86_64-linux-gnu.so",
        ".cp312-win_amd64.pyd",
        ".pyd",
        ".pypy310-pp73-x86_64-linux-gnu.so",
        ".abi3t.so",
    )
]


@given(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
@example(NAMES)
def test_the_import_system_takes_the_same_file(names: list[str]) -> None:
    """The oracle is importlib, on real files."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            Path(folder, name).touch()
        finder = importlib.machinery.FileFinder(
            folder, (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES)
        )
        spec = finder.find_spec("speed")
    package = contents(*(elf(name, THIS.machine, entries=["PyInit_speed"]) for name in names))

    passed = {Path(place).name for place in python_rules.passed_over([package], THIS)}
    left = set(names) - passed

    assert left == ({Path(spec.origin).name} if spec and spec.origin else set())


NOT_IMPORTABLE = {
    "another version": (elf("a/b.cpython-311-x86_64-linux-gnu.so"), Problem.RUNTIME_ABI, "CPython 3.11"),
    "free-threaded": (
        elf("a/b.cpython-312t-x86_64-linux-gnu.so"),
        Problem.RUNTIME_ABI,
        "free-threaded CPython 3.12",
    ),
    "a debug build": (
        elf("a/b.cpython-312d-x86_64-linux-gnu.so"),
        Problem.RUNTIME_ABI,
        "a debug build of CPython 3.12",
    ),
    "PyPy": (elf("a/b.pypy310-pp73-x86_64-linux-gnu.so"), Problem.RUNTIME_ABI, "PyPy 310-pp73-x86_64-linux-gnu"),
    "a Mac": (mac("a/b.cpython-312-darwin.so"), Problem.FORMAT, "CPython 3.12 on macOS"),
    "Windows": (windows("a/b.cp312-win_amd64.pyd"), Problem.FORMAT, "CPython 3.12 on Windows"),
    "Windows, without a tag": (windows("a/b.pyd"), Problem.FORMAT, "Windows"),
    "Alpine": (musl("a/b.cpython-312-x86_64-linux-musl.so"), Problem.LIBC, "CPython 3.12 with musl"),
    "another machine": (
        elf("a/b.cpython-312-aarch64-linux-gnu.so", "aarch64"),
        Problem.ARCHITECTURE,
        "CPython 3.12 on aarch64-linux-gnu",
    ),
    "a name for another machine, whatever is in it": (
        elf("a/b.cpython-312-i386-linux-gnu.so"),
        Problem.ARCHITECTURE,
        "CPython 3.12 on i386-linux-gnu",
    ),
    "a strange suffix": (elf("a/b.cpython-312.so"), Problem.RUNTIME_ABI, "CPython 3.12 with the suffix cpython-312"),
}


@pytest.mark.parametrize(("native", "problem", "built_for"), NOT_IMPORTABLE.values(), ids=NOT_IMPORTABLE)
def test_what_python_does_not_know_by_its_suffix_is_broken(native: Native, problem: Problem, built_for: str) -> None:
    [finding] = judged(native)

    assert (finding.file, finding.problem, finding.verdict) == (native.name, problem, Verdict.BROKEN)
    assert f"is built for {built_for}, the runtime has CPython 3.12 on Linux x86_64" in finding.message
    assert finding.message.endswith(": b can't be imported.")


@pytest.mark.parametrize(("native", "problem", "built_for"), NOT_IMPORTABLE.values(), ids=NOT_IMPORTABLE)
@pytest.mark.parametrize("twin", ["a/b.py", "a/b.pyc", "a/b/__init__.py"])
def test_a_twin_in_python_does_instead(native: Native, problem: Problem, built_for: str, twin: str) -> None:
    [finding] = judged(native, files=[twin])

    assert (finding.problem, finding.verdict) == (problem, Verdict.LOADS)
    assert f"is built for {built_for}: Python 3.12 imports its .py twin instead" in finding.message


@pytest.mark.parametrize(("native", "problem", "built_for"), NOT_IMPORTABLE.values(), ids=NOT_IMPORTABLE)
def test_one_variant_that_suits_is_enough(native: Native, problem: Problem, built_for: str) -> None:
    assert judged(native, elf("a/b.cpython-312-x86_64-linux-gnu.so", entries=["PyInit_b"])) == []


def test_twins_of_one_package_are_told_together() -> None:
    """black as pip installs it on a Mac: mypyc's shared part has no twin and is needed by none of them."""
    names = ["black/__init__", "black/brackets", "black/nodes", "85cae5375ceb5d1ca6c6__mypyc"]
    natives = [mac(f"{name}.cpython-312-darwin.so") for name in names]

    [finding] = judged(*natives, files=[f"{name}.py" for name in names[:3]])

    assert finding.verdict is Verdict.LOADS
    assert finding.message == (
        "black/__init__.cpython-312-darwin.so and 2 more beside it are built for CPython 3.12 on macOS: Python 3.12 "
        "imports their .py twins instead, which may be slower."
    )


def test_a_twin_that_refuses_to_run_uncompiled_is_none() -> None:
    native = windows("zmq/backend/cython/_zmq.cp312-win_amd64.pyd")

    assert [finding.verdict for finding in judged(native, files=["zmq/backend/cython/_zmq.py"])] == [Verdict.BROKEN]


def test_of_several_wrong_variants_the_nearest_one_is_named() -> None:
    [finding] = judged(
        mac("a/b.cpython-312-darwin.so"), windows("a/b.cp312-win_amd64.pyd"), elf("a/b.cpython-311-x86_64-linux-gnu.so")
    )

    assert finding.message.startswith(
        "a/b.cpython-311-x86_64-linux-gnu.so is built for CPython 3.11 (and 2 more for others), "
    )


def test_a_file_of_the_right_name_for_another_system_is_told_by_its_format() -> None:
    """tornado's wheel for Macs: Python would open it."""
    package = contents(mac("tornado/speedups.abi3.so"), files=["tornado/speedups.py"])

    found = sort_out([package], TARGET)

    assert [(finding.problem, finding.verdict) for finding in found.findings] == [(Problem.FORMAT, Verdict.BROKEN)]
    assert list(python_rules.findings([package], TARGET, found.fitting)) == []


START = {
    "its own name": ("a/b.cpython-312-x86_64-linux-gnu.so", ["PyInit_b"], None),
    "one of many": ("a/b.cpython-312-x86_64-linux-gnu.so", ["PyInit_a", "PyInit_b"], None),
    "a package": ("a/b/__init__.cpython-312-x86_64-linux-gnu.so", ["PyInit_b", "PyInit___init__"], None),
    "a name beyond ASCII": ("a/ö.cpython-312-x86_64-linux-gnu.so", ["PyInitU__nda"], None),
    "a library with a tag": ("a/helper.cpython-312-x86_64-linux-gnu.so", [], None),
    "renamed": ("a/c.cpython-312-x86_64-linux-gnu.so", ["PyInit_b"], Verdict.BROKEN),
    "renamed, stable ABI": ("a/c.abi3.so", ["PyInit_b"], Verdict.BROKEN),
    "Python itself": ("lib/libpython3.so", ["PyInit__ast", "PyInit_gc"], None),
}


@pytest.mark.parametrize(("name", "entries", "verdict"), START.values(), ids=START)
def test_an_extension_starts_under_the_name_of_its_file(name: str, entries: list[str], verdict: Verdict | None) -> None:
    found = judged(elf(name, entries=entries))

    assert [finding.verdict for finding in found] == ([verdict] if verdict else [])
    assert all(finding.problem is Problem.ENTRY_POINT for finding in found)
    assert all("it has PyInit_b, not PyInit_c." in finding.message for finding in found)


TAGS = {
    "this version": ("a/b.so", ["cp312-cp312-manylinux_2_17_x86_64"], None, ""),
    "any Python 3": ("a/b.so", ["py2.py3-none-manylinux_2_17_x86_64"], None, ""),
    "this version, no ABI": ("a/b.so", ["cp312-none-manylinux_2_17_x86_64"], None, ""),
    "a stable ABI since 3.8": ("a/b.so", ["cp38-abi3-manylinux_2_17_x86_64"], None, ""),
    "one of several": ("a/b.so", ["cp311-cp311-linux_x86_64", "cp312-cp312-linux_x86_64"], None, ""),
    "another version": ("a/b.so", ["cp311-cp311-linux_x86_64"], Verdict.BROKEN, "by a wheel for cp311-cp311,"),
    "another version, no ABI": ("a/b.so", ["cp311-none-linux_x86_64"], Verdict.BROKEN, "by a wheel for cp311-none,"),
    "a stable ABI since 3.13": ("a/b.so", ["cp313-abi3-linux_x86_64"], Verdict.BROKEN, "by a wheel for cp313-abi3,"),
    "no tags": ("a/b.so", [], Verdict.UNKNOWN, "says nowhere which CPython"),
    "abi3 by its name": ("a/b.abi3.so", ["cp38-abi3-manylinux_2_17_x86_64"], None, ""),
    "abi3 by its name, without tags": ("a/b.abi3.so", [], None, ""),
    "abi3 that is too new": ("a/b.abi3.so", ["cp313-abi3-linux_x86_64"], Verdict.BROKEN, "for CPython 3.13 and later"),
    "not a wheel's tag": ("a/b.so", ["strange"], Verdict.UNKNOWN, "says nowhere which CPython"),
}


@pytest.mark.parametrize(("name", "tags", "verdict", "words"), TAGS.values(), ids=TAGS)
def test_wheels_say_what_names_leave_open(name: str, tags: list[str], verdict: Verdict | None, words: str) -> None:
    texts = wheel(*tags, files=[name, "pack-1.2.dist-info/RECORD"]) if tags else None

    found = judged(elf(name, entries=["PyInit_b"]), texts=texts)

    assert [(finding.problem, finding.verdict) for finding in found] == (
        [(Problem.RUNTIME_ABI, verdict)] if verdict else []
    )
    assert all(words in finding.message for finding in found)


def test_a_library_without_a_start_is_no_module() -> None:
    assert judged(elf("numpy.libs/libquadmath-96973f99.so.0.0.0"), elf("a/libfast.so"), elf("a/ctypes_only.so")) == []


def test_layers_have_python_look_into_directories_of_its_version() -> None:
    def layer(*files: str) -> list[Finding]:
        package = contents(files=files, root=LAYER_ROOT, source="layer.zip")
        return list(only_for_other_versions([package], TARGET))

    [finding] = layer("python/lib/python3.11/site-packages/numpy/__init__.py")

    assert (finding.problem, finding.verdict) == (Problem.RUNTIME_ABI, Verdict.BROKEN)
    assert finding.file == "python/lib/python3.11/site-packages"
    assert (
        "Python 3.12 does not look into python/lib/python3.11/site-packages/ of the layer layer.zip" in finding.message
    )
    assert layer("python/lib/python3.11/site-packages/a.py", "python/lib/python3.12/site-packages/a.py") == []
    assert layer("python/numpy/__init__.py") == []
