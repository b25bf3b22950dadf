"""Server mode as it is run: processes of the command line on one database and one vector store."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.lifeline import ending_with_us
from service.catalogue import Database, Keys, Tenants
from service.tenancy import BY_OPERATOR, NewKey
from tests.cli.running import START_S, environment

LISTENS = re.compile(r"Footnote listens on (\S+)")
WORKS = re.compile(r"(the worker takes documents)")


@dataclass
class Process:
    """One that runs, and what it has said so far."""

    running: subprocess.Popen[bytes]
    log: Path

    def said(self, sign: re.Pattern[str]) -> str:
        """What it says of itself, once it has said it."""
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if found := sign.search(self.log.read_text()):
                return found[1]
            assert self.running.poll() is None, self.log.read_text()
            time.sleep(0.02)
        raise AssertionError(self.log.read_text())

    def send(self, number: signal.Signals) -> None:
        self.running.send_signal(number)

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        return self.running.wait(timeout=30)


def variables(services: dict[str, Any], **more: str) -> dict[str, str]:
    """The settings of server mode as environment variables."""
    store = services["store"].server
    return {
        "FOOTNOTE_MODE": services["mode"],
        "FOOTNOTE_CATALOGUE__URL": services["catalogue"].url.get_secret_value(),
        "FOOTNOTE_STORE__SERVER__URL": store.url,
        "FOOTNOTE_STORE__SERVER__GRPC_PORT": str(store.grpc_port),
        "FOOTNOTE_STORE__SERVER__ALIAS": store.alias,
        "FOOTNOTE_REDIS__URL": services["redis"].url.get_secret_value(),
        "FOOTNOTE_RECEIPTS__SIGNING_KEY": services["receipts"].signing_key.get_secret_value(),
        **more,
    }


def administrators_key(services: dict[str, Any], tenant: str = "acme") -> str:
    """The secret of a key of a new tenant's administrator."""
    with closing(Database(services["catalogue"].url.get_secret_value())) as database:
        Tenants(database).create(tenant)
        return Keys(database).create(tenant, NewKey("first", "admin"), BY_OPERATOR)[1]


@contextmanager
def started(
    folder: Path, settings: dict[str, str], *commands: tuple[str, ...], program: str = "service"
) -> Iterator[list[Process]]:
    """These commands of `footnote`, all at once on one data folder; none outlives the block."""
    processes: list[Process] = []
    watched = ExitStack()
    try:
        for number, command in enumerate(commands):
            log = folder / f"{command[0]}-{number}.log"
            with log.open("wb") as said:
                running = subprocess.Popen(
                    [sys.executable, "-m", program, *command],
                    env=environment(folder / "data") | settings,
                    stdout=said,
                    stderr=said,
                )
            processes.append(Process(running, log))
            watched.enter_context(ending_with_us(running))
        yield processes
    finally:
        watched.close()
        for process in processes:
            process.running.kill()
            process.running.wait()
