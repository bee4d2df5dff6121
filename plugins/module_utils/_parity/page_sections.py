# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A comparison's results and tables as the sections of the page, in the order in which a reader needs them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from .page_html import VERDICTS, badge, cell, escaped, items, lines, paragraph, row, section, table, value, words
from .tables import LibraryRow, PackageRow, Tables

Results = Mapping[str, Any]

_ROWS = 5000  # of one table; a browser gets slow with more, and the JSON has them all
_VERSIONS = 40  # of one library, as symbol versions that the runtime's lacks
_FACTS = {
    "reference": "Reference",
    "pinned": "Pinned",
    "index_digest": "Index",
    "platform": "Platform",
    "os_release": "System",
    "release": "Release",
    "packages": "Packages",
    "libraries": "Libraries",
    "layers": "Layers",
    "library_path": "Search path",
}


def sections(results: Results, tables: Tables) -> Iterator[str]:
    yield _banner(results)
    yield section("advice", "What to do", *_advice(results))
    yield section("differences", "What differs", *_differences(results["differences"]))
    if results.get("notes"):
        yield section("notes", "Worth knowing", items(results["notes"]))
    yield section("images", "The images", _images(results))
    yield section("contents", "Packages and libraries", *_contents(results, tables))
    yield section("transfer", "What it cost", _transfer(results["transfer"]))


def _banner(results: Results) -> str:
    verdict = str(results["verdict"])
    style, mark, meaning = VERDICTS[verdict]
    if left_out := sum(1 for found in results["differences"] if found.get("ignored")):
        meaning = f"Leaving out what is ignored ({left_out}): {meaning}"
    outcome = "The task let it pass." if results.get("acceptable") else "The task failed on it."
    return (
        f'<header class="banner {style}">\n<p class="eyebrow">Build image against Lambda runtime image</p>\n'
        f'<h1><span class="mark" aria-hidden="true">{mark}</span> {words(verdict)}</h1>\n'
        f"<p><strong>{meaning}</strong> {outcome}</p>\n{paragraph(results['msg'])}</header>\n"
    )


def _advice(results: Results) -> Iterator[str]:
    suggestion = results.get("suggestion")
    if not results["advice"] and not suggestion:
        yield paragraph("Nothing has to be done.")
    for is_sentence, group in groupby(results["advice"], key=lambda line: line.endswith((".", ":"))):
        texts = list(group)
        yield "".join(map(paragraph, texts)) if is_sentence else lines(texts)
    if suggestion:
        yield "<h3>A build image that matches</h3>\n"
        release = f", release {suggestion['release']}" if suggestion["release"] else ""
        yield paragraph(f"Tag {suggestion['tag']}{release}: {words(suggestion['verdict'])}.")
        yield lines([suggestion["image"]])
        if not set(suggestion["commands"]) <= set(results["advice"]):
            yield paragraph("To build in it, get it first, because SAM CLI can't pull by digest:")
            yield lines(suggestion["commands"])
        yield paragraph("Once the engine has it, samconfig.toml can name it as well:")
        yield lines(suggestion["samconfig"])


def _differences(differences: Sequence[Results]) -> Iterator[str]:
    if not differences:
        yield paragraph("Nothing of what was compared.")
        return
    head = ("What", "Verdict", "Build", "Runtime", "Package", "Why it matters")
    yield table(
        "differences-table", _caption("Differences, worst first", differences), head, _difference_rows(differences)
    )


def _difference_rows(differences: Sequence[Results]) -> Iterator[str]:
    for found in differences[:_ROWS]:
        ignored = ' <span class="badge plain">Ignored</span>' if found.get("ignored") else ""
        yield row(
            found["name"],
            cell(badge(found["severity"]) + ignored),
            value(found["build"]),
            value(found["runtime"]),
            cell(escaped(found.get("package", ""))),
            cell(f'<span class="why">{escaped(found["why"])}</span>'),
            style="ignored" if ignored else "",
        )


def _images(results: Results) -> str:
    build, runtime = results["build"], results["runtime"]
    local = results.get("local") or {}
    rows = [
        row(title, value(build.get(key)), value(runtime.get(key)))
        for key, title in _FACTS.items()
        if build.get(key) or runtime.get(key)
    ]
    if any(local.values()):
        rows.append(
            row("Copy of the local engine", value(_local(local.get("build"))), value(_local(local.get("runtime"))))
        )
    return table("images-table", "Both images as they were read", ("Fact", "Build", "Runtime"), rows)


def _local(copy: Results | None) -> str:
    return str(copy.get("state", "")) if copy else ""


def _contents(results: Results, tables: Tables) -> Iterator[str]:
    if tables.packages is None and tables.libraries is None:
        yield paragraph("Not read: the verdict did not need them, or they could not be read.")
        return
    yield (
        '<form id="search" role="search" hidden><label>Search <input type="search" autocomplete="off" '
        'spellcheck="false" placeholder="libstdc++, openssl, GLIBC_2.34"></label> '
        '<label><input type="checkbox"> Only what differs</label> <output></output></form>\n'
    )
    severities = {(d["kind"], d["name"]): d["severity"] for d in results["differences"] if not d.get("ignored")}
    if tables.packages is not None:
        head: tuple[str, ...] = ("Package", "Build", "Runtime", "State")
        rows = (_package(found, severities.get(("package", found.name))) for found in tables.packages[:_ROWS])
        yield table("packages", _caption("Packages", tables.packages), head, rows)
    if tables.libraries is not None:
        head = ("Library", "Package", "Build", "Runtime", "State")
        container_only = frozenset(results["runtime"].get("container_only") or ())
        library_rows = (
            _library(found, severities.get(("library", found.name)), container_only)
            for found in tables.libraries[:_ROWS]
        )
        yield table("libraries", _caption("Shared libraries", tables.libraries), head, library_rows)


def _package(found: PackageRow, severity: str | None) -> str:
    cells = (value(found.build), value(found.runtime), cell(_state(found, severity)))
    return row(found.name, *cells, style=_style(found, severity))


def _library(found: LibraryRow, severity: str | None, container_only: Collection[str]) -> str:
    state = _state(found, severity)
    if found.missing:
        more = f" and {len(found.missing) - _VERSIONS} more" if len(found.missing) > _VERSIONS else ""
        lacks = f"The runtime's lacks {', '.join(found.missing[:_VERSIONS])}{more}."
        state += f' <span class="why">{escaped(lacks)}</span>'
    if found.name in container_only:
        state += ' <span class="badge plain">Container only</span>'
    cells = (cell(escaped(found.package)), value(found.build), value(found.runtime), cell(state))
    return row(found.name, *cells, style=_style(found, severity))


def _style(found: PackageRow | LibraryRow, severity: str | None) -> str:
    return "differs" if found.differs or severity else ""


def _state(found: PackageRow | LibraryRow, severity: str | None) -> str:
    if severity:
        return badge(severity)
    if not found.runtime:
        return '<span class="badge plain">Build only</span>'
    if not found.build:
        return '<span class="badge plain">Runtime only</span>'
    return '<span class="badge plain">Differs</span>' if found.differs else "Same"


def _caption(title: str, rows: Sequence[object]) -> str:
    shown = f", of which the first {_ROWS} are shown; the JSON has all" if len(rows) > _ROWS else ""
    return f"{title} ({len(rows)}{shown})"


def _transfer(transfer: Results) -> str:
    return paragraph(
        f"{transfer['requests']} requests and {transfer['bytes'] / 1e6:,.1f} MB; {transfer['layers_read']} layers were "
        f"read, {transfer['layers_from_cache']} were known."
    )
