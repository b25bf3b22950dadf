"""A private PostgreSQL of the tests' own, on a free port in a temporary folder."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import psutil
import psycopg

from deploy.lifeline import if_we_die
from service.catalogue.database import migrate

USER = "postgres"
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB")
"""Nothing is kept beyond the tests, so nothing has to survive a loss of power."""
TEMPLATE = "footnote_template"
STOP = 'folder=$1; shift; "$@"; cd / && rm -rf "$folder"'
"""What becomes of it if the tests are killed."""


def binaries() -> Path | None:
    """The folder of Debian's newest PostgreSQL, or of the one on the path; None where there is none."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: int(re.sub(r"\D", "", path.parts[4])), default=None)
    return newest and newest.parent


class PostgresServer:
    """A server that runs, with a database that holds the newest schema to make others from."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._data = folder / "data"
        self._sockets = folder
        self.port = _free_port()
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(folder, USER, USER)
        self._run(
            "initdb", f"--username={USER}", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"
        )
        self.start()
        self.execute(f"CREATE DATABASE {TEMPLATE}")
        migrate(self.url(TEMPLATE))

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Does what can be done in no transaction."""
        where = f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"
        with closing(psycopg.connect(where, autocommit=True)) as connection:
            connection.execute(statement)

    def start(self) -> None:
        options = [f"-p {self.port}", "-h 127.0.0.1", f"-k {self._sockets}", *(f"-c {one}" for one in QUICK)]
        self._run(
            "pg_ctl", "start", "-w", "-t", "60", "-l", str(self._sockets / "log"), "-o", " ".join(options)
        )

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-w", "-m", "immediate")

    @property
    def stopping(self) -> list[str | Path]:
        """The folder that is left, and the command that ends it."""
        return [self._sockets, self._binaries / "pg_ctl", "-D", self._data, "stop", "-w", "-m", "immediate"]

    @contextmanager
    def paused(self) -> Iterator[None]:
        """It answers nothing until the block ends, and its connections stay open."""
        master = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        stopped = [master, *master.children(recursive=True)]
        for process in stopped:
            process.suspend()
        try:
            yield
        finally:
            for process in stopped:
                process.resume()

    @contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """The URL of a database that ends with the block."""
        name = f"test_{uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._binaries / program, "-D", self._data, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            **self.as_postgres(),
        )

    def as_postgres(self) -> dict[str, Any]:
        """Where its programs run, and as whom if root starts them."""
        as_root = os.geteuid() == 0
        return {
            "cwd": self._sockets,
            "user": USER if as_root else None,
            "group": USER if as_root else None,
            "extra_groups": [] if as_root else None,
            "env": {"PATH": os.environ["PATH"], "LC_ALL": "C"},
        }


@contextmanager
def running(binaries: Path) -> Iterator[PostgresServer]:
    """A server until the block ends."""
    with TemporaryDirectory(prefix="footnote-postgres-") as folder:
        server = PostgresServer(binaries, Path(folder))
        with if_we_die(["sh", "-c", STOP, "sh", *server.stopping], **server.as_postgres()):
            try:
                yield server
            finally:
                server.stop()


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
