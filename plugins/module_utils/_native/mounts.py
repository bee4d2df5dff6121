# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A package and its layers as the running function sees them: one tree, later layers over earlier ones, links followed.

Knows nothing of what the loader looks for in it, nor of the runtime image below it. Pure.

Source: path_resolution(7).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from .contents import FUNCTION_ROOT, LAYER_ROOT, Contents, Member, Native

_LINKS = 40  # as many as Linux follows


class Mounts:
    """contents: the function's package and its layers in Lambda's order; what is mounted at the same place adds up."""

    def __init__(self, contents: Sequence[Contents]) -> None:
        self._stacks: dict[str, list[Contents]] = {}
        for part in contents:
            self._stacks.setdefault(part.root.rstrip("/"), []).insert(0, part)  # topmost first
        self._prefixes = tuple(f"{root}/" for root in self._stacks)
        # Lambda starts a function in its own directory.
        self.working_directory = next((root for root in self._stacks if root != LAYER_ROOT), FUNCTION_ROOT)
        self._natives: dict[str, Native] = {}
        self._paths: dict[int, str] = {}
        for root, stack in self._stacks.items():
            for part in reversed(stack):
                self._lay_over(root, part)
        self._linked = any(member.target for part in contents for member in part.members.values())
        self._in_order: list[str] = []
        self._resolved: dict[str, str] = {}

    def _lay_over(self, root: str, part: Contents) -> None:
        own = {f"{root}/{native.name}": native for native in part.natives}
        self._paths |= {id(native): path for path, native in own.items()}
        for path in self._natives.keys() & {f"{root}/{name}" for name in part.members} if self._natives else ():
            del self._natives[path]
        self._natives |= own

    def holds(self, path: str) -> bool:
        """Whether this path is the package's or a layer's, and not the image's."""
        return f"{path}/".startswith(self._prefixes)

    def member(self, path: str) -> Member | None:
        """What stands at exactly this path, which may be a link."""
        for root, stack in self._stacks.items():
            if path.startswith(f"{root}/"):
                name = path[len(root) + 1 :]
                for part in stack:
                    if name in part.members:
                        return part.members[name]
        return None

    def entries(self, directory: str) -> list[str]:
        """Paths of the files and links that stand in a directory itself, those of layers that are hidden as well."""
        found: dict[str, None] = {}
        for root, stack in self._stacks.items():
            if f"{directory}/".startswith(f"{root}/"):
                prefix = f"{directory}/"[len(root) + 1 :]
                names = (name for part in stack for name in part.members if name.startswith(prefix))
                found |= {f"{root}/{name}": None for name in names if "/" not in name[len(prefix) :]}
        return list(found)

    def path(self, native: Native) -> str:
        """Where it is, as if archives were directories: their files are looked at as unpacked together."""
        return self._paths[id(native)]

    def native(self, path: str) -> Native | None:
        """The native file at a real path, unless a later layer has put something else there."""
        return self._natives.get(path)

    def resolve(self, path: str) -> str:
        """The path with links followed and without `..`; "" where nothing can stand there. Relative paths begin in the
        working directory. Outside of what is mounted every directory is believed to exist and to be no link."""
        if path not in self._resolved:
            self._resolved[path] = self._walk(path if path.startswith("/") else f"{self.working_directory}/{path}")
        return self._resolved[path]

    def resolve_entry(self, directory: str, name: str) -> str:
        """The same for a name in a directory that is resolved already."""
        path = f"{directory}/{name}"
        link = self.member(path) if self._linked else None
        return self.resolve(path) if link and link.target else path

    def _walk(self, path: str) -> str:
        pending = path.split("/")[::-1]
        here = ""
        followed = 0
        while pending:
            part = pending.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if self.holds(here) and not self.is_directory(here):
                    return ""
                here = here.rpartition("/")[0]
                continue
            there = f"{here}/{part}"
            link = self.member(there) if self._linked else None
            if link is None or not link.target:
                here = there
                continue
            followed += 1
            if followed > _LINKS:
                return ""
            if link.target.startswith("/"):
                here = ""
            pending.extend(link.target.split("/")[::-1])
        return here or "/"

    def leads_to_file(self, path: str) -> bool:
        """Whether a file is there in the end, with links followed, on the way as well."""
        end = self.resolve(path)
        return bool(end) and self.member(end) is not None

    def leads_to_directory(self, path: str) -> bool:
        end = self.resolve(path)
        return bool(end) and self.is_directory(end)

    def is_directory(self, path: str) -> bool:
        """Whether something of the package or its layers stands below this real path."""
        if not self._in_order:
            stacked = ((root, part) for root, stack in self._stacks.items() for part in stack)
            names = (f"{root}/{name}" for root, part in stacked for name in part.members)
            self._in_order = sorted({*names, *self._natives})
        at = bisect_left(self._in_order, f"{path}/")
        return path in self._stacks or (at < len(self._in_order) and self._in_order[at].startswith(f"{path}/"))
