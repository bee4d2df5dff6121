# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about a finding, in a sentence with the command to copy. Pure.

Sources: pip's user guide, `pip install --platform`; PEP 600 (manylinux tags name the glibc that they ask for); npm,
`npm install --os --cpu --libc`; ld.so(8); AWS Lambda developer guide (Go and Rust on provided.*).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace

from .._native.contents import Contents
from .._native.findings import Finding, Problem, Verdict
from .._native.target import Target
from .components import Components
from .optional import goes_without
from .platforms import without_platform

_GLIBC = re.compile(r"GLIBC_([0-9]+)\.([0-9]+)")
_AMD64 = {"x86_64": "amd64", "aarch64": "arm64"}
_X64 = {"x86_64": "x64", "aarch64": "arm64"}
_OTHER_BUILD = (Problem.FORMAT, Problem.ARCHITECTURE, Problem.LIBC, Problem.VERSION, Problem.RUNTIME_ABI)


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
            message = f"{finding.message.rstrip('.')}; its package does without it, only more slowly."
            finding = replace(finding, verdict=Verdict.LOADS, message=message)
        if not finding.hint:
            package = _package(finding)[0]
            parent = components.installed_by(package) if _named_after_platform(package) else ""
            finding = replace(finding, hint=for_finding(finding, target, parent))
        whole.append(finding)
    return tuple(whole)


def for_finding(finding: Finding, target: Target, installed_by: str = "") -> str:
    """By its problem, and by the package manager that brought the file; "" where there is nothing to do. installed_by:
    the npm package that brought the finding's component along."""
    match finding.problem:
        case Problem.DAMAGED:
            return _whole_again(finding)
        case Problem.LIBRARY | Problem.SEARCH | Problem.CONTAINER_ONLY:
            return _library(finding, target)
        case Problem.INTERPRETER:
            return f"{_own_program(target)}." if _is_bootstrap(finding) else f"Build it {_in_image(target)}."
        case Problem.VERSION if needed := _GLIBC.fullmatch(finding.version):
            major, minor = newest_glibc(target)
            advice = _other_build(finding, target, installed_by)
            return f"Built for glibc {needed[1]}.{needed[2]}, the runtime has {major}.{minor}: {_lowered(advice)}"
        case problem if problem in _OTHER_BUILD:
            return _other_build(finding, target, installed_by)
        case Problem.LOAD:
            return f"Install its package {_in_image(target)}, and look at what the loader says."
        case _:
            return ""


def _other_build(finding: Finding, target: Target, installed_by: str) -> str:
    name, version = _package(finding)
    build = f"build it {_in_image(target)}"
    if _is_bootstrap(finding):
        return f"{_own_program(target)}, or {build}."
    if "!/" in finding.file and finding.problem in (Problem.VERSION, Problem.RUNTIME_ABI):
        return f"Take another release of {name}, or {build}."
    if "!/" in finding.file:
        return f"Add the jar whose classifier is for linux-{target.machine}."
    if "node_modules/" in finding.file or target.language == "nodejs":
        if finding.problem in (Problem.VERSION, Problem.RUNTIME_ABI) or not _named_after_platform(name):
            return f"Install {name or 'its package'} {_in_image(target)}: {_run(target, 'npm ci')}."
        cpu = _X64.get(target.machine, target.machine)
        command = f"npm install --os=linux --cpu={cpu} --libc=glibc {shlex.quote(installed_by) if installed_by else ''}"
        return f"Run {command.rstrip()}."
    if target.language == "python" and name:
        return f"Run {pip_install(name, version, target)}, or {build}."
    if target.language == "ruby":
        return f"Run bundle lock --add-platform {target.machine}-linux and bundle install, or {build}."
    if target.language == "dotnet":
        return f"Run dotnet publish -c Release -r linux-{_X64.get(target.machine, target.machine)}, or {build}."
    return f"{build[0].upper()}{build[1:]}."


def pip_install(name: str, version: str, target: Target) -> str:
    """pip takes the tags in the order in which they are given, and no older ones by itself."""
    tags = [f"manylinux2014_{target.machine}"]
    if newest_glibc(target) >= (2, 28):
        tags.insert(0, f"manylinux_2_28_{target.machine}")
    platforms = " ".join(f"--platform {tag}" for tag in tags)
    wanted = shlex.quote(f"{name}=={version}" if version else name) if name else "-r requirements.txt"
    python = f"--python-version {target.version} " if target.language == "python" else ""
    return f"pip install {platforms} --only-binary=:all: {python}--target build/ {wanted}"


def newest_glibc(target: Target) -> tuple[int, int]:
    """Of the image's C library; (0, 0) where it was not read."""
    versions = (v for library in target.libraries.libraries if library.name == "libc.so.6" for v in library.versions)
    return max(((int(f[1]), int(f[2])) for v in versions if (f := _GLIBC.fullmatch(v))), default=(0, 0))


def _library(finding: Finding, target: Target) -> str:
    """The directory lib/ of a package is in the LD_LIBRARY_PATH of Lambda's images, /opt/lib of a layer too."""
    library = finding.library or "the library"
    beside = "lib/ of the package"
    match finding.problem:
        case Problem.SEARCH:
            return (
                f"Move {library} to {beside}, where the loader looks, or run patchelf --set-rpath '$ORIGIN/<folder of "
                f"{library}>' {finding.file}."
            )
        case Problem.CONTAINER_ONLY:
            return f"Put {library} of the runtime image into {beside}, or deploy a container image made from it."
    if _is_bootstrap(finding):
        return f"{_own_program(target)}, or put {library} into {beside}."
    name, version = _package(finding)
    take = f"Put {library} {_from_image(target)} into {beside}"
    if target.language == "python" and name:
        return f"{take}, or install a wheel that brings it: {pip_install(name, version, target)}."
    return f"{take}."


def _own_program(target: Target) -> str:
    arm = " --arm64" if target.machine == "aarch64" else ""
    return (
        f"Go: GOOS=linux GOARCH={_AMD64.get(target.machine, target.machine)} CGO_ENABLED=0 go build -tags lambda.norpc "
        f"-o bootstrap; Rust: cargo lambda build --release{arm}"
    )


def _lowered(sentence: str) -> str:
    return sentence if sentence.startswith("Go:") else sentence[:1].lower() + sentence[1:]


def _whole_again(finding: Finding) -> str:
    if "Git LFS" in finding.message:
        return "Run git lfs pull before packing."
    if "linker script" in finding.message:
        return "Leave it out: only compilers read it."
    return "Install its package anew and pack it again."


def _in_image(target: Target) -> str:
    return f"in {target.build_image}" if target.build_image else f"in a build image made for {target.image}"


def _from_image(target: Target) -> str:
    return f"from {target.build_image}" if target.build_image else "from a build image of the runtime"


def _run(target: Target, command: str) -> str:
    image = target.build_image or "<build image>"
    return f'docker run --rm -v "$PWD":/var/task -w /var/task {image} {command}'


def _is_bootstrap(finding: Finding) -> bool:
    return finding.file == "bootstrap"


def _package(finding: Finding) -> tuple[str, str]:
    name, space, version = finding.component.rpartition(" ")
    return (name, version) if space else (finding.component, "")


def _named_after_platform(name: str) -> bool:
    """npm's optional packages, one for each platform."""
    return without_platform(name) != name.lower().removeprefix("lib")
