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

from .._native.contents import LAYER_ROOT, Contents, Native
from .._native.findings import Finding, Problem, Verdict
from .._native.target import Target
from .components import Components

_TAGGED = re.compile(
    r"(?P<module>[^.]+)\.(?P<tag>(?:cpython|cp|pypy|graalpy)-?[0-9][^.]*|abi3t?)\.(?P<end>so|pyd)", re.IGNORECASE
)
_BARE = re.compile(r"(?P<module>[^.]+)\.(?P<end>so|pyd)", re.IGNORECASE)
_CPYTHON = re.compile(r"(?:cpython-|cp)(?P<major>[0-9])(?P<minor>[0-9]+)(?P<flags>[a-z]*)(?:-(?P<platform>.+))?")
_SITE = re.compile(r"python/lib/python(?P<version>[0-9.]+)/site-packages/")
_WHEEL = re.compile(r"(?P<python>[^-]+)-(?P<abi>[^-]+)-.+")


@dataclass(slots=True)
class _Module:
    """One name to import. usable: its files with a suffix that this Python knows, the one it takes first."""

    usable: list[tuple[int, Native]] = field(default_factory=list)
    others: list[tuple[str, Native]] = field(default_factory=list)  # with their tags

    def taken(self) -> Native | None:
        return min(self.usable, key=lambda ranked: ranked[0])[1] if self.usable else None


def suffixes(target: Target) -> tuple[str, ...]:
    """importlib.machinery.EXTENSION_SUFFIXES of the runtime."""
    return (f".cpython-{target.version.replace('.', '')}-{target.machine}-linux-gnu.so", ".abi3.so", ".so")


def passed_over(contents: Sequence[Contents], target: Target) -> frozenset[str]:
    """Extensions that no import would open: for another Python, or behind a suffix that comes first."""
    names: set[str] = set()
    for module in _modules(contents, target).values():
        names.update(native.name for tag, native in module.others)
        names.update(native.name for rank, native in module.usable if native is not module.taken())
    return frozenset(names)


def findings(contents: Sequence[Contents], target: Target, natives: Sequence[Native]) -> Iterator[Finding]:
    """natives: those that fit the target's machine and C library."""
    fitting = {native.name for native in natives}
    members = {name for package in contents for name in package.members}
    components = Components(contents)
    twins: dict[str, list[tuple[str, Native]]] = {}  # by the topmost folder
    for path, module in _modules(contents, target).items():
        if taken := module.taken():
            if taken.name in fitting:
                yield from _loaded(path, taken, components, target)
        elif path.endswith("__mypyc"):  # the shared part of modules with twins: nothing imports it then
            continue
        elif _has_twin(path, members):
            twins.setdefault(path.partition("/")[0], []).append(min(module.others, key=_by_problem(target)))
        else:
            yield _not_importable(path, module.others, target)
    for others in twins.values():
        yield _without_speedups(others, target)
    for package in contents:
        if package.root == LAYER_ROOT:
            yield from _layer(package, target)


def _modules(contents: Sequence[Contents], target: Target) -> dict[str, _Module]:
    """By the module's path, `numpy/_core/_multiarray_umath`. Libraries without a tag and a start are no modules."""
    known = suffixes(target)
    found: dict[str, _Module] = {}
    for native in (native for package in contents for native in package.natives if "!/" not in native.name):
        folder, name = posixpath.split(native.name)
        tagged, bare = _TAGGED.fullmatch(name), _BARE.fullmatch(name)
        if tagged:
            module = found.setdefault(posixpath.join(folder, tagged["module"]), _Module())
            suffix = name[len(tagged["module"]) :]
            if suffix in known:
                module.usable.append((known.index(suffix), native))
            else:
                module.others.append((suffix.removeprefix(".").rpartition(".")[0] or "pyd", native))
        elif bare and bare["end"].lower() == "pyd":
            found.setdefault(posixpath.join(folder, bare["module"]), _Module()).others.append(("pyd", native))
        elif bare and (exports := _exports(native)) and not _is_library(bare["module"], exports):
            found.setdefault(posixpath.join(folder, bare["module"]), _Module()).usable.append((len(known) - 1, native))
    return found


def _exports(native: Native) -> frozenset[str]:
    return frozenset(name for name in native.entry_points if name.startswith(("PyInit_", "PyInitU_")))


def _is_library(module: str, exports: frozenset[str]) -> bool:
    """libpython and the like hold the starts of many modules, none of which has their own name."""
    return module.startswith("lib") and f"PyInit_{module}" not in exports


def _loaded(path: str, native: Native, components: Components, target: Target) -> Iterator[Finding]:
    """What can be amiss with the file that an import opens."""
    folder, module = posixpath.split(path)
    name = posixpath.basename(folder) if module == "__init__" else module
    exports = _exports(native)
    bare = native.name == f"{path}.so"
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


def _layer(package: Contents, target: Target) -> Iterator[Finding]:
    sites = {found["version"]: found[0] for name in package.members if (found := _SITE.match(name))}
    if sites and target.version not in sites:
        folder = sites[min(sites)]
        yield Finding(
            folder.rstrip("/"),
            Problem.RUNTIME_ABI,
            Verdict.BROKEN,
            f"Python {target.version} does not look into {folder} of the layer {package.source}.",
            f"Put its packages into python/ or python/lib/python{target.version}/site-packages/.",
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _version(python: str) -> tuple[int, ...] | None:
    """cp312 → (3, 12)."""
    found = re.fullmatch(r"[a-z]+([0-9])([0-9]+)", python)
    return (int(found[1]), int(found[2])) if found else None
