# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hostile layers on an honest image, compared from end to end: a clear end in bounded memory and time.

Each in a process of its own, for its peak of memory is what is measured. What the readers say to each kind of damage is
for the unit tests to tell.
"""

from __future__ import annotations

import gzip
import json
import os
import struct
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from lambdaops_testbed.images import oci
from lambdaops_testbed.images.catalog import RUNTIME
from lambdaops_testbed.images.image_layers import runtime_layers
from lambdaops_testbed.images.pairs import NODE, runtime_image
from lambdaops_testbed.images.release import Release, database_of

_MEMORY, _SECONDS = 400 << 20, 20
_ROOM = "ansible_collections.lambdaops.deploy.plugins.module_utils"
_SCRIPT = f"""
import json, sys, time
from pathlib import Path
from {_ROOM}._errors import EngineError
from {_ROOM}._image.cache import Cache
from {_ROOM}._image.references import PLATFORMS, parse_reference
from {_ROOM}._image.source import Transfer
from {_ROOM}._image.transports import Sources
from {_ROOM}._parity.compare import compare

build, runtime, cache = sys.argv[1:]
transfer, begun = Transfer(), time.process_time()
try:
    found = compare(
        parse_reference(build), parse_reference(runtime), PLATFORMS["x86_64"], checks=("packages", "libraries"),
        sources=Sources(transfer, mirrors={{}}, timeout=5), cache=Cache(Path(cache)), transfer=transfer,
    )
    said = {{"verdict": found.parity.verdict.name}}
except EngineError as error:
    said = {{"error": type(error).__name__, "message": str(error)}}
with open("/proc/self/status") as file:
    peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
print(json.dumps({{**said, "peak": peak * 1024, "seconds": time.process_time() - begun}}))
"""


def repeated(member: bytes, times: int, compress: Callable[[bytes], bytes] = gzip.compress) -> oci.Layer:
    """The same bytes so many times, compressed once: formats of many members are made for it."""
    blob = compress(member) * times
    return oci.Layer(blob, oci.digest(b""), oci.OCI.layer, "RUN hostile")


def layer(*entries: oci.Entry) -> oci.Layer:
    return oci.layer(entries, "RUN hostile")


def header(name: bytes, size: int = 0, kind: bytes = tarfile.REGTYPE) -> bytes:
    """One header of ustar. Sizes above 8 GiB are written as GNU tar does, in base 256."""
    field = b"%011o\0" % size if size < 8**11 else b"\x80" + struct.pack(">3xQ", size)
    head = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + field + b"00000000000\0"
    tail = kind + bytes(100) + b"ustar\x0000" + bytes(247)
    checksum = sum(head) + 8 * 32 + sum(tail)
    return head + b"%06o\0 " % checksum + tail


def bomb(compress: Callable[[bytes], bytes]) -> oci.Layer:
    one = compress(bytes(64 << 20))
    blob = compress(header(b"bomb", 6 << 30)) + one * 96
    return oci.Layer(blob, oci.digest(b""), oci.OCI.layer, "RUN hostile")


def many_libraries() -> oci.Layer:
    tar = b"".join(header(b"usr/lib64/lib%07d.so" % n) for n in range(280_000)) + bytes(1024)
    return oci.layer(tar, "RUN hostile", compress=bytes)


def odd_names() -> oci.Layer:
    """Below a directory that is looked into: every byte, and names that are no text in any encoding."""
    database = database_of(Release(RUNTIME, "x86_64"))
    single = [b"usr/lib64/lib%c.so" % byte for byte in range(1, 256) if byte != ord("/")]
    texts = [f"usr/lib64/lib{text}.so" for text in ("\u00e9", "\u05d0", "\U0001f600", "\ufeff", "\u202e", "\ufffd")]
    encoded = [text.encode(code) for text in texts for code in ("utf-8", "utf-16-le") if b"\0" not in text.encode(code)]
    body = b"".join(header(name, 4) + b"\x7fELF".ljust(512, b"\0") for name in (*single, *encoded))
    return oci.layer(body + oci.tar([oci.file(database.name, database.content)]), "RUN hostile")


ENDS: dict[str, tuple[Callable[[], oci.Layer], str]] = {
    "a gzip bomb": (lambda: bomb(gzip.compress), "HostileLayer"),
    "a zstd bomb": (lambda: bomb(zstandard.ZstdCompressor().compress), "HostileLayer"),
    "a million entries": (lambda: repeated(header(b"f") * 10_000, 101), "HostileLayer"),
    "a directory of 280,000 libraries": (many_libraries, "HostileLayer"),
    "a file larger than any disk": (lambda: oci.layer(header(b"usr/lib64/libc.so.6", 1 << 60), "RUN"), "BrokenLayer"),
    "a header larger than memory": (
        lambda: oci.layer(header(b"././@PaxHeader", 1 << 40, tarfile.XHDTYPE), "RUN"),
        "HostileLayer",
    ),
    "headers upon headers": (lambda: repeated(header(b"h", 0, tarfile.GNUTYPE_LONGNAME) * 1000, 200), "HostileLayer"),
    "directories 100,000 deep": (lambda: layer(oci.directory("usr/lib64/" + "d/" * 100_000)), "HostileLayer"),
    "names that climb out": (lambda: layer(oci.file("usr/../../etc/os-release", b"")), "HostileLayer"),
}
GOES_ON: dict[str, Callable[[], oci.Layer]] = {
    "release files that are links in a circle": lambda: layer(
        oci.symlink("etc/os-release", "system-release"),
        oci.symlink("etc/system-release", "os-release"),
        oci.symlink("usr/lib/os-release", "/etc/os-release"),
    ),
    "a library folder that is a link to itself": lambda: layer(oci.symlink("usr/lib64", "lib64")),
    "links that grow": lambda: layer(oci.symlink("usr/lib64", "lib64/" + "a/" * 1500)),
    "10,000 links to links": lambda: layer(
        oci.symlink("usr/lib64/libc.so.6", "n0"),
        *(oci.symlink(f"usr/lib64/n{n}", f"n{n + 1}") for n in range(10_000)),
    ),
    "deep directories": lambda: layer(*(oci.directory(f"usr/lib64/{n}/" + "d/" * 1900) for n in range(200))),
    "a library folder that is a file": lambda: layer(oci.file("usr/lib64", b"")),
    "names in every encoding": odd_names,
}


def compared(made: oci.Layer, folder: Path) -> dict[str, object]:
    layout = oci.Layout()
    layout.add("runtime", runtime_image(NODE, RUNTIME, "x86_64"))
    layout.add("build", oci.image([*runtime_layers(NODE, RUNTIME, "x86_64", 0), made]))
    layout.write(folder / "images")
    references = [f"oci:{folder / 'images'}:{tag}" for tag in ("build", "runtime")]
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, *references, str(folder / "cache")],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said: dict[str, object] = json.loads(done.stdout)
    assert int(str(said["peak"])) < _MEMORY, said
    assert float(str(said["seconds"])) < _SECONDS, said
    return said


@pytest.mark.parametrize(("make", "error"), ENDS.values(), ids=ENDS)
def test_it_ends_with_one_sentence(make: Callable[[], oci.Layer], error: str, tmp_path: Path) -> None:
    said = compared(make(), tmp_path)
    assert said.get("error") == error
    assert str(tmp_path) in str(said["message"])
    assert len(str(said["message"])) < 600


@pytest.mark.parametrize("make", GOES_ON.values(), ids=GOES_ON)
def test_it_goes_on_to_a_verdict(make: Callable[[], oci.Layer], tmp_path: Path) -> None:
    assert "verdict" in compared(make(), tmp_path)


def test_release_files_that_nobody_can_open_give_no_good_verdict(tmp_path: Path) -> None:
    circle = GOES_ON["release files that are links in a circle"]
    assert compared(circle(), tmp_path)["verdict"] == "UNKNOWN"
