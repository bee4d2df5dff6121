# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runtime images, and the build images made FROM them, as AWS makes its own: which there are and under which tags.

* lambda/nodejs:20, lambda/python:3.12: the runtimes, at 2023.6.20241031; dated tags name this and a newer one.
* sam/build-*: `latest` (= 1.131.0) stands on the newer runtime, at 2023.6.20250107: no common base, drifted;
  `1.127.0` on this very runtime with nothing but development packages added; `upgraded` on this very runtime too,
  but every package upgraded above it; `compiled` as `1.127.0`, with a newer libstdc++ that no package owns; `older`
  (= 1.121.0) on an older runtime. Each has a dated tag as well, as SAM's build images do.
* lambda/python:3.11, sam/build-python3.11: the same on Amazon Linux 2, `latest` and `1.127.0` alone.

Each tag is an index of linux/amd64, linux/arm64 and an attestation; TAG-x86_64 and TAG-arm64 are the single images.
"""

from __future__ import annotations

from enum import Enum
from functools import cache

from . import amazon_linux_2 as al2
from .catalog import NEWER, OLDER, RUNTIME
from .image_layers import Language, compiler_layer, development_layer, runtime_layers, sam_layer, upgrade_layer
from .oci import Image, Layout, image, index

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}  # of the machine, of the platform
TAG_SUFFIX = {"x86_64": "x86_64", "aarch64": "arm64"}
LIBRARY_PATH = "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"

_OPENSSL = (("libcrypto.so.3", "openssl", ()), ("libssl.so.3", "openssl", ("libcrypto.so.3",)))

NODE = Language(
    "lambda/nodejs",
    "20",
    "sam/build-nodejs20.x",
    "node",
    ((OLDER, "20.17.0"), (RUNTIME, "20.18.0"), (NEWER, "20.18.1")),
    _OPENSSL,
)
PYTHON = Language(
    "lambda/python",
    "3.12",
    "sam/build-python3.12",
    "python3.12",
    ((OLDER, "3.12.6"), (RUNTIME, "3.12.7"), (NEWER, "3.12.8")),
    (
        *_OPENSSL,
        ("libpython3.12.so.1.0", "python", ("libm.so.6",)),
        ("libstdc++.so.6", "gcc-11", ("libm.so.6", "libgcc_s.so.1")),
    ),
)
PYTHON_AL2 = Language(
    "lambda/python",
    "3.11",
    "sam/build-python3.11",
    "python3.11",
    ((al2.RUNTIME, "3.11.10"), (al2.NEWER, "3.11.11")),
    (
        ("libcrypto.so.1.1", "openssl-1.1", ()),
        ("libpython3.11.so.1.0", "python", ("libm.so.6",)),
        ("libssl.so.1.1", "openssl-1.1", ("libcrypto.so.1.1",)),
    ),
)


class Recipe(Enum):
    """How a build image came about: its runtime's release, its own release, SAM's version and the date of its tag."""

    DRIFTED = (NEWER, NEWER, "1.131.0", "20250109163013")
    UPGRADED = (RUNTIME, NEWER, "1.127.1", "20250108093015")
    COMPILED = (RUNTIME, RUNTIME, "1.128.0", "20241120081530")
    SAME_BASE = (RUNTIME, RUNTIME, "1.127.0", "20241105184512")
    OLDER = (OLDER, OLDER, "1.121.0", "20240918150233")
    DRIFTED_AL2 = (al2.NEWER, al2.NEWER, "1.131.0", "20250109163013")
    SAME_BASE_AL2 = (al2.RUNTIME, al2.RUNTIME, "1.127.0", "20241105184512")

    @property
    def dated_tag(self) -> str:
        return f"{self.value[2]}-{self.value[3]}"


_RUNTIMES = (("", RUNTIME), (".2024.10.31", RUNTIME), (".2025.01.07", NEWER))
_BUILDS = (
    ("latest", Recipe.DRIFTED),
    ("1.131.0", Recipe.DRIFTED),
    ("1.127.0", Recipe.SAME_BASE),
    ("upgraded", Recipe.UPGRADED),
    ("compiled", Recipe.COMPILED),
    ("older", Recipe.OLDER),
    ("1.121.0", Recipe.OLDER),
)
_RUNTIMES_AL2 = (("", al2.RUNTIME), (".2024.10.14", al2.RUNTIME), (".2025.01.08", al2.NEWER))
_BUILDS_AL2 = (("latest", Recipe.DRIFTED_AL2), ("1.131.0", Recipe.DRIFTED_AL2), ("1.127.0", Recipe.SAME_BASE_AL2))
_PAIRS = ((NODE, _RUNTIMES, _BUILDS), (PYTHON, _RUNTIMES, _BUILDS), (PYTHON_AL2, _RUNTIMES_AL2, _BUILDS_AL2))


def repositories(pad: int = 0) -> dict[str, Layout]:
    """Repository name -> layout with all its tags; pad adds that many MiB to the base and the development layer."""
    found: dict[str, Layout] = {}
    for language, runtimes, builds in _PAIRS:
        layout = found.setdefault(language.runtime, Layout())
        for tag, release in runtimes:
            images = {machine: runtime_image(language, release, machine, pad) for machine in ARCHITECTURES}
            _add(layout, f"{language.tag}{tag}", images)
        layout = found.setdefault(language.build, Layout())
        for tag, recipe in (*builds, *((one.dated_tag, one) for one in dict.fromkeys(made for _, made in builds))):
            _add(layout, tag, {machine: build_image(language, recipe, machine, pad) for machine in ARCHITECTURES})
    return found


def _add(layout: Layout, tag: str, images: dict[str, Image]) -> None:
    layout.add(tag, index(list(images.values())))
    for machine, one in images.items():
        layout.add(f"{tag}-{TAG_SUFFIX[machine]}", one)


@cache
def runtime_image(language: Language, release: str, machine: str, pad: int = 0) -> Image:
    settings = {
        "Env": environment(LIBRARY_PATH),
        "Entrypoint": ["/lambda-entrypoint.sh"],
        "WorkingDir": "/var/task",
    }
    return image(runtime_layers(language, release, machine, pad), ARCHITECTURES[machine], settings)


@cache
def build_image(language: Language, recipe: Recipe, machine: str, pad: int = 0) -> Image:
    below, release, version, _date = recipe.value
    layers = list(runtime_layers(language, below, machine, pad))
    if recipe in (Recipe.DRIFTED, Recipe.UPGRADED, Recipe.DRIFTED_AL2):
        layers.append(upgrade_layer(below, release, machine))
    layers += [development_layer(release, machine, pad), sam_layer(version)]
    if recipe is Recipe.COMPILED:
        layers.append(compiler_layer(machine))
    variables = [*environment(""), f"SAM_CLI_VERSION={version}"]
    return image(layers, ARCHITECTURES[machine], {"Env": variables, "WorkingDir": "/tmp/samcli/source"})


def environment(library_path: str) -> list[str]:
    return [
        "LANG=en_US.UTF-8",
        "TZ=:/etc/localtime",
        "PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        f"LD_LIBRARY_PATH={library_path}",
        "LAMBDA_TASK_ROOT=/var/task",
        "LAMBDA_RUNTIME_DIR=/var/runtime",
    ]
