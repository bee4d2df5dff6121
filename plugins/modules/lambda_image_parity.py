#!/usr/bin/python
# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_image_parity
version_added: 0.1.0
short_description: Compare a build image with the Lambda runtime image that its code will run on
description:
  - Says before a deployment whether native code that was built in one image can be expected to run in another one,
    names what differs, grades it, and proposes the pin that mends it.
  - Images are read straight from their registry, or from an OCI layout on disk. No container engine is needed, nothing
    is unpacked to disk, and nothing from an image is ever run.
  - It reads as little as decides. First both manifests and configs; if these prove that both are one image, or that
    the build image is the runtime image with harmless layers on top, no layer is read. Otherwise the release and the
    rpm packages are read from as few layers as hold them.
author:
  - lambdaops.deploy contributors (@lambdaops)
requirements:
  - python >= 3.11
  - requests (for images in registries; it comes with the Python package C(docker))
  - docker (optional; its credential stores and helpers are used when it is installed)
  - zstandard (optional; for layers that are compressed with zstd)
options:
  build_image:
    description:
      - The image that native code is built in.
      - Either C(docker://HOST/REPOSITORY[:TAG][@DIGEST]), where C(docker://) may be left out, or
        C(oci:PATH[:TAG][@DIGEST]) for an OCI layout on disk.
      - Required unless O(runtime) is set. The default is then the image of SAM CLI for that runtime,
        C(public.ecr.aws/sam/build-RUNTIME:latest-ARCHITECTURE).
    type: str
  runtime_image:
    description:
      - The image that stands for what Lambda runs the code on, written as O(build_image) is.
      - Exactly one of O(runtime_image) and O(runtime) is needed.
    type: str
  runtime:
    description:
      - A Lambda runtime, such as V(nodejs20.x) or V(python3.12), from which the names of the images are derived.
    type: str
  architecture:
    description:
      - The architecture that both images are compared for; an image without it is an error that lists what is offered.
    type: str
    choices: [x86_64, arm64]
    default: x86_64
  registry_mirrors:
    description:
      - Where to read the images of a registry instead, so that a play that names real references works unchanged behind
        a mirror, offline, or in a test.
      - Keys are registry hosts as references name them. Values are C(HOST[:PORT][/PREFIX]), C(http://HOST[:PORT][/PREFIX])
        or C(oci:FOLDER), below which C(FOLDER/REPOSITORY) is an OCI layout with the same tags.
      - Plain HTTP is used for C(http://) and for hosts that are this machine, TLS for all others.
    type: dict
    default: {}
  checks:
    description:
      - What may be used to decide.
      - V(base) compares layers by their digests and trusts the image's own history (see the notes).
      - V(packages) reads release and packages where V(base) does not decide. Without it the verdict may be C(unknown);
        with it alone the layers are read even where V(base) could decide.
    type: list
    elements: str
    choices: [base, packages]
    default: [base, packages]
  fail_on:
    description:
      - The mildest verdict that fails the task; worse ones fail as well.
      - The verdict C(unknown) fails too, whatever is set here, because what could not be read may be anything. Only
        V(never) lets it pass.
    type: str
    choices: [compatible_drift, risky_drift, incompatible, never]
    default: risky_drift
  cache_dir:
    description:
      - Folder for what was read of manifests, configs and layers, by digest, so that a layer is read only once.
      - It holds no credentials and may be deleted at any time. A folder that can't be written, or that other users
        can write, is noted and not used.
      - The default is C($XDG_CACHE_HOME/lambdaops.deploy), or C(~/.cache/lambdaops.deploy).
    type: path
  timeout:
    description:
      - Seconds to wait for a connection to a registry, and for its next byte.
      - Attempts that may succeed when repeated (429, 5xx, broken connections) are repeated a few times, with pauses.
    type: int
    default: 30
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details: The module only reads, so it does the same in check mode.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
    details: Nothing is changed; RV(differences) and RV(table) say how the images differ.
  platform:
    description: Target OS/families that can be operated against.
    platforms: posix
    support: full
notes:
  - >-
    Verdicts, from best to worst. C(identical): both are one image. C(same_base): the build image stands on this very
    runtime image and did not change its packages. C(compatible_drift): they differ, but the build image has nothing
    newer that native code could depend on. C(risky_drift): the build image has a newer release or newer packages with
    native code. C(unknown): something could not be read. C(incompatible): another platform, distribution or major
    version.
  - >-
    What decides C(same_base) without reading a layer is a heuristic: the digests prove that the runtime image's layers
    are the lowest of the build image, and every command above them in the history that the image carries is on a short
    list: C(dnf install), C(groupinstall) and C(remove) with plain names of packages, because Amazon Linux 2023 keeps
    them at the release of the image, C(dnf clean all), the installer of SAM CLI, copies below C(/opt), C(/tmp) and
    C(/var/task), and what only sets metadata, such as C(ENV). After any other command the packages are read. A history
    that lies deceives this; with O(checks=packages) alone, the history is not asked.
  - >-
    What can't be seen: files that no package owns (C(/var/lang), what was copied or compiled into the image), whether
    a particular package of yours loads, libraries that programs open by name at run time, and CPU features. The
    runtime image stands for Lambda's managed runtime, which may lack libraries that the image has.
  - Packages are read from rpm's sqlite database. Amazon Linux 2 has a BerkeleyDB database, which gives C(unknown).
  - Registry logins are those that C(docker login) stored for the user who runs the module. A login that is refused is
    tried once more without, since public images can be read by everybody. Logins are never sent over plain HTTP to
    another machine.
"""

EXAMPLES = r"""
- name: Refuse to deploy when SAM's build image has drifted from the runtime
  lambdaops.deploy.lambda_image_parity:
    runtime: nodejs20.x
    architecture: arm64

- name: Compare a build image of your own, and see what differs without failing
  lambdaops.deploy.lambda_image_parity:
    build_image: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/build/python312:2024-11
    runtime_image: public.ecr.aws/lambda/python:3.12
    fail_on: never
  register: parity

- name: Show it
  ansible.builtin.debug:
    msg: "{{ [parity.verdict] + parity.table + parity.advice }}"

- name: Fail on any drift, reading through a mirror inside the company
  lambdaops.deploy.lambda_image_parity:
    runtime: python3.12
    fail_on: compatible_drift
    registry_mirrors:
      public.ecr.aws: mirror.example.com/ecr-public

- name: Compare images on disk, without any network
  lambdaops.deploy.lambda_image_parity:
    build_image: oci:/srv/images/build-nodejs20.x:latest-x86_64
    runtime_image: oci:/srv/images/nodejs:20-x86_64
"""

RETURN = r"""
msg:
  description: How the images compare, in one sentence; when the task fails, with what to do.
  returned: always
  type: str
acceptable:
  description: Whether O(fail_on) lets the verdict pass.
  returned: when both images could be opened
  type: bool
verdict:
  description: How the images compare.
  returned: when both images could be opened
  type: str
  choices: [identical, same_base, compatible_drift, risky_drift, unknown, incompatible]
  sample: risky_drift
differences:
  description: Everything that differs, worst first. Packages that only the build image has are no difference.
  returned: when both images could be opened
  type: list
  elements: dict
  contains:
    kind:
      description: What kind of thing differs.
      type: str
      choices: [platform, distribution, release, base, package]
    name:
      description: The package, or the file that says it.
      type: str
    build:
      description: The value in the build image, empty if it has none.
      type: str
    runtime:
      description: The value in the runtime image, empty if it has none.
      type: str
    severity:
      description: The verdict that this difference alone would give.
      type: str
    why:
      description: Why it matters, in one sentence.
      type: str
  sample:
    - kind: release
      name: os-release
      build: 2023.6.20250107
      runtime: 2023.6.20241031
      severity: risky_drift
      why: "Built on a newer release than it runs on: libraries may lack what was linked."
build:
  description: The build image as it was read.
  returned: when both images could be opened
  type: dict
  contains: &image
    reference:
      description: The reference that was compared.
      type: str
    pinned:
      description: The same image by the digest of its platform; it can't drift.
      type: str
    digest:
      description: Digest of the image's manifest.
      type: str
    index_digest:
      description: Digest of the multi-architecture index that the reference names; null if it names the image itself.
      type: str
    platform:
      description: Operating system, architecture and variant.
      type: str
    layers:
      description: How many layers the image has.
      type: int
    library_path:
      description: E(LD_LIBRARY_PATH) of the image.
      type: str
    os_release:
      description: C(PRETTY_NAME) of os-release; null if no layer had to be read, or there is none.
      type: str
    release:
      description: The release number in it; null if no layer had to be read, or there is none.
      type: str
    system_release:
      description: Content of C(/etc/system-release); null if it was not read.
      type: str
    packages:
      description: How many rpm packages are installed; null if no layer had to be read, or they can't be read.
      type: int
runtime:
  description: The runtime image as it was read.
  returned: when both images could be opened
  type: dict
  contains: *image
build_only_packages:
  description: Names of packages that only the build image has, such as compilers.
  returned: when both images could be opened
  type: list
  elements: str
transfer:
  description: What the comparison cost.
  returned: when both images could be opened
  type: dict
  contains:
    requests:
      description: HTTP requests, those for tokens and redirects included.
      type: int
    bytes:
      description: Bytes read from registries or layouts.
      type: int
    layers_read:
      description: Layers that were read.
      type: int
    layers_from_cache:
      description: Layers of which everything needed was known, from the cache or from the other image.
      type: int
advice:
  description: What to do, line by line, with commands to copy; empty if nothing has to be done.
  returned: when both images could be opened
  type: list
  elements: str
table:
  description: The differences as lines of aligned columns, to be printed.
  returned: when both images could be opened
  type: list
  elements: str
notes:
  description: What could not be read, what was taken on trust, and what else is worth knowing.
  returned: when both images could be opened
  type: list
  elements: str
"""

import os
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.lambdaops.deploy.plugins.module_utils._errors import EngineError
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.cache import Cache, default_folder
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.http import MissingRequests
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import PLATFORMS, parse_reference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.source import Transfer
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.transports import Sources
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.compare import Comparison, compare
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.report import as_results, refusal, sentence
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.runtimes import build_image_of, runtime_image_of


def argument_spec() -> dict[str, Any]:
    return {
        "build_image": {"type": "str"},
        "runtime_image": {"type": "str"},
        "runtime": {"type": "str"},
        "architecture": {"type": "str", "choices": ["x86_64", "arm64"], "default": "x86_64"},
        "registry_mirrors": {"type": "dict", "default": {}},
        "checks": {
            "type": "list",
            "elements": "str",
            "choices": ["base", "packages"],
            "default": ["base", "packages"],
        },
        "fail_on": {
            "type": "str",
            "choices": ["compatible_drift", "risky_drift", "incompatible", "never"],
            "default": "risky_drift",
        },
        "cache_dir": {"type": "path"},
        "timeout": {"type": "int", "default": 30},
    }


def run(params: dict[str, Any]) -> tuple[Comparison, dict[str, Any]]:
    """The comparison and what the module returns. Raises EngineError."""
    runtime, architecture = params["runtime"], params["architecture"]
    build_text, runtime_text = params["build_image"], params["runtime_image"]
    if build_text is None:
        build_text = build_image_of(runtime, architecture)
    if runtime_text is None:
        runtime_text = runtime_image_of(runtime, architecture)
    transfer = Transfer()
    cache = Cache(Path(params["cache_dir"]) if params["cache_dir"] else default_folder(os.environ))
    sources = Sources(transfer, mirrors=params["registry_mirrors"], timeout=params["timeout"])
    try:
        comparison = compare(
            parse_reference(build_text),
            parse_reference(runtime_text),
            PLATFORMS[architecture],
            checks=params["checks"],
            sources=sources,
            cache=cache,
            transfer=transfer,
        )
    finally:
        sources.close()
    acceptable = not comparison.parity.verdict.fails(params["fail_on"])
    notes = [*sources.notes, *cache.notes]
    return comparison, {"acceptable": acceptable, **as_results(comparison, transfer, notes)}


def main() -> None:
    module = AnsibleModule(
        argument_spec=argument_spec(),
        supports_check_mode=True,
        required_one_of=[("build_image", "runtime"), ("runtime_image", "runtime")],
        mutually_exclusive=[("runtime_image", "runtime")],
    )
    if module.params["timeout"] < 1:
        module.fail_json(msg="`timeout` has to be at least 1 second.", changed=False)
    try:
        comparison, results = run(module.params)
    except MissingRequests:
        module.fail_json(msg=missing_required_lib("requests"), changed=False)
    except EngineError as error:
        module.fail_json(msg=str(error), changed=False, **error.facts)
    if not results["acceptable"]:
        module.fail_json(msg=refusal(comparison.parity, comparison.build, comparison.runtime), **results)
    module.exit_json(msg=sentence(comparison.parity, comparison.build, comparison.runtime), **results)


if __name__ == "__main__":
    main()
