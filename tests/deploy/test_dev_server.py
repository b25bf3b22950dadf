"""`make dev-server`: real PostgreSQL and Redis, with a stand-in for what `footnote` does in server mode."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.deploy.checking import DEPLOY, ROOT, tool
from tests.postgres import binaries

STUB = Path(__file__).with_name("stub_footnote.py")
RUN = f"""
import sys
sys.path.insert(0, {str(DEPLOY)!r})
import dev_server
dev_server.FOOTNOTE = (sys.executable, {str(STUB)!r})
dev_server.run.__defaults__ = (dev_server.FOOTNOTE,)
sys.exit(dev_server.main())
"""
READY = "worker | worker runs"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One for all tests, where PostgreSQL's user can reach it: to make its files takes a while."""
    if binaries() is None or shutil.which("redis-server") is None:
        tool("redis-server")
    with TemporaryDirectory(prefix="footnote-dev-server-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


class Stack:
    """A stack that runs as a process."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.calls = folder / "calls"
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN],
            env={
                "PATH": os.environ["PATH"],
                "DEV_SERVER_DIR": str(folder / "stack"),
                "STUB_CALLS": str(self.calls),
                "QDRANT_URL": "http://127.0.0.1:6333",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def until_ready(self) -> str:
        """What it printed until the last process ran."""
        assert self.process.stdout is not None
        printed = ""
        while "worker | worker runs" not in printed or "api    | serve runs" not in printed:
            line = self.process.stdout.readline()
            assert line, self.process.communicate()[1]
            printed += line
        return printed

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode

    def called(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.calls.read_text().splitlines()]


Start = Callable[..., Stack]


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Starts a stack on the test's folder; what still runs at its end is ended."""
    started: list[Stack] = []

    def one(**environment: str) -> Stack:
        started.append(Stack(folder, **environment))
        return started[-1]

    yield one
    for stack in reversed(started):
        if stack.process.poll() is None:
            stack.end()
        stack.calls.unlink(missing_ok=True)


def test_it_starts_with_a_key_and_goes_on_at_the_next_start_with_the_same_data(start: Start) -> None:
    first = start()
    assert "export KEY=fn_first" in first.until_ready()
    _query(first, "CREATE TABLE kept (what text)")
    assert first.end(signal.SIGTERM) == 0
    second = start()
    assert "export KEY=fn_first" in second.until_ready()
    _query(second, "SELECT what FROM kept")
    assert second.end() == 0
    commands = [call["command"] for call in second.called()]
    assert sorted(command[0] for command in commands) == [
        *("keys", "migrate", "migrate"),
        *("serve", "serve", "tenants", "tenants", "worker", "worker"),
    ]
    assert ["tenants", "create", "dev"] in commands
    assert ["keys", "create", "dev", "--role", "admin", "--json"] in commands


def test_ctrl_c_ends_all_of_it(start: Start) -> None:
    stack = start()
    stack.until_ready()
    settings = stack.called()[0]["settings"]
    assert _redis_answers(settings["FOOTNOTE_REDIS__URL"])
    assert stack.end(signal.SIGINT) == 0
    assert not _redis_answers(settings["FOOTNOTE_REDIS__URL"])
    with pytest.raises(psycopg.OperationalError):
        _query(stack, "SELECT 1")


def test_when_a_process_ends_by_itself_so_does_everything(start: Start) -> None:
    stack = start(STUB_DIES="worker")
    _, said = stack.process.communicate(timeout=60)
    assert stack.process.returncode == 1
    assert "worker ended by itself, with 3" in said


def test_without_a_qdrant_it_says_what_is_missing(start: Start) -> None:
    stack = start(QDRANT_URL="")
    _, said = stack.process.communicate(timeout=60)
    assert stack.process.returncode == 1
    assert "QDRANT_URL is not set" in said


def test_it_runs_once_on_a_folder_and_its_secrets_are_for_their_owner_alone(
    folder: Path, start: Start
) -> None:
    stack = start()
    printed = stack.until_ready()
    _, said = start().process.communicate(timeout=60)
    assert "it runs already" in said
    password = (folder / "stack" / "password").read_text()
    assert {(folder / "stack" / name).stat().st_mode & 0o077 for name in ("password", "key")} == {0}
    assert password not in printed
    assert not (folder / "stack" / "postgres" / "password").exists()
    processes = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _readable(path)]
    assert not any(password.encode() in command for command in processes)
    assert stack.end() == 0


def _readable(path: Path) -> bool:
    try:
        return bool(path.read_bytes())
    except OSError:
        return False


def _query(stack: Stack, statement: str) -> None:
    url = stack.called()[-1]["settings"]["FOOTNOTE_CATALOGUE__URL"].replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        connection.execute(statement)


def _redis_answers(url: str) -> bool:
    where = urlsplit(url)
    done = subprocess.run(
        ["redis-cli", "-h", str(where.hostname), "-p", str(where.port), "ping"],
        env={"PATH": os.environ["PATH"], "REDISCLI_AUTH": str(where.password)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() == "PONG"
