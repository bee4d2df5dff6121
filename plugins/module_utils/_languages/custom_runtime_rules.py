# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Lambda asks of a custom runtime: a file `bootstrap`; whether the system can start it is asked elsewhere. Pure.

Source: AWS Lambda developer guide, "Building a custom runtime".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._native.contents import Contents, Native
from .._native.findings import Finding, Problem, Verdict
from .._native.mounts import Mounts
from .._native.target import Target
from .started import bootstrap, startable


def findings(contents: Sequence[Contents], target: Target, natives: Sequence[Native]) -> Iterator[Finding]:
    """target, natives: not needed."""
    if found := bootstrap(contents):
        yield from startable(contents, Mounts(contents), *found)
        return
    yield Finding(
        "bootstrap",
        Problem.ENTRY_POINT,
        Verdict.BROKEN,
        f"There is no file bootstrap at the top of {' or of '.join(package.source for package in contents)}.",
        "Put the runtime's program there under that name; Go: go build -tags lambda.norpc -o bootstrap.",
    )
