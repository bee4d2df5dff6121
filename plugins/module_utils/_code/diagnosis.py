# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which mistake produced a checksum that does not match: the question and its answer.

Pure: everything known comes in with ``Evidence``. The mistakes themselves are rows in ``mistakes.py``; the first that
fits is the answer, so the same evidence always gets the same one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .content import Entry
from .digests import Digest, Encoding, encoding_of, parse_sha256
from .errors import shown
from .packages import OtherHashes


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the package, and of what else the checksum may have been taken from.

    right: SHA-256 of the zip, None for a directory. hashes: the zip's MD5 and so on, as far as they were read.
    others: SHA-256 of other files by path. deployed: the SHA-256 that the function of that name runs.
    """

    path: str
    right: Digest | None
    content: Digest
    files: tuple[Entry, ...] = field(default=(), repr=False)
    hashes: OtherHashes | None = None
    others: tuple[tuple[str, Digest], ...] = ()
    deployed: tuple[str, Digest] | None = None

    @property
    def name(self) -> str:
        """The package's path as it can stand in a message."""
        return shown(self.path)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The answer: a stable code, one sentence with the right value, how the checksum was written, the right value.

    expected_encoding: None for a text that states no SHA-256. right_value: base64; None for a directory.
    """

    code: str
    message: str
    expected_encoding: Encoding | None
    right_value: str | None


def matches(text: str, right: Digest | None) -> bool:
    """Whether the text states this SHA-256, in any of the encodings that are understood."""
    return right is not None and encoding_of(text) is not None and parse_sha256(text) == right
