# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo's function: it says which code answers, and in which environment."""

import os

CODE = "2.0"


def handler(event, context):
    return {"code": CODE, "environment": os.environ.get("GREETING", "none")}
