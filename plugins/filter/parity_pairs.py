# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pairs of images that an audit compares, as a filter. It looks nothing up and compares nothing."""

from __future__ import annotations

DOCUMENTATION = r"""
name: parity_pairs
author:
  - lambdaops.deploy contributors (@lambdaops)
version_added: 0.1.0
short_description: The distinct pairs of images that runtimes and functions need
description:
  - Turns runtimes, pairs and functions into what M(lambdaops.deploy.lambda_image_parity) takes, each pair once.
  - Functions that are container images are left out, since they bring their own system.
positional: functions, architecture, images
options:
  _input:
    description:
      - Names of Lambda runtimes, or dictionaries with C(runtime), C(architecture), C(build_image) and C(runtime_image).
      - Each needs C(runtime), or both images.
    type: list
    elements: raw
    required: true
  functions:
    description: Functions, each as RV(lambdaops.deploy.lambda_safe_update#module:function).
    type: list
    elements: dict
    default: []
  architecture:
    description: Architecture of what does not name one.
    type: str
    choices: [x86_64, arm64]
    default: x86_64
  images:
    description: Images of your own, as O(lambdaops.deploy.lambda_image_parity#module:images).
    type: dict
    default: {}
seealso:
  - module: lambdaops.deploy.lambda_image_parity
  - plugin: lambdaops.deploy.lambda_images
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Compare the images of two runtimes
  lambdaops.deploy.lambda_image_parity:
    runtime: "{{ item.runtime }}"
    architecture: "{{ item.architecture }}"
  loop: "{{ ['nodejs20.x', 'python3.12'] | lambdaops.deploy.parity_pairs(architecture='arm64') }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
_value:
  description: The pairs, in the order in which they were first named.
  type: list
  elements: dict
  contains:
    name:
      description: The pair, for people.
      type: str
      sample: nodejs20.x on arm64
    file:
      description: A name for a file about it, without an ending; no two pairs have the same.
      type: str
      sample: nodejs20.x-arm64
    functions:
      description: Names of the functions that need it.
      type: list
      elements: str
    runtime:
      description: The runtime. Left out where a runtime image is named.
      type: str
    architecture:
      description: The architecture.
      type: str
    build_image:
      description: The build image. Left out where the runtime says which one it is.
      type: str
    runtime_image:
      description: The runtime image. Left out where the runtime says which one it is.
      type: str
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.lambdaops.deploy.plugins.module_utils._errors import EngineError
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.runtimes import images_of

_KEYS = ("runtime", "architecture", "build_image", "runtime_image")


def parity_pairs(
    wanted: object,
    functions: object = (),
    architecture: str = "x86_64",
    images: Mapping[str, object] | None = None,
) -> list[dict[str, Any]]:
    if images is not None and not isinstance(images, Mapping):
        raise AnsibleFilterError(f"parity_pairs: images is not a mapping but {type(images).__name__}.")
    pairs: dict[tuple[str | None, ...], dict[str, Any]] = {}
    for entry in _listed(wanted, "runtimes"):
        _add(pairs, {"architecture": architecture, **_pair(entry)}, images)
    for function in _listed(functions, "functions"):
        if not isinstance(function, Mapping) or not {"name", "package_type", "architectures"} <= function.keys():
            raise AnsibleFilterError("parity_pairs: each of functions is to be the function that a module returned.")
        if function["package_type"] != "Image":
            pair = {"runtime": str(function["runtime"]), "architecture": str(function["architectures"][0])}
            _add(pairs, pair, images)["functions"].append(str(function["name"]))
    return list(pairs.values())


def _listed(value: object, name: str) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise AnsibleFilterError(f"parity_pairs: {name} is not a list but {type(value).__name__}.")
    return list(value)


def _pair(entry: object) -> dict[str, str]:
    if isinstance(entry, str):
        entry = {"runtime": entry}
    if not isinstance(entry, Mapping) or not all(isinstance(value, str) for value in entry.values()):
        raise AnsibleFilterError("parity_pairs: each runtime is to be its name, or a dictionary of texts.")
    if unknown := sorted(map(str, entry.keys() - set(_KEYS))):
        raise AnsibleFilterError(f"parity_pairs: {unknown[0]!r} is not one of {', '.join(_KEYS)}.")
    pair = {str(key): str(value) for key, value in entry.items() if value}
    if "runtime" not in pair and not {"build_image", "runtime_image"} <= pair.keys():
        raise AnsibleFilterError("parity_pairs: a pair needs its runtime, or both build_image and runtime_image.")
    return pair


def _add(
    pairs: dict[tuple[str | None, ...], dict[str, Any]], pair: dict[str, str], images: Mapping[str, object] | None
) -> dict[str, Any]:
    """The pair among those that are known, or as a new one."""
    key = tuple(pair.get(name) for name in _KEYS)
    if key not in pairs:
        name = f"{pair.get('runtime') or pair['runtime_image']} on {pair['architecture']}"
        file = re.sub(r"[^A-Za-z0-9._]+", "-", name.replace(" on ", " ")).strip("-.")
        known = {known["file"] for known in pairs.values()}
        number = next(n for n in range(1, len(known) + 2) if _numbered(file, n) not in known)
        pairs[key] = {"name": name, "file": _numbered(file, number), "functions": [], **_passed(pair, images)}
    return pairs[key]


def _numbered(file: str, number: int) -> str:
    return file if number == 1 else f"{file}-{number}"


def _passed(pair: dict[str, str], images: Mapping[str, object] | None) -> dict[str, str]:
    """The module takes a runtime or a runtime image, so with the image the runtime's build image has to be named."""
    if "runtime" not in pair or "runtime_image" not in pair:
        return pair
    try:
        build = pair.get("build_image") or images_of(pair["runtime"], pair["architecture"], images).build_image
    except EngineError as error:
        raise AnsibleFilterError(f"parity_pairs: {error}") from error
    return {"architecture": pair["architecture"], "build_image": build, "runtime_image": pair["runtime_image"]}


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"parity_pairs": parity_pairs}
