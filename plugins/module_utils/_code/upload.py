# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A zip as it is sent in a request: its bytes, and the hash of exactly these bytes.

What a package holds is told by `packages.py`.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field

from .digests import Digest
from .errors import NotAZip, PackageTooLarge, shown
from .files import chunks, is_directory, open_regular
from .zips import open_zip, read_entries

DIRECT_UPLOAD_LIMIT = 50 * 1024 * 1024  # bytes; Lambda quotas, "50 MB (zipped, for direct upload)"


@dataclass(frozen=True, slots=True)
class Upload:
    """A zip's bytes as they are sent, and the SHA-256 of exactly these bytes."""

    path: str
    content: bytes = field(repr=False)
    digest: Digest

    @property
    def size(self) -> int:
        """Bytes to send."""
        return len(self.content)

    def test(self) -> None:
        """Unpack every entry in memory and test its CRC-32: worth its time before the zip is sent, not before.

        Raises BrokenZip, naming the first bad entry.
        """
        with open_zip(io.BytesIO(self.content), self.path) as archive:
            read_entries(archive, self.path)


def open_for_upload(path: str, limit: int = DIRECT_UPLOAD_LIMIT) -> Upload:
    """Read a zip that is to be sent in a request, hashing it on the way: what is hashed is what is sent.

    limit: bytes. Its directory of entries is checked; call ``Upload.test`` before sending it. Raises as read_package,
    NotAZip for a directory, and PackageTooLarge beyond the limit, before reading.
    """
    if is_directory(path):
        raise NotAZip(
            f"{shown(path)} is a directory, and a zip file is wanted.",
            hint=f"Zip it first: `cd {shown(path)} && zip -r ../code.zip .`, or the module community.general.archive.",
        )
    sha256, content = hashlib.sha256(), io.BytesIO()
    with open_regular(path) as (handle, found):
        if found.st_size > limit:
            raise PackageTooLarge(
                f"{shown(path)} has {found.st_size:,} bytes, and Lambda takes at most {limit:,} by direct upload.",
                hint="Put it into an S3 bucket and deploy it from there.",
            )
        for chunk in chunks(handle):
            sha256.update(chunk)
            content.write(chunk)
    with open_zip(content, path):
        return Upload(path, content.getvalue(), Digest(sha256.digest()))
