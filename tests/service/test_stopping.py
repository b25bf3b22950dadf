"""A server that is told to stop while it answers and reads: both end well, and nothing is lost."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import httpx

from tests.e2e.asking import put, wait_for
from tests.service.language_model import LanguageModel, speaking
from tests.service.running import MANUAL, QUESTION, running_alone

SAID = ("The warranty of every pump lasts for ", "twenty four months from delivery [1]. ", "And")
PARTS = 3_000
LARGE = "\n\n".join(f"## Part {n}\n\nThe valve of part {n} weighs {n} grams." for n in range(PARTS)).encode()


def until_under_way(client: httpx.Client, job_id: str) -> None:
    until = time.monotonic() + 60
    while (state := client.get(f"/jobs/{job_id}").json()["state"]) == "queued":
        assert time.monotonic() < until
        time.sleep(0.01)
    assert state != "done", "the document is too small for this test"


async def test_a_stream_ends_with_the_reason_and_the_document_at_hand_is_read_after_the_next_start(
    folder: Path,
) -> None:
    async with speaking(LanguageModel(SAID, stalls=True)) as model:
        llm = {"FOOTNOTE_GENERATE__BASE_URL": model.address, "FOOTNOTE_GENERATE__MODEL": "stub"}
        with running_alone(folder, FOOTNOTE_DECIDE__THRESHOLD="0", **llm) as (process, client):
            put(client, "manual.md", MANUAL)
            async with (
                httpx.AsyncClient(base_url=client.base_url, timeout=30) as reader,
                reader.stream("POST", "/query", json={"query": QUESTION, "stream": True}) as response,
            ):
                await model.has_spoken.wait()
                uploaded = client.post("/documents", files={"file": ("large.md", LARGE)})
                until_under_way(client, uploaded.json()["jobs"][0]["job_id"])
                process.send(signal.SIGTERM)
                told = [line async for line in response.aiter_lines()]
            assert [line[7:] for line in told if line[:6] == "event:"] == ["retrieval", "sentence", "error"]
            assert "shutting_down" in told[-2]
            assert await asyncio.to_thread(process.ended) == 0
            assert model.hung_up.is_set()
            assert "Traceback" not in process.log.read_text()
    with running_alone(folder) as (process, client):
        wait_for(client, uploaded)
        documents = client.get("/documents").json()["documents"]
        assert {one["source"]: one["version"] for one in documents} == {"manual.md": 1, "large.md": 1}
        assert client.get("/jobs", params={"state": "done"}).json()["jobs"][-1]["source"] == "large.md"


def test_a_server_that_is_told_to_stop_twice_stops_once_and_well(folder: Path) -> None:
    with running_alone(folder) as (process, client):
        put(client, "manual.md", MANUAL)
        for _ in range(3):
            process.send(signal.SIGTERM)
        assert process.ended() == 0
        assert "Traceback" not in process.log.read_text()
    with running_alone(folder) as (_, client):
        assert client.post("/search", json={"query": QUESTION}).json()["hits"]
