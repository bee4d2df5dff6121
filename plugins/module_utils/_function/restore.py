# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put $LATEST back as it was, or as a version is: the wish that an earlier reading is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .._code.digests import parse_sha256
from .._code.upload import DIRECT_UPLOAD_LIMIT, Upload
from .._errors import EngineError
from .client import LambdaApi
from .code import Code
from .download import download_zip
from .errors import ForeignChange, InvalidRequest
from .journal import Journal, Outcome
from .plan import Plan
from .settings import SETTINGS
from .snapshot import FunctionSnapshot
from .steps import NO_RESERVATION
from .update import Updater, update_phases
from .wanted import Wanted
from .zip_upload import ZipUpload


def refuse_unrestorable(snapshot: FunctionSnapshot, *, code: bool) -> None:
    """Raises InvalidRequest for what can't be put back. code: whether the code is to be."""
    if code and snapshot.package_type == "Zip" and snapshot.code_size > DIRECT_UPLOAD_LIMIT:
        raise InvalidRequest(
            f"The code of {snapshot.name} has {snapshot.code_size:,} bytes, more than can be put back: "
            f"Lambda takes {DIRECT_UPLOAD_LIMIT:,} by direct upload.",
            hint="Release through an alias, which stays where it is when something fails, "
            "and leave rollback_on_failure and restore_latest out.",
        )
    if snapshot.environment_error:
        raise InvalidRequest(
            f"The environment of {snapshot.name}:{snapshot.version} can't be read, so it can't be put back: "
            f"{snapshot.environment_error}.",
            hint="Allow kms:Decrypt on the key that encrypts it, for whoever runs this task.",
        )


def code_of(api: LambdaApi, snapshot: FunctionSnapshot) -> Code:
    """The code that a function or a version runs, to be sent once more."""
    if snapshot.package_type == "Image":
        from .image_code import ImageCode  # brings all that reads registries

        return ImageCode(snapshot.resolved_image_uri or snapshot.image_uri, snapshot.code_sha256)
    qualifier = None if snapshot.version == "$LATEST" else snapshot.version
    content = download_zip(api.code_location(snapshot.name, qualifier), snapshot)
    where = f"the code of {snapshot.name}:{snapshot.version}"
    return ZipUpload(Upload(where, content, parse_sha256(snapshot.code_sha256)))


def wanted_as(snapshot: FunctionSnapshot, name: str, code: Code | None = None) -> Wanted:
    """The wish to be as a reading of the function, or of one of its versions, says; but for what no update removes.

    A version's description is its own, and not that of the function.
    """
    settings = {
        row.option: snapshot.settings[row.option]
        for row in SETTINGS
        if not (row.image_only if snapshot.package_type == "Zip" else row.zip_only)
        and not (row.lasting and not snapshot.settings[row.option])
        and (row.option != "description" or snapshot.version == "$LATEST")
    }
    return Wanted(
        name=name,
        code=code,
        settings=settings,
        environment=dict(snapshot.environment),
        architecture=snapshot.architectures[0] if code else None,
        source_kms_key_arn=snapshot.source_kms_key_arn if code else None,
    )


def lasting(before: FunctionSnapshot, options: Iterable[str]) -> list[str]:
    """Which of the options the function did not have before, and no update takes away again."""
    rows = {row.option: row for row in SETTINGS}
    return [option for option in options if rows[option].lasting and not before.settings[option]]


class Restorer:
    """What a function was before the first write. Its code is fetched now, since nobody can ask for it afterwards."""

    def __init__(self, api: LambdaApi, before: FunctionSnapshot, plan: Plan, updater: Updater) -> None:
        asked = updater.wanted
        if asked.environment is not None or "code" in plan.phases:
            refuse_unrestorable(before, code="code" in plan.phases)
        self._before = before
        self._code = code_of(api, before) if "code" in plan.phases else None
        self._updater = updater

    def restore(self, error: EngineError) -> None:
        """Put back what was written, and say so in the error; a failure to do so is told as well."""
        updater = self._updater
        journal, ours = updater.journal, update_phases(updater.wanted).keys()
        written = {name for name, phase in journal.phases.items() if phase.written and name in ours}
        if not written:
            return
        if isinstance(error, ForeignChange):
            error.advise("Nothing was put back, since somebody else is at work on it.")
            return
        journal.extend({"rollback": "Rollback"})
        with journal.phase("rollback") as rollback:
            rollback.outcome = Outcome.UNKNOWN
            updater.deadline.restart()
            wanted = self._wanted(written)
            inner = Journal(update_phases(wanted), journal.clock)
            try:
                undo = replace(updater, wanted=wanted, journal=inner)
                undo.until_in_force(undo.look())
            except EngineError as trouble:
                error.advise(f"Putting $LATEST back failed as well: {trouble.message}")
                written = {name for name, phase in inner.phases.items() if phase.accepted}
            else:
                rollback.accept()
                error.advise(f"$LATEST has been put back as it was before{self._but()}.")
        for name in written & journal.phases.keys():
            journal.phases[name].outcome = Outcome.ROLLED_BACK

    def _wanted(self, written: set[str]) -> Wanted:
        """To be as before in what was written, and in nothing else."""
        asked, before = self._updater.wanted, wanted_as(self._before, self._updater.wanted.name, self._code)
        configured = written & {"expand", "configuration"}
        kept = asked.settings if configured else ()
        return replace(
            before,
            code=self._code if "code" in written else None,
            settings={option: value for option, value in before.settings.items() if option in kept},
            environment=before.environment if configured and asked.environment is not None else None,
            architecture=before.architecture if "code" in written else None,
            source_kms_key_arn=before.source_kms_key_arn if "code" in written else None,
            tags=self._before.tags if written & {"tag", "untag"} else None,
            reserved_concurrency=_reservation(self._before) if "concurrency" in written else None,
        )

    def _but(self) -> str:
        left = lasting(self._before, self._updater.wanted.settings)
        return f", but for {', '.join(left)}, which no update removes" if left else ""


def _reservation(before: FunctionSnapshot) -> int:
    return NO_RESERVATION if before.reserved_concurrency is None else before.reserved_concurrency
