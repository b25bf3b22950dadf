"""A private Redis of the tests' own, on a free port in a temporary folder."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import redis

from deploy.lifeline import if_we_die
from service.settings import RedisSettings

START_S = 20.0
STOP = 'kill -KILL "$1"; rm -rf "$2"'
"""What becomes of it if the tests are killed."""


def binary() -> str | None:
    """The server's program, or None where there is none."""
    return shutil.which("redis-server")


class RedisServerProcess:
    """A server that runs, keeps nothing on disk, and can be stopped in every way there is."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [self._program, *options, "--dir", self._folder], stdout=subprocess.DEVNULL
        )
        self._watch = ExitStack()
        kill = ["sh", "-c", STOP, "sh", str(self._process.pid), self._folder]
        self._watch.enter_context(if_we_die(kill))
        until = time.monotonic() + START_S
        with closing(self.client()) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError:
                    if time.monotonic() > until or self._process.poll() is not None:
                        raise
                    time.sleep(0.01)

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def flush(self) -> None:
        with closing(self.client()) as client:
            client.flushall()

    def kill(self) -> None:
        self._watch.close()
        self._process.kill()
        self._process.wait()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """It answers nothing until the block ends, and its port is open."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def settings(self, **changes: object) -> RedisSettings:
        """How the product reaches it; what is away is tried again at once."""
        return RedisSettings.model_validate({"url": self.url, "timeout_s": 0.3, "retry_s": 1e-9, **changes})


@contextmanager
def running(program: str) -> Iterator[RedisServerProcess]:
    """A server until the block ends."""
    with TemporaryDirectory(prefix="footnote-redis-") as folder:
        server = RedisServerProcess(program, Path(folder))
        try:
            yield server
        finally:
            server.kill()


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
