# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The newest build image that matches a runtime image, found by walking the tags of its repository."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cmp_to_key

from .._image.errors import ImageError, RateLimited, RegistryDenied, RegistryFailed, RegistryUnreachable
from .._image.image import Image
from .._image.references import LayoutReference, RegistryReference
from .._rpm.packages import compare_versions
from .compare import Comparer, Comparison
from .ignore import Pattern, without_ignored
from .parity import Verdict

ARCHITECTURES = {"amd64": ("x86_64", "amd64"), "arm64": ("arm64", "aarch64")}  # of platforms, and as tags write them
_SUFFIX = re.compile(r"(?P<name>.+?)[-_.](?P<architecture>x86_64|amd64|arm64|aarch64)")
_DATE = re.compile(
    r"(?<![0-9])(20[0-9]{2})[.-]?(0[1-9]|1[0-2])[.-]?(0[1-9]|[12][0-9]|3[01])(?:[.-]?([0-9]{1,6}))?(?![0-9])"
)
_BY_VERSION = cmp_to_key(compare_versions)
# Many tags name one image, and some none for this architecture.
_OPENED = 4
_GOOD = (Verdict.IDENTICAL, Verdict.SAME_BASE, Verdict.COMPATIBLE_DRIFT)
_NO_USE_TO_GO_ON = (RateLimited, RegistryDenied, RegistryFailed, RegistryUnreachable)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """comparison: of the suggested image with the runtime image; looked_at: images that were compared."""

    tag: str
    comparison: Comparison
    looked_at: int

    @property
    def pinned(self) -> str:
        build = self.comparison.build
        return f"{build.reference.name}@{build.digest}"


@dataclass(frozen=True, slots=True)
class Search:
    """suggestion: None when none was needed or found; notes: why none was found."""

    suggestion: Suggestion | None = None
    notes: tuple[str, ...] = ()


def suggest(
    comparer: Comparer,
    build: Image,
    runtime: Image,
    found: Comparison,
    limit: int,
    ignore: Sequence[Pattern] = (),
) -> Search:
    """Walk the tags of the build image's repository, newest first, and stop at the first image that matches.

    found: how both compare, which may be good enough. limit: of images that are compared. An image matches when the
    judge says so and its release is the runtime's. What is wrong with one tag is passed over; a registry that refuses
    ends the search.
    """
    if not _could_be_better(found):
        return Search()
    if found.runtime.os and found.runtime.os.unread:
        return Search(notes=("No image can be found that matches a runtime image that could not be read in full.",))
    reference = build.reference
    if not isinstance(reference, (RegistryReference, LayoutReference)):
        return Search(notes=(f"{reference} has no tags among which an image that matches could be found.",))
    looked_at = 0
    seen = {build.manifest.config.digest}
    try:
        tags = ordered(comparer.tags(reference), comparer.platform.architecture)
        for tag in tags[: _OPENED * limit]:
            if looked_at == limit:
                break
            try:
                image = comparer.open(replace(reference, tag=tag, digest=""))
                if image.manifest.config.digest in seen:
                    continue
                seen.add(image.manifest.config.digest)
                looked_at += 1
                matching = _matching(comparer, image, runtime, ignore)
            except _NO_USE_TO_GO_ON:
                raise
            except ImageError:
                continue
            if matching:
                return Search(Suggestion(tag, matching, looked_at))
    except ImageError as error:
        return Search(notes=(f"The search for an image that matches ended early: {error.message}",))
    note = (
        f"No image that matches was found among the {looked_at} newest others of {reference.name}, which has "
        f"{len(tags)} tags for this architecture; suggest_limit is {limit}."
    )
    return Search(notes=(note,))


def _could_be_better(found: Comparison) -> bool:
    if found.parity.verdict not in _GOOD:
        return True
    build, runtime = found.build.os, found.runtime.os
    return build is not None and runtime is not None and build.release != runtime.release


def _matching(comparer: Comparer, build: Image, runtime: Image, ignore: Sequence[Pattern]) -> Comparison | None:
    """Release and packages first: they need fewer layers than libraries do."""
    found = comparer.compare(build, runtime, leave_out=["libraries"])
    if found.build.os and found.runtime.os:
        if found.build.os.release != found.runtime.os.release:
            return None
        found = comparer.compare(build, runtime)
    parity = without_ignored(found.parity, ignore)
    return replace(found, parity=parity) if parity.verdict in _GOOD else None


def ordered(tags: Iterable[str], architecture: str) -> list[str]:
    """Newest first: by the date in a tag, then by the version that it is, then the rest.

    architecture: of a platform; tags of other ones are left out, and so is a tag of which there is one for this
    architecture alone. A date is newer than any version, since tags without one name what moves on.
    """
    own = ARCHITECTURES.get(architecture, (architecture,))
    fitting: dict[str, str] = {}
    for tag in tags:
        suffix = _SUFFIX.fullmatch(tag)
        if suffix is None:
            fitting.setdefault(tag, tag)
        elif suffix["architecture"] in own:
            fitting[suffix["name"]] = tag
    newest_first = sorted(fitting, key=lambda name: (*_rank(name), _BY_VERSION(name)), reverse=True)
    return [fitting[name] for name in newest_first]


def _rank(name: str) -> tuple[int, str, int]:
    """A date and a time of its day; without one, whether the tag begins with a number at all."""
    if date := _DATE.search(name):
        year, month, day, rest = date.groups()
        return 2, f"{year}{month}{day}", int(rest or 0)
    return (1 if name[:1].isdigit() else 0), "", 0
