"""`footnote serve` as a process: where it listens, how it ends, what it leaves to the next start."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import pytest

from service.catalogue import Database, Jobs
from tests.cli.running import footnote, said, serving

SECTION = "# Part {n}\n\nThe pump has a part with the number {n}, which is made of cast steel.\n\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_in_order(folder: Path, number: signal.Signals) -> None:
    with serving(folder / "data") as server:
        assert httpx.get(f"{server.url}/readyz").status_code == 200
        assert server.stop(number) == 0
    assert not (folder / "data" / "server.json").exists()


def test_jobs_that_a_stop_interrupts_resume_at_the_next_start_without_a_counted_attempt(
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
    Jobs(database).release([job.id for job in waiting], counted=False)
    database.close()
    assert [(job.source, job.attempts) for job in waiting] == [("0.md", 1), ("1.md", 1)]


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
    summary = said(footnote("ingest", str(folder / "warranty.md"), "--json", data=folder / "data"))
    assert (summary["done"], summary["failed"]) == (1, [])
    found = said(footnote("search", "warranty", "--json", data=folder / "data"))
    assert len(found["hits"]) == 1
