# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be wrong with code that is to be deployed, each kind by its own name.

Messages say what and where, hints what to do; nothing here reads anything.
"""

from __future__ import annotations

from .._errors import EngineError


class CodeError(EngineError):
    """Code, or a checksum of it, that can't be used."""


class DigestUnreadable(CodeError):
    """A text that states no SHA-256."""


class PackageMissing(CodeError):
    """Nothing is there under that path."""


class PackageUnreadable(CodeError):
    """Something is there that can't be read: permission, a device, a file that changes while it is read."""


class NotAZip(CodeError):
    """A directory, or a file of another format, where a zip is wanted."""


class BrokenZip(CodeError):
    """A zip that is cut short, or of which an entry can't be unpacked."""


class EmptyPackage(CodeError):
    """A package that holds no file."""


class EncryptedZip(CodeError):
    """A zip with entries that need a password."""


class UnsafeEntry(CodeError):
    """An entry whose name leaves the package, or that is no file, directory or symbolic link."""


class PackageTooLarge(CodeError):
    """A package beyond one of Lambda's limits."""


class DuplicateEntry(CodeError):
    """Two files that would have the same name in the package, or a file where another one needs a directory."""


class BadPattern(CodeError):
    """A pattern of what is left out that can't be understood, or a file of patterns that is no text."""


class MissingPathspec(CodeError):
    """The Python package pathspec is not installed, and there are patterns."""


class DestinationUnusable(CodeError):
    """The package can't be written where it is to stand."""


class ObjectUnreadable(CodeError):
    """An object in S3 that is missing, in another region, or that S3 can't give just now."""


class ObjectDenied(CodeError):
    """S3 does not let this caller read the object; Lambda may be asked to all the same."""


class ImageUnusable(CodeError):
    """An image that Lambda does not take: in another registry, or an index of several images."""


def shown(name: bytes | str) -> str:
    """A file's name as it can stand in a message: what is no printable text becomes an escape, so that no name can
    move a terminal's cursor or break a JSON result."""
    text = name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
