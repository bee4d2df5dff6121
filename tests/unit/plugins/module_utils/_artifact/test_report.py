# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a checked artifact is told as: sentences, table, advice, values."""

from __future__ import annotations

import json
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
        f"build/orders.zip loads on {IMAGE}: 4 of 9 native files checked, those that the runtime may load on x86_64.",
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
        f"build/orders.zip loads on {IMAGE} (1 finding ignored): 4 native files checked.",
    ),
    "ignored, beside others": (
        artifact(replace(MISSING, ignored=True), TOO_NEW, ODD),
        f"build/orders.zip does not load on {IMAGE}: {TOO_NEW.message.rstrip('.')} (and 1 more finding, 1 ignored).",
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


ODD_NAMES = ("\udcff d/a.so", "\x1b[31mred.so", "two\nlines.so", "\u202etxt.so")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_what_is_told_of_any_name_can_be_shown_and_encoded(name: str) -> None:
    """Ansible refuses results that are not UTF-8, and terminals obey what some names hold."""
    finding = replace(MISSING, file=name, message=f"{name} is odd.", hint=f"Look at {name}.", component=name)
    odd = artifact(finding)
    odd = replace(
        odd,
        contents=(replace(PACKAGE, source=name),),
        target=replace(TARGET, image=name),
        checked=replace(odd.checked, notes=(f"{name} was passed over.",)),
    )
    results = as_results(odd, Transfer(), [name])
    assert json.dumps(results, ensure_ascii=False).encode().decode().isprintable()
    assert "\\" in results["findings"][0]["file"]
    assert not [
        line for line in (sentence(odd), refusal(odd), *advice(odd), *table([finding])) if not line.isprintable()
    ]


def test_what_a_run_found_counts_like_all_else() -> None:
    run = Finding("app.handler", Problem.LOAD, Verdict.BROKEN, "app.handler can't be imported: no.")
    found = artifact(ODD).with_findings([run])
    assert found.checked.verdict is Verdict.BROKEN
    assert found.checked.findings == (run, ODD)


def test_what_a_run_found_is_ignored_like_all_else() -> None:
    run = Finding("app.handler", Problem.LOAD, Verdict.BROKEN, "app.handler can't be imported: no.")
    note = "Nothing that was found is matched by 'app.*' of `ignore`."
    before = replace(artifact(), ignore=("app.*",))
    before = replace(before, checked=replace(before.checked, notes=(note,)))
    found = before.with_findings([run]).checked
    assert (found.verdict, found.findings, found.notes) == (Verdict.LOADS, (replace(run, ignored=True),), ())
    assert before.with_findings([]).checked.notes == (note,)


def test_an_import_settles_what_only_loading_could_tell() -> None:
    abi = Finding("e.node", Problem.RUNTIME_ABI, Verdict.UNKNOWN, "e.node does not tell which Node.js it is for.")
    search = Finding("f.so", Problem.SEARCH, Verdict.UNKNOWN, "f.so needs libg.so.")
    archive = Finding("g.jar!/g.so", Problem.LIBRARY, Verdict.UNKNOWN, "g.jar!/g.so needs libh.so.")
    given = artifact(abi, search, archive, TOO_NEW)
    found = given.with_findings([], imported=True).checked
    verdicts = {finding.file: finding.verdict for finding in found.findings}
    assert verdicts == {
        "e.node": Verdict.LOADS,
        "f.so": Verdict.LOADS,
        "g.jar!/g.so": Verdict.UNKNOWN,
        "numpy/a.so": Verdict.BROKEN,
    }
    told = "The handler could be imported, so 2 findings that only loading settles no longer count."
    assert found.notes == (*given.checked.notes, told)
    assert given.with_findings([], imported=False).checked.findings == given.checked.findings


def test_a_handler_that_is_known_to_be_missing_is_told_once() -> None:
    run = Finding("app.handler", Problem.LOAD, Verdict.BROKEN, "app.handler can't be imported: No module named 'app'.")
    absent = Finding("app.py", Problem.ENTRY_POINT, Verdict.BROKEN, "The handler app.handler should be in app.py.")

    assert artifact(absent).with_findings([run]).checked.findings == (absent,)
    ignored = replace(absent, ignored=True)
    assert artifact(ignored).with_findings([run]).checked.findings == (run, ignored)


def test_another_version_of_the_language_is_told_before_its_libraries_and_what_is_imported_before_what_it_brings() -> (
    None
):
    library = replace(MISSING, file="numpy/core/a.so")
    tests, brought = replace(MISSING, file="numpy/core/tests/a.so"), replace(MISSING, file="numpy.libs/b.so")
    other = replace(MISSING, file="z.so", problem=Problem.RUNTIME_ABI)

    assert in_order([brought, tests, library, TOO_NEW, other]) == (other, library, brought, tests, TOO_NEW)
