# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about findings, with commands that can be copied."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages import commands
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.hints import completed
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.optional import goes_without, is_never_loaded
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import LAYER_ROOT, Contents
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Finding, Problem, Verdict
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.target import Target
from native_packages import BUILD_IMAGE, IMAGE, contents, target

PYTHON, NODE = target("python3.12"), target("nodejs20.x")
EXTENSION = "numpy/_core/_multiarray_umath.cpython-312-x86_64-linux-gnu.so"
RECORDS = {
    "numpy-2.1.0.dist-info/RECORD": f"{EXTENSION},,\nnumpy.libs/libgfortran-040039e1.so.5.0.0,,\n".encode(),
    "pandas-2.2.0.dist-info/RECORD": b"pandas/a.so,,\npandas/b.so,,\n",
}
ZIP = contents(texts=RECORDS)
TAGS = "--platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64"
WHEELS = f"Take wheels for Python 3.12 on Linux x86_64 with glibc 2.34, or build the packages in {BUILD_IMAGE}: "


def finding(problem: Problem, file: str = EXTENSION, component: str = "", **more: str) -> Finding:
    return Finding(file, problem, Verdict.BROKEN, f"{file} does not load.", component=component, **more)


def hint_for(found: Finding, on: Target, *packages: Contents) -> str:
    return completed([found], packages or [ZIP], on)[0].hint


def test_a_glibc_that_is_too_new_asks_for_a_release_that_there_is() -> None:
    """The newest release may have no wheel for the image's glibc at all."""
    assert hint_for(finding(Problem.VERSION, library="libc.so.6", version="GLIBC_2.38"), PYTHON) == (
        f"{WHEELS}pip install --upgrade {TAGS} --only-binary=:all: --python-version 3.12 --target <the folder that you "
        "pack> 'numpy<=2.1.0'"
    )


def test_one_command_mends_all_packages() -> None:
    """One for each kind of finding would install a package that another one has just replaced."""
    found = [
        finding(Problem.ARCHITECTURE, "pandas/a.so"),
        finding(Problem.ARCHITECTURE),
        finding(Problem.VERSION, version="GLIBC_2.38"),
        replace(finding(Problem.ARCHITECTURE, "pandas/b.so"), hint="Leave it out."),
    ]
    *hints, own = [each.hint for each in completed(found, [ZIP], PYTHON)]

    assert len({*hints}) == 1
    assert hints[0].endswith(" pandas==2.2.0 'numpy<=2.1.0'")
    assert own == "Leave it out."


@pytest.mark.parametrize(
    ("problem", "message", "wanted"),
    [
        (Problem.RUNTIME_ABI, "a.so is built for CPython 3.10, the runtime has CPython 3.12.", "numpy"),
        (Problem.RUNTIME_ABI, "a.so is built by a wheel for cp310-cp310, the runtime is Python 3.12.", "numpy"),
        (Problem.FORMAT, "a.so is built for CPython 3.10 on macOS, the runtime has CPython 3.12.", "numpy"),
        (Problem.FORMAT, "a.so is built for CPython 3.12 on macOS, the runtime has CPython 3.12.", "numpy==2.1.0"),
        (Problem.LIBC, "a.so is built for Linux with musl x86_64.", "numpy==2.1.0"),
    ],
)
def test_a_release_that_may_have_no_wheel_for_this_python_is_not_asked_for(
    problem: Problem, message: str, wanted: str
) -> None:
    found = [replace(finding(problem), message=message), finding(Problem.ARCHITECTURE)]
    assert {each.hint.rpartition("> ")[2] for each in completed(found, [ZIP], PYTHON)} == {wanted}


def test_what_pip_leaves_behind_is_to_be_deleted() -> None:
    layered = {f"python/{name}": record for name, record in RECORDS.items()}
    layer = contents(texts=layered, root=LAYER_ROOT)
    for file, package in ((EXTENSION, ZIP), (f"python/{EXTENSION}", layer)):
        hint = hint_for(finding(Problem.LIBC, file), PYTHON, package)
        assert hint.startswith("Delete numpy.libs, which pip may leave behind, and take wheels for Python 3.12 on ")
    assert hint_for(finding(Problem.LIBC, "pandas/a.so"), PYTHON).startswith("Take wheels for ")


def test_packages_are_replaced_where_they_are() -> None:
    layered = {f"python/{name}": record for name, record in RECORDS.items()}
    folder = replace(contents(files=[EXTENSION], texts=RECORDS, source="my build"), directory=True)
    layer = replace(
        contents(files=["python/pandas/a.so"], texts=layered, root=LAYER_ROOT, source="layer/"), directory=True
    )
    found = [finding(Problem.FORMAT), finding(Problem.FORMAT, "python/pandas/a.so")]
    first, second = (each.hint for each in completed(found, [folder, layer], PYTHON))

    assert first.endswith(" --target 'my build' numpy==2.1.0")
    assert second.endswith(" --target layer/python pandas==2.2.0")


@pytest.mark.parametrize(
    ("glibc", "machine", "tags"),
    [
        ("2.34", "x86_64", "--platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 "),
        ("2.28", "aarch64", "--platform manylinux_2_28_aarch64 --platform manylinux2014_aarch64 "),
        ("2.26", "x86_64", "install --upgrade --platform manylinux2014_x86_64 --only"),
        ("2.17", "x86_64", "install --upgrade --platform manylinux2014_x86_64 --only"),
    ],
)
def test_pip_is_asked_for_wheels_that_the_image_s_glibc_can_load(glibc: str, machine: str, tags: str) -> None:
    assert tags in commands.pip_install(["numpy"], target("python3.12", machine, glibc))


def test_the_newest_glibc_is_compared_by_number() -> None:
    assert commands.newest_glibc(target(glibc="2.9")) == (2, 17)
    assert commands.newest_glibc(target(glibc="2.34")) == (2, 34)
    assert commands.newest_glibc(target(glibc="ABI_DT_RELR")) == (2, 17)


X86, ARM = target("provided.al2023"), target("provided.al2023", "aarch64")
RUN = f'docker run --rm --entrypoint npm -v "$PWD":/var/task -w /var/task {BUILD_IMAGE} ci'
COMMANDS = {
    "npm": (commands.npm_install(X86), "npm install --os=linux --cpu=x64 --libc=glibc"),
    "npm, arm64": (commands.npm_install(ARM), "npm install --os=linux --cpu=arm64 --libc=glibc"),
    "npm in the image": (commands.npm_in_image(X86), RUN),
    "gems": (commands.bundle_install(ARM), "bundle lock --add-platform aarch64-linux && bundle install"),
    ".NET": (commands.dotnet_publish(ARM), "dotnet publish -c Release -r linux-arm64"),
    "Go": (commands.go_build(ARM), "GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -tags lambda.norpc -o bootstrap"),
    "Rust": (commands.cargo_build(X86), "cargo lambda build --release"),
    "Rust, arm64": (commands.cargo_build(ARM), "cargo lambda build --release --arm64"),
}


@pytest.mark.parametrize(("command", "words"), COMMANDS.values(), ids=COMMANDS)
def test_commands(command: str, words: str) -> None:
    assert command == words


PROGRAMS = ("pip", "npm", "docker", "bundle", "dotnet", "GOOS=linux", "patchelf")
LIBRARY = "libfoo.so.1"
OF_WHEEL = "libpq-a17e3caa.so.5.17"
BRINGS = "Its wheel brings {} in {}/, from where it is missing: install {} anew, and pack that folder too."
HINTS: dict[str, tuple[Finding, Target, str]] = {
    "a Mac's wheel": (finding(Problem.FORMAT, "pandas/a.so"), PYTHON, f"{WHEELS}pip install --upgrade {TAGS} "),
    "a wheel without a name": (finding(Problem.FORMAT, "x/a.so"), PYTHON, f"Build it in {BUILD_IMAGE}."),
    "a Mac's variant of sharp": (
        finding(Problem.FORMAT, "node_modules/@img/sharp-darwin-arm64/lib/x.node", "@img/sharp-darwin-arm64 0.33.5"),
        NODE,
        "Install the variant for Linux x86_64, in CI by npm ci with the same options: npm install --os=linux "
        "--cpu=x64 --libc=glibc",
    ),
    "a variant for another machine": (
        finding(Problem.ARCHITECTURE, "node_modules/@img/sharp-linux-x64/lib/x.node", "@img/sharp-linux-x64 0.33.5"),
        target("nodejs20.x", "aarch64"),
        "npm install --os=linux --cpu=arm64 --libc=glibc",
    ),
    "an addon built on a Mac": (
        finding(Problem.FORMAT, "node_modules/bcrypt/lib/bcrypt.node", "bcrypt 5.1.1"),
        NODE,
        f"Install the npm packages in {BUILD_IMAGE}: {RUN}",
    ),
    "another Node.js": (finding(Problem.RUNTIME_ABI, "node_modules/a/a.node", "a 1.0.0"), NODE, f": {RUN}"),
    "no build image is known": (
        finding(Problem.RUNTIME_ABI, "node_modules/a/a.node", "a 1.0.0"),
        target("nodejs20.x", build_image=""),
        f"Install the npm packages in a build image made for {IMAGE}: docker run",
    ),
    "Go": (
        finding(Problem.VERSION, "bootstrap", library="libc.so.6", version="GLIBC_2.39"),
        target("provided.al2023"),
        f"Build it in {BUILD_IMAGE}, or build it anew, for Rust by cargo lambda build --release, for Go without C by: "
        "GOOS=linux ",
    ),
    "a loader that is not there": (
        finding(Problem.INTERPRETER, "bootstrap"),
        PYTHON,
        "Build it anew, for Rust by cargo lambda build --release, for Go without C by: GOOS=linux GOARCH=amd64 ",
    ),
    "a program's loader": (finding(Problem.INTERPRETER, "bin/tool"), PYTHON, f"Build it in {BUILD_IMAGE}."),
    "a gem": (
        finding(Problem.ARCHITECTURE, "vendor/gems/a.so", "a 1.0"),
        target("ruby3.3", "aarch64"),
        f"Install the gems for Linux aarch64, or build it in {BUILD_IMAGE}: bundle lock --add-platform aarch64-linux ",
    ),
    ".NET": (finding(Problem.LIBC, "liba.so"), target("dotnet8"), f"in {BUILD_IMAGE}: dotnet publish -c Release -r "),
    "a jar": (finding(Problem.ARCHITECTURE, "a.jar!/a.so", "a"), target("java21"), "classifier is for linux-x86_64."),
    "a jar's glibc": (
        finding(Problem.VERSION, "a.jar!/a.so", "a", library="libc.so.6", version="GLIBC_2.38"),
        target("java21"),
        "Take another release of a, or build it in ",
    ),
    "a library of its wheel": (
        finding(Problem.LIBRARY, library="libgfortran-040039e1.so.5.0.0"),
        PYTHON,
        BRINGS.format("libgfortran-040039e1.so.5.0.0", "numpy.libs", "numpy"),
    ),
    "a library of its wheel, which is not recorded": (
        finding(Problem.LIBRARY, "a.so", "psycopg2-binary 2.9.9", library=OF_WHEEL),
        PYTHON,
        BRINGS.format(OF_WHEEL, "psycopg2_binary.libs", "psycopg2-binary"),
    ),
    "a missing library": (
        finding(Problem.LIBRARY, library=LIBRARY),
        PYTHON,
        f"Install the system package that has {LIBRARY} in {BUILD_IMAGE}, and copy the file into lib/ of the package.",
    ),
    "a missing library, elsewhere": (
        finding(Problem.LIBRARY, "a.so", library=OF_WHEEL),
        target("ruby3.3", build_image=""),
        f"Install the system package that has {OF_WHEEL} in a build image made for ",
    ),
    "a program's missing library": (
        finding(Problem.LIBRARY, "bootstrap", library=LIBRARY),
        target("provided.al2023"),
        f"Put {LIBRARY} into lib/ of the package, or build it anew, ",
    ),
    "only in the image": (
        finding(Problem.CONTAINER_ONLY, library=LIBRARY),
        PYTHON,
        f"Put {LIBRARY} of the runtime image into lib/ of the package, or deploy a container image made from it.",
    ),
    "another symbol version": (finding(Problem.VERSION, version="GLIBCXX_3.4.32"), PYTHON, " 'numpy<=2.1.0'"),
    "a version that its library never had": (
        replace(finding(Problem.VERSION, version="GCC_4.3.0"), message="It needs GCC_4.3.0, which a does not define."),
        PYTHON,
        f"Build numpy in {BUILD_IMAGE}.",
    ),
    "damage": (finding(Problem.DAMAGED), PYTHON, "Install numpy anew and pack it again."),
    "damage of nobody knows what": (finding(Problem.DAMAGED, "a.so"), PYTHON, "Install its package anew and pack it"),
    "Python under Node.js": (
        finding(Problem.LIBRARY, library=LIBRARY),
        NODE,
        "numpy is a Python package, and the runtime is nodejs20.x: correct `runtime`, or leave it out.",
    ),
    "npm under Python": (
        finding(Problem.RUNTIME_ABI, "node_modules/bcrypt/a.node", "bcrypt 5.1.1"),
        PYTHON,
        "bcrypt is an npm package, and the runtime is python3.12: correct `runtime`, or leave it out.",
    ),
    "Python under a runtime of one's own": (
        finding(Problem.ARCHITECTURE, "pandas/a.so"),
        target("provided.al2023"),
        f"Take wheels for Linux x86_64 with glibc 2.34, or build the packages in {BUILD_IMAGE}: pip install ",
    ),
}


@pytest.mark.parametrize(("found", "on", "words"), HINTS.values(), ids=HINTS)
def test_each_kind_of_finding_has_its_advice(found: Finding, on: Target, words: str) -> None:
    hint = hint_for(found, on)

    assert words in hint
    assert hint.endswith(".") != any(f": {program} " in hint for program in PROGRAMS)


DEFAULT = ("/lib64", "/var/task/lib", "/opt/lib")
MOVE, TELL = f"Move {LIBRARY} to ", "tell the file where it is: patchelf --set-rpath "
LIBRARY_PATHS = {
    "Lambda's": (DEFAULT, "x/a b.so", "", f"{MOVE}lib/ of the package, where the loader looks, or {TELL}"),
    "a way up": (DEFAULT, "x/a b.so", "", f"or {TELL}'$ORIGIN/../l' 'x/a b.so'"),
    "without the package": (DEFAULT[:1], "a b.so", "", f"Add /var/task/l to LD_LIBRARY_PATH, or {TELL}'$ORIGIN/l' "),
    "layers alone": (("/opt/lib",), "a b.so", "", f"{MOVE}lib/ of a layer, where the loader looks, or {TELL}"),
    "another folder": (("/var/task/n",), "a b.so", "", f"{MOVE}n/ of the package, where the loader looks, or {TELL}"),
    "the top": (("/var/task",), "a b.so", "", f"{MOVE}the top of the package, where the loader looks, or {TELL}"),
    "beside it": (DEFAULT, "l/a b.so", "", f"or {TELL}'$ORIGIN' 'l/a b.so'"),
    "a link of its name": (DEFAULT, "a b.so", ".9", f"Add /var/task/l to LD_LIBRARY_PATH, or {TELL}'$ORIGIN/l' "),
}


@pytest.mark.parametrize(("searched", "file", "more", "words"), LIBRARY_PATHS.values(), ids=LIBRARY_PATHS)
@pytest.mark.parametrize("problem", [Problem.SEARCH, Problem.LIBRARY])
def test_where_a_library_of_the_package_is_to_go(
    problem: Problem, searched: tuple[str, ...], file: str, more: str, words: str
) -> None:
    found = finding(problem, file, library=LIBRARY, found=f"/var/task/l/{LIBRARY}{more}")
    package = contents(files=[file, f"l/{LIBRARY}", f"l/{LIBRARY}{more}"])

    hint = hint_for(found, replace(PYTHON, library_path=searched), package)

    assert words in hint
    assert hint.endswith(f" '{file}'")


def test_a_library_is_found_by_the_name_of_its_file() -> None:
    found = finding(Problem.SEARCH, "a.so", library=LIBRARY, found="/var/task/l/foo.so")
    hint = hint_for(found, PYTHON, contents(files=["a.so", "l/foo.so"]))
    assert hint == f"Put foo.so into lib/ of the package under the name {LIBRARY}."


@pytest.mark.parametrize(
    ("searched", "words"),
    [
        (("/opt/lib", "/opt"), "copy the file into lib/ of a layer."),
        (("/lib64",), "copy the file into lib/ of the package (and add /var/task/lib to LD_LIBRARY_PATH)."),
    ],
)
def test_a_missing_library_is_put_where_the_loader_looks(searched: tuple[str, ...], words: str) -> None:
    on = replace(PYTHON, library_path=searched)
    assert hint_for(finding(Problem.LIBRARY, library=LIBRARY), on).endswith(words)


def test_the_image_that_lacks_a_library_is_not_told_to_have_it() -> None:
    for library in (LIBRARY, OF_WHEEL):
        assert IMAGE not in hint_for(finding(Problem.LIBRARY, library=library), PYTHON)


def test_damage_is_mended_by_its_kind() -> None:
    pointer = replace(finding(Problem.DAMAGED), message="a.so can't be loaded: it is a Git LFS pointer.")
    script = replace(finding(Problem.DAMAGED), message="a.so can't be loaded: it is a linker script.")

    assert hint_for(pointer, PYTHON) == "Before packing, fetch what the pointers stand for: git lfs pull"
    assert hint_for(script, PYTHON) == "Leave it out: only compilers read it."


def test_names_from_packages_can_t_leave_the_command() -> None:
    assert hint_for(finding(Problem.FORMAT, component="a; rm -rf / 1"), PYTHON).endswith(" 'a; rm -rf /==1'")


def test_findings_are_completed_with_component_and_hint() -> None:
    texts = {"node_modules/@img/sharp-darwin-arm64/package.json": b'{"version": "0.33.5"}'}
    found = finding(Problem.FORMAT, "node_modules/@img/sharp-darwin-arm64/lib/sharp-darwin-arm64.node")
    advised = replace(found, file="own.node", hint="Do this.")

    first, second = completed([found, advised], [contents(texts=texts)], NODE)

    assert first.component == "@img/sharp-darwin-arm64 0.33.5"
    assert first.hint.endswith(": npm install --os=linux --cpu=x64 --libc=glibc")
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
    numba/np/ufunc/tbbpool.cpython-312-x86_64-linux-gnu.so
    numba/np/ufunc/omppool.cpython-312-x86_64-linux-gnu.so
    libcoreclrtraceptprovider.so
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
    numba/np/ufunc/workqueue.cpython-312-x86_64-linux-gnu.so
    libcoreclr.so
    wrapt/_wrappers.txt
    node_modules/bcrypt/lib/bcrypt.node
    node_modules/my-ssh2/a.node
""".split()


@pytest.mark.parametrize("file", OPTIONAL)
def test_what_a_package_does_without_stops_nothing(file: str) -> None:
    [found] = completed([finding(Problem.FORMAT, file, "")], [contents()], PYTHON)

    assert goes_without(file)
    assert found.verdict is Verdict.LOADS
    assert found.message == f"{file} does not load; its package does without it."


@pytest.mark.parametrize("file", NEEDED)
def test_what_a_package_needs_does(file: str) -> None:
    [found] = completed([finding(Problem.FORMAT, file, "")], [contents()], PYTHON)

    assert found.verdict is Verdict.BROKEN


LEFT_OVER = """
    node_modules/better-sqlite3/build/Release/obj.target/better_sqlite3.node
    node_modules/better-sqlite3/build/Release/test_extension.node
    node_modules/better-sqlite3-multiple-ciphers/build/Release/test_extension.node
    nodejs/node_modules/x/build/Debug/obj.target/x/src/x.o
""".split()
OPENED = """
    node_modules/better-sqlite3/build/Release/better_sqlite3.node
    node_modules/x/build/Release/test_extension.node
    node_modules/x/obj.target/x.node
""".split()


@pytest.mark.parametrize("file", [*LEFT_OVER, *OPENED])
def test_what_a_build_leaves_behind_is_never_loaded(file: str) -> None:
    assert is_never_loaded(file) is (file in LEFT_OVER)


def test_unreadable_files_are_not_graded_down_by_the_first_one() -> None:
    """The finding stands for all files that can't be read."""
    [found] = completed([finding(Problem.PERMISSION, OPTIONAL[0], "")], [contents()], PYTHON)

    assert found.verdict is Verdict.BROKEN
