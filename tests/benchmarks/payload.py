# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module as Ansible sends it to a host: one text for Python's stdin, with all that it imports and its options inside.

A module that is imported from a checkout starts faster than one that runs in a play, because only the former finds its
imports compiled; so what is measured is this.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any


def payload(module: str, options: dict[str, Any]) -> bytes:
    """module: its full name. Ansible builds the archive once in a process, and then only puts in the options."""
    # Ansible reads its settings (where to keep files) from the environment when it is imported, and not before.
    from ansible.executor.module_common import modify_module
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar

    built = modify_module(
        module_name=module,
        module_path=_path(module),
        module_args=options,
        templar=Templar(DataLoader(), variables={}),
        task_vars={"ansible_python_interpreter": sys.executable},
        module_compression="ZIP_DEFLATED",  # Ansible's default
    )
    sent: bytes = built.b_module_data
    return sent


@cache
def _path(module: str) -> str:
    found: str | None = _loader().find_plugin_with_context(module).plugin_resolved_path
    if found is None:
        raise SystemExit(f"There is no module {module} here.")
    return found


@cache
def _loader() -> Any:
    from ansible.plugins.loader import init_plugin_loader, module_loader

    init_plugin_loader([str(Path(os.environ["LAMBDAOPS_CACHE"]) / "collections")])
    return module_loader
