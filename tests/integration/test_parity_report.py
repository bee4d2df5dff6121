# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a real comparison in a real browser: it fits a phone, reads well in both schemes, can be searched."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, browser
from lambdaops_testbed.images import pairs

PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - lambdaops.deploy.lambda_image_parity:
        runtime: nodejs20.x
        fail_on: never
        suggest: true
        registry_mirrors: {{public.ecr.aws: "oci:{images}"}}
        cache_dir: "{folder}/cache"
        report: "{folder}/parity.html"
"""
# Each text's colour against what is behind it, by the formula of WCAG 2.2 (relative luminance, contrast ratio).
TOO_FAINT = """
const channels = (color) => color.match(/[\\d.]+/g).map(Number);
const linear = (c) => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
const light = ([r, g, b]) => [r, g, b].map((c) => linear(c / 255))
  .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
const behind = (element) => {
  for (; element; element = element.parentElement) {
    const color = channels(getComputedStyle(element).backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
  return [255, 255, 255];
};
return [...document.body.querySelectorAll("*")]
  .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
  .map((element) => {
    const [one, other] = [channels(getComputedStyle(element).color), behind(element)].map(light);
    return [(Math.max(one, other) + .05) / (Math.min(one, other) + .05), element.textContent.slice(0, 40)];
  })
  .filter(([ratio]) => ratio < 4.5);
"""
SHOWN = """
return [...document.querySelectorAll("#packages tbody th")].filter((head) => head.checkVisibility())
  .map((head) => head.innerText);
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    for repository, layout in pairs.repositories().items():
        layout.write(folder / "images" / repository)
    play = folder / "play.yml"
    play.write_text(PLAY.format(images=folder / "images", folder=folder))
    done = subprocess.run(["ansible-playbook", play], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "parity.html"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture
def report(chromium: Browser, page: Path) -> Browser:
    chromium.resize(1280)
    chromium.open(page)
    return chromium


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_nothing_overflows_the_page(report: Browser, width: int) -> None:
    report.resize(width)
    inner, visible, needed = report.run(
        "const page = document.documentElement; return [innerWidth, page.clientWidth, page.scrollWidth]"
    )
    assert inner == width
    assert needed == visible


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(report: Browser, scheme: str) -> None:
    report.prefer(scheme)
    light = report.run("return getComputedStyle(document.body).backgroundColor") == "rgb(244, 246, 248)"
    assert light is (scheme == "light")
    assert report.run(TOO_FAINT) == []


def test_the_search_shows_what_was_asked_for_and_what_differs(report: Browser) -> None:
    everything = report.run(SHOWN)
    assert len(everything) > 100
    report.type("#search input[type=search]", "OpenSSL LIB")
    assert report.run(SHOWN) == [name for name in everything if "openssl" in name and "lib" in name] != []
    report.type("#search input[type=search]", "libstdc++.so.6")
    assert report.run(SHOWN) == []
    assert report.run('return document.querySelector("output").innerText').startswith("1 of ")
    report.type("#search input[type=search]", "openssl")
    report.click("#search input[type=checkbox]")
    assert report.run(SHOWN) == ["openssl-libs"]  # of those in both images that have it in their names


def test_the_browser_has_nothing_to_complain_of(report: Browser) -> None:
    report.complaints()
    report.open(Path(report.run("return location.pathname")))
    assert report.complaints() == []


def test_lines_to_copy_have_a_button(report: Browser) -> None:
    assert report.run(
        'return document.querySelectorAll("pre").length === document.querySelectorAll(".lines button").length'
    )


def test_without_a_script_everything_is_there(report: Browser) -> None:
    everything = report.run(SHOWN)
    report.tell("Emulation.setScriptExecutionDisabled", value=True)
    try:
        report.open(Path(report.run("return location.pathname")))
        hidden = report.run('return document.getElementById("search").checkVisibility()')
        assert hidden is False
        assert report.run(SHOWN) == everything
    finally:
        report.tell("Emulation.setScriptExecutionDisabled", value=False)
