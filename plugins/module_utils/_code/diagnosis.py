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
    """What is known of the code, and of what else the checksum may have been taken from.

    right: SHA-256 of the zip, or digest of the image; None for a directory, and where nobody knows it: lacking then
    says why. image: whether it is an image, of which Lambda states the digest in bare hex. content, files: what a
    package of this host holds. hashes: the zip's MD5 and so on, as far as they were read. others: SHA-256 of other
    files by path. deployed: the SHA-256 that the function of that name runs. versions: those that its other versions
    run. etag, composite: S3's other hashes of an object. config, layers, index: digests in the image, and of the index
    that the reference names. platforms: the images in that index by platform. named: tag and reference of the image.
    """

    path: str
    right: Digest | None
    content: Digest | None = None
    files: tuple[Entry, ...] = field(default=(), repr=False)
    hashes: OtherHashes | None = None
    others: tuple[tuple[str, Digest], ...] = ()
    deployed: tuple[str, Digest] | None = None
    versions: tuple[tuple[str, Digest], ...] = ()
    lacking: str = ""
    etag: str = ""
    composite: str = ""
    image: bool = False
    config: Digest | None = None
    layers: tuple[Digest, ...] = ()
    index: Digest | None = None
    platforms: tuple[tuple[str, Digest], ...] = ()
    named: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The package's path, the object's or the image's name, as it can stand in a message."""
        return shown(self.path)

    @property
    def right_value(self) -> str | None:
        """What Lambda states as CodeSha256."""
        if self.right is None:
            return None
        return self.right.hex if self.image else self.right.base64


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The answer: a stable code, one sentence with the right value, how the checksum was written, the right value.

    expected_encoding: None for a text that states no SHA-256. right_value: as Lambda states it; None without one.
    """

    code: str
    message: str
    expected_encoding: Encoding | None
    right_value: str | None


def matches(text: str, right: Digest | None) -> bool:
    """Whether the text states this SHA-256, in any of the encodings that are understood."""
    return right is not None and encoding_of(text) is not None and parse_sha256(text) == right
