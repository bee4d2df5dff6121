# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archives that an engine sends, whole and not; a real engine is asked in tests/integration."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image import daemon
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.daemon import DaemonSource
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.engine import Engine, Inspected
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.errors import EngineFailed
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import PLATFORMS, DaemonReference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer
from lambdaops_testbed.images import oci

WHOLE = oci.tar(
    [
        oci.directory("lib"),
        oci.file("lib/a", b"a" * 2000),
        oci.hardlink("lib/b", "lib/a"),
        oci.symlink("lib/c", "../x"),
        oci.file("lib/\udcff", b"name"),
    ]
)


def members(content: bytes) -> list[tuple[str, str, str, bytes]]:
    """name, kind, link and content of what stands in an archive of /usr/lib."""
    source = DaemonSource(DaemonReference(None, "sha256:" + "0" * 64), Engine(None, "unix:///x"), Transfer())
    found = source._members(io.BytesIO(content).read, "usr", "archive")
    return [(entry.name, entry.kind, entry.link, entry.read() if entry.kind == "file" else b"") for entry in found]


def test_names_are_from_the_root_and_hard_links_as_well() -> None:
    assert members(WHOLE) == [
        ("usr/lib", "directory", "", b""),
        ("usr/lib/a", "file", "", b"a" * 2000),
        ("usr/lib/b", "hardlink", "usr/lib/a", b""),
        ("usr/lib/c", "symlink", "../x", b""),
        ("usr/lib/\udcff", "file", "", b"name"),
    ]


@pytest.mark.parametrize("end", [0, 300, 512, 1024, 1500, 512 * 6, 512 * 7])
@pytest.mark.parametrize("then", [b"", b'{"message": "the disk is broken"}', b"x" * 512])
def test_an_archive_that_ends_early_is_never_taken_for_a_whole_one(end: int, then: bytes) -> None:
    """An engine in trouble ends its answer where it stands, or writes what is wrong into it."""
    with pytest.raises(EngineFailed, match="is not whole") as failed:
        members(WHOLE[:end] + then)
    assert failed.value.hint


def test_images_that_name_no_layers_are_told_apart_by_their_ids() -> None:
    one = Inspected("sha256:1", PLATFORMS["x86_64"], (), (), (("RUN make", 7),))
    assert daemon._config(one) == daemon._config(replace(one))
    assert daemon._config(one) != daemon._config(replace(one, id="sha256:2"))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_headers_upon_headers_are_an_error_in_words(kind: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type = kind
    with pytest.raises(EngineFailed, match="is not whole"):
        members(info.tobuf(tarfile.GNU_FORMAT) * 1000 + WHOLE)
