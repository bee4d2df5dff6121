# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exports that point a shell at the testbed, for `eval "$(make -s env)"` in sh and bash."""

from __future__ import annotations

import shlex
from collections.abc import MutableMapping

from .settings import HOST, Settings

REGION = "eu-west-1"

# What would lead botocore or amazon.aws somewhere else, or refuse the testbed's keys.
MISLEADING = (
    "AWS_DEFAULT_PROFILE",
    "AWS_ENDPOINT_URL_LAMBDA",
    "AWS_ENDPOINT_URL_S3",
    "AWS_PROFILE",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_URL",
)
NO_PROXY = ("NO_PROXY", "no_proxy")


def variables(settings: Settings) -> dict[str, str]:
    """What points botocore, amazon.aws and Ansible at the testbed; PATH is left to the caller."""
    return {
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        # No word: Ansible stars it out wherever it stands in a result.
        "AWS_SECRET_ACCESS_KEY": "0nly/for+localstack",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "ANSIBLE_COLLECTIONS_PATH": str(settings.cache / "collections"),
        "ANSIBLE_HOME": str(settings.cache / "ansible"),
        "ANSIBLE_REMOTE_TMP": str(settings.cache / "ansible" / "tmp"),  # not every user has a home
    }


def point_at(settings: Settings, environ: MutableMapping[str, str]) -> None:
    """Change an environment as the exports would."""
    for name in MISLEADING:
        environ.pop(name, None)
    for name in NO_PROXY:
        environ[name] = ",".join(filter(None, (HOST, environ.get(name))))
    environ.update(variables(settings))


def exports(settings: Settings) -> str:
    lines = [f"unset {' '.join(MISLEADING)}"]
    lines += [f'export {name}="{HOST}${{{name}:+,${name}}}"' for name in NO_PROXY]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables(settings).items()]
    lines.append(f'export PATH={shlex.quote(str(settings.checkout / ".venv" / "bin"))}:"$PATH"')
    return "\n".join(lines)
