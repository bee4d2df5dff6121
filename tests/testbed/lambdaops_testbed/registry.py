# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real registry (Distribution, Debian's docker-registry) as a part of the testbed: open, or with basic or token auth.

All variants serve the same storage, so what is pushed to the open one can be pulled from the closed ones.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from . import debian
from .engine import running_engine
from .errors import TestbedError
from .ports import require_free
from .process import Daemon, Status
from .settings import HOST, Settings

if TYPE_CHECKING:  # signing needs a package that the open registry does without
    from .token_server import TokenServer

NAME = "registry"
PROGRAM = PACKAGE = "docker-registry"
IMAGE = "registry:2"
# Of the variant with basic auth; guards nothing. The hash is bcrypt's, the only kind that Distribution reads.
USER, PASSWORD = "reader", "testbed-only"
_HTPASSWD = f"{USER}:$2b$05$abcdefghijklmnopqrstuuNRi0xW8yEnGAGXZkItPbltkKngEAR3K\n"


@dataclass(frozen=True, slots=True)
class Registry:
    """auth is the `auth` section of Distribution's configuration, empty for an open registry. port_file: where its port
    is kept while it runs, for later commands."""

    settings: Settings
    port: int
    name: str = NAME
    auth: dict[str, dict[str, str]] = field(default_factory=dict)
    port_file: Path | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def folder(self) -> Path:
        return self.settings.state / self.name

    def start(self) -> str:
        config = self._write_config()
        said = self._daemon(self._command(config)).start()
        if self.port_file:
            self.port_file.write_text(str(self.port))
        return f"{said}, {self.url}"

    def stop(self) -> str:
        if self.port_file:
            self.port_file.unlink(missing_ok=True)
        return self._daemon(()).stop()

    def status(self) -> Status:
        daemon = self._daemon(())
        pid = daemon.pid()
        if pid is None:
            return Status(self.name, running=False, detail="not running")
        ready = "ready" if self._ready() else "not ready"
        return Status(self.name, running=True, detail=f"{self.url}, pid {pid}, {ready}; log {daemon.log}")

    def _daemon(self, command: tuple[str, ...]) -> Daemon:
        return Daemon(
            name=self.name,
            command=command,
            folder=self.folder,
            environment={"PATH": debian.search_path(), "HOME": os.environ.get("HOME", "/")},
            ready=self._ready,
            precheck=lambda: require_free(self.port, "the registry", "REGISTRY_PORT"),
        )

    def _command(self, config: Path) -> tuple[str, ...]:
        """The program of this machine, else of its package, else the registry's own image on a running engine."""
        cached = self.settings.cache / "programs"
        program = debian.find(PROGRAM) or debian.unpack(PROGRAM, PACKAGE, cached)
        if program:
            return (str(program), "serve", str(config))
        docker, socket = debian.find("docker"), running_engine()
        if docker and socket:
            user = f"{os.getuid()}:{os.getgid()}"
            state = self.settings.state
            run = (str(docker), "--host", f"unix://{socket}", "run", "--rm", "--network", "host", "--user", user)
            return (*run, "--volume", f"{state}:{state}", IMAGE, "serve", str(config))
        raise TestbedError(
            f"The registry needs the program {PROGRAM}, which is not here: install it with "
            f"`apt-get install {PACKAGE}` (as root, Debian or Ubuntu), or start a Docker engine to run {IMAGE}."
        )

    def _write_config(self) -> Path:
        """Distribution reads YAML, of which JSON is a part.

        Source: distribution, docs/configuration.md.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        config = {
            "version": "0.1",
            "log": {"level": "warn"},
            "storage": {
                "filesystem": {"rootdirectory": str(self.settings.state / NAME / "storage")},
                "delete": {"enabled": True},
            },
            "http": {"addr": f"{HOST}:{self.port}"},
            **({"auth": self.auth} if self.auth else {}),
        }
        path = self.folder / "config.yml"
        path.write_text(json.dumps(config, indent=1))
        return path

    def _ready(self) -> bool:
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.get(f"{self.url}/v2/", timeout=2)
        except requests.RequestException:
            return False
        return answer.status_code == (401 if self.auth else 200)


def part(settings: Settings) -> Registry:
    """The open registry on REGISTRY_PORT."""
    return Registry(settings, settings.registry_port, port_file=settings.registry_port_file)


def with_basic_auth(settings: Settings, port: int) -> Registry:
    """A registry that asks for USER and PASSWORD."""
    name = f"{NAME}-basic"
    folder = settings.state / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "htpasswd").write_text(_HTPASSWD)
    return Registry(settings, port, name, {"htpasswd": {"realm": "testbed", "path": str(folder / "htpasswd")}})


def with_token_auth(settings: Settings, port: int, tokens: TokenServer) -> Registry:
    """A registry that sends its callers to the token server, as Docker Hub, GHCR and ECR Public do."""
    name = f"{NAME}-token"
    folder = settings.state / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "issuer.pem").write_bytes(tokens.certificate)
    auth = {
        "realm": tokens.realm,
        "service": tokens.service,
        "issuer": tokens.issuer,
        "rootcertbundle": str(folder / "issuer.pem"),
    }
    return Registry(settings, port, name, {"token": auth})
