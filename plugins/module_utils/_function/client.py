# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lambda's API in the terms of this engine: functions and versions, read and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from .environment import concealable
from .errors import InvalidRequest
from .service import Service
from .snapshot import FunctionSnapshot


def named(text: str | None, option: str = "name") -> str:
    """The name of something, as the user wrote it. Raises InvalidRequest for none."""
    if not text or not text.strip():
        raise InvalidRequest(f"{option} is empty.", hint="Name what is meant.")
    return text


class Write(Protocol):
    """A request that changes something: the name of its operation and its members."""

    @property
    def operation(self) -> str: ...

    def members(self, revision_id: str | None) -> dict[str, Any]:
        """revision_id: the revision that was read and is to be changed, for operations that take such a guard."""


class LambdaApi(Service):
    """The environments that are read join what is secret."""

    def get_function(self, name: str, qualifier: str | None = None) -> FunctionSnapshot:
        """Read one function, or one version of it. qualifier: a version or an alias."""
        answer = self._function(name, qualifier)
        return self._snapshot(answer.get("Configuration", {}), answer)

    def code_location(self, name: str, qualifier: str | None = None) -> str:
        """The pre-signed URL of a function's zip, good for ten minutes; a secret."""
        return str(self._function(name, qualifier).get("Code", {}).get("Location", ""))

    def versions(self, name: str) -> list[FunctionSnapshot]:
        """All published versions, oldest first."""
        pages = self.pages("ListVersionsByFunction", name, "Versions")
        published = [self._snapshot(each) for each in pages if str(each.get("Version")).isdigit()]
        return sorted(published, key=lambda version: int(version.version))

    def write(self, write: Write, before: FunctionSnapshot) -> FunctionSnapshot:
        """Send one write, guarded by the revision that was read; returns the function as Lambda says it will be.

        What the answer does not tell, tags for example, is taken from before.
        """
        return self._snapshot(self.call(write.operation, write.members(before.revision_id)), beside=before)

    def check(self, write: Write) -> None:
        """Hold a write against the service model's limits without sending it. Raises InvalidRequest."""
        from .limits import violation  # a task with nothing to do does not need it

        shape = self._client.meta.service_model.operation_model(write.operation).input_shape
        if found := violation(shape, write.members(None)):
            raise InvalidRequest(f"{write.operation}: {found}.", hint="Nothing was changed.")

    def pages(self, operation: str, name: str, member: str) -> Iterable[Mapping[str, Any]]:
        """All entries of a list about a function. member: where they are in an answer."""
        more: dict[str, Any] = {}
        while True:
            answer = self.read(operation, {"FunctionName": name, **more})
            yield from answer.get(member, ())
            if not (marker := answer.get("NextMarker")):
                return
            more = {"Marker": marker}

    def _function(self, name: str, qualifier: str | None) -> dict[str, Any]:
        return self.read("GetFunction", {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})})

    def _snapshot(
        self,
        configuration: Mapping[str, Any],
        answer: Mapping[str, Any] | None = None,
        beside: FunctionSnapshot | None = None,
    ) -> FunctionSnapshot:
        try:
            snapshot = FunctionSnapshot.of(configuration, answer, beside)
        except (KeyError, TypeError, AttributeError):
            raise self._strange() from None
        self.secrets.texts.update(concealable(snapshot.environment.values()))
        return snapshot
