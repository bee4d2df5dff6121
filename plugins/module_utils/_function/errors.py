# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong with a function, each with a name.

The first group is about one call and is raised by `client.py`; the second is about the update as a whole.
"""

from __future__ import annotations

from .._errors import EngineError


class FunctionError(EngineError):
    """Anything that stops work on a function."""


class UnknownFunction(FunctionError):
    """There is no such function, or no such version or alias of it."""


class Denied(FunctionError):
    """Credentials are missing, expired, wrong, or may not do this."""


class Refused(FunctionError):
    """Lambda refused the request for good, without effect."""


class UpdateConflict(FunctionError):
    """409: the function is busy. Refused without effect; worth another try once the function has settled."""


class RevisionMismatch(FunctionError):
    """412: somebody else wrote since the function was read. Refused without effect."""


class Throttled(FunctionError):
    """429 or a throttle: refused without effect. retry_after: seconds that Lambda asks for, if it does."""

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class AnswerLost(FunctionError):
    """No usable answer came (5xx, cut connection, time-out): whether the request took effect is unknown."""


class Unreachable(AnswerLost):
    """No connection could be made: the request never left."""


class InvalidRequest(FunctionError):
    """What is wanted can't be asked of Lambda; found before anything was sent."""


class FunctionBroken(FunctionError):
    """The function is in a state in which Lambda accepts no update, and waiting does not mend it.

    reason_code: why, in Lambda's terms.
    """

    def __init__(self, message: str, *, hint: str = "", reason_code: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason_code = reason_code


class StillInMotion(FunctionError):
    """The deadline passed before the function had settled, or before Lambda took the update."""


class UpdateFailed(FunctionError):
    """Lambda accepted the update and then could not carry it out: what was in force before still is."""


class NotStored(FunctionError):
    """Lambda's own answer differs from what was asked."""


class ForeignChange(FunctionError):
    """Somebody else changed the function during this update, and `on_conflict=fail` says to stop."""


class NotVerified(FunctionError):
    """A published version did not answer as it should."""


class AlarmRaised(FunctionError):
    """An alarm that watches a release is in state ALARM."""
