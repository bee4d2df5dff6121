# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as Ansible runs it, over packages with real ELF files and the images that the testbed makes."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lambdaops.deploy.plugins.doc_fragments.images import ModuleDocFragment
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.content import UNZIPPED_LIMIT
from ansible_collections.lambdaops.deploy.plugins.module_utils._image import http
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Problem, Verdict
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_artifact_check as module
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_image_parity
from faulty_registry import Registry, serve
from lambdaops_testbed.images import elf, pairs
from lambdaops_testbed.images.elf_file import Machine

Run = Callable[..., dict[str, Any]]

RESULTS = {
    *("acceptable", "changed", "msg", "verdict", "findings", "counts", "packages", "runtime", "run", "transfer"),
    *("advice", "table", "notes"),
}
EXTENSION = "orders/_fast.cpython-312-x86_64-linux-gnu.so"
APP = {"app.py": b"def handler(event, context): pass\n"}


def extension(*versions: str, library: str = "libc.so.6", machine: Machine = Machine.X86_64) -> bytes:
    """What Python would import as orders._fast."""
    imports = tuple(elf.Import(library, version) for version in versions)
    exports = (elf.Export("PyInit__fast"),)
    return elf.write(elf.SharedObject(machine, needed=(library,), exports=exports, imports=imports))


GOOD = APP | {EXTENSION: extension("GLIBC_2.34")}
TOO_NEW = APP | {EXTENSION: extension("GLIBC_2.38")}
MISSING = APP | {EXTENSION: extension(library="liborders.so.3")}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for repository in ("lambda/python", "lambda/nodejs"):
        pairs.repositories()[repository].write(folder / repository)
    return folder


@pytest.fixture
def run(run_module: Run, tmp_path: Path, images: Path) -> Run:
    """Run the module with public.ecr.aws mirrored by the folder of layouts."""

    def call(package: Mapping[str, bytes] | None = None, **options: Any) -> dict[str, Any]:
        defaults: dict[str, Any] = {"runtime": "python3.12", "cache_dir": str(tmp_path / "cache")}
        defaults |= {"registry_mirrors": {"public.ecr.aws": f"oci:{images}"}}
        if package is not None:
            defaults["path"] = str(zipped(tmp_path / "orders.zip", package))
        result = run_module(module, **(defaults | options))
        result.pop("invocation", None)
        return result

    return call


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, content)
    return path


def test_a_version_that_the_runtime_lacks_is_named_in_one_sentence(run: Run, tmp_path: Path) -> None:
    result = run(TOO_NEW)
    assert result["failed"]
    assert result["verdict"] == "broken"
    for word in (
        f"{tmp_path}/orders.zip does not load on public.ecr.aws/lambda/python:3.12-x86_64 (Amazon Linux 2023.",
        EXTENSION,
        "GLIBC_2.38",
        "libc.so.6",
        "GLIBC_2.34",
    ):
        assert word in result["msg"]
    assert result.keys() >= RESULTS
    (finding,) = result["findings"]
    assert (finding["problem"], finding["library"], finding["version"]) == ("version", "libc.so.6", "GLIBC_2.38")
    assert result["msg"].endswith(finding["hint"])
    assert result["advice"] == [finding["hint"]]
    assert result["table"][2].split()[:2] == [EXTENSION, "version"]
    assert result["runtime"]["pinned"].startswith("public.ecr.aws/lambda/python@sha256:")


def test_what_loads_passes(run: Run) -> None:
    result = run(GOOD, handler="app.handler")
    assert not result.get("failed"), result["msg"]
    assert result.keys() == RESULTS
    assert (result["verdict"], result["changed"], result["findings"]) == ("loads", False, [])
    assert (result["counts"]["natives"], result["counts"]["fit"]) == (1, 1)
    assert result["runtime"]["libraries"] > 50


def test_a_missing_library_is_found_in_a_layer(run: Run, tmp_path: Path) -> None:
    library = elf.write(elf.SharedObject(Machine.X86_64, "liborders.so.3"))
    layer = zipped(tmp_path / "layer.zip", {"lib/liborders.so.3": library})
    assert "liborders.so.3" in run(MISSING)["msg"]
    result = run(MISSING, layers=[str(layer)])
    assert result["verdict"] == "loads", result["msg"]
    assert [one["root"] for one in result["packages"]] == ["/var/task", "/opt"]
    assert "with 1 layer loads on" in result["msg"]


def test_a_directory_is_read_as_a_package(run: Run, tmp_path: Path) -> None:
    for name, content in TOO_NEW.items():
        path = tmp_path / "build" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert run(path=str(tmp_path / "build"))["findings"][0]["file"] == EXTENSION


def test_nothing_native_needs_no_image(run: Run) -> None:
    result = run(APP, registry_mirrors={"public.ecr.aws": "http://127.0.0.1:1"}, handler="app.handler")
    assert result["verdict"] == "loads"
    assert result["transfer"]["requests"] == 0
    assert result["runtime"]["pinned"] is None
    assert result["runtime"]["image"] == "public.ecr.aws/lambda/python:3.12-x86_64"


def test_another_architecture(run: Run) -> None:
    wrong = APP | {EXTENSION: extension("GLIBC_2.17", machine=Machine.AARCH64)}
    result = run(wrong)
    assert result["verdict"] == "broken"
    assert result["findings"][0]["problem"] in ("architecture", "runtime_abi")
    assert run(GOOD, architecture="arm64")["verdict"] == "broken"


def test_the_handler_has_to_be_there(run: Run) -> None:
    result = run(GOOD, handler="orders/main.handler")
    assert result["verdict"] == "broken"
    assert "orders/main.py" in result["msg"]


@pytest.mark.parametrize(
    ("package", "fail_on", "fails"),
    [
        (TOO_NEW, "unknown", True),
        (TOO_NEW, "broken", True),
        (TOO_NEW, "never", False),
        (GOOD, "container_only", False),
    ],
)
def test_fail_on(run: Run, package: Mapping[str, bytes], fail_on: str, fails: bool) -> None:
    result = run(package, fail_on=fail_on)
    assert result.get("failed", False) is fails
    assert result["acceptable"] is not fails


def test_what_is_ignored_stays_in_the_result(run: Run) -> None:
    result = run(TOO_NEW, ignore=["orders/*", ""])
    assert result["verdict"] == "loads"
    assert result["findings"][0]["ignored"]
    assert result["counts"]["ignored"] == 1
    assert "(1 finding ignored)" in result["msg"]


def test_results_are_the_same_in_check_mode(run: Run) -> None:
    results = [run(TOO_NEW, check_mode=check_mode) for check_mode in (False, False, True)]
    assert results[0]["transfer"]["layers_read"] > 0
    for result in results[1:]:
        assert result.pop("transfer")["layers_read"] == 0
    assert results[1] == results[2]


def test_an_image_by_its_reference_and_rules_by_the_runtime(run: Run, images: Path) -> None:
    image = f"oci:{images}/lambda/python:3.12"
    both = run(TOO_NEW, runtime_image=image)
    assert both["runtime"]["image"] == image
    assert both["runtime"]["name"] == "python3.12"
    alone = run(GOOD, runtime="", runtime_image=image, handler="")
    assert alone["verdict"] == "loads"
    assert alone["runtime"]["name"] is None


def test_images_of_ones_own_are_named_by_the_runtime(run: Run) -> None:
    own = {"mine": {"build_image": "b", "runtime_image": "public.ecr.aws/lambda/python:3.12-{architecture}"}}
    result = run(GOOD, runtime="mine", images=own)
    assert result["verdict"] == "loads"
    assert "mine is a name of your own, so no rules of a language are applied." in result["notes"]


def test_a_runtime_that_is_not_in_the_table_is_noted(run: Run) -> None:
    notes = run(APP, runtime="python3.99")["notes"]
    assert any("python3.99 is not in this collection's table" in note for note in notes)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "nothing there": ({"path": "/nowhere.zip"}, "/nowhere.zip"),
    "no zip": ({"path": __file__}, "test_lambda_artifact_check.py"),
    "no layer": ({"layers": ["/nowhere"]}, "/nowhere"),
    "no runtime": ({"runtime": ""}, "Either `runtime` or `runtime_image` is needed"),
    "an unknown runtime": ({"runtime": "cobol"}, "not the name of a Lambda runtime"),
    "a slip of the pen": ({"runtime": "pyton3.12"}, "There is no runtime pyton3.12"),
    "a reference that does not parse": ({"runtime_image": "No:Image!"}, "does not parse"),
    "an unknown tag": ({"runtime_image": "public.ecr.aws/lambda/python:0"}, "tagged '0'"),
    "a registry that is not there": (
        {"registry_mirrors": {"public.ecr.aws": "http://127.0.0.1:1"}, "timeout": 2},
        "the connection is refused",
    ),
    "offline": ({"registry_mirrors": {"public.ecr.aws": "http://127.0.0.1:1"}, "offline": True}, "cache"),
    "no time": ({"timeout": 0}, "at least 1 second"),
    "no time to run": ({"run_timeout": 0}, "`run_timeout` has to be at least 1 second"),
    "no memory": ({"run_memory": 0}, "at least 1 MiB"),
    "a run without a handler": ({"run": True}, "`run` needs the `handler`"),
    "a run of Java": ({"run": True, "handler": "a.B::c", "runtime": "java21"}, "Python or Node.js"),
}


@pytest.mark.parametrize(("options", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence_without_a_traceback(run: Run, options: dict[str, Any], words: str) -> None:
    result = run(GOOD, **options)
    assert result["failed"]
    assert words in result["msg"]
    assert "Traceback" not in str(result)
    assert "verdict" not in result


def test_more_than_lambda_takes_is_refused(run: Run, tmp_path: Path) -> None:
    """A sparse file has the size without the bytes."""
    for name in ("function", "layer"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "model").touch()
        os.truncate(folder / "model", UNZIPPED_LIMIT // 2 + 1)
    result = run(path=str(tmp_path / "function"), layers=[str(tmp_path / "layer")])
    assert result["failed"]
    assert f"{UNZIPPED_LIMIT:,}" in result["msg"]
    assert str(tmp_path / "layer") in result["msg"]


def test_without_requests_it_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "requests", None)
    result = run(GOOD, registry_mirrors={})
    assert result["failed"]
    assert "requests" in result["msg"]
    assert not run(APP, registry_mirrors={}).get("failed")  # nothing native needs no image


def test_a_second_check_reads_no_layer(run: Run, tmp_path: Path) -> None:
    layouts = {"lambda/python": pairs.repositories()["lambda/python"]}
    with serve(Registry(layouts)) as registry:
        mirrors = {"public.ecr.aws": registry.url}
        first, second = (run(GOOD, registry_mirrors=mirrors) for _time in range(2))
        offline = run(GOOD, registry_mirrors=mirrors, offline=True)
    assert first["transfer"]["layers_read"] > 0
    assert (second["transfer"]["layers_read"], second["transfer"]["requests"]) == (0, 1)
    assert offline["transfer"]["requests"] == 0
    assert offline["verdict"] == "loads"


def test_values_of_the_environment_are_shown_nowhere(run_module: Run, tmp_path: Path, images: Path) -> None:
    result = run_module(
        module,
        path=str(zipped(tmp_path / "a.zip", APP)),
        runtime="python3.12",
        environment_variables={"TOKEN": "correct-horse"},
    )
    assert "correct-horse" not in str(result)
    assert result["invocation"]["module_args"]["environment_variables"] == {"TOKEN": "VALUE_HIDDEN"}


@pytest.mark.parametrize(
    "logins",
    [
        "correct-horse",
        {"r.example": "correct-horse"},
        {"r.example": {"username": "u", "password": "correct-horse"}},
        [{"registry": "r.example", "username": "u", "pasword": "correct-horse"}],
        [{"registry": "r.example", "username": "u", "password": "correct-horse"}],
    ],
)
@pytest.mark.parametrize("reader", [module, lambda_image_parity])
def test_logins_of_whatever_form_are_shown_nowhere(run_module: Run, reader: Any, logins: object) -> None:
    result = run_module(reader, runtime="python3.12", path="/nowhere", offline=True, registry_logins=logins)
    assert result["failed"]
    assert "correct-horse" not in str(result)
    assert result["invocation"]["module_args"]["runtime"] == "python3.12"


def test_the_functions_own_library_path_counts(run: Run) -> None:
    package = MISSING | {"vendor/liborders.so.3": elf.write(elf.SharedObject(Machine.X86_64, "liborders.so.3"))}
    assert run(package)["verdict"] != "loads"
    found = run(package, environment_variables={"LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/var/task/vendor"})
    assert found["verdict"] == "loads", found["msg"]
    assert run(package, environment_variables={"LD_LIBRARY_PATH": None})["findings"] == run(package)["findings"]
    wrong = run(package, environment_variables={"_HANDLER": "x"})
    assert "Lambda reserves the name _HANDLER" in wrong["msg"]


def test_what_a_layer_that_is_not_here_may_bring_is_not_known(run: Run) -> None:
    assert run(MISSING)["verdict"] == "broken"
    unknown = run(MISSING, layers_known=False)
    assert (unknown["verdict"], unknown["failed"]) == ("unknown", True)
    assert run(TOO_NEW, layers_known=False)["verdict"] == "broken"


def test_a_run_without_an_engine_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    result = run(APP, run=True, handler="app.handler")
    assert result["failed"]
    assert "127.0.0.1:1" in result["msg"]
    assert "verdict" not in result


def test_options_are_documented_as_they_are() -> None:
    documented = {
        name: option
        for text in (ModuleDocFragment.DOCUMENTATION, module.DOCUMENTATION)
        for name, option in yaml.safe_load(text)["options"].items()
    }
    assert documented.keys() == module.ARGUMENTS.keys()
    for name, option in module.ARGUMENTS.items():
        for key in ("type", "choices", "default", "elements", "required"):
            assert documented[name].get(key) == option.get(key), (name, key)


def test_results_are_documented_as_they_are(run: Run) -> None:
    documented = yaml.safe_load(module.RETURN)
    result = run(TOO_NEW)
    assert documented.keys() == result.keys() - {"changed", "failed"}
    for name in ("counts", "runtime", "transfer"):
        assert documented[name]["contains"].keys() == result[name].keys()
    for name in ("findings", "packages"):
        assert documented[name]["contains"].keys() == result[name][0].keys()
        assert documented[name]["sample"][0].keys() == result[name][0].keys()
    assert documented["verdict"]["choices"] == [verdict.value for verdict in Verdict]
    assert documented["findings"]["contains"]["problem"]["choices"] == [problem.value for problem in Problem]


def test_every_example_has_options_that_there_are() -> None:
    tasks = yaml.safe_load(module.EXAMPLES)
    used = [task["lambdaops.deploy.lambda_artifact_check"] for task in tasks if "ansible.builtin.debug" not in task]
    assert used[0].keys() == {"path", "runtime"}
    assert all(options.keys() <= module.ARGUMENTS.keys() for options in used)
