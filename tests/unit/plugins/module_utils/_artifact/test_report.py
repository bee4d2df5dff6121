# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a checked artifact is told as: sentences, table, advice, values."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._artifact.artifact import Artifact
from ansible_collections.lambdaops.deploy.plugins.module_utils._artifact.check import Checked
from ansible_collections.lambdaops.deploy.plugins.module_utils._artifact.report import (
    advice,
    as_results,
    refusal,
    sentence,
    table,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.libraries import LibraryFacts
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import (
    FUNCTION_ROOT,
    LAYER_ROOT,
    Contents,
    Member,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import (
    Finding,
    Problem,
    Verdict,
    in_order,
    verdict_of,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.target import Target

IMAGE = "public.ecr.aws/lambda/python:3.12-x86_64"
TARGET = Target("x86_64", "python3.12", IMAGE, "", (), LibraryFacts((), (), (), ()))
PACKAGE = Contents("build/orders.zip", FUNCTION_ROOT, {"a.so": Member(7, 0o644)}, (), {}, {})
LAYER = Contents("build/layer.zip", LAYER_ROOT, {}, (), {}, {})

TOO_NEW = Finding(
    "numpy/a.so",
    Problem.VERSION,
    Verdict.BROKEN,
    "numpy/a.so needs GLIBC_2.38 of libc.so.6, and the runtime image has up to GLIBC_2.34.",
    hint="Install an older one.",
    library="libc.so.6",
    version="GLIBC_2.38",
)
MISSING = Finding(
    "b.so", Problem.LIBRARY, Verdict.BROKEN, "b.so needs libb.so.1.", hint="Bring it.", library="libb.so.1"
)
ODD = Finding("c.node", Problem.ENTRY_POINT, Verdict.UNKNOWN, "c.node exports nothing to start it by.")
CONTAINER = Finding("d.so", Problem.CONTAINER_ONLY, Verdict.CONTAINER_ONLY, "d.so needs libglib-2.0.so.0.")


def artifact(*findings: Finding, natives: int = 4, fit: int = 4, layers: int = 0) -> Artifact:
    checked = Checked(verdict_of(findings), in_order(findings), ("2 files are for macOS.",), natives, fit)
    return Artifact((PACKAGE, *([LAYER] * layers)), TARGET, None, checked)


SENTENCES = {
    "loads": (artifact(), f"build/orders.zip loads on {IMAGE}: 4 native files checked."),
    "one": (artifact(natives=1, fit=1), f"build/orders.zip loads on {IMAGE}: 1 native file checked."),
    "some fit": (
        artifact(natives=9),
        f"build/orders.zip loads on {IMAGE}: 4 of 9 native files checked, those for x86_64.",
    ),
    "nothing native": (
        artifact(natives=0, fit=0, layers=2),
        f"build/orders.zip with 2 layers loads on {IMAGE}: it has no native code.",
    ),
    "broken": (
        artifact(TOO_NEW, MISSING, ODD, layers=1),
        f"build/orders.zip with 1 layer does not load on {IMAGE}: b.so needs libb.so.1 (and 2 more findings).",
    ),
    "unknown": (
        artifact(ODD),
        f"build/orders.zip is not certain to load on {IMAGE}: c.node exports nothing to start it by.",
    ),
    "container only": (
        artifact(CONTAINER),
        f"build/orders.zip loads on {IMAGE}, but perhaps not on the managed runtime: d.so needs libglib-2.0.so.0.",
    ),
    "ignored": (
        artifact(replace(MISSING, ignored=True)),
        f"build/orders.zip, leaving out 1 finding that is ignored, loads on {IMAGE}: 4 native files checked.",
    ),
}


@pytest.mark.parametrize(("found", "words"), SENTENCES.values(), ids=SENTENCES)
def test_the_sentence(found: Artifact, words: str) -> None:
    assert sentence(found) == words


def test_a_refusal_ends_with_what_mends_the_first_finding() -> None:
    assert refusal(artifact(TOO_NEW, ODD)).endswith(
        "the runtime image has up to GLIBC_2.34 (and 1 more finding). Install an older one."
    )
    assert refusal(artifact(ODD)) == sentence(artifact(ODD))


def test_advice_has_each_hint_once_and_not_too_many() -> None:
    other = replace(TOO_NEW, file="numpy/b.so")
    assert advice(artifact(TOO_NEW, other, MISSING)) == ["Bring it.", "Install an older one."]
    assert advice(artifact(replace(MISSING, ignored=True), ODD)) == []
    assert len(advice(artifact(*(replace(MISSING, file=str(i), hint=f"Hint {i}.") for i in range(30))))) == 10


def test_the_table_is_aligned_and_says_what_is_left_out() -> None:
    lines = table(artifact(TOO_NEW, replace(MISSING, ignored=True), ODD).checked.findings)
    assert lines == [
        "file        problem      needs                    verdict",
        "----------  -----------  -----------------------  -------",
        "numpy/a.so  version      GLIBC_2.38 of libc.so.6  broken",
        "c.node      entry_point  -                        unknown",
        "b.so        library      libb.so.1                ignored",
    ]
    assert table([]) == []
    assert table([MISSING] * 50)[-1] == "... and 10 more"


def test_values() -> None:
    results = as_results(artifact(TOO_NEW, replace(MISSING, ignored=True), ODD, natives=9), Transfer(), ["More."])
    assert results["changed"] is False
    assert results["verdict"] == "broken"
    assert results["counts"] == {
        "natives": 9,
        "fit": 4,
        "broken": 1,
        "unknown": 1,
        "container_only": 0,
        "ignored": 1,
    }
    assert results["findings"][0]["version"] == "GLIBC_2.38"
    assert results["packages"] == [
        {"path": "build/orders.zip", "root": "/var/task", "entries": 1, "bytes": 7, "natives": 0}
    ]
    assert results["runtime"]["image"] == IMAGE
    assert results["runtime"]["pinned"] is None
    assert results["notes"] == ["2 files are for macOS.", "More."]


def test_what_a_run_found_counts_like_all_else() -> None:
    run = Finding("app.handler", Problem.LOAD, Verdict.BROKEN, "app.handler can't be imported: no.")
    found = artifact(ODD).with_findings([run])
    assert found.checked.verdict is Verdict.BROKEN
    assert found.checked.findings == (run, ODD)
