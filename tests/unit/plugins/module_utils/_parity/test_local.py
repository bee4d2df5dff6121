# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies in a local engine: what they do to a verdict, and which of them are pulled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.credentials import Login
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.engine import Engine, LocalCopy
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import EngineFailed
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.facts import ImageFacts
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import (
    PLATFORMS,
    ImageReference,
    LayoutReference,
    Platform,
    RegistryReference,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.local import Local, with_local
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.local_engine import look
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.parity import Verdict, sum_up

INDEX, DIGEST, OLD = ("sha256:" + letter * 64 for letter in "abc")
BUILD = RegistryReference("public.ecr.aws", "sam/build-nodejs20.x", "latest-arm64")
RUNTIME = RegistryReference("public.ecr.aws", "lambda/nodejs", "20-arm64")


def facts(reference: ImageReference) -> ImageFacts:
    return ImageFacts(reference, INDEX, DIGEST, DIGEST, Platform("linux", "arm64"), (), (), "")


BOTH = {"build": facts(BUILD), "runtime": facts(RUNTIME)}


@dataclass
class Shelf:
    """An engine as look() knows it: digests by reference, and what it was told to pull."""

    copies: dict[str, tuple[str, ...]]
    pulled: list[tuple[str, Login | None]] = field(default_factory=list)
    broken: bool = False

    def local_copy(self, reference: RegistryReference) -> LocalCopy | None:
        if self.broken:
            raise EngineFailed("The engine at unix:///x stopped answering.")
        digests = self.copies.get(str(reference))
        return None if digests is None else LocalCopy(str(reference), "sha256:id", digests)

    def pull(self, reference: RegistryReference, platform: Platform, login: Login | None) -> None:
        assert platform == PLATFORMS["arm64"]
        self.pulled.append((reference.name, login))
        self.copies[str(reference)] = (INDEX,)


def looked(shelf: Shelf, images: dict[str, ImageFacts] | None = None, **options: Any) -> Local:
    return look(cast(Engine, shelf), images or BOTH, PLATFORMS["arm64"], **options)


def states(local: Local) -> dict[str, str]:
    return {image.role: image.freshness.value for image in local.images}


def shelf(build: Iterable[str] | None, runtime: Iterable[str] | None) -> Shelf:
    given = {str(BUILD): build, str(RUNTIME): runtime}
    return Shelf({name: tuple(digests) for name, digests in given.items() if digests is not None})


@pytest.mark.parametrize(
    ("digests", "state", "verdict"),
    [
        (None, "absent", Verdict.SAME_BASE),
        ([INDEX], "fresh", Verdict.SAME_BASE),
        ([OLD, DIGEST], "fresh", Verdict.SAME_BASE),
        ([OLD], "stale", Verdict.RISKY_DRIFT),
        ([], "unknown", Verdict.SAME_BASE),
    ],
)
def test_what_a_copy_does_to_the_verdict(digests: list[str] | None, state: str, verdict: Verdict) -> None:
    local = looked(shelf(digests, None))
    assert states(local) == {"build": state, "runtime": "absent"}
    parity = with_local(sum_up(notes=["A note."], best=Verdict.SAME_BASE), local)
    assert parity.verdict is verdict
    assert parity.notes[0] == "A note."
    assert any(str(BUILD) in note for note in parity.notes) is (state == "unknown")
    assert not local.changed


def test_a_stale_copy_is_a_difference_that_says_who_uses_it() -> None:
    parity = with_local(sum_up(best=Verdict.IDENTICAL), looked(shelf([OLD], [OLD])))
    build, runtime = parity.differences if "build`" in parity.differences[0].why else parity.differences[::-1]
    assert (build.kind, build.name, build.build, build.runtime) == ("local_copy", str(BUILD), OLD[:19], "")
    assert build.why == "`sam build` may use the local engine's copy, which is not the build image that was compared."
    assert (runtime.name, runtime.build, runtime.runtime) == (str(RUNTIME), "", OLD[:19])


@pytest.mark.parametrize(
    ("pull", "build", "runtime", "pulled"),
    [
        ("never", None, [OLD], []),
        ("missing", None, [OLD], [BUILD.name]),
        ("stale", None, [OLD], [BUILD.name, RUNTIME.name]),
        ("stale", [INDEX], [], [RUNTIME.name]),
        ("stale", [INDEX], [DIGEST], []),
    ],
)
def test_what_is_pulled(pull: str, build: list[str] | None, runtime: list[str] | None, pulled: list[str]) -> None:
    login = Login("user", "word")
    engine = shelf(build, runtime)
    local = looked(engine, pull=pull, find_login={"public.ecr.aws": login}.get)
    assert engine.pulled == [(name, login) for name in pulled]
    assert local.changed is bool(pulled)
    assert [image.reference.name for image in local.images if image.pulled] == pulled

    predicted_engine = shelf(build, runtime)
    predicted = looked(predicted_engine, pull=pull, predict=True)
    assert predicted_engine.pulled == []
    assert states(predicted) == states(local)
    assert predicted.changed is local.changed


def test_an_engine_that_breaks_is_a_note_unless_it_was_to_pull() -> None:
    engine = Shelf({}, broken=True)
    parity = with_local(sum_up(best=Verdict.IDENTICAL), looked(engine))
    assert parity.verdict is Verdict.IDENTICAL
    assert parity.notes == ("Local copies were not compared: The engine at unix:///x stopped answering.",)
    with pytest.raises(EngineFailed):
        looked(engine, pull="missing")


def test_images_of_no_registry_have_no_copies(tmp_path: Path) -> None:
    engine = Shelf({}, broken=True)
    assert looked(engine, {"build": facts(LayoutReference(tmp_path))}).images == ()
