# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an image's own history says about the layers above a base: may they have changed the base's packages?

This is a heuristic, and one-sided: it trusts the commands that the image itself records, and only those on a short
list; after whatever else stands there, the layers have to be read. A history that lies deceives it.

On Amazon Linux 2023, `dnf install` takes packages of the release that the image already has ("Deterministic upgrades
through versioned repositories", AL2023 user guide), so it adds packages without changing those of the base, unless
it is told another release, another repository, or a file. yum on Amazon Linux 2 has no such lock.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .._image.manifests import HistoryEntry

# Not SHELL, which changes what RUN means, and not ADD, which unpacks archives.
_METADATA = frozenset(
    (
        *("ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL"),
        *("MAINTAINER", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
    )
)
# Plain names only: a file, an address or a version has a dot or a slash, and system-release carries the lock itself.
# Removing brings nothing newer in; SAM's images replace microdnf by dnf so.
_DNF = re.compile(
    r"(?:dnf|microdnf)(?: -[yqv]| -d1| --assumeyes| --nodocs| --setopt=install_weak_deps=(?:0|False))*"
    r"(?: (?:group ?install|install|remove)(?: -[yqv]| (?!system-release)[A-Za-z0-9][A-Za-z0-9_+-]*)+"
    r"| clean all| makecache)"
)
_OTHERS = re.compile(r"true|\./sam-installation/install|rm -rf /var/cache/(?:dnf|yum)(?:/\*)?")
_COPY = re.compile(r"ATTRIBUTION\.txt /|.* /(?:opt|tmp|var/task)(?:/\S*)?")
_NO_RUN = "/bin/sh -c #(nop) "  # how the classic builder of docker marks what is no RUN


def commands_above(history: Sequence[HistoryEntry], layers: int, base_layers: int) -> tuple[str, ...] | None:
    """The commands above the lowest `base_layers` layers; None when history and layers do not match.

    Those of entries without a layer count as well: `buildah build` names all the commands of its one layer so.
    Source: OCI image-spec, config.md: history; entries that are not empty_layer map one to one to layers.
    """
    ends = [place for place, entry in enumerate(history, 1) if not entry.empty_layer]
    if len(ends) != layers or not 0 < base_layers <= layers:
        return None
    return tuple(entry.command for entry in history[ends[base_layers - 1] :])


def may_change_base(command: str) -> bool:
    """Whether a command is not known to leave the packages below it as they are."""
    text = command.removeprefix(_NO_RUN).removesuffix(" # buildkit").strip()
    instruction, _space, arguments = text.partition(" ")
    if instruction in _METADATA:
        return "DNF" in arguments.upper()  # DNF_VAR_releasever
    if instruction == "COPY":
        return ".." in arguments or not _COPY.fullmatch(arguments)
    script = (arguments if instruction == "RUN" else text).strip().removeprefix("/bin/sh -c ")
    # A comment ends with its line; with a second line, nothing below matches.
    parts = re.sub(r" #[^\n]*\Z", "", script).split("&&")
    return not all(_is_harmless(re.sub(r"[ \t]+", " ", part.strip(" \t"))) for part in parts)


def _is_harmless(part: str) -> bool:
    return (_DNF.fullmatch(part) or _OTHERS.fullmatch(part)) is not None
