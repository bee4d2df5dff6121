# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From references of every transport to sources. What only some of them need is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .layout import LayoutSource
from .references import ArchiveReference, DaemonReference, ImageReference, LayoutReference, RegistryReference
from .registries import RegistrySources
from .source import Source

if TYPE_CHECKING:
    from .engine import Engine


class Sources(RegistrySources):
    """Lives as long as one task, and is closed after it."""

    _engine: Engine | None = None

    def open(self, reference: ImageReference) -> Source:
        """Raises MissingRequests, MissingDocker, NoEngine."""
        match reference:
            case RegistryReference():
                return self.repository(reference)
            case LayoutReference():
                return LayoutSource(reference.path, self._transfer)
            case ArchiveReference():
                from .archive import ArchiveSource

                return ArchiveSource(reference.path, self._transfer)
            case DaemonReference():
                from .daemon import DaemonSource
                from .engine import Engine

                if self._engine is None:
                    self._engine = Engine.require()
                return DaemonSource(reference, self._engine, self._transfer)

    def close(self) -> None:
        super().close()
        if self._engine:
            self._engine.close()
