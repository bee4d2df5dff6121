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
  - Hashes a deployment package in the encodings that AWS and people use, and tests every entry of it on the way. Of a
    package in S3 and of a container image, it finds the hash where S3 or the registry states it.
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
      - Exactly one of O(path), O(s3_bucket) and O(image_uri) is needed.
    type: path
  s3_bucket:
    description:
      - Bucket of a package in S3.
      - Its SHA-256 is what S3 states of the whole object. Where S3 states none, it is what an object with the same key
        and C(.sha256) behind it says, a hash alone or a line as C(sha256sum) writes it, unless that is older than the
        package. Where there is none either, O(s3_download) helps.
      - The checksum of a multipart upload is one of its parts' checksums, and an ETag is no SHA-256. Neither is used.
    type: str
  s3_key:
    description:
      - Key of the package in the bucket.
    type: str
  s3_object_version:
    description:
      - Version of the object in a bucket with versioning. The default is the newest.
    type: str
  s3_download:
    description:
      - Whether the object is read in full, and hashed on the way, when its SHA-256 is stated nowhere.
      - Nothing is written to disk.
    type: bool
    default: false
  image_uri:
    description:
      - A container image, V(host/repository:tag) or V(host/repository@sha256:...).
      - Its digest is the one in the reference, or the one that the registry has for the tag.
      - Logins are those that C(docker login) stored for the user who runs the module. Without one for a private Amazon
        ECR repository, ECR is asked for it (C(ecr:GetAuthorizationToken)) with the AWS credentials of the task.
    type: str
  registry_mirrors:
    description:
      - Where to read the images of a registry instead, by its host, as in
        O(lambdaops.deploy.lambda_image_parity#module:registry_mirrors).
    type: dict
    default: {}
  expected:
    description:
      - The SHA-256 that the code should have, in base64 with or without padding, in hex of any case, or as C(sha256:)
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
      - Name or ARN of a function whose deployed code is compared. Takes one call, C(GetFunction). When O(expected)
        matches nothing so far, the function's other versions are looked at as well (C(ListVersionsByFunction)).
      - With O(path) and without it, neither boto3 nor credentials nor a region are needed.
    type: str
  qualifier:
    description:
      - Version or alias of the function, whose code is compared then. The default is the unpublished version,
        V($LATEST).
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
  - Where a zip has two entries of one name, the last one counts, as it does when the zip is unpacked.
    M(lambdaops.deploy.lambda_artifact_check) refuses such a zip if they differ.
seealso:
  - module: lambdaops.deploy.lambda_safe_update
    description: Deploys the package, and proves that Lambda runs it.
  - module: ansible.builtin.stat
    description: Hashes any file, in hex, with SHA-1 unless told otherwise.
requirements:
  - python >= 3.11
  - requests (for images; it comes with the Python package C(docker))
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

- name: Is this the package in S3?
  lambdaops.deploy.lambda_code_checksum:
    s3_bucket: releases
    s3_key: orders/1.4.2.zip
    expected: "{{ checksum_from_the_pipeline }}"
    fail_on_mismatch: true

- name: Does the version behind the alias run this image?
  lambdaops.deploy.lambda_code_checksum:
    image_uri: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/orders:1.4.2
    function_name: orders
    qualifier: live
  register: image

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
  description:
    - SHA-256 of the zip in hex, as C(sha256sum) prints it; of an image, its digest in hex, as Lambda's C(CodeSha256).
    - Null for a directory, for an object whose hash nobody knows, and for an image index of several platforms.
  returned: when the code could be looked at
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
sha256_base64:
  description: The same in base64, as Lambda's C(CodeSha256) of a zip.
  returned: when the code could be looked at
  type: str
  sample: n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=
sha256_source:
  description:
    - Where the hash is from, C(file) (hashed here), C(s3_checksum), C(s3_sha256_object), C(s3_download),
      C(image_reference) or C(registry); null without one.
  returned: when the code could be looked at
  type: str
  sample: file
content_sha256:
  description:
    - SHA-256 in hex over what the package holds, which ignores timestamps, order and compression. It is the same for a
      zip and for the directory it was made from.
    - It is taken over one record for each file and symbolic link, sorted by the bytes of the names. A record is the
      mode (V(100644), V(100755) if the owner may execute the file, V(120000) for a symbolic link), a space, the SHA-256
      in hex of the file's bytes or of the link's target, a space, the name, and a NUL byte. Directories have none.
    - Null unless O(path) was given, and so are RV(entries) and RV(uncompressed_size).
  returned: when the code could be looked at
  type: str
  sample: cde6da5b49856e5911a0dfad1904c4fcfb886fb7c825f6c65d1a9800a6882ec5
size:
  description: Bytes of the zip or object, or of all files in the directory; null for an image.
  returned: when the code could be looked at
  type: int
  sample: 48211
entries:
  description: How many files and symbolic links the package holds.
  returned: when the code could be looked at
  type: int
  sample: 37
uncompressed_size:
  description: Bytes of all entries, unzipped.
  returned: when the code could be looked at
  type: int
  sample: 190032
matches_expected:
  description:
    - Whether the code has the SHA-256 that O(expected) states, in any encoding; null if O(expected) was not given, or
      if nobody knows the hash of the object.
    - A directory matches none, and neither does an image index of several platforms.
  returned: when the code could be looked at
  type: bool
  sample: false
matches_function:
  description:
    - Whether the function runs exactly this code; null if O(function_name) was not given, and where there is no hash to
      compare.
    - Always false for a zip and a function that is deployed as a container image, or the reverse. Of an image index,
      whether the function runs one of its images.
  returned: when the code could be looked at
  type: bool
  sample: true
function:
  description: The function as Lambda reports it; null if O(function_name) was not given.
  returned: when the code could be looked at
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
  returned: when the code could be looked at
  type: dict
  contains:
    code:
      description:
        - C(right), C(right_unpadded), C(right_in_hex), C(right_in_prefixed_hex), and for images C(right_with_prefix),
          C(right_in_upper_case) or C(right_in_base64), if it matches.
        - No checksum at all, C(empty), C(template), C(placeholder) or C(no_hash).
        - A SHA-256 in a wrong dress, C(white_space), C(quotes), C(checksum_line), C(prefix), C(image_reference),
          C(separators), C(url_safe_base64), C(changed_case), C(base64_of_hex), C(double_base64), C(hex_of_text) or
          C(cut_short).
        - Another kind of hash, C(s3_etag), C(multipart_etag), C(composite_checksum), C(md5), C(sha1), C(sha512) or
          C(crc).
        - A SHA-256 of something else, C(hash_of_nothing), C(content_sha256), C(inner_file), C(hash_of_text),
          C(other_file), C(deployed_code), C(other_version) or C(unknown_sha256).
        - Of an image, C(index_digest), C(platform_digest), C(config_digest), C(layer_digest) or C(image_tag).
        - C(incomparable) for a SHA-256 where the code has none or nobody knows it, such as a directory.
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
      description: What to write instead, as Lambda states it; null where there is none.
      type: str
      sample: n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=
notes:
  description: What could not be compared, and why.
  returned: when the code could be looked at
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible_collections.lambdaops.deploy.plugins.module_utils._module import LambdaopsModule
from ansible.module_utils.common.text.converters import to_native
from ansible_collections.amazon.aws.plugins.module_utils.botocore import check_sdk_version_supported
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleBotocoreError
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.comparison import Deployed, OtherVersions, check
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.errors import CodeError
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.images import Registries
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.s3 import S3Object
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.subjects import (
    Subject,
    image_in_registry,
    object_in_s3,
    package_at,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.client import LambdaApi
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.snapshot import FunctionSnapshot

ARGUMENTS: dict[str, Any] = {
    "path": {"type": "path"},
    "s3_bucket": {"type": "str"},
    "s3_key": {"type": "str", "no_log": False},
    "s3_object_version": {"type": "str"},
    "s3_download": {"type": "bool", "default": False},
    "image_uri": {"type": "str"},
    "registry_mirrors": {"type": "dict", "default": {}},
    "expected": {"type": "str"},
    "fail_on_mismatch": {"type": "bool", "default": False},
    "other_paths": {"type": "list", "elements": "path", "default": []},
    "function_name": {"type": "str"},
    "qualifier": {"type": "str"},
}


def require_boto3(module: LambdaopsModule) -> None:
    """Packages of this host are hashed without it."""
    try:
        check_sdk_version_supported(warn=module.warn)
    except AnsibleBotocoreError as error:
        module.fail_json(msg=to_native(error))


def ecr_client(module: LambdaopsModule, region: str) -> Any:
    """A client for the registry's region, which need not be the task's."""
    require_boto3(module)
    return module.client("ecr", region=region)


def subject_of(module: LambdaopsModule) -> Subject:
    """The code that the task names."""
    params = module.params
    if params["path"] is not None:
        return package_at(params["path"])
    if params["s3_bucket"] is not None:
        require_boto3(module)
        place = S3Object(params["s3_bucket"], params["s3_key"], params["s3_object_version"])
        return object_in_s3(module.client("s3"), place, download=params["s3_download"])
    registries = Registries(params["registry_mirrors"], lambda region: ecr_client(module, region))
    return image_in_registry(params["image_uri"], registries)


def function_of(module: LambdaopsModule) -> tuple[Deployed | None, OtherVersions]:
    """What the function runs, or what its version or alias runs that the task names; how to ask for the others."""
    name, qualifier = module.params["function_name"], module.params["qualifier"]
    if name is None:
        return None, tuple
    if not name.strip():
        raise CodeError("function_name is empty.", hint="Name a function, or leave the option out.")
    require_boto3(module)
    api = LambdaApi(module.engine_client("lambda"))
    seen = api.get_function(name, qualifier)
    function = ":".join(seen.arn.split(":")[:7])  # without the version

    def other_versions() -> list[Deployed]:
        latest = [] if seen.version == "$LATEST" else [api.get_function(function)]
        return [_deployed(version) for version in (*latest, *reversed(api.versions(function)))]

    return _deployed(seen), other_versions


def _deployed(seen: FunctionSnapshot) -> Deployed:
    return Deployed(seen.name, seen.code_sha256, seen.version, seen.last_modified, seen.package_type)


def main() -> None:
    module = LambdaopsModule(
        argument_spec=ARGUMENTS,
        required_one_of=[("path", "s3_bucket", "image_uri")],
        mutually_exclusive=[("path", "s3_bucket", "image_uri")],
        required_together=[("s3_bucket", "s3_key")],
        required_by={"qualifier": ["function_name"], "s3_object_version": ["s3_key"]},
        required_if=[("fail_on_mismatch", True, ["expected"])],
        supports_check_mode=True,
        check_boto3=False,
    )
    params = module.params
    with module.reporting():
        deployed, other_versions = function_of(module)
        checked = check(subject_of(module), params["expected"], params["other_paths"], deployed, other_versions)
    result = {"changed": False, "msg": checked.message, **checked.as_result()}
    if params["expected"] is not None and not checked.matches_expected:
        if params["fail_on_mismatch"]:
            module.fail_json(**result)
        module.warn(checked.message)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
