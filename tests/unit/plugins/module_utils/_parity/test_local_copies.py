# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.engine import LocalCopy
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.local_copies import Freshness, judge

INDEX, IMAGE, OLD = (f"sha256:{character * 64}" for character in "abc")


@pytest.mark.parametrize(
    ("known", "index", "digest", "expected"),
    [
        (None, INDEX, IMAGE, Freshness.ABSENT),
        (None, "", "", Freshness.ABSENT),
        ((INDEX,), INDEX, IMAGE, Freshness.FRESH),
        ((IMAGE,), INDEX, IMAGE, Freshness.FRESH),
        ((IMAGE,), "", IMAGE, Freshness.FRESH),
        ((OLD, INDEX), INDEX, IMAGE, Freshness.FRESH),
        ((OLD,), INDEX, IMAGE, Freshness.STALE),
        ((), INDEX, IMAGE, Freshness.UNKNOWN),
        ((OLD,), "", "", Freshness.UNKNOWN),
    ],
)
def test_a_copy_is_fresh_if_the_registry_has_it_under_one_of_its_digests(
    known: tuple[str, ...] | None, index: str, digest: str, expected: Freshness
) -> None:
    copy = None if known is None else LocalCopy("public.ecr.aws/a:1", IMAGE, known)
    assert judge(copy, index, digest) is expected
