# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of runtimes as a filter. What is in the table is told in _image/runtimes.py."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lambda_images
author:
  - lambdaops.deploy contributors (@lambdaops)
version_added: 0.1.0
short_description: The images that belong to a Lambda runtime
description:
  - Turns the name of a Lambda runtime into the image that SAM CLI builds its packages in, the image that stands for
    the runtime, and the system that both have.
  - Nothing is looked up. The names come from a table of every runtime, as far as it was known when this collection was
    released; for a newer runtime they follow the rule of the names, and what no rule tells is null.
positional: architecture, images
options:
  _input:
    description: Name of a Lambda runtime, such as V(nodejs20.x), V(python3.12) or V(provided.al2023).
    type: str
    required: true
  architecture:
    description: Architecture of the function, as Lambda names it.
    type: str
    choices: [x86_64, arm64]
    default: x86_64
  images:
    description:
      - Images of your own, by the name of the runtime.
      - Each value has C(build_image), C(runtime_image) or both; C({architecture}) in them is replaced.
      - With both, the runtime may have a name that Lambda does not know.
    type: dict
    default: {}
seealso:
  - module: lambdaops.deploy.lambda_image_parity
"""

EXAMPLES = r"""
- name: Show the image that SAM CLI builds a function in
  ansible.builtin.debug:
    msg: "{{ ('nodejs20.x' | lambdaops.deploy.lambda_images('arm64')).build_image }}"
    # public.ecr.aws/sam/build-nodejs20.x:latest-arm64

- name: Refuse runtimes that AWS has retired
  ansible.builtin.assert:
    that: not (runtime | lambdaops.deploy.lambda_images).deprecated
  vars:
    runtime: python3.13

- name: Use build images of your own
  ansible.builtin.debug:
    msg: "{{ 'python3.12' | lambdaops.deploy.lambda_images(images=own) }}"
  vars:
    own:
      python3.12:
        build_image: registry.example.com/build/python:3.12-{architecture}
"""

RETURN = r"""
_value:
  description: The images of the runtime.
  type: dict
  contains:
    runtime:
      description: The runtime.
      type: str
    architecture:
      description: The architecture.
      type: str
    build_image:
      description: The image that native code is built in.
      type: str
    runtime_image:
      description: The image that stands for what Lambda runs the code on.
      type: str
    os:
      description: The system of both; null if it is not known.
      type: str
    glibc:
      description: The version of its C library; null if the system is not known.
      type: str
    deprecated:
      description: Whether AWS had retired the runtime when this collection was released.
      type: bool
  sample:
    runtime: nodejs20.x
    architecture: arm64
    build_image: public.ecr.aws/sam/build-nodejs20.x:latest-arm64
    runtime_image: public.ecr.aws/lambda/nodejs:20-arm64
    os: Amazon Linux 2023
    glibc: "2.34"
    deprecated: true
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.lambdaops.deploy.plugins.module_utils._errors import EngineError
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.runtimes import images_of


def lambda_images(
    runtime: object, architecture: object = "x86_64", images: Mapping[str, object] | None = None
) -> dict[str, Any]:
    for name, value in (("runtime", runtime), ("architecture", architecture)):
        if not isinstance(value, str):
            raise AnsibleFilterError(f"lambda_images: the {name} is not text but {type(value).__name__}.")
    if images is not None and not isinstance(images, Mapping):
        raise AnsibleFilterError(f"lambda_images: images is not a mapping but {type(images).__name__}.")
    try:
        found = images_of(str(runtime), str(architecture), images)
    except EngineError as error:
        raise AnsibleFilterError(f"lambda_images: {error}") from error
    return {
        "runtime": found.runtime,
        "architecture": found.architecture,
        "build_image": found.build_image,
        "runtime_image": found.runtime_image,
        "os": found.system.title if found.system else None,
        "glibc": found.system.glibc if found.system else None,
        "deprecated": found.deprecated,
    }


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"lambda_images": lambda_images}
