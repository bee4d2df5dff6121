#!/usr/bin/python
# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_package
version_added: 0.1.0
short_description: Build a reproducible zip for a Lambda function or layer
description:
  - Packs directories and files into a zip whose bytes depend on their names, contents and executable bits, and on
    nothing else. Not on timestamps, owners, the umask, the order of a file system, the machine, or the version of
    Python. So its checksum changes only when the code does, and an update that is not needed is not made.
  - A package that is unchanged is left alone, even its modification time. A changed one replaces the old one as a
    whole, or not at all.
author:
  - lambdaops.deploy contributors (@lambdaops)
requirements:
  - python >= 3.11
  - pathspec >= 0.12.1 (for O(exclude) and for ignore files; nothing else needs it)
options:
  src:
    description:
      - The directory whose files are packed, or a single file, on the host that runs the task.
      - Exactly one of O(src) and O(sources) is needed. What is empty, as surveys send it, counts as left out.
    type: path
  prefix:
    description:
      - Directory inside the package below which the files of O(src) stand, such as V(python) or V(nodejs/node_modules)
        for a layer. Without it they stand at the top.
    type: str
    default: ""
  sources:
    description:
      - Several directories and files that make one package. A name that two of them give is an error.
    type: list
    elements: dict
    suboptions:
      path:
        description: A directory, or a single file, which goes in whatever the patterns say.
        type: path
        required: true
      prefix:
        description: Directory inside the package for the files of this source.
        type: str
        default: ""
      exclude:
        description: Patterns for this source, after those of O(exclude).
        type: list
        elements: str
        default: []
  dest:
    description:
      - The zip. Its directory has to exist.
      - If it lies in a directory that is packed, it is left out by itself. So is what is packed of links to it.
      - A file there that is no zip is not replaced; a damaged zip is.
    type: path
    required: true
  rehearses:
    description:
      - The path that the package is meant for, where O(dest) is only another one to try it out. It is left out as
        O(dest) is, so that the package has the bytes that it would have there. Nothing is read from or written to it.
    type: path
  exclude:
    description:
      - What is left out, as patterns with the meaning they have in a C(.gitignore) file at the top of each source, V(!)
        for what goes in all the same included. They come after those of O(ignore_file) and O(default_excludes), and the
        last one that matches decides.
      - As with git, nothing below a directory that is left out can be brought back.
      - Backslashes and classes such as C([:alpha:]) between brackets are not supported, and said to be so.
    type: list
    elements: str
    default: []
  ignore_file:
    description:
      - Name of a file with more such patterns, which is read at the top of each source if it is there. It does not go
        in.
      - Empty for none. Files of that name in other directories are files like any other.
    type: str
    default: .lambdaignore
  default_excludes:
    description:
      - Whether C(.git), C(.hg), C(.svn), C(__pycache__/), C(*.pyc), C(*.pyo), C(.DS_Store) and C(._*) are left out.
      - Compiled Python is among them because it holds the time of its source, so that no two builds would be alike.
        Patterns of yours can bring any of them back.
    type: bool
    default: true
  links:
    description:
      - What becomes of symbolic links.
      - V(keep) packs them as links, as C(zip --symlinks) does. One that leads out of the package is an error, unless it
        leads to a directory of the runtime by its absolute path (C(/var/task), C(/opt), C(/tmp), C(/mnt),
        C(/var/lang), C(/var/runtime), C(/dev), C(/proc)). So is one that leads out of its source to what is not in
        the package.
      - V(follow) packs what they lead to, wherever it is. A link that leads nowhere, in a circle, or to a directory
        above itself, is an error unless it is excluded.
    type: str
    choices: [keep, follow]
    default: keep
  compression:
    description:
      - V(deflated) compresses each file where that makes it smaller. A few systems have a zlib that compresses in other
        ways (zlib-ng, or hardware), so their packages have other bytes; the task warns where it finds one.
      - V(stored) does not compress. The bytes are then the same everywhere without exception.
    type: str
    choices: [deflated, stored]
    default: deflated
extends_documentation_fragment:
  - ansible.builtin.files
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details: The package is built and compared, but not written, so all values are those of the real run.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
    details: The entries of both packages, with mode, size and the first digits of their SHA-256.
  platform:
    description: Target OS/families that can be operated against.
    platforms: posix
    support: full
notes:
  - >-
    What the zip holds. Entries are sorted by the bytes of their names, dated 1980-01-01, and have the mode 0644, 0755
    if their owner may execute them, or 0777 for links. Names are in UTF-8. There are no entries for directories, so
    empty directories are not packed.
  - Files with more than 250 MB together are an error before anything is packed, since Lambda takes no more unzipped.
  - A file that is written to while the package is built is an error.
  - >-
    While it is written, a package has a name that begins with C(.lambda_package-), in the directory of O(dest). If the
    task is killed then, such a file stays until the next task for that directory removes it.
seealso:
  - module: lambdaops.deploy.lambda_code_checksum
    description: Hashes the package, and compares it with what a function runs.
  - module: lambdaops.deploy.lambda_safe_update
    description: Deploys the package.
"""

EXAMPLES = r"""
- name: Pack a function
  lambdaops.deploy.lambda_package:
    src: build/orders
    dest: build/orders.zip
  register: package

- name: Deploy it
  lambdaops.deploy.lambda_safe_update:
    name: orders
    zip_file: build/orders.zip
    code_sha256: "{{ package.sha256_base64 }}"

- name: Leave out what the function does not need
  lambdaops.deploy.lambda_package:
    src: "{{ playbook_dir }}/orders"
    dest: "{{ playbook_dir }}/build/orders.zip"
    exclude:
      - tests/
      - "*.md"
      - /build/
      - node_modules/aws-sdk/

- name: See what would change
  lambdaops.deploy.lambda_package:
    src: build/orders
    dest: build/orders.zip
  check_mode: true
  diff: true

- name: Code, dependencies and one configuration file from three places
  lambdaops.deploy.lambda_package:
    sources:
      - path: src
      - path: build/site-packages
        exclude: ["*.dist-info/*", "!*.dist-info/METADATA"]
      - path: config/production.toml
        prefix: config
    dest: build/orders.zip

- name: A layer for Python functions
  lambdaops.deploy.lambda_package:
    src: build/site-packages
    prefix: python
    dest: build/dependencies-layer.zip

- name: A layer for Node.js functions, with the packages that a workspace links to
  lambdaops.deploy.lambda_package:
    src: node_modules
    prefix: nodejs/node_modules
    links: follow
    dest: build/node-layer.zip

- name: The same bytes even where zlib is another one
  lambdaops.deploy.lambda_package:
    src: build/orders
    dest: build/orders.zip
    compression: stored
"""

RETURN = r"""
msg:
  description: What came of it, in one sentence.
  returned: always
  type: str
  sample: >-
    build/orders.zip holds 37 entries in 48,211 bytes; its SHA-256 is n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=.
sha256_base64:
  description: SHA-256 of the zip in base64, as Lambda's C(CodeSha256).
  returned: success
  type: str
  sample: n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=
sha256_hex:
  description: The same in hex, as C(sha256sum) prints it.
  returned: success
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
content_sha256:
  description:
    - SHA-256 in hex over what the package holds, whatever packed it, as
      RV(lambdaops.deploy.lambda_code_checksum#module:content_sha256).
  returned: success
  type: str
  sample: cde6da5b49856e5911a0dfad1904c4fcfb886fb7c825f6c65d1a9800a6882ec5
size:
  description: Bytes of the zip.
  returned: success
  type: int
  sample: 48211
uncompressed_size:
  description: Bytes of all entries, unzipped.
  returned: success
  type: int
  sample: 190032
entries:
  description: How many files and symbolic links the package holds.
  returned: success
  type: int
  sample: 37
excluded:
  description: How many files and directories were left out; what is in these directories is not counted.
  returned: success
  type: int
  sample: 4
added:
  description: Names of entries that the package at O(dest) did not have; all of them if there was none.
  returned: success
  type: list
  elements: str
  sample: [lib/prices.py]
modified:
  description: Names of entries whose content or mode changed.
  returned: success
  type: list
  elements: str
  sample: [app.py]
removed:
  description: Names of entries that only the package before had.
  returned: success
  type: list
  elements: str
  sample: []
limits:
  description: The package beside what Lambda takes.
  returned: success
  type: dict
  contains:
    direct_upload:
      description: The zip, when it is sent in a request instead of through S3.
      type: dict
      contains: &limit
        size:
          description: Bytes of the package.
          type: int
        limit:
          description: Bytes that Lambda takes at most.
          type: int
        fits:
          description: Whether it does.
          type: bool
    unzipped:
      description: All entries; for a function, those of its layers count as well.
      type: dict
      contains: *limit
  sample:
    direct_upload: {size: 48211, limit: 52428800, fits: true}
    unzipped: {size: 190032, limit: 262144000, fits: true}
notes:
  description: What is worth knowing of the package, such as links that lead to nothing.
  returned: success
  type: list
  elements: str
  sample: []
"""

import os
from typing import Any

from ansible_collections.lambdaops.deploy.plugins.module_utils._task import DiscreetModule
from ansible.module_utils.basic import missing_required_lib
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.content import UNZIPPED_LIMIT
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.errors import MissingPathspec, shown
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.upload import DIRECT_UPLOAD_LIMIT
from ansible_collections.lambdaops.deploy.plugins.module_utils._errors import EngineError
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.building import Built, build
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.deflate import makes_what_all_others_do
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.packing import Packing
from ansible_collections.lambdaops.deploy.plugins.module_utils._packing.walking import Rules, Source

ARGUMENTS: dict[str, Any] = {
    "src": {"type": "path"},
    "prefix": {"type": "str", "default": ""},
    "sources": {
        "type": "list",
        "elements": "dict",
        "options": {
            "path": {"type": "path", "required": True},
            "prefix": {"type": "str", "default": ""},
            "exclude": {"type": "list", "elements": "str", "default": []},
        },
    },
    "dest": {"type": "path", "required": True},
    "rehearses": {"type": "path"},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "ignore_file": {"type": "str", "default": ".lambdaignore"},
    "default_excludes": {"type": "bool", "default": True},
    "links": {"type": "str", "choices": ["keep", "follow"], "default": "keep"},
    "compression": {"type": "str", "choices": ["deflated", "stored"], "default": "deflated"},
}
OTHER_ZLIB = (
    "The zlib of this host compresses in another way than most do (zlib-ng, or hardware), so the package has other "
    "bytes here than elsewhere. With `compression: stored` they are the same everywhere."
)


class PackageModule(DiscreetModule):
    """Takes an empty text for `sources` that are left out, as surveys send it."""

    def _load_params(self) -> None:
        super()._load_params()
        if self.params.get("sources") in ("", [""]):
            self.params["sources"] = None


def misuse(params: dict[str, Any]) -> str:
    """What is wrong with the arguments beyond their types, or ""."""
    if bool(params["src"]) == bool(params["sources"]):
        return "Exactly one of `src` and `sources` is needed."
    if params["sources"] and params["prefix"]:
        return "`prefix` belongs to `src`; each of the `sources` has its own."
    if not params["dest"]:
        return "`dest` is empty: give the path of the zip to build."
    return ""


def sources_of(params: dict[str, Any]) -> list[Source]:
    """What is packed."""
    if params["src"]:
        return [Source(params["src"], params["prefix"])]
    return [Source(each["path"] or "", each["prefix"], tuple(each["exclude"])) for each in params["sources"]]


def built(module: DiscreetModule) -> Built:
    """The package, at its place unless this is check mode. Raises EngineError."""
    params = module.params

    def install(path: str, place: str) -> None:
        module.atomic_move(path, place, unsafe_writes=params["unsafe_writes"])

    rules = Rules(
        tuple(params["exclude"]), params["ignore_file"], params["default_excludes"], params["links"] == "follow"
    )
    packing = Packing(compress=params["compression"] == "deflated")
    return build(
        sources_of(params),
        rules,
        params["dest"],
        packing,
        None if module.check_mode else install,
        params["rehearses"] or "",
    )


def as_results(package: Built, dest: str) -> dict[str, Any]:
    """What the module returns of the package."""
    unzipped, changes, entries = package.selection.size, package.changes, len(package.entries)
    return {
        "changed": package.changed,
        "msg": (
            f"{shown(dest)} holds {entries:,} {'entry' if entries == 1 else 'entries'} in {package.size:,} bytes; "
            f"its SHA-256 is {package.digest.base64}."
        ),
        "sha256_base64": package.digest.base64,
        "sha256_hex": package.digest.hex,
        "content_sha256": package.content_sha256.hex,
        "size": package.size,
        "uncompressed_size": unzipped,
        "entries": entries,
        "excluded": package.selection.excluded,
        "added": changes.added,
        "modified": changes.modified,
        "removed": changes.removed,
        "limits": {
            name: {"size": size, "limit": limit, "fits": size <= limit}
            for name, size, limit in (
                ("direct_upload", package.size, DIRECT_UPLOAD_LIMIT),
                ("unzipped", unzipped, UNZIPPED_LIMIT),
            )
        },
        "notes": package.notes,
    }


def main() -> None:
    module = PackageModule(argument_spec=ARGUMENTS, supports_check_mode=True, add_file_common_args=True)
    params = module.params
    if wrong := misuse(params):
        module.fail_json(msg=wrong, changed=False)
    if params["compression"] == "deflated" and not makes_what_all_others_do():
        module.warn(OTHER_ZLIB)
    try:
        package = built(module)
    except MissingPathspec:
        module.fail_json(msg=missing_required_lib("pathspec", reason="for patterns"), changed=False)
    except EngineError as error:
        module.fail_json(msg=str(error), changed=False, **error.facts)
    results = as_results(package, params["dest"])
    attributes: dict[str, Any] = {}
    place = os.path.realpath(params["dest"])  # what a link leads to has a mode that counts
    file_args = module.load_file_common_arguments(params, path=place)
    results["changed"] = module.set_fs_attributes_if_different(file_args, results["changed"], attributes)
    if module._diff:
        before, after = package.diff
        header = {"before_header": params["dest"], "after_header": params["dest"]}
        results["diff"] = [{"before": before, "after": after} | header]
        if attributes:
            results["diff"].append(attributes | header)
    module.exit_json(**results)


if __name__ == "__main__":
    main()
