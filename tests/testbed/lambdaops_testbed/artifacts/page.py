# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of verdicts, docs/verdicts.md: our verdict on each package beside what others say. Rows in, Markdown out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_INTRODUCTION = """\
<!--
Copyright (c) 2026 lambdaops.deploy contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

# Verdicts on real packages

What `lambda_artifact_check` says of {count} packages, made from real releases on npm and the Python index, beside what
happens to them. `make verdicts` fetches and packs them again, checks each against a runtime image, imports each in a
container of that very image, and writes this page; the tests do the same and fail where anything disagrees.

* **Package**: what was packed. Node.js packages have to load on `nodejs18.x`, the others on `python3.11`, in an image
  of Debian 12 with Lambda's folders and LD_LIBRARY_PATH (glibc 2.36); those *on an older system* and *for glibc 2.34*
  on `python3.9`, in one of Debian 11 (glibc 2.31).
* **Verdict**: ours, from reading alone; nothing of the package is run for it.
* **Why**: the finding that is told first, shortened, with the file by its last name.
* **Import**: what Python or Node.js says when the package's native modules are imported in the image.
* **ldd**: the libraries and versions that it does not find there, among the files that are built for glibc; empty
  where no file is.
* **Needs**: the newest glibc and libstdc++ versions that auditwheel finds in the files for this machine.

Beside this table the tests compare what we read of every native file with what others read: needed libraries, soname,
RPATH, RUNPATH and symbol versions with `readelf -dV`, symbol versions with auditwheel.
"""
_TITLES = {
    "broken": "## Broken",
    "unseen": "## What can't be seen\n\nThese load by all that can be read, and do not when they run.",
    "unknown": "## Unknown\n\nNot known from reading: deployments stop here unless they are told not to.",
    "container_only": "## Loads, but only in the container image",
    "loads": "## Loads",
}
_COLUMNS = ("Package", "Verdict", "Why", "Import", "ldd", "Needs")
_LONGEST = 90  # characters of what is said in a cell


@dataclass(frozen=True, slots=True)
class Row:
    """section: a verdict, or "unseen". words: of the import, "" when it worked; unfound: what ldd does
    not find. remark: what the finding does not say."""

    name: str
    made_of: str
    section: str
    verdict: str
    why: str
    words: str
    unfound: Sequence[str]
    newest: Sequence[str]
    remark: str = ""

    @property
    def decided(self) -> tuple[str, str, str]:
        """What stays the same when messages are worded anew: package, verdict, and whether the import works."""
        return self._package, self.verdict, "imports" if not self.words else "fails"

    @property
    def _package(self) -> str:
        return f"**{_plain(self.name)}**: {_plain(self.made_of)}"

    @property
    def cells(self) -> tuple[str, ...]:
        said = _plain(_cut(self.words)) if self.words else "imports"
        why = " ".join(filter(None, (_cut(self.why), self.remark)))
        lists = (_plain(", ".join(names)) for names in (self.unfound, self.newest))
        return self._package, self.verdict, _plain(why), said, *lists


def page(rows: Sequence[Row]) -> str:
    sections = []
    for section, title in _TITLES.items():
        found = [row.cells for row in rows if row.section == section]
        if found:
            lines = (_COLUMNS, ("---",) * len(_COLUMNS), *found)
            sections.append(title + "\n\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines))
    return "\n".join([_INTRODUCTION.format(count=len(rows)), *sections])


def decided(text: str) -> list[tuple[str, str, str]]:
    """Of each row of a page, what `Row.decided` says of it."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| **")]
    return [(cells[0], cells[1], cells[3] if cells[3] == "imports" else "fails") for cells in lines]


def in_sections(rows: Iterable[Row]) -> list[Row]:
    """In the order of the page."""
    order = list(_TITLES)
    return sorted(rows, key=lambda row: order.index(row.section))


def _cut(text: str) -> str:
    """One line, short enough to look over."""
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[:_LONGEST].rpartition(" ")[0] + " …"


def _plain(text: str) -> str:
    """What Markdown takes as it is."""
    for special in "\\`|<*_":
        text = text.replace(special, f"\\{special}")
    return text
