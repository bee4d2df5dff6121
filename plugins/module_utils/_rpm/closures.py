# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which packages are there for which others: what some packages need, and what only the package manager needs.

Requirements are followed as far as the database tells: a path is known when a package provides it or it is a shared
library, and what nobody provides is passed over (`rpmlib(…)`, most programs). Says nothing of what is on the disk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from .packages import Package

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
    """Packages by name, each with those that provide what it requires."""

    def __init__(self, packages: Iterable[Package]) -> None:
        known = tuple(packages)
        providers: dict[str, set[str]] = {}
        for package in known:
            for capability in (package.name, *package.provides, *(f"/{path}" for path in package.files)):
                providers.setdefault(capability, set()).add(package.name)
        self._needs: dict[str, set[str]] = {package.name: set() for package in known}
        for package in known:
            for requirement in package.requires:
                for name in _names(requirement):
                    self._needs[package.name] |= providers.get(name, set())
        self.names = frozenset(self._needs)

    def closure(self, roots: Iterable[str]) -> frozenset[str]:
        return _reached(self.names.intersection(roots), self._needs)

    def dependents(self, roots: Iterable[str]) -> frozenset[str]:
        """The roots and all that needs one of them, directly or not."""
        dependents: dict[str, set[str]] = {name: set() for name in self.names}
        for name, needs in self._needs.items():
            for needed in needs:
                dependents[needed].add(name)
        return _reached(roots, dependents)


def _reached(roots: Iterable[str], steps: dict[str, set[str]]) -> frozenset[str]:
    reached = set(roots)
    waiting = list(reached)
    while waiting:
        more = steps[waiting.pop()] - reached
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
        while name.count(")") > name.count("("):
            name = name.removesuffix(")")
        yield name
