# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""python -m lambdaops_testbed.images [--out DIR] [--push URL]: build the images, and push them to a registry."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from ..errors import TestbedError
from ..settings import read_settings
from .build import build


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m lambdaops_testbed.images", description=__doc__)
    parser.add_argument("--out", type=Path, help="folder of the OCI layouts, one for each repository: .cache/images")
    parser.add_argument("--pad", type=int, default=0, metavar="MIB", help="make base and development layers that big")
    parser.add_argument("--push", metavar="URL", help="registry to push everything to, as http://127.0.0.1:5000")
    parser.add_argument("--quiet", action="store_true", help="say nothing unless something is wrong")
    chosen = parser.parse_args(arguments)
    begun = time.monotonic()
    try:
        folder = (chosen.out or read_settings(os.environ).cache / "images").absolute()
        built = build(folder, chosen.pad)
        lines = [f"images: {'built' if built else 'already there'} in {folder}"]
        if chosen.push:
            # Here, for only pushing needs a package that does not come with Python.
            try:
                from .push import push_all
            except ImportError as error:
                raise TestbedError(f"Pushing needs the Python package {error.name}: install it with pip.") from error

            pushed = push_all(folder, chosen.push)
            lines.append(f"images: {pushed.tags} tags at {chosen.push}, {pushed.sent / 1e6:.1f} MB sent")
    except TestbedError as error:
        print(f"images: {error}", file=sys.stderr)
        return 1
    if not chosen.quiet:
        print("\n".join(lines), f"({time.monotonic() - begun:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
