# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which images belong to a Lambda runtime: a table of those that there are, and the rule that AWS's names follow.

Nothing is read here. A runtime that is not in the table but follows the rule is new, and works all the same.
Sources: aws-sam-cli, samcli/local/docker/lambda_image.py (runtime images) and samcli/lib/build (build images);
AWS Lambda developer guide, "Lambda runtimes" (systems, and what is retired); the C libraries of Amazon Linux.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from .errors import BadReference

ARCHITECTURES = ("x86_64", "arm64")

_RUNTIME = re.compile(r"(?P<letters>[a-z]+)(?P<rest>[0-9][a-z0-9.]*)")
_PROVIDED = re.compile(r"provided(?:\.(?P<system>[a-z0-9]+))?")
_KEYS = frozenset(("build_image", "runtime_image"))


class System(Enum):
    """Amazon Linux, and the glibc that all of its releases have."""

    AL1 = ("Amazon Linux", "2.17")
    AL2 = ("Amazon Linux 2", "2.26")
    AL2023 = ("Amazon Linux 2023", "2.34")

    def __init__(self, title: str, glibc: str) -> None:
        self.title = title
        self.glibc = glibc


_SYSTEMS: Mapping[System, str] = {
    System.AL1: "go1.x provided",
    System.AL2: (
        "nodejs16.x nodejs18.x python3.8 python3.9 python3.10 python3.11 ruby3.2 "
        "java8.al2 java11 java17 dotnet6 provided.al2"
    ),
    System.AL2023: (
        "nodejs20.x nodejs22.x nodejs24.x python3.12 python3.13 python3.14 ruby3.3 ruby3.4 ruby4.0 "
        "java21 java25 dotnet8 dotnet10 provided.al2023"
    ),
}
RUNTIMES: Mapping[str, System] = {runtime: system for system, names in _SYSTEMS.items() for runtime in names.split()}
DEPRECATED = frozenset(
    "go1.x provided nodejs16.x nodejs18.x nodejs20.x python3.8 python3.9 ruby3.2 dotnet6".split()
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuntimeImages:
    """system: None where neither table nor name tells; known: whether the table has the runtime."""

    runtime: str
    architecture: str
    build_image: str
    runtime_image: str
    system: System | None
    deprecated: bool
    known: bool


def images_of(runtime: str, architecture: str, overrides: Mapping[str, object] | None = None) -> RuntimeImages:
    """The images for a runtime and an architecture of Lambda.

    overrides: runtime → {build_image, runtime_image}, each optional, in which `{architecture}` is put in. Raises
    BadReference for a name that no runtime has, and for overrides of another shape.
    """
    if architecture not in ARCHITECTURES:
        raise BadReference(
            f"{architecture[:100]!r} is not an architecture of Lambda.",
            hint=f"There are {' and '.join(ARCHITECTURES)}.",
        )
    own = _override(runtime, architecture, overrides or {})
    tag = "" if own.keys() >= _KEYS else _tag(runtime)  # with both images given, the name may be of any kind
    return RuntimeImages(
        runtime=runtime,
        architecture=architecture,
        build_image=own.get("build_image", f"public.ecr.aws/sam/build-{runtime}:latest-{architecture}"),
        runtime_image=own.get("runtime_image", f"public.ecr.aws/lambda/{tag}-{architecture}"),
        system=_system(runtime),
        deprecated=runtime in DEPRECATED,
        known=runtime in RUNTIMES,
    )


def _override(runtime: str, architecture: str, overrides: Mapping[str, object]) -> dict[str, str]:
    own = overrides.get(runtime) or {}
    if not isinstance(own, Mapping) or not all(isinstance(value, str) and value for value in own.values()):
        raise _bad_override(runtime, "is not a mapping of names of images")
    if unknown := own.keys() - _KEYS:
        raise _bad_override(runtime, f"has {sorted(map(str, unknown))[0][:100]!r}")
    return {key: value.replace("{architecture}", architecture) for key, value in own.items()}


def _bad_override(runtime: str, what: str) -> BadReference:
    return BadReference(
        f"The entry of {runtime[:100]!r} in the images {what}.",
        hint="Write build_image, runtime_image or both below the name of the runtime.",
    )


def _system(runtime: str) -> System | None:
    """Names of newer variants end with the system that they are for."""
    suffixes = {".al2": System.AL2, ".al2023": System.AL2023}
    return RUNTIMES.get(runtime) or next((s for end, s in suffixes.items() if runtime.endswith(end)), None)


def _tag(runtime: str) -> str:
    """`nodejs20.x` → `nodejs:20`, for example."""
    if provided := _PROVIDED.fullmatch(runtime):
        return f"provided:{provided['system'] or 'alami'}"
    if found := _RUNTIME.fullmatch(runtime):
        return f"{found['letters']}:{found['rest'].removesuffix('.x')}"
    raise BadReference(
        f"{runtime[:100]!r} is not the name of a Lambda runtime.", hint="Names look like nodejs20.x or python3.12."
    )
