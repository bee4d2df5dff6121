# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an image's own history says about the layers above a base: may they have changed the base's packages?

This is a heuristic, and one-sided: it trusts the commands that the image itself records, and whatever it does not
recognise as harmless has to be read from the layers instead. A script that hides a package manager deceives it.

On Amazon Linux 2023, `dnf install` takes packages of the release that the image already has ("Deterministic upgrades
through versioned repositories", AL2023 user guide), so it adds packages without changing those of the base, unless
it is told another release. yum on Amazon Linux 2 has no such lock.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from .manifests import HistoryEntry

_MANAGER = re.compile(
    r"(?:^|[\s;&|(/\"'])(dnf5?|microdnf|tdnf|yum|rpm|rpm-ostree|apt|apt-get|apk|zypper|amazon-linux-extras)(?=[\s;]|$)"
)
_LOCKED = ("dnf", "dnf5", "microdnf")
# Removing brings nothing newer in; SAM's images replace microdnf by dnf so.
_HARMLESS = frozenset(
    ("install", "groupinstall", "builddep", "remove", "clean", "makecache", "list", "info", "repolist", "repoquery")
)
_SPLIT = re.compile(r"&&|\|\||[;|\n]")
_SYSTEM = re.compile(r"/?(?:|\.|usr|lib|lib64|usr/lib|usr/lib64|etc|var|var/lib|var/lib/rpm)/?\Z")


def commands_above(history: Sequence[HistoryEntry], layers: int, base_layers: int) -> tuple[str, ...] | None:
    """The commands of the layers above the lowest `base_layers`; None when history and layers do not match.

    Source: OCI image-spec, config.md: history; entries that are not empty_layer map one to one to layers.
    """
    commands = [entry.command for entry in history if not entry.empty_layer]
    return tuple(commands[base_layers:]) if len(commands) == layers else None


def may_change_base(command: str) -> bool:
    """Whether a command is not known to leave the packages below it as they are."""
    text = command.removeprefix("/bin/sh -c #(nop) ").strip()
    if not text:
        return True
    instruction, _space, arguments = text.partition(" ")
    if instruction in ("COPY", "ADD"):
        return _copy_may_change_base(instruction, arguments)
    if "releasever" in text:  # an option, or /etc/dnf/vars/releasever: the lock may be open
        return True
    return any(_part_may_change_base(part) for part in _SPLIT.split(text))


def _copy_may_change_base(instruction: str, arguments: str) -> bool:
    """`COPY a.txt b.txt /dest # buildkit` or `COPY file:… in /dest`; ADD may unpack archives."""
    words = [word.strip("[]\",'") for word in arguments.partition(" # ")[0].split() if not word.startswith("--")]
    *sources, destination = words or [""]
    if not _SYSTEM.match(destination):
        return False
    in_root = destination.strip("/.") == ""
    single_files = all(s == "in" or s.startswith("file:") or PurePosixPath(s).suffix for s in sources)
    return not (instruction == "COPY" and in_root and sources and single_files)


def _part_may_change_base(part: str) -> bool:
    manager = _MANAGER.search(part)
    if manager is None:
        return False
    if manager[1] == "rpm":
        return re.search(r"\s(?:-q|--query|--import|-V|--eval|-E)", part) is None
    words = [word for word in part[manager.end() :].split() if not word.startswith("-")]
    if words[:1] == ["group"]:
        words = words[1:]
    return manager[1] not in _LOCKED or "--allowerasing" in part or not words or words[0] not in _HARMLESS
