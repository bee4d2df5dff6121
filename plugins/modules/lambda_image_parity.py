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
  - Images are read straight from their registry, from an OCI layout or an archive on disk, or from a local engine. No
    container engine is needed, nothing is unpacked to disk, and nothing from an image is ever run.
  - It reads as little as decides. First both manifests and configs; if these prove that both are one image, or that
    the build image is the runtime image with harmless layers on top, no layer is read. Otherwise the release, the
    rpm packages, and the shared libraries with the symbol versions that they offer are read.
author:
  - lambdaops.deploy contributors (@lambdaops)
extends_documentation_fragment:
  - lambdaops.deploy.images
options:
  build_image:
    description:
      - The image that native code is built in.
      - C(docker://HOST/REPOSITORY[:TAG][@DIGEST]) for an image in a registry, where C(docker://) may be left out.
      - C(oci:PATH[:TAG][@DIGEST]) for an OCI layout on disk, C(docker-archive:PATH[:NAME:TAG]) for what C(docker save)
        wrote.
      - C(docker-daemon:NAME[:TAG]) for an image of a local engine, Docker or Podman, for one that was built there, say.
        A container of it is created, read and removed; it is never started.
      - Required unless O(runtime) is set. The default is then the image of SAM CLI for that runtime,
        C(public.ecr.aws/sam/build-RUNTIME:latest-ARCHITECTURE).
    type: str
  runtime_image:
    description:
      - The image that stands for what Lambda runs the code on, written as O(build_image) is.
      - Exactly one of O(runtime_image) and O(runtime) is needed. What is empty, as surveys send it, counts as left out,
        and so does an empty O(build_image).
    type: str
  runtime:
    description:
      - A Lambda runtime, such as V(nodejs20.x) or V(python3.12), from which the names of the images are derived.
      - The filter P(lambdaops.deploy.lambda_images#filter) tells which they are.
    type: str
  checks:
    description:
      - What may be used to decide; their order does not matter.
      - V(base) compares layers by their digests and trusts the image's own history (see the notes). Without it the
        layers are read even where this could decide.
      - V(packages) reads release and packages where V(base) does not decide.
      - V(libraries) reads the shared libraries that the runtime's loader would find, in both images, and compares the
        symbol versions that they offer. Without it a newer release alone counts as C(risky_drift).
      - V(local) compares the copies that a local engine has of the images with what the registry has, since
        C(sam build) uses those. Where there is no engine it says nothing.
      - Without V(packages) and V(libraries) the verdict may be C(unknown).
    type: list
    elements: str
    choices: [base, packages, libraries, local]
    default: [base, packages, libraries, local]
  ignore:
    description:
      - Differences that count for nothing, as patterns C([KIND:]NAME) with the wildcards C(*), C(?) and C([...]), such
        as V(package:tzdata), V(library:libmagic.so.*) or V(release:*).
      - Kinds are those of RV(differences). What is ignored stays among them and is marked; other platforms and
        distributions can't be ignored.
    type: list
    elements: str
    default: []
  fail_on:
    description:
      - The mildest verdict that fails the task; worse ones fail as well.
      - The verdict C(unknown) fails too, whatever is set here, because what could not be read may be anything. Only
        V(never) lets it pass.
    type: str
    choices: [compatible_drift, risky_drift, incompatible, never]
    default: risky_drift
  suggest:
    description:
      - Whether to search the repository of the build image for the newest image that matches the runtime image, when
        the one that was compared is worse than C(compatible_drift) or has another release.
      - The tags are walked from the newest to the oldest, by the dates and versions in them.
    type: bool
    default: false
  suggest_limit:
    description:
      - How many images O(suggest) compares at most. Each one costs a few requests, and some of its layers the first
        time.
    type: int
    default: 20
  pull:
    description:
      - Whether the local engine is told to pull the images that were compared, before its copies are looked at.
      - V(missing) pulls what it does not have, V(stale) also what is not what the registry has now.
      - The engine pulls with its own mirrors and proxies; O(registry_mirrors) is not known to it. Its login is the one
        of O(registry_logins) for that host, or the one that C(docker login) stored.
      - It needs V(local) among the O(checks), and an engine.
    type: str
    choices: [missing, stale, never]
    default: never
  report:
    description:
      - Path of an HTML page to write, which tells the verdict, all differences, packages and libraries, and what to do.
        The same as JSON is written beside it, with the suffix C(.json); a path with that suffix gets the JSON alone.
      - It is written when the verdict fails, too, but not in check mode. Its folder has to exist.
    type: path
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details: In check mode nothing is pulled and no report is written; all else is the same.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
    details: RV(differences) and RV(table) say how the images differ.
  platform:
    description: Target OS/families that can be operated against.
    platforms: posix
    support: full
notes:
  - >-
    Verdicts, from best to worst. C(identical): both are one image. C(same_base): the build image stands on this
    very runtime image and did not change it. C(compatible_drift): they differ, but apart from packages that only it
    has, the build image has nothing that native code could depend on and the runtime lacks. C(risky_drift): the
    build image has libraries or symbol versions that the runtime lacks, or newer libraries that may have them, or a
    newer release of which not all was read; or the local engine's copy is not what was compared. C(unknown):
    something could not be read. C(incompatible): another platform, distribution or major version.
  - >-
    A package that is newer in the build image is a risk only if code can be linked to it: not if it has no shared
    library, if it is needed only to build, or if it is another build of the same version with the same libraries.
    Symbol versions are compared as sets of names.
  - >-
    C(same_base) without a layer read trusts what the image says of its own history: only commands that are known to
    leave the packages below alone, such as C(dnf install) of plain package names. After any other command the packages
    are read. A history that lies deceives this; without V(base) among the O(checks), the history is not asked.
  - >-
    Libraries of both images are looked up in the order of the runtime's loader: its E(LD_LIBRARY_PATH), then
    C(/etc/ld.so.conf), then the system's directories. So C(/var/lang/lib) shadows the system's libraries as it does in
    Lambda. Linkers take the system's libraries all the same, so what is shadowed in the build image is compared too.
  - >-
    What can't be seen: whether a particular package of yours loads, libraries that programs open by name at run time,
    functions without a symbol version, variants for particular CPUs (C(glibc-hwcaps)) and other CPU features. The
    runtime image stands for Lambda's managed runtime, which may lack libraries that the image has;
    RV(runtime.container_only) names those that are there only for the package manager.
seealso:
  - plugin: lambdaops.deploy.lambda_images
    plugin_type: filter
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

- name: Find an older build image that matches, and show the lines for samconfig.toml that use it
  lambdaops.deploy.lambda_image_parity:
    runtime: nodejs20.x
    architecture: arm64
    suggest: true
    fail_on: never
  register: parity

- name: Show the lines, if an image was found
  ansible.builtin.debug:
    var: parity.suggestion.samconfig
  when: parity.suggestion is not none

- name: Leave time zones out of it, and keep a report for the build
  lambdaops.deploy.lambda_image_parity:
    runtime: python3.12
    ignore: ["package:tzdata", "package:ca-certificates"]
    report: "{{ playbook_dir }}/parity.html"

- name: Refresh the images that sam build --use-container uses on this machine
  lambdaops.deploy.lambda_image_parity:
    runtime: python3.12
    pull: stale

- name: Compare an image that was built here with its runtime
  lambdaops.deploy.lambda_image_parity:
    build_image: docker-daemon:lambda-build-pinned:latest
    runtime: nodejs20.x

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
      choices: [platform, distribution, release, local_copy, base, library, package]
    name:
      description: The package, the library, the file that says it, or the image whose local copy is stale.
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
    package:
      description: The package that brought a library, empty if none did.
      type: str
    ignored:
      description: Whether O(ignore) matches it, so that it counts for nothing.
      type: bool
  sample:
    - kind: release
      name: os-release
      build: 2023.6.20250107
      runtime: 2023.6.20241031
      severity: risky_drift
      why: "Built on a newer release than it runs on: libraries may lack what was linked."
      package: ""
      ignored: false
build:
  description: The build image as it was read.
  returned: when both images could be opened
  type: dict
  contains: &image
    reference:
      description: The reference that was compared.
      type: str
    pinned:
      description:
        - The same image by the digest of its platform; it can't drift. Null for archives and engines, which know no
          digest of a registry.
      type: str
    digest:
      description: Digest of the image's manifest; null where C(pinned) is.
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
    libraries:
      description: How many shared libraries the runtime's loader would find; null if they were not looked for.
      type: int
    container_only:
      description:
        - Names of libraries that are there only because the image's package manager needs them, and which Lambda's
          managed runtime may lack; null if libraries were not looked for.
      type: list
      elements: str
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
local:
  description: What a local engine has of each image; null where none was asked, or the image is of no registry.
  returned: when both images could be opened
  type: dict
  contains:
    build:
      description: Its copy of the build image.
      type: dict
      contains: &copy
        present:
          description: Whether it has one.
          type: bool
        state:
          description: How it compares with what the registry has now.
          type: str
          choices: [absent, fresh, stale, unknown]
        id:
          description: The engine's own ID of it; null if it has none.
          type: str
        pulled:
          description: Whether it was pulled by this task; in check mode, whether it would be.
          type: bool
    runtime:
      description: Its copy of the runtime image.
      type: dict
      contains: *copy
suggestion:
  description: The newest image of the build image's repository that matches; null if none was searched for or found.
  returned: when both images could be opened
  type: dict
  contains:
    image:
      description: The image by its digest.
      type: str
    tag:
      description: The tag under which it was found.
      type: str
    digest:
      description: Digest of its manifest, for the one platform.
      type: str
    release:
      description: Its release, which is the runtime's; null if no layer of either image was read.
      type: str
    verdict:
      description: How it compares with the runtime image.
      type: str
    looked_at:
      description: How many images were compared until it was found.
      type: int
    commands:
      description:
        - The commands that build in it. It has to be pulled first, because SAM CLI can't pull by digest; from a layout
          it is copied to the engine.
      type: list
      elements: str
    samconfig:
      description: The lines for C(samconfig.toml) that make C(sam build) use it once it was pulled.
      type: list
      elements: str
report:
  description: Paths of the files that were written for O(report); in check mode none.
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

from dataclasses import replace
from typing import Any

from ansible_collections.lambdaops.deploy.plugins.module_utils._task import DiscreetModule
from ansible.module_utils.basic import missing_required_lib
from ansible_collections.lambdaops.deploy.plugins.module_utils._errors import EngineError
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.http import MissingRequests
from ansible_collections.lambdaops.deploy.plugins.module_utils._image.references import PLATFORMS, parse_reference
from ansible_collections.lambdaops.deploy.plugins.module_utils._image_options import (
    IMAGE_ARGUMENTS,
    IMAGE_UNITS,
    SECRET_IMAGE_OPTIONS,
    image_access,
    images_named,
    too_small,
)
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.compare import CHECKS, Comparer, Comparison
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.ignore import parse_patterns, without_ignored
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.local import Local, with_local
from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.report import as_results, refusal, sentence

ARGUMENTS: dict[str, Any] = {
    "build_image": {"type": "str"},
    "runtime_image": {"type": "str"},
    "runtime": {"type": "str"},
    **IMAGE_ARGUMENTS,
    "checks": {"type": "list", "elements": "str", "choices": list(CHECKS), "default": list(CHECKS)},
    "ignore": {"type": "list", "elements": "str", "default": []},
    "fail_on": {
        "type": "str",
        "choices": ["compatible_drift", "risky_drift", "incompatible", "never"],
        "default": "risky_drift",
    },
    "suggest": {"type": "bool", "default": False},
    "suggest_limit": {"type": "int", "default": 20},
    "pull": {"type": "str", "choices": ["missing", "stale", "never"], "default": "never"},
    "report": {"type": "path"},
}
UNITS = {**IMAGE_UNITS, "suggest_limit": "image"}


class ParityModule(DiscreetModule):
    secret_options = SECRET_IMAGE_OPTIONS


def given(params: dict[str, Any]) -> dict[str, Any]:
    """The arguments, without those that a survey or a form left empty."""
    empty = {name: None for name in ("build_image", "runtime_image", "runtime") if not params[name]}
    return {**params, **empty, "ignore": [text for text in params["ignore"] if text]}


def misuse(params: dict[str, Any]) -> str:
    """What is wrong with the arguments beyond their types, or ""."""
    if params["runtime"] and params["runtime_image"]:
        return "`runtime` and `runtime_image` exclude each other."
    if not params["runtime"] and not (params["build_image"] and params["runtime_image"]):
        return "Either `runtime` is needed, or both `build_image` and `runtime_image`."
    if wrong := too_small(params, UNITS):
        return wrong
    if params["pull"] != "never" and "local" not in params["checks"]:
        return "`pull` needs `local` among the `checks`."
    if params["pull"] != "never" and params["offline"]:
        return "`pull` and `offline` exclude each other."
    return ""


def named_images(params: dict[str, Any]) -> tuple[str, str, list[str]]:
    """References of build and runtime image as text, and what to note of their names. Raises BadReference."""
    build, runtime, notes = params["build_image"], params["runtime_image"], []
    if params["runtime"] is not None:
        found, notes = images_named(params)
        build = found.build_image if build is None else build
        runtime = found.runtime_image
    return build, runtime, notes


def compared(params: dict[str, Any], check_mode: bool) -> tuple[Comparison, dict[str, Any]]:
    """The comparison, and what the module returns of it. Raises EngineError."""
    build_text, runtime_text, notes = named_images(params)
    references = parse_reference(build_text), parse_reference(runtime_text)
    patterns = parse_patterns(params["ignore"])
    platform = PLATFORMS[params["architecture"]]
    with image_access(params) as access:
        comparer = Comparer(
            platform, checks=params["checks"], sources=access.sources, cache=access.cache, transfer=access.transfer
        )
        build, runtime = map(comparer.open, references)
        found = comparer.compare(build, runtime)
        local = ask_engine(found, params, check_mode) if "local" in params["checks"] else None
        parity = without_ignored(with_local(found.parity, local) if local else found.parity, patterns)
        found = replace(found, parity=parity)
        searched = None
        if params["suggest"]:
            # Imported here, as all else that only some tasks need: Ansible compiles what is imported in each task.
            from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.suggest import suggest

            searched = suggest(comparer, build, runtime, found, params["suggest_limit"], patterns)
    notes += [*(searched.notes if searched else ()), *access.notes]
    results = as_results(found, access.transfer, notes, local, searched.suggestion if searched else None)
    results["acceptable"] = not parity.verdict.fails(params["fail_on"])
    return found, results


def ask_engine(found: Comparison, params: dict[str, Any], check_mode: bool) -> Local | None:
    """What a local engine has of both images, None without an engine. Raises NoEngine when it was to pull."""
    from ansible_collections.lambdaops.deploy.plugins.module_utils._image.credentials import given_login
    from ansible_collections.lambdaops.deploy.plugins.module_utils._image.engine import Engine

    engine = Engine.find() if params["pull"] == "never" else Engine.require()
    if engine is None:
        return None
    from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.local_engine import look

    try:
        return look(
            engine,
            {"build": found.build, "runtime": found.runtime},
            PLATFORMS[params["architecture"]],
            params["pull"],
            given_login(params["registry_logins"]),
            predict=check_mode,
        )
    finally:
        engine.close()


def write(path: str, results: dict[str, Any], found: Comparison) -> list[str]:
    """The report; the paths of its files. Raises EngineError."""
    from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.page import write_report
    from ansible_collections.lambdaops.deploy.plugins.module_utils._parity.tables import tables_of

    return write_report(path, results, tables_of(found.build, found.runtime))


def main() -> None:
    module = ParityModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = given(module.params)
    if wrong := misuse(params):
        module.fail_json(msg=wrong, changed=False)
    try:
        found, results = compared(params, module.check_mode)
        results["msg"] = sentence(found) if results["acceptable"] else refusal(found, results["advice"])
        results["report"] = []
        if params["report"] and not module.check_mode:
            try:
                results["report"] = write(params["report"], results, found)
            except EngineError as error:
                module.fail_json(msg=f"{error} Apart from that, {results['msg']}", changed=results["changed"])
    except MissingRequests:
        module.fail_json(msg=missing_required_lib("requests"), changed=False)
    except EngineError as error:
        module.fail_json(msg=str(error), changed=False, **error.facts)
    if results["acceptable"]:
        module.exit_json(**results)
    module.fail_json(**results)


if __name__ == "__main__":
    main()
