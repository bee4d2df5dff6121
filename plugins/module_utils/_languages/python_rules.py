# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What CPython asks of extension modules: a file name with a suffix that it knows, an ABI that it has, and a start.

Of several files for one module the import system takes the first suffix, whatever is in the file. Pure.
Sources: CPython, Lib/importlib/_bootstrap_external.py (FileFinder) and Python/importdl.c; PEP 3149, 384, 489 and 425;
AWS Lambda developer guide, "Layer paths for each Lambda runtime".
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from .._native.contents import FUNCTION_ROOT, LAYER_ROOT, Contents, Native
from .._native.findings import Finding, Problem, Verdict
from .._native.target import Target
from .components import Components
from .places import for_other_versions, visible

_TAGGED = re.compile(
    r"(?P<module>[^.]+)\.(?P<tag>(?:cpython|cp|pypy|graalpy)-?[0-9][^.]*|abi3t?)\.(?P<end>so|pyd)", re.IGNORECASE
)
_BARE = re.compile(r"(?P<module>[^.]+)\.(?P<end>so|(?i:pyd))")
_CPYTHON = re.compile(r"(?:cpython-|cp)(?P<major>[0-9])(?P<minor>[0-9]+)(?P<flags>[a-z]*)(?:-(?P<platform>.+))?")
_WHEEL = re.compile(r"(?P<python>[^-]+)-(?P<abi>[^-]+)-.+")


@dataclass(slots=True)
class _Module:
    """One name to import. usable: its files with a suffix that this Python knows, each with its place in the search."""

    usable: list[tuple[tuple[int, int], Native]] = field(default_factory=list)
    others: list[tuple[str, Native]] = field(default_factory=list)  # with their tags

    def taken(self) -> Native | None:
        return min(self.usable, key=lambda ranked: ranked[0])[1] if self.usable else None


def suffixes(target: Target) -> tuple[str, ...]:
    """importlib.machinery.EXTENSION_SUFFIXES of the runtime."""
    return (f".cpython-{target.version.replace('.', '')}-{target.machine}-linux-gnu.so", ".abi3.so", ".so")


def passed_over(contents: Sequence[Contents], target: Target) -> frozenset[str]:
    """Places of extensions that no import would open: for another Python, behind a suffix that comes first, or behind
    a package of the same name in a directory that is searched earlier."""
    modules, hidden = _modules(contents, target)
    places = {native.place for native in hidden}
    for module in modules.values():
        places.update(native.place for tag, native in module.others)
        places.update(native.place for rank, native in module.usable if native is not module.taken())
    return frozenset(places)


def findings(contents: Sequence[Contents], target: Target, natives: Sequence[Native]) -> Iterator[Finding]:
    """natives: those that fit the target's machine and C library."""
    fitting = {native.place for native in natives}
    members = {f"{package.root}/{name}" for package in contents for name in package.members}
    components = Components(contents)
    twins: dict[str, list[tuple[str, Native]]] = {}  # by the topmost folder
    for path, module in _modules(contents, target)[0].items():
        if taken := module.taken():
            if taken.place in fitting:
                yield from _loaded(path, taken, components, target)
        elif path.endswith("__mypyc"):  # the shared part of modules with twins: nothing imports it then
            continue
        elif any(_has_twin(f"{site}{path}", members) for site in _sites(target)):
            twins.setdefault(path.partition("/")[0], []).append(min(module.others, key=_by_problem(target)))
        else:
            yield _not_importable(path, module.others, target)
    for others in twins.values():
        yield _without_speedups(others, target)


def _sites(target: Target) -> tuple[str, ...]:
    """Where imports look, in the order of Lambda's sys.path; last what only code can add to it."""
    layer = f"{LAYER_ROOT}/python/"
    return (f"{FUNCTION_ROOT}/", f"{layer}lib/python{target.version}/site-packages/", layer, f"{LAYER_ROOT}/")


def _modules(contents: Sequence[Contents], target: Target) -> tuple[dict[str, _Module], list[Native]]:
    """By the module's path below a directory that is searched, `numpy/_core/_multiarray_umath`; and files of packages
    that are hidden as a whole. Libraries without a tag and a start are no modules."""
    known = suffixes(target)
    sites = _sites(target)
    members = {f"{package.root}/{name}" for package in contents for name in package.members}
    elsewhere = for_other_versions(contents, target)
    found: dict[str, _Module] = {}
    hidden: list[Native] = []
    for native in visible(contents):
        if not native.place or native.place in elsewhere:
            continue
        rank = next(rank for rank, site in enumerate((*sites, "/")) if native.place.startswith(site))
        folder, name = posixpath.split(native.place.removeprefix((*sites, "/")[rank]))
        match = _TAGGED.fullmatch(name)
        if not match:
            match = _BARE.fullmatch(name)
            if not match or (match["end"] == "so" and not _is_module(match["module"], _exports(native))):
                continue
        if _is_hidden(folder.partition("/")[0], rank, sites, members):
            hidden.append(native)
            continue
        module = found.setdefault(posixpath.join(folder, match["module"]), _Module())
        suffix = name[len(match["module"]) :]
        if suffix in known:
            module.usable.append(((rank, known.index(suffix)), native))
        else:
            module.others.append((suffix.removeprefix(".").rpartition(".")[0] or "pyd", native))
    return found, hidden


def _is_hidden(package: str, rank: int, sites: Sequence[str], members: set[str]) -> bool:
    """Of regular packages the first one found is the only one; those without __init__.py add up."""
    ends = ("__init__.py", "__init__.pyc")
    return bool(package) and any(f"{site}{package}/{end}" in members for site in sites[:rank] for end in ends)


def _exports(native: Native) -> frozenset[str]:
    return frozenset(name for name in native.entry_points if name.startswith(("PyInit_", "PyInitU_")))


def _is_module(module: str, exports: frozenset[str]) -> bool:
    """libpython and the like hold the starts of many modules, none of which has their own name."""
    return bool(exports) and (not module.startswith("lib") or f"PyInit_{module}" in exports)


def _loaded(path: str, native: Native, components: Components, target: Target) -> Iterator[Finding]:
    """What can be amiss with the file that an import opens."""
    folder, module = posixpath.split(path)
    name = posixpath.basename(folder) if module == "__init__" else module
    exports = _exports(native)
    bare = native.place.endswith(f"/{path}.so")
    if exports and name.isascii() and f"PyInit_{name}" not in exports:
        yield Finding(
            native.name,
            Problem.ENTRY_POINT,
            Verdict.UNKNOWN if bare else Verdict.BROKEN,
            f"{native.name} can't be imported under its name: it has {min(exports)}, not PyInit_{name}.",
            "Give the file the name that it was built with.",
        )
    owner = components.distribution_of(native.name)
    tags = [found for tag in (owner.tags if owner else ()) if (found := _WHEEL.fullmatch(tag))]
    if native.name.endswith(".abi3.so"):
        oldest = [minimum for tag in tags if tag["abi"] == "abi3" and (minimum := _version(tag["python"]))]
        if oldest and min(oldest) > _numbers(target.version):
            yield _abi(native, f"for CPython {_dotted(min(oldest))} and later", Verdict.BROKEN, target)
    elif bare and exports:
        if not tags:
            yield Finding(
                native.name,
                Problem.RUNTIME_ABI,
                Verdict.UNKNOWN,
                f"{native.name} says nowhere which CPython it is built for: neither its name nor a wheel's tags do.",
                f"Install its package with pip for Python {target.version}, which keeps the tags of the wheel.",
            )
        elif not any(_wheel_suits(tag["python"], tag["abi"], target) for tag in tags):
            named = " and ".join(dict.fromkeys(f"{tag['python']}-{tag['abi']}" for tag in tags))
            yield _abi(native, f"by a wheel for {named}", Verdict.BROKEN, target)


def _wheel_suits(python: str, abi: str, target: Target) -> bool:
    """Tags may be joined by dots: py2.py3-none."""
    wanted = _numbers(target.version)
    if abi == "none":
        return any(part == "py3" or _version(part) == wanted for part in python.split("."))
    if abi == "abi3":
        return any((minimum := _version(part)) is not None and minimum <= wanted for part in python.split("."))
    return abi == f"cp{wanted[0]}{wanted[1]}"


def _has_twin(path: str, members: set[str]) -> bool:
    """What Python imports where it knows no suffix of the extensions. ZeroMQ's refuses to run uncompiled."""
    if path.endswith("zmq/backend/cython/_zmq"):
        return False
    return not members.isdisjoint((f"{path}.py", f"{path}.pyc", f"{path}/__init__.py"))


def _without_speedups(others: list[tuple[str, Native]], target: Target) -> Finding:
    tag, native = others[0]
    problem, built_for = _built_for(tag, target)
    if len(others) == 1:
        what = f"{native.name} is built for {built_for}: Python {target.version} imports its .py twin instead"
    else:
        more = f"{native.name} and {len(others) - 1} more beside it"
        what = f"{more} are built for {built_for}: Python {target.version} imports their .py twins instead"
    return Finding(native.name, problem, Verdict.LOADS, f"{what}, which may be slower.")


def _not_importable(path: str, files: list[tuple[str, Native]], target: Target) -> Finding:
    tag, native = min(files, key=_by_problem(target))
    problem, built_for = _built_for(tag, target)
    others = f" (and {len(files) - 1} more for others)" if len(files) > 1 else ""
    return Finding(
        native.name,
        problem,
        Verdict.BROKEN,
        f"{native.name} is built for {built_for}{others}, the runtime has CPython {target.version} on Linux "
        f"{target.machine}: {posixpath.basename(path)} can't be imported.",
    )


def _by_problem(target: Target) -> Callable[[tuple[str, Native]], tuple[int, str]]:
    """The file that is nearest to what is wanted comes first."""
    return lambda tagged: (_PROBLEMS.index(_built_for(tagged[0], target)[0]), tagged[1].name)


_PROBLEMS = [Problem.RUNTIME_ABI, Problem.LIBC, Problem.ARCHITECTURE, Problem.FORMAT]


def _built_for(tag: str, target: Target) -> tuple[Problem, str]:
    """tag: what stands between the module and `.so` or `.pyd`."""
    found = _CPYTHON.fullmatch(tag)
    if not found:
        words = {"pyd": (Problem.FORMAT, "Windows"), "abi3": (Problem.FORMAT, "Windows")}
        return words.get(tag, (Problem.RUNTIME_ABI, tag.replace("pypy", "PyPy ").replace("graalpy", "GraalPy ")))
    version = f"{found['major']}.{found['minor']}"
    platform = found["platform"] or ""
    kind = {"t": "free-threaded ", "d": "a debug build of ", "td": "a free-threaded debug build of "}
    built_for = f"{kind.get(found['flags'], '')}CPython {version}"
    if "darwin" in platform:
        return Problem.FORMAT, f"{built_for} on macOS"
    if platform.startswith("win"):
        return Problem.FORMAT, f"{built_for} on Windows"
    if version != target.version or found["flags"]:
        return Problem.RUNTIME_ABI, built_for
    if "musl" in platform:
        return Problem.LIBC, f"{built_for} with musl"
    if platform and not platform.startswith(f"{target.machine}-"):
        return Problem.ARCHITECTURE, f"{built_for} on {platform}"
    return Problem.RUNTIME_ABI, f"{built_for} with the suffix {tag}"


def _abi(native: Native, built: str, verdict: Verdict, target: Target) -> Finding:
    return Finding(
        native.name,
        Problem.RUNTIME_ABI,
        verdict,
        f"{native.name} is built {built}, the runtime is Python {target.version}.",
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _version(python: str) -> tuple[int, ...] | None:
    """cp312 → (3, 12)."""
    found = re.fullmatch(r"[a-z]+([0-9])([0-9]+)", python)
    return (int(found[1]), int(found[2])) if found else None
