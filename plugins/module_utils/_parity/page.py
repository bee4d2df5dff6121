# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A comparison as one page for people and one file for programs. It judges nothing and reads only its arguments.

The page stands alone: no script, style, font or image comes from elsewhere, and its Content-Security-Policy says so.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .._errors import EngineError
from .._version import VERSION
from .page_html import escaped, words
from .page_sections import sections
from .page_style import SCRIPT, STYLE
from .tables import Tables


class ReportNotWritten(EngineError):
    """The report could not be written, which says nothing of the images."""


def write_report(
    path: str, results: Mapping[str, Any], tables: Tables | None = None, written: datetime | None = None
) -> list[str]:
    """Write the page to `path` and the same facts as JSON beside it; the paths of what was written, the page first.

    results: what the module returns, `msg` included. tables: see tables_of. written: when; now if left out.
    `parity.html` brings `parity.json`, and so does `parity`; a path that ends with `.json` gets the JSON alone. Each
    file appears whole or stays as it was. Raises ReportNotWritten.
    """
    target = Path(path)
    tables = tables or Tables()
    written = (written or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    beside = _json_path(target)
    files = {} if target == beside else {target: as_page(results, tables, written, beside.name)}
    files[beside] = as_json(results, tables, written)
    for file, content in files.items():
        _write(file, content)
    return [str(file) for file in files]


def as_json(results: Mapping[str, Any], tables: Tables, written: datetime) -> str:
    """The results under their own names, with the whole tables under `tables`."""
    origin = {"written": written.isoformat(), "collection": "lambdaops.deploy", "version": VERSION}
    return json.dumps({**origin, **results, "tables": asdict(tables)}, indent=1) + "\n"


def as_page(results: Mapping[str, Any], tables: Tables, written: datetime, json_name: str) -> str:
    """Pure: the same arguments give the same page. json_name: of the file beside it."""
    title = f"{words(results['verdict'])}: {results['build']['reference']} → {results['runtime']['reference']}"
    time = f'<time datetime="{written.isoformat()}">{written:%Y-%m-%d %H:%M:%S} UTC</time>'
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src 'sha256-{_hash(STYLE)}'; script-src 'sha256-{_hash(SCRIPT)}'"
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escaped(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{"".join(sections(results, tables))}</main>
<footer>
<p>Written {time} by lambdaops.deploy {VERSION}. For programs: <a href="./{quote(json_name)}">\
{escaped(json_name)}</a></p>
</footer>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _hash(text: str) -> str:
    """Source: Content Security Policy Level 3, 6.7.3.3 (hashes of inline elements)."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json_path(target: Path) -> Path:
    known = target.suffix in (".html", ".htm", ".json")
    return target.with_name(f"{target.stem if known else target.name}.json")


def _write(path: Path, content: str) -> None:
    """Aside, then renamed; with the rights that the user's umask gives, for a report is made to be passed on."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        try:
            with aside.open("x", encoding="utf-8", errors="replace") as file:
                file.write(content)
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        why = f"there is no folder {path.parent}" if isinstance(error, FileNotFoundError) else error.strerror
        raise ReportNotWritten(
            f"The report {path} can't be written: {why}.",
            hint="Name a file in a folder that exists and that you may write to.",
        ) from error
