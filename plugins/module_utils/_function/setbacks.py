# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes that were refused for now, or whose answer was lost: noted in their phase, and sent back to reading."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import AnswerLost, FunctionError, Refused, RevisionMismatch, Unreachable, UpdateConflict
from .journal import Outcome, Phase

_LOST_WRITES = 5  # that end without an answer, before the last of them is given up on

# Inferred: Lambda's documents name these codes and not whether they pass; what they name does.
TRANSIENT = frozenset(
    {
        "DependencyError",
        "EC2RequestLimitExceeded",
        "EFSMountTimeout",
        "EniLimitExceeded",
        "InsufficientCapacity",
        "InternalError",
        "SubnetOutOfIPAddresses",
    }
)
TRIES = 3  # of a write that was taken and then failed for a reason that passes, or that nobody sees afterwards


class Setback(Exception):
    """Read again what is in force before anything is sent. cause: as it came. phase: the name of the one it met."""

    def __init__(self, cause: FunctionError, phase: str) -> None:
        super().__init__(cause.message)
        self.cause = cause
        self.phase = phase


@contextmanager
def setbacks(phase: Phase) -> Iterator[None]:
    """Turn what may pass into a Setback, and note it; what will not pass is raised as it is."""
    phase.outcome = Outcome.UNKNOWN if phase.lost else Outcome.FAILED
    try:
        yield
    except (UpdateConflict, RevisionMismatch) as refusal:
        phase.conflicts += 1
        raise Setback(refusal, phase.name) from None
    except AnswerLost as trouble:
        if not isinstance(trouble, Unreachable):
            phase.lose()
        if phase.lost == _LOST_WRITES:
            raise
        raise Setback(trouble, phase.name) from None
    except Refused as refusal:
        if "already exists" not in refusal.message:
            raise
        phase.conflicts += 1  # somebody else created the alias
        raise Setback(refusal, phase.name) from None
