# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What loads come to: needs that nothing answers, and answers that are not to be relied on. Pure.

A library that is in the package, but not where the loader looks, is judged by what real packages do. Those that work
(numpy, SciPy, Pillow, psycopg2-binary, PyArrow, sharp) lead the loader there by RPATH or RUNPATH, their own or that of
the file by which they are loaded; node-canvas has libraries without any, which find each other because canvas.node
has loaded all of them by then. All of this is seen by following the loads. What is left works only if another load
comes first: it does where another file of the package brings the library along under that name (told, but passes);
where none does, only the package's own code could have loaded it (ctypes, as some wheels for GPUs do), which can't be
seen here: unknown.

What lacks stops a package only if something loads the file: extensions and what they bring along, bootstrap, and the
extensions of Lambda. Of other programs and libraries it is unknown: many packages bring tools and plug-ins that are
never used, or that their code tries and does without.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .._image.libraries import Library
from .contents import Native
from .findings import Finding, Problem, Verdict
from .loader import Hit, InTheWay, Loader, Missing, Opened, Unknown
from .loading import Edge, Load, is_program, loaded_before, started
from .target import Target
from .versions import Provider, lacking, provider_of, undeclared

_DEFAULT_DIRECTORIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")


@dataclass(frozen=True, slots=True)
class Judged:
    """findings: one for each file, library and version. notes: what lacks without stopping anything, in sentences."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def judge(natives: Sequence[Native], loads: Sequence[Load], loader: Loader, target: Target) -> Judged:
    """natives: those that fit the target; loads: what loading them brings in."""
    judging = _Judging(natives, loads, loader, target)
    findings = dict[tuple[str, str, str], Finding]()
    for finding in (*judging.of_loads(loads), *judging.of_programs(natives)):
        findings.setdefault((finding.file, finding.library, finding.version), finding)
    return Judged(tuple(findings.values()), tuple(judging.notes))


class _Judging:
    """Each need of each file is judged once for each answer that it gets in one load or another."""

    def __init__(self, natives: Sequence[Native], loads: Sequence[Load], loader: Loader, target: Target) -> None:
        self._loader = loader
        self._facts = target.libraries
        self._loaded = loaded_before(target)
        self._started = started(natives, loader.mounts, target)
        names = set(self._facts.container_only)
        self._container_only = {library.package for library in self._facts.libraries if library.name in names} - {""}
        self._by_soname: dict[str, Native] = {}
        self._by_file: dict[str, Native] = {}
        for native in (native for native in natives if native.place):
            if native.elf and native.elf.soname:
                self._by_soname.setdefault(native.elf.soname, native)
            self._by_file.setdefault(native.name.rpartition("/")[2], native)
        self._brought = {
            name: hit.native
            for load in loads
            if load.whole and load.root.place
            for name, hit in load.names.items()
            if isinstance(hit, Opened) and hit.native is not load.root
        }
        self._judged: set[tuple[int, str, object]] = set()
        self.notes: list[str] = []

    def of_loads(self, loads: Iterable[Load]) -> Iterator[Finding]:
        """What is certain to be loaded comes first: each need is told once."""
        for load in sorted(loads, key=lambda load: id(load.root) not in self._started):
            for edge in load.edges:
                if not self._answered(edge.hit) and self._first_time(edge.native, edge.name, edge.hit):
                    yield from self._weighed(load.root, self._need(edge))
            for native in load.files:
                yield from self._weighed(load.root, self._versions(native, load))

    def _weighed(self, root: Native, findings: Iterable[Finding]) -> Iterator[Finding]:
        for finding in findings:
            if finding.verdict is Verdict.BROKEN and id(root) not in self._started:
                does = "starts" if is_program(root) else "loads"
                whom = "it" if finding.file == root.name else root.name
                message = f"{finding.message.rstrip('.')}; whether anything {does} {whom} can't be seen."
                yield replace(finding, verdict=Verdict.UNKNOWN, message=message)
            else:
                yield finding

    def _answered(self, hit: Hit) -> bool:
        return isinstance(hit, Opened) or (isinstance(hit, Library) and hit.package not in self._container_only)

    def of_programs(self, natives: Iterable[Native]) -> Iterator[Finding]:
        """The kernel opens what a program names as its loader, at exactly that path."""
        for native in natives:
            elf = native.elf
            if elf is None or not is_program(native) or not elf.interpreter:
                continue
            directory, _slash, name = elf.interpreter.rpartition("/")
            if directory in _DEFAULT_DIRECTORIES and self._loader.image_library(name):
                continue  # /lib and /lib64 may be one
            if isinstance(self._loader.at(elf.interpreter), Missing):
                found = _finding(
                    native, Problem.INTERPRETER, Verdict.BROKEN if self._facts.whole else Verdict.UNKNOWN,
                    elf.interpreter,
                    f"{native.name} is started by {elf.interpreter}, which the runtime image does not have.",
                )  # fmt: skip
                yield from self._weighed(native, [found])

    def _first_time(self, native: Native, name: str, hit: Hit | None) -> bool:
        """Misses are equal wherever they happen, hits are the same only where they lead to the same file."""
        answer = hit.native.name if isinstance(hit, Opened) else hit.path if isinstance(hit, Library) else type(hit)
        key = (id(native), name, answer)
        if key in self._judged:
            return False
        self._judged.add(key)
        return True

    def _need(self, edge: Edge) -> Iterator[Finding]:
        native, name = edge.native, edge.name
        match edge.hit:
            case Library() as library:
                yield _finding(
                    native, Problem.CONTAINER_ONLY, Verdict.CONTAINER_ONLY, name,
                    f"{native.name} needs {name}, which is in the runtime image only because its package manager "
                    f"needs the package {library.package}.",
                )  # fmt: skip
            case Missing() as missing:
                yield self._missing(native, missing)
            case InTheWay(path):
                yield _finding(
                    native, Problem.LIBRARY, Verdict.BROKEN, name,
                    f"{native.name} needs {name}, and {path}, which the loader finds first, is no library that can "
                    "be read.",
                )  # fmt: skip
            case Unknown():
                yield _finding(
                    native, Problem.LIBRARY, Verdict.UNKNOWN, name,
                    f"{native.name} needs {name}, and {self._why_unknown(name)}.",
                )  # fmt: skip

    def _missing(self, native: Native, missing: Missing) -> Finding:
        name = missing.name
        needs = f"{native.name} needs {name}"
        if brought := self._brought.get(name):
            return _finding(
                native, Problem.SEARCH, Verdict.LOADS, name,
                f"{needs}, and the loader does not look where it is, {brought.name}: it is found only after another "
                "file of the package has brought it along.", brought.place,
            )  # fmt: skip
        if same := self._by_soname.get(name):
            return _finding(
                native, Problem.SEARCH, Verdict.UNKNOWN, name,
                f"{needs}, and the loader does not look where it is, {same.name}; no file of the package brings it "
                "along first, and whether code does can't be seen.", same.place,
            )  # fmt: skip
        found = ""
        if missing.passed:
            why = f", and {missing.passed} is for another machine"
        elif same := self._by_file.get(name):
            why, found = f", and the loader does not look where it is, {same.name}", same.place
        else:
            why = ", which is neither in the package nor in the runtime image"
        return _finding(native, Problem.LIBRARY, Verdict.BROKEN, name, f"{needs}{why}.", found)

    def _why_unknown(self, name: str) -> str:
        for sentence in self._facts.unread:
            if f"/{name}" in sentence:
                return f"what the runtime image has of it can't be read ({sentence.rstrip('.')})"
        return "not all of the runtime image's libraries could be looked at"

    def _versions(self, native: Native, load: Load) -> Iterator[Finding]:
        if native.elf is None:
            return
        doubtful = []
        for need in native.elf.needs:
            hit = load.names.get(need.library)
            if not isinstance(hit, Library) or need.version not in hit.versions:
                doubtful.append(need.library)
        for library in dict.fromkeys(doubtful):
            hit = load.names.get(library) or self._loader.image_library(library)
            # What is brought along by something else is judged as if it had been.
            same = None if hit else self._brought.get(library) or self._by_soname.get(library)
            if self._first_time(native, f"versions of {library}", Opened(same, "") if same else hit):
                yield from self._of_library(native, library, provider_of(same or hit))

    def _of_library(self, native: Native, library: str, provider: Provider | None) -> Iterator[Finding]:
        if provider is None:
            if native.elf and library not in native.elf.needed:
                yield undeclared(native, library)
            return
        loaded = library in self._loaded and not is_program(native)
        findings, notes = lacking(native, library, provider, self._by_soname.get(library), loaded)
        self.notes += notes
        yield from findings


def _finding(
    native: Native, problem: Problem, verdict: Verdict, library: str, message: str, found: str = ""
) -> Finding:
    return Finding(native.name, problem, verdict, message, library=library, found=found)
