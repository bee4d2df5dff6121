# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Natives that their packages only use if they can be loaded: most have a slower twin in the language. Pure.

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


def goes_without(file: str) -> bool:
    return _FILES.search(file) is not None
