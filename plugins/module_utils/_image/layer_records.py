# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Views of layers as cache records and back; the contents of files are kept by their own digests."""

from __future__ import annotations

from .cache import Cache
from .rootfs import Directory, File, Hardlink, LayerView, Node, Other, Symlink

_KIND = "layer"


def keep_view(cache: Cache, digest: str, diff_id: str, view: LayerView) -> None:
    """Only for views of layers that were read to their end and verified."""
    cache.keep_record(
        _KIND,
        digest,
        {
            "diff_id": diff_id,
            "asked": sorted(view.asked),
            "nodes": {name: _encode(node, cache) for name, node in view.nodes.items()},
            "whiteouts": sorted(view.whiteouts),
            "opaque": sorted(view.opaque),
        },
    )


def kept_view(cache: Cache, digest: str, diff_id: str) -> LayerView | None:
    """None when missing, damaged, or kept for another diff_id than this image claims."""
    record = cache.record(_KIND, digest)
    try:
        if record["diff_id"] != diff_id:
            return None
        return LayerView(
            asked=frozenset(record["asked"]),
            nodes={name: _decode(node, cache) for name, node in record["nodes"].items()},
            whiteouts=frozenset(record["whiteouts"]),
            opaque=frozenset(record["opaque"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _encode(node: Node, cache: Cache) -> list[str]:
    match node:
        case File(content):
            return ["file", cache.keep_content(content)]
        case Symlink(target):
            return ["symlink", target]
        case Hardlink(target):
            return ["hardlink", target]
        case Directory():
            return ["directory", ""]
        case Other():
            return ["other", ""]


def _decode(encoded: list[str], cache: Cache) -> Node:
    match encoded:
        case ["file", digest]:
            content = cache.content(digest)
            if content is None:
                raise ValueError("the content is no longer kept")
            return File(content)
        case ["symlink", target]:
            return Symlink(target)
        case ["hardlink", target]:
            return Hardlink(target)
        case ["directory", _]:
            return Directory()
        case ["other", _]:
            return Other()
        case _:
            raise ValueError("no such node")
