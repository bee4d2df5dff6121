# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What .NET asks of a package: a runtimeconfig.json for a framework that the runtime has. Pure.

Sources: .NET, "Runtime configuration options" and "Roll forward"; aws-lambda-dotnet,
Amazon.Lambda.RuntimeSupport/bootstrap.sh.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from .._native.contents import FUNCTION_ROOT, Contents, Native
from .._native.findings import Finding, Problem, Verdict
from .._native.target import Target

_END = ".runtimeconfig.json"
_ROLLS_ON = ("major", "latestmajor")


def findings(contents: Sequence[Contents], target: Target, natives: Sequence[Native]) -> Iterator[Finding]:
    for package in contents:
        if package.root == FUNCTION_ROOT:
            for name in sorted(package.texts):
                if name.endswith(_END) and "/" not in name:
                    yield from _judge(name, package.texts[name], target)


def _judge(name: str, text: bytes, target: Target) -> Iterator[Finding]:
    try:
        options = json.loads(text.removeprefix(b"\xef\xbb\xbf"))["runtimeOptions"]
        needs = dict(_frameworks(options))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        yield Finding(
            name,
            Problem.DAMAGED,
            Verdict.BROKEN,
            f"{name} can't be read as a runtime configuration.",
            "Publish the project anew with dotnet lambda package.",
        )
        return
    for framework, version in needs.items():
        major = int(found[0]) if (found := re.match("[0-9]+", version)) else 0
        wanted = int(target.version.partition(".")[0] or 0)
        rolls_on = str(options.get("rollForward", "")).lower() in _ROLLS_ON
        if not wanted or not major or major == wanted or (major < wanted and rolls_on):
            continue
        yield Finding(
            name,
            Problem.RUNTIME_ABI,
            # DOTNET_ROLL_FORWARD in the function's environment lets older ones start as well.
            Verdict.BROKEN if major > wanted else Verdict.UNKNOWN,
            f"{name} asks for {framework} {version}, the runtime has .NET {wanted}.",
            f"Publish the project for net{wanted}.0.",
            library=framework,
            version=version,
        )


def _frameworks(options: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Those of self-contained packages (includedFrameworks) are in the package."""
    frameworks = options.get("frameworks")
    listed = frameworks if isinstance(frameworks, list) else [options.get("framework")]
    for framework in listed:
        if isinstance(framework, dict):
            yield str(framework["name"]), str(framework.get("version", ""))
