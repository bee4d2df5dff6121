# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A comparison as the values that the module returns: JSON-ready, the same keys whatever the verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .advice import advise
from .compare import Comparison
from .facts import ImageFacts
from .parity import Difference
from .report import table
from .transfer import Transfer


def as_results(comparison: Comparison, transfer: Transfer, notes: Iterable[str]) -> dict[str, Any]:
    parity, build, runtime = comparison.parity, comparison.build, comparison.runtime
    return {
        "changed": False,
        "verdict": parity.verdict.value,
        "differences": [_difference(difference) for difference in parity.differences],
        "build": _image(build),
        "runtime": _image(runtime),
        "build_only_packages": list(parity.build_only),
        "transfer": transfer.as_result(),
        "advice": list(advise(parity, build, runtime)),
        "table": table(parity),
        "notes": [*parity.notes, *notes],
    }


def _difference(difference: Difference) -> dict[str, str]:
    return {
        "kind": difference.kind,
        "name": difference.name,
        "build": difference.build,
        "runtime": difference.runtime,
        "severity": difference.severity.value,
        "why": difference.why,
    }


def _image(facts: ImageFacts) -> dict[str, Any]:
    """Release and packages are null where no layer had to be read or could be read."""
    os = facts.os
    return {
        "reference": str(facts.reference),
        "pinned": f"{facts.reference.name}@{facts.digest}",
        "digest": facts.digest,
        "index_digest": facts.index_digest or None,
        "platform": str(facts.platform),
        "layers": len(facts.diff_ids),
        "library_path": facts.library_path,
        "os_release": os.os_release.pretty_name if os and os.os_release else None,
        "release": os.release or None if os else None,
        "system_release": os.system_release or None if os else None,
        "packages": len(os.packages) if os and os.packages is not None else None,
    }
