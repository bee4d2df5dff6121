# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Lambda asks of a custom runtime: a file `bootstrap` that the system can start. Pure.

Whether a program finds its loader and its libraries is the loader's business. Sources: AWS Lambda developer guide,
"Building a custom runtime"; execve(2) (interpreter scripts).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from .._native.contents import FUNCTION_ROOT, LAYER_ROOT, Contents, Format, Member, Native
from .._native.findings import Finding, Problem, Verdict
from .._native.target import Target

_NAME = "bootstrap"
_IN_EVERY_IMAGE = ("/bin/sh", "/usr/bin/sh", "/bin/bash", "/usr/bin/bash", "/usr/bin/env", "/bin/env")


def findings(contents: Sequence[Contents], target: Target, natives: Sequence[Native]) -> Iterator[Finding]:
    """Lambda takes the function's own bootstrap first, then that of the layers."""
    found = _bootstrap(contents)
    if found is None:
        yield Finding(
            _NAME,
            Problem.ENTRY_POINT,
            Verdict.BROKEN,
            f"There is no file bootstrap at the top of {' or of '.join(package.source for package in contents)}.",
            "Put the runtime's program there under that name; Go: go build -tags lambda.norpc -o bootstrap.",
        )
        return
    package, member = found
    if member.mode is not None and not member.mode & 0o001:
        yield Finding(
            _NAME,
            Problem.PERMISSION,
            Verdict.BROKEN,
            f"bootstrap of {package.source} is not executable for everybody.",
            "Run chmod 755 bootstrap before packing.",
        )
    native = next((native for native in package.natives if native.name == _NAME), None)
    if native is None and not member.target:
        yield from _script(contents, package, package.texts.get(_NAME, b""), member)
    elif native and native.format is Format.ELF and native.elf and _is_library(native):
        yield Finding(
            _NAME,
            Problem.ENTRY_POINT,
            Verdict.BROKEN,
            f"bootstrap of {package.source} is a library, not a program.",
            "Build it as an executable.",
        )


def _is_library(native: Native) -> bool:
    """Older linkers do not mark position-independent programs, but those name their loader. Static ones need marks."""
    return bool(native.elf and native.elf.kind == "shared object" and not native.elf.interpreter and native.elf.soname)


def _bootstrap(contents: Sequence[Contents]) -> tuple[Contents, Member] | None:
    for root in (FUNCTION_ROOT, LAYER_ROOT):
        for package in reversed(contents):
            if package.root == root and (member := package.members.get(_NAME)):
                return package, member
    return None


def _script(contents: Sequence[Contents], package: Contents, text: bytes, member: Member) -> Iterator[Finding]:
    where = f"bootstrap of {package.source}"
    line = text.partition(b"\n")[0]
    if not line.startswith(b"#!"):
        empty = "is empty" if not member.size else "is neither a program nor a script that begins with #!"
        yield Finding(
            _NAME,
            Problem.DAMAGED,
            Verdict.BROKEN,
            f"{where} {empty}.",
            "Begin a script with #!/bin/sh; build a program for Linux.",
        )
        return
    if line.endswith(b"\r"):
        yield Finding(
            _NAME,
            Problem.INTERPRETER,
            Verdict.BROKEN,
            f"The first line of {where} ends as on Windows: the system looks for an interpreter with \\r in its name.",
            "Convert it with dos2unix bootstrap, and set eol=lf for it in .gitattributes.",
        )
        return
    interpreter = line[2:].decode("utf-8", "replace").split()[:1]
    path = posixpath.normpath(interpreter[0]) if interpreter else ""
    for root in (FUNCTION_ROOT, LAYER_ROOT):
        if path.startswith(f"{root}/"):
            inside = path.removeprefix(f"{root}/")
            if not any(p.root == root and inside in p.members for p in contents):
                yield _no_interpreter(where, path, Verdict.BROKEN)
            return
    if path not in _IN_EVERY_IMAGE:  # which programs the image has is not read
        yield _no_interpreter(where, path, Verdict.UNKNOWN)


def _no_interpreter(where: str, path: str, verdict: Verdict) -> Finding:
    named = path or "no interpreter"
    said = "which is not in the package" if verdict is Verdict.BROKEN else "which not every runtime image has"
    return Finding(
        _NAME,
        Problem.INTERPRETER,
        verdict,
        f"{where} is run by {named}, {said}." if path else f"The first line of {where} names no interpreter.",
        "Use /bin/sh or /bin/bash, or pack the interpreter and name it by its path below /var/task or /opt.",
    )
