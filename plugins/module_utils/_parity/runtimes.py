# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of the images that belong to a Lambda runtime, by the rule that AWS's names follow.

Source: aws-sam-cli, samcli/local/docker/lambda_image.py and samcli/lib/build/build_graph (build images).
"""

from __future__ import annotations

import re

from .._image.errors import BadReference

_RUNTIME = re.compile(r"(?P<letters>[a-z]+)(?P<rest>[0-9][a-z0-9.]*)")
_PROVIDED = re.compile(r"provided(?:\.(?P<system>[a-z0-9]+))?")


def build_image_of(runtime: str, architecture: str) -> str:
    _tag(runtime)
    return f"public.ecr.aws/sam/build-{runtime}:latest-{architecture}"


def runtime_image_of(runtime: str, architecture: str) -> str:
    """`nodejs20.x` → `public.ecr.aws/lambda/nodejs:20-x86_64`, for example. Raises BadReference."""
    return f"public.ecr.aws/lambda/{_tag(runtime)}-{architecture}"


def _tag(runtime: str) -> str:
    if provided := _PROVIDED.fullmatch(runtime):
        return f"provided:{provided['system'] or 'alami'}"
    if found := _RUNTIME.fullmatch(runtime):
        return f"{found['letters']}:{found['rest'].removesuffix('.x')}"
    raise BadReference(
        f"{runtime[:100]!r} is not the name of a Lambda runtime.", hint="Names look like nodejs20.x or python3.12."
    )
