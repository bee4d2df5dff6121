# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where engines meet Ansible and AWS: the client and the errors.

The engines know nothing of Ansible and this file knows nothing of what they do.
"""

from __future__ import annotations

from ._task import DiscreetModule  # before all else: it sets how the process collects what the others leave

# isort: split
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.common import set_collection_info
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ._errors import EngineError
from ._version import VERSION


class LambdaopsModule(AnsibleAWSModule):
    """The AnsibleAWSModule of this collection.

    secret_options: options whose values are shown nowhere, though their names are.
    """

    def __init__(self, *, secret_options: frozenset[str] = frozenset(), **kwargs: Any) -> None:
        # AWX hands a session token over under its older name, which botocore reads and amazon.aws does not.
        if token := os.environ.get("AWS_SECURITY_TOKEN"):
            os.environ.setdefault("AWS_SESSION_TOKEN", token)
        DiscreetModule.secret_options = secret_options
        AnsibleAWSModule.default_settings["module_class"] = DiscreetModule
        set_collection_info(collection_name="lambdaops.deploy", collection_version=VERSION)
        super().__init__(**kwargs)

    def engine_client(self, service: str, longest_answer: int = 60) -> Any:
        """A botocore client that tries once, whatever `aws_config` says: the engines decide what is safe to repeat.

        longest_answer: seconds after which an answer counts as lost.
        """
        config = {
            **(self.params["aws_config"] or {}),
            "retries": {"total_max_attempts": 1, "mode": "standard"},
            "connect_timeout": 10,
            "read_timeout": longest_answer,
        }
        return self.client(service, aws_config=config)

    def warn(self, *args: Any, **kwargs: Any) -> None:
        """Warn once: amazon.aws would pass the warning on in the result as well, which is deprecated."""
        self._module.warn(*args, **kwargs)

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Turn an engine's error into this task's failure, with the facts that the error carries."""
        try:
            yield
        except EngineError as error:
            self.fail_json(msg=str(error), **error.facts)
