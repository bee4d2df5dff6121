# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Views of layers in the cache: as JSON, with large files as contents of their own."""

from __future__ import annotations

from typing import Any

from .._elf.elf import Elf, Need
from .cache import Cache
from .views import (
    Directory,
    File,
    Hardlink,
    LayerView,
    Node,
    Other,
    Regular,
    Symlink,
)
from .wanted import Wanted

_INLINE = 4096  # bytes of a file that are kept in the record itself


def keep_view(cache: Cache, digest: str, diff_id: str, view: LayerView) -> None:
    """Only for views of layers that were read to their end and verified."""
    cache.keep_record(
        "layer",
        digest,
        {
            "diff_id": diff_id,
            "paths": sorted(view.asked.paths),
            "directories": sorted(view.asked.directories),
            "nodes": {name: _encode(node, cache) for name, node in view.nodes.items()},
            "whiteouts": sorted(view.whiteouts),
            "opaque": sorted(view.opaque),
            "size": view.size,
        },
    )


def kept_view(cache: Cache, digest: str, diff_id: str) -> LayerView | None:
    """None when missing, damaged, or kept for another diff_id than this image claims."""
    record = cache.record("layer", digest)
    try:
        if record["diff_id"] != diff_id:
            return None
        return LayerView(
            asked=Wanted(frozenset(record["paths"]), frozenset(record["directories"])),
            nodes={name: _decode(node, cache) for name, node in record["nodes"].items()},
            whiteouts=frozenset(record["whiteouts"]),
            opaque=frozenset(record["opaque"]),
            size=int(record["size"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _encode(node: Node, cache: Cache) -> list[Any]:
    match node:
        case File(content) if len(content) <= _INLINE:
            return ["text", content.decode("latin-1")]
        case File(content):
            return ["file", cache.keep_content(content)]
        case Regular(None, unread):
            return ["regular", unread]
        case Regular(Elf() as elf):
            return ["elf", *_encode_elf(elf)]
        case Symlink(target):
            return ["symlink", target]
        case Hardlink(target):
            return ["hardlink", target]
        case Directory():
            return ["directory"]
        case _:
            return ["other"]


def _decode(encoded: list[Any], cache: Cache) -> Node:
    match encoded:
        case ["text", str() as text]:
            return File(text.encode("latin-1"))
        case ["file", str() as digest]:
            content = cache.content(digest)
            if content is None:
                raise ValueError("the content is no longer kept")
            return File(content)
        case ["regular", str() as unread]:
            return Regular(None, unread)
        case ["elf", *fields]:
            return Regular(_decode_elf(fields))
        case ["symlink", str() as target]:
            return Symlink(target)
        case ["hardlink", str() as target]:
            return Hardlink(target)
        case ["directory"]:
            return Directory()
        case ["other"]:
            return Other()
        case _:
            raise ValueError("no such node")


def _encode_elf(elf: Elf) -> list[Any]:
    needs = [[need.library, need.version, need.weak] for need in elf.needs]
    texts = [elf.machine, elf.kind, elf.soname, elf.rpath, elf.runpath, elf.interpreter]
    return [texts, elf.bits, elf.little_endian, list(elf.needed), needs, sorted(elf.defines)]


def _decode_elf(fields: list[Any]) -> Elf:
    texts, bits, little_endian, needed, needs, defines = fields
    machine, kind, soname, rpath, runpath, interpreter = texts
    return Elf(
        machine=machine,
        bits=bits,
        little_endian=little_endian,
        kind=kind,
        soname=soname,
        needed=tuple(needed),
        needs=tuple(Need(library, version, weak) for library, version, weak in needs),
        defines=frozenset(defines),
        rpath=rpath,
        runpath=runpath,
        interpreter=interpreter,
    )
