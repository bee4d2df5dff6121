# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The search and the verdicts against the loader of this machine: small packages with every way to find a library.

Each file that is opened by itself is opened with a real dlopen in a process of its own. Whether that works, and which
files it brings in, has to be what was said before. The "image" is this machine and one directory more.
"""

from __future__ import annotations

import os
import platform
import re
import struct
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._artifact.check import check
from ansible_collections.lambdaops.deploy.plugins.module_utils._elf.elf import read_elf
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.libraries import Library, LibraryFacts
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.variants import sort_out
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import Contents, Native
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Problem, Verdict, verdict_of
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.judge import judge
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.loader import Loader, Opened
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.loading import Load, loads
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.mounts import Mounts
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.reading import read_contents
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.target import Target
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lambdaops_testbed.debian import require
from lambdaops_testbed.images import elf
from lambdaops_testbed.images.elf import Import, SharedObject
from lambdaops_testbed.images.elf_file import Machine

LINKED = ("libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1")
GLIBC = "GLIBC_2.17"  # every machine's C library has it
HERE = Machine.AARCH64 if platform.machine() == "aarch64" else Machine.X86_64
OTHER = next(machine for machine in Machine if machine is not HERE)
LOADS, BROKEN, UNKNOWN = Verdict.LOADS, Verdict.BROKEN, Verdict.UNKNOWN
OPENS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
static int say(struct dl_phdr_info *info, size_t size, void *unused) {
  printf("loaded %s\n", info->dlpi_name);
  return 0;
}
int main(int count, char **files) {
  for (int n = 1; n < count; n++)
    if (!dlopen(files[n], RTLD_NOW)) printf("error %s\n", dlerror());
  dl_iterate_phdr(say, 0);
}
"""


def so(soname: str | None = None, *needed: str, **more: object) -> SharedObject:
    return SharedObject(HERE, soname, needed, **more)  # type: ignore[arg-type]


def wants(library: str, *versions: str, **more: object) -> SharedObject:
    return so(None, library, imports=tuple(Import(library, version) for version in versions), **more)


@dataclass(frozen=True)
class Link:
    target: str


@dataclass(frozen=True)
class Case:
    """files: below the function's directory; image: of the directory that stands for the image's. {task}, {image} and
    {layer} in texts stand for directories. preloaded: files that code opens before, so that `unknown` loads."""

    expected: Verdict
    files: Mapping[str, SharedObject | bytes | Link]
    image: Mapping[str, SharedObject] = field(default_factory=dict)
    layer: Mapping[str, SharedObject | bytes | Link] = field(default_factory=dict)
    problem: Problem | None = None
    about: str = ""  # the libraries and the versions of the findings, as `library version, library`
    preloaded: Sequence[str] = ()


MISSING, VERSION, SEARCH = Problem.LIBRARY, Problem.VERSION, Problem.SEARCH
A, B, C = "liba.so.1", "libb.so.1", "libc1.so.1"
NARROW = (
    b"\x7fELF\x01\x01\x01"
    + bytes(9)
    + struct.pack("<HHIIIIIHHHHHH", 3, 3, 1, 0, 52, 0, 0, 52, 32, 0, 40, 0, 0)
    + bytes(64)
)

CASES = {
    "nothing is needed": Case(LOADS, {"m.so": so()}),
    "the image has it": Case(LOADS, {"m.so": so(None, "libc.so.6", "libm.so.6")}),
    "nobody has it": Case(BROKEN, {"m.so": so(None, A)}, problem=MISSING, about=A),
    "RUNPATH": Case(LOADS, {"x/m.so": so(None, A, runpath="$ORIGIN/../libs"), f"libs/{A}": so(A)}),
    "RPATH": Case(LOADS, {"x/m.so": so(None, A, rpath="$ORIGIN/../libs"), f"libs/{A}": so(A)}),
    "braces": Case(LOADS, {"x/m.so": so(None, A, rpath="${ORIGIN}/libs"), f"x/libs/{A}": so(A)}),
    "a longer name is no token": Case(
        UNKNOWN, {"m.so": so(None, A, rpath="$ORIGINS"), A: so(A)}, problem=SEARCH, about=A, preloaded=[A]
    ),
    "an absolute RUNPATH": Case(LOADS, {"x/m.so": so(None, A, runpath="{task}/libs"), f"libs/{A}": so(A)}),
    "RPATH is inherited": Case(
        LOADS, {"m.so": so(None, A, rpath="$ORIGIN/l"), f"l/{A}": so(A, B), f"l/{B}": so(B, C), f"l/{C}": so(C)}
    ),
    "RUNPATH is not": Case(
        UNKNOWN,
        {"m.so": so(None, A, runpath="$ORIGIN/l"), f"l/{A}": so(A, B), f"l/{B}": so(B)},
        problem=SEARCH,
        about=B,
        preloaded=[f"l/{B}"],
    ),
    "RPATH beside RUNPATH is ignored": Case(
        UNKNOWN,
        {"m.so": so(None, A, rpath="$ORIGIN/l", runpath="$ORIGIN/no"), f"l/{A}": so(A)},
        problem=SEARCH,
        about=A,
        preloaded=[f"l/{A}"],
    ),
    "nor is it inherited": Case(
        UNKNOWN,
        {
            "m.so": so(None, A, rpath="$ORIGIN/l", runpath="$ORIGIN/x"),
            f"x/{A}": so(A, B),
            f"l/{B}": so(B),
        },
        problem=SEARCH,
        about=B,
        preloaded=[f"l/{B}"],
    ),
    "RUNPATH keeps the RPATH of others away": Case(
        UNKNOWN,
        {"m.so": so(None, A, rpath="$ORIGIN/l"), f"l/{A}": so(A, B, runpath="$ORIGIN/no"), f"l/{B}": so(B)},
        problem=SEARCH,
        about=B,
        preloaded=[f"l/{B}"],
    ),
    "but not from what it loads": Case(
        LOADS,
        {
            "m.so": so(None, A, rpath="$ORIGIN/l"),
            f"l/{A}": so(A, B, runpath="$ORIGIN/x"),
            f"l/x/{B}": so(B, C),
            f"l/{C}": so(C),
        },
    ),
    "loaded before by its neighbour": Case(
        LOADS, {"m.so": so(None, B, A, runpath="$ORIGIN/l"), f"l/{A}": so(A, B), f"l/{B}": so(B)}
    ),
    "loaded before although named later": Case(
        LOADS, {"m.so": so(None, A, B, runpath="$ORIGIN/l"), f"l/{A}": so(A, B), f"l/{B}": so(B)}
    ),
    "loaded before under another name than its soname": Case(
        LOADS,
        {
            "m.so": so(None, "liba.so", "libd.so.1", runpath="$ORIGIN/l"),
            "l/liba.so": so(A),
            "l/libd.so.1": so("libd.so.1", A),
        },
    ),
    "loaded before under another name than its soname, which it lacks": Case(
        BROKEN,
        {
            "m.so": so(None, "liba.so", "libd.so.1", runpath="$ORIGIN/l"),
            "l/liba.so": so(),
            "l/libd.so.1": so("libd.so.1", A),
        },
        problem=MISSING,
        about=A,
    ),
    "loaded too late": Case(
        UNKNOWN,
        {
            "m.so": so(None, A, "libd.so.1", runpath="$ORIGIN/l"),
            f"l/{A}": so(A, B),
            "l/libd.so.1": so("libd.so.1", C, runpath="$ORIGIN"),
            f"l/{C}": so(C),
            f"l/{B}": so(B),
        },
        problem=SEARCH,
        about=B,
        preloaded=[f"l/{B}"],
    ),
    "loaded a level too deep": Case(
        LOADS,  # with a warning: m.so brings libb along only after liba has asked for it
        {
            "m.so": so(None, A, "libd.so.1", runpath="$ORIGIN/l"),
            f"l/{A}": so(A, B),
            "l/libd.so.1": so("libd.so.1", B, runpath="$ORIGIN"),
            f"l/{B}": so(B),
            "other.so": so(None, B, runpath="$ORIGIN/l"),
        },
        problem=SEARCH,
        about=B,
        preloaded=["other.so"],
    ),
    "loaded a level above": Case(
        LOADS,
        {
            "m.so": so(None, "libd.so.1", A, runpath="$ORIGIN/l"),
            f"l/{A}": so(A, B),
            "l/libd.so.1": so("libd.so.1", B, runpath="$ORIGIN"),
            f"l/{B}": so(B),
        },
    ),
    "LD_LIBRARY_PATH": Case(LOADS, {"m.so": so(None, A), f"lib/{A}": so(A)}),
    "LD_LIBRARY_PATH of a layer": Case(LOADS, {"m.so": so(None, A)}, layer={f"lib/{A}": so(A)}),
    "the function's directory comes before the layer's": Case(
        LOADS,
        {"m.so": wants(A, "A_2"), f"lib/{A}": so(A, defines=("A_2",))},
        layer={f"lib/{A}": so(A, defines=("A_1",))},
    ),
    "the image's directory comes before the package's": Case(
        BROKEN,
        {"m.so": wants(A, "A_2"), f"lib/{A}": so(A, defines=("A_1", "A_2"))},
        {A: so(A, defines=("A_1",))},
        problem=VERSION,
        about=f"{A} A_2",
    ),
    "RUNPATH does not change that": Case(
        BROKEN,
        {"m.so": wants(A, "A_2", runpath="$ORIGIN/lib"), f"lib/{A}": so(A, defines=("A_1", "A_2"))},
        {A: so(A, defines=("A_1",))},
        problem=VERSION,
        about=f"{A} A_2",
    ),
    "RPATH does": Case(
        LOADS,
        {"m.so": wants(A, "A_2", rpath="$ORIGIN/lib"), f"lib/{A}": so(A, defines=("A_1", "A_2"))},
        {A: so(A, defines=("A_1",))},
    ),
    "RPATH into the image": Case(LOADS, {"m.so": so(None, A, rpath="{image}")}, {A: so(A)}),
    "a soname's link": Case(
        LOADS, {"m.so": so(None, A, rpath="$ORIGIN"), "liba.so.1.2": so(A), A: Link("liba.so.1.2")}
    ),
    "a link to nowhere": Case(BROKEN, {"m.so": so(None, A, rpath="$ORIGIN"), A: Link("no")}, problem=MISSING, about=A),
    "links in a circle": Case(
        BROKEN, {"m.so": so(None, A, rpath="$ORIGIN"), A: Link(B), B: Link(A)}, problem=MISSING, about=A
    ),
    "a link to a directory": Case(LOADS, {"m.so": so(None, A, rpath="$ORIGIN/l"), "l": Link("x/y"), f"x/y/{A}": so(A)}),
    "a link out of the package": Case(
        LOADS, {"m.so": so(None, A, rpath="$ORIGIN"), A: Link("{image}/" + A)}, {A: so(A)}
    ),
    "$ORIGIN is where a link was, not where it led": Case(
        LOADS,
        {
            "m.so": so(None, A, runpath="$ORIGIN/x"),
            f"x/{A}": Link(f"../y/{A}"),
            f"y/{A}": so(A, B, runpath="$ORIGIN"),
            f"x/{B}": so(B),
        },
    ),
    "what is beside the link's target is not found": Case(
        UNKNOWN,
        {
            "m.so": so(None, A, runpath="$ORIGIN/x"),
            f"x/{A}": Link(f"../y/{A}"),
            f"y/{A}": so(A, B, runpath="$ORIGIN"),
            f"y/{B}": so(B),
        },
        problem=SEARCH,
        about=B,
        preloaded=[f"y/{B}"],
    ),
    "up from a link's target": Case(
        LOADS, {"m.so": so(None, A, rpath="$ORIGIN/l/../z"), "l": Link("x/y"), "x/y/f": b"", f"x/z/{A}": so(A)}
    ),
    "up from a directory that does not exist": Case(
        UNKNOWN,
        {"m.so": so(None, A, rpath="$ORIGIN/no/../z"), f"z/{A}": so(A)},
        problem=SEARCH,
        about=A,
        preloaded=[f"z/{A}"],
    ),
    "another machine's is passed over": Case(
        LOADS,
        {"m.so": so(None, A, rpath="$ORIGIN/x:$ORIGIN/y"), f"x/{A}": SharedObject(OTHER, A), f"y/{A}": so(A)},
    ),
    "a 32-bit one is passed over": Case(
        LOADS, {"m.so": so(None, A, rpath="$ORIGIN/x:$ORIGIN/y"), f"x/{A}": NARROW, f"y/{A}": so(A)}
    ),
    "another machine's alone": Case(
        BROKEN, {"m.so": so(None, A, rpath="$ORIGIN/x"), f"x/{A}": SharedObject(OTHER, A)}, about=A
    ),
    "a text in the way": Case(
        BROKEN,
        {"m.so": so(None, A, rpath="$ORIGIN/x:$ORIGIN/y"), f"x/{A}": b"version https://git-lfs\n" * 9, f"y/{A}": so(A)},
        problem=MISSING,
        about=A,
    ),
    "an empty file in the way": Case(
        BROKEN,
        {"m.so": so(None, A, rpath="$ORIGIN/x:$ORIGIN/y"), f"x/{A}": b"", f"y/{A}": so(A)},
        problem=MISSING,
        about=A,
    ),
    "a circle": Case(LOADS, {A: so(A, B, runpath="$ORIGIN"), B: so(B, A, runpath="$ORIGIN")}),
    "itself": Case(LOADS, {A: so(A, A)}),
    "a version that is there": Case(LOADS, {"m.so": wants(A, "A_1"), f"lib/{A}": so(A, defines=("A_1", "A_2"))}),
    "a version that is not": Case(
        BROKEN, {"m.so": wants(A, "A_3"), f"lib/{A}": so(A, defines=("A_1", "A_2"))}, problem=VERSION, about=f"{A} A_3"
    ),
    "a version that the image lacks": Case(
        BROKEN, {"m.so": wants("libc.so.6", "GLIBC_9.9")}, problem=VERSION, about="libc.so.6 GLIBC_9.9"
    ),
    "a weak version": Case(
        LOADS, {"m.so": so(None, A, imports=(Import(A, "A_3", weak=True),)), f"lib/{A}": so(A, defines=("A_1",))}
    ),
    "a library without versions of its own": Case(
        LOADS,
        {"m.so": wants(A, "A_3"), f"lib/{A}": replace(wants("libc.so.6", GLIBC), soname=A)},
        problem=VERSION,
        about=A,
    ),
    "a library further down lacks a version": Case(
        BROKEN,
        {"m.so": so(None, A), f"lib/{A}": replace(wants(B, "B_2"), soname=A), f"lib/{B}": so(B, defines=("B_1",))},
        problem=VERSION,
        about=f"{B} B_2",
    ),
    "a name with a slash": Case(LOADS, {"x/m.so": so(None, f"libs/{A}"), f"libs/{A}": so(A)}),
    "a name with $ORIGIN": Case(LOADS, {"x/m.so": so(None, f"$ORIGIN/libs/{A}"), f"x/libs/{A}": so(A)}),
    "a name with a slash that is nowhere": Case(
        BROKEN, {"m.so": so(None, f"libs/{A}")}, problem=MISSING, about=f"libs/{A}"
    ),
    "a relative RPATH": Case(LOADS, {"x/m.so": so(None, A, rpath="libs"), f"libs/{A}": so(A)}),
    "an empty entry": Case(LOADS, {"x/m.so": so(None, A, rpath="/no::/no"), A: so(A)}),
    "a slash too many": Case(LOADS, {"x/m.so": so(None, A, rpath="$ORIGIN//../libs/"), f"libs/{A}": so(A)}),
    "elsewhere, and another file brings it": Case(
        LOADS,
        {"m.so": so(None, A), "n.so": so(None, A, rpath="$ORIGIN/x"), f"x/{A}": so(A)},
        problem=SEARCH,
        about=A,
        preloaded=["n.so"],
    ),
    "elsewhere, and only code can bring it": Case(
        UNKNOWN, {"m.so": so(None, A), f"x/{A}": so(A)}, problem=SEARCH, about=A, preloaded=[f"x/{A}"]
    ),
    "elsewhere, without a soname": Case(
        BROKEN, {"m.so": so(None, A), f"x/{A}": so()}, problem=MISSING, about=A, preloaded=[f"x/{A}"]
    ),
    "elsewhere, without a soname, and another file brings it": Case(
        LOADS,
        {"m.so": so(None, A), "n.so": so(None, A, rpath="$ORIGIN/x"), f"x/{A}": so()},
        problem=SEARCH,
        about=A,
        preloaded=["n.so"],
    ),
    "elsewhere, and too old": Case(
        BROKEN, {"m.so": wants(A, "A_2"), f"x/{A}": so(A, defines=("A_1",))}, about=f"{A}, {A} A_2"
    ),
    "versions of what is not needed": Case(
        BROKEN, {"m.so": so(None, imports=(Import(A, "A_1"),))}, problem=VERSION, about=A
    ),
}


@dataclass(frozen=True)
class Place:
    """A function's directory, a layer's, and one of the image; opens: the program that opens files."""

    opens: Path
    task: Path
    layer: Path
    image: Path
    libraries: Sequence[Library]

    def put(self, case: Case) -> None:
        for folder, files in ((self.task, case.files), (self.image, case.image), (self.layer, case.layer)):
            folder.mkdir(parents=True)
            for name, what in files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                match what:
                    case Link(target):
                        path.symlink_to(self.filled(target))
                    case bytes():
                        path.write_bytes(what)
                    case _:
                        here = {"rpath": self.filled(what.rpath), "runpath": self.filled(what.runpath)}
                        path.write_bytes(elf.write(replace(what, **here)))

    def filled(self, text: str | None) -> str | None:
        return text and text.replace("{task}", str(self.task)).replace("{image}", str(self.image))

    @property
    def library_path(self) -> tuple[str, ...]:
        """As Lambda's: directories of the image, then the package's, then the layers'."""
        return str(self.image), str(self.task / "lib"), str(self.layer / "lib")

    @property
    def target(self) -> Target:
        own = [library(path) for path in self.image.iterdir()]
        facts = LibraryFacts((*own, *self.libraries), (str(self.image), *_folders(self.libraries)), (), ())
        return Target(platform.machine(), "", "this machine", "", self.library_path, facts)

    @property
    def contents(self) -> list[Contents]:
        """m.so is the one that an interpreter would load."""
        read = (read_contents(str(root), str(root)) for root in (self.task, self.layer) if any(root.iterdir()))
        return [replace(one, natives=tuple(map(_extension, one.natives))) for one in read]

    def open(self, *files: str) -> tuple[list[str], set[str]]:
        """What the loader says is wrong, and the files of ours that it has loaded."""
        environment = {"LD_LIBRARY_PATH": ":".join(self.library_path), "PATH": os.environ["PATH"]}
        command = [str(self.opens), *(str(self.task / file) for file in files)]
        done = subprocess.run(command, cwd=self.task, env=environment, capture_output=True, text=True, timeout=60)
        errors = re.findall("^error (.*)", done.stdout, re.MULTILINE)
        if done.returncode:
            errors.append(done.stderr)
        paths = {os.path.realpath(self.task / path) for path in re.findall("^loaded (.+)", done.stdout, re.MULTILINE)}
        return errors, {path for path in paths if path.startswith(f"{self.task.parent}/") and os.path.exists(path)}


def _extension(native: Native) -> Native:
    return native._replace(entry_points=frozenset({"PyInit_m"})) if native.name == "m.so" else native


def library(path: Path) -> Library:
    found = read_elf(path.read_bytes(), str(path))
    return Library(path.name, str(path.resolve())[1:], found.defines, "", str(path.parent))


def _folders(libraries: Iterable[Library]) -> list[str]:
    return list(dict.fromkeys(library.directory for library in libraries))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The libraries of this machine are those of its ld.so.cache."""
    folder = tmp_path_factory.mktemp("loader")
    (folder / "opens.c").write_text(OPENS)
    command = [str(require("gcc", "gcc")), "-o", str(folder / "opens"), str(folder / "opens.c"), "-ldl"]
    subprocess.run(command, check=True, timeout=60)
    listed = subprocess.run(
        [str(require("ldconfig", "libc-bin")), "-p"], check=True, capture_output=True, text=True, timeout=60
    )
    first: dict[str, Library] = {}
    for name, path in re.findall(r"^\s*(\S+) \(libc6,(?:x86-64|AArch64).*\) => (.*)", listed.stdout, re.MULTILINE):
        if name in LINKED and name not in first:
            first[name] = library(Path(path))
    return Place(folder / "opens", Path(), Path(), Path(), tuple(first.values()))


@pytest.fixture
def here(place: Place, tmp_path: Path) -> Place:
    return replace(place, task=tmp_path / "task", layer=tmp_path / "layer", image=tmp_path / "image")


def followed(here: Place) -> tuple[list[Load], Loader, Target, list[Contents]]:
    contents, target = here.contents, here.target
    loader = Loader(Mounts(contents), target)
    return list(loads(sort_out(contents, target).fitting, loader, target)), loader, target, contents


def said(load: Load, loader: Loader, target: Target) -> tuple[bool, set[str]]:
    """Whether one file can be opened alone, and what it brings in of ours."""
    files = {id(edge.hit.native): edge.hit.native for edge in load.edges if isinstance(edge.hit, Opened)}
    findings = judge([load.root, *files.values()], [load], loader, target).findings
    alone = all(finding.verdict is LOADS for finding in findings)
    images = [edge.hit for edge in load.edges if isinstance(edge.hit, Library)]
    mine = {os.path.realpath(f"/{library.path}") for library in images if "image" in library.directory}
    return alone, {os.path.realpath(file.place) for file in (load.root, *files.values())} | mine


def name_of(path: str, here: Place) -> str:
    return os.path.relpath(path, here.task)


@pytest.mark.parametrize("name", CASES)
def test_the_loader_agrees(name: str, here: Place) -> None:
    case = CASES[name]
    here.put(case)
    found, loader, target, contents = followed(here)
    judged = judge(sort_out(contents, target).fitting, found, loader, target).findings
    assert verdict_of(judged) is case.expected, judged
    about = case.about.split(", ") if case.about else []
    assert sorted(f"{f.library} {f.version}".strip() for f in judged) == sorted(about)
    assert not case.problem or judged[0].problem is case.problem
    assert found
    failed = []
    for load in found:
        errors, files = here.open(name_of(load.root.place, here))
        alone, expected = said(load, loader, target)
        assert alone is not bool(errors), (load.root.name, errors)
        assert errors or files == expected
        failed += errors
    if case.expected is BROKEN:
        assert all(word in failed[0] for word in about[0].split()) or "dl-version.c" in failed[0], failed
    if case.preloaded:
        errors, _files = here.open(*case.preloaded, *(name_of(load.root.place, here) for load in found))
        assert bool(errors) is (case.expected is BROKEN)


NAMES = [f"lib{letter}.so.1" for letter in "abcde"]
PLACES = ["", "lib", "x", "x/y"]
PATHS = ["$ORIGIN", "$ORIGIN/..", "$ORIGIN/y:$ORIGIN/x", "${ORIGIN}/../lib", "x", "{task}/x/y:{image}", ":/no", None]


@st.composite
def packages(draw: st.DrawFn) -> Case:
    def library(name: str) -> SharedObject:
        needed = draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True))
        wanted = draw(st.lists(st.sampled_from(needed), max_size=2, unique=True)) if needed else []
        return so(
            draw(st.sampled_from([name, name, name, None, NAMES[0]])),
            *needed,
            defines=draw(st.sampled_from([("V_1", "V_2"), ("V_1", "V_2"), ("V_1",), ("V_2",)])),
            imports=tuple(
                Import(library, draw(st.sampled_from(["V_1", "V_2"])), weak=draw(st.booleans())) for library in wanted
            ),
            rpath=draw(st.sampled_from(PATHS)),
            runpath=draw(st.sampled_from([*[None] * 16, *PATHS])),
        )

    spots = draw(
        st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(NAMES)), min_size=3, max_size=9, unique=True)
    )
    files = {os.path.join(place, name): library(name) for place, name in spots}
    odd = draw(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(NAMES)), max_size=2, unique=True))
    for place, name in odd:
        what = draw(st.sampled_from([SharedObject(OTHER, name), b"", Link("liba.so.1"), Link("x/libb.so.1")]))
        files.setdefault(os.path.join(place, name), what)
    image = draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True))
    return Case(LOADS, files, {name: so(name, defines=("V_1",)) for name in image})


@settings(max_examples=80, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(packages())
def test_the_loader_agrees_on_any_package(place: Place, tmp_path_factory: pytest.TempPathFactory, case: Case) -> None:
    """Each file opened alone, whatever else would bring it along."""
    folder = tmp_path_factory.mktemp("any")
    here = replace(place, task=folder / "task", layer=folder / "layer", image=folder / "image")
    here.put(case)
    contents, target = here.contents, here.target
    loader = Loader(Mounts(contents), target)
    for native in sort_out(contents, target).fitting:
        (load,) = loads([native], loader, target)
        errors, files = here.open(name_of(native.place, here))
        alone, expected = said(load, loader, target)
        assert alone is not bool(errors), (native.name, errors)
        assert errors or files == expected, native.name


@pytest.fixture
def built(here: Place) -> Callable[..., Path]:
    """What gcc makes of a line of C, without the C library unless it is asked for."""
    here.put(Case(LOADS, {}))

    def build(name: str, code: str, *options: str, kind: str = "-shared") -> Path:
        path = here.task / name
        path.parent.mkdir(parents=True, exist_ok=True)
        source = here.task.parent / "code.c"
        source.write_text(code + "\n")
        command = ["gcc", *kind.split(), "-fPIC", "-nostdlib", "-o", str(path), str(source), *options]
        subprocess.run(command, cwd=here.task, check=True, timeout=60)
        return path

    return build


def verdict_and_errors(here: Place, name: str) -> tuple[Verdict, list[str], list[str]]:
    checked = check(here.contents, here.target)
    return checked.verdict, [finding.message for finding in checked.findings], here.open(name)[0]


def test_a_symbol_with_a_version_stops_at_a_library_that_knows_none(here: Place, built: Callable[..., Path]) -> None:
    (here.task.parent / "map").write_text("V_1 { f; };")
    versioned = built("old/libf.so.1", "int f(void) { return 1; }", "-Wl,-soname,libf.so.1,--version-script=../map")
    built("m.so", "int f(void); int (*p)(void) = f;", str(versioned), "-Wl,-rpath,$ORIGIN/lib")
    versioned.rename(here.task / "libf.so.1")
    built("lib/libf.so.1", "int f(void) { return 1; }", "-Wl,-soname,libf.so.1")
    verdict, messages, errors = verdict_and_errors(here, "m.so")
    assert (verdict, len(errors)) == (BROKEN, 1), messages
    assert "without any versions: the loader stops" in messages[0]
    assert "dl-lookup.c" in errors[0]


@pytest.mark.parametrize(
    ("kind", "says"), [("-pie", "position-independent executable"), ("-c", "only ET_DYN and ET_EXEC can be loaded")]
)
def test_programs_and_objects_are_no_libraries(here: Place, built: Callable[..., Path], kind: str, says: str) -> None:
    built("libf.so.1", "int f(void) { return 1; }", "-Wl,-soname,libf.so.1")
    built("m.so", "int f(void); int (*p)(void) = f;", "libf.so.1", "-Wl,-rpath,$ORIGIN/lib", "-Wl,--disable-new-dtags")
    (here.task / "libf.so.1").unlink()
    built("lib/libf.so.1", "int _start(void) { return 1; } int f(void) { return 1; }", kind=kind)
    verdict, messages, errors = verdict_and_errors(here, "m.so")
    assert verdict is BROKEN, messages
    assert says in errors[0]


@pytest.mark.parametrize(
    ("options", "library", "runs"),
    [
        (("-Wl,-rpath,$ORIGIN/x",), True, True),
        (("-Wl,-rpath,$ORIGIN/x",), False, False),
        (("-Wl,-rpath,$ORIGIN/x", "-Wl,--dynamic-linker,/no/ld.so"), True, False),
        (("-Wl,-rpath,$ORIGIN/x", "-Wl,--dynamic-linker,/lib64/ld-no.so.9"), True, False),
    ],
)
def test_programs(here: Place, built: Callable[..., Path], options: tuple[str, ...], library: bool, runs: bool) -> None:
    path = built("x/libf.so.1", "int f(void) { return 0; }", "-Wl,-soname,libf.so.1")
    program = here.task / "bin" / "p"
    program.parent.mkdir()
    source = here.task.parent / "p.c"
    source.write_text("int f(void); int main(void) { return f(); }\n")
    origin = [option.replace("$ORIGIN", "$ORIGIN/..") for option in options]
    subprocess.run(["gcc", "-o", str(program), str(source), str(path), *origin], check=True, timeout=60)
    if not library:
        path.unlink()
    checked = check(here.contents, here.target)
    try:
        ended = subprocess.run([str(program)], timeout=60, capture_output=True).returncode
    except FileNotFoundError:  # its loader
        ended = -1
    assert (ended == 0) is runs
    assert (checked.verdict is LOADS) is runs, checked.findings


def test_what_the_runtime_has_loaded_is_not_loaded_again(here: Place, tmp_path: Path) -> None:
    """A newer libstdc++ in the package does not help where the interpreter itself is linked to the image's."""
    name = "libstdc++.so.6"
    case = Case(
        BROKEN, {"m.so": wants(name, "GLIBCXX_9.9", rpath="$ORIGIN/x"), f"x/{name}": so(name, defines=("GLIBCXX_9.9",))}
    )
    here.put(case)
    (tmp_path / "opens.c").write_text(OPENS)
    command = ["gcc", "-o", str(tmp_path / "opens"), str(tmp_path / "opens.c"), "-Wl,--no-as-needed", f"-l:{name}"]
    subprocess.run(command, check=True, timeout=60)
    for opens, runtime, expected in (
        (here.opens, "", LOADS),
        (tmp_path / "opens", "nodejs20.x", BROKEN),
        (tmp_path / "opens", "python3.12", BROKEN),
    ):
        checked = check(here.contents, replace(here.target, runtime=runtime))
        errors, _files = replace(here, opens=opens).open("m.so")
        assert checked.verdict is expected, checked.findings
        assert bool(errors) is (expected is BROKEN)
        assert "which the runtime has loaded before" in "".join(f.message for f in checked.findings) or not errors
