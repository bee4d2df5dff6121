#!/usr/bin/python
# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arguments in, one result out; the work is done in module_utils/_function."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_rollback
version_added: 0.1.0
short_description: Take a release of a Lambda function back, the alias in one step
description:
  - Moves an alias back to the version for which it stood before, or to a version that is named, with one guarded
    C(UpdateAlias). All of its traffic goes there, so a gradual release that is under way ends as well.
  - M(lambdaops.deploy.lambda_safe_update) notes at the end of the alias's description where it stood before. Without
    such a note, the newest earlier version is taken, and the result says so.
  - Taking back twice is the same as once. An alias that was rolled back stays where it is, until it is released to
    again.
author:
  - lambdaops.deploy contributors (@lambdaops)
options:
  name:
    description:
      - Name or ARN of the function.
    type: str
    required: true
    aliases: [function_name]
  alias:
    description:
      - Alias to move back.
    type: str
    required: true
  version:
    description:
      - Published version to move it to. Left out, it is the one for which the alias stood before.
    type: str
  restore_latest:
    description:
      - Whether C($LATEST) is brought to the code and configuration of that version as well, after the alias was moved.
      - The code is fetched from Lambda and uploaded again, so a package over 50 MB can't be restored.
    type: bool
    default: false
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
seealso:
  - module: lambdaops.deploy.lambda_safe_update
requirements:
  - python >= 3.11
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Take the last release back
  lambdaops.deploy.lambda_rollback:
    name: orders
    alias: live

- name: Go back to a version that is known to be good, and bring $LATEST there too
  lambdaops.deploy.lambda_rollback:
    name: orders
    alias: live
    version: "41"
    restore_latest: true
  register: rollback

- name: Show what was done
  ansible.builtin.debug:
    msg: "{{ rollback.msg }}"
"""

RETURN = r"""
msg:
  description: What was done, in one sentence.
  returned: always
  type: str
  sample: "orders: live moved back from 42 to 41 (the version before)."
version:
  description: Version for which the alias stands.
  returned: success
  type: str
  sample: "41"
previous_version:
  description: Version for which it stood before this task.
  returned: success
  type: str
  sample: "42"
alias:
  description: The alias as it stands, or, in check mode, as it would.
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
      sample: "41"
    weights:
      description: Shares of the traffic that other versions get, by version.
      type: dict
      sample: {}
    previous_version:
      description: Version for which it stood before it was moved forward.
      type: str
      sample: null
function:
  description: C($LATEST) as it was read back, as in M(lambdaops.deploy.lambda_safe_update).
  returned: when O(restore_latest=true)
  type: dict
phases:
  description:
    - Each phase in its order, as in M(lambdaops.deploy.lambda_safe_update). On failure it says what is in force.
  returned: when the alias was looked up
  type: list
  elements: dict
  sample: [{name: alias, operation: UpdateAlias, outcome: applied, seconds: 0.1, conflicts: 0}]
conflicts:
  description: How many conflicts (409) and changes by others (412) were met.
  returned: when the alias was looked up
  type: int
  sample: 0
api_calls:
  description: How many calls were made to Lambda, by operation.
  returned: when the alias was looked up
  type: dict
  sample: {GetAlias: 1, GetFunction: 1, ListVersionsByFunction: 1, UpdateAlias: 1}
"""

from typing import Any

from ansible_collections.lambdaops.deploy.plugins.module_utils._module import LambdaopsModule
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.client import LambdaApi, named
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.deadline import Deadline
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.report import (
    function_result,
    rollback_diff,
    rollback_summary,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._function.rollback import Rollback

ARGUMENTS: dict[str, Any] = {
    "name": {"type": "str", "required": True, "aliases": ["function_name"]},
    "alias": {"type": "str", "required": True},
    "version": {"type": "str"},
    "restore_latest": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 300},
}


def main() -> None:
    module = LambdaopsModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    with module.reporting():
        name, alias = named(params["name"]), named(params["alias"], "alias")
        deadline = Deadline.of_task(params["wait_timeout"])
        api = LambdaApi(module.engine_client("lambda", longest_answer=deadline.longest_answer), deadline)
        rollback = Rollback(api, name, alias, deadline, params["version"], params["restore_latest"])
        done = rollback.roll_back(carry_out=not module.check_mode)
    result = {
        **done.journal.facts,
        "msg": rollback_summary(done, name),
        "version": done.after.version,
        "previous_version": done.before.version,
        "alias": done.after.as_result(),
        "api_calls": dict(api.calls),
    }
    if done.latest:
        result["function"] = function_result(done.latest.after)
    if module._diff:
        result["diff"] = rollback_diff(done)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
