# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options by which modules read images, and what they need for it."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - python >= 3.11
  - requests (for images in registries; it comes with the Python package C(docker))
  - docker (optional; for images and copies of a local engine, and for credential stores and helpers)
  - boto3 (optional; for logins to private ECR)
  - isal (optional; reading images that are not in the cache takes about a quarter less time)
  - zstandard (optional; for layers that are compressed with zstd)
options:
  images:
    description:
      - Images of your own for O(runtime), by the name of the runtime, so that one mapping serves many plays.
      - Each value has C(build_image), C(runtime_image) or both; C({architecture}) in them is replaced.
        Options that name one image come before them.
    type: dict
    default: {}
  architecture:
    description:
      - The architecture that the code runs on. Of an image for several, that one is read; an image without it is an
        error that lists what is offered.
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
  registry_logins:
    description:
      - Logins for registries. They come before those that C(docker login) stored, and before those that AWS gives for
        private ECR.
    type: list
    elements: dict
    default: []
    suboptions:
      registry:
        description:
          - Host of the registry that is really read, so of a mirror if there is one, as references write it.
        type: str
        required: true
      username:
        description: The user.
        type: str
        required: true
      password:
        description: The password or token. It is shown nowhere.
        type: str
        required: true
  offline:
    description:
      - Whether to ask no registry for anything. What a tag meant when it was last read is what it means then, and what
        is not in the cache is an error. Images on disk can be read as always.
    type: bool
    default: false
  cache_dir:
    description:
      - Folder for what was read of manifests, configs and layers, by digest, so that a layer is read only once.
      - It holds no credentials and may be deleted at any time. A folder that can't be written, or that other users
        can write, is noted and not used.
      - The default is C($XDG_CACHE_HOME/lambdaops.deploy), or C(~/.cache/lambdaops.deploy).
    type: path
  cache_size:
    description:
      - How large the cache may grow, in MiB. What was not used for longest goes first.
    type: int
    default: 1024
  timeout:
    description:
      - Seconds to wait for a connection to a registry, and for its next byte.
      - Attempts that may succeed when repeated (429, 5xx, broken connections) are repeated a few times, with pauses.
    type: int
    default: 30
notes:
  - >-
    Registry logins are those of O(registry_logins), those that C(docker login) stored for the user who runs the module,
    and for private ECR those that AWS gives for the credentials in the environment (E(AWS_PROFILE),
    E(AWS_ACCESS_KEY_ID) and so on). The permissions are C(ecr:GetAuthorizationToken), C(ecr:BatchGetImage) and
    C(ecr:GetDownloadUrlForLayer). A login that is refused is tried once more without, since public images can be read
    by everybody. Logins are never sent over plain HTTP to another machine.
"""
