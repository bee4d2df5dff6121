# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An artifact checked from end to end: package and layers are read, then the image if they need it, then judged.

What is found is told by `report.py`; a smoke run (`_smoke/`) adds to it what the loader says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .._code.content import UNZIPPED_LIMIT
from .._image.facts import ImageFacts
from .._native.contents import FUNCTION_ROOT, LAYER_ROOT, Contents
from .._native.errors import NativeError
from .._native.findings import Finding, in_order, verdict_of
from .._native.reading import read_contents
from .._native.target import Target
from .check import Checked, check
from .runtime import RuntimeImage, needs_image, read_target, unread_target


@dataclass(frozen=True, slots=True)
class Artifact:
    """contents: the package's, then those of its layers. image: None where nothing in them depends on it."""

    contents: tuple[Contents, ...]
    target: Target
    image: ImageFacts | None
    checked: Checked

    def with_findings(self, more: Iterable[Finding]) -> Artifact:
        """As it is with what a smoke run found."""
        findings = in_order((*self.checked.findings, *more))
        return replace(self, checked=replace(self.checked, findings=findings, verdict=verdict_of(findings)))


def check_artifact(
    package: str,
    layers: Sequence[str],
    image: RuntimeImage,
    *,
    runtime: str = "",
    build_image: str = "",
    ignore: Sequence[str] = (),
    handler: str = "",
) -> Artifact:
    """package, layers: paths of zips or directories, the layers in Lambda's order: later ones overwrite earlier ones.

    The other arguments are those of `read_target` and `check`. Raises CodeError, NativeError, and what reading the
    image raises.
    """
    contents = (read_contents(package, FUNCTION_ROOT), *(read_contents(layer, LAYER_ROOT) for layer in layers))
    _refuse_too_large(contents)
    needed = needs_image(contents)
    target = (read_target if needed else unread_target)(image, runtime, build_image)
    checked = check(contents, target, ignore=ignore, handler=handler)
    return Artifact(contents, target, image.facts if needed else None, checked)


def _refuse_too_large(contents: Sequence[Contents]) -> None:
    """Source: AWS Lambda developer guide, "Lambda quotas": 250 MB unzipped, with all layers."""
    sizes = [sum(member.size for member in one.members.values()) for one in contents]
    if sum(sizes) > UNZIPPED_LIMIT:
        parts = ", ".join(f"{one.source} {size:,}" for one, size in zip(contents, sizes, strict=True))
        raise NativeError(
            f"The function and its layers have {sum(sizes):,} bytes unzipped ({parts}), and Lambda takes at most "
            f"{UNZIPPED_LIMIT:,}.",
            hint="Leave out what the function does not need, or deploy it as a container image.",
        )
