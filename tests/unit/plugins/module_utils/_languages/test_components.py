# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which package a file belongs to, by the places and the records that package managers leave."""

from __future__ import annotations

import pytest
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.components import Components
from ansible_collections.lambdaops.deploy.plugins.module_utils._native.contents import LAYER_ROOT
from hypothesis import given
from hypothesis import strategies as st
from native_packages import contents

RECORD = b"""numpy/__init__.py,sha256=x,1
numpy/_core/_multiarray_umath.cpython-312-x86_64-linux-gnu.so,sha256=x,1
"numpy/odd,name.so",sha256=x,1
../../bin/f2py,sha256=x,1

"""
TEXTS = {
    "node_modules/sharp/package.json": b'{"name": "sharp", "version": "0.33.5"}',
    "node_modules/@img/sharp-linux-x64/package.json": b'{"version": "0.33.5"}',
    "node_modules/a/node_modules/bcrypt/package.json": b'{"version": "5.1.1"}',
    "node_modules/bcrypt/package.json": b'{"version": "6.0.0"}',
    "node_modules/broken/package.json": b"{",
    "node_modules/odd/package.json": b'{"version": 7}',
    "node_modules/list/package.json": b"[]",
    "numpy-2.1.0.dist-info/RECORD": RECORD,
    "numpy-2.1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\r\nTag: cp312-cp312-manylinux_2_17_x86_64\r\nTag: other\r\n",
    "lib/site/charset_normalizer-3.4.0.dist-info/RECORD": b"charset_normalizer/md.so,,\n",
}
COMPONENTS = Components([contents(texts=TEXTS)])
NAMES = {
    "node_modules/sharp/lib/index.node": "sharp 0.33.5",
    "node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64.node": "@img/sharp-linux-x64 0.33.5",
    "node_modules/a/node_modules/bcrypt/lib/bcrypt.node": "bcrypt 5.1.1",
    "node_modules/bcrypt/lib/bcrypt.node": "bcrypt 6.0.0",
    "node_modules/.pnpm/x@1/node_modules/x/x.node": "x",
    "node_modules/unknown/a.node": "unknown",
    "node_modules/broken/a.node": "broken",
    "node_modules/odd/a.node": "odd",
    "node_modules/list/a.node": "list",
    "numpy/_core/_multiarray_umath.cpython-312-x86_64-linux-gnu.so": "numpy 2.1.0",
    "numpy/odd,name.so": "numpy 2.1.0",
    "lib/site/charset_normalizer/md.so": "charset-normalizer 3.4.0",
    "vendor/bundle/ruby/3.3.0/gems/nokogiri-1.16.2-x86_64-linux/lib/nokogiri/3.3/nokogiri.so": "nokogiri 1.16.2",
    "vendor/bundle/ruby/3.3.0/extensions/x86_64-linux/3.3.0/bigdecimal-3.1.6/bigdecimal.so": "bigdecimal 3.1.6",
    "lib/snappy-java-1.1.10.5.jar!/org/xerial/snappy/native/Linux/x86_64/libsnappyjava.so": "snappy-java-1.1.10.5",
    "own/module.so": "",
    "node_modules/a.node": "",
}


@pytest.mark.parametrize(("file", "name"), NAMES.items(), ids=NAMES)
def test_a_file_s_package_and_its_version(file: str, name: str) -> None:
    assert COMPONENTS.name_of(file) == name


def test_a_wheel_s_tags_are_kept() -> None:
    owner = COMPONENTS.distribution_of("numpy/__init__.py")

    assert owner
    assert owner.tags == ("cp312-cp312-manylinux_2_17_x86_64", "other")
    assert COMPONENTS.distribution_of("own/module.so") is None


def test_a_later_layer_says_the_version() -> None:
    def layer(version: str) -> object:
        text = f'{{"version": "{version}"}}'.encode()
        return contents(texts={"nodejs/node_modules/a/package.json": text}, root=LAYER_ROOT)

    both = Components([layer("1.0.0"), layer("2.0.0")])  # type: ignore[list-item]

    assert both.name_of("nodejs/node_modules/a/a.node") == "a 2.0.0"


def test_what_a_wheel_has_put_somewhere_is_known_though_it_was_not_packed() -> None:
    record = b"psycopg2/_psycopg.so,,\npsycopg2_binary.libs/libpq-a17e3caa.so.5.17,,\n"
    components = Components([contents(texts={"python/psycopg2_binary-2.9.9.dist-info/RECORD": record})])

    assert components.recorded("libpq-a17e3caa.so.5.17") == "python/psycopg2_binary.libs/libpq-a17e3caa.so.5.17"
    assert components.recorded("libpq.so.5") == ""
    assert components.recorded("") == ""


def test_the_folders_in_which_a_wheel_has_libraries() -> None:
    record = b"m/_m.so,,\nm.libs/liba.so,,\nm.libs/libb.so,,\nm/x.libs/c.so,,\nd.libs,,\n"
    texts = {"python/m-1.dist-info/RECORD": record, "n-1.dist-info/RECORD": b"n.so,,\n"}
    components = Components([contents(texts=texts)])
    owners = [components.distribution_of(file) for file in ("python/m/_m.so", "n.so")]

    assert [components.folders_of_libraries(owner) for owner in owners if owner] == [("m.libs",), ()]


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_no_text_is_too_broken(record: bytes, manifest: bytes) -> None:
    texts = {"a-1.dist-info/RECORD": record, "a-1.dist-info/WHEEL": record, "node_modules/a/package.json": manifest}
    components = Components([contents(texts=texts)])

    assert components.name_of("node_modules/a/a.node").startswith("a")
    assert components.name_of("a.so") in ("", "a 1")
    assert components.only_for_other_systems("node_modules/a/a.node") in (True, False)
