#!/usr/bin/python
# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arguments in, one result out; the work is done in module_utils/_function."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_safe_update
version_added: 0.1.0
short_description: Update and release a Lambda function, one settled step at a time
description:
  - Brings an existing AWS Lambda function to the wanted code and configuration. Waits until the function is settled,
    updates the code, waits, updates the configuration with the environment, waits again, and reads the function back.
  - Lambda takes one update at a time and answers C(409 ResourceConflictException) to a second one. This module never
    sends one while another is in progress, and waits for those that somebody else started.
  - With O(alias), what is in force is then published as a version and verified, and only then does the alias move, in
    one step. Callers of the alias get the old code with the old configuration, or the new code with the new one, never
    a mix.
  - What is in force already is not sent again. A task with nothing to do makes one call, C(GetFunction); with O(alias)
    two more, and with O(keep_versions) two beside these.
  - An option that is left out is left alone; an empty one (V(""), V([]), V({})) clears.
  - Values of environment variables are secret. They appear in no result, no diff, no log and no error message; their
    names do.
author:
  - lambdaops.deploy contributors (@lambdaops)
options:
  name:
    description:
      - Name or ARN of the function, which has to exist.
    type: str
    required: true
    aliases: [function_name]
  state:
    description:
      - V(present) is all that this module does. V(absent) is refused, and M(amazon.aws.lambda) deletes functions.
    type: str
    choices: [present, absent]
    default: present
  zip_file:
    description:
      - Path of the zip that is the function's code, at most 50 MB.
      - It is sent only when its SHA-256 is not the C(CodeSha256) that Lambda reports.
    type: path
    aliases: [src]
  s3_bucket:
    description:
      - Bucket of the zip that is the function's code, in the function's region.
      - An unchanged package is not applied again when its SHA-256 is known. That is what O(code_sha256) states, or what
        S3 states of the whole object (upload it in one part with C(--checksum-algorithm SHA256)), or what an object
        with the same key and C(.sha256) behind it says, a hash alone or a line as C(sha256sum) writes it, unless that
        is older than the package; or what O(s3_download) finds out.
      - When nobody knows it, the code is updated each time, with a warning.
    type: str
  s3_key:
    description:
      - Key of the zip in the bucket.
    type: str
  s3_object_version:
    description:
      - Version of the object in a bucket with versioning.
    type: str
  s3_download:
    description:
      - Whether the object is read in full, and hashed on the way, when its SHA-256 is stated nowhere.
      - Nothing is written to disk.
    type: bool
    default: false
  image_uri:
    description:
      - Container image in a private Amazon ECR repository of the function's region, C(<repository>:<tag>) or
        C(<repository>@sha256:<digest>), for a function that was created from an image.
      - The digest behind a tag is asked of the registry, so an image that did not change is not applied again. When the
        registry can't be asked, the code is updated each time, with a warning.
      - Lambda takes no image index, which is what C(docker buildx) pushes unless it is told C(--provenance=false). That
        is an error before anything is touched.
      - Logins are those that C(docker login) stored for the user who runs the module. Without one that is good, ECR is
        asked for it (C(ecr:GetAuthorizationToken)) with the AWS credentials of the task.
    type: str
  registry_mirrors:
    description:
      - Where to ask for the images of a registry instead, by its host, as in
        O(lambdaops.deploy.lambda_image_parity#module:registry_mirrors). Lambda pulls O(image_uri) all the same.
    type: dict
    default: {}
  code_sha256:
    description:
      - SHA-256 that the code must have, or digest that the image must have, in base64, in hex, or as C(sha256:) with
        hex.
      - If O(zip_file) has another one, or S3 says so of the object, or the registry of the image, the task fails before
        anything is touched. What they can't say, only Lambda finds out, and the task fails after the update.
    type: str
  environment_variables:
    description:
      - Environment variables by name. Numbers become their digits, booleans V(true) or V(false).
      - V({}) removes all of them, if O(environment_mode=replace).
    type: dict
  environment_mode:
    description:
      - V(replace) makes the environment exactly O(environment_variables).
      - V(merge) adds and changes the names that are mentioned, removes those whose value is null, and keeps the others.
    type: str
    choices: [replace, merge]
    default: replace
  description:
    description:
      - What the function is for. V("") clears.
    type: str
  handler:
    description:
      - What Lambda calls, C(module.function) for example.
    type: str
  runtime:
    description:
      - Runtime identifier, V(python3.13) for example.
    type: str
  role:
    description:
      - Execution role, as an ARN or as the name of a role in the function's account.
    type: str
  timeout:
    description:
      - How long one invocation may take, in seconds.
    type: int
  memory_size:
    description:
      - Memory in MB.
    type: int
  ephemeral_storage:
    description:
      - Size of C(/tmp) in MB.
    type: int
  tracing_mode:
    description:
      - Whether AWS X-Ray traces invocations.
    type: str
    choices: [Active, PassThrough]
  vpc_subnet_ids:
    description:
      - Subnets of the VPC that the function is connected to, together with O(vpc_security_group_ids).
      - V([]) takes the function out of its VPC, and so removes its security groups as well.
    type: list
    elements: str
  vpc_security_group_ids:
    description:
      - Security groups of the function in its VPC.
    type: list
    elements: str
  vpc_ipv6_allowed_for_dual_stack:
    description:
      - Whether the function may send IPv6 traffic through subnets that have both IPv4 and IPv6.
    type: bool
  dead_letter_arn:
    description:
      - ARN of the SQS queue or SNS topic that gets asynchronous events which could not be processed. V("") clears.
    type: str
  kms_key_arn:
    description:
      - ARN of the KMS key that encrypts environment variables and snapshots. With V(""), a key of AWS does.
    type: str
  file_system_configs:
    description:
      - File systems that the function mounts. V([]) removes all.
    type: list
    elements: dict
    suboptions:
      arn:
        description:
          - ARN of an access point of Amazon EFS or Amazon S3 Files.
        type: str
        required: true
      local_mount_path:
        description:
          - Where the function finds it, below C(/mnt/).
        type: str
        required: true
      s3_files_config:
        description:
          - How the function reads from Amazon S3 Files. Left out, it stays as it is.
        type: dict
        suboptions:
          direct_s3_read:
            description:
              - V(ENABLED) reads straight from the bucket, V(DISABLED) through the file system, V(AUTO) chooses by
                the function's memory.
            type: str
            choices: [AUTO, ENABLED, DISABLED]
  image_config:
    description:
      - What overrides the settings of the container image. Suboptions that are left out stay as they are.
      - V({}), or an empty suboption, goes back to what the image says.
    type: dict
    suboptions:
      entry_point:
        description:
          - Path and arguments of the program to start.
        type: list
        elements: str
      command:
        description:
          - Arguments for the entry point.
        type: list
        elements: str
      working_directory:
        description:
          - Working directory.
        type: str
  snap_start:
    description:
      - Whether Lambda starts published versions from a snapshot of the initialized function.
    type: str
    choices: [PublishedVersions, None]
  logging_config:
    description:
      - How and where the function logs. Suboptions that are left out stay as they are; V({}) goes back to text in the
        function's own log group.
    type: dict
    suboptions:
      log_format:
        description:
          - Format of the logs. Lambda filters by level in V(JSON) only.
        type: str
        choices: [JSON, Text]
      application_log_level:
        description:
          - The least severe level of the function's own logs that is kept. Needs O(logging_config.log_format=JSON),
            which begins with V(INFO).
        type: str
        choices: [TRACE, DEBUG, INFO, WARN, ERROR, FATAL]
      system_log_level:
        description:
          - The least severe level of Lambda's logs that is kept. Needs O(logging_config.log_format=JSON), which begins
            with V(INFO).
        type: str
        choices: [DEBUG, INFO, WARN]
      log_group:
        description:
          - Name of the log group. V("") goes back to C(/aws/lambda/) with the function's name.
        type: str
  runtime_config:
    description:
      - The runtime of your own that the function uses. Needs a botocore that knows it.
    type: dict
    suboptions:
      runtime_arn:
        description:
          - ARN of the runtime.
        type: str
      runtime_alias:
        description:
          - Name of the runtime's alias, which points to a version of it.
        type: str
  durable_config:
    description:
      - Settings of a durable function. Suboptions that are left out stay as they are. Needs a botocore that knows it.
    type: dict
    suboptions:
      execution_timeout:
        description:
          - How long one durable execution may take in all, in seconds.
        type: int
      retention_period_in_days:
        description:
          - How many days the history of an execution is kept after its end.
        type: int
      kms_key_arn:
        description:
          - ARN of the KMS key that encrypts the data of executions. V("") clears.
        type: str
  capacity_provider_config:
    description:
      - Where a function on Lambda Managed Instances runs. Suboptions that are left out stay as they are. Needs a
        botocore that knows it.
    type: dict
    suboptions:
      lambda_managed_instances_capacity_provider_config:
        description:
          - The capacity provider, and what the function needs of it.
        type: dict
        required: true
        suboptions:
          capacity_provider_arn:
            description:
              - ARN of the capacity provider.
            type: str
          per_execution_environment_max_concurrency:
            description:
              - How many invocations one execution environment takes at once.
            type: int
          execution_environment_memory_gib_per_vcpu:
            description:
              - Memory of an execution environment for each vCPU, in GiB.
            type: float
  accelerator_config:
    description:
      - Accelerators of the function. Needs a botocore that knows it.
    type: dict
    suboptions:
      accelerator_memory_size:
        description:
          - The least memory that each accelerator must have, in GB.
        type: int
  layers:
    description:
      - Layers in the order in which they are laid over each other. V([]) removes all.
    type: list
    elements: dict
    suboptions:
      layer_version_arn:
        description:
          - ARN of a layer's version.
        type: str
      layer_name:
        description:
          - Name of a layer in the function's account and region, or its ARN.
        type: str
        aliases: [layer_arn]
      version:
        description:
          - Version of the layer that O(layers[].layer_name) names.
        type: int
        aliases: [layer_version]
  architecture:
    description:
      - Instruction set of the function. It is part of the code, and can be changed only together with it.
    type: str
    choices: [x86_64, arm64]
    aliases: [architectures]
  source_kms_key_arn:
    description:
      - KMS key that encrypts the zip that Lambda keeps. It is part of the code, and can be changed only together with
        it. V("") goes back to a key of AWS.
    type: str
  reserved_concurrent_executions:
    description:
      - How many executions are reserved for this function, which never runs more of them. V(-1) gives the reservation
        up.
    type: int
  update_order:
    description:
      - V(code_first) updates the code, then the configuration; V(config_first) the other way round.
      - V(expand_contract) adds the names that are new in the environment first, then updates the code, then makes the
        environment and the settings as they are wanted. Callers of C($LATEST) never meet code that misses a variable.
      - Callers of an O(alias) never meet a mix, whatever the order.
    type: str
    choices: [code_first, config_first, expand_contract]
    default: code_first
  publish:
    description:
      - Whether to publish a version once code and configuration have settled. A change of the configuration alone is
        published as well, and what is published already is not published again.
      - Without O(alias), the newest version is what counts as published already.
    type: bool
    default: false
  version_description:
    description:
      - Description of a version that is published. Left out, it is the function's.
    type: str
  alias:
    description:
      - Alias that is to stand for what is in force. It is created when it is missing, and moved in one step after the
        version has become active and has passed O(verify). It implies O(publish).
      - The version for which it stood before is noted at the end of its description, for a rollback.
    type: str
  verify:
    description:
      - Invocation of the new version, before the alias is moved. When it does not answer as it should, the alias stays.
      - After a trouble of the service the payload is sent again, so it has to be harmless to repeat. Without O(alias),
        the newest version is verified each time, since nobody knows whether it was when it was published.
    type: dict
    suboptions:
      payload:
        description:
          - What is sent, as JSON. It is not shown.
        type: raw
        default: {}
      status:
        description:
          - Status that the answer must have, which is its C(statusCode) if it has one, as answers for API Gateway and
            function URLs do, and else that of the invocation, 200.
        type: int
      expected:
        description:
          - What the answer has to hold at least. Objects may have more members; all else has to be equal.
          - Left out, every answer passes that is no error.
        type: raw
      timeout:
        description:
          - How long the answer may take, in seconds, within 1 and 900. This does not count for O(wait_timeout).
        type: int
        default: 60
  traffic:
    description:
      - Steps in which the traffic of the alias is shifted to the new version, before it gets all of it.
    type: list
    elements: dict
    suboptions:
      weight:
        description:
          - Share of the calls that the new version gets, between 0 and 1.
        type: float
        required: true
      pause:
        description:
          - How long the step lasts, in seconds. This does not count for O(wait_timeout).
        type: int
        default: 60
  alarms:
    description:
      - Names of CloudWatch alarms that watch O(traffic). When one is in state C(ALARM), all traffic goes back to the
        version that had it, and the task fails. They are looked at before the first write as well.
    type: list
    elements: str
  rollback_on_failure:
    description:
      - Whether C($LATEST) is put back as it was when something fails after the first write. The alias stays where it
        is in any case.
      - The code that is in force is fetched before it is replaced, so a package over 50 MB can't be put back.
    type: bool
    default: false
  keep_versions:
    description:
      - How many published versions to keep. Older ones are deleted, but never one that an alias stands for, shares its
        traffic with, or stood for before.
    type: int
  on_conflict:
    description:
      - What to do when somebody else changes the function during this task.
      - V(retry) reads and plans again from the new state; V(fail) stops and names what was changed.
    type: str
    choices: [retry, fail]
    default: retry
  wait_timeout:
    description:
      - How long all the waiting of this task may take together, in seconds, at least 1.
    type: int
    default: 300
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
    details:
      - Values of environment variables are hidden.
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: posix
notes:
  - Conflicts (409) and changes by others (412) are waited for and planned anew, throttles honour C(Retry-After), and a
    write whose answer was lost is looked up before it is repeated.
  - Idle functions (state C(Inactive)) are updated like active ones.
  - C(retries) in O(aws_config) do not apply, since this module decides what is safe to repeat.
  - Should a message of AWS quote the value of an environment variable, it is starred out if it has four characters or
    more; shorter ones can't be told from ordinary text.
seealso:
  - module: amazon.aws.lambda
    description: Creates and deletes functions.
  - module: lambdaops.deploy.lambda_code_checksum
  - module: lambdaops.deploy.lambda_rollback
requirements:
  - python >= 3.11
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - amazon.aws.tags
"""

EXAMPLES = r"""
- name: Update code and environment
  lambdaops.deploy.lambda_safe_update:
    name: orders
    zip_file: build/orders.zip
    environment_variables:
      TABLE_NAME: orders-live
      LOG_LEVEL: info

- name: Change one variable, remove another, keep the rest
  lambdaops.deploy.lambda_safe_update:
    name: orders
    environment_mode: merge
    environment_variables:
      LOG_LEVEL: debug
      OLD_FLAG: null

- name: Deploy a package from S3, and say what it must be
  lambdaops.deploy.lambda_safe_update:
    name: orders
    s3_bucket: releases
    s3_key: orders/1.4.2.zip
    code_sha256: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

- name: Deploy a container image
  lambdaops.deploy.lambda_safe_update:
    name: invoices
    image_uri: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/invoices:1.4.2

- name: Release through an alias, after the new version has answered as it should
  lambdaops.deploy.lambda_safe_update:
    name: orders
    zip_file: build/orders.zip
    environment_variables:
      TABLE_NAME: orders-live
    alias: live
    verify:
      payload: {ping: true}
      expected: {status: ok}
    rollback_on_failure: true
    keep_versions: 5

- name: Give the new version a tenth of the traffic for five minutes, while an alarm watches
  lambdaops.deploy.lambda_safe_update:
    name: orders
    zip_file: build/orders.zip
    alias: live
    traffic:
      - weight: 0.1
        pause: 300
    alarms: [orders-errors]

- name: Change code and environment without a moment in which callers of $LATEST miss a variable
  lambdaops.deploy.lambda_safe_update:
    name: orders
    zip_file: build/orders.zip
    environment_variables:
      TABLE: orders-live
    update_order: expand_contract

- name: Move the function into a VPC, and its logs to JSON
  lambdaops.deploy.lambda_safe_update:
    name: orders
    vpc_subnet_ids: [subnet-0a1b2c3d, subnet-4e5f6a7b]
    vpc_security_group_ids: [sg-0a1b2c3d]
    logging_config:
      log_format: JSON
      application_log_level: WARN

- name: Give the function more room, and stop if somebody else is changing it
  lambdaops.deploy.lambda_safe_update:
    name: orders
    memory_size: 512
    timeout: 30
    on_conflict: fail
  register: update

- name: Show what each phase took
  ansible.builtin.debug:
    var: update.phases
"""

RETURN = r"""
msg:
  description: What was done, in one sentence.
  returned: always
  type: str
  sample: "orders: code updated in 2.3 s and configuration updated in 2.4 s."
phases:
  description: Each phase of the update in its order. On failure it says what is in force.
  returned: when the function's name was looked up
  type: list
  elements: dict
  contains:
    name:
      description:
        - What the phase is about. C(settle), C(expand), C(code), C(configuration), C(tag), C(untag), C(concurrency),
          C(publish), C(verify), C(shift), C(alias), C(prune), and C(rollback) when something failed.
        - Those that the task did not ask for are left out, but for C(settle), C(code) and C(configuration).
      type: str
      sample: code
    operation:
      description: Name of the operation that is sent to Lambda, or C(Settle) and C(Rollback), which are none.
      type: str
      sample: UpdateFunctionCode
    outcome:
      description:
        - C(done), a wait or a check that ended well.
        - C(unchanged), there was nothing to do. C(planned), check mode.
        - C(applied), in force, settled and read back. C(rolled_back), was in force, until a later phase failed.
        - C(failed), not in force, what was before still is. C(unknown), sent, but its end was not seen.
        - C(not_started), the task ended before.
      type: str
      sample: applied
    seconds:
      description: How long the phase took, with its waiting.
      type: float
      sample: 2.31
    conflicts:
      description: How many conflicts (409) and changes by others (412) it met.
      type: int
      sample: 0
conflicts:
  description: All conflicts of all phases together.
  returned: when the function's name was looked up
  type: int
  sample: 0
function:
  description:
    - The settled function as it was read back, with the settings by the names of the options; in check mode, as it
      would be.
  returned: success
  type: dict
  contains:
    arn:
      description: ARN of the function.
      type: str
      sample: arn:aws:lambda:eu-west-1:123456789012:function:orders
    code_sha256:
      description: SHA-256 of the code in base64, or the digest of the image in hex.
      type: str
      sample: n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=
    environment:
      description: Names of the environment variables.
      type: list
      elements: str
      sample: [LOG_LEVEL, TABLE_NAME]
    state:
      description: State of the function.
      type: str
      sample: Active
    revision_id:
      description: Revision that was read last.
      type: str
      sample: 6b6b5f5e-7d5d-4ddd-a9dc-2f7f4a2b1a3c
version:
  description: Version for which the alias stands, or that was published. V(null) where none was asked for, or in check
    mode when it would be a new one.
  returned: success
  type: str
  sample: "42"
alias:
  description: The alias as it stands; in check mode, as it stood. V(null) where none was asked for.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the alias.
      type: str
      sample: live
    version:
      description: Version for which it stands.
      type: str
      sample: "42"
    weights:
      description: Shares of the traffic that other versions get, by version.
      type: dict
      sample: {}
    previous_version:
      description: Version for which it stood before.
      type: str
      sample: "41"
pruned_versions:
  description: Versions that were deleted, because of O(keep_versions).
  returned: success
  type: list
  elements: str
  sample: ["36"]
environment:
  description: What happened to each variable, by name, C(added), C(changed), C(removed) or C(kept).
  returned: success
  type: dict
  sample: {LOG_LEVEL: changed, TABLE_NAME: kept}
api_calls:
  description: How many calls were made to Lambda and CloudWatch, by operation.
  returned: when the function's name was looked up
  type: dict
  sample: {GetFunction: 5, UpdateFunctionCode: 1, UpdateFunctionConfiguration: 1}
"""

from collections import Counter
from typing import TYPE_CHECKING, Any

from ansible_collections.lambdaops.deploy.plugins.module_utils._module import LambdaopsModule
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.digests import parse_sha256
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.errors import CodeError
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.client import LambdaApi, named
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.code import Code
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.deadline import Deadline
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.deployment import Deployer
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.environment import (
    Mode,
    concealable,
    read_wanted,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.errors import InvalidRequest
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.report import (
    diff_result,
    environment_result,
    function_result,
    release_result,
    summary,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.service import Secrets, Service
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.settings import SETTINGS
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.update import OnConflict
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.wanted import Order, Wanted

if TYPE_CHECKING:  # imported where they are used: most tasks need one kind of code, and many release nothing
    from ansible_collections.lambdaops.deploy.plugins.module_utils._function.release import Release
    from ansible_collections.lambdaops.deploy.plugins.module_utils._function.verify import Verification

ARGUMENTS: dict[str, Any] = {
    "name": {"type": "str", "required": True, "aliases": ["function_name"]},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "zip_file": {"type": "path", "aliases": ["src"]},
    "s3_bucket": {"type": "str"},
    "s3_key": {"type": "str", "no_log": False},
    "s3_object_version": {"type": "str"},
    "s3_download": {"type": "bool", "default": False},
    "image_uri": {"type": "str"},
    "registry_mirrors": {"type": "dict", "default": {}},
    "code_sha256": {"type": "str"},
    "environment_variables": {"type": "dict"},
    "environment_mode": {"type": "str", "choices": ["replace", "merge"], "default": "replace"},
    "description": {"type": "str"},
    "handler": {"type": "str"},
    "runtime": {"type": "str"},
    "role": {"type": "str"},
    "timeout": {"type": "int"},
    "memory_size": {"type": "int"},
    "ephemeral_storage": {"type": "int"},
    "tracing_mode": {"type": "str", "choices": ["Active", "PassThrough"]},
    "vpc_subnet_ids": {"type": "list", "elements": "str"},
    "vpc_security_group_ids": {"type": "list", "elements": "str"},
    "vpc_ipv6_allowed_for_dual_stack": {"type": "bool"},
    "dead_letter_arn": {"type": "str"},
    "kms_key_arn": {"type": "str", "no_log": False},
    "file_system_configs": {
        "type": "list",
        "elements": "dict",
        "options": {
            "arn": {"type": "str", "required": True},
            "local_mount_path": {"type": "str", "required": True},
            "s3_files_config": {
                "type": "dict",
                "options": {"direct_s3_read": {"type": "str", "choices": ["AUTO", "ENABLED", "DISABLED"]}},
            },
        },
    },
    "image_config": {
        "type": "dict",
        "options": {
            "entry_point": {"type": "list", "elements": "str"},
            "command": {"type": "list", "elements": "str"},
            "working_directory": {"type": "str"},
        },
    },
    "snap_start": {"type": "str", "choices": ["PublishedVersions", "None"]},
    "logging_config": {
        "type": "dict",
        "options": {
            "log_format": {"type": "str", "choices": ["JSON", "Text"]},
            "application_log_level": {
                "type": "str",
                "choices": ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"],
            },
            "system_log_level": {"type": "str", "choices": ["DEBUG", "INFO", "WARN"]},
            "log_group": {"type": "str"},
        },
    },
    "runtime_config": {
        "type": "dict",
        "options": {"runtime_arn": {"type": "str"}, "runtime_alias": {"type": "str"}},
    },
    "durable_config": {
        "type": "dict",
        "options": {
            "execution_timeout": {"type": "int"},
            "retention_period_in_days": {"type": "int"},
            "kms_key_arn": {"type": "str", "no_log": False},
        },
    },
    "capacity_provider_config": {
        "type": "dict",
        "options": {
            "lambda_managed_instances_capacity_provider_config": {
                "type": "dict",
                "required": True,
                "options": {
                    "capacity_provider_arn": {"type": "str"},
                    "per_execution_environment_max_concurrency": {"type": "int"},
                    "execution_environment_memory_gib_per_vcpu": {"type": "float"},
                },
            },
        },
    },
    "accelerator_config": {"type": "dict", "options": {"accelerator_memory_size": {"type": "int"}}},
    "layers": {
        "type": "list",
        "elements": "dict",
        "options": {
            "layer_version_arn": {"type": "str"},
            "layer_name": {"type": "str", "aliases": ["layer_arn"]},
            "version": {"type": "int", "aliases": ["layer_version"]},
        },
        "mutually_exclusive": [("layer_version_arn", "layer_name"), ("layer_version_arn", "version")],
        "required_one_of": [("layer_version_arn", "layer_name")],
        "required_by": {"layer_name": ["version"]},
    },
    "architecture": {"type": "str", "choices": ["x86_64", "arm64"], "aliases": ["architectures"]},
    "source_kms_key_arn": {"type": "str", "no_log": False},
    "reserved_concurrent_executions": {"type": "int"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "update_order": {
        "type": "str",
        "choices": ["code_first", "config_first", "expand_contract"],
        "default": "code_first",
    },
    "publish": {"type": "bool", "default": False},
    "version_description": {"type": "str"},
    "alias": {"type": "str"},
    "verify": {
        "type": "dict",
        "options": {
            "payload": {"type": "raw", "default": {}},
            "status": {"type": "int"},
            "expected": {"type": "raw"},
            "timeout": {"type": "int", "default": 60},
        },
    },
    "traffic": {
        "type": "list",
        "elements": "dict",
        "options": {"weight": {"type": "float", "required": True}, "pause": {"type": "int", "default": 60}},
    },
    "alarms": {"type": "list", "elements": "str"},
    "rollback_on_failure": {"type": "bool", "default": False},
    "keep_versions": {"type": "int"},
    "on_conflict": {"type": "str", "choices": ["retry", "fail"], "default": "retry"},
    "wait_timeout": {"type": "int", "default": 300},
}

OF_A_RELEASE = ("publish", "version_description", "alias", "verify", "traffic", "alarms", "keep_versions")


def wanted_code(module: LambdaopsModule) -> Code | None:
    """The code that the task asks for."""
    params = module.params
    stated = None if params["code_sha256"] is None else parse_sha256(params["code_sha256"])
    if params["zip_file"] is not None:
        from ansible_collections.lambdaops.deploy.plugins.module_utils._function.zip_upload import ZipUpload

        return ZipUpload.of(params["zip_file"], stated)
    if params["s3_bucket"] is not None:
        from ansible_collections.lambdaops.deploy.plugins.module_utils._function.s3_package import S3Package

        where = (params["s3_bucket"], params["s3_key"], params["s3_object_version"])
        package = S3Package.of(module.client("s3"), *where, stated=stated, download=params["s3_download"])
        if package.code_sha256 is None:
            module.warn(
                f"{package.why} So the code is updated each time: upload it in one part with --checksum-algorithm "
                "SHA256, put its hash beside it as <s3_key>.sha256, set s3_download, or state code_sha256."
            )
        return package
    if params["image_uri"] is not None:
        from ansible_collections.lambdaops.deploy.plugins.module_utils._code.images import Registries
        from ansible_collections.lambdaops.deploy.plugins.module_utils._function.image_code import ImageCode

        registries = Registries(params["registry_mirrors"], lambda region: module.client("ecr", region=region))
        image = ImageCode.of(params["image_uri"], registries, stated)
        if image.code_sha256 is None:
            module.warn(
                f"{image.why} So the code is updated each time: allow ecr:GetAuthorizationToken and "
                "ecr:BatchGetImage, set registry_mirrors, or name the image by its digest."
            )
        return image
    if stated:
        raise CodeError(
            "code_sha256 says what the code must be, but not where it is.",
            hint="Add zip_file, s3_bucket or image_uri.",
        )
    return None


def wanted_function(module: LambdaopsModule) -> Wanted:
    """The state that the task asks for."""
    params, variables = module.params, module.params["environment_variables"]
    mode = Mode(params["environment_mode"])
    options = (setting.option for setting in SETTINGS)
    return Wanted(
        name=named(params["name"]),
        code=wanted_code(module),
        settings={option: params[option] for option in options if params[option] is not None},
        environment=None if variables is None else read_wanted(variables, mode),
        environment_mode=mode,
        order=Order(params["update_order"]),
        architecture=params["architecture"],
        source_kms_key_arn=params["source_kms_key_arn"],
        tags=None if params["tags"] is None else {str(key): str(text) for key, text in params["tags"].items()},
        purge_tags=params["purge_tags"],
        reserved_concurrency=params["reserved_concurrent_executions"],
    )


def wanted_release(module: LambdaopsModule) -> Release | None:
    """What the task asks for beyond $LATEST."""
    params = module.params
    if not any(params[option] not in (None, False, []) for option in OF_A_RELEASE):
        return None
    from ansible_collections.lambdaops.deploy.plugins.module_utils._function.release import (
        Release,
        Shift,
        refuse_odd_release,
    )

    release = Release(
        alias=params["alias"],
        version_description=params["version_description"],
        verification=wanted_verification(params["verify"]),
        traffic=tuple(Shift(step["weight"], step["pause"]) for step in params["traffic"] or ()),
        alarms=tuple(filter(None, params["alarms"] or ())),
        keep_versions=params["keep_versions"],
    )
    refuse_odd_release(release, publish=params["publish"])
    return release


def wanted_verification(verify: dict[str, Any] | None) -> Verification | None:
    """How a version is to be verified."""
    if verify is None:
        return None
    from ansible_collections.lambdaops.deploy.plugins.module_utils._function.verify import ANYTHING, Verification

    expected = ANYTHING if verify["expected"] is None else verify["expected"]
    return Verification(verify["payload"], verify["status"], expected, verify["timeout"])


def main() -> None:
    module = LambdaopsModule(
        argument_spec=ARGUMENTS,
        mutually_exclusive=[("zip_file", "s3_bucket", "image_uri")],
        required_together=[("s3_bucket", "s3_key")],
        required_by={"s3_object_version": ["s3_key"]},
        supports_check_mode=True,
        secret_options=frozenset({"environment_variables", "verify"}),
    )
    module.require_botocore_at_least("1.35.60", reason="to tell tags and keys that are not there from unknown ones")
    params = module.params
    with module.reporting():
        if params["state"] == "absent":
            raise InvalidRequest("state is absent, and this module deletes nothing.", hint="amazon.aws.lambda does.")
        deadline = Deadline.of_task(params["wait_timeout"])
        wanted, release = wanted_function(module), wanted_release(module)
        secrets, calls = Secrets(set(concealable((wanted.environment or {}).values()))), Counter[str]()
        shared = (deadline, secrets, calls)
        api = LambdaApi(module.engine_client("lambda", longest_answer=deadline.longest_answer), *shared)
        deployer = Deployer(
            api,
            wanted,
            deadline,
            OnConflict(params["on_conflict"]),
            release,
            rollback_on_failure=params["rollback_on_failure"],
        )
        if release and release.verification:
            answer = Deadline(release.verification.timeout)
            client = module.engine_client("lambda", longest_answer=int(answer.seconds))
            deployer.invoker = Service(client, answer, secrets, calls)
        if release and release.alarms:
            from ansible_collections.lambdaops.deploy.plugins.module_utils._function.alarms import Alarms

            deployer.alarms = Alarms(module.engine_client("cloudwatch"), *shared)
        deployment = deployer.deploy(carry_out=not module.check_mode)
    result = {
        **deployment.journal.facts,
        "msg": summary(deployment),
        "function": function_result(deployment.after),
        "environment": environment_result(deployment),
        **release_result(deployment),
        "api_calls": dict(calls),
    }
    if module._diff:
        result["diff"] = diff_result(deployment)
    for warning in deployment.released.warnings if deployment.released else ():
        module.warn(warning)
    if deployment.after.update_failed:
        code = deployment.after.last_update_reason_code
        module.warn(f"The last update of {wanted.name}, not this one, ended Failed ({code}).")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
