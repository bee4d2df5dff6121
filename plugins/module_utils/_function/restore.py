# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put $LATEST back as it was before a task that failed half-way."""

from __future__ import annotations

from dataclasses import replace

from .._code.digests import parse_sha256
from .._code.packages import DIRECT_UPLOAD_LIMIT, Upload
from .._errors import EngineError
from .client import LambdaApi
from .code import Code, ImageCode, ZipUpload
from .download import download_zip
from .errors import InvalidRequest
from .journal import Journal, Outcome
from .plan import Plan
from .settings import SETTINGS
from .snapshot import FunctionSnapshot
from .steps import NO_RESERVATION
from .update import Updater
from .wanted import Wanted


def code_of(api: LambdaApi, snapshot: FunctionSnapshot) -> Code:
    """The code that a function or a version runs, to be sent once more. Raises InvalidRequest if that can't be."""
    if snapshot.package_type == "Image":
        return ImageCode(snapshot.resolved_image_uri or snapshot.image_uri, snapshot.code_sha256)
    if snapshot.code_size > DIRECT_UPLOAD_LIMIT:
        raise InvalidRequest(
            f"The code of {snapshot.name} has {snapshot.code_size:,} bytes, more than can be put back: "
            f"Lambda takes {DIRECT_UPLOAD_LIMIT:,} by direct upload.",
            hint="Release through an alias, which stays where it is when something fails, "
            "and leave rollback_on_failure and restore_latest out.",
        )
    qualifier = None if snapshot.version == "$LATEST" else snapshot.version
    content = download_zip(api.code_location(snapshot.name, qualifier), snapshot)
    where = f"the code of {snapshot.name}:{snapshot.version}"
    return ZipUpload(Upload(where, content, parse_sha256(snapshot.code_sha256)))


def wanted_as(snapshot: FunctionSnapshot, name: str, code: Code | None) -> Wanted:
    """The wish to be as a reading of the function, or of one of its versions, says."""
    return Wanted(
        name=name,
        code=code,
        settings={
            row.option: snapshot.settings[row.option]
            for row in SETTINGS
            if not (row.image_only if snapshot.package_type == "Zip" else row.zip_only)
        },
        environment=None if snapshot.environment_error else dict(snapshot.environment),
        architecture=snapshot.architectures[0] if code else None,
        source_kms_key_arn=snapshot.source_kms_key_arn if code else None,
    )


class Restorer:
    """What a function was before the first write. Its code is fetched now, since nobody can ask for it afterwards."""

    def __init__(self, api: LambdaApi, before: FunctionSnapshot, plan: Plan, updater: Updater) -> None:
        code = code_of(api, before) if "code" in plan.phases else None
        wanted, asked = wanted_as(before, updater.wanted.name, code), updater.wanted
        self._updater = updater
        self._wanted = replace(
            wanted,
            settings={option: value for option, value in wanted.settings.items() if option in asked.settings},
            environment=None if asked.environment is None else wanted.environment,
            tags=None if asked.tags is None else before.tags,
            reserved_concurrency=None if asked.reserved_concurrency is None else _reservation(before),
        )

    def restore(self, error: EngineError) -> None:
        """Put back what was changed, and say so in the error; a failure to do so is told as well."""
        journal = self._updater.journal
        written = [phase for phase in journal.phases.values() if phase.written]
        if not written:
            return
        journal.extend({"rollback": "Rollback"})
        with journal.phase("rollback") as rollback:
            rollback.outcome = Outcome.UNKNOWN
            self._updater.deadline.restart()
            inner = Journal({name: phase.operation for name, phase in journal.phases.items()}, journal.clock)
            updater = replace(self._updater, wanted=self._wanted, journal=inner)
            try:
                updater.until_in_force(updater.look())
            except EngineError as trouble:
                error.hint = f"{error.hint} Putting $LATEST back failed as well: {trouble.message}".strip()
                return
            rollback.accept()
        for phase in written:
            if phase.name not in ("publish", "alias", "prune"):
                phase.outcome = Outcome.ROLLED_BACK
        error.hint = f"{error.hint} $LATEST has been put back as it was before.".strip()


def _reservation(before: FunctionSnapshot) -> int:
    return NO_RESERVATION if before.reserved_concurrency is None else before.reserved_concurrency
