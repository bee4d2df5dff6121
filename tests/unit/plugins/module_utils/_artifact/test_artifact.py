# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused before anything is read, and what is read of files that Lambda starts."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._artifact.artifact import check_artifact
from ansible_collections.lambdaops.deploy.plugins.module_utils._artifact.runtime import RuntimeImage
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import Cache
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import PLATFORMS, parse_reference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.transports import Sources
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.errors import NativeError
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Problem, Verdict


@pytest.fixture
def image(tmp_path: Path) -> Iterator[RuntimeImage]:
    """It is not there: nothing of these packages depends on it."""
    transfer = Transfer()
    sources = Sources(transfer, mirrors={}, timeout=5)
    reference = parse_reference(f"oci:{tmp_path}/layout:3.12")
    try:
        yield RuntimeImage(reference, PLATFORMS["x86_64"], sources=sources, cache=Cache(None), transfer=transfer)
    finally:
        sources.close()


def test_a_slip_in_the_runtime_s_name(tmp_path: Path, image: RuntimeImage) -> None:
    (tmp_path / "app.py").write_text("handler = print\n")
    with pytest.raises(NativeError, match=r"There is no runtime pyton3.12 that this check knows"):
        check_artifact(str(tmp_path), [], image, runtime="pyton3.12")
    assert check_artifact(str(tmp_path), [], image).checked.verdict is Verdict.LOADS


def test_an_extension_s_first_line_is_read(tmp_path: Path, image: RuntimeImage) -> None:
    function, layer = tmp_path / "function", tmp_path / "layer.zip"
    function.mkdir()
    (function / "app.py").write_text("handler = print\n")
    with zipfile.ZipFile(layer, "w") as archive:
        for name, text in (("extensions/crlf", b"#!/bin/sh\r\n"), ("extensions/fine", b"#!/bin/sh\n")):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, text)
        link = zipfile.ZipInfo("extensions/linked")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "../bin/none.txt")
        target = zipfile.ZipInfo("bin/none.txt")
        target.external_attr = 0o755 << 16
        archive.writestr(target, "no program")
    found = check_artifact(str(function), [str(layer)], image, runtime="python3.12").checked
    assert [(f.file, f.problem) for f in found.findings] == [
        ("extensions/linked", Problem.DAMAGED),
        ("extensions/crlf", Problem.INTERPRETER),
    ]


def test_more_layers_than_a_function_takes(tmp_path: Path, image: RuntimeImage) -> None:
    for name in ("function", "layer"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text("handler = print\n")
    layer = str(tmp_path / "layer")
    with pytest.raises(NativeError, match=r"6 layers are named, and a function takes at most 5\."):
        check_artifact(str(tmp_path / "function"), [layer] * 6, image)
    assert check_artifact(str(tmp_path / "function"), [layer] * 5, image).checked.verdict is Verdict.LOADS


@pytest.mark.parametrize(
    ("runtime", "verdict"), [("java21", Verdict.UNKNOWN), ("nodejs20.x", Verdict.LOADS), ("", Verdict.LOADS)]
)
def test_a_jar_that_can_not_be_read(runtime: str, verdict: Verdict, tmp_path: Path, image: RuntimeImage) -> None:
    """As test data of another language it stops nothing."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.jar").write_bytes(b"PK\3\4 and no more")
    checked = check_artifact(str(tmp_path), [], image, runtime=runtime).checked
    assert checked.verdict is verdict
    assert checked.notes[0].startswith("lib/a.jar was not looked into any further")
