# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ruby, Java and .NET ask of packages for their own versions."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages import dotnet_rules, java_rules, ruby_rules
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.places import only_for_other_versions
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.variants import sort_out
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import LAYER_ROOT, Native
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Finding, Problem, Verdict
from native_packages import contents, elf, mac, target

RUBY = target("ruby3.3")
NOKOGIRI = "vendor/bundle/ruby/3.3.0/gems/nokogiri-1.16.2-x86_64-linux/lib/nokogiri"


def ruby(*natives: Native, files: tuple[str, ...] = ()) -> list[Finding]:
    package = contents(*natives, files=files)
    return list(ruby_rules.findings([package], RUBY, sort_out([package], RUBY).fitting))


def extension(version: str, *, entry: str = "Init_nokogiri") -> Native:
    return elf(f"{NOKOGIRI}/{version}/nokogiri.so", entries=[entry])


def test_gems_bring_their_extension_for_several_rubies() -> None:
    natives = [extension(version) for version in ("3.1", "3.2", "3.3")]
    package = contents(*natives)

    assert [native.name for native in sort_out([package], RUBY).fitting] == [f"{NOKOGIRI}/3.3/nokogiri.so"]
    assert ruby(*natives) == []


def test_an_extension_for_other_rubies_only_is_broken() -> None:
    [finding] = ruby(extension("3.1"), extension("3.2"))

    assert (finding.problem, finding.verdict) == (Problem.RUNTIME_ABI, Verdict.BROKEN)
    assert finding.message == f"{NOKOGIRI}/3.1/nokogiri.so is built for Ruby 3.1 and 3.2, the runtime is Ruby 3.3."


def test_an_extension_beside_the_versioned_ones_does_as_well() -> None:
    assert ruby(extension("3.1"), elf(f"{NOKOGIRI}/nokogiri.so", entries=["Init_nokogiri"])) == []


def test_a_mac_s_extensions_are_told_by_their_format_only() -> None:
    assert ruby(mac(f"{NOKOGIRI}/3.1/nokogiri.so")) == []


START = {
    "its own name": ("lib/google/protobuf_c.so", ["Init_protobuf_c"], 0),
    "up to the first dot": ("lib/a.b.so", ["Init_a"], 0),
    "a library": ("lib/libruby-static.so", ["Init_stack"], 0),
    "no extension": ("lib/fast.so", [], 0),
    "renamed": ("lib/other.so", ["Init_fast"], 1),
}


@pytest.mark.parametrize(("name", "entries", "count"), START.values(), ids=START)
def test_an_extension_starts_under_the_name_of_its_file(name: str, entries: list[str], count: int) -> None:
    found = ruby(elf(name, entries=entries))

    assert [(finding.problem, finding.verdict) for finding in found] == [(Problem.ENTRY_POINT, Verdict.UNKNOWN)] * count


@pytest.mark.parametrize(
    ("root", "folder"), [("/var/task", "vendor/bundle/ruby/3.2.0/"), (LAYER_ROOT, "ruby/gems/3.2.0/")]
)
def test_gems_of_another_ruby_are_not_found(root: str, folder: str) -> None:
    wrong, right = f"{folder}gems/rack-3.0/rack.rb", f"{folder.replace('3.2', '3.3')}gems/rack-3.0/rack.rb"

    [finding] = only_for_other_versions([contents(files=[wrong], root=root)], RUBY)

    assert (finding.file, finding.problem) == (folder.rstrip("/"), Problem.RUNTIME_ABI)
    assert finding.verdict is Verdict.BROKEN
    assert f"looks for gems in {folder.replace('3.2', '3.3')}" in finding.message
    assert list(only_for_other_versions([contents(files=[wrong, right], root=root)], RUBY)) == []


def java(classes: dict[str, tuple[int, str]], runtime: str) -> list[Finding]:
    return list(java_rules.findings([contents(classes=classes)], target(runtime), ()))


@pytest.mark.parametrize(
    ("runtime", "highest"), [("java8.al2", 52), ("java11", 55), ("java17", 61), ("java21", 65), ("java25", 69)]
)
def test_classes_of_the_runtime_s_version_are_taken_and_newer_ones_are_not(runtime: str, highest: int) -> None:
    assert java({"": (highest, "orders/Handler.class"), "lib/a.jar": (49, "a/A.class")}, runtime) == []

    newer = highest + 1
    own, library = java({"": (newer, "orders/Handler.class"), "lib/a.jar": (newer, "a/A.class")}, runtime)

    assert (own.file, own.problem, own.verdict) == ("orders/Handler.class", Problem.RUNTIME_ABI, Verdict.BROKEN)
    assert f"is compiled for Java {newer - 44} (class file version {newer})" in own.message
    assert own.hint == f"Compile with --release {highest - 44}."
    assert (library.file, library.verdict) == ("lib/a.jar!/a/A.class", Verdict.UNKNOWN)
    assert "a.jar" in library.hint


def test_newer_classes_among_older_ones_are_no_proof() -> None:
    """jline 3.26 keeps its terminals for Java 22 beside everything else, which is for Java 8."""
    newest = {"": (66, "orders/Handler.class"), "lib/jline.jar": (66, "org/jline/terminal/impl/ffm/FfmProvider.class")}
    package = replace(contents(classes=newest), oldest_classes={"": 52, "lib/jline.jar": 52})

    own, library = java_rules.findings([package], target("java21"), ())

    assert (own.verdict, library.verdict) == (Verdict.UNKNOWN, Verdict.LOADS)
    assert library.message.endswith("the runtime is Java 21, and other classes beside it are for older ones.")


UNREAD = {
    "on the class path": ("lib/a.jar", 1),
    "of Spring Boot": ("BOOT-INF/lib/a.jar", 1),
    "an agent at the top": ("agent.jar", 1),
    "a web archive": ("app.war", 1),
    "data": ("fixtures/a.jar", 0),
    "another archive": ("lib/a.zip", 0),
    "of macOS": ("lib/._a.jar", 0),
}


@pytest.mark.parametrize(("name", "count"), UNREAD.values(), ids=UNREAD)
def test_a_jar_on_the_class_path_that_can_not_be_read_is_unknown(name: str, count: int) -> None:
    package = replace(contents(files=[name]), unread={name: f"{name} is a zip that is cut short."})

    found = list(java_rules.findings([package], target("java21"), ()))

    assert [(f.file, f.problem, f.verdict) for f in found] == [(name, Problem.DAMAGED, Verdict.UNKNOWN)] * count
    if found:
        assert found[0].message == (
            f"What is in {name} of build/orders.zip is not known: {name} is a zip that is cut short."
        )


def test_an_unreadable_jar_that_a_later_layer_replaces() -> None:
    jar = "java/lib/a.jar"
    bad = replace(contents(files=[jar], root=LAYER_ROOT), unread={jar: "It is none."})
    good = contents(files=[jar], root=LAYER_ROOT)

    assert list(java_rules.findings([contents(), bad, good], target("java21"), ())) == []
    assert len(list(java_rules.findings([contents(), good, bad], target("java21"), ()))) == 1


def test_an_unnumbered_java_is_not_judged() -> None:
    assert java({"": (99, "A.class")}, "java") == []


def dotnet(config: object, *, name: str = "Orders.runtimeconfig.json", runtime: str = "dotnet8") -> list[Finding]:
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    return list(dotnet_rules.findings([contents(texts={name: text})], target(runtime), ()))


def asks_for(version: str, **more: object) -> dict[str, object]:
    framework = {"name": "Microsoft.NETCore.App", "version": version}
    return {"runtimeOptions": {"tfm": "net8.0", "framework": framework, **more}}


CONFIGURATIONS = {
    "the runtime's own": (asks_for("8.0.0"), None),
    "newer": (asks_for("9.0.0"), Verdict.BROKEN),
    "newer, rolling forward": (asks_for("9.0.0", rollForward="Major"), Verdict.BROKEN),
    "older": (asks_for("6.0.0"), Verdict.UNKNOWN),
    "older, rolling forward": (asks_for("6.0.0", rollForward="LatestMajor"), None),
    "older, rolling forward a little": (asks_for("6.0.0", rollForward="Minor"), Verdict.UNKNOWN),
    "several": (
        {
            "runtimeOptions": {
                "frameworks": [
                    {"name": "Microsoft.NETCore.App", "version": "8.0.0"},
                    {"name": "Microsoft.AspNetCore.App", "version": "10.0.0"},
                ]
            }
        },
        Verdict.BROKEN,
    ),
    "in the package": (
        {"runtimeOptions": {"includedFrameworks": [{"name": "Microsoft.NETCore.App", "version": "9.0.0"}]}},
        None,
    ),
}


@pytest.mark.parametrize(("config", "verdict"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_frameworks_have_to_be_the_runtime_s(config: object, verdict: Verdict | None) -> None:
    found = dotnet(config)

    assert [(finding.problem, finding.verdict) for finding in found] == (
        [(Problem.RUNTIME_ABI, verdict)] if verdict else []
    )


def test_a_framework_is_named_with_its_version() -> None:
    [finding] = dotnet(asks_for("9.0.1"))

    assert finding.message == (
        "Orders.runtimeconfig.json asks for Microsoft.NETCore.App 9.0.1, the runtime has .NET 8."
    )
    assert (finding.library, finding.version) == ("Microsoft.NETCore.App", "9.0.1")


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"7", b'{"runtimeOptions": 7}', b'{"runtimeOptions": {"frameworks": [{}]}}', b"[" * 100_000],
)
def test_a_configuration_that_can_t_be_read_is_damaged(text: bytes) -> None:
    assert [(f.problem, f.verdict) for f in dotnet(text)] == [(Problem.DAMAGED, Verdict.BROKEN)]


def test_a_byte_order_mark_is_no_damage() -> None:
    assert dotnet(b"\xef\xbb\xbf" + json.dumps(asks_for("8.0.0")).encode()) == []


def test_configurations_of_tools_in_folders_are_not_the_function_s() -> None:
    assert dotnet(asks_for("9.0.0"), name="tools/Tool.runtimeconfig.json") == []
