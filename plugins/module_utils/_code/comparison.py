# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holding a package against a stated checksum and against what a function runs.

It asks no service: what the function runs comes in. Files are read only as far as the answer needs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .diagnosis import Diagnosis, Evidence, matches
from .digests import Digest, encoding_of, parse_sha256
from .errors import shown
from .mistakes import diagnose
from .packages import Package, PackageKind, read_digest, read_other_hashes, read_package


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a function runs, as Lambda reports it. package_type: Zip or Image."""

    name: str
    code_sha256: str
    version: str
    last_modified: str
    package_type: str

    @property
    def digest(self) -> Digest | None:
        """The SHA-256 of the zip that it runs; None for an image."""
        return parse_sha256(self.code_sha256) if self.package_type == "Zip" and encoding_of(self.code_sha256) else None


@dataclass(frozen=True, slots=True)
class Checked:
    """A package and what it was compared with; None where nothing was asked, or nothing can be said."""

    package: Package
    diagnosis: Diagnosis | None
    matches_expected: bool | None
    deployed: Deployed | None
    matches_function: bool | None
    notes: tuple[str, ...]

    @property
    def message(self) -> str:
        """The answer in one sentence: what is wrong with the checksum, or what the package is and whether it runs."""
        if self.diagnosis and (self.matches_function is None or self.matches_expected is False):
            return self.diagnosis.message
        name, digest = shown(self.package.path), self.package.digest
        if digest is None:
            return f"The content of {name} has the SHA-256 {self.package.content_sha256.hex} in hex."
        runs = {None: "", True: f", which {_runs(self.deployed)}", False: f"; {_runs(self.deployed)} other code"}
        return f"The SHA-256 of {name} in base64 is {digest.base64}{runs[self.matches_function]}."

    def as_result(self) -> dict[str, Any]:
        """JSON-ready, by the names of the module's return values."""
        digest = self.package.digest
        return {
            "sha256_hex": digest.hex if digest else None,
            "sha256_base64": digest.base64 if digest else None,
            "content_sha256": self.package.content_sha256.hex,
            "size": self.package.size,
            "entries": self.package.entries,
            "uncompressed_size": self.package.uncompressed_size,
            "matches_expected": self.matches_expected,
            "matches_function": self.matches_function,
            "function": asdict(self.deployed) if self.deployed else None,
            "diagnosis": asdict(self.diagnosis) if self.diagnosis else None,
            "notes": list(self.notes),
        }


def check(
    path: str, expected: str | None, other_paths: Sequence[str] = (), deployed: Deployed | None = None
) -> Checked:
    """Read the package, and compare it. Raises CodeError for a package or other path that can't be read."""
    package = read_package(path)
    matches_function = None
    if deployed and (package.digest or deployed.package_type != "Zip"):
        matches_function = package.digest is not None and package.digest == deployed.digest
    return Checked(
        package,
        None if expected is None else diagnose(expected, _evidence(package, expected, other_paths, deployed)),
        None if expected is None else matches(expected, package.digest),
        deployed,
        matches_function,
        tuple(_notes(package, deployed)),
    )


def _evidence(package: Package, expected: str, other_paths: Sequence[str], deployed: Deployed | None) -> Evidence:
    known = Evidence(package.path, package.digest, package.content_sha256, package.files)
    if matches(expected, package.digest):
        return known
    return Evidence(
        package.path,
        package.digest,
        package.content_sha256,
        package.files,
        hashes=read_other_hashes(package.path) if package.kind is PackageKind.ZIP else None,
        others=tuple((path, read_digest(path)) for path in other_paths),
        deployed=(deployed.name, deployed.digest) if deployed and deployed.digest else None,
    )


def _runs(deployed: Deployed | None) -> str:
    return f"{deployed.name} (version {deployed.version}) runs" if deployed else ""


def _notes(package: Package, deployed: Deployed | None) -> list[str]:
    notes = []
    if package.kind is PackageKind.DIRECTORY:
        notes.append(
            f"{shown(package.path)} is a directory, which has no SHA-256 of its own: the bytes of a zip depend on who "
            "makes it. Zip it, and compare the zip; content_sha256 is the same for both."
        )
    if deployed and deployed.package_type != "Zip":
        notes.append(
            f"{deployed.name} is deployed as a container image, so no zip can match it: compare its code_sha256 with "
            "the digest of the image in the registry."
        )
    return notes
