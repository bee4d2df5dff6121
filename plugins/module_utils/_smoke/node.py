# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program that imports a handler inside a runtime image of Node.js, as Lambda's runtime interface client does.

It runs with whatever Node.js the image has, 14 and newer, given to it on the command line (`node -e`). It answers as
the one for Python does (python.py); a process that ends before the handler is imported answers with the stage
`exit` and its exit code, `exit`.

Source: aws-lambda-ric, UserFunction.js (how modules are found, `awslambda.streamifyResponse`).
"""

from __future__ import annotations

SCRIPT = r"""
const fs = require("fs"), path = require("path");
const { createRequire } = require("module");
const [marker, handler] = process.argv.slice(-2);
process.argv.splice(1);
const root = process.env.LAMBDA_TASK_ROOT;
const interpreter = "Node.js " + process.versions.node;
const write = fs.writeSync, exit = process.reallyExit.bind(process);
let answered = false;

function answer(stage, told) {
  if (answered) return;
  answered = true;
  const line = JSON.stringify({ ...told, stage, interpreter })
    .replace(/[\u007f-\uffff]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
  let rest = Buffer.from("\n" + marker + line + "\n");
  while (rest.length) {
    try { rest = rest.subarray(write(1, rest)); } catch (error) { if (error.code !== "EAGAIN") break; }
  }
  exit(0);
}

function text(value, limit) {
  try { return String(value === undefined || value === null ? "" : value).slice(0, limit); } catch { return ""; }
}

const refusals = new Set(["ERR_DLOPEN_FAILED", "MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND", "ERR_REQUIRE_ESM",
  "ERR_PACKAGE_PATH_NOT_EXPORTED", "ERR_UNSUPPORTED_DIR_IMPORT", "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_PACKAGE_IMPORT_NOT_DEFINED", "ERR_INVALID_PACKAGE_CONFIG", "ERR_INVALID_PACKAGE_TARGET"]);

function toldOf(error) {
  if (!(error instanceof Object)) return { message: text(error, 4000) };
  const stack = text(error.stack, 20000).split("\n");
  const inside = stack.map((line) => line.match(/(?:file:\/\/)?((?:\/var\/task|\/opt)\/[^\s():]*:\d+)/)).find(Boolean);
  const chain = [];
  for (let one = error; one instanceof Object && chain.length < 10; one = one.cause) chain.push(one);
  return {
    type: text(error.name, 100),
    message: text(error.message, 4000).split("\nRequire stack:")[0],
    place: inside ? inside[1].slice(0, 1000) : "",
    causes: chain.slice(1).map((one) => text(one.name, 100) + ": " + text(one.message, 1000)),
    refused: chain.some((one) => refusals.has(one.code) || one instanceof SyntaxError),
  };
}

function isModule(folder) {
  for (; !folder.endsWith("/node_modules"); folder = path.resolve(folder, "..")) {
    const description = path.join(folder, "package.json");
    if (fs.existsSync(description)) {
      try { return JSON.parse(fs.readFileSync(description)).type === "module"; } catch { return false; }
    }
    if (folder === "/") break;
  }
  return false;
}

async function load(folder, name) {
  const file = path.resolve(root, folder, name);
  const load = createRequire(path.join(root, "handler"));
  const required = (ending) => fs.existsSync(file + ending) && load(file + ending);
  const imported = async (ending) => fs.existsSync(file + ending) && import(file + ending);
  const modern = fs.existsSync(file + ".js") && isModule(path.dirname(file));
  const found = required("") || (modern ? await imported(".js") : required(".js"))
    || await imported(".mjs") || required(".cjs");
  if (found) return found;
  let place;
  try {
    place = load.resolve(name, { paths: [root, folder] });
  } catch (error) {
    answer("entry", toldOf(error));
  }
  return load(place);
}

async function main() {
  const base = path.basename(handler), folder = handler.slice(0, handler.indexOf(base));
  const parts = base.match(/^([^.]*)\.(.*)$/);
  if (handler.includes("..") || !parts) answer("name", toldOf("Bad handler '" + handler + "'"));
  globalThis.awslambda = {
    streamifyResponse: (wrapped) => wrapped,
    HttpResponseStream: class { static from(stream) { return stream; } },
  };
  const loaded = await load(folder, parts[1]);
  const found = parts[2].split(".").reduce((value, key) => value && value[key], loaded);
  if (typeof found === "function") answer("done", {});
  answer("entry", toldOf(handler + (found ? " is not a function" : " is undefined or not exported")));
}

process.on("exit", (code) => answer("exit", { message: "", exit: code }));
process.chdir(root);
main().catch((error) => answer("import", toldOf(error)));
"""
