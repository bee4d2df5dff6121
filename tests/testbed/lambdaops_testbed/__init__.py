# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The testbed of lambdaops.deploy: LocalStack that really runs functions, a registry, an engine."""

from __future__ import annotations

__version__ = "0.1.0"
