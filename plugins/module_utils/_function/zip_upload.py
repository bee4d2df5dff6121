# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Code from a zip on this host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .._code.digests import Digest
from .._code.errors import shown
from .._code.upload import Upload, open_for_upload
from .code import refuse_another


@dataclass(frozen=True)
class ZipUpload:
    """A package sent with the request."""

    upload: Upload
    option: ClassVar[str] = "zip_file"
    package_type: ClassVar[str] = "Zip"
    why: ClassVar[str] = ""

    @classmethod
    def of(cls, path: str, stated: Digest | None = None) -> ZipUpload:
        """Read a zip. stated: the hash that it must have. Raises a CodeError for whatever can't be uploaded."""
        upload = open_for_upload(path)
        refuse_another(shown(path), upload.digest, stated)
        return cls(upload)

    @property
    def code_sha256(self) -> str:
        return self.upload.digest.base64

    @property
    def request(self) -> dict[str, Any]:
        return {"ZipFile": self.upload.content}

    def prove(self) -> None:
        """Unpack every entry in memory."""
        self.upload.test()

    def knowing(self, code_sha256: str) -> ZipUpload:
        """The same: what is uploaded has been hashed."""
        return self

    def __str__(self) -> str:
        return shown(self.upload.path)
