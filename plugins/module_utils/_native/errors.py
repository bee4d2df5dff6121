# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong when a package is checked, each kind by its own name."""

from __future__ import annotations

from .._errors import EngineError


class NativeError(EngineError):
    """A package can't be checked."""
