# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images at random, of few names so that layers meet: a hypothesis strategy, and what it leaves out.

Left out is what engines refuse (a name twice in a layer, entries below a file of their own layer), and what no builder
writes and engines understand in different ways: a whiteout of a name that its own layer has or fills, an opaque root.
Names of an engine's own making (dev, etc, proc, sys) do not occur.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence

from hypothesis import strategies as st
from lambdaops_testbed.images import oci
from lambdaops_testbed.images.oci import Entry, directory, file, hardlink, opaque, symlink, whiteout

Layers = Sequence[Sequence[Entry]]  # lowest first

_NAMES = ("a", "b", "c", "d")
_paths = st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4).map("/".join)
_contents = st.binary(min_size=1, max_size=3)
_targets = st.one_of(
    _paths,
    _paths.map("/{}".format),
    _paths.map("../{}".format),
    _paths.map("./{}/".format),
    st.tuples(_paths, _paths).map(lambda pair: f"{pair[0]}/../{pair[1]}"),
)


@st.composite
def images(draw: st.DrawFn) -> Layers:
    """One to four layers. Most layers name the directories above each entry, as builders do; some do not."""
    files: list[str] = []
    return [_layer(draw, files, first=number == 0) for number in range(draw(st.integers(1, 4)))]


def _layer(draw: st.DrawFn, files: list[str], *, first: bool) -> list[Entry]:
    """files: those of this image that links and later layers may mean; it grows."""
    entries: dict[str, Entry] = {}
    kinds = ["file", "file", "directory", "symlink", "hardlink", "chain"]
    kinds += [] if first else ["whiteout", "whiteout", "opaque", "again"]
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=7)):
        path = draw(_paths)
        match kind:
            case "directory":
                made = [directory(path)]
            case "symlink":
                made = [symlink(path, draw(_targets))]
            case "chain":
                links = draw(st.sampled_from([3, 38, 39, 40]))
                made = [*(symlink(f"l{n}", f"l{n + 1}") for n in range(links)), symlink(f"l{links}", draw(_targets))]
            case "hardlink" if files:
                made = [hardlink(path, draw(st.sampled_from(files)))]
            case "whiteout":
                made = [whiteout(path)]
            case "opaque":
                made = [opaque(path)]
            case "again" if files:
                made = [file(draw(st.sampled_from(files)), draw(_contents))]
            case _:
                made = [file(path, draw(_contents))]
        entries |= {one.name: one for one in made if _fits(one.name, entries)}
    files += [name for name, one in entries.items() if one.kind == tarfile.REGTYPE and ".wh." not in name]
    # What hides comes first, as overlayfs wants it.
    ordered = sorted(entries.values(), key=lambda one: ".wh." not in one.name)
    kept = [one for one in ordered if not _is_whiteout(one) or not _written(_hides(one), entries)]
    return _with_folders(kept, everywhere=draw(st.integers(0, 4)) > 0)


def _fits(name: str, entries: dict[str, Entry]) -> bool:
    """Whether it is new, no other thing that links follow is above it, and it takes the place of no folder."""
    above = name.rpartition("/")[0]
    while above:
        if above in entries and entries[above].kind not in (tarfile.DIRTYPE, tarfile.SYMTYPE):
            return False
        above = above.rpartition("/")[0]
    return name not in entries and not any(other.startswith(f"{name}/") for other in entries)


def _is_whiteout(one: Entry) -> bool:
    return ".wh." in one.name and not one.name.endswith("/.wh..wh..opq")


def _hides(one: Entry) -> str:
    return one.name.replace(".wh.", "")


def _written(name: str, entries: dict[str, Entry]) -> bool:
    return any(other == name or other.startswith(f"{name}/") for other in entries)


def _with_folders(entries: Sequence[Entry], *, everywhere: bool) -> list[Entry]:
    """Each entry after the directories above it, where nothing else has their names; or only each that hides."""
    named = {entry.name for entry in entries}
    found: list[Entry] = []
    for entry in entries:
        parts = entry.name.split("/")[:-1] if everywhere or ".wh." in entry.name else []
        for folder in ("/".join(parts[: depth + 1]) for depth in range(len(parts))):
            if folder not in named:
                found.append(directory(folder))
                named.add(folder)
        found.append(entry)
    return found


def names(layers: Layers) -> frozenset[str]:
    """All that occur, those that are hidden and those that links name as well."""
    found = set()
    for entry in (entry for layer in layers for entry in layer):
        found |= {entry.name, entry.name.removesuffix("/.wh..wh..opq"), _hides(entry)}
        if entry.kind == tarfile.LNKTYPE:
            found.add(entry.linkname)
    return frozenset(name for name in found if ".wh." not in name and ".opq" not in name)


def archive(layers: Layers, tag: str) -> bytes:
    """What `docker load` takes."""
    made = oci.image([oci.layer(layer, compress=bytes) for layer in layers])
    manifest = json.loads(made.manifest)
    blobs = {one["digest"].removeprefix("sha256:"): made.blobs[one["digest"]] for one in manifest["layers"]}
    config = manifest["config"]["digest"].removeprefix("sha256:")
    order = [f"{one['digest'].removeprefix('sha256:')}.tar" for one in manifest["layers"]]
    parts = {
        "manifest.json": json.dumps([{"Config": f"{config}.json", "RepoTags": [tag], "Layers": order}]).encode(),
        f"{config}.json": made.blobs[manifest["config"]["digest"]],
        **{f"{name}.tar": blob for name, blob in blobs.items()},
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as whole:
        for name, content in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            whole.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
