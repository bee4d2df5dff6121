# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo: drifted images and a package that does not load are refused, then one is released, once.

Everything runs on this machine: LocalStack plays AWS, and really runs the function. Nothing stays behind but caches.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from lambdaops_testbed.images import elf
from lambdaops_testbed.images.elf_file import Machine
from lambdaops_testbed.settings import read_settings
from lambdaops_testbed.shell import point_at

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ["LAMBDAOPS_CACHE"])
IMAGES = CACHE / "images"
ANSIBLE = {
    "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    "ANSIBLE_LOCALHOST_WARNING": "false",
}


class DemoFailed(Exception):
    """Something that the demo promises did not happen."""


def main() -> int:
    started = time.monotonic()
    point_at(read_settings(os.environ), os.environ)
    os.environ.update(ANSIBLE)
    running = subprocess.run(testbed("status"), capture_output=True, check=False).returncode == 0
    try:
        subprocess.run(testbed("up"), check=True)
        show()
    except (DemoFailed, BotoCoreError, ClientError) as failure:
        print(f"\nThe demo did not go as it should: {failure}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as failure:
        return failure.returncode
    finally:
        if not running:
            subprocess.run(testbed("down"), check=False, stdout=subprocess.DEVNULL)
    print(WHERE_NEXT.format(seconds=time.monotonic() - started))
    return 0


def show() -> None:
    """What there is to see, in its order."""
    subprocess.run([sys.executable, "-m", "lambdaops_testbed.images", "--out", str(IMAGES), "--quiet"], check=True)
    function = Function(boto3.client("lambda"))
    function.create(package("1.0"))
    after = package("2.0")
    print(f"The function answers with its old code and its old environment: {function.answer()}")

    heading("1. The build image has drifted from the runtime image: the release is refused, and nothing is touched")
    if "risky_drift" not in release(after, build_tag="latest", expected=2):
        raise DemoFailed("the drifted images were not what stopped the release.")

    heading("2. A native module that needs a newer C library than the runtime has: refused as well, with its name")
    if "GLIBC_2.38" not in release(package("2.0", too_new()), build_tag="1.127.0", expected=2):
        raise DemoFailed("the native module was not what stopped the release.")

    heading("3. A matching pair, a package that loads: code first, wait, then the environment, wait")
    release(after, build_tag="1.127.0")

    heading("4. The function's own answer: new code, new environment")
    print(function.answer())

    heading("5. The same play again: nothing to do")
    if " changed=0 " not in release(after, build_tag="1.127.0"):
        raise DemoFailed("the second run changed something.")


@dataclass(frozen=True)
class Function:
    """The function on LocalStack, as its owner sees it."""

    client: Any
    name: str = "demo-orders"

    def create(self, zip_file: Path) -> None:
        """Put it in place as if an earlier release had done so."""
        with contextlib.suppress(self.client.exceptions.ResourceNotFoundException):
            self.client.delete_function(FunctionName=self.name)
        self.client.create_function(
            FunctionName=self.name,
            Runtime="python3.12",
            Handler="app.handler",
            Role="arn:aws:iam::000000000000:role/demo",
            Code={"ZipFile": zip_file.read_bytes()},
            Environment={"Variables": {"GREETING": "good morning"}},
        )
        self.client.get_waiter("function_active_v2").wait(FunctionName=self.name)

    def answer(self) -> str:
        payload: bytes = self.client.invoke(FunctionName=self.name)["Payload"].read()
        return payload.decode()


def release(zip_file: Path, *, build_tag: str, expected: int = 0) -> str:
    """Run the playbook, show its output as it comes, and return it."""
    variables = {"demo_zip_file": zip_file, "demo_images": IMAGES, "demo_build_tag": build_tag}
    command = ["ansible-playbook", "lambdaops.deploy.release", "--extra-vars", f"@{HERE / 'release.yml'}"]
    for name, value in variables.items():
        command += ["--extra-vars", f"{name}={value}"]
    print(f"$ {shlex.join(command)}", flush=True)
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            said.append(line)
            print(line, end="", flush=True)
    if process.returncode != expected:
        raise DemoFailed(f"the release ended with {process.returncode} instead of {expected}.")
    return "".join(said)


def package(version: str, native: bytes = b"") -> Path:
    """A zip of the function, the same bytes each time it is made. native: an extension module to put beside it."""
    path = CACHE / "demo" / f"orders-{version}{'-native' if native else ''}.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    source = (HERE / "function" / "app.py").read_text(encoding="utf-8").replace('CODE = "2.0"', f'CODE = "{version}"')
    files = {"app.py": source, **({"orders/_fast.cpython-312-x86_64-linux-gnu.so": native} if native else {})}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o644 << 16  # Lambda runs the function as another user
            archive.writestr(entry, content)
    return path


def too_new() -> bytes:
    """An extension module as a build on a newer Linux makes it: Lambda's Python 3.12 has glibc 2.34."""
    needs, offers = (elf.Import("libc.so.6", "GLIBC_2.38"),), (elf.Export("PyInit__fast"),)
    return elf.write(elf.SharedObject(Machine.X86_64, needed=("libc.so.6",), imports=needs, exports=offers))


def testbed(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "lambdaops_testbed", *arguments]


def heading(text: str) -> None:
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}{text}{plain}", flush=True)


WHERE_NEXT = """
That was the demo, in {seconds:.0f} s. Where to look next:
  examples/demo/release.yml   what the releases above were told
  README.md                   how to use the collection with your own functions
  make up                     the same testbed for plays of your own; then: eval "$(make -s env)"
  ansible-doc -t module lambdaops.deploy.lambda_safe_update   every option, with examples (after the eval above)"""

if __name__ == "__main__":
    sys.exit(main())
