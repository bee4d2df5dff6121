# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report: what the page says, that it stands alone and takes no orders from names, and how it is written."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity import page_sections
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.page import ReportNotWritten, write_report
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.page_html import VERDICTS, escaped
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.parity import Verdict
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.tables import LibraryRow, PackageRow, Tables
from ansible_collections.lambdaops.deploy.plugins.module_utils._version import VERSION
from hypothesis import given
from hypothesis import strategies as st

WRITTEN = datetime(2026, 11, 22, 4, 5, 6, 789, tzinfo=timezone(timedelta(hours=1)))
VOID = frozenset(("meta", "input", "link", "br"))
HOSTILE = "<script>alert(1)</script>\"'&\u202e\n"
TABLES = Tables(
    packages=(PackageRow("gcc", "11.4.1-2", ""), PackageRow("glib2", "2.82", "2.74"), PackageRow("zlib", "1.2", "1.2")),
    libraries=(
        LibraryRow("libglib-2.0.so.0", "glib2", "/usr/lib64/libglib-2.0.so.0.82", "/usr/lib64/libglib-2.0.so.0.74", ()),
        LibraryRow("libstdc++.so.6", "", "/var/lang/lib/libstdc++.so.6", "/lib64/libstdc++.so.6", ("GLIBCXX_3.4.31",)),
    ),
)


def image(reference: str, release: str, **more: Any) -> dict[str, Any]:
    digest = "sha256:" + "4f" * 32
    return {
        "reference": reference,
        "pinned": f"{reference.partition(':')[0]}@{digest}",
        "digest": digest,
        "index_digest": None,
        "platform": "linux/arm64",
        "layers": 3,
        "library_path": "/var/lang/lib:/lib64",
        "os_release": f"Amazon Linux {release}",
        "release": release,
        "packages": 3,
        **more,
    }


def difference(kind: str, name: str, build: str, runtime: str, **more: Any) -> dict[str, Any]:
    why = "Newer where it was built: the runtime may lack what was linked."
    facts = {"kind": kind, "name": name, "build": build, "runtime": runtime, "severity": "risky_drift", "why": why}
    return facts | more


def results(**more: Any) -> dict[str, Any]:
    return {
        "msg": "risky_drift: the build image does not match the runtime image.",
        "acceptable": False,
        "verdict": "risky_drift",
        "differences": [
            difference("package", "glib2", "2.82", "2.74"),
            difference("library", "libstdc++.so.6", "GLIBCXX_3.4.31", "", package="libstdc++", ignored=True),
        ],
        "build": image("build:1", "2023.6.20250107"),
        "runtime": image("runtime:1", "2023.6.20241031", container_only=["libglib-2.0.so.0"]),
        "build_only_packages": ["gcc"],
        "transfer": {"requests": 4, "bytes": 1234567, "layers_read": 2, "layers_from_cache": 1},
        "advice": ["Build like this:", "FROM build@sha256:4f", "RUN dnf -y distro-sync", "That is all."],
        "table": [],
        "notes": ["gcc is only in the build image."],
        **more,
    }


class Page(HTMLParser):
    """A page as a browser would take it apart, with what is wrong with its form."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.rows: list[list[str]] = []
        self.broken: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        self.broken += self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.broken.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.rows and ("th" in self.open or "td" in self.open):
            self.rows[-1][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def ids(self) -> list[str]:
        return [attributes["id"] or "" for _tag, attributes in self.elements if "id" in attributes]

    def row(self, head: str, *, last: bool = False) -> list[str]:
        """The first row of that name, or the last one: the tables of all packages and libraries come last."""
        found = [row for row in self.rows if row[0] == head]
        return found[-1 if last else 0]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "parity.html"


def written(target: Path, tables: Tables | None = TABLES, **more: Any) -> Page:
    write_report(str(target), results(**more), tables, WRITTEN)
    return Page(target)


@pytest.mark.parametrize("tables", [TABLES, Tables(TABLES.packages, None), None], ids=["all", "packages", "none"])
def test_the_page_is_well_formed(target: Path, tables: Tables | None) -> None:
    page = written(target, tables)
    assert page.broken == []
    assert len(page.ids()) == len(set(page.ids()))
    assert page.all("html") == [{"lang": "en"}]
    assert [
        attributes.get("scope") for attributes in page.all("th") if attributes.get("scope") not in ("col", "row")
    ] == []
    assert len(page.all("caption")) == len(page.all("table"))
    assert len(page.all("h1")) == 1


def test_what_labels_a_part_is_there(target: Path) -> None:
    page = written(target)
    labels = [attributes["aria-labelledby"] for _tag, attributes in page.elements if "aria-labelledby" in attributes]
    assert labels
    assert set(labels) <= set(page.ids())


def test_the_page_stands_alone(target: Path) -> None:
    page = written(target)
    assert [name for _tag, attributes in page.elements for name in attributes if name in ("src", "style")] == []
    assert [name for _tag, attributes in page.elements for name in attributes if name.startswith("on")] == []
    assert page.all("a") == [{"href": "./parity.json"}]
    assert page.all("link") == []
    source = target.read_text()
    for word in ("http:", "https:", "url(", "@import"):
        assert word not in source


def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else(target: Path) -> None:
    page = written(target)
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    source = target.read_text()
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        [content] = [part.partition(f"</{tag}>")[0] for part in source.split(f"<{tag}>")[1:]]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_names_are_text_wherever_they_stand(target: Path) -> None:
    page = written(
        target,
        Tables((PackageRow(HOSTILE, HOSTILE, ""),), (LibraryRow(HOSTILE, HOSTILE, HOSTILE, HOSTILE, (HOSTILE,)),)),
        msg=HOSTILE,
        differences=[difference("package", HOSTILE, HOSTILE, HOSTILE, why=HOSTILE, package=HOSTILE)],
        build=dict.fromkeys(image("", ""), HOSTILE),
        advice=[HOSTILE, f"{HOSTILE}."],
        notes=[HOSTILE],
        suggestion=dict.fromkeys(("tag", "release", "verdict", "image"), HOSTILE)
        | {"commands": [HOSTILE], "samconfig": [HOSTILE]},
    )
    assert page.broken == []
    assert page.all("script") == [{}]
    assert "\u202e" not in target.read_text()
    plain = HOSTILE.strip("\u202e\n")
    assert sum(text.count(plain) for text in page.text) >= 22


@given(st.text())
def test_what_is_escaped_opens_nothing_and_says_the_same(text: str) -> None:
    parser = HTMLParser(convert_charrefs=True)
    heard: list[str] = []
    parser.handle_data = heard.append  # type: ignore[method-assign]
    parser.handle_starttag = lambda tag, attrs: heard.append("\0")  # type: ignore[method-assign]
    parser.feed(f"<p>{escaped(text)}")
    parser.close()
    assert "".join(heard) == "\0" + "".join(character for character in text if character.isprintable())


def test_every_verdict_has_words_a_colour_a_mark_and_a_meaning(target: Path) -> None:
    assert VERDICTS.keys() == {verdict.value for verdict in Verdict}
    for verdict in VERDICTS:
        page = written(target, verdict=verdict, differences=[])
        style, mark, meaning = VERDICTS[verdict]
        assert {"class": f"banner {style}"} in page.all("header")
        heading = verdict.replace("_", " ").capitalize()
        assert f"{heading}: build:1 → runtime:1" in page.text
        assert {mark, f" {heading}", meaning} <= set(page.text)


@pytest.mark.parametrize(("acceptable", "said"), [(True, " The task let it pass."), (False, " The task failed on it.")])
def test_whether_the_task_failed_is_said(target: Path, acceptable: bool, said: str) -> None:
    assert said in written(target, acceptable=acceptable).text


def test_differences_are_told_in_their_order_and_the_ignored_ones_marked(target: Path) -> None:
    page = written(target)
    assert page.row("glib2")[1:4] == ["! Risky drift", "2.82", "2.74"]
    name, verdict, build, runtime, package, why = page.row("libstdc++.so.6")
    assert (verdict, build, runtime, package) == ("! Risky drift Ignored", "GLIBCXX_3.4.31", "\N{EN DASH}", "libstdc++")
    assert why.startswith("Newer where it was built")
    assert page.rows.index(page.row("glib2")) < page.rows.index(page.row(name))


def test_packages_and_libraries_are_told_with_their_state(target: Path) -> None:
    page = written(target)
    assert page.row("gcc") == ["gcc", "11.4.1-2", "\N{EN DASH}", "Build only"]
    assert page.row("glib2", last=True)[-1] == "! Risky drift"
    assert page.row("zlib") == ["zlib", "1.2", "1.2", "Same"]
    assert page.row("libglib-2.0.so.0")[-1] == "Differs Container only"
    assert page.row("libstdc++.so.6", last=True) == [
        *("libstdc++.so.6", "", "/var/lang/lib/libstdc++.so.6", "/lib64/libstdc++.so.6"),
        "Differs The runtime's lacks GLIBCXX_3.4.31.",
    ]
    assert page.all("tr").count({"class": "differs"}) == 3  # all but gcc and zlib


def test_commands_are_told_from_sentences(target: Path) -> None:
    page = written(target)
    assert "FROM build@sha256:4f\nRUN dnf -y distro-sync" in page.text
    assert {"Build like this:", "That is all."} <= set(page.text)


@pytest.mark.parametrize(
    ("release", "said"),
    [
        ("2023.6.20241031", "Tag 1.127.0, release 2023.6.20241031: Same base."),
        (None, "Tag 1.127.0: Same base."),
    ],
)
def test_a_suggestion_is_there_to_be_copied(target: Path, release: str | None, said: str) -> None:
    suggestion = {
        "image": "sam/build@sha256:ab",
        "tag": "1.127.0",
        "release": release,
        "verdict": "same_base",
        "commands": ["docker pull sam/build@sha256:ab", "sam build --build-image sam/build@sha256:ab"],
        "samconfig": ["[default.build.parameters]", 'build_image = ["sam/build@sha256:ab"]'],
    }
    page = written(target, suggestion=suggestion)
    copied = ["sam/build@sha256:ab", "\n".join(suggestion["commands"]), "\n".join(suggestion["samconfig"])]
    assert {said, *copied} <= set(page.text)
    again = written(target, suggestion=suggestion, advice=["Build like this:", *suggestion["commands"]])
    assert again.text.count("\n".join(suggestion["commands"])) == 1


@pytest.mark.parametrize("ignored", [True, False])
def test_the_banner_says_when_something_was_left_out(target: Path, ignored: bool) -> None:
    page = written(
        target,
        verdict="compatible_drift",
        differences=[difference("package", "glib2", "2.82", "2.74", ignored=ignored)],
    )
    meaning = "The images differ, but in nothing that native code could miss."
    assert (f"Leaving out what is ignored (1): {meaning}" if ignored else meaning) in page.text


def test_a_copy_of_a_local_engine_is_told(target: Path) -> None:
    page = written(target, local={"build": {"present": True, "state": "stale", "id": "sha256:1"}, "runtime": None})
    assert page.row("Copy of the local engine") == ["Copy of the local engine", "stale", "\N{EN DASH}"]


def test_what_was_not_read_is_not_shown_as_empty(target: Path) -> None:
    page = written(target, None, differences=[], advice=[], notes=[], suggestion=None, local=None)
    assert page.all("form") == []
    assert "notes" not in page.ids()
    for said in ("Nothing has to be done.", "Nothing of what was compared."):
        assert said in page.text
    assert "Not read: the verdict did not need them, or they could not be read." in page.text


def test_the_search_is_hidden_until_the_script_shows_it(target: Path) -> None:
    assert [("hidden" in attributes) for attributes in written(target).all("form")] == [True]


def test_a_table_without_end_is_cut_and_says_so(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_sections, "_ROWS", 2)
    page = written(target)
    assert "Packages (3, of which the first 2 are shown; the JSON has all)" in page.text
    assert "Shared libraries (2)" in page.text
    assert [row for row in page.rows if row[0] == "zlib"] == []
    assert len(json.loads(target.with_suffix(".json").read_text())["tables"]["packages"]) == 3


def test_time_and_version_are_said_once_and_in_utc(target: Path) -> None:
    page = written(target)
    assert page.all("time") == [{"datetime": "2026-11-22T03:05:06+00:00"}]
    assert "2026-11-22 03:05:06 UTC" in page.text
    assert f" by lambdaops.deploy {VERSION}. For programs: " in page.text


def test_the_version_is_the_one_that_is_released() -> None:
    galaxy = Path(__file__).parents[5] / "galaxy.yml"
    assert yaml.safe_load(galaxy.read_text())["version"] == VERSION


def test_the_json_has_the_results_and_the_whole_tables(target: Path) -> None:
    written(target)
    facts = json.loads(target.with_suffix(".json").read_text())
    assert facts.items() >= results().items()
    assert facts["written"] == "2026-11-22T03:05:06+00:00"
    assert (facts["collection"], facts["version"]) == ("lambdaops.deploy", VERSION)
    assert facts["tables"]["packages"][0] == {"name": "gcc", "build": "11.4.1-2", "runtime": ""}
    assert facts["tables"]["libraries"][1]["missing"] == ["GLIBCXX_3.4.31"]


def test_now_is_when_it_is_written(target: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    write_report(str(target), results())
    facts = json.loads(target.with_suffix(".json").read_text())
    assert before <= datetime.fromisoformat(facts["written"]) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("parity.html", ["parity.html", "parity.json"]),
        ("parity.htm", ["parity.htm", "parity.json"]),
        ("parity", ["parity", "parity.json"]),
        ("2023.6.20241031", ["2023.6.20241031", "2023.6.20241031.json"]),
        ("parity.json", ["parity.json"]),
    ],
)
def test_a_path_names_one_or_two_files(tmp_path: Path, name: str, files: list[str]) -> None:
    assert write_report(str(tmp_path / name), results()) == [str(tmp_path / file) for file in files]
    assert sorted(os.listdir(tmp_path)) == sorted(files)


def test_a_link_to_a_strange_name_still_leads_there(tmp_path: Path) -> None:
    write_report(str(tmp_path / "a #1?.html"), results())
    assert Page(tmp_path / "a #1?.html").all("a") == [{"href": "./a%20%231%3F.json"}]


def test_a_report_can_be_read_by_those_whom_the_umask_lets(target: Path) -> None:
    before = os.umask(0o027)
    try:
        written(target)
    finally:
        os.umask(before)
    assert target.stat().st_mode & 0o777 == 0o640


def test_an_older_report_is_replaced_whole(target: Path) -> None:
    target.write_text("old" * 100_000)
    written(target)
    assert "old" * 2 not in target.read_text()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("missing/parity.html", "there is no folder"),
        ("folder.html", "Is a directory"),
        ("file/parity.html", "Not a directory"),
        ("x" * 300 + ".html", "name too long"),
    ],
)
def test_a_report_that_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path, path: str, said: str) -> None:
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(ReportNotWritten) as raised:
        write_report(str(tmp_path / path), results())
    assert said in raised.value.message
    assert raised.value.hint
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.html"]
