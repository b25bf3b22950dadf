"""What a process has started ends with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests import postgres, redis_server
from tests.deploy.checking import ROOT, tool

POSTGRES = """
from pathlib import Path
from tests import postgres
with postgres.running(postgres.binaries()) as server:
    print((server._data / "postmaster.pid").read_text().split()[0], server._sockets, flush=True)
    input()
"""
REDIS = """
from tests import redis_server
with redis_server.running(redis_server.binary()) as server:
    print(server._process.pid, server._folder, flush=True)
    input()
"""
SERVICE = """
import sys, subprocess
from deploy.lifeline import ending_with_us
process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with ending_with_us(process):
    print(process.pid, ".", flush=True)
    input()
process.kill()
"""

BENCH = """
import os
from pathlib import Path
from eval.bench.stack import _process
with _process(["sleep", "600"], os.environ, Path(os.devnull)) as (process, _):
    print(process.pid, ".", flush=True)
    input()
"""


def started(script: str) -> tuple[subprocess.Popen[str], int, Path]:
    """A process that has started another one; both, and the other one's folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    pid, folder = process.stdout.readline().split()
    return process, int(pid), Path(folder)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize(
    "script", [POSTGRES, REDIS, SERVICE, BENCH], ids=["postgres", "redis", "service", "bench"]
)
def test_what_a_killed_process_has_started_ends_with_it_and_leaves_no_folder(script: str) -> None:
    if postgres.binaries() is None or redis_server.binary() is None:
        tool("redis-server")
    process, pid, folder = started(script)
    assert not is_gone(pid)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    until(lambda: is_gone(pid))
    if folder != Path("."):
        until(lambda: not folder.exists())


def test_a_process_that_ends_in_order_ends_the_others_itself(tmp_path: Path) -> None:
    script = f"""
from deploy.lifeline import if_we_die
with if_we_die(["touch", {str(tmp_path / "died")!r}]):
    print(1, ".", flush=True)
    input()
"""
    process, _, _ = started(script)
    process.communicate("\n")
    assert process.returncode == 0
    assert not (tmp_path / "died").exists()
