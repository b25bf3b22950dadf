"""Two API processes on one PostgreSQL: what one of them did, the other knows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from uuid import uuid4

import httpx
import pytest

from tests.service.running import MANUAL, QUESTION, Running

TWENTY = 20
KEY_CACHE_S = 1
"""What `access.key_cache_s` is here."""


@pytest.fixture
def callers(stack: Running) -> Iterator[list[httpx.Client]]:
    """Twenty of them, half at each process, whose connections are open."""
    with ExitStack() as opened:
        callers = [
            opened.enter_context(
                httpx.Client(base_url=str(stack.clients[n % 2].base_url), headers=stack.client.headers)
            )
            for n in range(TWENTY)
        ]
        for caller in callers:
            caller.get("/healthz")
        yield callers


def test_an_upload_that_is_sent_twenty_times_at_once_with_one_key_becomes_one_set_of_jobs(
    stack: Running, callers: list[httpx.Client]
) -> None:
    names = [f"{uuid4().hex}.md" for _ in range(3)]
    together = Barrier(TWENTY)

    def upload(caller: httpx.Client) -> httpx.Response:
        files = [("file", (name, MANUAL.encode())) for name in names]
        together.wait()
        return caller.post("/documents", files=files, headers={"Idempotency-Key": names[0]}, timeout=60)

    with ThreadPoolExecutor(TWENTY) as threads:
        responses = list(threads.map(upload, callers))
    assert [response.status_code for response in responses] == [202] * TWENTY
    assert len({response.text for response in responses}) == 1
    jobs = stack.client.get("/jobs", params={"limit": 200}).json()["jobs"]
    assert sorted(job["source"] for job in jobs if job["source"] in names) == sorted(names)


def test_the_same_key_with_another_upload_is_a_conflict_at_every_process(stack: Running) -> None:
    key = uuid4().hex
    statuses = [
        caller.post(
            "/documents",
            files={"file": (f"{key}.md", f"{MANUAL} {n}".encode())},
            headers={"Idempotency-Key": key},
        ).status_code
        for n, caller in enumerate(stack.clients)
    ]
    assert statuses == [202, 409]


def test_a_revoked_key_is_refused_by_every_process_within_the_time_that_is_promised(stack: Running) -> None:
    made = stack.client.post("/keys", json={"name": "leaving", "role": "reader"}).json()
    bearer = {"Authorization": f"Bearer {made['secret']}"}

    def statuses() -> list[int]:
        return [caller.get("/documents", headers=bearer).status_code for caller in stack.clients]

    assert statuses() == [200, 200]  # both remember it now
    assert stack.client.delete(f"/keys/{made['id']}").status_code == 200
    until = time.monotonic() + KEY_CACHE_S
    while time.monotonic() <= until:
        statuses()  # to be asked all the time does not make a process remember it for longer
    assert statuses() == [401, 401]


def test_an_answer_of_one_process_is_given_again_by_the_other_and_not_after_a_delete(stack: Running) -> None:
    here, there = stack.clients
    word = uuid4().hex
    question = {"query": f"{QUESTION} {word}"}
    job = here.post("/documents", files={"file": (f"{word}.md", f"# {word}\n\n{word} {MANUAL}".encode())})
    (one,) = job.json()["jobs"]
    while here.get(f"/jobs/{one['job_id']}").json()["state"] != "done":
        time.sleep(0.02)
    assert here.post("/query", json=question).json()["cached"] is False
    again = there.post("/query", json=question).json()
    assert again["cached"] is True
    assert word in str(again["citations"])
    assert there.delete(f"/documents/{one['document_id']}").status_code == 200
    for caller in (here, there):
        assert one["document_id"] not in caller.post("/query", json=question).text
