# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A function as it was read at one moment.

The pre-signed URL of the code, which GetFunction also returns, is a secret and is not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .arn import Arn
from .settings import SETTINGS

_UPDATABLE = frozenset({"Active", "Inactive"})
_MOVING = frozenset({"Pending", "Deactivating"})


@dataclass(frozen=True)
class FunctionSnapshot:
    """What Lambda said of a function. settings are in the form of the options; environment values are secret.

    image_uri: as it was asked for, with the tag; "" for zips. tags: None when Lambda may not say. reserved_concurrency:
    None without a reservation.
    """

    name: str
    arn: str
    version: str
    package_type: str
    architectures: tuple[str, ...]
    code_sha256: str
    code_size: int
    revision_id: str
    last_modified: str
    state: str
    state_reason_code: str
    state_reason: str
    last_update_status: str
    last_update_reason_code: str
    last_update_reason: str
    settings: Mapping[str, Any]
    environment: Mapping[str, str] = field(repr=False)
    environment_error: str = ""
    image_uri: str = ""
    resolved_image_uri: str = ""
    source_kms_key_arn: str = ""
    tags: Mapping[str, str] | None = None
    reserved_concurrency: int | None = None

    @classmethod
    def of(
        cls,
        configuration: Mapping[str, Any],
        answer: Mapping[str, Any] | None = None,
        beside: FunctionSnapshot | None = None,
    ) -> FunctionSnapshot:
        """Read the Configuration of GetFunction, or the answer of a write, which has the same members.

        answer: all that GetFunction said. beside: a reading that tells what a write's answer leaves out.
        """
        environment = configuration.get("Environment") or {}
        error = environment.get("Error") or {}
        return cls(
            name=configuration["FunctionName"],
            arn=configuration["FunctionArn"],
            version=configuration.get("Version", "$LATEST"),
            package_type=configuration.get("PackageType", "Zip"),
            architectures=tuple(configuration.get("Architectures") or ("x86_64",)),
            code_sha256=configuration.get("CodeSha256", ""),
            code_size=configuration.get("CodeSize", 0),
            revision_id=configuration.get("RevisionId", ""),
            last_modified=configuration.get("LastModified", ""),
            # Lambda leaves both out for versions that were published before it knew states.
            state=configuration.get("State", "Active"),
            state_reason_code=configuration.get("StateReasonCode", ""),
            state_reason=configuration.get("StateReason", ""),
            last_update_status=configuration.get("LastUpdateStatus", "Successful"),
            last_update_reason_code=configuration.get("LastUpdateStatusReasonCode", ""),
            last_update_reason=configuration.get("LastUpdateStatusReason", ""),
            settings={setting.option: setting.read(configuration) for setting in SETTINGS},
            environment=dict(environment.get("Variables") or {}),
            environment_error=error.get("ErrorCode", ""),
            **_surroundings(answer or {}, beside),
        )

    @property
    def home(self) -> Arn:
        return Arn.parse(self.arn)

    @property
    def in_motion(self) -> bool:
        """Whether waiting brings the function to a state in which it can be updated."""
        return self.state in _MOVING or self.last_update_status == "InProgress"

    @property
    def broken(self) -> bool:
        """Whether Lambda refuses every update, however long one waits.

        Source: AWS Lambda developer guide, "Lambda function states"; an idle (Inactive) function takes updates.
        """
        if self.state == "ActiveNonInvocable":  # $LATEST of a managed instance; a version is there to be called
            return self.version != "$LATEST"
        return self.state not in _UPDATABLE | _MOVING

    @property
    def content(self) -> tuple[Any, ...]:
        """What a published version holds: two readings with equal content behave alike."""
        return (self.code_sha256, self.architectures, dict(self.settings), dict(self.environment))

    @property
    def update_failed(self) -> bool:
        return self.last_update_status == "Failed"


def _surroundings(answer: Mapping[str, Any], beside: FunctionSnapshot | None) -> dict[str, Any]:
    """What GetFunction says of a function beside its configuration."""
    if beside is not None:
        names = ("image_uri", "resolved_image_uri", "source_kms_key_arn", "tags", "reserved_concurrency")
        return {name: getattr(beside, name) for name in names}
    code, concurrency = answer.get("Code") or {}, answer.get("Concurrency") or {}
    return {
        "image_uri": code.get("ImageUri", ""),
        "resolved_image_uri": code.get("ResolvedImageUri", ""),
        "source_kms_key_arn": code.get("SourceKMSKeyArn", ""),
        "tags": None if answer.get("TagsError") else dict(answer.get("Tags") or {}),
        "reserved_concurrency": concurrency.get("ReservedConcurrentExecutions"),
    }
