# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole packages: what the rooms' findings add up to, what is ignored, and what is damaged or needless."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._artifact.check import Checked, check
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import Format, Member, Native
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Problem, Verdict
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.target import Target
from loads import library, other, package, so, target

LOADS, CONTAINER_ONLY, UNKNOWN, BROKEN = Verdict.LOADS, Verdict.CONTAINER_ONLY, Verdict.UNKNOWN, Verdict.BROKEN
A = "liba.so.1"
NODE = target(runtime="nodejs20.x")
MISSING = so("node_modules/x/x.node", A, entries=["napi_register_module_v1"])


def checked(*natives: Native, on: Target = NODE, **options: object) -> Checked:
    return check([package(*natives)], on, **options)  # type: ignore[arg-type]


def test_a_package_that_loads() -> None:
    good = MISSING._replace(elf=so("x", "libc.so.6").elf)
    assert checked(good) == Checked(LOADS, (), (), natives=1, fit=1)


def test_nothing_native_needs_no_image() -> None:
    nothing = target(runtime="python3.12")
    assert checked(on=replace(nothing, libraries=replace(nothing.libraries, libraries=()))) == Checked(
        LOADS, (), (), 0, 0
    )


def test_a_finding_is_complete() -> None:
    contents = package(MISSING)
    manifest = {"node_modules/x/package.json": b'{"name": "x", "version": "1.2.3"}'}
    found = check([replace(contents, texts=manifest)], NODE)
    (finding,) = found.findings
    assert (found.verdict, finding.verdict) == (BROKEN, BROKEN)
    assert finding.component == "x 1.2.3"
    assert finding.hint
    assert finding.file == MISSING.name


def test_the_worst_comes_first_and_decides() -> None:
    natives = (
        so("c.node", "libglib-2.0.so.0", entries=["napi_register_module_v1"]),
        so("b.node", "libz.so.9", entries=["napi_register_module_v1"]),
        so("a.node", entries=["napi_register_module_v1"], versions={"libc.so.6": ["GLIBC_2.38"]}),
        other("d.so", "is empty"),
    )
    glib = library("libglib-2.0.so.0", package="glib2")
    found = checked(*natives, on=target(glib, runtime="nodejs20.x", container_only=("libglib-2.0.so.0",)))
    assert found.verdict is BROKEN
    assert [(f.file, f.problem) for f in found.findings] == [
        ("b.node", Problem.LIBRARY),
        ("a.node", Problem.VERSION),
        ("d.so", Problem.DAMAGED),
        ("c.node", Problem.CONTAINER_ONLY),
    ]
    assert (found.natives, found.fit) == (4, 3)


@pytest.mark.parametrize(
    ("patterns", "verdict", "notes"),
    [
        ([], BROKEN, ()),
        (["node_modules/x/x.node"], LOADS, ()),
        (["node_modules/*"], LOADS, ()),
        (["*.node", "other/*"], LOADS, ("Nothing that was found is matched by 'other/*' of `ignore`.",)),
        (["x.node"], BROKEN, ("Nothing that was found is matched by 'x.node' of `ignore`.",)),
        (["NODE_MODULES/*"], BROKEN, ("Nothing that was found is matched by 'NODE_MODULES/*' of `ignore`.",)),
    ],
)
def test_ignored_findings_stay_and_do_not_count(patterns: list[str], verdict: Verdict, notes: tuple[str, ...]) -> None:
    found = checked(MISSING, ignore=patterns)
    assert (found.verdict, found.notes) == (verdict, notes)
    assert [finding.ignored for finding in found.findings] == [verdict is LOADS]


@pytest.mark.parametrize(
    ("name", "form", "verdict"),
    [
        ("m.node", Format.OTHER, BROKEN),
        ("m.cpython-312-x86_64-linux-gnu.so", Format.ELF, BROKEN),
        ("m.abi3.so", Format.OTHER, BROKEN),
        ("bootstrap", Format.ELF, BROKEN),
        ("lib/libm.so.1", Format.OTHER, UNKNOWN),
        ("x.jar!/libm.so", Format.OTHER, UNKNOWN),
        ("m.dylib", Format.OTHER, None),
        ("m.pyd", Format.OTHER, None),
        ("m.so", Format.MACH_O, None),
    ],
)
def test_what_can_not_be_read(name: str, form: Format, verdict: Verdict | None) -> None:
    damaged = [f for f in checked(other(name, "is empty", form)).findings if f.problem is Problem.DAMAGED]
    assert [f.verdict for f in damaged] == ([verdict] if verdict else [])
    assert [f.message for f in damaged] == ([f"{name} can't be loaded: it is empty."] if verdict else [])


def test_a_damaged_file_of_a_layer_that_a_later_one_replaces() -> None:
    bad = package(other("lib/libm.so.1", "is empty", root="/opt"), root="/opt")
    good = package(so("lib/libm.so.1", root="/opt"), root="/opt")
    assert check([package(), bad, good], NODE).verdict is LOADS
    assert check([package(), good, bad], NODE).verdict is UNKNOWN


def test_what_is_in_an_archive_may_never_be_opened() -> None:
    found = checked(so("lib/x.jar!/linux/libx.so", A), on=target(runtime="java21"))
    assert [f.verdict for f in found.findings] == [UNKNOWN]


PRISMA = "node_modules/.prisma/client/libquery_engine"


def test_a_variant_that_loads_is_enough() -> None:
    old = so(f"{PRISMA}-debian-openssl-1.1.x.so.node", "libssl.so.1.1", entries=["napi_register_module_v1"])
    new = so(f"{PRISMA}-rhel-openssl-3.0.x.so.node", "libssl.so.3", entries=["napi_register_module_v1"])
    on = target(library("libssl.so.3"), runtime="nodejs20.x")
    found = checked(old, new, on=on)
    assert (found.verdict, found.findings) == (LOADS, ())
    assert found.notes == (f"Some files would not load, beside variants that do: {old.name}.",)
    assert checked(old, on=on).verdict is BROKEN
    assert len(checked(old, new).findings) == 2  # without any openssl


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("x/libfoo.so", "x/foo.so"),
        ("x/libfoo.so.1", "x/libfoo.so.2"),
        ("x/m.cpython-312-x86_64-linux-gnu.so", "x/m.abi3.so"),
        ("x/m.node", "y/m.node"),
    ],
)
def test_what_only_looks_like_a_variant(bad: str, good: str) -> None:
    found = checked(so(bad, A), so(good, "libc.so.6"))
    assert bad in [f.file for f in found.findings]
    assert found.verdict.rank >= UNKNOWN.rank


def test_notes_of_reading_and_of_weak_versions_are_passed_on() -> None:
    weak = so(
        "m.node", versions={"libc.so.6": ["GLIBC_2.38"]}, weak=["GLIBC_2.38"], entries=["napi_register_module_v1"]
    )
    found = check([replace(package(weak), notes=("x.jar is damaged.",))], NODE)
    assert found.verdict is LOADS
    assert [note.split()[0] for note in found.notes] == ["x.jar", "m.node"]


def test_the_language_s_rules_and_the_handler_are_asked() -> None:
    old = so("m.node", entries=["node_register_module_v93"])
    assert [f.problem for f in checked(old).findings] == [Problem.RUNTIME_ABI]
    contents = package()
    with_file = replace(contents, members={"app.mjs": Member(1, 0o644)})
    assert [f.problem for f in check([contents], NODE, handler="app.handler").findings] == [Problem.ENTRY_POINT]
    assert check([with_file], NODE, handler="app.handler").findings == ()


NAPI = ["napi_register_module_v1"]
PYTHON = target(runtime="python3.12")
CUSTOM = target(runtime="provided.al2023")


def program(name: str, *needed: str, root: str = "/var/task") -> Native:
    return so(name, *needed, root=root, kind="executable")


def test_a_variant_is_of_no_use_for_what_lambda_starts() -> None:
    found = checked(program("bootstrap", A), program("bootstrap-x86_64"), on=CUSTOM)
    assert [(f.file, f.verdict) for f in found.findings] == [("bootstrap", BROKEN)]
    agents = program("extensions/agent", A, root="/opt"), program("extensions/agent-x64", root="/opt")
    found = check([package(), package(*agents, root="/opt")], PYTHON)
    assert [(f.file, f.verdict) for f in found.findings] == [("extensions/agent", BROKEN)]


def test_a_variant_is_of_no_use_where_the_loader_takes_the_other() -> None:
    extension = so("m.cpython-312-x86_64-linux-gnu.so", "libfoo.so", entries=["PyInit_m"])
    found = checked(extension, so("lib/libfoo.so", A), so("lib/linux/libfoo.so"), on=PYTHON)
    assert [(f.file, f.verdict) for f in found.findings] == [("lib/libfoo.so", BROKEN)]


@pytest.mark.parametrize(
    ("name", "root", "verdict"),
    [
        ("extensions/agent", "/opt", BROKEN),
        ("extensions/agent/tool", "/opt", UNKNOWN),
        ("extensions/agent", "/var/task", UNKNOWN),
        ("node_modules/x/bootstrap", "/var/task", UNKNOWN),
    ],
)
def test_damage_in_what_lambda_starts(name: str, root: str, verdict: Verdict) -> None:
    damaged = package(other(name, "is cut short", Format.ELF, root=root), root=root)
    found = check([damaged] if root == "/var/task" else [package(), damaged], NODE)
    assert [(f.file, f.problem, f.verdict) for f in found.findings] == [(name, Problem.DAMAGED, verdict)]


@pytest.mark.parametrize("name", ["META-INF/native/libx.so", "com/x/linux-x86_64/libx.so"])
def test_natives_of_a_jar_that_is_the_package_may_never_be_opened(name: str) -> None:
    found = checked(so(name, A), on=target(runtime="java21"))
    assert [f.verdict for f in found.findings] == [UNKNOWN]
    damaged = checked(other(name, "is empty"), on=target(runtime="java21"))
    assert [f.verdict for f in damaged.findings] == [UNKNOWN]


def test_libraries_of_extensions_for_another_python_are_not_looked_for() -> None:
    old = so("m/_m.cpython-310-x86_64-linux-gnu.so", "liba-0cd532bd.so", entries=["PyInit__m"])
    libraries = so("m.libs/liba-0cd532bd.so", "libb-89abcdef.so"), so("m.libs/libb-89abcdef.so")
    found = checked(old, *libraries, on=PYTHON)
    assert [(f.file, f.problem) for f in found.findings] == [(old.name, Problem.RUNTIME_ABI)]
    assert (found.natives, found.fit) == (3, 0)


@pytest.mark.parametrize(
    ("natives", "on", "handler"),
    [
        ((so("m.node", A, entries=NAPI),), NODE, ""),
        ((), CUSTOM, ""),
        ((), PYTHON, "app.handler"),
    ],
)
def test_what_a_layer_may_bring_is_unknown_while_layers_are_unseen(
    natives: tuple[Native, ...], on: Target, handler: str
) -> None:
    assert checked(*natives, on=on, handler=handler).verdict is BROKEN
    [finding] = checked(*natives, on=on, handler=handler, layers_known=False).findings
    assert finding.verdict is UNKNOWN
    assert finding.message.endswith("; the function's other layers, which may have it, were not looked at.")
    assert finding.hint == "Name all layers that the function has."


def test_what_no_layer_could_mend_stays_broken() -> None:
    old = so("m.node", entries=["node_register_module_v93"])
    assert check([package(old)], NODE, layers_known=False).verdict is BROKEN
    assert check([package()], NODE, handler="app", layers_known=False).verdict is BROKEN


def test_a_component_for_another_machine_is_told_once() -> None:
    names = ["m/_m.abi3.so", "m.libs/liba.so.1", "m.libs/libb.so.1", "other/libc.so.1"]
    natives = [so(name, machine="aarch64") for name in names]
    record = "".join(f"{name},,\n" for name in names[:3]).encode()
    contents = replace(package(*natives), texts={"m-1.0.dist-info/RECORD": record})
    found = check([contents], PYTHON)
    assert [(f.file, f.component) for f in found.findings] == [("m/_m.abi3.so", "m 1.0"), ("other/libc.so.1", "")]
    assert found.findings[0].message.endswith("; the same goes for 2 more files of m 1.0.")
    assert found.findings[1].message.endswith("is beside it.")
    ignored = check([contents], PYTHON, ignore=["m/*"])
    assert [(f.file, f.ignored) for f in ignored.findings if f.component] == [
        ("m.libs/liba.so.1", False),
        ("m/_m.abi3.so", True),
    ]
