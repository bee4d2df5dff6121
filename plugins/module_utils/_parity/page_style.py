# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The style and the script of the page. Colours keep a contrast of 4.5 or more, in the light and in the dark scheme."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f4f6f8; --card: #ffffff; --text: #1a1f26; --quiet: #545d69; --line: #d5dbe2; --code: #f0f3f6;
  --link: #0a58a8; --good: #e3f3e8; --good-text: #11502a; --fair: #e5effb; --fair-text: #123f75;
  --risky: #fff0dc; --risky-text: #793a00; --bad: #fde8e6; --bad-text: #8c1512;
  --unknown: #eeeaf8; --unknown-text: #44307d; --plain: #e9edf1; --plain-text: #3c4550;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1216; --card: #161b21; --text: #e4e9ef; --quiet: #a0abb8; --line: #2c353f; --code: #1d242c;
    --link: #86bdf7; --good: #10301d; --good-text: #a4e5bb; --fair: #11294a; --fair-text: #b0d3fb;
    --risky: #3a2506; --risky-text: #ffcf97; --bad: #431513; --bad-text: #ffb9b2;
    --unknown: #2a2244; --unknown-text: #d5c8ff; --plain: #262e37; --plain-text: #c3ccd6;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
main { padding-top: 1rem; }
footer { padding-bottom: 2rem; color: var(--quiet); font-size: .875rem; }
a { color: var(--link); }
h1, h2, h3 { line-height: 1.2; }
h2 { margin: 0 0 .75rem; font-size: 1.25rem; }
h3 { margin: 1.25rem 0 .5rem; font-size: 1rem; }
p { margin: .5rem 0; }
p, li, h1, #images-table td { overflow-wrap: anywhere; }
section > :last-child { margin-bottom: 0; }
ul { margin: 0; padding-left: 1.25rem; }
li { margin: .25rem 0; }
section, .banner { margin: 0 0 1rem; padding: 1.25rem; border: 1px solid var(--line); border-radius: .6rem;
  background: var(--card); }
.banner { padding: 1.5rem 1.25rem; border-color: transparent; }
.banner h1 { display: flex; align-items: center; gap: .75rem; margin: .25rem 0 .75rem;
  font-size: clamp(1.9rem, 6vw, 2.75rem); letter-spacing: -.02em; }
.banner p { max-width: 62rem; }
.mark { display: inline-grid; flex: none; place-items: center; width: 1.25em; height: 1.25em; border: .09em solid;
  border-radius: 50%; font-size: .8em; font-weight: 700; line-height: 1; }
.eyebrow { margin: 0; font-size: .875rem; font-weight: 600; }
.good { background: var(--good); color: var(--good-text); }
.fair { background: var(--fair); color: var(--fair-text); }
.risky { background: var(--risky); color: var(--risky-text); }
.bad { background: var(--bad); color: var(--bad-text); }
.unknown { background: var(--unknown); color: var(--unknown-text); }
.plain { background: var(--plain); color: var(--plain-text); }
.badge { display: inline-block; padding: .05rem .55rem; border-radius: 1rem; font-size: .8125rem; font-weight: 600;
  white-space: nowrap; }
pre { margin: 0; padding: .75rem 1rem; overflow-x: auto; border: 1px solid var(--line);
  border-radius: .4rem; background: var(--code); font-size: .875rem; line-height: 1.5; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.lines { display: flex; align-items: flex-start; gap: .75rem; margin: .5rem 0; }
.lines pre { flex: 1; max-width: 100%; }
button, input[type=search] { font: inherit; color: inherit; border: 1px solid var(--line); border-radius: .4rem;
  background: var(--card); }
button { padding: .15rem .7rem; font-size: .8125rem; cursor: pointer; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.box { max-height: 75vh; margin: 0 0 1rem; overflow: auto; border: 1px solid var(--line); border-radius: .4rem; }
table { width: 100%; min-width: 40rem; border-collapse: separate; border-spacing: 0; font-size: .875rem; }
caption { padding: .6rem .75rem; text-align: left; font-weight: 600; }
th, td { padding: .45rem .75rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top;
  overflow-wrap: break-word; }
thead th { position: sticky; top: 0; background: var(--code); color: var(--quiet); white-space: nowrap; }
th { font-weight: 600; }
td { font-variant-numeric: tabular-nums; }
td.value { min-width: 12rem; }
#differences-table { min-width: 64rem; }
#images-table td.value { min-width: 14rem; }
.why { display: inline-block; min-width: 18rem; }
.ignored th, .ignored td { color: var(--quiet); }
form { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.25rem; margin: 0 0 1rem; }
form[hidden] { display: none; }
form label:first-child { display: flex; flex: 1 1 14rem; min-width: 0; align-items: center; gap: .6rem;
  font-weight: 600; }
input[type=search] { flex: 1; min-width: 0; padding: .45rem .7rem; }
input::placeholder { color: var(--quiet); opacity: 1; }
output { color: var(--quiet); font-size: .875rem; }
@media (max-width: 40rem) {
  section, .banner { padding: 1rem; }
  .lines { flex-direction: column; gap: .4rem; }
}
@media print {
  body { background: none; }
  section, .banner { break-inside: auto; }
  .box { max-height: none; overflow: visible; }
  table { min-width: 0; font-size: .75rem; }
  tr { break-inside: avoid; }
  thead th { position: static; }
  form, button { display: none; }
  .badge, .banner { border: 1px solid; }
}
"""

SCRIPT = """
(() => {
  "use strict";
  for (const block of document.querySelectorAll("pre")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(block.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(block);
        button.textContent = "Selected";
      }
    });
    block.parentElement.append(button);
  }
  const form = document.getElementById("search");
  if (!form) return;
  const [wanted, onlyDifferent] = form.querySelectorAll("input");
  const rows = [...document.querySelectorAll("#packages tbody tr, #libraries tbody tr")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const show = () => {
    const words = wanted.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, index) => {
      const different = !onlyDifferent.checked || row.classList.contains("differs");
      row.hidden = !(different && words.every((word) => texts[index].includes(word)));
      shown += row.hidden ? 0 : 1;
    });
    form.querySelector("output").textContent = `${shown} of ${rows.length} shown`;
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  show();
})();
"""
