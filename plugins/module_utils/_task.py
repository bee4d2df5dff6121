# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task as a process: how it collects garbage, and what it may show. Nothing here knows AWS.

Options that carry secrets inside otherwise harmless values (an environment, say) are masked here by name, because
``no_log`` would censor every result that happens to contain such a value: an environment of ``{"DEBUG": "1"}`` would
star out each ``1``.
"""

from __future__ import annotations

import gc

# A task is a short process: it imports and builds much, and drops next to nothing of it. Looking through all of it for
# cycles every 700 objects, as Python does, takes a tenth of a task that has nothing to do. Before the other imports,
# because most of it is theirs.
gc.set_threshold(50_000)

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.module_utils.basic import AnsibleModule

HIDDEN = "VALUE_HIDDEN"


def masked(params: Mapping[str, Any], secret_options: frozenset[str]) -> dict[str, Any]:
    """The task's arguments with the values of secret options hidden and their names kept."""
    return {option: _mask(value) if option in secret_options else value for option, value in params.items()}


def _mask(value: Any) -> Any:
    match value:
        case None:
            return None
        case Mapping():
            return dict.fromkeys(value, HIDDEN)
        case _:
            return HIDDEN


class DiscreetModule(AnsibleModule):
    """An AnsibleModule that hides secret options in the system's log and in the invocation of every result.

    secret_options: options whose values are shown nowhere, though their names are.
    """

    secret_options: ClassVar[frozenset[str]] = frozenset()
    params: dict[str, Any]

    def _log_invocation(self) -> None:
        shown, self.params = self.params, self._masked_params()
        try:
            super()._log_invocation()
        finally:
            self.params = shown

    def _return_formatted(self, kwargs: dict[str, Any]) -> None:
        kwargs.setdefault("invocation", {"module_args": self._masked_params()})
        super()._return_formatted(kwargs)
        gc.freeze()  # the process ends now, and Python would look through all that it holds once more

    def _masked_params(self) -> dict[str, Any]:
        """An option that does not exist may be a secret one with a slip of the pen in its name."""
        known = {name for option, spec in self.argument_spec.items() for name in (option, *spec.get("aliases", ()))}
        return masked(self.params, self.secret_options | (self.params.keys() - known))
