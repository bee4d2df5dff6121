# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program that imports a handler inside a runtime image of Python, as Lambda's bootstrap does.

It runs with whatever Python the image has, 3.8 and newer, given to it on the command line (`python -c`). It answers
with one line, the marker and a JSON object, on the output that it had at first, whatever becomes of sys.stdout:

* `stage`: `done`, `name` (of the handler, which is none), `entry` (there is no such module or function) or `import`;
* `interpreter`: "Python 3.12.7";
* of an exception `type`, `message`, `place` (file and line in the package, or ""), `causes` (what it was raised from,
  as "type: message"), and whether the interpreter has `refused` the code, by itself or in one of the causes.

Source: awslambdaric, bootstrap.py (_get_handler) and the bootstrap.py of Lambda's Python images (sys.path, site
directories); AWS Lambda developer guide, "Deploy Python Lambda functions with container images", search path.
"""

from __future__ import annotations

SCRIPT = r"""
import faulthandler, importlib, json, os, site, sys, sysconfig, traceback

marker, handler, seconds = sys.argv[1:4]
sys.argv[:] = ["bootstrap.py"]
answers = os.dup(1)
interpreter = "Python " + sys.version.split()[0]
root = os.environ["LAMBDA_TASK_ROOT"]
runtime = os.environ.get("LAMBDA_RUNTIME_DIR", "/var/runtime")


def answer(stage, **told):
    line = "\n" + marker + json.dumps(dict(told, stage=stage, interpreter=interpreter)) + "\n"
    rest = line.encode("ascii")
    while rest:
        rest = rest[os.write(answers, rest):]
    os._exit(0)


def text(error):
    try:
        return str(error)[:4000]
    except Exception:
        return ""


def told_of(error):
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith((root + "/", "/opt/")):
            place = "%s:%s" % (frame.filename, frame.lineno)
    if isinstance(error, SyntaxError) and error.filename:
        place = "%s:%s" % (error.filename, error.lineno)
    chain = [error]
    while len(chain) < 10 and chain[-1].__cause__:
        chain.append(chain[-1].__cause__)
    return {
        "type": type(error).__name__,
        "message": text(error),
        "place": place[:1000],
        "causes": [type(before).__name__ + ": " + text(before)[:1000] for before in chain[1:]],
        "refused": any(isinstance(one, (ImportError, SyntaxError)) for one in chain),
    }


def search():
    mine = "PYTHONPATH" not in os.environ
    layers = ["/opt/python/lib/python%d.%d/site-packages" % sys.version_info[:2], "/opt/python"] if mine else []
    installed = [sysconfig.get_path("purelib")] if sys.version_info >= (3, 11) else []
    sys.path[0:1] = [root] + layers + installed + [runtime]
    for folder in [root] + layers:
        site.addsitedir(folder)


search()
os.chdir(root)
if "." not in handler:
    answer("name", message="Bad handler '%s'" % handler)
module, name = handler.rsplit(".", 1)
if module.split(".")[0] in sys.builtin_module_names:
    answer("name", message="Cannot use built-in module %s as a handler module" % module)
faulthandler.dump_traceback_later(float(seconds), exit=True, file=sys.__stderr__)
try:
    loaded = importlib.import_module(module.replace("/", "."))
except BaseException as error:
    missing = isinstance(error, ModuleNotFoundError) and error.name in (module.replace("/", "."), module.split("/")[0])
    answer("entry" if missing else "import", **told_of(error))
try:
    getattr(loaded, name)
except BaseException as error:
    answer("entry", **told_of(error))
answer("done")
"""
