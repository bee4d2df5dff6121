# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Node.js asks of addons: a way to register that this version of it knows. Pure.

Node-API addons run on every version, others only on that whose headers they were built with. Sources: Node.js,
src/node_binding.cc (DLOpen), doc/abi_version_registry.json and doc/api/addons.md; node-gyp-build and node-pre-gyp
(names of prebuilt files); AWS Lambda developer guide, "Layer paths for each Lambda runtime".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .._native.contents import Contents, Native
from .._native.findings import Finding, Problem, Verdict
from .._native.target import Target
from .places import visible
from .platforms import without_platform

_MAJORS = "8:57 10:64 12:72 14:83 16:93 17:102 18:108 19:111 20:115 21:120 22:127 23:131 24:137 25:141"
_ABIS = {version: int(abi) for version, abi in (pair.split(":") for pair in _MAJORS.split())}
_VERSIONS = {abi: version for version, abi in _ABIS.items()}
_REGISTERS = "node_register_module_v"
_ELECTRON = re.compile(r"(?:^|[-_./])electron(?:[-_.]|$)")
_NAMED_ABI = re.compile(
    r"(?:^|[-_./])(?:(?:node-v|abi)(?P<abi>[0-9]+)|node-(?P<either>[0-9]+(?:\.[0-9]+)?))(?=[-_./]|$)"
)
_NAMED = re.compile(
    r"(?:^|(?<=/)|[-_.])(?:(?:node-v|abi)[0-9]+|node-[0-9]+(?:\.[0-9]+)?|electron(?:-v[0-9.]+)?|node|napi(?:-v[0-9]+)?)"
    r"(?=[-_./]|$)"
)


def passed_over(contents: Sequence[Contents], target: Target) -> frozenset[str]:
    """Places of prebuilt addons for Electron or another version of Node.js, with one for this version beside them."""
    addons = [native for native in visible(contents) if native.place and native.name.endswith(".node")]
    suitable = {_key(native.place) for native in addons if _named_for(native.name, target)}
    return frozenset(n.place for n in addons if not _named_for(n.name, target) and _key(n.place) in suitable)


def findings(contents: Sequence[Contents], target: Target, natives: Sequence[Native]) -> Iterator[Finding]:
    """natives: those that fit the target's machine and C library."""
    for native in natives:
        if native.name.endswith(".node") and (finding := _judge(native, target)):
            yield finding


def _named_for(name: str, target: Target) -> bool:
    """Whether the name claims no other program or version."""
    number = _NAMED_ABI.search(name)
    if number and target.version in _ABIS:
        abi = str(_ABIS[target.version])
        return number["abi"] == abi if number["abi"] else number["either"] in (abi, target.version)
    return not _ELECTRON.search(name.rpartition("node_modules/")[2])


def _key(name: str) -> str:
    folder, slash, file = name.rpartition("node_modules/")
    return folder + slash + without_platform(_NAMED.sub("", file.removesuffix(".node")))


def _judge(native: Native, target: Target) -> Finding | None:
    entries = native.entry_points
    if any(name.startswith("napi_register_module_v") for name in entries) or "napi_module_register" in entries:
        return None
    abis = {int(end) for name in entries if (end := name.removeprefix(_REGISTERS)).isdigit()}
    expected = _ABIS.get(target.version)
    if expected in abis:
        return None
    if abis:
        built_for = " and ".join(_built_for(abi) for abi in sorted(abis))
        known = expected is not None
        return Finding(
            native.name,
            Problem.RUNTIME_ABI,
            Verdict.BROKEN if known else Verdict.UNKNOWN,
            f"{native.name} is built for {built_for}, the runtime is Node.js {target.version}"
            + (f" (ABI {expected})." if known else ", whose ABI is not known here."),
        )
    if "node_module_register" in entries:
        return Finding(
            native.name,
            Problem.RUNTIME_ABI,
            Verdict.UNKNOWN,
            f"{native.name} registers itself in a way that does not tell which Node.js it is built for.",
            f"Build it anew for Node.js {target.version}, or check it with a smoke run.",
        )
    return Finding(
        native.name,
        Problem.ENTRY_POINT,
        Verdict.UNKNOWN,
        f"{native.name} has nothing by which Node.js would know it as an addon.",
        "Build it anew, or ignore the file if it is no addon.",
    )


def _built_for(abi: int) -> str:
    return f"Node.js {_VERSIONS[abi]} (ABI {abi})" if abi in _VERSIONS else f"ABI {abi} of Node.js or Electron"
