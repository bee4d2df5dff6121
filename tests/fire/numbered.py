# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A function whose answer tells the number of its code and that of its environment: two that differ are a mix."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bed import Function, package

ALIAS = "live"
CANARY = "canary-of-"
SOURCE = (
    "import os\ndef handler(event, context): return {{'code': {number}, 'environment': int(os.environ['NUMBER'])}}\n"
)
TAGS = {"stage": "old", "gone": "soon"}


@cache
def code(number: int) -> bytes:
    """The same bytes each time: a zip holds the time at which it was made."""
    return package(SOURCE.format(number=number))


def code_sha256(number: int) -> str:
    return base64.b64encode(hashlib.sha256(code(number)).digest()).decode()


def zip_file(folder: Path, number: int) -> str:
    path = folder / f"{number}.zip"
    if not path.exists():
        path.write_bytes(code(number))
    return str(path)


def environment(number: int) -> dict[str, str]:
    """Each number has a name of its own, so that names come and go; and a value that nobody may see."""
    return {"NUMBER": str(number), "TOKEN": f"{CANARY}{number}", f"TABLE_{number}": "orders"}


def answer_of(number: int) -> dict[str, int]:
    return {"code": number, "environment": number}


def mixed(answer: Any) -> bool:
    return bool(answer["code"] != answer["environment"])


@dataclass(frozen=True)
class Released:
    """A function with two versions: 1 is number 1, 2 and $LATEST are number 2, and the alias stands for 2."""

    function: Function

    @classmethod
    def make(cls, make: Callable[..., Function]) -> Released:
        function = make(SOURCE.format(number=1), Environment={"Variables": environment(1)}, Tags=TAGS)
        function.publish()
        released = cls(function)
        released.become(2)
        function.alias(ALIAS, "2")
        return released

    def become(self, number: int) -> None:
        """Bring $LATEST to a number, and publish it."""
        self.function.client.update_function_code(FunctionName=self.name, ZipFile=code(number))
        self.function.settle()
        self.function.set_environment(**environment(number))
        self.function.settle()
        self.function.publish()

    @property
    def name(self) -> str:
        return self.function.name

    def ask(self, qualifier: str | None = ALIAS) -> Any:
        """What a caller gets: from the alias, from a version, or with None from $LATEST."""
        answer = self.function.invoke(qualifier=qualifier)
        assert "FunctionError" not in answer, answer
        return json.loads(answer["Payload"])
