"""The product as its users start it: `footnote serve` in a process of its own, reached over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from ingestion.types import RawFile
from service.cli.client import RUNNING, HttpClient, LocalFile, running_server
from service.cli.ingesting import Summary, ingest
from service.errors import Unavailable

START_S = 120.0
LOOK_S = 0.005
STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is ready. `ready_s` is the time from the start of its process to `/readyz` saying so."""

    url: str
    pid: int
    ready_s: float


@contextmanager
def served(data_dir: Path, settings: Mapping[str, str] | None = None) -> Iterator[Served]:
    """A server on a free port and this data folder, stopped at the end of the block.

    Args:
        data_dir: made if it is not there.
        settings: `FOOTNOTE_*` variables beside those of this process.

    Raises:
        Unavailable: it ended, or was not ready in two minutes; its standard error is in the message.
    """
    command = [sys.executable, "-m", "service", "serve", "--port", "0", "--data-dir", str(data_dir)]
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "server.log").open("w+b") as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, env={**os.environ, **(settings or {})}, stderr=log, stdout=log)
        try:
            url = _ready(process, data_dir)
            yield Served(url, process.pid, time.perf_counter() - started)
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _ready(process: subprocess.Popen[bytes], data_dir: Path) -> str:
    deadline = time.perf_counter() + START_S
    while time.perf_counter() < deadline and process.poll() is None:
        if (data_dir / RUNNING).exists() and (url := running_server(data_dir)) and _is_ready(url):
            return url
        time.sleep(LOOK_S)
    log = (data_dir / "server.log").read_text(encoding="utf-8", errors="replace")
    raise Unavailable(f"the server did not become ready: {log[-2000:]}")


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=START_S, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def upload_and_wait(url: str, files: Iterable[RawFile]) -> Summary:
    """Uploads files as the command line does and waits until each is ingested.

    Raises:
        Unavailable: a file was not ingested.
    """
    local = (LocalFile(file.source, file.filename, file.content) for file in files)
    with HttpClient(url) as client:
        summary = ingest(client, local, {}, Console(quiet=True))
    if summary.failed:
        raise Unavailable(f"{len(summary.failed)} files were not ingested, first: {summary.failed[0]}")
    return summary
