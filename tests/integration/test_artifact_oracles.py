# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What we say of real packages against what becomes of them: imports and ldd in the runtime image, readelf, auditwheel.

With LAMBDAOPS_SAVE_VERDICTS=1 (`make verdicts`) docs/verdicts.md is written instead of compared.
"""

from __future__ import annotations

import os
import posixpath
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._artifact.artifact import Artifact as Checked
from ansible_collections.lambdaops.deploy.plugins.module_utils._artifact.artifact import check_artifact
from ansible_collections.lambdaops.deploy.plugins.module_utils._artifact.runtime import RuntimeImage
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import Cache
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.libraries import Library
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import PLATFORMS, parse_reference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.transports import Sources
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.variants import sort_out
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import FUNCTION_ROOT
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Finding, Problem, Verdict
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.loader import Loader, Opened
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.loading import Edge, loads
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.mounts import Mounts
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_artifact_check
from environments import uv_environ
from lambdaops_testbed.artifacts import inside, oracles, page
from lambdaops_testbed.artifacts.artifact import Artifact
from lambdaops_testbed.artifacts.node_packages import NODE
from lambdaops_testbed.artifacts.packages import Package, packages
from lambdaops_testbed.artifacts.python_packages import PYTHON
from lambdaops_testbed.artifacts.registries import npm_pin
from lambdaops_testbed.images.runtime_images import Debian, runtime_archive
from lambdaops_testbed.settings import CHECKOUT, read_settings

PAGE = CHECKOUT / "docs" / "verdicts.md"
SAVE = os.environ.get("LAMBDAOPS_SAVE_VERDICTS", "") not in ("", "0")
MACHINE = "x86_64"
ARTIFACTS = (*PYTHON, *NODE)
# What these say does not name what is missing.
SILENT = ("ended by signal", "Cannot find native binding")


@dataclass(frozen=True, slots=True)
class Case:
    """One package: what we say of it, and what it came to."""

    package: Package
    ours: Checked
    told: inside.Told

    @property
    def artifact(self) -> Artifact:
        return self.package.artifact

    @property
    def verdict(self) -> Verdict:
        return self.ours.checked.verdict

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.ours.checked.findings

    @property
    def elves(self) -> dict[Path, Any]:
        """Those of our natives that are ELF files, by their place in the folder."""
        (contents,) = self.ours.contents
        return {self.package.folder / native.name: native.elf for native in contents.natives if native.elf}

    @property
    def unfound(self) -> oracles.Unfound:
        return oracles.unfound(self.told.ldd)


@pytest.fixture(scope="module")
def built() -> list[Package]:
    return packages(read_settings(os.environ).cache, ARTIFACTS, uv_environ(Path(sys.executable)))


@pytest.fixture(scope="module")
def image() -> Iterator[Callable[[Debian], RuntimeImage]]:
    """Opens the runtime image from the very archive that the engine loads."""
    opened: dict[str, RuntimeImage] = {}
    transfer = Transfer()
    sources = Sources(transfer, mirrors={}, timeout=10)

    def open_(system: Debian) -> RuntimeImage:
        if system.release not in opened:
            reference = parse_reference(f"docker-archive:{archive(system)}")
            opened[system.release] = RuntimeImage(
                reference, PLATFORMS[MACHINE], sources=sources, cache=Cache(None), transfer=transfer
            )
        return opened[system.release]

    yield open_
    sources.close()


def archive(system: Debian) -> Path:
    return runtime_archive(read_settings(os.environ).cache, system)


@pytest.fixture(scope="module")
def cases(host: str, built: list[Package], image: Callable[[Debian], RuntimeImage]) -> list[Case]:
    told = inside.tell(host, read_settings(os.environ).cache, built)
    return [Case(one, checked(one.artifact, one.path, image), told[one.artifact.name]) for one in built]


@pytest.fixture(scope="module")
def layer_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("layers")


def checked(artifact: Artifact, path: Path, image: Callable[[Debian], RuntimeImage]) -> Checked:
    return check_artifact(str(path), [], image(artifact.system), runtime=artifact.runtime)


def test_verdicts_are_what_imports_come_to(cases: list[Case]) -> None:
    wrong = []
    for case in cases:
        expected = Verdict.BROKEN if case.told.words and not case.artifact.unseen else Verdict.LOADS
        expected = Verdict.UNKNOWN if case.artifact.unsure else expected
        if case.verdict is not expected:
            wrong.append((case.artifact.name, case.verdict, case.told.words, *case.findings[:3]))
    assert wrong == []
    assert [case.artifact.name for case in cases if case.artifact.unseen and not case.told.words] == []
    assert len(cases) >= 100


def test_findings_name_what_the_loader_and_the_interpreters_name(cases: list[Case]) -> None:
    silent = [
        (case.artifact.name, case.told.words, *case.findings)
        for case in cases
        if case.verdict is Verdict.BROKEN
        and not case.told.words.startswith(SILENT)
        and not any(names_of(finding) & tokens(case.told.words) for finding in case.findings)
    ]
    assert silent == []


def names_of(finding: Finding) -> set[str]:
    """What a finding is about, as loaders and interpreters call it: library, version, file, module, or package."""
    base = finding.file.rpartition("/")[2]
    return tokens(" ".join((finding.library, finding.version, base, base.partition(".")[0], finding.component)))


def tokens(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_][\w.+-]*\w", text)) | set(re.findall(r"\w{3,}", text))


def test_libraries_and_versions_are_missing_where_ldd_misses_them(cases: list[Case]) -> None:
    wrong = []
    for case in cases:
        theirs = case.unfound
        libraries = {f.library for f in case.findings if f.problem is Problem.LIBRARY}
        elsewhere = {f.library for f in case.findings if f.problem is Problem.SEARCH}
        versions = {(f.library, f.version) for f in case.findings if f.problem is Problem.VERSION}
        if not libraries <= theirs.libraries <= libraries | elsewhere or versions != theirs.versions:
            wrong.append((case.artifact.name, libraries, elsewhere, versions, theirs))
    assert wrong == []


def test_libraries_are_found_where_ldd_finds_them(cases: list[Case]) -> None:
    """Of every file that is opened by itself, all that comes with it. ldd tells the loader itself in another way."""
    compared = 0
    for case in cases:
        target, contents = case.ours.target, case.ours.contents
        fitting = sort_out(contents, target).fitting
        for load in loads(fitting, Loader(Mounts(contents), target), target):
            theirs = oracles.found(case.told.ldd[load.root.place])
            ours = {edge.name: place_of(edge) for edge in load.edges if not edge.name.startswith("ld-linux")}
            found = {name: place for name, place in ours.items() if place}
            assert found == {name: theirs.get(name) for name in found}, (case.artifact.name, load.root.place)
            compared += len(found)
    assert compared >= 600


def place_of(edge: Edge) -> str:
    """ "" for what is not found."""
    return posixpath.normpath(f"{edge.hit.directory}/{edge.name}") if isinstance(edge.hit, Library | Opened) else ""


def test_a_folder_and_a_zip_of_it_are_judged_alike(cases: list[Case], image: Callable[[Debian], RuntimeImage]) -> None:
    zipped = [case for case in cases if case.package.path.is_file()]
    for case in zipped:
        again = checked(case.artifact, case.package.folder, image).checked
        # A hint has the path of a folder, into which packages can be installed.
        named = shlex.quote(str(case.package.folder))
        findings = tuple(replace(f, hint=f.hint.replace(named, "<the folder that you pack>")) for f in again.findings)
        assert (findings, again.natives, again.fit) == (
            case.findings,
            case.ours.checked.natives,
            case.ours.checked.fit,
        ), case.artifact.name
    assert len(zipped) >= 50


def test_every_elf_file_is_found(cases: list[Case]) -> None:
    """Whether its name promises one or not. The probe goes by the first four bytes."""
    for case in cases:
        (contents,) = case.ours.contents
        places = {f"{FUNCTION_ROOT}/{n.name}" for n in contents.natives if n.format == "ELF"}
        assert places == case.told.ldd.keys(), case.artifact.name


def test_every_elf_file_is_read_as_readelf_and_auditwheel_read_it(cases: list[Case]) -> None:
    ours = {}
    for case in cases:
        if case.artifact.name != "wrapt without section headers":  # by which both of them go
            ours |= case.elves
    assert {path: dynamic(elf) for path, elf in ours.items()} == oracles.readelf(ours)
    for path, elf in ours.items():
        versions = {(n.library, n.version) for n in elf.needs if not n.library.startswith("ld-linux")}
        assert versions == oracles.auditwheel(path), path
    assert len(ours) >= 400


def dynamic(elf: Any) -> oracles.Dynamic:
    needs = frozenset((need.library, need.version, need.weak) for need in elf.needs)
    return oracles.Dynamic(elf.needed, elf.soname, elf.rpath, elf.runpath, needs)


def test_a_file_without_section_headers_is_read_as_with_them(cases: list[Case]) -> None:
    whole, shrunk = [
        dynamic(elf)
        for name in ("wrapt", "wrapt without section headers")
        for case in cases
        if case.artifact.name == name
        for elf in case.elves.values()
    ]
    assert whole == shrunk


@pytest.mark.parametrize(
    "name",
    [
        "numpy",
        "psycopg2-binary",
        "pillow without pillow.libs",
        "bcrypt for glibc 2.34",
        "cryptography for arm64",
        "orjson for Python 3.12",
        "sharp",
        "sharp without libvips",
        "bcrypt from npm",
        "node-pty, built for Mac and Windows only",
    ],
)
def test_the_module_says_the_same(run_module: Any, cases: list[Case], name: str, layer_cache: Path) -> None:
    (case,) = [case for case in cases if case.artifact.name == name]
    result = run_module(
        lambda_artifact_check,
        path=str(case.package.path),
        runtime=case.artifact.runtime,
        runtime_image=f"docker-archive:{archive(case.artifact.system)}",
        cache_dir=str(layer_cache),
    )
    assert result.get("failed", False) is bool(case.told.words)
    assert result["verdict"] == case.verdict.value
    assert [finding["message"] for finding in result["findings"]] == [finding.message for finding in case.findings]


def test_the_page_of_verdicts_is_up_to_date(cases: list[Case]) -> None:
    rows = page.in_sections(map(row, cases))
    if SAVE:
        PAGE.write_text(page.page(rows))
    assert page.decided(PAGE.read_text()) == [one.decided for one in rows], "run `make verdicts`"


def row(case: Case) -> page.Row:
    artifact, theirs = case.artifact, case.unfound
    first = next((finding for finding in case.findings if finding.verdict is not Verdict.LOADS), None)
    asked = any("=>" in said for said in case.told.ldd.values())
    lacking = sorted(theirs.libraries) + [f"{version} of {library}" for library, version in sorted(theirs.versions)]
    versions = [n.version for elf in case.elves.values() if elf.machine == MACHINE for n in elf.needs]
    newest = [oracles.newest(versions, family) for family in ("GLIBC", "GLIBCXX")]
    return page.Row(
        name=artifact.name,
        made_of=made_of(case.package),
        section="unseen" if artifact.unseen else case.verdict.value,
        verdict=case.verdict.value,
        why=first.message.replace(first.file, posixpath.basename(first.file)) if first else "",
        words=shortened(case.told.words),
        unfound=lacking or (["all found"] if asked else []),
        newest=[name for name in newest if name],
        remark=artifact.unseen or artifact.unsure,
    )


def made_of(package: Package) -> str:
    """The wheel that it is about with its tag, or the npm packages that have natives; all others only stand by."""
    artifact = package.artifact
    if artifact.wheels:
        project = artifact.wheels[0].partition("==")[0].replace("-", "_")
        (wheel,) = package.folder.glob(f"{project}-*.dist-info/WHEEL")
        version = wheel.parent.name.removesuffix(".dist-info").rpartition("-")[2]
        return f"{version}, {next(re.finditer('^Tag: (.*)$', wheel.read_text(), re.MULTILINE))[1]}"
    pinned = [npm_pin(name).split()[0].rpartition("@") for name in artifact.npm]
    binary = [pin for pin in pinned[1:] if re.search(r"linux|darwin|win32", pin[0])]
    return ", ".join([pinned[0][2], *(f"{name} {version}" for name, _at, version in binary)])


def shortened(words: str) -> str:
    return re.split(r" (?:Require stack|Possible solutions|loaded from|npm has a bug|Please )", words)[0]
