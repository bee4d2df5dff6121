# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the programs work on: functions whose answer tells the number of their code and that of their environment.

Each measurement gets a function of its own, so that none pays for what the one before left in progress.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from bed import LATEST, PACE, ROLE, Bed, Function, lambda_client, package

ALIAS = "live"
_SOURCE = "import os\ndef handler(event, context): return {{'code': {0}, 'environment': int(os.environ['NUMBER'])}}\n"


def environment(number: int) -> dict[str, str]:
    return {"NUMBER": str(number)}


def mixed(answer: Any) -> bool:
    """Whether code and environment are not of the same number."""
    return bool(answer["code"] != answer["environment"])


@dataclass
class Stage:
    """A testbed and a folder for packages."""

    bed: Bed
    folder: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @cached_property
    def client(self) -> Any:
        return lambda_client(self.bed)

    def zip_file(self, number: int) -> str:
        """The same bytes each time, so that what is in force already looks so."""
        path = self.folder / f"{number}.zip"
        if not path.exists():
            path.write_bytes(package(_SOURCE.format(number)))
        return str(path)

    @contextmanager
    def function(self, number: int, *, update_seconds: float, released: bool = False) -> Iterator[Function]:
        """A settled function whose code and environment have this number, and whose next updates take so many seconds.

        released: its version 1 has an alias.
        """
        self.bed.pace(PACE)
        function = Function(self.client, f"bench-{next(self._numbers)}")
        self.client.create_function(
            FunctionName=function.name,
            Runtime="python3.12",
            Handler="app.handler",
            Role=ROLE,
            Code={"ZipFile": Path(self.zip_file(number)).read_bytes()},
            Environment={"Variables": environment(number)},
        )
        try:
            function.settle()
            if released:
                function.publish()
                function.alias(ALIAS, "1")
            self.bed.pace(update_seconds)
            yield function
        finally:
            self.client.delete_function(FunctionName=function.name)

    def calls(self) -> dict[str, int]:
        """Calls to Lambda since bed.forget_calls(), by operation."""
        return self.bed.calls().get("lambda", {})


def in_motion(function: Function) -> bool:
    """Whether an update is still in progress."""
    return bool(function.read().get("LastUpdateStatus") == "InProgress")


def pair_of(function: Function) -> tuple[int, int]:
    """The numbers of code and environment that $LATEST has in the end."""
    function.settle()
    answer = json.loads(function.invoke(qualifier=LATEST)["Payload"])
    return answer["code"], answer["environment"]
