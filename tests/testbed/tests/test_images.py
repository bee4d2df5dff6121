# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The images that the testbed offers: which there are, how build and runtime relate, what differs between them.

Read back from the layouts on disk with the standard library, readelf and rpm.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from lambdaops_testbed.debian import require
from lambdaops_testbed.images.__main__ import main
from lambdaops_testbed.images.catalog import NEWER, OLDER, RUNTIME
from lambdaops_testbed.images.pairs import NODE, runtime_image

_BUILDS = [
    "latest", "1.131.0", "1.127.0", "upgraded", "compiled", "older", "1.121.0",
    "1.131.0-20250109163013", "1.127.0-20241105184512", "1.127.1-20250108093015", "1.128.0-20241120081530",
    "1.121.0-20240918150233",
]  # fmt: skip
_PYTHONS = ["3.12", "3.12.2024.10.31", "3.12.2025.01.07", "3.11", "3.11.2024.10.14", "3.11.2025.01.08"]
_BUILDS_AL2 = ["latest", "1.131.0", "1.127.0", "1.131.0-20250109163013", "1.127.0-20241105184512"]
REPOSITORIES = {
    "lambda/nodejs": ["20", "20.2024.10.31", "20.2025.01.07"],
    "lambda/python": _PYTHONS,
    "sam/build-nodejs20.x": _BUILDS,
    "sam/build-python3.12": _BUILDS,
    "sam/build-python3.11": _BUILDS_AL2,
}
PAIRS = {
    "sam/build-nodejs20.x": ("lambda/nodejs", "20"),
    "sam/build-python3.12": ("lambda/python", "3.12"),
    "sam/build-python3.11": ("lambda/python", "3.11"),
}
CHANGED = {
    "amazon-linux-repo-cdn", "expat", "glib2", "krb5-libs", "libcap", "libgcc", "libgomp", "libstdc++", "libxml2",
    "openssl-libs", "python3", "python3-libs", "python3-setuptools-wheel", "sqlite-libs", "system-release", "tzdata",
}  # fmt: skip


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "images"
    assert main(["--out", str(folder), "--quiet"]) == 0
    return folder


def blob(layout: Path, digest: str) -> bytes:
    content = (layout / "blobs" / digest.replace(":", "/")).read_bytes()
    assert "sha256:" + hashlib.sha256(content).hexdigest() == digest
    return content


def top(layout: Path, tag: str) -> dict[str, Any]:
    listed = json.loads((layout / "index.json").read_text())["manifests"]
    (found,) = [one for one in listed if one["annotations"]["org.opencontainers.image.ref.name"] == tag]
    return json.loads(blob(layout, found["digest"]))


def config(layout: Path, tag: str, suffix: str = "x86_64") -> dict[str, Any]:
    return json.loads(blob(layout, top(layout, f"{tag}-{suffix}")["config"]["digest"]))


def merged(layout: Path, tag: str, suffix: str = "x86_64") -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    """Path -> entry and content, by whiteouts as OCI image-spec, layer.md applies them: bottom up, opaque first."""
    found: dict[str, tuple[tarfile.TarInfo, bytes]] = {}
    for layer in top(layout, f"{tag}-{suffix}")["layers"]:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob(layout, layer["digest"])))) as archive:
            members = archive.getmembers()
            entries = [(member, archive.extractfile(member) if member.isreg() else None) for member in members]
            for member, _ in entries:
                parent, _, name = member.name.rpartition("/")
                if name == ".wh..wh..opq":
                    found = {path: one for path, one in found.items() if not path.startswith(f"{parent}/")}
                elif name.startswith(".wh."):
                    del found[f"{parent}/{name.removeprefix('.wh.')}"]
            for member, content in entries:
                if "/.wh." not in member.name:
                    found[member.name] = (member, content.read() if content else b"")
    return found


def rpm(files: dict[str, tuple[tarfile.TarInfo, bytes]], folder: Path, *question: str) -> list[str]:
    folder.mkdir(exist_ok=True)
    database = "Packages" if "var/lib/rpm/Packages" in files else "rpmdb.sqlite"
    (folder / database).write_bytes(files[f"var/lib/rpm/{database}"][1])
    backend = "bdb_ro" if database == "Packages" else "sqlite"
    command = [require("rpm", "rpm"), "--define", f"_db_backend {backend}", "--dbpath", folder, *question]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def packages(files: dict[str, tuple[tarfile.TarInfo, bytes]], folder: Path) -> dict[str, str]:
    row = "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\n"
    return dict(line.split() for line in rpm(files, folder, "-qa", "--qf", row))


def test_every_repository_has_its_tags_for_both_machines(images: Path) -> None:
    for name, tags in REPOSITORIES.items():
        listed = json.loads((images / name / "index.json").read_text())["manifests"]
        seen = [one["annotations"]["org.opencontainers.image.ref.name"] for one in listed]
        assert sorted(seen) == sorted(f"{tag}{suffix}" for tag in tags for suffix in ("", "-x86_64", "-arm64"))
        for tag in tags:
            index = top(images / name, tag)["manifests"]
            platforms = [f"{one['platform']['os']}/{one['platform']['architecture']}" for one in index]
            assert platforms == ["linux/amd64", "linux/arm64", "unknown/unknown"]
            for one, suffix in zip(index, ("x86_64", "arm64"), strict=False):
                assert json.loads(blob(images / name, one["digest"])) == top(images / name, f"{tag}-{suffix}")
                built_for = config(images / name, tag, suffix)
                assert built_for["architecture"] == one["platform"]["architecture"]


def test_every_blob_is_used_and_every_descriptor_is_right(images: Path) -> None:
    for name in REPOSITORIES:
        waiting = json.loads((images / name / "index.json").read_text())["manifests"]
        used = set()
        while waiting:
            one = waiting.pop()
            content = blob(images / name, one["digest"])
            assert one["size"] == len(content)
            used.add(one["digest"].removeprefix("sha256:"))
            if "manifest" in one["mediaType"] or "index" in one["mediaType"]:
                manifest = json.loads(content)
                waiting += manifest.get("manifests", [])
                waiting += [manifest["config"], *manifest["layers"]] if "layers" in manifest else []
        assert used == {path.name for path in (images / name / "blobs" / "sha256").iterdir()}


@pytest.mark.parametrize("suffix", ["x86_64", "arm64"])
@pytest.mark.parametrize("repository", list(PAIRS))
def test_how_build_and_runtime_relate(images: Path, repository: str, suffix: str) -> None:
    runtime, tag = PAIRS[repository]
    base = config(images / runtime, tag, suffix)["rootfs"]["diff_ids"]
    stands_on_it = {
        name: config(images / repository, name, suffix)["rootfs"]["diff_ids"][: len(base)] == base
        for name in REPOSITORIES[repository]
    }
    assert {name for name, stands in stands_on_it.items() if stands} == {
        name for name in stands_on_it if name.startswith(("1.127.", "1.128.", "upgraded", "compiled"))
    }


def test_diff_ids_and_history_fit_the_layers(images: Path) -> None:
    for name, tags in REPOSITORIES.items():
        for tag in tags:
            layers = top(images / name, f"{tag}-arm64")["layers"]
            raw = [gzip.decompress(blob(images / name, layer["digest"])) for layer in layers]
            made = config(images / name, tag, "arm64")
            assert made["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(one).hexdigest() for one in raw]
            assert sum(not step.get("empty_layer") for step in made["history"]) == len(layers)


@pytest.mark.parametrize("name", list(REPOSITORIES))
def test_only_runtime_images_have_a_library_path(images: Path, name: str) -> None:
    environment = dict(line.split("=", 1) for line in config(images / name, REPOSITORIES[name][0])["config"]["Env"])
    expected = "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
    assert environment["LD_LIBRARY_PATH"] == (expected if name.startswith("lambda/") else "")
    assert environment["LAMBDA_TASK_ROOT"] == "/var/task"


@pytest.mark.parametrize(
    ("name", "tag", "release"),
    [
        ("lambda/nodejs", "20", RUNTIME),
        ("lambda/nodejs", "20.2025.01.07", NEWER),
        ("sam/build-nodejs20.x", "latest", NEWER),
        ("sam/build-nodejs20.x", "1.127.0", RUNTIME),
        ("sam/build-nodejs20.x", "upgraded", NEWER),
        ("sam/build-nodejs20.x", "older", OLDER),
    ],
)
def test_the_release_is_the_same_wherever_it_is_written(
    images: Path, name: str, tag: str, release: str, tmp_path: Path
) -> None:
    files = merged(images / name, tag)
    assert f'PRETTY_NAME="Amazon Linux {release}"' in files["usr/lib/os-release"][1].decode().splitlines()
    assert files["etc/os-release"][0].linkname == "../usr/lib/os-release"
    assert files["etc/system-release"][0].linkname == "amazon-linux-release"
    assert files["etc/amazon-linux-release"][1].decode() == f"Amazon Linux release {release} (Amazon Linux)\n"
    assert packages(files, tmp_path / "db")["system-release"] == f"{release}-0.amzn2023"


def test_what_differs_in_the_drifted_pair(images: Path, tmp_path: Path) -> None:
    runtime = packages(merged(images / "lambda/nodejs", "20"), tmp_path / "runtime")
    build = packages(merged(images / "sam/build-nodejs20.x", "latest"), tmp_path / "build")
    assert {name for name in runtime if runtime[name] != build.get(name)} == CHANGED
    assert (runtime["glib2"], build["glib2"]) == ("2.74.7-689.amzn2023.0.2", "2.82.2-764.amzn2023")
    added = build.keys() - runtime.keys()
    assert {"gcc", "gcc-c++", "make", "kernel-headers", "glibc-devel", "openssl-fips-provider-latest"} <= added
    assert (len(runtime), len(build), len(added)) == (131, 194, 63)


def test_the_same_base_adds_packages_and_changes_none(images: Path, tmp_path: Path) -> None:
    runtime = packages(merged(images / "lambda/nodejs", "20"), tmp_path / "runtime")
    build = packages(merged(images / "sam/build-nodejs20.x", "1.127.0"), tmp_path / "build")
    assert runtime.items() < build.items()


def test_the_upgraded_build_has_the_packages_of_the_drifted_one(images: Path, tmp_path: Path) -> None:
    upgraded = merged(images / "sam/build-nodejs20.x", "upgraded")
    drifted = merged(images / "sam/build-nodejs20.x", "latest")
    assert packages(upgraded, tmp_path / "upgraded") == packages(drifted, tmp_path / "drifted")
    libraries = [{path for path in files if path.startswith("usr/")} for files in (upgraded, drifted)]
    assert libraries[0] == libraries[1]
    assert "usr/lib64/libglib-2.0.so.0.7400.7" not in upgraded
    assert upgraded["usr/lib64/libglib-2.0.so.0"][0].linkname == "libglib-2.0.so.0.8200.2"


@pytest.mark.parametrize("suffix", ["x86_64", "arm64"])
@pytest.mark.parametrize(
    ("name", "tag"),
    [("lambda/nodejs", "20"), ("sam/build-python3.12", "latest"), ("sam/build-python3.11", "latest")],
)
def test_packages_and_files_agree_and_miss_nothing(
    images: Path, name: str, tag: str, suffix: str, tmp_path: Path
) -> None:
    """What rpm would have refused: a requirement nothing provides; a library that is not what its package says."""
    files = merged(images / name, tag, suffix)
    provided = {line.split()[0] for line in rpm(files, tmp_path / "db", "-qa", "--provides")}
    required = set(rpm(files, tmp_path / "db", "-qa", "--requires"))
    assert {line.split()[0] for line in required} <= provided
    owned = {path.removeprefix("/") for path in rpm(files, tmp_path / "db", "-qa", "--qf", "[%{FILENAMES}\\n]")}
    assert owned <= files.keys()
    assert readelf_provides(files, tmp_path) == {one for one in provided if one.endswith("(64bit)")}


def closure(requires: dict[str, set[str]], providers: dict[str, set[str]], roots: set[str]) -> set[str]:
    """Names of the packages that these packages need, themselves included."""
    found, waiting = set(roots), list(roots)
    while waiting:
        for capability in requires[waiting.pop()]:
            new = providers[capability] - found
            found |= new
            waiting += new
    return found


def test_only_package_managers_need_glib_and_libmagic(images: Path, tmp_path: Path) -> None:
    """As in AWS's images: take away what only they need, and these libraries are gone."""
    files = merged(images / "lambda/nodejs", "20")
    requires: dict[str, set[str]] = {}
    providers: dict[str, set[str]] = {}
    for line in rpm(files, tmp_path / "db", "-qa", "--qf", "[%{=NAME} %{REQUIRENAME}\n]%{NAME} -\n"):
        name, capability = line.split()
        requires.setdefault(name, set()).update({capability} - {"-"})
    for line in rpm(files, tmp_path / "db", "-qa", "--qf", "[%{=NAME} %{PROVIDENAME}\n]"):
        name, capability = line.split()
        providers.setdefault(capability, set()).add(name)
    managers = {"dnf", "microdnf", "yum", "rpm", "gnupg2-minimal"}
    theirs = closure(requires, providers, managers)
    rest = closure(requires, providers, set(requires) - theirs)
    only = theirs - rest
    assert {"glib2", "file-libs", "gpgme", "libdnf", "microdnf"} <= only
    assert not only & {"glibc", "openssl-libs", "zlib", "libcurl-minimal", "krb5-libs", "expat", "libffi"}


@pytest.mark.parametrize(
    ("name", "tag", "shadowed"),
    [
        ("lambda/nodejs", "20", {"libcrypto.so.3", "libssl.so.3"}),
        ("lambda/python", "3.12", {"libcrypto.so.3", "libssl.so.3", "libstdc++.so.6"}),
        ("lambda/python", "3.11", set()),
    ],
)
def test_libraries_of_the_interpreter_shadow_those_of_the_system(
    images: Path, name: str, tag: str, shadowed: set[str], tmp_path: Path
) -> None:
    files = merged(images / name, tag)
    own = {path.rpartition("/")[2] for path in files if path.startswith("var/lang/lib/")}
    assert {soname for soname in own if f"usr/lib64/{soname}" in files} == shadowed
    owned = rpm(files, tmp_path / "db", "-qa", "--qf", "[%{FILENAMES}\n]")
    assert not [path for path in owned if path.startswith("/var/lang")]


def test_a_library_that_was_compiled_over_the_packages_own(images: Path, tmp_path: Path) -> None:
    """Release and packages are those of the runtime, and yet the first library found offers more."""
    runtime = merged(images / "lambda/nodejs", "20")
    compiled = merged(images / "sam/build-nodejs20.x", "compiled")
    base = merged(images / "sam/build-nodejs20.x", "1.127.0")
    assert packages(compiled, tmp_path / "compiled") == packages(base, tmp_path / "base")
    assert runtime["usr/lib64/libstdc++.so.6"][0].linkname == "libstdc++.so.6.0.29"
    target = compiled["usr/lib64/libstdc++.so.6"][0].linkname
    assert b"GLIBCXX_3.4.33" in compiled[f"usr/lib64/{target}"][1]
    assert f"/usr/lib64/{target}" not in rpm(compiled, tmp_path / "compiled", "-qa", "--qf", "[%{FILENAMES}\n]")


@pytest.mark.parametrize(("name", "tag"), [("lambda/python", "3.11"), ("sam/build-python3.11", "latest")])
def test_amazon_linux_2_says_so_everywhere(images: Path, name: str, tag: str, tmp_path: Path) -> None:
    files = merged(images / name, tag)
    assert 'PRETTY_NAME="Amazon Linux 2"' in files["usr/lib/os-release"][1].decode().splitlines()
    assert files["etc/system-release"][1] == b"Amazon Linux release 2 (Karoo)\n"
    assert "var/lib/rpm/rpmdb.sqlite" not in files
    assert packages(files, tmp_path / "db")["glibc"].startswith("2.26-64.amzn2.0.")
    provided = rpm(files, tmp_path / "db", "-qa", "--provides")
    assert "libc.so.6(GLIBC_2.26)(64bit)" in provided
    assert "libc.so.6(GLIBC_2.27)(64bit)" not in provided


def readelf_provides(files: dict[str, tuple[tarfile.TarInfo, bytes]], folder: Path) -> set[str]:
    """The capabilities that rpm's dependency generator makes of the system's libraries."""
    objects = {p: c for p, (m, c) in files.items() if p.startswith("usr/lib64/") and c.startswith(b"\x7fELF")}
    for path, content in objects.items():
        (folder / path.rpartition("/")[2]).write_bytes(content)
    command = [require("readelf", "binutils"), "-dVW", *(path.rpartition("/")[2] for path in objects)]
    seen = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    found = set()
    for text in seen.stdout.split("\nFile: ")[1:]:
        (soname,) = re.findall(r"\(SONAME\) +Library soname: \[(.*)\]", text)
        versions = re.findall(r"Flags: none +Index: \d+ +Cnt: \d+ +Name: (\S+)", text)
        found |= {f"{soname}({version})(64bit)" for version in ("", *versions)}
    return found


def test_the_drift_has_a_symbol_version_that_the_runtime_lacks(images: Path, tmp_path: Path) -> None:
    wanted = "libstdc++.so.6(GLIBCXX_3.4.30)(64bit)"
    runtime = rpm(merged(images / "lambda/nodejs", "20"), tmp_path / "runtime", "-qa", "--provides")
    build = rpm(merged(images / "sam/build-nodejs20.x", "latest"), tmp_path / "build", "-qa", "--provides")
    assert (wanted in runtime, wanted in build) == (False, True)


def test_another_process_builds_the_same_bytes(images: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lambdaops_testbed.images", "--out", str(tmp_path / "again")]
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(rf"images: built in {re.escape(str(tmp_path / 'again'))} \(\d+\.\d s\)\n", done.stdout)
    assert tree(tmp_path / "again") == tree(images)


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_complete_folder_is_left_alone_and_a_stale_one_built_anew(
    images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (images / ".complete").stat().st_mtime_ns
    assert main(["--out", str(images)]) == 0
    assert "already there" in capsys.readouterr().out
    assert (images / ".complete").stat().st_mtime_ns == before
    (images / ".complete").write_text("an older catalog")
    (images / "lambda/nodejs/left-over").write_text("")
    assert main(["--out", str(images)]) == 0
    assert capsys.readouterr().out.startswith("images: built in")
    assert not (images / "lambda/nodejs/left-over").exists()
    assert {path.name for path in images.parent.iterdir()} == {"images", ".images.lock"}


def test_a_folder_with_other_things_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.odt").write_text("years of work")
    assert main(["--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        f"images: {tmp_path} holds other things than images: name a folder that is empty or not there.\n"
    )
    assert (tmp_path / "thesis.odt").read_text() == "years of work"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["--out", str(tmp_path / "file" / "images")]) == 1
    assert f"can't be written to {tmp_path}/file/images: " in capsys.readouterr().err


def test_the_folder_is_in_the_cache_unless_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAMBDAOPS_CACHE", str(tmp_path))
    assert main([]) == 0
    assert f"images: built in {tmp_path}/images (" in capsys.readouterr().out


def test_pushing_without_requests_says_what_to_install(
    images: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    monkeypatch.delitem(sys.modules, "lambdaops_testbed.images.push", raising=False)
    assert main(["--out", str(images), "--push", "http://127.0.0.1:1"]) == 1
    assert capsys.readouterr().err == "images: Pushing needs the Python package requests: install it with pip.\n"


def test_padding_makes_the_base_layer_that_big() -> None:
    """A mebibyte is 32 files of 32 KiB, of which one half compresses away."""
    made = runtime_image(NODE, RUNTIME, "x86_64", pad=2)
    base = json.loads(made.manifest)["layers"][0]
    assert 1 << 20 < base["size"] < 3 << 19
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(made.blobs[base["digest"]]))) as archive:
        assert sum(name.startswith("usr/share/padding/base/") for name in archive.getnames()) == 64
