# Copyright (c) 2026 lambdaops.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starting, stopping, saying what is wrong, and leaving nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from bed import ROLE, Bed, Function, lambda_client, package

FOREVER = """import subprocess
child = subprocess.Popen(['sleep', '600'])
def handler(event, context): return child.pid
"""


def processes(word: str) -> list[str]:
    """The command lines of running processes that mention the word."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
                where = os.readlink(entry / "cwd")
                if word in command or word in where:
                    found.append(command)
    return found


def running_process(pid: int) -> bool:
    """False for one that is gone or only waits to be reaped: that one has no command line."""
    with contextlib.suppress(OSError):
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    return False


def test_up_status_and_down_leave_nothing_behind(new_bed: Bed) -> None:
    assert new_bed.command("status").returncode == 1
    first = new_bed.command("up")
    assert first.returncode == 0, first.stderr
    assert f"http://127.0.0.1:{new_bed.port}" in first.stdout
    assert "already up" in new_bed.command("up").stdout
    assert f"{new_bed.port}" in new_bed.command("status").stdout

    client = lambda_client(new_bed)
    code = {"ZipFile": package(FOREVER)}
    client.create_function(FunctionName="f", Runtime="python3.12", Handler="app.handler", Role=ROLE, Code=code)
    function = Function(client, "f")
    function.settle()
    child = int(function.invoke()["Payload"])
    assert len(processes(str(new_bed.cache))) >= 3

    down = new_bed.command("down")
    assert down.returncode == 0, down.stderr
    assert "stopped" in down.stdout
    assert processes(str(new_bed.cache)) == []
    assert not running_process(child)
    assert "not running" in new_bed.command("down").stdout


def test_down_after_a_crash_ends_what_was_left(new_bed: Bed) -> None:
    folder = new_bed.cache / "testbed" / "localstack"
    folder.mkdir(parents=True)
    leader = subprocess.Popen(["sh", "-c", "sleep 600 & echo $!"], start_new_session=True, stdout=subprocess.PIPE)
    assert leader.stdout is not None
    orphan = int(leader.stdout.readline())
    leader.wait()
    (folder / "localstack.pid").write_text(json.dumps({"pid": leader.pid, "born": 1, "arguments": ["x"]}))
    assert running_process(orphan)
    assert new_bed.command("down").returncode == 0
    assert not running_process(orphan)


def test_it_listens_on_loopback_only(running: Bed) -> None:
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    addresses = {line.split()[1] for line in listening if line.split()[3] == "0A"}
    assert f"0100007F:{running.port:04X}" in addresses
    assert f"00000000:{running.port:04X}" not in addresses
    assert requests.get(f"{running.endpoint}/_localstack/health", timeout=10).ok


def test_a_taken_port_is_named_with_its_owner_and_the_way_out(new_bed: Bed) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", new_bed.port))
        taken.listen()
        up = new_bed.command("up")
    assert up.returncode == 1
    assert f"Port {new_bed.port} for LocalStack is taken by" in up.stderr
    assert f"(pid {os.getpid()})" in up.stderr
    assert f"make up LOCALSTACK_PORT={new_bed.port + 1}" in up.stderr
    assert len(up.stderr.splitlines()) == 1


def test_a_missing_environment_says_how_to_make_it(new_bed: Bed, tmp_path: Path) -> None:
    up = new_bed.command("up", LAMBDAOPS_LOCALSTACK_ENV=str(tmp_path / "none"))
    assert up.returncode == 1
    assert "make setup" in up.stderr
    assert len(up.stderr.splitlines()) == 1


def test_a_localstack_that_dies_shows_the_end_of_its_log(new_bed: Bed, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    up = new_bed.command("up", LAMBDAOPS_LOCALSTACK_ENV=str(tmp_path))
    assert up.returncode == 1
    assert "localstack ended while it was starting; its log is " in up.stderr
    assert "No module named" in up.stderr
    assert "Traceback" not in up.stderr


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_refused(new_bed: Bed, port: str) -> None:
    up = new_bed.command("up", LOCALSTACK_PORT=port)
    assert up.returncode == 1
    assert f"LOCALSTACK_PORT is '{port}', which is not a port" in up.stderr


def test_a_pid_file_of_another_process_stops_nobody(new_bed: Bed) -> None:
    folder = new_bed.cache / "testbed" / "localstack"
    folder.mkdir(parents=True)
    (folder / "localstack.pid").write_text(f'{{"pid": {os.getpid()}, "born": 1, "arguments": []}}')
    assert "not running" in new_bed.command("down").stdout


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_env_points_a_shell_at_the_testbed(new_bed: Bed, shell: str) -> None:
    printed = new_bed.command("env").stdout
    script = f'eval {shlex.quote(printed)}; printf "%s\\n" "$AWS_ENDPOINT_URL" "$ANSIBLE_COLLECTIONS_PATH" "$PATH"'
    ended = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True)
    endpoint, collections, path = ended.stdout.splitlines()
    assert endpoint == new_bed.endpoint
    assert collections == str(new_bed.cache / "collections")
    assert path.split(":")[0].endswith("/.venv/bin")
    assert path.endswith(os.environ["PATH"])


def test_env_removes_what_would_lead_elsewhere(new_bed: Bed) -> None:
    script = f"eval {shlex.quote(new_bed.command('env').stdout)}; env"
    misled = {**os.environ, "AWS_PROFILE": "prod", "AWS_ENDPOINT_URL_LAMBDA": "https://elsewhere", "NO_PROXY": "corp"}
    ended = subprocess.run(["sh", "-c", script], env=misled, capture_output=True, text=True, check=True)
    assert "AWS_PROFILE=" not in ended.stdout
    assert "AWS_ENDPOINT_URL_LAMBDA=" not in ended.stdout
    assert "NO_PROXY=127.0.0.1,corp\n" in ended.stdout


def test_the_port_is_kept_for_later_commands(new_bed: Bed) -> None:
    assert "not running yet; start it with `make up`" in new_bed.command("env").stderr
    assert new_bed.command("up").returncode == 0
    assert new_bed.endpoint in new_bed.command("env", LOCALSTACK_PORT="").stdout
    assert new_bed.command("down", LOCALSTACK_PORT="").returncode == 0
    assert ":4566" in new_bed.command("env", LOCALSTACK_PORT="").stdout
