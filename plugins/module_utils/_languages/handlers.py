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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .._native.contents import FUNCTION_ROOT, LAYER_ROOT, Contents
from .._native.findings import Finding, Problem, Verdict
from .._native.target import Target

_NO_FUNCTION = ("python", "nodejs", "ruby")  # where a handler is a file, a dot, and what the file defines


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
    there = {f"{package.root}/{name}" for package in contents for name in package.members}
    if f"{FUNCTION_ROOT}/{handler}" in there:
        return  # what a wrapper such as the Lambda Web Adapter starts
    if target.language in _NO_FUNCTION and "." not in posixpath.basename(handler):
        yield _missing(handler, f"The handler {handler} names a file only.", "Write it as file.function.")
        return
    for place in _places(handler, target):
        if not _found(place, there):
            yield _absent(contents, handler, place, there)


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


def _found(place: _Place, there: set[str]) -> bool:
    if not there.isdisjoint(place.files):
        return True
    if any(name.endswith(".so") and name.startswith(place.beginnings) for name in there if place.beginnings):
        return True
    if place.only:
        tops = [name for name in there if name.endswith(place.only) and posixpath.dirname(name) == FUNCTION_ROOT]
        return len(tops) == 1
    return any(name.startswith(place.folders) for name in there if place.folders)


def _absent(contents: Sequence[Contents], handler: str, place: _Place, there: set[str]) -> Finding:
    layered = any(package.root == LAYER_ROOT for package in contents)
    if place.usual.startswith(f"{LAYER_ROOT}/") and not layered:
        return Finding(
            place.usual,
            Problem.ENTRY_POINT,
            Verdict.UNKNOWN,
            f"The handler {handler} is in a layer, and no layers were looked at.",
            "Name the layers that the function has.",
        )
    source = next((package.source for package in contents if package.root == FUNCTION_ROOT), "the package")
    also = " and its layers do" if layered else " does"
    nested = min((name for name in there if name.endswith(f"/{place.usual}")), default="")
    hint = "Set the function's handler to a file that is there, or pack this one too."
    if nested.startswith(f"{FUNCTION_ROOT}/"):  # a folder too many is the usual reason
        nested = nested.removeprefix(f"{FUNCTION_ROOT}/")
        folder = nested.removesuffix(place.usual)
        hint = f"It is in {nested}: pack what is in {folder} instead of the folder itself."
    message = f"The handler {handler} should be in {place.usual}, which {source}{also} not have."
    return _missing(place.usual, message, hint)


def _missing(file: str, message: str, hint: str) -> Finding:
    return Finding(file, Problem.ENTRY_POINT, Verdict.BROKEN, message, hint)
