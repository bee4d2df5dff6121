# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One update as a script over boto3 does it: code, botocore's waiter, environment, the waiter again.

`{"name": …, "zip_file": path or null, "environment_variables": names and values or null}` on stdin. It compares
nothing, so it always writes, and it retries nothing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import boto3

if __name__ == "__main__":
    wanted = json.load(sys.stdin)
    name = wanted["name"]
    client = boto3.client("lambda")
    settled = client.get_waiter("function_updated_v2")
    if wanted["zip_file"]:
        client.update_function_code(FunctionName=name, ZipFile=Path(wanted["zip_file"]).read_bytes())
        settled.wait(FunctionName=name)
    if wanted["environment_variables"]:
        client.update_function_configuration(
            FunctionName=name, Environment={"Variables": wanted["environment_variables"]}
        )
        settled.wait(FunctionName=name)
    print("{}")
