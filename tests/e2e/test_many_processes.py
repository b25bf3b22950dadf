"""Two of each on one PostgreSQL and one Qdrant: any of them may take a request, and any may die."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.settings import ServerStoreSettings
from tests.cli.running import footnote, said
from tests.e2e.asking import ask, wait_for
from tests.e2e.processes import LISTENS, WORKS, administrators_key, started, variables
from tests.fakes_core import quick_folder
from tests.qdrant_server import connected

PUMPS = 12
PARTS = "ABCDEFGHIJKL"
LEASE_S = "2"


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


def manual(pump: int) -> bytes:
    parts = (
        f"## Part {name}\n\nThe valve of part {name} in pump {pump} is of steel and weighs {pump}{n:02} g.\n"
        for n, name in enumerate(PARTS)
    )
    return "\n".join([f"# Pump {pump}\n", *parts]).encode()


def points(server: ServerStoreSettings) -> int:
    """How many there are in the collection, of all documents."""
    with closing(connected(server)) as client:
        return client.count(server.alias).count


def until_under_way(api: httpx.Client, job_id: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if api.get(f"/jobs/{job_id}").json()["state"] not in ("queued", "parsing"):
            return
        time.sleep(0.01)
    raise AssertionError("the job was never taken")


def test_documents_survive_a_worker_that_is_killed_and_all_processes_see_the_same(
    folder: Path, services: dict[str, Any]
) -> None:
    settings = variables(services, FOOTNOTE_CATALOGUE__LEASE_S=LEASE_S)
    key = administrators_key(services)
    bearer = {"Authorization": f"Bearer {key}"}
    commands = (("serve", "--port", "0"), ("serve", "--port", "0"), ("worker",), ("worker",))
    with started(folder, settings, *commands) as (api, other, doomed, worker):
        for one in (doomed, worker):
            one.said(WORKS)
        with (
            httpx.Client(base_url=api.said(LISTENS), headers=bearer, timeout=30) as here,
            httpx.Client(base_url=other.said(LISTENS), headers=bearer, timeout=30) as there,
        ):
            worker.send(signal.SIGSTOP)  # so that it is the other one that takes what is uploaded now
            files = [("file", (f"pump-{n}.md", manual(n))) for n in range(PUMPS)]
            uploaded = here.post("/documents", files=files)
            until_under_way(there, uploaded.json()["jobs"][0]["job_id"])
            worker.send(signal.SIGCONT)
            doomed.send(signal.SIGKILL)
            wait_for(there, uploaded)

            documents = there.get("/documents").json()["documents"]
            assert {one["source"]: one["version"] for one in documents} == {
                f"pump-{n}.md": 1 for n in range(PUMPS)
            }
            assert points(services["store"].server) == sum(one["chunks"] for one in documents)

            question = "What does the valve of part H in pump 3 weigh?"
            answer = ask(there, question)
            assert answer["citations"][0]["source"] == "pump-3.md"
            assert "307 g" in answer["answer"]

            gone = answer["citations"][0]["document_id"]
            assert set(there.delete(f"/documents/{gone}").json()["remaining"].values()) == {0}
            assert here.get(f"/documents/{gone}").status_code == 404
            hits = here.post("/search", json={"query": question, "top_k": 50}).json()["hits"]
            assert hits
            assert gone not in {hit["document_id"] for hit in hits}
        asking = {"FOOTNOTE_CLIENT__URL": other.said(LISTENS), "FOOTNOTE_CLIENT__API_KEY": key}
        listed = said(footnote("list", "--json", data=folder / "elsewhere", settings=asking))
        assert len(listed) == PUMPS - 1

        for one in (api, other, worker):
            one.send(signal.SIGTERM)
        assert [one.ended() for one in (api, other, worker)] == [0, 0, 0]
        for one in (api, other, worker):
            assert "Traceback" not in one.log.read_text()
