# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait until a function can take the next update."""

from __future__ import annotations

from .client import LambdaApi
from .deadline import Deadline, backoff
from .errors import FunctionBroken, StillInMotion
from .snapshot import FunctionSnapshot

_HINTS = {
    "Failed": "Its creation failed: delete it and create it again with amazon.aws.lambda.",
    "Deleting": "It is being deleted: create it again with amazon.aws.lambda once it is gone.",
}
_OTHER_HINT = "Bring it back to Active first, then run the task again."
_VERSION_HINT = "A version never changes: mend the cause and publish another one."


def settle(
    api: LambdaApi, name: str, deadline: Deadline, *, qualifier: str | None = None, just_written: bool = False
) -> FunctionSnapshot:
    """Poll GetFunction until neither State nor LastUpdateStatus is in motion; returns that last reading.

    qualifier: a published version. just_written: pause before the first look as well. Raises FunctionBroken at once
    for states that no waiting mends, StillInMotion with the state last seen when the deadline passes.
    Source: AWS Lambda developer guide, "Lambda function states".
    """
    pauses = backoff()
    subject = f"{name}:{qualifier}" if qualifier else name
    if just_written:
        deadline.sleep(next(pauses))
    while True:
        snapshot = api.get_function(name, qualifier)
        if snapshot.broken:
            raise FunctionBroken(
                f"{subject} is in state {snapshot.state}"
                + _because(snapshot.state_reason_code, api.hide(snapshot.state_reason))
                + (", so it can't be called." if qualifier else ", in which Lambda takes no updates."),
                hint=_VERSION_HINT if qualifier else _HINTS.get(snapshot.state, _OTHER_HINT),
                reason_code=snapshot.state_reason_code,
            )
        if not snapshot.in_motion:
            return snapshot
        if deadline.passed:
            raise StillInMotion(
                f"{subject} had not settled after {deadline.seconds:g} s: State {snapshot.state}, "
                f"LastUpdateStatus {snapshot.last_update_status}"
                + _because(snapshot.last_update_reason_code, api.hide(snapshot.last_update_reason))
                + ".",
                hint="Raise wait_timeout; functions in a VPC and image functions take up to minutes.",
            )
        deadline.sleep(next(pauses))


def _because(code: str, reason: str) -> str:
    return f" ({': '.join(part for part in (code, reason.rstrip('.')) if part)})" if code or reason else ""
