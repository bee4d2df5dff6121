# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a package holds, as far as loading is concerned: its files by name, and those with native code looked into.

Only what is known of them; reading them is `reading.py`'s business, judging them that of `_artifact/check.py`. What
there are thousands of are tuples, which are made in a third of a frozen dataclass's time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from .._elf.elf import Elf

FUNCTION_ROOT = "/var/task"  # LAMBDA_TASK_ROOT
LAYER_ROOT = "/opt"


class Format(StrEnum):
    """What a file is by its content; its name has no say."""

    ELF = "ELF"
    MACH_O = "Mach-O"
    PE = "PE"
    OTHER = "other"  # named like a library, but none: a linker script, a Git LFS pointer, an empty or cut file


class Native(NamedTuple):
    """A file with native code, or one whose name promises it (`.so`, `.so.1`, `.node`, `.pyd`, `.dylib`).

    name: inside the package, `!/` between an archive and what it holds: `lib/x.jar!/org/Linux/x86_64/libx.so`.
    place: where the running function sees it (`/var/task/a/b.node`); "" inside an archive, which is unpacked by
    whoever knows it. size: bytes. elf: None for other formats, and where it can't be read. machines: of foreign
    formats, as `uname -m` says them. entry_points: exported names by which interpreters recognise an extension
    (`PyInit_*`, `Init_*`, `napi_register_module_v*`, `node_register_module_v*`), and of undefined ones those by which
    old Node addons register themselves (`napi_module_register`, `node_module_register`). managed: a PE file that is
    a .NET assembly. unread: why it can't be read or what it is instead, as the end of "it …" ("is a Git LFS
    pointer"), or "".
    """

    name: str
    place: str
    size: int
    format: Format
    elf: Elf | None = None
    machines: tuple[str, ...] = ()
    entry_points: frozenset[str] = frozenset()
    managed: bool = False
    unread: str = ""


class Member(NamedTuple):
    """Any file or symbolic link. mode: permission bits, None where the package does not say; target: of a link."""

    size: int
    mode: int | None
    target: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """One zip or directory, mounted at `root` (/var/task, or /opt for a layer).

    source: its path, for messages. members: by name inside the package, directories left out, those of nested archives
    as well left out. natives: in the order of their names. texts: content of small files that rules ask for (`Texts`
    in reading.py), by name; of what Lambda starts, or of the file that a link of its name leads to, only the first
    bytes. classes: for each jar or directory of Java classes ("" for the package itself, else the jar's name) the
    highest class file version in it and a class that has it. notes: what was not looked into, in sentences.
    oldest_classes: by the same names as classes, the lowest class file version; where it is not given, all classes
    count as new as the newest. directory: whether source is one. unread: archives in it that could not be read, by
    name, each with a sentence that says why. closed: directories that only their owner or group may enter, by name,
    with their permission bits, as far as the package says.
    """

    source: str
    root: str
    members: Mapping[str, Member] = field(repr=False)
    natives: tuple[Native, ...]
    texts: Mapping[str, bytes] = field(repr=False)
    classes: Mapping[str, tuple[int, str]]
    notes: tuple[str, ...] = ()
    oldest_classes: Mapping[str, int] = field(default_factory=dict)
    directory: bool = False
    unread: Mapping[str, str] = field(default_factory=dict)
    closed: Mapping[str, int] = field(default_factory=dict)
