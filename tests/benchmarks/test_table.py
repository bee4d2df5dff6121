# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table says the numbers that were measured, fits a terminal, and tells a goal that is missed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from saved import document
from table import Artifact, Comparison, Row, cell, markdown, terminal, verdict

MET = Row("code + environment at 0.2 s", cell(7, 3.531), cell(9, 6.1, early=True), cell(14, 11.2), 0.58, "≤ 7", True)
FREE = Row("8 writers: all ended after", "12.10 s", "8.00 s", ratio=1.51)
WIDEST = Row(
    "8 writers: same pair at end", "10 / 12.34 s", "10 / 12.34 s†", "10 / 12.34 s", 12.34, "≤ 7, ratio ≤ 0.6", False
)
WIDEST_IMAGES = Comparison(
    "parity, cold, without isal", 1234, 1_234_567_890, 123.4, 1_234_000_000, 123.4, "≥ 3 times, no more MB", False
)
WIDEST_ARTIFACT = Artifact(
    "ours, from a zip, without isal", 2000, 12.345, 1_234_000_000, 123.4, "< 1 s, ≥ 30 times", False
)
WHERE = {
    "date": "2026-01-02",
    "cores": 2,
    "load": 0.1,
    "processor": "A processor",
    "python": "3.11.7",
    "ansible-core": "2.19.14",
    "amazon.aws": "10.1.2",
    "botocore": "1.44.5",
    "localstack": "4.9.2",
}


def test_terminal_lines_up() -> None:
    head, first, second = terminal([MET, FREE]).splitlines()
    assert first.split("  ")[0] == MET.work
    for text in ("7 / 3.53 s", "9 / 6.10 s†", "14 / 11.20 s", "0.58", "≤ 7", "yes"):
        assert text in first
    assert head.index("amazon.aws") == first.index("9 / 6.10") == second.index("8.00 s")


def test_widest_rows_fit_100_columns() -> None:
    assert max(map(len, terminal([MET, FREE, WIDEST, WIDEST_IMAGES, WIDEST_ARTIFACT]).splitlines())) <= 100


def test_markdown_has_a_cell_for_each_column() -> None:
    lines = markdown([MET, FREE]).splitlines()
    assert {line.count("|") for line in lines} == {8}
    assert lines[2] == "| code + environment at 0.2 s | 7 / 3.53 s | 9 / 6.10 s† | 14 / 11.20 s | 0.58 | ≤ 7 | yes |"


def test_each_kind_of_row_has_a_table_of_its_own() -> None:
    first, second = terminal([MET, FREE, WIDEST_IMAGES]).split("\n\n")
    assert [len(text.splitlines()) for text in (first, second)] == [3, 2]
    head, row = second.splitlines()
    for column, text in (("requests", "1234  "), ("MB", "1234.6"), ("goal", "≥ 3 times"), ("met", "NO")):
        assert head.index(f" {column}") == row.index(f" {text}"), column
    assert markdown([MET, WIDEST_IMAGES]).count("\n| ---") == 2


def test_native_files_have_microseconds_each() -> None:
    head, row = terminal([WIDEST_ARTIFACT]).splitlines()
    for column, text in (("files", "2000"), ("seconds", "12.35"), ("µs a file", "6172"), ("peak MB", "1234")):
        assert head.index(f"  {column}  ") == row.index(f"  {text}  "), column


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([MET, FREE], "All 1 goals are met."),
        ([MET, replace(MET, work="one", met=False), replace(MET, work="two", met=False)], "Not met: one; two."),
        ([FREE], "Nothing here has a goal."),
    ],
)
def test_verdict(rows: list[Row], said: str) -> None:
    assert verdict(rows) == said


def test_document_says_when_and_where() -> None:
    text = document({"updates": [MET]}, WHERE)
    assert text.startswith("<!--\nCopyright")
    assert (
        "## Updates\n\n2026-01-02, 2 cores (A processor), Python 3.11.7, ansible-core 2.19.14, amazon.aws 10.1.2"
        in text
    )
    assert "load average 0.1 at the start." in text
    assert markdown([MET]) in text
    assert text.endswith("All 1 goals are met.\n")


def test_parts_that_were_not_measured_stay_as_they_are() -> None:
    before = document({"writers": [FREE], "updates": [FREE]}, WHERE)
    after = document({"updates": [MET]}, {**WHERE, "date": "2026-02-03"}, before)
    updates, writers = after.split("## ")[1:]
    assert updates.startswith("Updates\n\n2026-02-03")
    assert markdown([MET]) in updates
    assert writers.startswith("Eight writers\n\n2026-01-02")
    assert markdown([FREE]) in writers
    assert document({}, WHERE, after) == after
