# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about a finding, in a sentence; a command to copy stands last, after a colon. Pure.

What one command mends has one hint, whatever the number of findings. The commands are in `commands.py`. Sources:
ld.so(8); auditwheel (libraries in `NAME.libs/`, with a part of their hash in their names).
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace

from .._lines import few
from .._native.contents import FUNCTION_ROOT, LAYER_ROOT, Contents
from .._native.findings import Finding, Problem, Verdict
from .._native.target import Target
from . import commands
from .components import Components
from .optional import goes_without
from .platforms import without_platform

_OTHER_BUILD = (Problem.FORMAT, Problem.ARCHITECTURE, Problem.LIBC, Problem.VERSION, Problem.RUNTIME_ABI)
_OTHER_PLATFORM = (Problem.FORMAT, Problem.ARCHITECTURE, Problem.LIBC)
_KINDS = {"python": "a Python package", "nodejs": "an npm package"}
_WITH_PACKAGES = (*_KINDS, "ruby", "java", "dotnet")
_OF_A_WHEEL = re.compile(r"-[0-9a-f]{8}\.so(?:\.|$)")
_ROOTS = {FUNCTION_ROOT: "the package", LAYER_ROOT: "a layer"}
_LAST = (9, "")
_CPYTHON = re.compile(r"\bCPython ([0-9]+\.[0-9]+)")


def completed(findings: Iterable[Finding], contents: Sequence[Contents], target: Target) -> tuple[Finding, ...]:
    """With the component and the hint where they are missing, and graded down where a package does without the file."""
    components = Components(contents)
    whole = []
    for finding in findings:
        if not finding.component:
            finding = replace(finding, component=components.name_of(finding.file))
        # One finding about permissions stands for many files.
        grave = finding.verdict is not Verdict.LOADS and finding.problem is not Problem.PERMISSION
        if grave and goes_without(finding.file):
            message = f"{finding.message.rstrip('.')}; its package does without it."
            finding = replace(finding, verdict=Verdict.LOADS, message=message)
        whole.append(finding)
    hints = Hints(whole, contents, components, target)
    return tuple(finding if finding.hint else replace(finding, hint=hints.of(finding)) for finding in whole)


class Hints:
    """For all findings of one check: packages that one command installs are named in it together."""

    def __init__(
        self, findings: Iterable[Finding], contents: Sequence[Contents], components: Components, target: Target
    ) -> None:
        self._contents = contents
        self._components = components
        self._target = target
        self._wheels: dict[str, dict[str, tuple[int, str]]] = {}  # by folder and name; of several the first counts
        self._left_behind: dict[str, dict[str, None]] = {}  # by folder
        for finding in findings:
            if not finding.hint and self._by_pip(finding):
                folder, name = self._folder(finding), _package(finding)[0]
                wanted = self._wheels.setdefault(folder, {})
                wanted[name] = min(wanted.get(name, _LAST), self._requirement(finding))
                owner = self._components.distribution_of(finding.file)
                if owner and finding.problem in _OTHER_PLATFORM:
                    libraries = self._components.folders_of_libraries(owner)
                    self._left_behind.setdefault(folder, {}).update(dict.fromkeys(libraries))

    def of(self, finding: Finding) -> str:
        """By its problem, and by the package manager that brought the file; "" where there is nothing to do."""
        if finding.problem in (*_OTHER_BUILD, Problem.LIBRARY, Problem.SEARCH) and (hint := self._of_another(finding)):
            return hint
        match finding.problem:
            case Problem.DAMAGED:
                return _whole_again(finding)
            case Problem.LIBRARY | Problem.SEARCH | Problem.CONTAINER_ONLY:
                return self._library(finding)
            case Problem.INTERPRETER:
                return self._own_program() if _is_bootstrap(finding) else f"Build it {self._in_image}."
            case problem if problem in _OTHER_BUILD:
                return self._other_build(finding)
            case _:
                return ""

    def _of_another(self, finding: Finding) -> str:
        """For a package of another language than the runtime's, where both are among those that have packages."""
        kind, language = self._kind(finding), self._target.language
        if kind == language or kind not in _KINDS or language not in _WITH_PACKAGES:
            return ""
        name = _package(finding)[0] or finding.file
        return (
            f"{name} is {_KINDS[kind]}, and the runtime is {self._target.runtime}: correct `runtime`, or leave it out."
        )

    def _kind(self, finding: Finding) -> str:
        """The language of the package that it belongs to; the runtime's where nothing tells."""
        if "!/" in finding.file:
            return "java"
        if self._components.distribution_of(finding.file):
            return "python"
        return "nodejs" if "node_modules/" in finding.file else self._target.language

    def _by_pip(self, finding: Finding) -> bool:
        """Whether another wheel would mend it. The bounds of a version that was left out mend nothing."""
        if finding.problem not in _OTHER_BUILD or _is_bootstrap(finding) or _never_defined(finding):
            return False
        return bool(finding.component) and self._kind(finding) == "python" and not self._of_another(finding)

    def _requirement(self, finding: Finding) -> tuple[int, str]:
        """What to ask pip for, those that mend more kinds of findings first. The same release may have no wheel for
        another Python; and none for an older C library, which an older one may have."""
        name, version = _package(finding)
        if not version or self._of_another_python(finding):
            return 0, name
        return (1, f"{name}<={version}") if finding.problem is Problem.VERSION else (2, f"{name}=={version}")

    def _of_another_python(self, finding: Finding) -> bool:
        built_for = _CPYTHON.search(finding.message)
        another = built_for and self._target.language == "python" and built_for[1] != self._target.version
        return finding.problem is Problem.RUNTIME_ABI or bool(another)

    def _folder(self, finding: Finding) -> str:
        """Of the file system, where the package of a finding is installed; "" in zips."""
        owner = self._components.distribution_of(finding.file)
        for package in reversed(self._contents):
            if package.directory and finding.file in package.members:
                return posixpath.join(package.source, owner.site.rstrip("/") if owner else "").rstrip("/")
        return ""

    def _other_build(self, finding: Finding) -> str:
        target, (name, _version) = self._target, _package(finding)
        build = f"build it {self._in_image}"
        if _is_bootstrap(finding):
            return self._own_program(f"{build}, or ")
        if _never_defined(finding):
            return f"Build {name or 'it'} {self._in_image}."
        kind = self._kind(finding)
        if self._by_pip(finding):
            folder = self._folder(finding)
            glibc = commands.newest_glibc(target)
            having = f" with glibc {glibc[0]}.{glibc[1]}" if glibc > (0, 0) else ""
            python = f"Python {target.version} on " if target.language == "python" else ""
            wheels = f"wheels for {python}Linux {target.machine}{having}, or build the packages {self._in_image}"
            old = few([*self._left_behind.get(folder, ())], told=10)
            take = f"Delete {old}, which pip may leave behind, and take" if old else "Take"
            wanted = [requirement for order, requirement in self._wheels[folder].values()]
            return f"{take} {wheels}: {commands.pip_install(wanted, target, folder)}"
        if "!/" in finding.file and finding.problem in (Problem.VERSION, Problem.RUNTIME_ABI):
            return f"Take another release of {name}, or {build}."
        if "!/" in finding.file:
            return f"Add the jar whose classifier is for linux-{target.machine}."
        if kind == "nodejs":
            if finding.problem in (Problem.VERSION, Problem.RUNTIME_ABI) or not _named_after_platform(name):
                return f"Install the npm packages {self._in_image}: {commands.npm_in_image(target)}"
            install = commands.npm_install(target)
            return f"Install the variant for Linux {target.machine}, in CI by npm ci with the same options: {install}"
        if kind == "ruby":
            return f"Install the gems for Linux {target.machine}, or {build}: {commands.bundle_install(target)}"
        if kind == "dotnet":
            return f"Publish for Linux {target.machine}, or {build}: {commands.dotnet_publish(target)}"
        return f"{build[0].upper()}{build[1:]}."

    def _library(self, finding: Finding) -> str:
        library = finding.library or "the library"
        beside = self._searched or f"lib/ of the package (and add {FUNCTION_ROOT}/lib to LD_LIBRARY_PATH)"
        if finding.found:
            return self._found_elsewhere(finding, beside)
        if finding.problem is Problem.CONTAINER_ONLY:
            return f"Put {library} of the runtime image into {beside}, or deploy a container image made from it."
        if _is_bootstrap(finding):
            return self._own_program(f"put {library} into {beside}, or ")
        if folder := self._folder_of_wheel(finding):
            name = _package(finding)[0] or "the package"
            brings = f"Its wheel brings {library} in {folder}/, from where it is missing"
            return f"{brings}: install {name} anew, and pack that folder too."
        return f"Install the system package that has {library} {self._in_image}, and copy the file into {beside}."

    def _found_elsewhere(self, finding: Finding, beside: str) -> str:
        """For a library that is in a package, where the loader does not look."""
        library, (folder, name) = finding.library, posixpath.split(finding.found)
        named = f"{folder}/{library}"  # the loader goes by the names of files and links
        if not any(named.removeprefix(f"{package.root}/") in package.members for package in self._contents):
            return f"Put {name} into {beside} under the name {library}."
        put = f"Move {library} to {self._searched}, where the loader looks"
        way = put if self._searched and name == library else f"Add {folder} to LD_LIBRARY_PATH"
        place = self._place_of(finding.file)
        if not place:
            return f"{way}."
        origin = posixpath.join("$ORIGIN", posixpath.relpath(folder, posixpath.dirname(place)))
        origin = shlex.quote(origin.removesuffix("/."))
        return f"{way}, or tell the file where it is: patchelf --set-rpath {origin} {shlex.quote(finding.file)}"

    def _place_of(self, file: str) -> str:
        """Where the running function sees it; "" in archives."""
        owners = (package for package in reversed(self._contents) if file in package.members)
        return next((f"{package.root}/{file}" for package in owners), "")

    @property
    def _searched(self) -> str:
        """Where in a package the loader looks by itself, or "". Lambda's images name both folders lib/."""
        searched = self._target.library_path
        for directory in (*(f"{root}/lib" for root in _ROOTS), *searched):
            for root, whose in _ROOTS.items():
                if directory in searched and f"{directory}/".startswith(f"{root}/"):
                    inside = directory[len(root) + 1 :]
                    return f"{inside}/ of {whose}" if inside else f"the top of {whose}"
        return ""

    def _folder_of_wheel(self, finding: Finding) -> str:
        """Where a wheel has put a library that it needs, by its RECORD, or else by what auditwheel calls it."""
        if place := self._components.recorded(finding.library):
            return posixpath.dirname(place)
        name = _package(finding)[0]
        if not name or self._kind(finding) != "python" or not _OF_A_WHEEL.search(finding.library):
            return ""
        return f"{name.replace('-', '_')}.libs"

    def _own_program(self, otherwise: str = "") -> str:
        """otherwise: what else mends it."""
        target = self._target
        sentence = f"{otherwise}build it anew, for Rust by {commands.cargo_build(target)}, for Go without C by"
        return f"{sentence[0].upper()}{sentence[1:]}: {commands.go_build(target)}"

    @property
    def _in_image(self) -> str:
        target = self._target
        return f"in {target.build_image}" if target.build_image else f"in a build image made for {target.image}"


def _whole_again(finding: Finding) -> str:
    if "Git LFS" in finding.message:
        return "Before packing, fetch what the pointers stand for: git lfs pull"
    if "linker script" in finding.message:
        return "Leave it out: only compilers read it."
    return f"Install {_package(finding)[0] or 'its package'} anew and pack it again."


def _never_defined(finding: Finding) -> bool:
    """What lacks an old version, beside newer ones, is another build of the library than the file was made for."""
    return finding.problem is Problem.VERSION and " does not define" in finding.message


def _is_bootstrap(finding: Finding) -> bool:
    return finding.file == "bootstrap"


def _package(finding: Finding) -> tuple[str, str]:
    name, space, version = finding.component.rpartition(" ")
    return (name, version) if space else (finding.component, "")


def _named_after_platform(name: str) -> bool:
    """npm's optional packages, one for each platform."""
    return without_platform(name) != name.lower().removeprefix("lib")
