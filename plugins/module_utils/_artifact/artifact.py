# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An artifact checked from end to end: package and layers are read, then the image if they need it, then judged.

What is found is told by `report.py`; a smoke run (`_smoke/`) adds to it what the loader says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from .._code.content import UNZIPPED_LIMIT
from .._code.errors import shown
from .._image.facts import ImageFacts
from .._languages.rules import has_rules
from .._native.contents import FUNCTION_ROOT, LAYER_ROOT, Contents
from .._native.errors import NativeError
from .._native.findings import Finding, Problem, in_order, verdict_of
from .._native.reading import read_contents
from .._native.target import Target
from .check import Checked, check
from .runtime import RuntimeImage, needs_image, read_target, unread_target
from .weighing import idle, ignoring, settled_by_import

_LAYERS = 5


@dataclass(frozen=True, slots=True)
class Artifact:
    """contents: the package's, then those of its layers. image: None where nothing in them depends on it. ignore: as
    the check was given it."""

    contents: tuple[Contents, ...]
    target: Target
    image: ImageFacts | None
    checked: Checked
    ignore: tuple[str, ...] = ()

    def with_findings(self, more: Iterable[Finding], *, imported: bool = False) -> Artifact:
        """As it is with what a smoke run found. imported: whether that imported the handler."""
        found = () if self._has_no_handler else ignoring(more, self.ignore)
        known = settled_by_import(self.checked.findings) if imported else self.checked.findings
        settled = sum(1 for before, after in zip(self.checked.findings, known, strict=True) if before is not after)
        findings = in_order((*known, *found))
        matched = {*idle(self.ignore, ())} - {*idle(self.ignore, found)}
        notes = [note for note in self.checked.notes if note not in matched]
        if settled:
            count = "1 finding" if settled == 1 else f"{settled} findings"
            notes.append(f"The handler could be imported, so {count} that only loading settles no longer count.")
        checked = replace(self.checked, findings=findings, verdict=verdict_of(findings), notes=tuple(notes))
        return replace(self, checked=checked)

    @property
    def _has_no_handler(self) -> bool:
        """Then the import can only fail, and has nothing else to tell."""
        told = (finding for finding in self.checked.findings if not finding.ignored)
        return any(one.problem is Problem.ENTRY_POINT and one.message.startswith("The handler ") for one in told)


def check_artifact(
    package: str,
    layers: Sequence[str],
    image: RuntimeImage,
    *,
    runtime: str = "",
    build_image: str = "",
    ignore: Sequence[str] = (),
    handler: str = "",
    layers_known: bool = True,
    environment: Mapping[str, str] | None = None,
) -> Artifact:
    """package, layers: paths of zips or directories, the layers in Lambda's order: later ones overwrite earlier ones.
    layers_known: whether these are all layers that the function has.

    The other arguments are those of `read_target` and `check`. Raises CodeError, NativeError, and what reading the
    image raises.
    """
    _refuse_strange(runtime)
    _refuse_too_many(layers)
    contents = (read_contents(package, FUNCTION_ROOT), *(read_contents(layer, LAYER_ROOT) for layer in layers))
    _refuse_too_large(contents)
    needed = needs_image(contents)
    if needed:
        target = read_target(image, runtime, build_image, environment)
    else:
        target = unread_target(image, runtime, build_image)
    checked = check(contents, target, ignore=ignore, handler=handler, layers_known=layers_known)
    return Artifact(contents, target, image.facts(target.library_path) if needed else None, checked, tuple(ignore))


def _refuse_strange(runtime: str) -> None:
    """Without rules for its language, a slip of the pen would pass as a package in which nothing is amiss."""
    if runtime and not has_rules(runtime):
        raise NativeError(
            f"There is no runtime {shown(runtime)} that this check knows.",
            hint="Write it as Lambda does, such as python3.12, or name the image alone to check only native code.",
        )


def _refuse_too_many(layers: Sequence[str]) -> None:
    """Source: AWS Lambda developer guide, "Lambda quotas": five layers."""
    if len(layers) > _LAYERS:
        raise NativeError(
            f"{len(layers)} layers are named, and a function takes at most {_LAYERS}.",
            hint="Name those that the function has, or put what several of them hold into one.",
        )


def _refuse_too_large(contents: Sequence[Contents]) -> None:
    """Source: AWS Lambda developer guide, "Lambda quotas": 250 MB unzipped, with all layers."""
    sizes = [sum(member.size for member in one.members.values()) for one in contents]
    if sum(sizes) > UNZIPPED_LIMIT:
        parts = ", ".join(f"{shown(one.source)} {size:,}" for one, size in zip(contents, sizes, strict=True))
        raise NativeError(
            f"The function and its layers have {sum(sizes):,} bytes unzipped ({parts}), and Lambda takes at most "
            f"{UNZIPPED_LIMIT:,}.",
            hint="Leave out what the function does not need, or deploy it as a container image.",
        )
