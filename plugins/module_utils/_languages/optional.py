# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Natives that their packages only use if they can be loaded: most have a slower twin in the language; and those that
are only there for a build or for tests. Pure.

Each row was read in the source of its package: an import or a `require` in `try`, with something else behind it.
Files with a twin of the same name need no row: rules of the language see the twin.
"""

from __future__ import annotations

import re

_PYTHON = {
    "markupsafe": "_speedups",
    "yaml": "_yaml",
    "simplejson": "_speedups",
    "wrapt": "_wrappers",
    "msgpack": "_cmsgpack",
    "websockets": "speedups",
    "tornado": "speedups",
    "coverage": "tracer",
    "sqlalchemy/cyextension": r"\w+",
    "aiohttp": r"_\w+",
    "aiohttp/_websocket": r"\w+",
    "frozenlist": "_frozenlist",
    "multidict": r"_\w+",
    "yarl": "_quoting_c",
    "propcache": "_helpers_c",
    r"debugpy/_vendored/pydevd/\w+": r"\w+",
    "numba/np/ufunc": "(?:tbb|omp)pool",
}
_NODE = "bufferutil utf-8-validate cpu-features ssh2 msgpackr-extract".split()
_DOTNET = "libcoreclrtraceptprovider"  # events for LTTng; dotnet/coreclr issue 4132
_FILES = re.compile(
    r"(?:^|/)(?:"
    + "|".join(f"{folder}/{module}" for folder, module in _PYTHON.items())
    + r")\.[^/]*(?:so|pyd)$|(?:^|/)node_modules/(?:@msgpackr-extract/[^/]+|"
    + "|".join(_NODE)
    + rf")/.*\.node$|(?:^|/){_DOTNET}\.so$"
)

# node-gyp links each addon there before it copies it to Release/, where `bindings` and node-gyp-build look. The other
# is an extension of SQLite for the tests of better-sqlite3 (its deps/test_extension.c).
_OF_A_BUILD = re.compile(
    r"(?:^|/)build/(?:Release|Debug)/obj\.target/|"
    r"(?:^|/)node_modules/better-sqlite3[^/]*/build/(?:Release|Debug)/test_extension\.node$"
)


def goes_without(file: str) -> bool:
    return _FILES.search(file) is not None


def is_never_loaded(file: str) -> bool:
    """Whether it is a leftover of a build, or made for tests of its package."""
    return _OF_A_BUILD.search(file) is not None
