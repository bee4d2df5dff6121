# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a Java runtime asks of jars and classes: that it can read them, and a class file version that it knows. Pure.

Versions for newer runtimes below META-INF/versions/ are left out by the reader. Source: Java Virtual Machine
Specification, 4.1 (class file versions: 52 for Java 8, and one more for each release); AWS Lambda developer guide,
"Layer paths for each Lambda runtime" and "Deploy Java Lambda functions with .zip file archives" (jars in lib/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .._native.contents import Contents, Native
from .._native.findings import Finding, Problem, Verdict
from .._native.target import Target
from .places import seen

_BEFORE_JAVA_1 = 44
# On the class path; those at the top are agents, or the program itself. `._a.jar` is what macOS knows of a file.
_LOADED = re.compile(r"(?:(?:.*/)?lib/)?(?!\._)[^/]+\.(?:jar|war|ear)")


def findings(contents: Sequence[Contents], target: Target, natives: Sequence[Native]) -> Iterator[Finding]:
    """natives: not needed."""
    yield from _unread(contents)
    if not target.version.isdigit():
        return
    highest = int(target.version) + _BEFORE_JAVA_1
    for package in contents:
        for jar, (version, name) in sorted(package.classes.items()):
            if version > highest:
                only_some = package.oldest_classes.get(jar, version) <= highest
                yield _newer(jar, name, version, only_some, target)


def _unread(contents: Sequence[Contents]) -> Iterator[Finding]:
    last = seen(contents)
    for number, package in enumerate(contents):
        for name, why in package.unread.items():
            if _LOADED.fullmatch(name) and last[f"{package.root}/{name}"] == number:
                yield Finding(
                    name,
                    Problem.DAMAGED,
                    Verdict.UNKNOWN,
                    f"What is in {name} of {package.source} is not known: {why}",
                    "Build or download it again, or ignore it if the function needs nothing of it.",
                )


def _newer(jar: str, name: str, version: int, only_some: bool, target: Target) -> Finding:
    """Libraries have classes for newer runtimes beside others for older ones and load what suits (jline's terminals).
    Among the package's own classes such ones may be unpacked from libraries, and a jar of newer classes alone may be
    one that is never asked for: neither can be told."""
    file = f"{jar}!/{name}" if jar else name
    if jar:
        verdict = Verdict.LOADS if only_some else Verdict.UNKNOWN
    else:
        verdict = Verdict.UNKNOWN if only_some else Verdict.BROKEN
    built = f"{file} is compiled for Java {version - _BEFORE_JAVA_1} (class file version {version})"
    but = ", and other classes beside it are for older ones" if only_some else ""
    return Finding(
        file,
        Problem.RUNTIME_ABI,
        verdict,
        f"{built}, the runtime is Java {target.version}{but}.",
        f"Take a release of {jar.rpartition('/')[2]} for Java {target.version}."
        if jar
        else f"Compile with --release {target.version}.",
    )
