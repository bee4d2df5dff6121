# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run `ansible-test sanity` on the built collection, on exactly the files that users install.

It refuses a linked checkout, so the artifact is built and unpacked under .cache/sanity. Its environments stay in a
home of their own there, for the next run. Usage: sanity.py [ansible-test option …]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import ansible_collections.amazon.aws
from ansible_test._internal.host_configs import NativePythonConfig
from ansible_test._internal.python_requirements import get_venv_packages
from environments import CACHE, ROOT, BuildFailed, pip_settings, run

BIN = Path(sys.executable).parent
SANITY = CACHE / "sanity"
HOME = SANITY / "home"
COPY = SANITY / "ansible_collections" / "lambdaops" / "deploy"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

# ansible-test bootstraps pip with a script that it downloads from a host of its own; this one installs pip's wheel.
GET_PIP = """\
import subprocess, sys
subprocess.check_call([{uv!r}, "pip", "install", "--quiet", "--offline", "--python", sys.executable, {wheel!r}])
"""


def unpack_collection() -> None:
    """Build the collection, unpack it, and make the collection that it depends on reachable beside it."""
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir(parents=True)
    run(BIN / "ansible-galaxy", "collection", "build", "--force", "--output-path", SANITY, ROOT)
    with tarfile.open(next(SANITY.glob("lambdaops-deploy-*.tar.gz"))) as artifact:
        artifact.extractall(COPY, filter="data")
    # What tells ansible-test how to judge; not part of the artifact.
    (COPY / "tests").mkdir(exist_ok=True)
    shutil.copy(ROOT / "tests" / "config.yml", COPY / "tests")
    # A repository of its own: in the checkout's one, all of .cache is ignored.
    run("git", "init", "--quiet", COPY)
    amazon = COPY.parents[1] / "amazon"
    amazon.unlink(missing_ok=True)
    amazon.symlink_to(Path(next(iter(ansible_collections.amazon.aws.__path__))).parent)


def prepare_home() -> None:
    """Give ansible-test its pip script, and pip's settings, since it passes no environment on."""
    version = get_venv_packages(NativePythonConfig(version=PYTHON, path=sys.executable))["pip"]
    wheel = SANITY / f"pip-{version}-py3-none-any.whl"
    if not wheel.is_file():
        run(sys.executable, "-m", "pip", "download", "--no-deps", "--dest", SANITY, f"pip=={version}")
    script = HOME / ".ansible" / "test" / "cache" / f"get_pip_{version.replace('.', '_')}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(GET_PIP.format(uv=str(BIN / "uv"), wheel=str(wheel)))
    config = HOME / ".config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.touch(mode=0o600)
    settings = {name: value.replace("\n", "\n  ") for name, value in pip_settings(Path(sys.executable)).items()}
    settings |= {"quiet": "1", "no-compile": "true"}
    config.write_text("\n".join(["[global]", *(f"{name} = {value}" for name, value in settings.items()), ""]))


def main(options: list[str]) -> int:
    HOME.mkdir(parents=True, exist_ok=True)
    try:
        unpack_collection()
        prepare_home()
    except BuildFailed as failure:
        sys.exit(str(failure))
    command = [str(BIN / "ansible-test"), "sanity", "--local", "--requirements", f"--python={PYTHON}", "--color=no"]
    command += options
    return subprocess.run(command, cwd=COPY, env=os.environ | {"HOME": str(HOME)}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
