# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holding code against a stated checksum and against what a function runs.

It asks no service: what functions run comes in. Code is read only as far as the answer needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeAlias

from .._errors import EngineError
from .diagnosis import Diagnosis, matches
from .digests import Digest, encoding_of, parse_sha256
from .mistakes import diagnose
from .packages import read_digest
from .subjects import Subject


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
        """The SHA-256 of its zip, or the digest of its image; None if Lambda reports none."""
        return parse_sha256(self.code_sha256) if encoding_of(self.code_sha256) else None

    def __str__(self) -> str:
        return f"{self.name} (version {self.version})"


# Asked only when a checksum matches neither the code nor what the function runs.
OtherVersions: TypeAlias = Callable[[], Sequence[Deployed]]


@dataclass(frozen=True, slots=True)
class Checked:
    """Code and what it was compared with; None where nothing was asked, or nothing can be said."""

    subject: Subject
    diagnosis: Diagnosis | None
    matches_expected: bool | None
    deployed: Deployed | None
    matches_function: bool | None
    notes: tuple[str, ...]

    @property
    def message(self) -> str:
        """The answer in one sentence: what is wrong with the checksum, or what the code is and whether it runs."""
        if self.diagnosis and (self.matches_function is None or not self.matches_expected):
            return self.diagnosis.message
        known, package = self.subject.known, self.subject.package
        if known.right is None and package:
            return f"The content of {known.name} has the SHA-256 {package.content_sha256.hex} in hex."
        others = f"; {self.deployed} runs other code"
        if known.right is None:
            runs = {None: "", True: f"; {self.deployed} runs one of its images", False: others}
            return f"There is no hash to compare: {known.lacking}{runs[self.matches_function]}."
        runs = {None: "", True: f", which {self.deployed} runs", False: others}
        what = "digest" if known.image else "SHA-256"
        form = "bare hex" if known.image else "base64"
        return f"The {what} of {known.name} in {form} is {known.right_value}{runs[self.matches_function]}."

    def as_result(self) -> dict[str, Any]:
        """JSON-ready, by the names of the module's return values."""
        digest, package = self.subject.digest, self.subject.package
        return {
            "sha256_hex": digest.hex if digest else None,
            "sha256_base64": digest.base64 if digest else None,
            "sha256_source": self.subject.origin,
            "content_sha256": package.content_sha256.hex if package else None,
            "size": self.subject.size,
            "entries": package.entries if package else None,
            "uncompressed_size": package.uncompressed_size if package else None,
            "matches_expected": self.matches_expected,
            "matches_function": self.matches_function,
            "function": asdict(self.deployed) if self.deployed else None,
            "diagnosis": asdict(self.diagnosis) if self.diagnosis else None,
            "notes": list(self.notes),
        }


def check(
    subject: Subject,
    expected: str | None,
    other_paths: Sequence[str] = (),
    deployed: Deployed | None = None,
    other_versions: OtherVersions = tuple,
) -> Checked:
    """Compare. Raises CodeError for another path that can't be read."""
    notes = [*subject.notes, *_misfits(subject, deployed)]
    diagnosis, matches_expected = None, None
    if expected is not None:
        diagnosis = _diagnosed(subject, expected, other_paths, deployed, other_versions, notes)
        if not (subject.unknown and encoding_of(expected)):
            matches_expected = matches(expected, subject.digest)
    return Checked(subject, diagnosis, matches_expected, deployed, _runs(subject, deployed), tuple(notes))


def _runs(subject: Subject, deployed: Deployed | None) -> bool | None:
    """Whether the function runs this code. Of an index with several images, whether it runs one of them."""
    if deployed is None:
        return None
    if deployed.package_type != subject.package_type:
        return False
    if subject.digest is None and not subject.known.platforms:
        return None
    runnable = {subject.digest, *(digest for _name, digest in subject.known.platforms)} - {None}
    return deployed.digest in runnable


def _diagnosed(
    subject: Subject,
    expected: str,
    other_paths: Sequence[str],
    deployed: Deployed | None,
    other_versions: OtherVersions,
    notes: list[str],
) -> Diagnosis:
    if matches(expected, subject.digest):
        return diagnose(expected, subject.known)
    known = replace(
        subject.closer(subject.known),
        others=tuple((path, read_digest(path)) for path in other_paths),
        deployed=(deployed.name, deployed.digest) if deployed and deployed.digest else None,
    )
    stated = parse_sha256(expected) if encoding_of(expected) else None
    if deployed and stated and stated != deployed.digest:
        try:
            known = replace(known, versions=tuple((str(each), d) for each in other_versions() if (d := each.digest)))
        except EngineError as error:
            notes.append(f"Other versions of {deployed.name} could not be looked at: {error.message}")
    return diagnose(expected, known)


def _misfits(subject: Subject, deployed: Deployed | None) -> list[str]:
    if deployed is None or deployed.package_type == subject.package_type:
        return []
    if deployed.package_type == "Zip":
        return [
            f"{deployed.name} is deployed as a zip, so no image can match it: compare its code_sha256 with the SHA-256 "
            "of the zip."
        ]
    return [
        f"{deployed.name} is deployed as a container image, so no zip can match it: compare its code_sha256 with "
        "the digest of the image in the registry."
    ]
