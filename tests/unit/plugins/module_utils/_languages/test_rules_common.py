# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for packages of every language: the handler's file and permissions; and those of custom runtimes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.rules import (
    findings_of,
    has_rules,
    passed_over,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.variants import sort_out
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import LAYER_ROOT, Contents, Member
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Finding, Problem, Verdict
from native_packages import contents, elf, mac, target


def found(runtime: str, *packages: Contents, handler: str = "") -> tuple[Finding, ...]:
    fitting = sort_out(packages, target(runtime)).fitting
    return findings_of(packages, target(runtime), fitting, handler)


HANDLERS_THERE = {
    "Python": ("python3.12", "app.handler", "app.py"),
    "Python, in a folder": ("python3.12", "orders/app.handler", "orders/app.py"),
    "Python, in a package": ("python3.12", "orders.app.handler", "orders/app.py"),
    "Python, a package": ("python3.12", "orders.handler", "orders/__init__.py"),
    "Python, compiled to bytes": ("python3.12", "app.handler", "app.pyc"),
    "Python, compiled by Cython": ("python3.12", "app.handler", "app.cpython-312-x86_64-linux-gnu.so"),
    "Node.js": ("nodejs20.x", "index.handler", "index.js"),
    "Node.js, a module": ("nodejs20.x", "dist/index.handler", "dist/index.mjs"),
    "Node.js, CommonJS": ("nodejs20.x", "index.a.b", "index.cjs"),
    "Node.js, as it is": ("nodejs20.x", "index.handler", "index"),
    "Node.js, a folder": ("nodejs20.x", "src.handler", "src/index.js"),
    "Node.js, a package": ("nodejs20.x", "wrapper.handler", "node_modules/wrapper/package.json"),
    "Ruby": ("ruby3.3", "app.handler", "app.rb"),
    "Ruby, a class": ("ruby3.3", "lib/app.Orders::App.handler", "lib/app.rb"),
    ".NET, a program": ("dotnet8", "Orders", "Orders.dll"),
    ".NET, a program with its ending": ("dotnet8", "Orders.dll", "Orders.dll"),
    ".NET, a native program": ("dotnet8", "bootstrap", "bootstrap"),
    "Java": ("java21", "orders.Handler::handle", "orders/Handler.class"),
    "Java, a class in a class": ("java21", "orders.Outer$Inner", "orders/Outer$Inner.class"),
    "Java, perhaps in a library": ("java21", "orders.Handler", "lib/orders.jar"),
    "a custom runtime": ("provided.al2023", "anything", "bootstrap"),
    "no language": ("", "app.handler", "whatever"),
}


@pytest.mark.parametrize(("runtime", "handler", "file"), HANDLERS_THERE.values(), ids=HANDLERS_THERE)
def test_the_handler_s_file_is_found_where_its_runtime_looks(runtime: str, handler: str, file: str) -> None:
    text = {file: b"#!/bin/sh\n"} if file == "bootstrap" else {}

    assert found(runtime, contents(files=[file], texts=text), handler=handler) == ()


HANDLERS_MISSING = {
    "Python": ("python3.12", "app.handler", "main.py", "app.py"),
    "Python, spelled otherwise": ("python3.12", "App.handler", "app.py", "App.py"),
    "Node.js": ("nodejs20.x", "index.handler", "index.ts", "index.js"),
    "Ruby": ("ruby3.3", "app.handler", "main.rb", "app.rb"),
    ".NET": ("dotnet8", "Orders", "Orders.exe", "Orders.dll"),
    "Java": ("java21", "orders.Handler::handle", "orders/Other.class", "orders/Handler.class"),
}


@pytest.mark.parametrize(("runtime", "handler", "file", "usual"), HANDLERS_MISSING.values(), ids=HANDLERS_MISSING)
def test_a_handler_without_its_file_is_broken(runtime: str, handler: str, file: str, usual: str) -> None:
    [finding] = found(runtime, contents(files=[file]), handler=handler)

    assert (finding.file, finding.problem, finding.verdict) == (usual, Problem.ENTRY_POINT, Verdict.BROKEN)
    assert finding.message == f"The handler {handler} should be in {usual}, which build/orders.zip does not have."


@pytest.mark.parametrize("runtime", ["python3.12", "nodejs20.x", "ruby3.3"])
def test_a_handler_without_a_function_is_broken(runtime: str) -> None:
    [finding] = found(runtime, contents(files=["app.py", "app.js", "app.rb"]), handler="app")

    assert finding.message == "The handler app names a file only."


def test_a_folder_too_many_is_named() -> None:
    [finding] = found("python3.12", contents(files=["build/app.py", "build/lib/app.py"]), handler="app.handler")

    assert finding.hint == "It is in build/app.py: pack what is in build/ instead of the folder itself."


HINTS = {
    "in one folder": (["src/index.js"], "src/"),
    "in two": (["a/index.js", "b/index.js"], ""),
    "the topmost one": (["a/index.js", "a/lib/index.js"], "a/"),
    "of a dependency": (["node_modules/@img/sharp-libvips-linux-x64/lib/index.js"], ""),
    "of a Python package": (["flask/index.js", "flask-3.0.dist-info/METADATA"], ""),
    "of a Python package, deeper": (["lib/flask/index.js", "lib/flask-3.0.dist-info/METADATA"], ""),
    "beside installed packages": (["src/index.js", "src/flask-3.0.dist-info/METADATA"], "src/"),
}


@pytest.mark.parametrize(("files", "folder"), HINTS.values(), ids=HINTS)
def test_only_the_user_s_own_folder_is_named(files: list[str], folder: str) -> None:
    [finding] = found("nodejs20.x", contents(files=files), handler="index.handler")

    named = f"It is in {folder}index.js: pack what is in {folder} instead of the folder itself."
    assert finding.hint == (
        named if folder else "Set the function's handler to a file that is there, or pack this one too."
    )


def test_a_handler_that_is_named_from_the_root_is_no_folder_too_many() -> None:
    [finding] = found("python3.12", contents(files=["src/app.py"]), handler="/var/task/src/app.handler")

    assert finding.hint == "Set the function's handler to a file that is there, or pack this one too."


LINKED = {
    "the file": ("python3.12", "app.handler", {"app.py": "src/app.py"}, "src/app.py"),
    "a folder on the way": ("python3.12", "src/app.handler", {"src": "code"}, "code/app.py"),
    "a compiled extension": (
        "python3.12",
        "src.app.handler",
        {"src": "code"},
        "code/app.cpython-312-x86_64-linux-gnu.so",
    ),
    "from the root": ("nodejs20.x", "src/index.handler", {"src": "/var/task/code"}, "code/index.mjs"),
    "an npm package": ("nodejs20.x", "w.handler", {"node_modules/w": "../packages/w"}, "packages/w/package.json"),
    "Ruby": ("ruby3.3", "lib/app.handler", {"lib": "code"}, "code/app.rb"),
    "what a wrapper starts": ("python3.12", "bin/run.sh", {"bin": "scripts"}, "scripts/run.sh"),
}


@pytest.mark.parametrize(("runtime", "handler", "links", "file"), LINKED.values(), ids=LINKED)
def test_the_handler_s_file_is_found_through_links(
    runtime: str, handler: str, links: dict[str, str], file: str
) -> None:
    assert found(runtime, with_links(links, file), handler=handler) == ()


def with_links(links: dict[str, str], *files: str) -> Contents:
    members = {name: Member(9, 0o777, link) for name, link in links.items()}
    members |= {name: Member(9, 0o644) for name in files}
    return Contents("a.zip", "/var/task", members, (), {}, {})


NOWHERE = {
    "to nothing": ({"app.py": "gone.py"}, "app.handler"),
    "to itself": ({"app.py": "app.py"}, "app.handler"),
    "out of the package": ({"app.py": "../../home/app.py"}, "app.handler"),
    "a folder to nothing": ({"app.py": "code"}, "app.py/app.handler"),
    "what a wrapper starts": ({"app.py": "gone"}, "app.py"),
}


@pytest.mark.parametrize(("links", "handler"), NOWHERE.values(), ids=NOWHERE)
@pytest.mark.parametrize("runtime", ["python3.12", "nodejs20.x"])
def test_a_handler_s_link_that_leads_to_nothing_is_broken(runtime: str, links: dict[str, str], handler: str) -> None:
    if runtime == "nodejs20.x":
        links, handler = {"app.js": next(iter(links.values())).replace(".py", ".js")}, handler.replace(".py", ".js")
    [finding] = found(runtime, with_links(links, "README.md"), handler=handler)

    ((name, link),) = links.items()
    assert (finding.file, finding.problem, finding.verdict) == (name, Problem.ENTRY_POINT, Verdict.BROKEN)
    assert finding.message == f"{name} of a.zip is a link to {link}, which is not there."


@pytest.mark.parametrize("link", ["../../packages/w", "w"], ids=["to nothing", "to itself"])
def test_a_handler_s_npm_package_that_is_a_link_to_nothing_is_broken(link: str) -> None:
    """As workspaces make them."""
    [finding] = found("nodejs20.x", with_links({"node_modules/w": link}, "a.js"), handler="w.handler")

    assert finding.message == f"node_modules/w of a.zip is a link to {link}, which is not there."


def test_a_handler_s_link_into_a_layer_that_was_not_given_is_unknown() -> None:
    package = with_links({"app.py": "/opt/python/app.py"})
    layer = contents(files=["python/app.py"], root=LAYER_ROOT)

    assert [f.verdict for f in found("python3.12", package, handler="app.handler")] == [Verdict.UNKNOWN]
    assert found("python3.12", package, layer, handler="app.handler") == ()


ABI3 = "pkg/x.abi3.so"
EXTENSIONS = {
    "there": ("python3.12", {ABI3: "../real/x.so"}, ["real/x.so"], None),
    "nowhere": ("python3.12", {ABI3: "../real/gone.so"}, [], Verdict.BROKEN),
    "outside": ("python3.12", {ABI3: "/usr/lib64/x.so"}, [], Verdict.UNKNOWN),
    "nowhere, with another file for the module": ("python3.12", {ABI3: "gone.so"}, ["pkg/x.py"], None),
    "nowhere, for another Python": ("python3.12", {"x.cpython-311-x86_64-linux-gnu.so": "gone.so"}, [], None),
    "nowhere, a library": ("python3.12", {"libx.so": "libx.so.1"}, [], None),
    "nowhere, of Node.js": ("nodejs20.x", {"x.node": "gone.node"}, [], Verdict.BROKEN),
    "nowhere, in a package of another language": ("ruby3.3", {"x.node": "gone.node"}, [], None),
    "a folder named like one": ("nodejs20.x", {"x.node": "y"}, ["y/index.js"], None),
}


@pytest.mark.parametrize(("runtime", "links", "files", "verdict"), EXTENSIONS.values(), ids=EXTENSIONS)
def test_links_that_are_named_like_extensions(
    runtime: str, links: dict[str, str], files: list[str], verdict: Verdict | None
) -> None:
    findings = found(runtime, with_links(links, *files))

    assert [(f.file, f.verdict) for f in findings] == ([(name, verdict) for name in links] if verdict else [])


def test_many_such_links_are_one_finding() -> None:
    [finding] = found("nodejs20.x", with_links({"b.node": "gone.node", "a.node": "/usr/a.node", "c.node": "b.node"}))

    assert finding.message == "b.node of a.zip is a link to gone.node, which is not there (and 2 more such links)."


ASSEMBLY = "Orders::Orders.Function::Handle"


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ("Orders.dll Orders.deps.json Orders.runtimeconfig.json", ""),
        ("Orders.dll Web.deps.json Web.runtimeconfig.json", ""),
        ("Orders.dll Web.deps.json Web.runtimeconfig.json bin/X.deps.json", ""),
        ("Orders.dll Web.deps.json Two.deps.json Orders.runtimeconfig.json", "Orders.deps.json"),
        ("Orders.dll Orders.deps.json", "Orders.runtimeconfig.json"),
        ("Orders.deps.json Orders.runtimeconfig.json", "Orders.dll"),
    ],
)
def test_a_net_assembly_needs_its_two_descriptions(files: str, missing: str) -> None:
    names = files.split()
    texts = {name: b'{"runtimeOptions": {}}' for name in names if name.endswith("config.json")}

    findings = found("dotnet8", contents(files=names, texts=texts), handler=ASSEMBLY)

    assert [finding.file for finding in findings] == ([missing] if missing else [])


LAYERED = {
    "Python": ("python3.12", "wrapper.handler", "python/wrapper.py"),
    "Python, by version": ("python3.12", "wrapper.a.handler", "python/lib/python3.12/site-packages/wrapper/a.py"),
    "Node.js": ("nodejs20.x", "wrapper.handler", "nodejs/node_modules/wrapper/index.js"),
    "Node.js, by version": ("nodejs20.x", "wrapper.handler", "nodejs/node20/node_modules/wrapper/index.js"),
    "Node.js, by path": (
        "nodejs20.x",
        "/opt/nodejs/node_modules/wrapper/handler.handler",
        "nodejs/node_modules/wrapper/handler.js",
    ),
    "Ruby": ("ruby3.3", "wrapper.handler", "ruby/lib/wrapper.rb"),
    "Java": ("java21", "wrapper.Handler", "java/lib/wrapper.jar"),
}


@pytest.mark.parametrize(("runtime", "handler", "file"), LAYERED.values(), ids=LAYERED)
def test_a_handler_may_be_in_a_layer(runtime: str, handler: str, file: str) -> None:
    function = contents(files=["README.md"])

    assert found(runtime, function, contents(files=[file], root=LAYER_ROOT), handler=handler) == ()
    [finding] = found(runtime, function, contents(files=["other/a.txt"], root=LAYER_ROOT), handler=handler)
    assert finding.verdict is Verdict.BROKEN
    assert "which build/orders.zip and its layers do not have" in finding.message


def test_a_handler_in_a_layer_that_was_not_given_is_unknown() -> None:
    [finding] = found("nodejs20.x", contents(files=["a.js"]), handler="/opt/nodejs/node_modules/w/handler.handler")

    assert (finding.problem, finding.verdict) == (Problem.ENTRY_POINT, Verdict.UNKNOWN)


MODES = {
    "readable": (0o644, 0),
    "readable and executable": (0o755, 0),
    "for its owner": (0o600, 1),
    "for its group": (0o640, 1),
    "for nobody": (0o000, 1),
}


@pytest.mark.parametrize(("mode", "count"), MODES.values(), ids=MODES)
def test_what_lambda_has_to_read_is_readable_for_everybody(mode: int, count: int) -> None:
    name = "a.cpython-312-x86_64-linux-gnu.so"

    findings = found("python3.12", contents(elf(name), modes={name: mode, "notes.txt": 0o600}))

    assert [(f.file, f.problem, f.verdict) for f in findings] == [(name, Problem.PERMISSION, Verdict.BROKEN)] * count


CLOSED = {
    "the handler's": ("src", "src/app.py", 1),
    "above the handler's": ("src", "src/orders/app.py", 1),
    "through a link": ("code", "code/app.py", 1),
    "another": ("tests", "src/app.py", 0),
    "one that begins alike": ("src/ap", "src/app.py", 0),
}


@pytest.mark.parametrize(("folder", "file", "count"), CLOSED.values(), ids=CLOSED)
def test_folders_on_the_way_to_the_handler_can_be_entered(folder: str, file: str, count: int) -> None:
    links = {"src": "code"} if file.startswith("code/") else {}
    package = replace(with_links(links, file), closed={folder: 0o700})
    handler = f"{file.replace('code/', 'src/').removesuffix('.py')}.handler"

    findings = found("python3.12", package, handler=handler)

    assert [(f.file, f.problem, f.verdict) for f in findings] == [(folder, Problem.PERMISSION, Verdict.BROKEN)] * count
    if count:
        assert findings[0].message == (
            f"{folder}/ (mode 0700) of a.zip can be entered by its owner only, and Lambda runs the function as another "
            "user."
        )


def test_folders_of_native_files_can_be_entered_in_layers_too() -> None:
    natives = [elf(f"python/{n}/{n}.cpython-312-x86_64-linux-gnu.so") for n in "ab"]
    layer = replace(contents(*natives, root=LAYER_ROOT), closed={"python/a": 0o700, "python/b": 0o750, "doc": 0o700})

    [finding] = found("python3.12", contents(), layer)

    assert finding.message.startswith("python/a/ (mode 0700) and 1 more folder of build/orders.zip can be entered by")
    assert finding.message.endswith("Lambda runs the layer as another user.")


def test_many_unreadable_files_are_one_finding_for_each_package() -> None:
    natives = [elf(f"a{n}.cpython-312-x86_64-linux-gnu.so") for n in range(3)]
    modes = {**{native.name: 0o600 for native in natives}, "app.py": 0o600}
    layer = contents(elf("lib/b.so"), modes={"lib/b.so": 0o400}, root=LAYER_ROOT, source="layer.zip")

    first, second = found("python3.12", contents(*natives, modes=modes), layer, handler="app.handler")

    assert first.message == (
        "a0.cpython-312-x86_64-linux-gnu.so (mode 0600) and 3 more files of build/orders.zip can be read by its owner "
        "only, and Lambda runs the function as another user."
    )
    assert second.message.startswith("lib/b.so (mode 0400) of layer.zip can be read")


def test_links_and_unsaid_modes_say_nothing() -> None:
    native = elf("a.cpython-312-x86_64-linux-gnu.so")
    package = contents(native, files=["app.py"])
    members = {
        native.name: Member(9, None),
        "app.py": Member(9, 0o400, target="b.py"),
        "b.py": Member(9, None),
    }

    assert found("python3.12", Contents("a.zip", "/var/task", members, (native,), {}, {}), handler="app.h") == ()
    assert found("python3.12", package, handler="app.h") == ()


def test_without_a_language_only_the_common_rules_are_applied() -> None:
    name = "a.cpython-311-x86_64-linux-gnu.so"
    package = contents(elf(name), modes={name: 0o600})

    assert [finding.problem for finding in found("", package)] == [Problem.PERMISSION]
    assert passed_over([package], target("")) == frozenset()


def test_what_a_build_leaves_behind_is_passed_over() -> None:
    linked = "node_modules/a/build/Release/obj.target/a.node"
    package = contents(elf(linked), elf("node_modules/a/build/Release/a.node", entries=["napi_register_module_v1"]))

    assert passed_over([package], target("nodejs20.x")) == {f"/var/task/{linked}"}
    assert found("nodejs20.x", package) == ()


def bootstrap(text: bytes, *, mode: int | None = 0o755, files: tuple[str, ...] = ()) -> list[tuple[Problem, Verdict]]:
    package = contents(files=files, texts={"bootstrap": text}, modes={"bootstrap": mode} if mode is not None else {})
    return [(finding.problem, finding.verdict) for finding in found("provided.al2023", package)]


SCRIPTS = {
    "sh": (b"#!/bin/sh\nset -eu\n", []),
    "bash, with an option": (b"#!/bin/bash -e\n", []),
    "env": (b"#! /usr/bin/env bash\n", []),
    "no end of line": (b"#!/bin/sh", []),
    "an interpreter of its own": (b"#!/var/task/bin/php\n", []),
    "an interpreter in a layer": (b"#!/opt/bin/php\n", [(Problem.INTERPRETER, Verdict.BROKEN)]),
    "an interpreter that is not packed": (b"#!/var/task/bin/perl\n", [(Problem.INTERPRETER, Verdict.BROKEN)]),
    "an interpreter of the image, perhaps": (b"#!/usr/bin/python3\n", [(Problem.INTERPRETER, Verdict.UNKNOWN)]),
    "no interpreter": (b"#!\n", [(Problem.INTERPRETER, Verdict.UNKNOWN)]),
    "Windows line ends": (b"#!/bin/sh\r\nset -eu\r\n", [(Problem.INTERPRETER, Verdict.BROKEN)]),
    "no script": (b"echo hello\n", [(Problem.DAMAGED, Verdict.BROKEN)]),
    "empty": (b"", [(Problem.DAMAGED, Verdict.BROKEN)]),
}


def test_an_interpreter_that_the_image_may_have_can_be_ignored() -> None:
    [finding] = found("provided.al2023", contents(texts={"bootstrap": b"#!/usr/bin/python3\n"}))

    assert finding.hint.endswith("; if the image has it, list bootstrap in `ignore`.")


@pytest.mark.parametrize(("text", "expected"), SCRIPTS.values(), ids=SCRIPTS)
def test_a_bootstrap_script_is_run_by_what_its_first_line_names(
    text: bytes, expected: list[tuple[Problem, Verdict]]
) -> None:
    assert bootstrap(text, files=("bin/php",)) == expected


def test_a_bootstrap_has_to_be_executable_and_readable() -> None:
    fault = (Problem.PERMISSION, Verdict.BROKEN)

    assert bootstrap(b"#!/bin/sh\n", mode=0o644) == [fault]
    assert bootstrap(b"#!/bin/sh\n", mode=0o744) == [fault]
    assert bootstrap(b"#!/bin/sh\n", mode=0o711) == [fault]
    assert bootstrap(b"#!/bin/sh\n", mode=0o700) == [fault, fault]  # for its owner only: neither
    assert bootstrap(b"#!/bin/sh\n", mode=0o755) == []


@pytest.mark.parametrize("runtime", ["provided", "provided.al2", "provided.al2023", "go1.x"])
def test_a_custom_runtime_needs_a_bootstrap_at_the_top(runtime: str) -> None:
    [finding] = found(runtime, contents(files=["build/bootstrap"]), contents(root=LAYER_ROOT, source="layer.zip"))

    assert (finding.problem, finding.verdict) == (Problem.ENTRY_POINT, Verdict.BROKEN)
    assert finding.message == "There is no file bootstrap at the top of build/orders.zip or of layer.zip."


def test_a_layer_may_have_the_bootstrap() -> None:
    layer = contents(texts={"bootstrap": b"#!/opt/bin/php\n"}, files=["bin/php"], root=LAYER_ROOT)

    assert found("provided.al2", contents(files=["index.php"]), layer) == ()


PROGRAMS = {
    "static": (elf("bootstrap", kind="executable", needed=()), []),
    "static and position-independent": (elf("bootstrap", needed=()), []),
    "with a loader": (elf("bootstrap", interpreter="/lib64/ld-linux-x86-64.so.2"), []),
    "a library": (elf("bootstrap", soname="libbootstrap.so"), [Problem.ENTRY_POINT]),
    "for a Mac, which is told by its format": (mac("bootstrap"), []),
}


@pytest.mark.parametrize(("native", "problems"), PROGRAMS.values(), ids=PROGRAMS)
def test_a_bootstrap_is_a_program(native: object, problems: list[Problem]) -> None:
    assert [finding.problem for finding in found("provided.al2023", contents(native))] == problems  # type: ignore[arg-type]


AGENT = "extensions/agent"
STARTED = {
    "a script": (AGENT, 0o755, b"#!/bin/sh\n", []),
    "not executable": (AGENT, 0o644, b"#!/bin/sh\n", [Problem.PERMISSION]),
    "packed as on Windows": (AGENT, None, b"#!/bin/sh\n", [Problem.PERMISSION]),
    "Windows line ends": (AGENT, 0o755, b"#!/bin/sh\r\n", [Problem.INTERPRETER]),
    "an interpreter that is not there": (AGENT, 0o755, b"#!/opt/bin/perl\n", [Problem.INTERPRETER]),
    "no program": (AGENT, 0o755, b"hello\n", [Problem.DAMAGED]),
    "deeper, where nothing is started": (f"{AGENT}/tool", 0o644, b"hello\n", []),
    "elsewhere": ("bin/agent", 0o644, b"hello\n", []),
}


@pytest.mark.parametrize("runtime", ["python3.12", "nodejs20.x", "java21", ""])
@pytest.mark.parametrize(("name", "mode", "text", "problems"), STARTED.values(), ids=STARTED)
def test_extensions_are_started_with_functions_of_every_language(
    runtime: str, name: str, mode: int | None, text: bytes, problems: list[Problem]
) -> None:
    layer = Contents("layer.zip", LAYER_ROOT, {name: Member(9, mode)}, (), {name: text}, {})

    findings = found(runtime, contents(), layer)

    assert [(f.file, f.problem, f.verdict) for f in findings] == [(name, p, Verdict.BROKEN) for p in problems]


def test_an_extension_that_a_later_layer_replaces_is_not_started() -> None:
    bad = Contents("1.zip", LAYER_ROOT, {AGENT: Member(9, 0o644)}, (), {AGENT: b"#!/bin/sh\n"}, {})
    good = Contents("2.zip", LAYER_ROOT, {AGENT: Member(9, 0o755)}, (), {AGENT: b"#!/bin/sh\n"}, {})

    assert found("python3.12", contents(), bad, good) == ()
    assert len(found("python3.12", contents(), good, bad)) == 1


def test_a_bootstrap_packed_as_on_windows_can_not_be_started() -> None:
    package = Contents("a.zip", "/var/task", {"bootstrap": Member(9, None)}, (), {"bootstrap": b"#!/bin/sh\n"}, {})

    [finding] = found("provided.al2023", package)

    assert (finding.problem, finding.verdict) == (Problem.PERMISSION, Verdict.BROKEN)


LINKS = {
    "to a program": ({"bin/app": Member(9, 0o755)}, "bin/app", b"#!/bin/sh\n", []),
    "to a program that can't be started": ({"bin/app": Member(9, 0o644)}, "bin/app", b"", [Problem.PERMISSION]),
    "to a script for Windows": ({"bin/app": Member(9, 0o755)}, "bin/app", b"#!/bin/sh\r\n", [Problem.INTERPRETER]),
    "to nothing": ({}, "gone/app", b"", [Problem.ENTRY_POINT]),
    "to nothing in a layer": ({}, "/opt/app", b"", [Problem.ENTRY_POINT]),
    "to the image": ({}, "/bin/sh", b"", []),
    "to itself": ({}, "bootstrap", b"", [Problem.ENTRY_POINT]),
}


@pytest.mark.parametrize(("files", "link", "text", "problems"), LINKS.values(), ids=LINKS)
def test_a_bootstrap_may_be_a_link(files: dict[str, Member], link: str, text: bytes, problems: list[Problem]) -> None:
    members = {**files, "bootstrap": Member(7, 0o777, link)}
    package = Contents("a.zip", "/var/task", members, (), {link: text} if text else {}, {})

    assert [finding.problem for finding in found("provided.al2023", package)] == problems


@pytest.mark.parametrize("runtime", ["python3.12", "nodejs20.x", "ruby3.3"])
def test_a_handler_may_be_a_program_that_a_wrapper_starts(runtime: str) -> None:
    """As the Lambda Web Adapter asks for."""
    assert found(runtime, contents(files=["run.sh"]), handler="run.sh") == ()
    assert [f.verdict for f in found(runtime, contents(files=["start.sh"]), handler="run.sh")] == [Verdict.BROKEN]


@pytest.mark.parametrize(
    ("runtime", "known"),
    [
        *((name, True) for name in "python3.12 nodejs20.x ruby3.3 java8.al2 java21 dotnet8 provided go1.x".split()),
        *((name, True) for name in ("provided.al2", "provided.al2023")),
        *((name, False) for name in "pyton3.12 python nodejs20 python3.12.1 java provided.al3 Python3.12".split()),
    ],
)
def test_runtimes_are_named_as_lambda_does(runtime: str, known: bool) -> None:
    assert has_rules(runtime) is known
