# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of modules share: running a module's main() in this process, as Ansible would run it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils import _internal
from ansible.module_utils.common import warnings
from ansible.module_utils.common.parameters import PASS_VARS
from ansible.module_utils.testing import patch_module_args

RunModule = Callable[..., dict[str, Any]]


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunModule:
    """Run a module and return what it would send to the controller.

    run_module(lambda_safe_update, name="f", zip_file="code.zip") returns the result as it is printed: serialized,
    with `failed: true` after fail_json, with no_log values already masked, and with the `invocation` that -vvv shows.
    check_mode and diff are Ansible's.
    """
    # A test of a filter makes this process a controller for Ansible, and there warnings are shown instead of returned.
    monkeypatch.setattr(_internal, "is_controller", False)
    # ansible-core 2.19 always adds the invocation, later ones have to be asked.
    internals: dict[str, Any] = {"_ansible_remote_tmp": str(tmp_path)}
    internals |= {f"_ansible_{name}": True for name in ("inject_invocation",) if name in PASS_VARS}

    def run(module: ModuleType, *, check_mode: bool = False, diff: bool = False, **options: Any) -> dict[str, Any]:
        asked = options | internals | {"_ansible_check_mode": check_mode, "_ansible_diff": diff}
        capsys.readouterr()
        for kept in (warnings._global_warnings, warnings._global_deprecations):  # by the process, of earlier runs
            kept.clear()
        with patch_module_args(asked), pytest.raises(SystemExit):
            module.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run
