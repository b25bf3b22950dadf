"""Processes of server mode whose embedder counts words, and clients of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.processes import LISTENS, WORKS, Process, administrators_key, started, variables

WORDS = "tests.service.words"
SERVE, WORK = ("serve", "--port", "0"), ("worker",)
QUESTION = "How long does the warranty of a pump last?"
MANUAL = "# Warranty\n\nThe warranty of every pump lasts for twenty four months from delivery."


@dataclass(frozen=True)
class Running:
    """API processes and perhaps a worker, on the same services and with one administrator's key."""

    processes: list[Process]
    clients: list[httpx.Client]
    key: str
    services: dict[str, Any]

    @property
    def client(self) -> httpx.Client:
        return self.clients[0]

    def pid(self, client: httpx.Client) -> int:
        """The process behind a client."""
        return self.processes[self.clients.index(client)].running.pid

    @property
    def address(self) -> str:
        return str(self.client.base_url).rstrip("/")


@contextmanager
def running(
    folder: Path, services: dict[str, Any], *commands: tuple[str, ...], **settings: str
) -> Iterator[Running]:
    """These commands, once all are ready; API processes come before workers."""
    key = administrators_key(services)
    told = variables(services, **settings)
    with started(folder, told, *commands, program=WORDS) as processes, ExitStack() as stack:
        clients = []
        for command, process in zip(commands, processes, strict=True):
            if command[0] != SERVE[0]:
                process.said(WORKS)
                continue
            headers = {"Authorization": f"Bearer {key}"}
            client = httpx.Client(base_url=process.said(LISTENS), headers=headers, timeout=30)
            clients.append(stack.enter_context(client))
        yield Running(processes, clients, key, services)


@contextmanager
def running_alone(folder: Path, **settings: str) -> Iterator[tuple[Process, httpx.Client]]:
    """A server of embedded mode, which has no keys."""
    with (
        started(folder, settings, SERVE, program=WORDS) as (process,),
        httpx.Client(base_url=process.said(LISTENS), timeout=30) as client,
    ):
        yield process, client
