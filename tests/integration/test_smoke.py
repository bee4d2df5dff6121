# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handlers imported in runtime images that have a real Python and a real Node.js, by a real engine."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import Cache
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.engine import Engine
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import EngineFailed
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.image import Image, open_image
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import Platform, parse_reference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.runs import Run
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.transports import Sources
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.errors import NativeError
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.findings import Problem, Verdict
from ansible_collections.lambdaops.deploy.plugins.module_utils._smoke import run as smoke
from ansible_collections.lambdaops.deploy.plugins.module_utils._smoke.words import Outcome, SmokeResult
from ansible_collections.lambdaops.deploy.plugins.modules import lambda_artifact_check as module
from lambdaops_testbed import debian, registry
from lambdaops_testbed.artifacts.node_packages import NODE
from lambdaops_testbed.artifacts.packages import packages
from lambdaops_testbed.artifacts.python_packages import PYTHON
from lambdaops_testbed.images import runtime_packages
from lambdaops_testbed.images.build import build
from lambdaops_testbed.images.runtime_images import BOOKWORM, BULLSEYE, Debian, runtime_archive
from lambdaops_testbed.settings import Settings, read_settings

Files = Mapping[str, str]
Import = Callable[..., SmokeResult]
PY, JS = "python3.11", "nodejs18.x"
CACHE = read_settings(os.environ).cache
FOREIGN = {"amd64": "arm64", "arm64": "amd64"}


@pytest.fixture(scope="module")
def client(host: str) -> Iterator[docker.DockerClient]:
    """The engine has both images."""
    with_engine = docker.DockerClient(base_url=host, timeout=60)
    for system in (BOOKWORM, BULLSEYE):
        with runtime_archive(CACHE, system).open("rb") as file:
            with_engine.images.load(file)
    yield with_engine
    with_engine.close()


@pytest.fixture
def engine(client: docker.DockerClient, host: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Whatever a test does with it, no container and no volume is left."""
    monkeypatch.setenv("DOCKER_HOST", host)
    found = Engine.require({"DOCKER_HOST": host})
    yield found
    found.close()
    assert client.containers.list(all=True) == []
    assert client.volumes.list() == []


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary folders are made; whatever a test does, none of them is left."""
    folder = tmp_path / "room"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def opened(name: str, architecture: str = "") -> Image:
    reference = parse_reference(name)
    sources = Sources(Transfer(), mirrors={}, timeout=10)
    try:
        machine = architecture or runtime_packages.architecture()
        return open_image(reference, sources.open(reference), Platform("linux", machine), Cache(None))
    finally:
        sources.close()


def image_of(system: Debian) -> Image:
    return opened(f"docker-daemon:{system.reference}")


@pytest.fixture
def imported(engine: Engine, room: Path, tmp_path: Path) -> Import:
    def run(
        package: Files | Path,
        handler: str = "app.handler",
        runtime: str = PY,
        *,
        image: Image | None = None,
        layers: Sequence[Path] = (),
        timeout: float = 20,
        memory: int = 256,
        **environment: str,
    ) -> SmokeResult:
        return smoke.run(
            engine,
            image or image_of(BOOKWORM),
            str(package if isinstance(package, Path) else zipped(tmp_path / "package.zip", package)),
            [str(layer) for layer in layers],
            handler,
            runtime,
            timeout=timeout,
            memory=memory,
            environment=environment,
        )

    return run


def zipped(path: Path, files: Files, mode: int = 0o644) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(info, text)
    return path


HANDLER = "\ndef handler(event, context): pass\n"
EXPORT = "\nexports.handler = async () => 1;\n"


# --- how handlers are found


@pytest.mark.parametrize(
    ("files", "handler", "runtime"),
    [
        ({"app.py": HANDLER}, "app.handler", PY),
        ({"src/api/app.py": HANDLER}, "src/api/app.handler", PY),
        ({"index.js": EXPORT}, "index.handler", JS),
        ({"src/index.js": EXPORT}, "src/index.handler", JS),
        ({"index.js": "exports.a = { b: () => 1 }"}, "index.a.b", JS),
        ({"index.cjs": EXPORT, "package.json": '{"type": "module"}'}, "index.handler", JS),
        ({"index.mjs": "await null; export const handler = () => 1"}, "index.handler", JS),
        ({"src/a.js": "export const handler = () => 1", "package.json": '{"type": "module"}'}, "src/a.handler", JS),
        ({"src/a.js": EXPORT, "src/package.json": "{}", "package.json": '{"type": "module"}'}, "src/a.handler", JS),
        ({"api/index.js": EXPORT}, "api.handler", JS),
        ({"node_modules/lib/index.js": EXPORT}, "lib.handler", JS),
        ({"index.js": "module.exports = 0", "index.mjs": "export const handler = () => 1"}, "index.handler", JS),
        ({"index.js": "exports.handler = awslambda.streamifyResponse(async () => 1)"}, "index.handler", JS),
    ],
)  # fmt: skip
def test_a_handler_is_found(imported: Import, files: Files, handler: str, runtime: str) -> None:
    result = imported(files, handler, runtime)
    assert (result.outcome, result.words, result.findings) == (Outcome.IMPORTED, "", ())
    assert result.interpreter.startswith("Python 3.11." if runtime == PY else "Node.js 18.")


@pytest.mark.parametrize(
    ("files", "handler", "words"),
    [
        ({"index.js": EXPORT}, "index", "Bad handler 'index'"),
        ({"index.js": EXPORT}, "../index.handler", "Bad handler '../index.handler'"),
        ({"index.js": EXPORT}, "other.handler", "Error: Cannot find module 'other'"),
        ({"index.js": EXPORT}, "index.other", "index.other is undefined or not exported"),
        ({"index.js": "exports.handler = 1"}, "index.handler", "index.handler is not a function"),
    ],
)
def test_a_handler_that_is_not_there(imported: Import, files: Files, handler: str, words: str) -> None:
    result = imported(files, handler, JS)
    assert (result.outcome, result.words) == (Outcome.MISSING, words)
    assert [(one.problem, one.verdict) for one in result.findings] == [(Problem.ENTRY_POINT, Verdict.BROKEN)]


def test_layers_are_merged_and_searched_as_lambda_does_it(imported: Import, tmp_path: Path) -> None:
    below = zipped(
        tmp_path / "1.zip",
        {
            "python/one.py": "X = 1",
            "python/lib/python3.11/site-packages/two.py": "X = 1",
            "nodejs/node_modules/one/index.js": "exports.x = 1",
            "nodejs/node18/node_modules/two/index.js": "exports.x = 1",
        },
    )
    above = zipped(tmp_path / "2.zip", {"python/one.py": "X = 2", "nodejs/node_modules/one/index.js": "exports.x = 2"})
    source = "import one, two\nassert (one.X, two.X) == (2, 1), (one.X, two.X)" + HANDLER
    assert imported({"app.py": source}, layers=[below, above]).outcome is Outcome.IMPORTED
    source = "if (require('one').x + require('two').x !== 3) throw new Error('other');" + EXPORT
    assert imported({"app.js": source}, runtime=JS, layers=[below, above]).outcome is Outcome.IMPORTED


def test_the_interpreter_is_that_of_the_runtime(imported: Import) -> None:
    assert imported({"app.py": HANDLER}, runtime="python3.9", image=image_of(BULLSEYE)).interpreter == "Python 3.9.2"
    with pytest.raises(NativeError, match=r"docker-daemon:.*/bookworm:latest has no python3\.13 on its PATH"):
        imported({"app.py": HANDLER}, runtime="python3.13")
    with pytest.raises(NativeError, match="of java21 can't be imported here"):
        imported({"app.py": HANDLER}, runtime="java21")


# --- what it can do there


def test_it_has_lambdas_environment_and_the_given_one_and_none_of_this_machine(
    imported: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:word@proxy.example:3128")
    names = (
        "AWS_DEFAULT_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME "
        "AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE AWS_REGION HOME HOSTNAME LAMBDA_RUNTIME_DIR "
        "LAMBDA_TASK_ROOT LANG LD_LIBRARY_PATH PATH TABLE TZ _HANDLER"
    ).split()
    source = f"import os\nfound = sorted(n for n in os.environ if n != 'LC_CTYPE')\nassert found == {names}, found\n"
    source += "e = os.environ\nassert (e['TABLE'], e['_HANDLER'], e['AWS_EXECUTION_ENV']) == ('orders', 'app.handler', "
    source += "'AWS_Lambda_python3.11'), dict(e)\nassert e['LD_LIBRARY_PATH'].startswith('/var/lang/lib:')" + HANDLER
    assert imported({"app.py": source}, TABLE="orders").words == ""


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("open('/var/task/x', 'w')", "Read-only file system"),
        ("open('/opt/x', 'w')", "Read-only file system"),
        ("open('/etc/x', 'w')", "Read-only file system"),
        ("open('/dev/x', 'w')", "Permission denied"),
        ("import os; os.setuid(0)", "Operation not permitted"),
        ("import socket; socket.create_connection(('192.0.2.1', 80))", "Network is unreachable"),
        ("import multiprocessing; multiprocessing.Queue()", "No such file"),  # on Lambda as well it fails
        ("open('/tmp/x', 'wb').write(bytes(600 << 20))", ""),
    ],
)
def test_what_it_must_not_do_fails_and_harms_nobody(imported: Import, source: str, words: str) -> None:
    result = imported({"app.py": source + HANDLER}, layers=[])
    assert result.outcome in (Outcome.FAILED, Outcome.OUT_OF_MEMORY)
    assert words in result.words


def test_it_may_write_to_tmp_and_run_what_is_there(imported: Import) -> None:
    source = (
        "import os, subprocess\nopen('/tmp/x', 'w').write('#!/bin/sh\\nexit 0\\n')\nos.chmod('/tmp/x', 0o755)\n"
        "subprocess.run(['/tmp/x'], check=True)"
    )
    assert imported({"app.py": source + HANDLER}).words == ""


def test_it_is_another_user_and_sees_only_what_everybody_may(imported: Import, tmp_path: Path) -> None:
    closed = zipped(tmp_path / "closed.zip", {"app.py": HANDLER}, mode=0o600)
    result = imported(closed)
    assert result.outcome is Outcome.FAILED
    assert "Permission denied: '/var/task/app.py'" in result.words
    assert [(one.problem, one.verdict, one.file) for one in result.findings] == [
        (Problem.PERMISSION, Verdict.BROKEN, "app.py")
    ]


# --- its end


@pytest.mark.parametrize(
    ("files", "runtime", "outcome", "words"),
    [
        ({"app.py": "while True: pass"}, PY, Outcome.TIMED_OUT, "within 1 seconds, it was at /var/task/app.py:1"),
        ({"app.py": "import os\nos.closerange(1, 99)\nwhile True: pass"}, PY, Outcome.TIMED_OUT, "within 1 seconds"),
        ({"app.js": "for (;;);"}, JS, Outcome.TIMED_OUT, "within 1 seconds"),
        ({"app.js": "for (const a = [];;) a.push(Buffer.alloc(1 << 20, 1))"}, JS, Outcome.OUT_OF_MEMORY, "than 64 MiB"),
        ({"app.py": "a = [bytearray(1 << 20) for _ in range(999)]"}, PY, Outcome.OUT_OF_MEMORY, "than 64 MiB"),
        ({"app.py": "import ctypes; ctypes.string_at(0)"}, PY, Outcome.CRASHED, "SIGSEGV"),
        ({"app.py": "import os; os._exit(3)"}, PY, Outcome.ENDED, "exit code 3"),
        ({"app.py": "import sys; sys.exit('no table')"}, PY, Outcome.FAILED, "SystemExit: no table"),
        ({"app.js": "process.exit(4)"}, JS, Outcome.ENDED, "exit code 4"),
        ({"app.mjs": "await new Promise(() => {})"}, JS, Outcome.ENDED, "it ended the process"),
        ({"app.js": "throw new TypeError('no table')"}, JS, Outcome.FAILED, "TypeError: no table"),
        ({"app.js": "import x from 'y'"}, JS, Outcome.REFUSED, "SyntaxError: Cannot use import statement"),
        ({"app.mjs": "import 'nowhere'"}, JS, Outcome.REFUSED, "Cannot find package 'nowhere'"),
        ({"app.js": "require('./x.node')", "x.node": "x" * 100}, JS, Outcome.REFUSED, "x.node: invalid ELF header"),
    ],
)
def test_each_end_is_told(imported: Import, files: Files, runtime: str, outcome: Outcome, words: str) -> None:
    slow = outcome is Outcome.TIMED_OUT
    result = imported(files, runtime=runtime, timeout=1 if slow else 20, memory=64 if "64" in words else 256)
    assert (result.outcome, words in result.words) == (outcome, True), result
    assert len(result.findings) == 1
    assert result.seconds < (10 if slow else 20)


def test_a_crowd_of_processes_is_bounded_and_ends_with_the_run(imported: Import) -> None:
    source = "import os, time\nwhile True:\n try:\n  os.fork()\n except OSError:\n  time.sleep(1)\n"
    result = imported({"app.py": source}, timeout=2)
    assert result.outcome in (Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY)
    assert result.seconds < 30


def test_what_it_prints_is_bounded_and_fakes_no_answer(imported: Import) -> None:
    loud = """for _ in range(200): print('{"stage": "done"}\\n' * 60_000)"""
    assert imported({"app.py": loud + "\nraise ValueError('x')"}).words == "ValueError: x"
    loud = "for (let i = 0; i < 200; i++) console.log('x'.repeat(1 << 20));" + EXPORT
    assert imported({"app.js": loud}, runtime=JS).outcome is Outcome.IMPORTED


def test_values_of_the_environment_are_in_nothing_that_is_said(imported: Import) -> None:
    value = 'it\'s "s3cret"\nof two lines/ü'
    python = {"app.py": "import os\nraise ValueError(os.environ['WORD'], 'from ' + os.environ['WORD'])"}
    node = {"app.js": "console.error(process.env.WORD); throw new Error(JSON.stringify(process.env.WORD))"}
    ended = {"app.py": "import os, sys\nprint(os.environ['WORD'], file=sys.stderr, flush=True)\nos._exit(1)"}
    for result in (imported(python, WORD=value), imported(node, runtime=JS, WORD=value), imported(ended, WORD=value)):
        assert "********" in result.words
        assert not {"s3cret", "two lines"} & {part for part in ("s3cret", "two lines") if part in repr(result)}


# --- real packages


@pytest.mark.parametrize(
    ("name", "outcome", "words", "file"),
    [
        ("psycopg2-binary", Outcome.IMPORTED, "", ""),
        ("numpy", Outcome.IMPORTED, "", ""),
        ("psycopg2-binary without its libraries", Outcome.REFUSED, "cannot open shared object file", "psycopg2/"),
        ("pydantic-core for Python 3.13", Outcome.REFUSED, "pydantic_core._pydantic_core", ""),
        ("cryptography for glibc 2.34", Outcome.REFUSED, "version `GLIBC_2.3", "cryptography/"),
        ("ujson, empty", Outcome.REFUSED, "file too short", "ujson"),
        ("bcrypt from npm", Outcome.IMPORTED, "", ""),
        ("sharp", Outcome.IMPORTED, "", ""),
        ("sharp without libvips", Outcome.REFUSED, "cannot open shared object file", ""),
        (
            "fibers, built for Node.js 12 and 14",
            Outcome.REFUSED,
            "compiled against a different Node.js",
            "node_modules/",
        ),
    ],
)
def test_real_packages_are_imported_or_refused_in_the_loaders_words(
    imported: Import, name: str, outcome: Outcome, words: str, file: str, tmp_path: Path
) -> None:
    (artifact,) = (one for one in (*PYTHON, *NODE) if one.name == name)
    (package,) = packages(CACHE, [artifact], os.environ)
    is_node = artifact.runtime.startswith("nodejs")
    source = f"{artifact.load};{EXPORT}" if is_node else f"{artifact.load}\n{HANDLER}"
    result = imported(
        with_handler(package.folder, tmp_path / "package.zip", "app.js" if is_node else "app.py", source),
        runtime=artifact.runtime,
        image=image_of(artifact.system),
        memory=512,
        timeout=60,
    )
    assert (result.outcome, words in result.words) == (outcome, True), result
    assert [one.file.startswith(file) for one in result.findings] == [True] * (outcome is not Outcome.IMPORTED)


def with_handler(folder: Path, target: Path, name: str, source: str) -> Path:
    """A zip of a package with a handler beside it."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder))
        archive.writestr(zipfile.ZipInfo.from_file(__file__, name), source)  # with this file's mode
    return target


# --- the module


def test_the_module_tells_of_the_run(
    run_module: Callable[..., dict[str, Any]], engine: Engine, room: Path, tmp_path: Path
) -> None:
    source = "import os\nif os.environ['TOKEN'] != 'tok-12345': raise ValueError(os.environ['TOKEN'])\nimport nowhere"
    options = {
        "path": str(zipped(tmp_path / "package.zip", {"app.py": source + HANDLER})),
        "runtime": PY,
        "runtime_image": f"docker-daemon:{BOOKWORM.reference}",
        "architecture": {"amd64": "x86_64"}.get(engine.architecture(), "arm64"),
        "handler": "app.handler",
        "run": True,
        "fail_on": "never",
        "cache_dir": str(tmp_path / "cache"),
    }
    result = run_module(module, **options, environment_variables={"TOKEN": "tok-12345"})
    assert (result["verdict"], result["run"]["outcome"]) == ("broken", "refused")
    assert result["run"]["words"] == "ModuleNotFoundError: No module named 'nowhere'"
    assert [(one["file"], one["problem"]) for one in result["findings"]] == [("app.py", "load")]

    result = run_module(module, **options, environment_variables={"TOKEN": "tok-54321"})
    assert (result["verdict"], result["run"]["outcome"]) == ("unknown", "failed")
    assert "54321" not in repr(result)


# --- nothing is left behind

# A shell's background jobs ignore SIGINT, and what they start does too.
ENDLESS = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, {folder!r})
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import Cache
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.engine import Engine
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.image import open_image
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import Platform, parse_reference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.transports import Sources
from ansible_collections.lambdaops.deploy.plugins.module_utils._smoke.run import run
reference, engine = parse_reference({image!r}), Engine.require()
source = Sources(Transfer(), mirrors={{}}, timeout=10).open(reference)
image = open_image(reference, source, Platform("linux", engine.architecture()), Cache(None))
run(engine, image, {package!r}, [], "app.handler", "python3.11", timeout=300, memory=64, environment={{}})
"""


@pytest.fixture
def running(engine: Engine, client: docker.DockerClient, room: Path, tmp_path: Path) -> Iterator[Any]:
    """A process in the middle of a run that would not end for minutes, and its container."""
    package = zipped(tmp_path / "package.zip", {"app.py": "while True: pass"})
    image = f"docker-daemon:{BOOKWORM.reference}"
    script = ENDLESS.format(folder=str(CACHE / "collections"), image=image, package=str(package))
    process = subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "TMPDIR": str(room)}, cwd="/")
    limit = time.monotonic() + 60
    while not (found := client.containers.list()):
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.05)
    yield process, found[0]
    process.kill()
    process.wait()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 1)])
def test_a_signal_leaves_neither_a_container_nor_a_folder(running: Any, number: signal.Signals, code: int) -> None:
    """The fixtures look for them afterwards."""
    process, _container = running
    process.send_signal(number)
    assert process.wait(timeout=60) in (code, -number)


def test_what_a_killed_run_leaves_is_removed_by_the_next_one(running: Any, engine: Engine, room: Path) -> None:
    process, container = running
    process.kill()
    process.wait()
    run_nothing(engine, time.time())
    container.reload()  # it may be somebody's who is still there
    run_nothing(engine, time.time() + 3600)
    with pytest.raises(docker.errors.NotFound):
        container.reload()
    (folder,) = room.iterdir()
    subprocess.run(["rm", "-r", str(folder)], check=True)


def run_nothing(engine: Engine, now: float) -> None:
    nothing = Run(BOOKWORM.reference, ("true",), {}, {}, "993:990", 64, 1, 64, 30.0, b"marker")
    ran = engine.run(nothing, now)
    assert (ran.exit_code, ran.answer, ran.output, ran.errors) == (0, b"", b"", b"")


def test_handlers_of_signals_are_put_back(imported: Import) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    imported({"app.py": HANDLER})
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == before


# --- which image, and on which machine


@pytest.fixture
def served(settings: Settings) -> Iterator[str]:
    """The address of a registry."""
    part = registry.part(settings)
    part.start()
    yield f"127.0.0.1:{part.port}"
    part.stop()


def test_an_image_of_a_registry_is_used_if_it_is_here_and_pulled_by_digest_if_not(
    imported: Import, client: docker.DockerClient, served: str
) -> None:
    name = f"{served}/lambda/python"
    client.images.get(BULLSEYE.reference).tag(name, "3.9")
    client.images.push(name, "3.9")
    meant = opened(f"docker://{name}:3.9")
    package = {"app.py": HANDLER}
    assert imported(package, runtime="python3.9", image=meant).outcome is Outcome.IMPORTED

    client.images.get(BOOKWORM.reference).tag(name, "3.9")  # another one has the tag now
    assert imported(package, runtime="python3.9", image=meant).interpreter == "Python 3.9.2"

    for tag in (f"{name}:3.9", BULLSEYE.reference):
        client.images.remove(tag)
    for digest in client.images.list(all=True):
        for known in digest.attrs["RepoDigests"] or ():
            if known == f"{name}@{meant.digest}":
                client.images.remove(known)
    assert imported(package, runtime="python3.9", image=meant).interpreter == "Python 3.9.2"
    assert f"{name}@{meant.digest}" in client.images.get(f"{name}@{meant.digest}").attrs["RepoDigests"]
    client.images.get(f"{name}@{meant.digest}").tag(BULLSEYE.reference.removesuffix(":latest"))


def test_an_image_that_can_not_be_pulled(imported: Import, client: docker.DockerClient, served: str) -> None:
    name = f"{served}/lambda/python"
    client.images.get(BULLSEYE.reference).tag(name, "3.9")
    client.images.push(name, "3.9")
    meant = opened(f"docker://{name}:3.9")
    client.images.remove(f"{name}:3.9")
    copy = image_of(BOOKWORM)
    changed = Image(meant.reference, meant.source, "", copy.manifest.config.digest, copy.manifest, meant.config)
    client.images.remove(BOOKWORM.reference)
    try:
        with pytest.raises(EngineFailed, match=r"can't pull 127\.0\.0\.1:\d+/lambda/python@sha256:"):
            imported({"app.py": HANDLER}, image=changed)
    finally:
        with runtime_archive(CACHE).open("rb") as file:
            client.images.load(file)


def test_an_image_in_a_file_has_to_be_loaded_first(imported: Import) -> None:
    loaded = opened(f"docker-archive:{runtime_archive(CACHE)}")
    assert imported({"app.py": HANDLER}, image=loaded).outcome is Outcome.IMPORTED
    build(CACHE / "images")
    layout = opened(f"oci:{CACHE / 'images/lambda/python'}:3.12")
    with pytest.raises(NativeError, match=r"read from oci:.*/lambda/python:3\.12, which") as failed:
        imported({"app.py": HANDLER}, image=layout)
    assert re.search(r": skopeo copy oci:\S*/lambda/python:3\.12 docker-daemon:python:3\.12$", failed.value.hint)
    mirrored = replace(layout, reference=parse_reference("registry.invalid/lambda/python:3.12"))
    with pytest.raises(NativeError, match=r"read from oci:.*/lambda/python:3\.12, which") as failed:
        imported({"app.py": HANDLER}, image=mirrored)
    assert failed.value.hint.endswith(" docker-daemon:registry.invalid/lambda/python:3.12")


def test_an_image_for_another_machine_is_said_to_be_one(
    imported: Import, engine: Engine, client: docker.DockerClient, tmp_path: Path
) -> None:
    other = FOREIGN[engine.architecture()]
    build(CACHE / "images")
    tag = "3.12-" + {"amd64": "x86_64"}.get(other, other)
    copy = [debian.require("skopeo", "skopeo"), "--insecure-policy", "copy"]
    layout, archive, name = f"oci:{CACHE / 'images/lambda/python'}:{tag}", tmp_path / "x.tar", "host.example/foreign:1"
    subprocess.run([*copy, layout, f"docker-archive:{archive}:{name}"], check=True, capture_output=True)
    client.images.load(archive.read_bytes())
    foreign = opened(f"docker-daemon:{name}", other)
    with pytest.raises(NativeError, match=rf"{name} is for {other}, and the engine at unix://.* runs on"):
        imported({"app.py": HANDLER}, runtime="python3.12", image=foreign)


def test_an_engine_that_does_not_see_this_machines_files(
    imported: Import, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(room)
    monkeypatch.setattr(tempfile, "tempdir", "/proc/self/cwd")  # to the engine, this is another folder
    with pytest.raises(NativeError, match=r"The engine at unix://.* does not see this machine's files"):
        imported({"app.py": HANDLER})
