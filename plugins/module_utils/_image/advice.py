# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A verdict → what to do, in lines that can be copied. Pure."""

from __future__ import annotations

from .facts import ImageFacts
from .parity import Parity, Verdict
from .references import RegistryReference


def advise(parity: Parity, build: ImageFacts, runtime: ImageFacts) -> tuple[str, ...]:
    match parity.verdict:
        case Verdict.IDENTICAL | Verdict.SAME_BASE:
            return ()
        case Verdict.UNKNOWN:
            return ("Do not count on this pair: the notes say what could not be read.",)
        case Verdict.INCOMPATIBLE:
            return (
                f"Build in an image made for the same system as {runtime.reference}: check the runtime's name, the "
                "architecture and the tag.",
            )
        case Verdict.COMPATIBLE_DRIFT:
            first = "Nothing has to be done before this deployment. To bring both to one release, build like this:"
        case Verdict.RISKY_DRIFT:
            first = "Do not deploy native code from this build; bring the build image to the runtime's release:"
    return (first, *_pin(build, runtime))


def _pin(build: ImageFacts, runtime: ImageFacts) -> tuple[str, ...]:
    """Amazon Linux 2023 keeps the repositories of every release, so --releasever really pins the packages.

    The first recipe keeps SAM's builders in the image, which `sam build --use-container` needs; the second one is for
    builds that do without. Source: AL2023 user guide, "Deterministic upgrades through versioned repositories".
    """
    release = runtime.os.release if runtime.os else ""
    if release.count(".") < 2:  # no versioned repositories, as in Amazon Linux 2
        return (f"FROM {_from(runtime, 'runtime')}", "RUN yum -y install gcc-c++ make")
    return (
        "docker build -t lambda-build-pinned - <<'EOF'",
        f"FROM {_from(build, 'build')}",
        f"RUN dnf -y --releasever={release} --allowerasing distro-sync",
        "EOF",
        "sam build --use-container --build-image lambda-build-pinned",
        "Or, where SAM CLI does not build, build on the runtime image itself:",
        f"FROM {_from(runtime, 'runtime')}",
        f"RUN dnf -y --releasever={release} install gcc-c++ make",
    )


def _from(facts: ImageFacts, role: str) -> str:
    """A layout on disk has no name that a Dockerfile could use."""
    name = facts.reference.name if isinstance(facts.reference, RegistryReference) else f"<{role} image>"
    return f"{name}@{facts.digest}"
