#!/usr/bin/python
# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arguments in, one result out; the work is done in module_utils/_code."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_code_checksum
version_added: 0.1.0
short_description: Hash the code of a Lambda function, compare it, and say which mistake made a checksum wrong
description:
  - Hashes a deployment package in the encodings that AWS and people use, and tests every entry of it on the way.
  - Compares it with a checksum that somebody wrote down, in whatever encoding, and with the C(CodeSha256) of what a
    function runs.
  - A checksum that can never equal Lambda's C(CodeSha256) makes a controller deploy the same code for ever. When
    O(expected) does not match, RV(diagnosis) names the known mistake that fits and the value that is right.
  - Changes nothing.
author:
  - lambdaops.deploy contributors (@lambdaops)
options:
  path:
    description:
      - The package, a zip file or a directory that is to become one, on the host that runs the task.
      - A directory has no SHA-256 of its own, since the bytes of a zip depend on who makes it; it has
        RV(content_sha256).
    type: path
    required: true
  expected:
    description:
      - The SHA-256 that the zip should have, in base64 with or without padding, in hex of any case, or as C(sha256:)
        with hex.
      - Anything else is no error by itself, but a mismatch with a diagnosis.
    type: str
  fail_on_mismatch:
    description:
      - Whether the task fails when O(expected) does not match. All return values are there then, too.
      - Otherwise the diagnosis is a warning, and RV(matches_expected) is for the play to act on.
      - What a function runs is only reported, since it differs before each deployment.
    type: bool
    default: false
  other_paths:
    description:
      - Other files that O(expected) may have been taken from, such as an earlier build. They are read only when it does
        not match.
    type: list
    elements: path
    default: []
  function_name:
    description:
      - Name or ARN of a function whose deployed code the package is compared with. Takes one call, C(GetFunction).
      - Without it, neither boto3 nor credentials nor a region are needed.
    type: str
  qualifier:
    description:
      - Version or alias of the function. The default is the unpublished version, V($LATEST).
    type: str
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details:
      - Nothing is changed in any mode.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: posix
notes:
  - A package that Lambda would not take is an error. That is one that is damaged, empty or encrypted, that holds more
    than 250 MB unzipped, or entries with absolute names or C(..) in them.
  - Symbolic links in a directory are hashed as links, as C(zip --symlinks) packs them.
seealso:
  - module: lambdaops.deploy.lambda_safe_update
    description: Deploys the package, and proves that Lambda runs it.
  - module: ansible.builtin.stat
    description: Hashes any file, in hex, with SHA-1 unless told otherwise.
requirements:
  - python >= 3.11
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Does the function run this package?
  lambdaops.deploy.lambda_code_checksum:
    path: build/orders.zip
    function_name: orders
  register: deployed

- name: Update the function only if it does not
  lambdaops.deploy.lambda_safe_update:
    name: orders
    zip_file: build/orders.zip
    code_sha256: "{{ deployed.sha256_base64 }}"
  when: not deployed.matches_function

- name: Stop the play unless the package is the one that was approved (a file that sha256sum wrote)
  lambdaops.deploy.lambda_code_checksum:
    path: build/orders.zip
    expected: "{{ lookup('ansible.builtin.file', 'build/orders.sha256') | split | first }}"
    fail_on_mismatch: true

- name: Is this checksum right, and if not, why?
  lambdaops.deploy.lambda_code_checksum:
    path: build/orders.zip
    expected: "{{ checksum_from_the_pipeline }}"
  register: checksum

- name: Show the answer
  ansible.builtin.debug:
    var: checksum.diagnosis

- name: Find out whose hash it is
  lambdaops.deploy.lambda_code_checksum:
    path: build/orders.zip
    expected: "{{ approved_sha256 }}"
    other_paths:
      - build/orders-previous.zip
      - build/payments.zip

- name: Hash what a directory holds, whatever its timestamps are
  lambdaops.deploy.lambda_code_checksum:
    path: build/orders
  register: source
"""

RETURN = r"""
msg:
  description: The result in one sentence.
  returned: always
  type: str
  sample: "The SHA-256 of build/orders.zip in base64 is n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=."
sha256_hex:
  description: SHA-256 of the zip in hex, as C(sha256sum) prints it; null for a directory.
  returned: when the package is sound
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
sha256_base64:
  description: SHA-256 of the zip in base64, as Lambda's C(CodeSha256); null for a directory.
  returned: when the package is sound
  type: str
  sample: n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=
content_sha256:
  description:
    - SHA-256 in hex over what the package holds, which ignores timestamps, order and compression. It is the same for a
      zip and for the directory it was made from.
    - It is taken over one record for each file and symbolic link, sorted by the bytes of the names. A record is the
      mode (V(100644), V(100755) if the owner may execute the file, V(120000) for a symbolic link), a space, the SHA-256
      in hex of the file's bytes or of the link's target, a space, the name, and a NUL byte. Directories have none.
  returned: when the package is sound
  type: str
  sample: cde6da5b49856e5911a0dfad1904c4fcfb886fb7c825f6c65d1a9800a6882ec5
size:
  description: Bytes of the zip, or of all files in the directory.
  returned: when the package is sound
  type: int
  sample: 48211
entries:
  description: How many files and symbolic links the package holds.
  returned: when the package is sound
  type: int
  sample: 37
uncompressed_size:
  description: Bytes of all entries, unzipped.
  returned: when the package is sound
  type: int
  sample: 190032
matches_expected:
  description:
    - Whether the zip has the SHA-256 that O(expected) states, in any encoding; null if O(expected) was not given.
    - A directory matches none.
  returned: when the package is sound
  type: bool
  sample: false
matches_function:
  description:
    - Whether the function runs exactly this zip; null if O(function_name) was not given, and for a directory.
    - Always false for a function that is deployed as a container image.
  returned: when the package is sound
  type: bool
  sample: true
function:
  description: The function as Lambda reports it; null if O(function_name) was not given.
  returned: when the package is sound
  type: dict
  contains:
    name:
      description: Name of the function.
      type: str
      sample: orders
    code_sha256:
      description: The C(CodeSha256), base64 of the zip's hash, or bare hex for a container image.
      type: str
      sample: n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=
    version:
      description: The version that was looked at.
      type: str
      sample: "7"
    last_modified:
      description: When it was last updated.
      type: str
      sample: "2026-08-14T09:30:00.000+0000"
    package_type:
      description: C(Zip) or C(Image).
      type: str
      sample: Zip
diagnosis:
  description: What O(expected) is; null if it was not given.
  returned: when the package is sound
  type: dict
  contains:
    code:
      description:
        - C(right), C(right_unpadded), C(right_in_hex) or C(right_in_prefixed_hex) if it matches.
        - No checksum at all, C(empty), C(template), C(placeholder) or C(no_hash).
        - A SHA-256 in a wrong dress, C(white_space), C(quotes), C(checksum_line), C(prefix), C(separators),
          C(url_safe_base64), C(changed_case), C(base64_of_hex), C(double_base64), C(hex_of_text) or C(cut_short).
        - Another kind of hash, C(s3_etag), C(multipart_etag), C(composite_checksum), C(md5), C(sha1), C(sha512) or
          C(crc).
        - A SHA-256 of something else, C(hash_of_nothing), C(content_sha256), C(inner_file), C(hash_of_text),
          C(other_file), C(deployed_code), C(directory) if O(path) is one, or C(unknown_sha256).
      type: str
      sample: md5
    message:
      description: The mistake in one sentence, with the right value.
      type: str
      sample: >-
        The checksum is the MD5 of some file, as md5sum, Content-MD5 or an S3 ETag; the SHA-256 of build/orders.zip in
        base64, as AWS wants it, is n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=.
    expected_encoding:
      description: How O(expected) is written, C(base64), C(base64_unpadded), C(hex), C(hex_prefixed), or null.
      type: str
      sample:
    right_value:
      description: What to write instead, the SHA-256 in base64; null for a directory.
      type: str
      sample: n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=
notes:
  description: What could not be compared, and why.
  returned: when the package is sound
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible.module_utils.common.text.converters import to_native
from ansible_collections.amazon.aws.plugins.module_utils.botocore import check_sdk_version_supported
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleBotocoreError
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.comparison import Deployed, check
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.errors import CodeError
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.client import LambdaApi
from ansible_collections.lambdaops.deploy.plugins.module_utils._module import LambdaopsModule

ARGUMENTS: dict[str, Any] = {
    "path": {"type": "path", "required": True},
    "expected": {"type": "str"},
    "fail_on_mismatch": {"type": "bool", "default": False},
    "other_paths": {"type": "list", "elements": "path", "default": []},
    "function_name": {"type": "str"},
    "qualifier": {"type": "str"},
}


def deployed_code(module: LambdaopsModule) -> Deployed | None:
    """What the function runs; None if none was named."""
    name, qualifier = module.params["function_name"], module.params["qualifier"]
    if name is None:
        return None
    if not name.strip():
        raise CodeError("function_name is empty.", hint="Name a function, or leave the option out.")
    try:
        check_sdk_version_supported(warn=module.warn)
    except AnsibleBotocoreError as error:
        module.fail_json(msg=to_native(error))
    seen = LambdaApi(module.engine_client("lambda")).get_function(name, qualifier)
    return Deployed(seen.name, seen.code_sha256, seen.version, seen.last_modified, seen.package_type)


def main() -> None:
    module = LambdaopsModule(
        argument_spec=ARGUMENTS,
        required_by={"qualifier": ["function_name"]},
        required_if=[("fail_on_mismatch", True, ["expected"])],
        supports_check_mode=True,
        check_boto3=False,
    )
    params = module.params
    with module.reporting():
        checked = check(params["path"], params["expected"], params["other_paths"], deployed_code(module))
    result = {"changed": False, "msg": checked.message, **checked.as_result()}
    if checked.matches_expected is False:
        if params["fail_on_mismatch"]:
            module.fail_json(**result)
        module.warn(checked.message)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
