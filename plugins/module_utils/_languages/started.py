# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Lambda itself starts, a custom runtime's bootstrap and the extensions of layers: whether the system can. Pure.

Whether a program finds its loader and its libraries is the loader's business. Sources: AWS Lambda developer guide,
"Building a custom runtime" and "Lambda extensions"; execve(2) (interpreter scripts).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from .._native.contents import FUNCTION_ROOT, LAYER_ROOT, Contents, Format, Member, Native
from .._native.findings import Finding, Problem, Verdict
from .._native.mounts import Mounts
from .places import BOOTSTRAPS, EXTENSIONS

_OURS = (f"{FUNCTION_ROOT}/", f"{LAYER_ROOT}/")  # where images have nothing
_IN_EVERY_IMAGE = ("/bin/sh", "/usr/bin/sh", "/bin/bash", "/usr/bin/bash", "/usr/bin/env", "/bin/env")


def bootstrap(contents: Sequence[Contents]) -> tuple[Contents, str] | None:
    """The package that has it, and its place: Lambda takes the function's own first, then that of the layers."""
    for place in BOOTSTRAPS:
        for package in reversed(contents):
            if package.root == posixpath.dirname(place) and posixpath.basename(place) in package.members:
                return package, place
    return None


def extensions(contents: Sequence[Contents]) -> Iterator[Finding]:
    """Each file of /opt/extensions: Lambda starts them with functions of every language, and gives up if one fails."""
    folder = f"{posixpath.relpath(EXTENSIONS, LAYER_ROOT)}/"
    last: dict[str, Contents] = {}
    for package in contents:
        if package.root == LAYER_ROOT:
            names = (name for name in package.members if name.startswith(folder))
            last.update((name, package) for name in names if "/" not in name.removeprefix(folder))
    mounts = Mounts(contents)
    for name, package in last.items():
        yield from startable(contents, mounts, package, f"{LAYER_ROOT}/{name}")


def startable(contents: Sequence[Contents], mounts: Mounts, package: Contents, place: str) -> Iterator[Finding]:
    """place: of the file or of a link to it, as Lambda starts it; package: that which has it."""
    name = place.removeprefix(f"{package.root}/")
    where = f"{name} of {package.source}"
    end = mounts.resolve(place)
    member = mounts.member(end) if end else None
    if member is None:
        if end and not end.startswith(_OURS):
            return  # a program of the image; which ones it has is not read
        message = f"{where} is a link to {package.members[name].target}, which is not there."
        yield Finding(name, Problem.ENTRY_POINT, Verdict.BROKEN, message, "Pack the file that it leads to.")
        return
    yield from _mode(name, where, member)
    native = mounts.native(end)
    if native is None:
        text = _text(contents, end)
        if text is not None or not member.size:
            yield from _script(mounts, name, where, text or b"", member)
    elif native.format is Format.ELF and native.elf and _is_library(native):
        message = f"{where} is a library, not a program."
        yield Finding(name, Problem.ENTRY_POINT, Verdict.BROKEN, message, "Build it as an executable.")


def _mode(name: str, where: str, member: Member) -> Iterator[Finding]:
    if member.mode is None:
        said = "has no permissions in the zip, which was packed as on Windows"
    elif not member.mode & 0o001:
        said = "is not executable for everybody"
    else:
        return
    hint = f"Run chmod 755 {name} before packing, and pack it with zip on Linux or with lambda_package."
    yield Finding(name, Problem.PERMISSION, Verdict.BROKEN, f"{where} {said}.", hint)


def _is_library(native: Native) -> bool:
    """Older linkers do not mark position-independent programs, but those name their loader. Static ones need marks."""
    return bool(native.elf and native.elf.kind == "shared object" and not native.elf.interpreter and native.elf.soname)


def _text(contents: Sequence[Contents], place: str) -> bytes | None:
    """Its first bytes; None where they were not kept."""
    for package in reversed(contents):
        name = place.removeprefix(f"{package.root}/")
        if name != place and name in package.members:
            return package.texts.get(name)
    return None


def _script(mounts: Mounts, name: str, where: str, text: bytes, member: Member) -> Iterator[Finding]:
    line = text.partition(b"\n")[0]
    if not line.startswith(b"#!"):
        empty = "is empty" if not member.size else "is neither a program nor a script that begins with #!"
        hint = "Begin a script with #!/bin/sh; build a program for Linux."
        yield Finding(name, Problem.DAMAGED, Verdict.BROKEN, f"{where} {empty}.", hint)
        return
    if line.endswith(b"\r"):
        yield Finding(
            name,
            Problem.INTERPRETER,
            Verdict.BROKEN,
            f"The first line of {where} ends as on Windows: the system looks for an interpreter with \\r in its name.",
            f"Convert it with dos2unix {name}, and set eol=lf for it in .gitattributes.",
        )
        return
    interpreter = line[2:].decode("utf-8", "replace").split()[:1]
    path = posixpath.normpath(interpreter[0]) if interpreter else ""
    if path.startswith(_OURS):
        end = mounts.resolve(path)
        if not end or (end.startswith(_OURS) and mounts.member(end) is None):
            yield _no_interpreter(name, where, path, Verdict.BROKEN)
    elif path not in _IN_EVERY_IMAGE:  # which programs the image has is not read
        yield _no_interpreter(name, where, path, Verdict.UNKNOWN)


def _no_interpreter(name: str, where: str, path: str, verdict: Verdict) -> Finding:
    named = path or "no interpreter"
    said = "which is not in the package" if verdict is Verdict.BROKEN else "which not every runtime image has"
    hint = "Use /bin/sh or /bin/bash, or pack the interpreter and name it by its path below /var/task or /opt."
    if path and verdict is Verdict.UNKNOWN:
        hint = f"{hint[:-1]}; if the image has it, list {name} in `ignore`."
    return Finding(
        name,
        Problem.INTERPRETER,
        verdict,
        f"{where} is run by {named}, {said}." if path else f"The first line of {where} names no interpreter.",
        hint,
        library=path,
    )
