"""Server mode as it is run, for as long as a measurement takes: processes on PostgreSQL, Redis and Qdrant.

The servers are those that the tests start, so this works in a checkout alone. Without `QDRANT_URL` a stand-in
takes Qdrant's place, in a process of its own that remembers what it was asked (`remembered_store.py`).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.catalogue import Database, Keys, Tenants
from service.errors import Misconfigured, Unavailable
from service.tenancy import BY_OPERATOR, NewKey
from service.upkeep.receipts import new_key

START_S = 120.0
LOOK_S = 0.01
TENANT = "bench"
LISTENS = re.compile(r"Footnote listens on (\S+)")
WORKS = re.compile(r"(the worker takes documents)")
PORT = re.compile(r"listens at (\d+)")
SIGNS = {"serve": LISTENS, "worker": WORKS}
INSTALL = "`sh deploy/install-system.sh` installs it"


@dataclass(frozen=True, slots=True)
class Running:
    """A process that is ready, and what it said of itself: its address, or its port."""

    pid: int
    said: str


@dataclass(frozen=True, slots=True)
class Stack:
    """The settings of every process as variables, an administrator's key, and the vector store's process."""

    settings: Mapping[str, str]
    key: str
    folder: Path
    store: Running | None

    @property
    def store_pids(self) -> list[int]:
        """The stand-in's process, where there is one."""
        return [self.store.pid] if self.store else []

    @contextmanager
    def running(self, *commands: str, **settings: str) -> Iterator[list[Running]]:
        """These commands of `footnote`, all at once, ready; none outlives the block."""
        with ExitStack() as processes:
            started = [
                processes.enter_context(
                    _process(
                        [sys.executable, "-m", "service", command, *(["--port", "0"] * (command == "serve"))],
                        {**os.environ, **self.settings, **settings},
                        self.folder / f"{command}-{number}-{time.monotonic_ns()}.log",
                    )
                )
                for number, command in enumerate(commands)
            ]
            yield [
                Running(process.pid, _said(process, log, SIGNS[command]))
                for (process, log), command in zip(started, commands, strict=True)
            ]


@contextmanager
def _in_a_checkout() -> Iterator[None]:
    """Raises `Misconfigured` where Footnote is installed without its tests, which have the servers."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise Misconfigured(
            "the sections server and ledger start servers as Footnote's tests do, which an installed "
            "package does not have",
            hint="run them in a checkout of Footnote, from its top folder: make bench",
        ) from error


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty catalogue on a PostgreSQL that ends with the block."""
    with _in_a_checkout():
        from tests import postgres as server

    if (found := server.binaries()) is None:
        raise Misconfigured("PostgreSQL is not installed", hint=INSTALL)
    with server.running(found) as running, running.database() as url:
        yield url


@contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """All that server mode needs; processes of its own come and go within the block."""
    with _in_a_checkout():
        from tests import redis_server

    if (program := redis_server.binary()) is None:
        raise Misconfigured("Redis is not installed", hint=INSTALL)
    with ExitStack() as entered:
        url = entered.enter_context(postgres())
        redis = entered.enter_context(redis_server.running(program))
        store, where = _store(entered, folder)
        settings = {
            "FOOTNOTE_MODE": "server",
            "FOOTNOTE_DATA_DIR": str(folder / "data"),
            "FOOTNOTE_CATALOGUE__URL": url,
            "FOOTNOTE_REDIS__URL": redis.url,
            "FOOTNOTE_RECEIPTS__SIGNING_KEY": new_key(),
            "FOOTNOTE_STORE__SERVER__ALIAS": f"bench-{os.getpid()}",
            **where,
        }
        with closing(Database(url)) as database:
            Tenants(database).create(TENANT)
            key = Keys(database).create(TENANT, NewKey("bench", "admin"), BY_OPERATOR)[1]
        yield Stack(settings, key, folder, store)


def _store(entered: ExitStack, folder: Path) -> tuple[Running | None, Mapping[str, str]]:
    """A stand-in's process, or None where `QDRANT_URL` names a server; and the settings that say where."""
    if url := os.environ.get("QDRANT_URL"):
        port = os.environ.get("QDRANT_GRPC_PORT", "6334")
        return None, {"FOOTNOTE_STORE__SERVER__URL": url, "FOOTNOTE_STORE__SERVER__GRPC_PORT": port}
    command = [sys.executable, "-m", "eval.bench.remembered_store"]
    process, log = entered.enter_context(_process(command, dict(os.environ), folder / "store.log"))
    port = _said(process, log, PORT)
    url = f"http://127.0.0.1:{port}"
    where = {"FOOTNOTE_STORE__SERVER__URL": url, "FOOTNOTE_STORE__SERVER__GRPC_PORT": port}
    return Running(process.pid, port), where


@contextmanager
def _process(
    command: Sequence[str], environment: Mapping[str, str], log: Path
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    with _in_a_checkout():
        from deploy.lifeline import ending_with_us

    with log.open("wb") as said:
        process = subprocess.Popen(command, env=dict(environment), stdout=said, stderr=said)
    try:
        with ending_with_us(process):  # also where a measurement is killed
            yield process, log
    finally:
        process.terminate()
        try:
            process.wait(START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _said(process: subprocess.Popen[bytes], log: Path, sign: re.Pattern[str]) -> str:
    until = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < until:
        if found := sign.search(log.read_text(encoding="utf-8", errors="replace")):
            return found[1]
        time.sleep(LOOK_S)
    raise Unavailable(f"a process did not start: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
