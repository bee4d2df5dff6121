# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the testbed keeps its things and which ports it uses, read from the environment once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .errors import TestbedError

CHECKOUT = Path(__file__).resolve().parents[3]
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Settings:
    """Folders are absolute. Nothing is created by reading them."""

    checkout: Path
    cache: Path
    localstack_env: Path
    localstack_port: int
    registry_port: int

    @property
    def state(self) -> Path:
        """The folder of pid files, logs and the parts' own folders."""
        return self.cache / "testbed"

    @property
    def localstack_port_file(self) -> Path:
        """The port that the running LocalStack was started on, so that later commands need not be told it again."""
        return self.state / "localstack.port"

    @property
    def registry_port_file(self) -> Path:
        """The same of the open registry."""
        return self.state / "registry.port"

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.localstack_port}"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """LAMBDAOPS_CACHE, LAMBDAOPS_LOCALSTACK_ENV, LOCALSTACK_PORT, REGISTRY_PORT; relative folders count from the
    checkout. What was started on another port keeps it. Raises TestbedError for a port that is none."""
    cache = CHECKOUT / (environ.get("LAMBDAOPS_CACHE") or ".cache")
    default = Settings(
        checkout=CHECKOUT,
        cache=cache,
        localstack_env=CHECKOUT / (environ.get("LAMBDAOPS_LOCALSTACK_ENV") or cache / "localstack"),
        localstack_port=4566,
        registry_port=5000,
    )
    return replace(
        default,
        localstack_port=_port(environ, "LOCALSTACK_PORT", default.localstack_port, default.localstack_port_file),
        registry_port=_port(environ, "REGISTRY_PORT", default.registry_port, default.registry_port_file),
    )


def _port(environ: Mapping[str, str], variable: str, default: int, kept: Path) -> int:
    """The port that is told, else the one that is kept in a file, else the default."""
    text = environ.get(variable) or (kept.read_text() if kept.is_file() else str(default))
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise TestbedError(f"{variable} is {text!r}, which is not a port: give a number from 1 to 65535.")
