# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the layouts of all repositories below one folder, once: a folder that is complete is left as it is."""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
from pathlib import Path

from ..errors import TestbedError
from .pairs import repositories

_STAMP = ".complete"  # holds the version of what made the folder; written last


def version(pad: int = 0) -> str:
    """A digest of this package's own sources, so that every change to the catalog or the writers builds anew."""
    seen = hashlib.sha256(f"pad={pad}".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        seen.update(source.read_bytes())
    return seen.hexdigest()


def build(folder: Path, pad: int = 0) -> bool:
    """Whether anything had to be built. Each repository is an OCI layout at folder/<its name>.

    Built beside the folder and moved into place whole; a second process that builds the same waits for the first.
    Raises TestbedError for a folder with other things in it, or that can't be written.
    """
    stamp, wanted = folder / _STAMP, version(pad)
    if _reads(stamp, wanted):
        return False
    if folder.exists() and not stamp.is_file() and not (folder.is_dir() and not any(folder.iterdir())):
        raise TestbedError(f"{folder} holds other things than images: name a folder that is empty or not there.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f".{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _reads(stamp, wanted):
                return False
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as room:
                fresh = Path(room, "fresh")
                for name, layout in repositories(pad).items():
                    layout.write(fresh / name)
                (fresh / _STAMP).write_text(wanted)
                if folder.exists():
                    folder.rename(Path(room, "stale"))
                fresh.rename(folder)
    except OSError as error:
        raise TestbedError(f"The images can't be written to {folder}: {error.strerror}.") from error
    return True


def _reads(stamp: Path, wanted: str) -> bool:
    return stamp.is_file() and stamp.read_text() == wanted
