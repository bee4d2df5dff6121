# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command and write its seconds, its peak of memory in bytes and its exit status to a file, as JSON.

`python watched.py FILE COMMAND…`: small and a process of its own, because what Linux says of a process's memory
includes that of the process which it was forked from.
"""

from __future__ import annotations

import json
import os
import sys
import time

if __name__ == "__main__":
    place, *command = sys.argv[1:]
    begun = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ)
    _pid, status, usage = os.wait4(child, 0)
    seconds = time.monotonic() - begun
    with open(place, "w") as file:
        # Source: getrusage(2): ru_maxrss is in kilobytes.
        json.dump(
            {"seconds": seconds, "peak": usage.ru_maxrss * 1024, "status": os.waitstatus_to_exitcode(status)}, file
        )
