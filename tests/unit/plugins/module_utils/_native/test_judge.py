# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of loads: each kind of finding in its words, what passes, and the shapes of real packages."""

from __future__ import annotations

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import Native
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Finding, Problem, Verdict
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.judge import Judged, judge
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.loader import Loader
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.loading import loads
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.mounts import Mounts
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.target import Target
from loads import CXX, library, other, package, so, target

A, B, CXX_NAME = "liba.so.1", "libb.so.1", "libstdc++.so.6"
LOADS, CONTAINER_ONLY, UNKNOWN, BROKEN = Verdict.LOADS, Verdict.CONTAINER_ONLY, Verdict.UNKNOWN, Verdict.BROKEN


def judged(*natives: Native, on: Target | None = None) -> Judged:
    """m.so and n.so are extensions."""
    on = on or target()
    extension = frozenset({"PyInit_m"})
    natives = tuple(one._replace(entry_points=extension) if one.name in ("m.so", "n.so") else one for one in natives)
    loader = Loader(Mounts([package(*natives)]), on)
    fitting = [native for native in natives if native.elf and native.elf.machine == on.machine]
    return judge(fitting, loads(fitting, loader, on), loader, on)


def one(*natives: Native, on: Target | None = None) -> Finding:
    (finding,) = judged(*natives, on=on).findings
    return finding


OWN = so("m.so", versions={A: ["A_2"]}, rpath="$ORIGIN/l"), so(f"l/{A}", defines=frozenset({"A_1", "A_3"}))
NEWER = so(f"l/{CXX_NAME}", defines=frozenset({*CXX, "GLIBCXX_3.4.30"}))
CXX_LIBRARY = library(CXX_NAME, *CXX, package="libstdc++")


@pytest.mark.parametrize(
    ("natives", "on", "verdict", "problem", "message"),
    [
        (
            (so("m.so", versions={"libc.so.6": ["GLIBC_2.38"]}),), target(), BROKEN, Problem.VERSION,
            "m.so needs GLIBC_2.38 of libc.so.6, and the runtime image has up to GLIBC_2.34.",
        ),
        (
            (so("m.so", versions={"libc.so.6": ["GLIBC_ABI_DT_RELR"]}),), target(), BROKEN, Problem.VERSION,
            "m.so needs GLIBC_ABI_DT_RELR of libc.so.6, and the runtime image has only GLIBC_2.14 … 2.34.",
        ),
        (OWN, target(), BROKEN, Problem.VERSION, f"m.so needs A_2 of {A}, which l/{A} does not define."),
        (
            (so("m.so", versions={CXX_NAME: ["GLIBCXX_3.4.30"]}, runpath="$ORIGIN/l"), NEWER),
            target(CXX_LIBRARY, runtime="ruby3.3"), BROKEN, Problem.VERSION,
            f"m.so needs GLIBCXX_3.4.30 of {CXX_NAME}, and the runtime image has up to GLIBCXX_3.4.29; l/{CXX_NAME} "
            f"has it, but the loader takes /usr/lib64/{CXX_NAME}, which it finds first.",
        ),
        (
            (so("m.so", versions={CXX_NAME: ["GLIBCXX_3.4.30"]}, rpath="$ORIGIN/l"), NEWER),
            target(CXX_LIBRARY, runtime="nodejs20.x"), BROKEN, Problem.VERSION,
            f"m.so needs GLIBCXX_3.4.30 of {CXX_NAME}, and the runtime image has up to GLIBCXX_3.4.29; l/{CXX_NAME} "
            f"has it, but the loader takes /usr/lib64/{CXX_NAME}, which the runtime has loaded before.",
        ),
        (
            (so("m.so", versions={A: ["A_1", "A_2"]}),), target(library(A)), LOADS, Problem.VERSION,
            f"m.so needs A_1 … 2 of {A}, and the runtime image has it without any versions: the loader takes it all "
            "the same.",
        ),
        (
            (so("m.so", versions={A: ["A_1"]}, rpath="$ORIGIN"), so(A)), target(), BROKEN, Problem.VERSION,
            f"m.so needs A_1 of {A}, and {A} has it without any versions: the loader stops at the first symbol.",
        ),
        (
            (so("m.so", needed=(), versions={A: ["A_1"]}),), target(), BROKEN, Problem.VERSION,
            f"m.so needs versions of {A}, but not {A} itself, so nothing loads it.",
        ),
        (
            (so("m.so", A),), target(), BROKEN, Problem.LIBRARY,
            f"m.so needs {A}, which is neither in the package nor in the runtime image.",
        ),
        (
            (so("m.so", A), so(A, machine="aarch64")), target(), BROKEN, Problem.LIBRARY,
            f"m.so needs {A}, and {A} is for another machine.",
        ),
        (
            (so("m.so", A), so(f"x/{A}", soname="libother.so")), target(), BROKEN, Problem.LIBRARY,
            f"m.so needs {A}, and the loader does not look where it is, x/{A}.",
        ),
        (  # what is in an archive is no file that could be brought along
            (so("m.so", A), so(f"x.jar!/{A}"), so("x.jar!/n.so", A, rpath="$ORIGIN")), target(), BROKEN,
            Problem.LIBRARY, f"m.so needs {A}, which is neither in the package nor in the runtime image.",
        ),
        (
            (so("m.so", A), other(A, "is empty")), target(), BROKEN, Problem.LIBRARY,
            f"m.so needs {A}, and /var/task/{A}, which the loader finds first, is no library that can be read.",
        ),
        (
            (so("m.so", A), so(f"x/{A}")), target(), UNKNOWN, Problem.SEARCH,
            f"m.so needs {A}, and the loader does not look where it is, x/{A}; no file of the package brings it along "
            "first, and whether code does can't be seen.",
        ),
        (
            (so("m.so", A), so("n.so", A, rpath="$ORIGIN/x"), so(f"x/{A}")), target(), LOADS, Problem.SEARCH,
            f"m.so needs {A}, and the loader does not look where it is, x/{A}: it is found only after another file of "
            "the package has brought it along.",
        ),
        (
            (so("m.so", A),), target(unreadable=(A,), unread=(f"image, /usr/lib64/{A}.2: it is too long.",)),
            UNKNOWN, Problem.LIBRARY,
            f"m.so needs {A}, and what the runtime image has of it can't be read (image, /usr/lib64/{A}.2: it is too "
            "long).",
        ),
        (
            (so("m.so", A),), target(whole=False, unread=("image: its ld.so.conf is longer than is read.",)),
            UNKNOWN, Problem.LIBRARY,
            f"m.so needs {A}, and not all of the runtime image's libraries could be looked at.",
        ),
        (
            (so("m.so", A),), target(library(A, package="glib2"), container_only=(A,)), CONTAINER_ONLY,
            Problem.CONTAINER_ONLY,
            f"m.so needs {A}, which is in the runtime image only because its package manager needs the package glib2.",
        ),
        (
            (so("bin/p", "libc.so.6", kind="executable", interpreter="/nix/store/x/lib/ld-linux-x86-64.so.2"),),
            target(), UNKNOWN, Problem.INTERPRETER,
            "bin/p is started by /nix/store/x/lib/ld-linux-x86-64.so.2, which the runtime image does not have; whether "
            "anything starts it can't be seen.",
        ),
        (
            (so("bin/p", kind="executable", interpreter="/lib64/ld-lsb.so.3"),), target(whole=False), UNKNOWN,
            Problem.INTERPRETER, "bin/p is started by /lib64/ld-lsb.so.3, which the runtime image does not have.",
        ),
    ],
)  # fmt: skip
def test_findings(natives: tuple[Native, ...], on: Target, verdict: Verdict, problem: Problem, message: str) -> None:
    found = one(*natives, on=on)
    assert (found.verdict, found.problem, found.message) == (verdict, problem, message)
    assert found.file == natives[0].name
    assert found.library in message
    assert found.version in message


def test_where_a_library_is_that_the_loader_does_not_find_is_told() -> None:
    elsewhere = so(f"x/{A}"), so(f"x/{A}", soname="libother.so"), so(f"x/{A}.9", soname=A)
    assert [one(so("m.so", A), each).found for each in elsewhere] == [each.place for each in elsewhere]
    [by_other] = judged(so("m.so", A), so("n.so", A, rpath="$ORIGIN/x"), elsewhere[0]).findings
    assert (by_other.found, one(so("m.so", A)).found) == (elsewhere[0].place, "")


SEARCHED = {"rpath": "$ORIGIN/l"}


@pytest.mark.parametrize(
    "natives",
    [
        (so("m.so", "libc.so.6", versions={"libc.so.6": ["GLIBC_2.17", "GLIBC_2.34"]}),),
        (so("bin/p", "libc.so.6", kind="executable", interpreter="/lib64/ld-linux-x86-64.so.2"),),
        (so("bin/p", "libc.so.6", kind="executable", interpreter="/usr/lib/ld-linux-x86-64.so.2"),),
        (so("bin/static", kind="executable"),),
        (so("bin/p", kind="executable", interpreter="/var/task/ld.so"), so("ld.so")),
        (so("m.so", versions={A: ["A_1"]}, **SEARCHED), so(f"l/{A}", defines=frozenset({"A_1"}))),
    ],
)
def test_nothing_is_said_of_what_loads(natives: tuple[Native, ...]) -> None:
    assert judged(*natives) == Judged((), ())


def test_a_weak_version_is_a_note() -> None:
    found = judged(so("m.so", versions={"libc.so.6": ["GLIBC_2.38"]}, weak=["GLIBC_2.38"]))
    assert found.findings == ()
    assert found.notes == (
        "m.so asks for GLIBC_2.38 of libc.so.6, and the runtime image has up to GLIBC_2.34; it does without.",
    )


def test_each_version_that_lacks_is_told_once_whoever_loads_the_file() -> None:
    below = so(f"l/{A}", versions={"libc.so.6": ["GLIBC_2.35", "GLIBC_2.38", "GLIBC_2.17"]})
    above = [so(f"{letter}.so", A, **SEARCHED) for letter in "mn"]
    found = judged(*above, below).findings
    assert [(f.file, f.library, f.version) for f in found] == [
        (below.name, "libc.so.6", "GLIBC_2.35"),
        (below.name, "libc.so.6", "GLIBC_2.38"),
    ]


def test_a_file_is_judged_in_each_load_that_it_is_part_of() -> None:
    """One root leads to what its library needs, the other does not."""
    below = so(f"l/{A}", B), so(f"l/{B}", soname="libb.so")
    assert judged(so("m.so", A, **SEARCHED), *below).findings == ()
    (found,) = judged(so("m.so", A, **SEARCHED), so("n.so", A, runpath="$ORIGIN/l"), *below).findings
    assert (found.file, found.library) == (f"l/{A}", B)


def test_how_to_let_the_package_s_library_come_first() -> None:
    user = so("p/m.so", versions={CXX_NAME: ["GLIBCXX_3.4.30"]}, runpath="$ORIGIN/../l")
    found = one(user, NEWER, on=target(CXX_LIBRARY, runtime="ruby3.3"))
    assert found.hint == (
        "Only RPATH is searched before the directories of LD_LIBRARY_PATH: patchelf --force-rpath --set-rpath "
        "'$ORIGIN/../l' p/m.so"
    )
    # That would not help where the interpreter has loaded the image's.
    assert one(user, NEWER, on=target(CXX_LIBRARY, runtime="python3.12")).hint == ""


def test_what_a_failing_load_would_bring_along_is_not_there_for_others() -> None:
    """n.so brings liba, but can't be loaded itself."""
    found = judged(so("m.so", A), so("n.so", A, "libno.so", rpath="$ORIGIN/x"), so(f"x/{A}")).findings
    assert {(f.file, f.problem, f.verdict) for f in found} == {
        ("m.so", Problem.SEARCH, UNKNOWN),
        ("n.so", Problem.LIBRARY, BROKEN),
    }


BOOTSTRAP = so("bootstrap", A, kind="executable", interpreter="/no/ld.so")
AGENT = so("extensions/agent", A, kind="executable", root="/opt")


@pytest.mark.parametrize(
    ("native", "runtime", "verdict"),
    [
        (BOOTSTRAP, "provided.al2023", BROKEN),
        (BOOTSTRAP, "", BROKEN),
        (BOOTSTRAP, "python3.12", UNKNOWN),  # not what this runtime starts
        (so("bin/bootstrap", A, kind="executable", interpreter="/no/ld.so"), "provided.al2023", UNKNOWN),
        (AGENT, "python3.12", BROKEN),
        (so("extensions/lib/tool", A, kind="executable", root="/opt"), "python3.12", UNKNOWN),
        (so("a.node", A), "nodejs20.x", BROKEN),
        (so("libp.so", A), "dotnet8", UNKNOWN),
    ],
)
def test_what_is_not_known_to_be_loaded_breaks_nothing(native: Native, runtime: str, verdict: Verdict) -> None:
    on = target(runtime=runtime)
    root = "/opt" if native.place.startswith("/opt/") else "/var/task"
    loader = Loader(Mounts([package(native, root=root)]), on)
    findings = judge([native], loads([native], loader, on), loader, on).findings
    assert {finding.verdict for finding in findings} == {verdict}
    does = "loads" if native.name == "libp.so" else "starts"
    doubt = f"; whether anything {does} it can't be seen."
    assert all(finding.message.endswith(doubt) is (verdict is UNKNOWN) for finding in findings)


def test_what_lambda_starts_may_be_a_link() -> None:
    programs = so("bin/app", A, kind="executable"), so("bin/agent", B, kind="executable", root="/opt")
    contents = [
        package(programs[0], links={"bootstrap": "bin/app"}),
        package(programs[1], links={"extensions/agent": "../bin/agent"}, root="/opt"),
    ]
    on = target(runtime="provided.al2023")
    loader = Loader(Mounts(contents), on)
    findings = judge(programs, loads(programs, loader, on), loader, on).findings
    assert [(finding.file, finding.verdict) for finding in findings] == [("bin/app", BROKEN), ("bin/agent", BROKEN)]


def test_what_an_extension_brings_along_is_loaded() -> None:
    """Also where a program that nobody may start needs it as well, and comes first."""
    below = so(f"l/{A}", B)
    tool = so("a-tool", A, kind="executable", **SEARCHED)
    found = one(tool, so("m.so", A, **SEARCHED), below)
    assert (found.file, found.verdict) == (below.name, BROKEN)
    assert one(tool, below).message.endswith("; whether anything starts a-tool can't be seen.")


def tagged(name: str, *needed: str, **facts: object) -> Native:
    return so(
        f"{name}.cpython-312-x86_64-linux-gnu.so", *needed, entries=[f"PyInit_{name.rpartition('/')[2]}"], **facts
    )


IMG = "node_modules/@img/sharp"
CANVAS = "node_modules/canvas/build/Release"
REAL = {
    "numpy: RPATH of the extension counts for the libraries' own needs": (
        tagged("numpy/_core/_multiarray_umath", "libscipy_openblas64_-ff651d7f.so", rpath="$ORIGIN/../../numpy.libs"),
        so("numpy.libs/libscipy_openblas64_-ff651d7f.so", "libgfortran-040039e1.so.5.0.0"),
        so("numpy.libs/libgfortran-040039e1.so.5.0.0", "libquadmath-96973f99.so.0.0.0"),
        so("numpy.libs/libquadmath-96973f99.so.0.0.0", "libc.so.6"),
    ),
    "psycopg2-binary: a chain of libraries without a path": (
        tagged("psycopg2/_psycopg", "libpq-9b38f5e3.so.5.17", rpath="$ORIGIN/../psycopg2_binary.libs"),
        so("psycopg2_binary.libs/libpq-9b38f5e3.so.5.17", "libssl-81ffa89e.so.3", "libcrypto-d2d0e5c7.so.3"),
        so("psycopg2_binary.libs/libssl-81ffa89e.so.3", "libcrypto-d2d0e5c7.so.3"),
        so("psycopg2_binary.libs/libcrypto-d2d0e5c7.so.3", "libc.so.6"),
    ),
    "PyArrow: RUNPATH in each": (
        tagged("pyarrow/lib", "libarrow_python.so.2100", "libarrow.so.2100", runpath="$ORIGIN"),
        so("pyarrow/libarrow_python.so.2100", "libarrow.so.2100", runpath="$ORIGIN"),
        so("pyarrow/libarrow.so.2100", "libc.so.6", runpath="$ORIGIN"),
    ),
    "sharp: libvips in a package beside it": (
        so(
            f"{IMG}-linux-x64/lib/sharp-linux-x64.node", "libvips-cpp.so.8.17.3",
            rpath="$ORIGIN/../../sharp-libvips-linux-x64/lib:$ORIGIN/../../../sharp-libvips-linux-x64/8.17.3/lib",
            entries=["napi_register_module_v1"],
        ),
        so(f"{IMG}-libvips-linux-x64/lib/libvips-cpp.so.8.17.3", "libc.so.6"),
    ),
    "node-canvas: libraries find each other because the addon has loaded them": (
        so(f"{CANVAS}/canvas.node", "libcairo.so.2", "libpng16.so.16", runpath="$ORIGIN", entries=["napi_register"]),
        so(f"{CANVAS}/libcairo.so.2", "libpng16.so.16", "libpixman-1.so.0"),
        so(f"{CANVAS}/libpng16.so.16", "libc.so.6"),
        so(f"{CANVAS}/libpixman-1.so.0", "libc.so.6"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_real_shapes(name: str) -> None:
    natives = REAL[name]
    if "canvas" in name:  # which names all of its libraries
        addon = natives[0]
        natives = (so(addon.name, *(n.elf.soname for n in natives[1:] if n.elf), runpath="$ORIGIN"), *natives[1:])
    assert judged(*natives).findings == ()


def test_sharp_without_libvips() -> None:
    sharp = REAL["sharp: libvips in a package beside it"][0]
    found = one(sharp, on=target(runtime="nodejs20.x"))
    assert (found.verdict, found.library) == (BROKEN, "libvips-cpp.so.8.17.3")
