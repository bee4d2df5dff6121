# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of each language by one table, and those for all of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from .._native.contents import Contents, Native
from .._native.findings import Finding
from .._native.target import Target
from . import (
    custom_runtime_rules,
    dotnet_rules,
    handlers,
    java_rules,
    layer_folders,
    links,
    node_rules,
    permissions,
    python_rules,
    ruby_rules,
    started,
)
from .optional import is_never_loaded
from .places import for_other_versions, only_for_other_versions

_Rules = Callable[[Sequence[Contents], Target, Sequence[Native]], Iterable[Finding]]
_RULES: Mapping[str, _Rules] = {
    "python": python_rules.findings,
    "nodejs": node_rules.findings,
    "ruby": ruby_rules.findings,
    "java": java_rules.findings,
    "dotnet": dotnet_rules.findings,
    "provided": custom_runtime_rules.findings,
    "go": custom_runtime_rules.findings,
}
_PASSED_OVER: Mapping[str, Callable[[Sequence[Contents], Target], frozenset[str]]] = {
    "python": python_rules.passed_over,
    "nodejs": node_rules.passed_over,
    "ruby": ruby_rules.passed_over,
}
_VERSION: Mapping[str, str] = {
    "python": r"3\.[0-9]+",
    "nodejs": r"[0-9]+\.x",
    "ruby": r"[0-9]+\.[0-9]+",
    "java": r"[0-9]+(?:\.al2(?:023)?)?",
    "dotnet": r"[0-9]+",
    "provided": r"(?:\.al2(?:023)?)?",
    "go": r"1\.x",
}


def findings_of(
    contents: Sequence[Contents], target: Target, natives: Sequence[Native], handler: str = ""
) -> tuple[Finding, ...]:
    """contents: the function's package and its layers. natives: those that `variants.sort_out` found to fit. handler:
    as the function names it, or "" where it is not known. Without a language no rules of one are applied."""
    found: list[Finding] = []
    if rules := _RULES.get(target.language):
        found += rules(contents, target, natives)
    found += only_for_other_versions(contents, target)
    found += layer_folders.findings(contents, target)
    found += started.extensions(contents)
    found += handlers.findings(contents, target, handler)
    found += links.findings(contents, target)
    found += permissions.findings(contents, target, handler)
    return tuple(found)


def passed_over(contents: Sequence[Contents], target: Target) -> frozenset[str]:
    """Places of natives that the target's language never opens, whatever is in them."""
    rule = _PASSED_OVER.get(target.language)
    opened_by_nothing = (native.place for part in contents for native in part.natives if is_never_loaded(native.name))
    passed = (rule(contents, target) if rule else frozenset()) | for_other_versions(contents, target)
    return passed.union(place for place in opened_by_nothing if place)


def has_rules(runtime: str) -> bool:
    """Whether this is the name of a runtime, as Lambda writes it, whose language is known here."""
    return any(re.fullmatch(rf"{language}{_VERSION[language]}", runtime) for language in _RULES)
