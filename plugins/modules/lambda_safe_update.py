#!/usr/bin/python
# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arguments in, one result out; the work is done in module_utils/_function."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_safe_update
version_added: 0.1.0
short_description: Update code and configuration of a Lambda function, one settled step at a time
description:
  - Brings an existing AWS Lambda function to the wanted code and configuration. Waits until the function is settled,
    updates the code, waits, updates the configuration with the environment, waits again, and reads the function back.
  - Lambda takes one update at a time and answers C(409 ResourceConflictException) to a second one. This module never
    sends one while another is in progress, and waits for those that somebody else started.
  - What is in force already is not sent again. A task with nothing to do makes one call, C(GetFunction).
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
  zip_file:
    description:
      - Path of the zip that is the function's code, at most 50 MB.
      - It is sent only when its SHA-256 is not the C(CodeSha256) that Lambda reports.
    type: path
    aliases: [src]
  s3_bucket:
    description:
      - Bucket of the zip that is the function's code, in the function's region.
      - When S3 knows the SHA-256 of the whole object (upload it with C(--checksum-algorithm SHA256)), or O(code_sha256)
        states it, an unchanged package is not applied again. When nobody knows it, the code is updated each time, with
        a warning.
    type: str
  s3_key:
    description:
      - Key of the zip in the bucket.
    type: str
  s3_object_version:
    description:
      - Version of the object in a bucket with versioning.
    type: str
  code_sha256:
    description:
      - SHA-256 that the code must have, in base64, in hex, or as C(sha256:) with hex.
      - If O(zip_file) has another one, or S3 says so of the object, the task fails before anything is touched. What S3
        can't say, only Lambda finds out, and the task fails after the update.
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
requirements:
  - python >= 3.11
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
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
    operation:
      description: C(Settle), or the name of the operation that writes.
      type: str
      sample: UpdateFunctionCode
    outcome:
      description:
        - C(done), the function was settled before the first write.
        - C(unchanged), there was nothing to do. C(planned), check mode.
        - C(applied), in force, settled and read back.
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
    code_sha256:
      description: SHA-256 of the code in base64.
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
environment:
  description: What happened to each variable, by name, C(added), C(changed), C(removed) or C(kept).
  returned: success
  type: dict
  sample: {LOG_LEVEL: changed, TABLE_NAME: kept}
api_calls:
  description: How many calls were made to Lambda, by operation.
  returned: when the function's name was looked up
  type: dict
  sample: {GetFunction: 5, UpdateFunctionCode: 1, UpdateFunctionConfiguration: 1}
"""

from typing import Any

from ansible_collections.lambdaops.deploy.plugins.module_utils._code.digests import parse_sha256
from ansible_collections.lambdaops.deploy.plugins.module_utils._code.errors import CodeError
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.client import LambdaApi
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.code import Code, S3Package, ZipUpload
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.deadline import Deadline
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
    summary,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.settings import SETTINGS
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.update import OnConflict, update_function
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.wanted import Wanted
from ansible_collections.lambdaops.deploy.plugins.module_utils._module import LambdaopsModule

ARGUMENTS: dict[str, Any] = {
    "name": {"type": "str", "required": True, "aliases": ["function_name"]},
    "zip_file": {"type": "path", "aliases": ["src"]},
    "s3_bucket": {"type": "str"},
    "s3_key": {"type": "str", "no_log": False},
    "s3_object_version": {"type": "str"},
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
    "on_conflict": {"type": "str", "choices": ["retry", "fail"], "default": "retry"},
    "wait_timeout": {"type": "int", "default": 300},
}


def refuse_nonsense(module: LambdaopsModule) -> None:
    """What no function and no deadline can be."""
    if not module.params["name"].strip():
        raise InvalidRequest("name is empty.", hint="Name the function to update.")
    if module.params["wait_timeout"] < 1:
        raise InvalidRequest("wait_timeout is less than 1 second.", hint="Give the seconds that the update may take.")


def wanted_code(module: LambdaopsModule) -> Code | None:
    """The code that the task asks for."""
    params = module.params
    stated = None if params["code_sha256"] is None else parse_sha256(params["code_sha256"])
    if params["zip_file"] is not None:
        return ZipUpload.of(params["zip_file"], stated)
    if params["s3_bucket"] is not None:
        where = (params["s3_bucket"], params["s3_key"], params["s3_object_version"])
        package = S3Package.of(module.client("s3"), *where, stated=stated)
        if package.digest is None:
            module.warn(
                f"Nobody knows the SHA-256 of {package}, so the code is updated each time: upload it with "
                "--checksum-algorithm SHA256 and allow s3:GetObject, or state code_sha256."
            )
        return package
    if stated:
        raise CodeError(
            "code_sha256 says what the code must be, but not where it is.", hint="Add zip_file or s3_bucket."
        )
    return None


def wanted_function(module: LambdaopsModule) -> Wanted:
    """The state that the task asks for."""
    params, variables = module.params, module.params["environment_variables"]
    mode = Mode(params["environment_mode"])
    options = (setting.option for setting in SETTINGS)
    return Wanted(
        name=params["name"],
        code=wanted_code(module),
        settings={option: params[option] for option in options if params[option] is not None},
        environment=None if variables is None else read_wanted(variables, mode),
        environment_mode=mode,
    )


def main() -> None:
    module = LambdaopsModule(
        argument_spec=ARGUMENTS,
        mutually_exclusive=[("zip_file", "s3_bucket")],
        required_together=[("s3_bucket", "s3_key")],
        required_by={"s3_object_version": ["s3_key"]},
        supports_check_mode=True,
        secret_options=frozenset({"environment_variables"}),
    )
    with module.reporting():
        refuse_nonsense(module)
        wanted = wanted_function(module)
        deadline = Deadline(module.params["wait_timeout"])
        client = module.engine_client("lambda", longest_answer=module.params["wait_timeout"])
        api = LambdaApi(client, deadline, concealable((wanted.environment or {}).values()))
        update = update_function(
            api,
            wanted,
            deadline,
            on_conflict=OnConflict(module.params["on_conflict"]),
            carry_out=not module.check_mode,
        )
    result = {
        **update.journal.facts,
        "msg": summary(update),
        "function": function_result(update.after),
        "environment": environment_result(update),
        "api_calls": dict(api.calls),
    }
    if module._diff:
        result["diff"] = diff_result(update)
    if update.after.update_failed and not update.journal.changed:
        module.warn(
            f"The last update of {wanted.name}, not this one, ended Failed ({update.after.last_update_reason_code})."
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
