# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the two environments that everything runs in, unless they are up to date.

.venv holds Ansible and the development tools; .cache/localstack holds LocalStack, whose pins would not fit beside
them. The collection is made reachable as lambdaops.deploy through a link under .cache/collections. An environment is
built again when its requirements, the Python it is made from or its place changed. Starts nothing, tests nothing.
"""

from __future__ import annotations

import ast
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
TESTBED = ROOT / "tests" / "testbed"
REQUIREMENTS = ROOT / "tests" / "requirements"
COLLECTION_LINK = CACHE / "collections" / "ansible_collections" / "lambdaops" / "deploy"

# Where Python may not write bytecode (PYTHONDONTWRITEBYTECODE), each Ansible process would compile these again, 0.5 s.
# The 200 MB of other collections stay as they are.
COMPILED = ("ansible", "ansible_collections/amazon", "boto3", "botocore", "cryptography", "jinja2", "urllib3", "yaml")
# The same for LocalStack, whose start would take 4 s longer; importing compiles exactly what is used.
IMPORTED = (
    "import localstack.runtime.main, localstack.services.lambda_.provider, localstack.services.s3.provider,"
    " localstack.services.iam.provider, localstack.services.sts.provider"
)


# Not sys.executable: that one may live in the very environment that is made again.
BASE_PYTHON = getattr(sys, "_base_executable", sys.executable)


class BuildFailed(Exception):
    """A build step ended with an error; the text is its whole output."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment: what it is for, where it stands, and what is installed in it."""

    purpose: str
    directory: Path
    requirements: tuple[Path, ...]
    compile: Callable[[Path], list[str]]

    @property
    def python(self) -> Path:
        return self.directory / "bin" / "python"

    @property
    def stamp(self) -> Path:
        return self.directory / "built-from.txt"

    def wanted_stamp(self) -> str:
        """A digest over everything that, when it changes, makes the environment stale."""
        made_from = (sys.version_info[:3], sys.base_prefix, self.directory, COMPILED, IMPORTED)
        digest = hashlib.sha256(repr(made_from).encode())
        for path in (*self.requirements, REQUIREMENTS / "bootstrap.txt", TESTBED / "pyproject.toml"):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    @property
    def up_to_date(self) -> bool:
        return self.stamp.is_file() and self.stamp.read_text() == self.wanted_stamp()


def compile_packages(directory: Path) -> list[str]:
    site = next((directory / "lib").glob("python*")) / "site-packages"
    return ["-m", "compileall", "-q", "-j", "0", *(str(site / name) for name in COMPILED)]


DEVELOPMENT = Environment("development", ROOT / ".venv", (REQUIREMENTS / "development.txt",), compile_packages)
LOCALSTACK = Environment(
    "LocalStack", CACHE / "localstack", (TESTBED / "requirements-localstack.txt",), lambda _: ["-c", IMPORTED]
)


def run(*command: str | Path, environ: Mapping[str, str] | None = None) -> str:
    """Run a command quietly and return its output; BuildFailed carries what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environ,
        check=False,
    )
    if done.returncode:
        raise BuildFailed(f"$ {' '.join(str(part) for part in command)}\n{done.stdout}")
    return done.stdout


def pip_settings(python: Path) -> dict[str, str]:
    """What pip's configuration files and environment say, by option name.

    Programs that read neither (uv, and the environments that ansible-test makes) get their index from here.
    """
    settings = {}
    lines = run(python, "-m", "pip", "config", "list").splitlines()
    for line in sorted(lines, key=lambda line: line.startswith(":env:")):  # the environment wins
        name, separator, value = line.partition("=")
        if separator and name.startswith(("global.", "install.", ":env:.")):
            settings[name.rpartition(".")[2]] = str(ast.literal_eval(value))
    return settings


def uv_environ(python: Path) -> dict[str, str]:
    """The environment for uv: pip's index where uv was not told one; bytecode is allowed while we compile."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    index = pip_settings(python).get("index-url")
    if index and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & environ.keys():
        environ["UV_DEFAULT_INDEX"] = index
    return environ


def bootstrap(environment: Environment) -> None:
    """Make the virtual environment that holds uv, with what Python itself brings."""
    shutil.rmtree(environment.directory, ignore_errors=True)
    run(BASE_PYTHON, "-m", "venv", environment.directory)
    pip = (environment.python, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")
    run(*pip, "install", "--requirement", REQUIREMENTS / "bootstrap.txt")


def fill(environment: Environment, uv: Path, environ: Mapping[str, str]) -> None:
    """Install an environment's requirements and the testbed, compile what is started often, and stamp it."""
    python = environment.python
    if not python.exists():
        run(uv, "venv", "--quiet", "--clear", "--python", BASE_PYTHON, environment.directory, environ=environ)
    install = (uv, "pip", "install", "--quiet", "--python", python)
    for requirements in environment.requirements:
        run(*install, "--requirement", requirements, environ=environ)
    run(*install, "--no-deps", "--editable", TESTBED, environ=environ)
    run(python, *environment.compile(environment.directory), environ=environ)
    environment.stamp.write_text(environment.wanted_stamp())


def link_collection() -> None:
    """Make the checkout reachable under the name that Ansible knows it by."""
    if not COLLECTION_LINK.is_symlink():
        COLLECTION_LINK.parent.mkdir(parents=True, exist_ok=True)
        COLLECTION_LINK.symlink_to(os.path.relpath(ROOT, COLLECTION_LINK.parent))


def build(stale: list[Environment]) -> None:
    """Build the stale environments, at the same time once uv is there."""
    uv = DEVELOPMENT.directory / "bin" / "uv"
    if DEVELOPMENT in stale:
        bootstrap(DEVELOPMENT)
    environ = uv_environ(DEVELOPMENT.python)

    def fill_timed(environment: Environment) -> None:
        started = time.monotonic()
        fill(environment, uv, environ)
        print(f"setup: {environment.purpose} environment, {time.monotonic() - started:.1f} s", file=sys.stderr)

    for environment in stale:
        if environment is not DEVELOPMENT:
            shutil.rmtree(environment.directory, ignore_errors=True)
    with ThreadPoolExecutor() as pool:
        list(pool.map(fill_timed, stale))


def main() -> int:
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        link_collection()
        stale = [environment for environment in (DEVELOPMENT, LOCALSTACK) if not environment.up_to_date]
        if not stale:
            return 0
        version = ".".join(map(str, sys.version_info[:3]))
        if LOCALSTACK in stale and sys.version_info >= (3, 14):
            sys.exit(f"LocalStack runs on Python 3.11 to 3.13, and this is {version}: make setup PYTHON=python3.13")
        started = time.monotonic()
        print(f"setup: building with Python {version} (about a minute)", file=sys.stderr)
        try:
            build(stale)
        except BuildFailed as failure:
            sys.exit(f"{failure}\nsetup: the command above failed, so nothing is ready; mend what it says, then again")
        print(f"setup: done, {time.monotonic() - started:.1f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
