# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The testbed of these tests, and an environment that points botocore and Ansible at it."""

from __future__ import annotations

from bed import bed, host, make, pointed, running, settings

__all__ = ["bed", "host", "make", "pointed", "running", "settings"]
