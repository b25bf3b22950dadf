"""The command line as its users run it: child processes on a data folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
START_S = 60


def footnote(
    *arguments: str, data: Path, cwd: Path | None = None, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end; `settings` are further environment variables."""
    command = [sys.executable, "-m", "service", *arguments]
    env = {**environment(data), **(settings or {})}
    return subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def said(done: subprocess.CompletedProcess[str]) -> Any:
    """The JSON that a command printed."""
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def environment(data: Path) -> dict[str, str]:
    """No settings but these, and a wide terminal."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("FOOTNOTE_")}
    cache = {name: os.environ[name] for name in ("FOOTNOTE_CACHE_DIR",) if name in os.environ}
    data.parent.mkdir(parents=True, exist_ok=True)
    empty = data.with_name("footnote.toml")
    empty.touch()  # what a test has written there stays
    ours = {"FOOTNOTE_CONFIG": str(empty), "FOOTNOTE_DATA_DIR": str(data), "PYTHONPATH": str(ROOT)}
    return {**kept, **cache, **ours, "COLUMNS": "200", "NO_COLOR": "1"}


@dataclass
class Server:
    """`footnote serve` on a free port."""

    process: subprocess.Popen[bytes]
    url: str
    data: Path

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Asks it to end; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@contextmanager
def serving(data: Path) -> Iterator[Server]:
    """A server that is ready; ended with the block if it still runs."""
    command = [sys.executable, "-m", "service", "serve", "--port", "0"]
    env = environment(data)
    log = data.with_name("server.log")  # a pipe that nobody reads would fill up and stop the server
    with log.open("a") as stderr:
        process = subprocess.Popen(command, env=env, stderr=stderr)
    try:
        yield Server(process, _address(process, data / "server.json"), data)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)


def _address(process: subprocess.Popen[bytes], announced: Path) -> str:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if announced.exists() and (text := announced.read_text()):
            return str(json.loads(text)["url"])
        if process.poll() is not None:
            raise AssertionError(announced.parent.with_name("server.log").read_text())
        time.sleep(0.02)
    raise AssertionError("the server did not start")
