# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pieces of HTML that the page is made of: text, badges, tables, lines to copy.

What images say of themselves (names, versions, references) is hostile input: all of it goes through `escaped`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from .._errors import printable

# The class that colours a verdict, a mark for who does not see colours, and what the verdict means.
VERDICTS = {
    "identical": ("good", "✓", "Both are one image."),
    "same_base": ("good", "✓", "The build image stands on this very runtime image and left its packages as they were."),
    "compatible_drift": ("fair", "≈", "The images differ, but in nothing that native code could miss."),
    "risky_drift": ("risky", "!", "What is built in the one may ask for something that the other does not have."),
    "unknown": ("unknown", "?", "Something could not be read, and it may be anything."),
    "incompatible": ("bad", "✕", "Native code that is built in the one does not run on the other."),
}


def escaped(value: object) -> str:
    """Text that means nothing to a browser, changes no reading direction and breaks no line."""
    return escape(printable(str(value)))


def words(verdict: object) -> str:
    return str(verdict).replace("_", " ").capitalize()


def badge(verdict: str) -> str:
    style, mark, _meaning = VERDICTS.get(verdict, ("plain", "", ""))
    shown = f'<span aria-hidden="true">{mark}</span> ' if mark else ""
    return f'<span class="badge {style}">{shown}{escaped(words(verdict))}</span>'


def section(name: str, title: str, *content: str) -> str:
    return f'<section aria-labelledby="{name}">\n<h2 id="{name}">{title}</h2>\n{"".join(content)}</section>\n'


def paragraph(text: object) -> str:
    return f"<p>{escaped(text)}</p>\n"


def items(texts: Iterable[object]) -> str:
    return "".join(["<ul>\n", *(f"<li>{escaped(text)}</li>\n" for text in texts), "</ul>\n"])


def lines(texts: Iterable[object]) -> str:
    """Lines to copy; the script adds the button."""
    text = "\n".join(map(escaped, texts))
    return f'<div class="lines"><pre tabindex="0"><code>{text}</code></pre></div>\n'


def table(name: str, caption: str, head: Sequence[str], rows: Iterable[str]) -> str:
    """Scrolls inside its own box, which the keyboard reaches too."""
    columns = "".join(f'<th scope="col">{title}</th>' for title in head)
    return (
        f'<div class="box" role="region" tabindex="0" aria-labelledby="{name}-caption">\n'
        f'<table id="{name}"><caption id="{name}-caption">{caption}</caption>\n'
        f"<thead><tr>{columns}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody></table>\n</div>\n"
    )


def row(head: object, *cells: str, style: str = "") -> str:
    """head: text; cells: of `cell` or `value`."""
    kind = f' class="{style}"' if style else ""
    return f'<tr{kind}><th scope="row">{escaped(head)}</th>{"".join(cells)}</tr>\n'


def cell(content: str) -> str:
    """content: HTML."""
    return f"<td>{content}</td>"


def value(text: object) -> str:
    """A cell of one image's value; what is not there is a dash."""
    return f'<td class="value">{"&ndash;" if text in ("", None) else escaped(text)}</td>'
