# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""os-release and system-release: text in, what identifies the distribution and its release out.

Source: os-release(5).
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

_RELEASE = re.compile(r"\d+(?:\.\d+)+")


@dataclass(frozen=True, slots=True)
class OsRelease:
    """id and version_id name what programs are built for (amzn, 2023); pretty_name carries the release."""

    id: str
    version_id: str
    pretty_name: str


def parse_os_release(content: bytes) -> OsRelease:
    """Missing keys become what os-release(5) says, or ""; lines that are no assignment are passed over."""
    values: dict[str, str] = {}
    for line in content.decode("utf-8", "replace").splitlines():
        key, equals, value = line.strip().partition("=")
        if not equals or key.startswith("#"):
            continue
        try:
            values[key] = "".join(shlex.split(value))[:200]
        except ValueError:
            continue
    return OsRelease(values.get("ID", "linux"), values.get("VERSION_ID", ""), values.get("PRETTY_NAME", "Linux"))


def release_number(os_release: OsRelease, system_release: str) -> str:
    """`2023.6.20241031` of "Amazon Linux 2023.6.20241031"; AL2 has none, there it is VERSION_ID."""
    for text in (os_release.pretty_name, system_release):
        if found := _RELEASE.search(text):
            return found[0]
    return os_release.version_id
