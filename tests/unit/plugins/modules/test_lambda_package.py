# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as Ansible runs it: its options, its results, check mode, diffs, and attributes of the file."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing import patterns
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_code_checksum, lambda_package
from zlib_ng import zlib_ng

Run = Callable[..., dict[str, Any]]

RETURN = yaml.safe_load(lambda_package.RETURN)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "orders"
    (root / "lib").mkdir(parents=True)
    (root / "app.py").write_bytes(b"def handler(event, context):\n    return 'ok'\n" * 20)
    (root / "bootstrap").write_bytes(b"#!/bin/sh\n")
    (root / "bootstrap").chmod(0o755)
    (root / "lib" / "prices.py").write_bytes(b"PRICE = 3\n")
    (root / "lib" / "prices.pyc").write_bytes(b"compiled")
    (root / "README.md").write_bytes(b"# Orders\n")
    return root


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "orders.zip"


@pytest.fixture
def run(run_module: Run, source: Path, dest: Path) -> Run:
    def call(**options: Any) -> dict[str, Any]:
        given = {"src": str(source), "dest": str(dest)} if "sources" not in options else {"dest": str(dest)}
        result = run_module(lambda_package, **(given | options))
        result.pop("invocation", None)
        return result

    return call


def names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_a_package_is_built_once_and_then_left_alone(run: Run, dest: Path) -> None:
    first = run()
    assert first["changed"]
    assert first.keys() - {"changed"} == RETURN.keys()
    assert first["added"] == names(dest) == ["README.md", "app.py", "bootstrap", "lib/prices.py"]
    assert (first["entries"], first["excluded"]) == (4, 1)
    assert first["uncompressed_size"] == 20 * 45 + 10 + 10 + 9
    assert first["size"] == dest.stat().st_size
    assert first["msg"] == (
        f"{dest} holds 4 entries in {first['size']} bytes; its SHA-256 is {first['sha256_base64']}."
    )
    assert first["limits"] == {
        "direct_upload": {"size": first["size"], "limit": 52_428_800, "fits": True},
        "unzipped": {"size": first["uncompressed_size"], "limit": 262_144_000, "fits": True},
    }
    before = dest.stat()
    again = run()
    assert not again["changed"]
    assert (again["added"], again["modified"], again["removed"]) == ([], [], [])
    assert {key: again[key] for key in ("sha256_hex", "size", "msg")} == {
        key: first[key] for key in ("sha256_hex", "size", "msg")
    }
    after = dest.stat()
    assert (before.st_mtime_ns, before.st_ctime_ns, before.st_ino) == (
        after.st_mtime_ns,
        after.st_ctime_ns,
        after.st_ino,
    )


def test_the_checksum_module_finds_the_same_hashes(run: Run, run_module: Run, source: Path, dest: Path) -> None:
    built = run(exclude=["*.pyc"])
    shared = ("sha256_hex", "sha256_base64", "content_sha256", "size", "uncompressed_size", "entries")
    read = run_module(lambda_code_checksum, path=str(dest), expected=built["sha256_base64"])
    assert {key: read[key] for key in shared} == {key: built[key] for key in shared}
    assert read["matches_expected"]
    (source / "lib" / "prices.pyc").unlink()
    assert run_module(lambda_code_checksum, path=str(source))["content_sha256"] == built["content_sha256"]


@pytest.mark.parametrize("compression", ["deflated", "stored"])
def test_check_mode_predicts_everything_and_writes_nothing(
    run: Run, source: Path, dest: Path, compression: str
) -> None:
    for _time in range(2):
        there = dest.read_bytes() if dest.exists() else None
        predicted = run(compression=compression, check_mode=True, diff=True)
        assert (dest.read_bytes() if dest.exists() else None) == there
        assert sorted(os.listdir(dest.parent)) == sorted({"orders", *([dest.name] if there else [])})
        assert run(compression=compression, diff=True) == predicted
        assert predicted["changed"]
        (source / "lib" / "prices.py").write_bytes(b"PRICE = 4\n")
        (source / "README.md").unlink(missing_ok=True)
    assert not run(compression=compression, check_mode=True)["changed"]


def test_the_diff_lists_the_entries_of_both(run: Run, source: Path) -> None:
    run()
    (source / "bootstrap").chmod(0o644)
    (source / "README.md").unlink()
    (source / "new.py").touch()
    result = run(diff=True)
    assert (result["added"], result["modified"], result["removed"]) == (["new.py"], ["bootstrap"], ["README.md"])
    (diff,) = result["diff"]
    before, after = (diff[side].splitlines() for side in ("before", "after"))
    assert [line.split()[-1] for line in before[1:]] == ["README.md", "app.py", "bootstrap", "lib/prices.py"]
    assert [line.split()[-1] for line in after[1:]] == ["app.py", "bootstrap", "lib/prices.py", "new.py"]
    assert "diff" not in run()


@pytest.mark.parametrize(
    ("options", "held"),
    [
        ({"exclude": ["*.md", "lib/"]}, ["app.py", "bootstrap"]),
        ({"exclude": ["/*", "!/app.py"]}, ["app.py"]),
        ({"exclude": ["*", "!*/", "!*.pyc"]}, ["lib/prices.pyc"]),
        ({"default_excludes": False, "exclude": ["*.py"]}, ["README.md", "bootstrap", "lib/prices.pyc"]),
        ({"prefix": "python", "exclude": ["*.md", "b*"]}, ["python/app.py", "python/lib/prices.py"]),
        ({"ignore_file": "README.md"}, ["app.py", "bootstrap", "lib/prices.py"]),
    ],
)
def test_options_say_what_goes_in(run: Run, dest: Path, options: dict[str, Any], held: list[str]) -> None:
    assert not run(**options).get("failed")
    assert names(dest) == held


def test_several_sources_make_one_package(run: Run, source: Path, dest: Path) -> None:
    (source / ".lambdaignore").write_text("*.md\n")
    result = run(
        sources=[
            {"path": str(source), "exclude": ["lib/"]},
            {"path": str(source / "lib"), "prefix": "nodejs/lib"},
            {"path": str(source / "lib" / "prices.pyc")},
        ],
        exclude=["bootstrap"],
    )
    assert not result.get("failed")
    assert names(dest) == ["app.py", "nodejs/lib/prices.py", "prices.pyc"]


@pytest.mark.parametrize("empty", ["", [""], [], None])
def test_sources_that_are_empty_count_as_left_out(run: Run, source: Path, dest: Path, empty: Any) -> None:
    assert run(src=str(source / "app.py"), sources=empty)["changed"]
    assert names(dest) == ["app.py"]


def test_links_are_kept_or_followed(run: Run, source: Path, dest: Path, tmp_path: Path) -> None:
    (tmp_path / "shared.py").write_bytes(b"x = 1\n")
    (source / "shared.py").symlink_to("../shared.py")
    refused = run()
    assert refused["failed"]
    assert "shared.py is a symbolic link to ../shared.py" in refused["msg"]
    assert "`links: follow`" in refused["msg"]
    assert not dest.exists()
    run(links="follow")
    with zipfile.ZipFile(dest) as archive:
        assert archive.read("shared.py") == b"x = 1\n"
    (source / "shared.py").unlink()
    (source / "gone").symlink_to("lib/gone")
    assert run()["notes"] == ["Symbolic links to nothing in the package: gone."]


def test_nothing_is_compressed_on_request(run: Run, dest: Path) -> None:
    result = run(compression="stored")
    assert dest.stat().st_size > result["uncompressed_size"]
    with zipfile.ZipFile(dest) as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_another_zlib_is_warned_of_unless_nothing_is_compressed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "warnings" not in run()
    original = lambda_package.makes_what_all_others_do
    monkeypatch.setattr(lambda_package, "makes_what_all_others_do", lambda: original(zlib_ng))
    (warning,) = run()["warnings"]
    assert "`compression: stored`" in str(warning)
    assert "warnings" not in run(compression="stored")


def test_the_file_has_the_attributes_that_were_asked_for(run: Run, source: Path, dest: Path) -> None:
    before = os.umask(0o027)
    try:
        run()
    finally:
        os.umask(before)
    assert stat.S_IMODE(dest.stat().st_mode) == 0o640
    changed = run(mode="0600", diff=True)
    assert changed["changed"]
    assert changed["added"] == []
    assert [(diff["before"], diff["after"]) for diff in changed["diff"][1:]] == [({"mode": "0640"}, {"mode": "0600"})]
    assert not run(mode="0600")["changed"]
    (source / "app.py").touch()
    (source / "app.py").write_bytes(b"x")
    assert run()["changed"]
    assert stat.S_IMODE(dest.stat().st_mode) == 0o600  # those it had, where none are asked for
    assert run(mode="0644", check_mode=True)["changed"]
    assert stat.S_IMODE(dest.stat().st_mode) == 0o600


def test_the_attributes_are_those_of_the_file_behind_a_link(run: Run, dest: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.zip"
    dest.symlink_to(real)
    run()
    real.chmod(0o644)
    assert run(mode="0600", check_mode=True)["changed"]
    assert run(mode="0600")["changed"]
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert not run(mode="0600", check_mode=True)["changed"]


def test_a_package_is_tried_out_elsewhere_as_it_would_be_in_its_place(run: Run, source: Path, tmp_path: Path) -> None:
    (source / "build").mkdir()
    real = source / "build" / "orders.zip"
    run(dest=str(real))
    tried = run(dest=str(tmp_path / "tried.zip"), rehearses=str(real))
    assert tried["sha256_hex"] == run(dest=str(real))["sha256_hex"]
    assert not run(dest=str(real))["changed"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"src": "/gone"}, "The source /gone does not exist. Correct the path"),
        ({"sources": []}, "Exactly one of `src` and `sources` is needed."),
        ({"src": None}, "Exactly one of `src` and `sources` is needed."),
        ({"src": "", "sources": ""}, "Exactly one of `src` and `sources` is needed."),
        ({"src": "a\0b"}, "a\\x00b can't be read: its name holds a NUL character."),
        ({"dest": "a\0b"}, "The path a\\x00b of the package has a NUL character in it."),
        ({"rehearses": "a\0b"}, "The path a\\x00b of the package has a NUL character in it."),
        ({"dest": "/tmp/" + "x" * 300}, "xxx: File name too long. Give another path."),
        ({"src": "/etc", "sources": [{"path": "/etc"}]}, "Exactly one of `src` and `sources` is needed."),
        ({"sources": [{"path": None}]}, "The path of a source is empty."),
        ({"dest": None}, "`dest` is empty"),
        ({"dest": ""}, "`dest` is empty"),
        ({"sources": [{"path": "/etc"}], "prefix": "x"}, "`prefix` belongs to `src`"),
        ({"prefix": "../x"}, "The prefix ../x leads out of the package."),
        ({"exclude": ["[z-a]"]}, "The pattern [z-a] can't be understood"),
        ({"exclude": ["*"]}, "Nothing is left to pack of"),
        ({"ignore_file": "/etc/x"}, "The ignore file /etc/x is a path, and a name is wanted."),
        ({"dest": "/gone/orders.zip"}, "There is no directory /gone for the package."),
        ({"dest": "/etc/passwd"}, "/etc/passwd is not a zip file."),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_errors_say_what_and_where(run: Run, options: dict[str, Any], said: str, check_mode: bool) -> None:
    result = run(check_mode=check_mode, **options)
    assert result["failed"]
    assert said in result["msg"]
    assert not result.get("changed")


def test_pathspec_is_asked_for_only_by_those_who_need_it(
    run: Run, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patterns, "GitIgnoreSpec", None)
    assert run()["entries"] == 4
    for options in ({"exclude": ["a"]}, {"ignore_file": "README.md"}):
        (source / "README.md").write_bytes(b"*.txt\n")
        result = run(**options)
        assert result["failed"]
        assert "pathspec" in result["msg"]
        assert "required" in result["msg"]


def test_what_is_left_out_by_default_is_documented_exactly() -> None:
    text = " ".join(yaml.safe_load(lambda_package.DOCUMENTATION)["options"]["default_excludes"]["description"])
    documented = text.replace("Whether ", "").split(" are left out")[0]
    said = [part.removeprefix("C(").removesuffix(")") for part in documented.replace(" and ", ", ").split(", ")]
    assert tuple(said) == patterns.DEFAULT_EXCLUDES
