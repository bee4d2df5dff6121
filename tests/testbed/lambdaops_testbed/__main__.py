# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m lambdaops_testbed up|down|status|env`: what `make up`, `make down` and `make env` call."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable

from .errors import TestbedError
from .localstack_part import LocalStack
from .process import Part
from .settings import Settings, read_settings
from .shell import exports

OPTIONAL = ("registry", "engine")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="lambdaops_testbed", description="Start and stop the testbed.")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start LocalStack and the parts named with --with")
    up.add_argument("--with", dest="parts", action="append", default=[], choices=OPTIONAL, metavar="PART")
    commands.add_parser("down", help="stop all that runs")
    commands.add_parser("status", help="say what runs, where, and which log to read; exit 1 if LocalStack does not")
    commands.add_parser("env", help="print the exports that point a shell at the testbed")
    options = parser.parse_args(arguments)
    try:
        settings = read_settings(os.environ)
        match options.command:
            case "up":
                return _each([LocalStack(settings), *_optional(settings, options.parts)], lambda part: part.start())
            case "down":
                return _each([*_optional(settings, OPTIONAL), LocalStack(settings)], lambda part: part.stop())
            case "status":
                return _status([LocalStack(settings), *_optional(settings, OPTIONAL)])
            case _:
                if not LocalStack(settings).status().running:
                    print("testbed: LocalStack is not running yet; start it with `make up`.", file=sys.stderr)
                print(exports(settings))
                return 0
    except TestbedError as error:
        return _complain(error)


def _optional(settings: Settings, names: list[str] | tuple[str, ...]) -> list[Part]:
    return [importlib.import_module(f".{name}", __package__).part(settings) for name in dict.fromkeys(names)]


def _each(parts: list[Part], act: Callable[[Part], str]) -> int:
    """Every part gets its turn; one that fails does not keep the others from being stopped."""
    worst = 0
    for part in parts:
        try:
            print(act(part), flush=True)
        except TestbedError as error:
            worst = _complain(error)
    return worst


def _status(parts: list[Part]) -> int:
    found = [part.status() for part in parts]
    for status in found:
        print(f"{status.name}: {status.detail}")
    return 0 if found[0].running else 1


def _complain(error: TestbedError) -> int:
    print(f"testbed: {error}", file=sys.stderr)
    if error.details:
        print(error.details, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
