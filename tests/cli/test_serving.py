"""`footnote serve` as a process: where it listens, how it ends, what it leaves to the next start."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from service.catalogue import Database, Jobs
from service.types import LOCAL
from tests.cli.running import environment, footnote, said, serving

SECTION = "# Part {n}\n\nThe pump has a part with the number {n}, which is made of cast steel.\n\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_in_order(folder: Path, number: signal.Signals) -> None:
    with serving(folder / "data") as server:
        assert httpx.get(f"{server.url}/readyz").status_code == 200
        assert server.stop(number) == 0
    assert not (folder / "data" / "server.json").exists()


def test_jobs_that_a_stop_interrupts_resume_at_the_next_start_without_a_strike(
    folder: Path,
) -> None:
    long = "".join(SECTION.format(n=n) for n in range(600))
    with serving(folder / "data") as server:
        files = [("file", (f"{n}.md", f"# Document {n}\n\n{long}".encode())) for n in range(2)]
        jobs = httpx.post(f"{server.url}/documents", files=files, timeout=30).json()["jobs"]
        _until_under_way(server.url, jobs[0]["job_id"])
        assert server.stop() == 0
    database = Database.in_folder(folder / "data")
    waiting = Jobs(database).claim(10, 10**9)
    Jobs(database).release([job.lease for job in waiting], suspected=False)
    unfinished = [Jobs(database).get(LOCAL, job["job_id"]).finished for job in jobs].count(False)
    database.close()
    assert [(job.alone, job.strikes) for job in waiting] == [(False, 0)] * unfinished
    assert unfinished


def _until_under_way(url: str, job_id: str) -> None:
    with httpx.Client(base_url=url, timeout=30) as client:
        for _ in range(5000):
            if client.get(f"/jobs/{job_id}").json()["state"] == "embedding":
                return
    raise AssertionError("the job was never taken")


def test_a_server_that_was_killed_is_not_taken_for_a_running_one(folder: Path) -> None:
    (folder / "warranty.md").write_text("# Warranty\n\nThe warranty of the pump lasts 24 months.\n")
    with serving(folder / "data") as server:
        server.process.kill()
        server.process.wait()
    assert (folder / "data" / "server.json").exists()
    with listening(folder / "data" / "server.json") as got:
        summary = said(footnote("ingest", str(folder / "warranty.md"), "--json", data=folder / "data"))
    assert (summary["done"], summary["failed"], got) == (1, [], [])
    assert not (folder / "data" / "server.json").exists()
    found = said(footnote("search", "warranty", "--json", data=folder / "data"))
    assert len(found["hits"]) == 1


@contextmanager
def listening(announced: Path) -> Iterator[list[bytes]]:
    """An impostor where a server listened before; gives all that it gets."""
    port = httpx.URL(json.loads(announced.read_text())["url"]).port or 0
    got: list[bytes] = []

    class Impostor(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            got.append(self.raw_requestline + self.headers.as_bytes() + self.rfile.read(length))
            self.send_response(200)
            self.send_header("Footnote-Proof", "0" * 64)
            self.end_headers()

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            """Tests read results, not logs."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Impostor)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_impostor_gets_nothing_but_the_challenge(folder: Path) -> None:
    with serving(folder / "data") as server:
        announced = folder / "data" / "server.json"
        secret = json.loads(announced.read_text())["secret"]
        server.process.kill()
        server.process.wait()
    # The number of the dead server's process belongs to another one by now: to this one.
    announced.write_text(json.dumps({**json.loads(announced.read_text()), "pid": os.getpid()}))
    (folder / "salaries.md").write_text("# Salaries\n\nAda earns 90,000.\n")
    with listening(announced) as got:
        summary = said(footnote("ingest", str(folder / "salaries.md"), "--json", data=folder / "data"))
    assert summary["done"] == 1
    assert len(got) == 1
    assert got[0].startswith(b"GET /identity?challenge=")
    assert b"salaries" not in got[0]
    assert secret.encode() not in got[0]
    assert not announced.exists()


def test_what_tells_where_the_server_listens_is_for_its_owner_alone(folder: Path) -> None:
    with serving(folder / "data") as server:
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (server.data, server.data / "server.json")]
        assert modes == [0o700, 0o600]
        challenge = "0123456789abcdef" * 4
        answers = [httpx.get(f"{server.url}/identity", params={"challenge": challenge}) for _ in range(2)]
        secret = json.loads((server.data / "server.json").read_text())["secret"]
        assert answers[0].headers["Footnote-Proof"] == answers[1].headers["Footnote-Proof"] != secret
        assert "/identity" not in httpx.get(f"{server.url}/openapi.json").text
        assert httpx.get(f"{server.url}/identity", params={"challenge": "short"}).status_code == 422


# --- interrupted -----------------------------------------------------------------------------


def test_an_interrupted_ingest_says_what_stays_and_the_next_one_tells_the_truth(folder: Path) -> None:
    long = "".join(SECTION.format(n=n) for n in range(250))
    (folder / "papers").mkdir()
    for n in range(4):
        (folder / "papers" / f"{n}.md").write_text(f"# Document {n}\n\n{long}")
    data = folder / "data"
    command = [sys.executable, "-m", "service", "ingest", str(folder / "papers")]
    with (folder / "said.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment(data), stderr=log, stdout=log)
        _until_queued(data, 4)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
    told = (folder / "said.log").read_text()
    assert "footnote worker --until-idle" in told
    assert "Traceback" not in told
    waiting = said(footnote("jobs", "--json", data=data))
    again = said(footnote("ingest", str(folder / "papers"), "--json", data=data))
    assert (again["done"], again["unchanged"]) == (4, 4 - len(waiting))
    assert again["resumed"] == len(waiting) > 0


def _until_queued(data: Path, count: int) -> None:
    """Waits until so many jobs are in the queue and one of them was taken."""
    for _ in range(3000):
        time.sleep(0.02)
        if (data / "catalogue.sqlite3").exists():
            with suppress(sqlite3.OperationalError), closing(_reading(data)) as reading:  # no tables yet
                states = [state for (state,) in reading.execute("SELECT state FROM jobs")]
                if len(states) == count and set(states) - {"queued"}:
                    return
    raise AssertionError("the documents were never queued")


def _reading(data: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{data / 'catalogue.sqlite3'}?mode=ro", uri=True)
