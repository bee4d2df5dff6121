# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as Ansible runs it, over the images that the testbed makes, as OCI layouts on disk."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lambdaops.deploy.plugins.doc_fragments.images import ModuleDocFragment
from ansible_collections.lambdaops.deploy.plugins.module_utils._image import http
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.parity import KINDS, Verdict
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_image_parity as module
from faulty_registry import Registry, serve
from lambdaops_testbed.images import pairs

Run = Callable[..., dict[str, Any]]

RESULTS = {
    *("acceptable", "changed", "msg", "verdict", "differences", "build", "runtime", "build_only_packages"),
    *("transfer", "advice", "table", "notes", "local", "suggestion", "report"),
}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for repository, layout in pairs.repositories().items():
        layout.write(folder / repository)
    return folder


@pytest.fixture
def run(run_module: Run, tmp_path: Path, images: Path) -> Run:
    """Run the module with public.ecr.aws mirrored by the folder of layouts."""

    def call(**options: Any) -> dict[str, Any]:
        # Copies in an engine of this machine are not the images of these tests.
        defaults: dict[str, Any] = {"checks": ["base", "packages", "libraries"]}
        defaults |= {"cache_dir": str(tmp_path / "cache"), "registry_mirrors": {"public.ecr.aws": f"oci:{images}"}}
        result = run_module(module, **(defaults | options))
        result.pop("invocation", None)
        return result

    return call


def test_the_first_users_report_fails_with_one_sentence_and_all_results(run: Run) -> None:
    result = run(runtime="nodejs20.x")
    assert result["failed"]
    assert result["verdict"] == "risky_drift"
    for word in ("risky_drift", "Amazon Linux 2023.6.20250107", "Amazon Linux 2023.6.20241031", "16 packages", "expat"):
        assert word in result["msg"]
    assert result.keys() >= RESULTS
    assert result["build"]["reference"] == "public.ecr.aws/sam/build-nodejs20.x:latest-x86_64"
    assert result["runtime"]["reference"] == "public.ecr.aws/lambda/nodejs:20-x86_64"
    assert result["runtime"]["pinned"] == f"public.ecr.aws/lambda/nodejs@{result['runtime']['digest']}"
    assert result["runtime"]["packages"] > 100
    assert f"RUN dnf -y --releasever={result['runtime']['release']} --allowerasing distro-sync" in result["advice"]
    assert result["table"][2].startswith("os-release")


def test_the_same_base_passes_without_a_layer(run: Run) -> None:
    result = run(build_image="public.ecr.aws/sam/build-nodejs20.x:1.127.0", runtime="nodejs20.x")
    assert not result.get("failed")
    assert result.keys() == RESULTS
    assert result["changed"] is False
    assert result["verdict"] == "same_base"
    assert result["transfer"]["layers_read"] == 0
    assert result["build"]["release"] is None
    assert (result["differences"], result["table"], result["advice"]) == ([], [], [])


def test_results_have_the_same_keys_in_check_mode(run: Run) -> None:
    plain = run(runtime="python3.12", architecture="arm64", fail_on="never")
    checked = run(runtime="python3.12", architecture="arm64", fail_on="never", check_mode=True)
    assert checked["transfer"]["layers_read"] == 0
    for result in (plain, checked):
        result.pop("transfer")
    assert checked == plain
    assert plain["build"]["platform"] == "linux/arm64"


@pytest.mark.parametrize(
    ("tag", "fail_on", "fails"),
    [
        ("latest", "risky_drift", True),
        ("latest", "incompatible", False),
        ("latest", "never", False),
        ("older", "risky_drift", False),
        ("older", "compatible_drift", True),
        ("1.127.0", "compatible_drift", False),
    ],
)
def test_fail_on(run: Run, tag: str, fail_on: str, fails: bool) -> None:
    result = run(build_image=f"public.ecr.aws/sam/build-nodejs20.x:{tag}", runtime="nodejs20.x", fail_on=fail_on)
    assert result.get("failed", False) is fails
    assert result["changed"] is False


def test_unknown_fails_unless_nothing_does(run: Run) -> None:
    options = {"runtime": "nodejs20.x", "checks": ["base"]}
    assert run(**options, fail_on="incompatible")["failed"]
    result = run(**options, fail_on="never")
    assert result["verdict"] == "unknown"
    assert not result.get("failed")


def test_the_cache_is_used(run: Run) -> None:
    cold = run(runtime="nodejs20.x")
    warm = run(runtime="nodejs20.x")
    assert cold["transfer"]["layers_read"] > 0
    assert warm["transfer"]["layers_read"] == 0
    assert warm["differences"] == cold["differences"]


def test_layouts_by_path(run: Run, images: Path) -> None:
    result = run(
        build_image=f"oci:{images}/sam/build-nodejs20.x:1.127.0",
        runtime_image=f"oci:{images}/lambda/nodejs:20",
        registry_mirrors={},
    )
    assert result["verdict"] == "same_base"
    assert result["transfer"]["requests"] == 0


BAD = {
    "a reference that does not parse": ({"build_image": "No:Image!", "runtime": "nodejs20.x"}, "does not parse"),
    "an unknown runtime": ({"runtime": "cobol"}, "not the name of a Lambda runtime"),
    "an unknown tag": ({"build_image": "public.ecr.aws/sam/build-nodejs20.x:0", "runtime": "nodejs20.x"}, "tagged '0'"),
    "an unknown platform": (
        {
            "build_image": "public.ecr.aws/sam/build-nodejs20.x:latest-x86_64",
            "runtime": "nodejs20.x",
            "architecture": "arm64",
        },
        "offers linux/amd64",
    ),
    "a missing layout": ({"runtime": "nodejs99.x"}, "does not exist"),
    "a registry that is not there": (
        {"runtime": "nodejs20.x", "registry_mirrors": {"public.ecr.aws": "http://127.0.0.1:1"}, "timeout": 2},
        "the connection is refused",
    ),
    "a mirror that does not parse": (
        {"runtime": "nodejs20.x", "registry_mirrors": {"public.ecr.aws": "ftp://x"}},
        "mirror",
    ),
    "mirrors that are no text": ({"runtime": "nodejs20.x", "registry_mirrors": {"public.ecr.aws": None}}, "mirror"),
    "no images to look at": ({"runtime": "nodejs20.x", "suggest_limit": 0}, "at least 1 image"),
    "no cache": ({"runtime": "nodejs20.x", "cache_size": 0}, "at least 1 MiB"),
    "pull without looking": ({"runtime": "nodejs20.x", "pull": "stale", "checks": ["base"]}, "`pull` needs `local`"),
    "pull offline": (
        {"runtime": "nodejs20.x", "pull": "stale", "checks": ["local"], "offline": True},
        "exclude each other",
    ),
    "a pattern that does not parse": ({"runtime": "nodejs20.x", "ignore": ["soname:x"]}, "does not parse"),
    "ignoring a platform": ({"runtime": "nodejs20.x", "ignore": ["platform:*"]}, "can't be ignored"),
    "images of another shape": ({"runtime": "nodejs20.x", "images": {"nodejs20.x": "x"}}, "mapping of names"),
    "a login for no host": (
        {
            "runtime": "nodejs20.x",
            "registry_logins": [{"registry": "a b", "username": "u", "password": "correct-horse"}],
        },
        "not a registry host",
    ),
    "no archive": ({"build_image": "docker-archive:/nowhere.tar", "runtime": "nodejs20.x"}, "/nowhere.tar"),
    "no time": ({"runtime": "nodejs20.x", "timeout": 0}, "at least 1 second"),
    "both runtimes": ({"runtime": "nodejs20.x", "runtime_image": "x"}, "exclude each other"),
    "nothing": ({"runtime": "", "build_image": "", "runtime_image": ""}, "Either `runtime` is needed, or both"),
    "no runtime": ({"build_image": "x"}, "Either `runtime` is needed, or both"),
    "no build image": ({"runtime_image": "x", "runtime": ""}, "Either `runtime` is needed, or both"),
}


@pytest.mark.parametrize(("options", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence_without_a_traceback(run: Run, options: dict[str, Any], words: str) -> None:
    result = run(**options)
    assert result["failed"]
    assert words in result["msg"]
    assert "Traceback" not in str(result)
    assert "verdict" not in result


def test_without_requests_it_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "requests", None)
    result = run(runtime="nodejs20.x", registry_mirrors={})
    assert result["failed"]
    assert "requests" in result["msg"]
    assert not run(runtime="nodejs20.x", fail_on="never").get("failed")  # layouts do without


def test_options_are_documented_as_they_are() -> None:
    documented = {
        name: option
        for text in (ModuleDocFragment.DOCUMENTATION, module.DOCUMENTATION)
        for name, option in yaml.safe_load(text)["options"].items()
    }
    spec = module.ARGUMENTS
    assert documented.keys() == spec.keys()
    for name, option in spec.items():
        for key in ("type", "choices", "default", "elements"):
            assert documented[name].get(key) == option.get(key), (name, key)
        assert documented[name].get("suboptions", {}).keys() == option.get("options", {}).keys()


def test_results_are_documented_as_they_are(run: Run) -> None:
    documented = yaml.safe_load(module.RETURN)
    result = run(runtime="nodejs20.x", fail_on="never", suggest=True)
    assert documented.keys() == result.keys() - {"changed"}
    for name in ("build", "runtime", "transfer", "local", "suggestion"):
        assert documented[name]["contains"].keys() == result[name].keys()
    assert documented["differences"]["contains"].keys() == result["differences"][0].keys()
    assert set(documented["differences"]["contains"]["kind"]["choices"]) == set(KINDS)
    assert documented["verdict"]["choices"] == [verdict.value for verdict in Verdict]


def test_a_suggestion_is_pinned_and_can_be_copied(run: Run) -> None:
    result = run(runtime="nodejs20.x", architecture="arm64", suggest=True, fail_on="never")
    suggestion = result["suggestion"]
    assert suggestion["image"] == f"public.ecr.aws/sam/build-nodejs20.x@{suggestion['digest']}"
    assert suggestion["release"] == result["runtime"]["release"]
    pull, build = suggestion["commands"]
    assert pull == f"docker pull {suggestion['image']}"
    assert build == f"sam build --use-container --skip-pull-image --build-image {suggestion['image']}"
    assert result["advice"][1:3] == suggestion["commands"]
    settings = tomllib.loads("\n".join(suggestion["samconfig"]))
    assert settings["default"]["build"]["parameters"] == {
        "use_container": True,
        "skip_pull_image": True,
        "build_image": [suggestion["image"]],
    }
    again = run(build_image=suggestion["image"], runtime="nodejs20.x", architecture="arm64", suggest=True)
    assert again["verdict"] == suggestion["verdict"]
    assert again["suggestion"] is None


def test_a_search_that_finds_nothing_says_so(run: Run) -> None:
    result = run(runtime="nodejs20.x", suggest=True, suggest_limit=1, fail_on="never")
    assert result["suggestion"] is None
    assert any("suggest_limit is 1" in note for note in result["notes"])


def test_what_is_ignored_stays_in_the_result(run: Run) -> None:
    result = run(runtime="nodejs20.x", ignore=["*"], fail_on="compatible_drift")
    assert result["failed"]
    assert result["verdict"] == "compatible_drift"
    assert all(difference["ignored"] for difference in result["differences"])


OWN = {
    "mine": {
        "build_image": "public.ecr.aws/sam/build-nodejs20.x:1.127.0-{architecture}",
        "runtime_image": "public.ecr.aws/lambda/nodejs:20",
    }
}


def test_images_of_ones_own_are_named_by_the_runtime(run: Run) -> None:
    result = run(runtime="mine", images=OWN, architecture="arm64")
    assert result["verdict"] == "same_base"
    assert result["build"]["reference"] == "public.ecr.aws/sam/build-nodejs20.x:1.127.0-arm64"


@pytest.mark.parametrize(
    ("runtime", "images", "noted"), [("nodejs99.x", {}, True), ("nodejs20.x", {}, False), ("mine", OWN, False)]
)
def test_a_runtime_that_is_not_in_the_table_is_noted(runtime: str, images: dict[str, Any], noted: bool) -> None:
    params = {"build_image": None, "runtime_image": None, "runtime": runtime, "architecture": "arm64", "images": images}
    _build, runtime_image, notes = module.named_images(params)
    assert runtime_image.startswith("public.ecr.aws/lambda/")
    assert bool(notes) is noted


@pytest.mark.parametrize(("name", "files"), [("page.html", ["page.html", "page.json"]), ("page.json", ["page.json"])])
def test_a_report_is_written_also_when_the_verdict_fails(run: Run, tmp_path: Path, name: str, files: list[str]) -> None:
    result = run(runtime="nodejs20.x", report=str(tmp_path / name))
    assert result["failed"]
    assert result["changed"] is False
    assert result["report"] == [str(tmp_path / file) for file in files]
    written = json.loads((tmp_path / "page.json").read_text())
    assert written["verdict"] == result["verdict"]
    assert written["msg"] == result["msg"]
    assert len(written["tables"]["packages"]) > 150


def test_no_report_is_written_in_check_mode(run: Run, tmp_path: Path) -> None:
    result = run(runtime="nodejs20.x", report=str(tmp_path / "page.html"), check_mode=True)
    assert result["report"] == []
    assert not (tmp_path / "page.html").exists()


def test_a_report_that_cannot_be_written_is_one_sentence(run: Run, tmp_path: Path) -> None:
    result = run(runtime="nodejs20.x", report=str(tmp_path / "missing" / "page.html"), fail_on="never")
    assert result["failed"]
    assert "there is no folder" in result["msg"]
    assert "Apart from that, risky_drift: the build image" in result["msg"]


def test_what_a_survey_leaves_empty_is_left_out(run: Run) -> None:
    result = run(runtime="nodejs20.x", build_image="", runtime_image="", ignore="", report="", fail_on="never")
    assert result["build"]["reference"] == "public.ecr.aws/sam/build-nodejs20.x:latest-x86_64"
    assert result["report"] == []


def test_offline_takes_what_was_read_last(run: Run, images: Path) -> None:
    layouts = {name: pairs.repositories()[name] for name in ("lambda/nodejs", "sam/build-nodejs20.x")}
    with serve(Registry(layouts)) as registry:
        options = {"runtime": "nodejs20.x", "registry_mirrors": {"public.ecr.aws": registry.url}, "fail_on": "never"}
        assert "offline" in run(**options, offline=True)["msg"]
        online = run(**options)
        registry.requests.clear()
        offline = run(**options, offline=True, suggest=True)
        assert registry.requests == []
    assert offline["verdict"] == online["verdict"]
    assert offline["differences"] == online["differences"]
    assert offline["suggestion"] is None
    assert any("The tags of" in note for note in offline["notes"])


def test_given_logins_are_used_and_shown_nowhere(run: Run, images: Path) -> None:
    layouts = {name: pairs.repositories()[name] for name in ("lambda/nodejs", "sam/build-nodejs20.x")}
    with serve(Registry(layouts, auth="basic", login=("ops", "correct-horse"))) as registry:
        options: dict[str, Any] = {
            "runtime": "nodejs20.x",
            "build_image": "public.ecr.aws/sam/build-nodejs20.x:1.127.0",
            "registry_mirrors": {"public.ecr.aws": registry.url},
        }
        assert run(**options)["failed"]
        login = {"registry": registry.host, "username": "ops", "password": "correct-horse"}
        result = run(**options, registry_logins=[login])
        wrong = run(**options, registry_logins=[login | {"password": "battery-staple"}], cache_dir=str(images / "none"))
    assert result["verdict"] == "same_base"
    assert wrong["failed"]
    assert "correct-horse" not in str(result)
    assert "battery-staple" not in str(wrong)
