# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run one module's main() once, as Ansible would, in a process that is told when: MODULE on the command line.

It prints a line when it is ready, takes the options from stdin as one line of JSON, and prints the result.
"""

from __future__ import annotations

import importlib
import json
import sys

from ansible.module_utils.testing import patch_module_args

if __name__ == "__main__":
    module = importlib.import_module(sys.argv[1])
    print("ready", flush=True)
    with patch_module_args(json.loads(sys.stdin.readline())):
        module.main()
