# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which patterns there are, what they match, and what is left of a verdict without it."""

from __future__ import annotations

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.ignore import (
    BadPattern,
    parse_patterns,
    without_ignored,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.parity import (
    KINDS,
    Difference,
    Parity,
    Verdict,
    sum_up,
)


def difference(kind: str, name: str, severity: Verdict = Verdict.RISKY_DRIFT) -> Difference:
    return Difference(kind, name, "2", "1", severity, "Why.")


PARITY = sum_up(
    [
        difference("package", "glib2"),
        difference("package", "tzdata", Verdict.COMPATIBLE_DRIFT),
        difference("library", "libmagic.so.1"),
        difference("release", "os-release"),
    ]
)


def ignored(parity: Parity, *patterns: str) -> Parity:
    return without_ignored(parity, parse_patterns(patterns))


@pytest.mark.parametrize(
    ("patterns", "names", "verdict"),
    [
        ([], [], Verdict.RISKY_DRIFT),
        (["package:tzdata"], ["tzdata"], Verdict.RISKY_DRIFT),
        (["package:*"], ["glib2", "tzdata"], Verdict.RISKY_DRIFT),
        (
            ["library:libmagic.so.*", "release:*", "glib[12]"],
            ["glib2", "libmagic.so.1", "os-release"],
            Verdict.COMPATIBLE_DRIFT,
        ),
        (["*"], ["glib2", "libmagic.so.1", "os-release", "tzdata"], Verdict.COMPATIBLE_DRIFT),
        (["GLIB2"], [], Verdict.RISKY_DRIFT),
        (["library:glib2"], [], Verdict.RISKY_DRIFT),
    ],
)
def test_what_is_ignored_counts_for_nothing(patterns: list[str], names: list[str], verdict: Verdict) -> None:
    parity = ignored(PARITY, *patterns)
    assert sorted(d.name for d in parity.differences if d.ignored) == names
    assert len(parity.differences) == len(PARITY.differences)
    assert parity.verdict is verdict


def test_what_is_ignored_stands_last() -> None:
    assert [d.name for d in ignored(PARITY, "glib2").differences][-1] == "glib2"


def test_ignoring_all_that_differs_from_the_base_leaves_the_same_base() -> None:
    parity = sum_up([difference("package", "a")], best=Verdict.SAME_BASE)
    assert ignored(parity, "a").verdict is Verdict.SAME_BASE


def test_what_could_not_be_read_is_not_ignored() -> None:
    parity = sum_up([difference("package", "a")], unread=["Unread."], notes=["Else."])
    assert ignored(parity, "*").verdict is Verdict.UNKNOWN
    assert ignored(parity, "*").notes == ("Unread.", "Else.")


@pytest.mark.parametrize("kind", ["platform", "distribution"])
def test_another_platform_or_distribution_is_never_ignored(kind: str) -> None:
    parity = ignored(sum_up([difference(kind, "os-release", Verdict.INCOMPATIBLE)]), "*", "os-release")
    assert parity.verdict is Verdict.INCOMPATIBLE
    with pytest.raises(BadPattern, match="can't be ignored"):
        parse_patterns([f"{kind}:*"])


def test_a_pattern_that_matches_nothing_is_noted() -> None:
    parity = ignored(PARITY, "package:tzdata", "package:nss*")
    assert parity.notes == ("Nothing that differs is matched by 'package:nss*' of `ignore`.",)


@pytest.mark.parametrize("text", ["", ":", "package:", "packages:glib2", "soname:x"])
def test_patterns_that_do_not_parse(text: str) -> None:
    with pytest.raises(BadPattern, match="does not parse") as failed:
        parse_patterns([text])
    assert "library" in failed.value.hint
    assert "platform" not in failed.value.hint


def test_every_other_kind_can_be_ignored() -> None:
    assert [p.kind for p in parse_patterns(f"{kind}:*" for kind in KINDS[2:])] == list(KINDS[2:])
