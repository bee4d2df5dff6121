#!/usr/bin/python
# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_artifact_check
version_added: 0.1.0
short_description: Prove that every native file of a Lambda package can be loaded in the runtime image
description:
  - Finds the native files of a package by their content, resolves what each one needs as the loader of the runtime
    image would do it, and names the file, the library and the version that stop it, with what to do about it.
  - Also finds packages for another architecture or system, extensions that were built for another version of Python,
    Node.js, Ruby, Java or .NET, native files and handlers that Lambda may not read, and a handler or C(bootstrap) that
    is missing.
  - Neither the package nor the image is unpacked to disk, and nothing of them is run, unless O(run) is set. A package
    in which nothing depends on the image is checked without reading it, so without a network.
author:
  - lambdaops.deploy contributors (@lambdaops)
extends_documentation_fragment:
  - lambdaops.deploy.images
options:
  path:
    description:
      - The package, a zip or a directory with what will be in it.
      - Archives in it (C(.jar), C(.whl), C(.egg)) are looked into as well, one level deep. One that can't be read is
        noted; for Java, a jar in C(lib/) or at the top is C(unknown) then.
    type: path
    required: true
  layers:
    description:
      - Local copies of the layers that the function uses, zips or directories, in the order in which Lambda has them.
        Files of later ones overwrite files of earlier ones. A function takes five at most.
    type: list
    elements: path
    default: []
  layers_known:
    description:
      - Whether O(layers) are all layers that the function uses. If not, what another layer may bring is C(unknown)
        instead of C(broken). That is a C(bootstrap), the file of the handler, and libraries that were found nowhere.
    type: bool
    default: true
  runtime:
    description:
      - The Lambda runtime that the code will run on, such as V(nodejs20.x) or V(python3.12). It names the rules of the
        language, and the runtime image, unless O(runtime_image) is given.
      - At least one of O(runtime) and O(runtime_image) is needed; with O(runtime_image) alone no rules of a language
        are applied. What is empty, as surveys send it, counts as left out.
    type: str
  runtime_image:
    description:
      - The image that stands for what Lambda runs the code on.
      - C(docker://HOST/REPOSITORY[:TAG][@DIGEST]) for an image in a registry, where C(docker://) may be left out;
        C(oci:PATH[:TAG][@DIGEST]), C(docker-archive:PATH[:NAME:TAG]) and C(docker-daemon:NAME[:TAG]) as in
        M(lambdaops.deploy.lambda_image_parity).
    type: str
  handler:
    description:
      - What Lambda calls, V(app.handler) for example. Its file has to be in the package or in a layer.
      - For runtimes that do not call a handler by a file it is not looked at.
    type: str
  ignore:
    description:
      - Files whose findings count for nothing, as patterns with the wildcards C(*), C(?) and C([...]), in which C(*)
        also matches C(/), such as V(*/tests/*) or V(node_modules/fsevents/*).
      - They stay among RV(findings) and are marked.
    type: list
    elements: str
    default: []
  fail_on:
    description:
      - The mildest verdict that fails the task; worse ones fail as well.
    type: str
    choices: [container_only, unknown, broken, never]
    default: unknown
  run:
    description:
      - Whether to start the runtime image in a local engine, Docker or Podman, and to import the handler there as the
        runtime would. What the loader or the interpreter says then becomes a finding.
      - The package and its layers are mounted read-only, below a read-only system. There is no network, there are no
        credentials and no privileges, and memory, processes and time are limited. The code of the package that runs
        when it is imported is run, so do this with packages that you trust as far as your engine isolates.
      - It needs O(handler), O(runtime), and a runtime of Python or Node.js. An image that the engine does not have is
        pulled by its digest. One that was read from a file, as through a mirror C(oci:FOLDER), has to be loaded into
        the engine before.
    type: bool
    default: false
  run_timeout:
    description:
      - Seconds that O(run) may take in the container.
    type: int
    default: 30
  run_memory:
    description:
      - MiB of memory that O(run) may take.
    type: int
    default: 512
  environment_variables:
    description:
      - Environment of the function. Without O(run) only E(LD_LIBRARY_PATH) matters, which takes the place of the
        image's; O(run) has all of it. A variable with the value null counts as left out.
      - Values are not shown in results. What the function says when it is imported is shown without them, without
        their parts of six characters and more (between the marks of URLs and connection strings, or in JSON), and
        without both in base64. Values of less than four characters, and what code makes of a value in other ways, are
        not recognised.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details: The module only reads. O(run) is done in check mode as well, since it changes nothing.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
    details: Nothing is changed.
  platform:
    description: Target OS/families that can be operated against.
    platforms: posix
    support: full
notes:
  - >-
    Verdicts, from best to worst. C(loads): each native file that is meant for the target finds all it needs.
    C(container_only): a library that is needed is in the runtime image only because its package manager needs it, so
    Lambda's managed runtime may lack it. C(unknown): something could not be read, or can't be known without running it.
    C(broken): a file that the function would load can't be loaded.
  - >-
    Files for other systems and architectures beside one that fits, as packages with prebuilt variants have them, are
    counted in RV(notes) and are no findings.
  - >-
    Libraries are looked up as the runtime's loader does it: in the RPATH of the file and of those that load it, the
    function's or the image's E(LD_LIBRARY_PATH), RUNPATH, C(/etc/ld.so.conf), and the system's directories, with the
    package at C(/var/task) and the layers at C(/opt). The first library found is the one that has to have the symbol
    versions; these are compared as names.
  - >-
    A zip that holds different files under one name is an error, since nobody can tell which of them Lambda would use.
  - >-
    What can't be seen without O(run): libraries that code opens by name while it runs, CPU features, calls that the
    kernel refuses, symbols without a version, and what the libraries of the image need themselves.
seealso:
  - module: lambdaops.deploy.lambda_image_parity
"""

EXAMPLES = r"""
- name: Refuse to deploy a package that does not load on Lambda
  lambdaops.deploy.lambda_artifact_check:
    path: build/orders.zip
    runtime: python3.12

- name: Check a package for arm64 with its layers and its handler, through a mirror inside the company
  lambdaops.deploy.lambda_artifact_check:
    path: build/orders.zip
    layers: [build/libraries.zip, build/monitoring.zip]
    runtime: nodejs20.x
    architecture: arm64
    handler: src/orders.handler
    registry_mirrors:
      public.ecr.aws: mirror.example.com/ecr-public

- name: See what is wrong without failing
  lambdaops.deploy.lambda_artifact_check:
    path: .aws-sam/build/Orders
    runtime: nodejs20.x
    fail_on: never
  register: artifact

- name: Show it
  ansible.builtin.debug:
    msg: "{{ [artifact.msg] + artifact.table + artifact.advice }}"

- name: Leave the tests of a dependency out of it
  lambdaops.deploy.lambda_artifact_check:
    path: build/orders.zip
    runtime: python3.12
    ignore: ["*/tests/*"]

- name: Import the handler in the runtime image as well, on a machine with Docker
  lambdaops.deploy.lambda_artifact_check:
    path: build/orders.zip
    runtime: python3.12
    handler: app.handler
    run: true
    environment_variables:
      TABLE_NAME: orders-test
"""

RETURN = r"""
msg:
  description: Whether the package loads, in one sentence; when the task fails, what stops it first and what to do.
  returned: always
  type: str
  sample: >-
    build/orders.zip does not load on public.ecr.aws/lambda/python:3.12-x86_64 (Amazon Linux 2023.6.20241031):
    numpy/_core/_multiarray_umath.cpython-312-x86_64-linux-gnu.so needs GLIBC_2.38 of libc.so.6, and the runtime image
    has up to GLIBC_2.34 (and 1 more finding).
acceptable:
  description: Whether O(fail_on) lets the verdict pass.
  returned: when the package could be read
  type: bool
verdict:
  description: The worst of all findings that are not ignored.
  returned: when the package could be read
  type: str
  choices: [loads, container_only, unknown, broken]
  sample: broken
findings:
  description: All that stands in the way, what stops the deployment first; one for each file, library and version.
  returned: when the package could be read
  type: list
  elements: dict
  contains:
    file:
      description: Name in the package; C(!/) stands between an archive and a file in it.
      type: str
    problem:
      description: What kind of thing is wrong.
      type: str
      choices:
        - damaged
        - format
        - architecture
        - libc
        - interpreter
        - runtime_abi
        - library
        - version
        - permission
        - entry_point
        - load
        - search
        - container_only
    verdict:
      description: The verdict that this finding alone would give.
      type: str
    message:
      description: What is wrong, in one sentence.
      type: str
    hint:
      description: What to do about it; may be empty.
      type: str
    library:
      description: The library that is lacking, or lacks something; empty where it is about the file itself.
      type: str
    version:
      description: The symbol version that is lacking; empty where it is not about one.
      type: str
    component:
      description: The npm or Python package, gem or jar that the file belongs to, with its version; empty if not known.
      type: str
    ignored:
      description: Whether O(ignore) matches the file, so that it counts for nothing.
      type: bool
  sample:
    - file: numpy/_core/_multiarray_umath.cpython-312-x86_64-linux-gnu.so
      problem: version
      verdict: broken
      message: >-
        numpy/_core/_multiarray_umath.cpython-312-x86_64-linux-gnu.so needs GLIBC_2.38 of libc.so.6, and the runtime
        image has up to GLIBC_2.34.
      hint: >-
        Take wheels for Python 3.12 on Linux x86_64 with glibc 2.34, or build the packages in
        public.ecr.aws/sam/build-python3.12:latest-x86_64: pip install --upgrade --platform manylinux_2_28_x86_64
        --platform manylinux2014_x86_64 --only-binary=:all: --python-version 3.12 --target <the folder that you pack>
        'numpy<=2.4.6'
      library: libc.so.6
      version: GLIBC_2.38
      component: numpy 2.4.6
      ignored: false
counts:
  description: How many there are of what.
  returned: when the package could be read
  type: dict
  contains:
    natives:
      description: Native files in the package and its layers.
      type: int
    fit:
      description: Those of them that the runtime may load on the target's machine.
      type: int
    broken:
      description: Findings that stop the deployment.
      type: int
    unknown:
      description: Findings about what could not be known.
      type: int
    container_only:
      description: Findings about libraries that only the image has.
      type: int
    ignored:
      description: Findings that O(ignore) matches.
      type: int
packages:
  description: What was read, the package first, then its layers.
  returned: when the package could be read
  type: list
  elements: dict
  contains:
    path:
      description: The zip or directory.
      type: str
    root:
      description: Where the function sees it.
      type: str
    entries:
      description: How many files and links it has.
      type: int
    bytes:
      description: Their size, unzipped.
      type: int
    natives:
      description: How many native files it has.
      type: int
  sample:
    - path: build/orders.zip
      root: /var/task
      entries: 212
      bytes: 31457280
      natives: 17
runtime:
  description: What it was checked against. What only the image tells is null where the image did not have to be read.
  returned: when the package could be read
  type: dict
  contains:
    name:
      description: The Lambda runtime; null if only an image was given.
      type: str
    machine:
      description: The machine that code has to be for, as C(uname -m) says it.
      type: str
    image:
      description: The reference of the runtime image.
      type: str
    pinned:
      description: The same image by its digest; null for archives and engines, which know no digest of a registry.
      type: str
    os_release:
      description: C(PRETTY_NAME) of os-release; null if there is none.
      type: str
    library_path:
      description: The directories of E(LD_LIBRARY_PATH), the function's own or else the image's.
      type: str
    libraries:
      description: How many shared libraries its loader finds.
      type: int
run:
  description: What came of O(run); null where nothing was run.
  returned: when the package could be read
  type: dict
  contains:
    outcome:
      description:
        - How the import of the handler ended. C(refused) is the word of the loader or the interpreter, C(failed) that
          of the function's own code.
      type: str
      choices: [imported, refused, missing, failed, ended, crashed, timed_out, out_of_memory]
    words:
      description:
        - What was said, shortened and without values of the environment; empty where the handler was imported.
      type: str
    seconds:
      description: How long the container ran.
      type: float
    interpreter:
      description: The interpreter and its version; null where it did not come to say so.
      type: str
  sample:
    outcome: refused
    words: >-
      ImportError: liborders.so.3: cannot open shared object file: No such file or directory
    seconds: 0.4
    interpreter: Python 3.12.7
transfer:
  description: What reading the image cost.
  returned: when the package could be read
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
      description: Layers of which everything needed was known from the cache.
      type: int
advice:
  description: What mends the findings, what stops the deployment first, each line once; at most ten.
  returned: when the package could be read
  type: list
  elements: str
table:
  description: The findings as lines of aligned columns, to be printed.
  returned: when the package could be read
  type: list
  elements: str
notes:
  description: What was not looked into, what is for other platforms, and what else is worth knowing.
  returned: when the package could be read
  type: list
  elements: str
"""

from typing import TYPE_CHECKING, Any

from ansible_collections.lambdaops.deploy.plugins.module_utils._task import DiscreetModule
from ansible.module_utils.basic import missing_required_lib
from ansible_collections.lambdaops.deploy.plugins.module_utils._artifact.artifact import check_artifact
from ansible_collections.lambdaops.deploy.plugins.module_utils._artifact.report import as_results, refusal, sentence
from ansible_collections.lambdaops.deploy.plugins.module_utils._artifact.runtime import RuntimeImage
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
from ansible_collections.lambdaops.deploy.plugins.module_utils._languages.rules import has_rules

if TYPE_CHECKING:
    from ansible_collections.lambdaops.deploy.plugins.module_utils._smoke.words import SmokeResult

ARGUMENTS: dict[str, Any] = {
    "path": {"type": "path", "required": True},
    "layers": {"type": "list", "elements": "path", "default": []},
    "layers_known": {"type": "bool", "default": True},
    "runtime": {"type": "str"},
    "runtime_image": {"type": "str"},
    **IMAGE_ARGUMENTS,
    "handler": {"type": "str"},
    "ignore": {"type": "list", "elements": "str", "default": []},
    "fail_on": {"type": "str", "choices": ["container_only", "unknown", "broken", "never"], "default": "unknown"},
    "run": {"type": "bool", "default": False},
    "run_timeout": {"type": "int", "default": 30},
    "run_memory": {"type": "int", "default": 512},
    "environment_variables": {"type": "dict", "default": {}},
}
UNITS = {**IMAGE_UNITS, "run_timeout": "second", "run_memory": "MiB"}


class ArtifactModule(DiscreetModule):
    secret_options = SECRET_IMAGE_OPTIONS | {"environment_variables"}


def given(params: dict[str, Any]) -> dict[str, Any]:
    """The arguments, without those that a survey or a form left empty."""
    texts = {name: params[name] or "" for name in ("runtime", "runtime_image", "handler")}
    lists = {name: [text for text in params[name] if text] for name in ("layers", "ignore")}
    return {**params, **texts, **lists}


def misuse(params: dict[str, Any]) -> str:
    """What is wrong with the arguments beyond their types, or ""."""
    if not params["runtime"] and not params["runtime_image"]:
        return "Either `runtime` or `runtime_image` is needed."
    if params["run"] and not params["handler"]:
        return "`run` needs the `handler` that is to be imported."
    if params["run"] and not params["runtime"].startswith(("python", "nodejs")):
        return "`run` needs a `runtime` of Python or Node.js."
    return too_small(params, UNITS)


def checked(params: dict[str, Any]) -> dict[str, Any]:
    """What the module returns. Raises EngineError."""
    name, build_image, notes, runtime = params["runtime_image"], "", [], params["runtime"]
    if params["runtime"]:
        found, notes = images_named(params)
        name, build_image = name or found.runtime_image, found.build_image
    if runtime in params["images"] and not has_rules(runtime):
        runtime = ""
        notes.append(f"{params['runtime']} is a name of your own, so no rules of a language are applied.")
    reference = parse_reference(name)
    environment = environment_of(params)
    with image_access(params) as access:
        image = RuntimeImage(
            reference,
            PLATFORMS[params["architecture"]],
            sources=access.sources,
            cache=access.cache,
            transfer=access.transfer,
        )
        artifact = check_artifact(
            params["path"],
            params["layers"],
            image,
            runtime=runtime,
            build_image=build_image,
            ignore=params["ignore"],
            handler=params["handler"],
            layers_known=params["layers_known"],
            environment=environment,
        )
        run = smoke_run(params, image, environment) if params["run"] else None
    if run:
        artifact = artifact.with_findings(run.findings, imported=run.outcome.value == "imported")
    results = as_results(artifact, access.transfer, (*notes, *access.notes))
    results["run"] = run_result(run) if run else None
    results["acceptable"] = not artifact.checked.verdict.fails(params["fail_on"])
    results["msg"] = sentence(artifact) if results["acceptable"] else refusal(artifact)
    return results


def environment_of(params: dict[str, Any]) -> dict[str, str]:
    """The function's, as Lambda stores it, without what is null. Raises EngineError."""
    if not params["environment_variables"]:
        return {}
    # Imported here, as all else that only some tasks need: Ansible compiles what is imported in each task.
    from ansible_collections.lambdaops.deploy.plugins.module_utils._function.environment import Mode, read_wanted

    wanted = read_wanted(params["environment_variables"], Mode.MERGE)
    return {name: text for name, text in wanted.items() if text is not None}


def smoke_run(params: dict[str, Any], image: RuntimeImage, environment: dict[str, str]) -> SmokeResult:
    """Raises EngineError."""
    from ansible_collections.lambdaops.deploy.plugins.module_utils._image.credentials import given_login
    from ansible_collections.lambdaops.deploy.plugins.module_utils._image.engine import Engine
    from ansible_collections.lambdaops.deploy.plugins.module_utils._smoke.run import run

    engine = Engine.require()
    try:
        return run(
            engine,
            image.image,
            params["path"],
            params["layers"],
            params["handler"],
            params["runtime"],
            timeout=params["run_timeout"],
            memory=params["run_memory"],
            environment=environment,
            find_login=given_login(params["registry_logins"]),
        )
    finally:
        engine.close()


def run_result(run: SmokeResult) -> dict[str, Any]:
    return {
        "outcome": run.outcome.value,
        "words": run.words,
        "seconds": round(run.seconds, 1),
        "interpreter": run.interpreter or None,
    }


def main() -> None:
    module = ArtifactModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = given(module.params)
    if wrong := misuse(params):
        module.fail_json(msg=wrong, changed=False)
    try:
        results = checked(params)
    except MissingRequests:
        module.fail_json(msg=missing_required_lib("requests"), changed=False)
    except EngineError as error:
        module.fail_json(msg=str(error), changed=False, **error.facts)
    if results["acceptable"]:
        module.exit_json(**results)
    module.fail_json(**results)


if __name__ == "__main__":
    main()
