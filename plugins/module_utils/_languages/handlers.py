# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the file is there that a function's handler names, as the runtime of each language looks for it. Pure.

What the file defines is a smoke run's business. Sources: AWS's runtime interface clients (awslambdaric/bootstrap.py;
aws-lambda-nodejs-runtime-interface-client, UserFunction.js; aws_lambda_ric, lambda_handler.rb; aws-lambda-dotnet,
Amazon.Lambda.RuntimeSupport/bootstrap.sh) and "Layer paths for each Lambda runtime" of the developer guide.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .._native.contents import FUNCTION_ROOT, LAYER_ROOT, Contents
from .._native.findings import Finding, Problem, Verdict
from .._native.mounts import Mounts
from .._native.target import Target

_NO_FUNCTION = ("python", "nodejs", "ruby")  # where a handler is a file, a dot, and what the file defines
_INSTALLED = re.compile(r"(?:^|/)(?:node_modules|site-packages|dist-packages|vendor)/")


@dataclass(frozen=True, slots=True)
class _Place:
    """usual: the file that is told as missing. files: any one of them does, by their paths in the running function;
    folders: anything below one of them does; beginnings: so does a compiled extension that begins like one; only: so
    does the one file at the top that ends like this."""

    usual: str
    files: tuple[str, ...]
    folders: tuple[str, ...] = ()
    beginnings: tuple[str, ...] = ()
    only: str = ""


def files_of(handler: str, target: Target) -> tuple[str, ...]:
    """Names in the function's package that may be the handler's file; empty where it can't be told from the name."""
    prefix = f"{FUNCTION_ROOT}/"
    places = _places(handler, target) if handler else ()
    return tuple(file.removeprefix(prefix) for place in places for file in place.files if file.startswith(prefix))


def findings(contents: Sequence[Contents], target: Target, handler: str) -> Iterator[Finding]:
    if not handler:
        return
    mounts = Mounts(contents)
    if mounts.leads_to_file(f"{FUNCTION_ROOT}/{handler}"):
        return  # what a wrapper such as the Lambda Web Adapter starts
    if target.language in _NO_FUNCTION and "." not in posixpath.basename(handler):
        yield _missing(handler, f"The handler {handler} names a file only.", "Write it as file.function.")
        return
    for place in _places(handler, target):
        if not _found(place, mounts):
            yield _nowhere(contents, handler, place, mounts) or _absent(contents, handler, place)


def _places(handler: str, target: Target) -> tuple[_Place, ...]:
    folder, name = posixpath.split(handler)
    match target.language:
        case "python" if "." in name:
            module = posixpath.join(folder, name.rpartition(".")[0]).replace(".", "/").strip("/")
            sites = (
                FUNCTION_ROOT,
                f"{LAYER_ROOT}/python",
                f"{LAYER_ROOT}/python/lib/python{target.version}/site-packages",
            )
            ends = (".py", "/__init__.py", ".pyc", "/__init__.pyc")
            files = _files(sites, module, ends)
            return (_Place(f"{module}.py", files, beginnings=_files(sites, module, (".",))),)
        case "nodejs" if "." in name:
            file = name.partition(".")[0]
            module = posixpath.join(folder, file)
            roots = (FUNCTION_ROOT, f"{LAYER_ROOT}/nodejs", f"{LAYER_ROOT}/nodejs/node{target.version}")
            return (
                _Place(
                    f"{module}.js",
                    _files((FUNCTION_ROOT,), module, ("", ".js", ".mjs", ".cjs", "/index.js", "/index.mjs")),
                    folders=tuple(f"{root}/node_modules/{file}/" for root in roots),
                ),
            )
        case "ruby" if "." in name:
            module = handler.partition(".")[0]
            return (_Place(f"{module}.rb", _files((FUNCTION_ROOT, f"{LAYER_ROOT}/ruby/lib"), module, (".rb", ".so"))),)
        case "dotnet" if "::" in handler:
            assembly = handler.partition("::")[0]
            described = (".deps.json", ".runtimeconfig.json")  # one of another name does, if it is the only one
            return (
                _Place(f"{assembly}.dll", _files((FUNCTION_ROOT,), assembly, (".dll",))),
                *(_Place(f"{assembly}{e}", _files((FUNCTION_ROOT,), assembly, (e,)), only=e) for e in described),
            )
        case "dotnet":
            return (_Place(f"{handler.removesuffix('.dll')}.dll", _files((FUNCTION_ROOT,), handler, (".dll", ""))),)
        case "java":
            name = f"{handler.partition('::')[0].replace('.', '/')}.class"
            jars = (f"{FUNCTION_ROOT}/lib/", f"{LAYER_ROOT}/java/lib/")  # what is in them is not known here
            return (_Place(name, (f"{FUNCTION_ROOT}/{name}",), folders=jars),)
        case _:
            return ()


def _files(sites: Sequence[str], module: str, ends: Sequence[str]) -> tuple[str, ...]:
    """An absolute path is taken as it is."""
    return tuple(posixpath.normpath(posixpath.join(site, module)) + end for site in sites for end in ends)


def _found(place: _Place, mounts: Mounts) -> bool:
    if any(mounts.leads_to_file(file) for file in place.files):
        return True
    if any(mounts.leads_to_file(entry) for start in place.beginnings for entry in _extensions(mounts, start)):
        return True
    if place.only:
        return sum(1 for entry in mounts.entries(FUNCTION_ROOT) if entry.endswith(place.only)) == 1
    return any(mounts.leads_to_directory(folder) for folder in place.folders)


def _extensions(mounts: Mounts, start: str) -> Iterator[str]:
    folder, name = posixpath.split(start)
    for entry in mounts.entries(mounts.resolve(folder) or folder):
        if entry.endswith(".so") and posixpath.basename(entry).startswith(name):
            yield entry


def _nowhere(contents: Sequence[Contents], handler: str, place: _Place, mounts: Mounts) -> Finding | None:
    """Where the handler's file, or a folder on the way to it, is a link that leads to nothing."""
    for file in (f"{FUNCTION_ROOT}/{handler}", *place.files, *place.folders):
        parts = file.rstrip("/").split("/")
        for path in ("/".join(parts[:count]) for count in range(3, len(parts) + 1)):
            member = mounts.member(path)
            if member is None or not member.target:
                continue
            if mounts.leads_to_file(path) or mounts.leads_to_directory(path):
                continue
            if f"{mounts.resolve(path)}/".startswith(f"{LAYER_ROOT}/") and not _layered(contents):
                return _in_a_layer(place, handler)
            package = next(one for one in reversed(contents) if path.removeprefix(f"{one.root}/") in one.members)
            name = path.removeprefix(f"{package.root}/")
            message = f"{name} of {package.source} is a link to {member.target}, which is not there."
            return _missing(name, message, "Pack the file that it leads to.")
    return None


def _absent(contents: Sequence[Contents], handler: str, place: _Place) -> Finding:
    layered = _layered(contents)
    if place.usual.startswith(f"{LAYER_ROOT}/") and not layered:
        return _in_a_layer(place, handler)
    function = next((package for package in contents if package.root == FUNCTION_ROOT), None)
    source = function.source if function else "the package"
    also = " and its layers do" if layered else " does"
    message = f"The handler {handler} should be in {place.usual}, which {source}{also} not have."
    hint = "Set the function's handler to a file that is there, or pack this one too."
    if function and (folder := _folder_too_many(function, place.usual)):
        hint = f"It is in {folder}{place.usual}: pack what is in {folder} instead of the folder itself."
    return _missing(place.usual, message, hint)


def _folder_too_many(function: Contents, usual: str) -> str:
    """The usual reason. "" where nothing of that name is the user's own: what is installed has a dist-info folder
    beside it; or where several are."""
    end = f"/{usual}"
    folders = [name.removesuffix(usual) for name in function.members if name.endswith(end)]
    own = sorted((folder for folder in folders if not _INSTALLED.search(folder)), key=lambda folder: folder.count("/"))
    if not own or (len(own) > 1 and own[0].count("/") == own[1].count("/")):
        return ""
    above = posixpath.dirname(own[0].rstrip("/"))
    installed = re.compile(rf"{re.escape(above)}/?[^/]+\.dist-info/" if above else r"[^/]+\.dist-info/")
    return "" if any(installed.match(name) for name in function.members) else own[0]


def _layered(contents: Sequence[Contents]) -> bool:
    return any(package.root == LAYER_ROOT for package in contents)


def _in_a_layer(place: _Place, handler: str) -> Finding:
    return Finding(
        place.usual,
        Problem.ENTRY_POINT,
        Verdict.UNKNOWN,
        f"The handler {handler} is in a layer, and no layers were looked at.",
        "Name the layers that the function has.",
    )


def _missing(file: str, message: str, hint: str) -> Finding:
    return Finding(file, Problem.ENTRY_POINT, Verdict.BROKEN, message, hint)
