# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The document that `make bench SAVE=1` writes: a table for each part, with the date and the machine of its run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from machine import sentence
from table import NOTES, Line, markdown, verdict

_HEADER = """\
<!--
Copyright (c) 2026 lambdaops.deploy contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
"""

_ABOUT = """\
`make bench` measures on your machine, against LocalStack, a registry and an engine on the loopback, in about
twenty minutes; `make bench ONLY="updates writers"` measures parts (`updates`, `alias`, `writers`, `releases`,
`parity`, `artifact`), and with `SAVE=1` what was measured is written into this page. Seconds of two runs or two
machines can't be compared; the ratios of one run can.

* **at 0.2, 1, 5 s**: how long each update stays `InProgress`. Lambda takes about 1 s for a zip outside a VPC, and
  longer for functions in a VPC and for images.
* **nothing to do**: the task says code and environment that are in force. With an alias, amazon.aws takes two tasks.
* **8 writers**: eight tasks with different code and environment start on one function at the same time, three rounds.
  *Same pair*: what is in force at the end of a round is code and environment of the same task.
* **10 releases**: code and environment at 1 s an update, published and brought to an alias that a client calls 20
  times a second. An answer is *mixed* when code and environment are of different releases.
* **images**: a drifted build image (580 MB compressed, 6 layers) against its runtime image (170 MB, 3 layers), from a
  registry on this machine: with an empty cache, the same where the package isal is missing, and with a full cache.
  Beside it, `docker pull` of both with `docker run … cat /etc/os-release` in both, and `skopeo copy` of both.
* **native files**: a package of 2,000 ELF files of this machine, 240 MB, read as `lambda_artifact_check` reads it: all
  files looked at, checksums tested, needed libraries, versions and entry points found. Beside it, pyelftools reads the
  same, which is compared, and all but entry points, for which it goes through symbols; auditwheel reads needed
  libraries and versions; they from the directory. Medians of fifteen runs of ours and three of theirs, in turn.
"""


_TITLES = {
    "updates": "Updates",
    "alias": "Updates with an alias",
    "writers": "Eight writers",
    "releases": "Releases",
    "parity": "Images",
    "artifact": "Native files",
}


def document(measured: Mapping[str, Sequence[Line]], where: dict[str, Any], before: str = "") -> str:
    """measured: rows by part. before: the page as it was; its parts that were not measured now stay as they are."""
    kept = {text.partition("\n")[0]: text for text in re.split(r"(?m)^## ", before)[1:]}
    for part, rows in measured.items():
        kept[_TITLES[part]] = f"{_TITLES[part]}\n\n{sentence(where)}.\n\n{markdown(rows)}\n\n{verdict(rows)}\n"
    sections = [f"## {kept[title].strip()}\n" for title in _TITLES.values() if title in kept]
    notes = "".join(f"* {note}\n" for note in NOTES)
    return "\n".join([_HEADER, "# Benchmarks\n", _ABOUT, notes, *sections])
