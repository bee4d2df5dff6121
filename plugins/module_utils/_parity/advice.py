# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about a comparison, line by line, with commands to copy. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .._image.facts import ImageFacts
from .._image.references import DaemonReference, LayoutReference, RegistryReference
from .parity import Parity, Verdict

if TYPE_CHECKING:
    from .suggest import Suggestion

_OWN = "lambda-build-pinned"  # name of an image that is made here
_NO_NATIVE_CODE = "A package without native code is not concerned: fail_on=incompatible lets it pass."


def advise(
    parity: Parity, build: ImageFacts, runtime: ImageFacts, suggestion: Suggestion | None = None
) -> tuple[str, ...]:
    """Empty where nothing has to be done. Lines that are not commands end with a colon or a full stop."""
    match parity.verdict:
        case Verdict.IDENTICAL | Verdict.SAME_BASE:
            return ()
        case Verdict.UNKNOWN:
            return ("Do not count on this pair: the notes say what could not be read.", *_instead(suggestion))
        case Verdict.INCOMPATIBLE:
            return (
                f"Build in an image made for the same system as {runtime.reference}: check the runtime's name, the "
                "architecture and the tag.",
                *_instead(suggestion),
            )
        case Verdict.COMPATIBLE_DRIFT:
            first = "Nothing has to be done before this deployment. To have both alike, build like this:"
            return (first, *_build(parity, build, runtime, suggestion))
        case Verdict.RISKY_DRIFT:
            return (*_risky(parity, build, runtime, suggestion), _NO_NATIVE_CODE)


def _risky(parity: Parity, build: ImageFacts, runtime: ImageFacts, suggestion: Suggestion | None) -> Iterable[str]:
    risky = [d for d in parity.differences if d.severity is Verdict.RISKY_DRIFT and not d.ignored]
    if stale := [d.name for d in risky if d.kind == "local_copy"]:
        yield "Refresh the local engine's copies before building, or let the option pull do it:"
        yield from (f"docker pull {name}" for name in stale)
    if len(stale) < len(risky):
        yield (
            "Do not deploy native code from this build; bring the build image to the runtime's release:"
            if _packages_mend_it(parity)
            else "Do not deploy native code from this build; build without the libraries that differ, like this:"
        )
        yield from _build(parity, build, runtime, suggestion)


def _packages_mend_it(parity: Parity) -> bool:
    """Not where files that no package owns make the difference."""
    return any(d.kind in ("release", "package") and not d.ignored for d in parity.differences)


def _build(parity: Parity, build: ImageFacts, runtime: ImageFacts, suggestion: Suggestion | None) -> Iterable[str]:
    """Amazon Linux 2023 keeps the repositories of every release, so --releasever really pins the packages.

    The first recipe keeps SAM's builders in the image, which `sam build --use-container` needs; the second one is for
    builds that do without. Source: AL2023 user guide, "Deterministic upgrades through versioned repositories".
    """
    if suggestion:
        yield from commands_of(suggestion)
    release = runtime.os.release if runtime.os else ""
    versioned = release.count(".") >= 2  # Amazon Linux 2 has one rolling repository
    if versioned and _packages_mend_it(parity):
        if suggestion:
            yield "Or pin the release yourself:"
        yield f"docker build -t {_OWN} - <<'EOF'"
        yield f"FROM {_from(build, 'build')}"
        yield f"RUN dnf -y --releasever={release} --allowerasing distro-sync"
        yield "EOF"
        yield f"sam build --use-container --skip-pull-image --build-image {_OWN}"
        yield "Or, where SAM CLI does not build, build on the runtime image itself:"
    elif suggestion:
        yield "Or, where SAM CLI does not build, build on the runtime image itself:"
    yield f"FROM {_from(runtime, 'runtime')}"
    yield f"RUN dnf -y --releasever={release} install gcc-c++ make" if versioned else "RUN yum -y install gcc-c++ make"


def _instead(suggestion: Suggestion | None) -> Iterable[str]:
    if suggestion:
        yield "An image of the same repository that matches was found:"
        yield from commands_of(suggestion)


def commands_of(suggestion: Suggestion) -> tuple[str, ...]:
    """SAM CLI takes what follows the colon of a digest for a tag when it pulls, so the image has to be there already.

    Source: aws-sam-cli 1.170, samcli/local/docker/manager.py: ContainerManager.create and pull_image.
    """
    build = suggestion.comparison.build
    name = name_for_sam(suggestion)
    if isinstance(build.reference, LayoutReference):  # no engine pulls from a folder
        fetch = (
            f"skopeo --override-arch {build.platform.architecture} copy {build.reference.name}:{suggestion.tag} "
            f"docker-daemon:{name}:latest"
        )
    else:
        fetch = f"docker pull {name}"
    return (fetch, f"sam build --use-container --skip-pull-image --build-image {name}")


def name_for_sam(suggestion: Suggestion) -> str:
    """Under which name SAM CLI finds the image in the local engine after the first of the commands."""
    return _OWN if isinstance(suggestion.comparison.build.reference, LayoutReference) else suggestion.pinned


def _from(facts: ImageFacts, role: str) -> str:
    """Only images of registries and engines have names that a Dockerfile could use."""
    match facts.reference:
        case RegistryReference() as reference:
            return f"{reference.name}@{facts.digest}"
        case LayoutReference():
            return f"<{role} image>@{facts.digest}"
        case DaemonReference() as reference:
            return reference.wanted
        case _:
            return f"<{role} image>"
