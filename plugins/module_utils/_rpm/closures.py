# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which packages are there for which others: what some packages need, and what only the package manager needs.

Requirements are followed as far as the database tells: a path is known when a package provides it or it is a shared
library, and what nobody provides is passed over (`rpmlib(…)`, most programs). Says nothing of what is on the disk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TypeAlias

from .packages import Package

_Edges: TypeAlias = "dict[str, set[str]]"

MANAGERS = frozenset({"dnf", "dnf5", "gnupg2", "gnupg2-minimal", "microdnf", "rpm", "rpm-libs", "yum"})

# What the managed runtimes have whatever asks for it: what programs of any language are linked with, what they read
# (certificates, time zones), and what a bootstrap script in bash calls (AWS Lambda developer guide, "Tutorial: Building
# a custom runtime"). Kept small: what else they have is known through the packages that need it.
BASE = frozenset(
    "basesystem bash ca-certificates coreutils coreutils-single curl curl-minimal filesystem glibc glibc-common "
    "glibc-minimal-langpack grep libcurl libcurl-minimal libgcc libstdc++ libxcrypt openssl-libs setup system-release "
    "tzdata zlib".split()
)


def required_by(packages: Iterable[Package], roots: Collection[str]) -> frozenset[str]:
    """Names of the packages that the roots need, directly or not, the roots among the packages included."""
    return _Graph(packages).closure(roots)


def container_only(packages: Iterable[Package]) -> frozenset[str]:
    """Names of the packages that are there because a package manager needs them, and for nothing else.

    A container image has a package manager, the managed runtime of the same name has none: what only it needs may
    be missing there. What is built upon a package manager counts as a part of it. Source: amazonlinux/
    amazon-linux-2023 issue 585, aws/aws-lambda-base-images issue 112.
    """
    graph = _Graph(packages)
    managers = graph.dependents(MANAGERS & graph.names)
    needed = graph.closure(managers)
    return needed - graph.closure((graph.names - needed) | BASE)


class _Graph:
    """Packages and capabilities (names, libraries, paths), each package with those that it requires and provides.

    A capability is followed once, whatever requires it: edges from package to package could be millions.
    """

    def __init__(self, packages: Iterable[Package]) -> None:
        self._requires: _Edges = {}
        self._provides: _Edges = {}
        self._required_by: _Edges = {}
        self._provided_by: _Edges = {}
        for package in packages:
            provided = {package.name, *package.provides, *(f"/{path}" for path in package.files)}
            required = {name for requirement in package.requires for name in _names(requirement)}
            _add(package.name, provided, self._provides, self._provided_by)
            _add(package.name, required, self._requires, self._required_by)
        self.names = frozenset(self._requires)

    def closure(self, roots: Iterable[str]) -> frozenset[str]:
        return _reached(self.names.intersection(roots), self._requires, self._provided_by)

    def dependents(self, roots: Iterable[str]) -> frozenset[str]:
        """The roots and all that needs one of them, directly or not."""
        return _reached(roots, self._provides, self._required_by)


def _add(name: str, capabilities: set[str], forward: _Edges, back: _Edges) -> None:
    forward.setdefault(name, set()).update(capabilities)
    for capability in capabilities:
        back.setdefault(capability, set()).add(name)


def _reached(roots: Iterable[str], out: _Edges, back: _Edges) -> frozenset[str]:
    """Packages that are reached from packages through capabilities."""
    reached = set(roots)
    passed: set[str] = set()
    waiting = list(reached)
    while waiting:
        for capability in out[waiting.pop()] - passed:
            passed.add(capability)
            more = back.get(capability, set()) - reached
            reached |= more
            waiting += more
    return frozenset(reached)


def _names(requirement: str) -> Iterator[str]:
    """The names in `name`, or in a rich dependency, `(perl(A) >= 1 or (b if c))`; its other words name no package.

    Source: rpm, docs/manual/boolean_dependencies.md.
    """
    if not requirement.startswith("("):
        yield requirement
        return
    for word in requirement.split():
        name = word.lstrip("(")
        closing = min(name.count(")") - name.count("("), len(name) - len(name.rstrip(")")))
        yield name[: len(name) - max(closing, 0)]
