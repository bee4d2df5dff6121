# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong while an ELF file is read."""

from __future__ import annotations

from .._errors import EngineError


class BrokenElf(EngineError):
    """A file that is no ELF file, or one whose parts do not fit."""
