"""A service behind the API that stops: questions end before their deadline, and go on when it is back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from service.catalogue import Database
from service.catalogue.models import JobRow
from tests.e2e.asking import ask, put, wait_for
from tests.postgres import PostgresServer
from tests.qdrant_server import QdrantStandIn
from tests.redis_server import RedisServerProcess
from tests.service.running import MANUAL, QUESTION, Running

DEADLINE_S = 15
"""Of any answer, also one that says what is away: calls end after 2 s, and are repeated twice at most."""


@contextmanager
def qdrant_down(qdrant: QdrantStandIn) -> Iterator[None]:
    qdrant.stop()
    try:
        yield
    finally:
        qdrant.start()


@contextmanager
def postgres_down(server: PostgresServer) -> Iterator[None]:
    server.execute("CHECKPOINT")
    server.stop()
    try:
        yield
    finally:
        server.start()


def promptly(client: httpx.Client, question: str, **more: Any) -> httpx.Response:
    """The response, which has to come before the deadline."""
    return client.post("/query", json={"query": question, **more}, timeout=DEADLINE_S)


def until_readyz(client: httpx.Client, status: int) -> None:
    """Waits until the service says of itself what it should; nobody restarts anything."""
    until = time.monotonic() + 30
    while client.get("/readyz").status_code != status:
        assert time.monotonic() < until, client.get("/readyz").text
        time.sleep(0.05)


def test_redis_that_stands_still_costs_nobody_an_answer_and_is_seen_at_readyz(
    stack: Running, redis_process: RedisServerProcess
) -> None:
    client = stack.client
    assert ask(client, QUESTION)["status"] == "answered"
    with redis_process.paused():
        answers = [promptly(client, f"{QUESTION} {n}").json() for n in range(5)]
        assert [answer["status"] for answer in answers] == ["answered"] * 5
        assert promptly(client, QUESTION).json()["cached"] is False
        ready = client.get("/readyz")
        assert (ready.status_code, "away" in ready.text) == (200, True)
        assert "footnote_redis_up 0.0" in client.get("/metrics").text
        put(client, "second.md", MANUAL.replace("pump", "valve"))  # workers poll where nobody wakes them
    until = time.monotonic() + 30
    while not ask(client, QUESTION)["cached"]:  # it is found again by itself
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
def away(
    request: pytest.FixtureRequest, qdrant: QdrantStandIn, postgres_server: PostgresServer
) -> AbstractContextManager[None]:
    return qdrant_down(qdrant) if request.param == "qdrant" else postgres_down(postgres_server)


def test_a_database_that_stands_still_keeps_nobody_waiting_for_ever(
    stack: Running, postgres_server: PostgresServer
) -> None:
    client = stack.client
    ask(client, QUESTION)  # the key is known, and connections are open
    with postgres_server.paused():
        response = promptly(client, f"{QUESTION} now")
        assert (response.status_code, response.json()["code"]) == (503, "catalogue_unavailable")
    until_readyz(client, 200)
    assert ask(client, f"{QUESTION} then")["status"] == "answered"


def test_a_vector_store_that_takes_calls_and_answers_none_is_a_503_before_the_deadline_and_no_strike(
    stack: Running, qdrant: QdrantStandIn
) -> None:
    client = stack.client
    with (
        qdrant.silent(),
        closing(Database(stack.services["catalogue"].url.get_secret_value())) as database,
    ):
        response = promptly(client, f"{QUESTION} says silence")
        assert (response.status_code, response.json()["code"]) == (503, "store_unreachable")
        assert int(response.headers["retry-after"]) >= 1
        uploaded = client.post("/documents", files={"file": ("silence.md", MANUAL.encode())})
        (job,) = uploaded.json()["jobs"]
        until = time.monotonic() + 60
        while (seen := of_job(database, job["job_id"]))[0] < 2:  # it was put back, and taken again
            assert time.monotonic() < until, seen
            time.sleep(0.1)
    wait_for(client, uploaded)
    with closing(Database(stack.services["catalogue"].url.get_secret_value())) as database:
        attempts, strikes, alone = of_job(database, job["job_id"])
        assert (attempts >= 2, strikes, alone) == (True, 0, False)
    until_readyz(client, 200)


def of_job(database: Database, job_id: str) -> tuple[int, int, bool]:
    """How often a job was taken, its strikes, and whether it has lost its company."""
    query = select(JobRow.attempts, JobRow.strikes, JobRow.alone).where(JobRow.id == job_id)
    with database.reading() as connection:
        attempts, strikes, alone = connection.execute(query).one()
        return attempts, strikes, alone


@pytest.mark.parametrize(
    ("away", "codes"),
    [("qdrant", {"store_unreachable"}), ("postgres", {"catalogue_unavailable"})],
    indirect=["away"],
)
def test_what_cannot_be_done_without_a_service_is_a_503_before_the_deadline_and_is_done_when_it_is_back(
    stack: Running, away: AbstractContextManager[None], codes: set[str], request: pytest.FixtureRequest
) -> None:
    client, name = stack.client, request.node.callspec.id
    with away:
        for path in ("/query", "/search"):
            response = client.post(path, json={"query": f"{QUESTION} {name} {path}"}, timeout=DEADLINE_S)
            problem = response.json()
            assert (response.status_code, problem["retryable"]) == (503, True)
            assert response.headers["content-type"] == "application/problem+json"
            assert int(response.headers["retry-after"]) >= 1
            assert {problem["code"]} == codes
        streamed = promptly(client, f"{QUESTION} {name} streamed", stream=True)
        assert codes & set(streamed.text.split('"')), streamed.text
        until_readyz(client, 503)
        assert client.get("/healthz").status_code == 200  # it is not this process that has to be restarted
    until_readyz(client, 200)
    assert ask(client, f"{QUESTION} {name} again")["status"] == "answered"
    put(client, f"{name}.md", MANUAL)


def test_nothing_was_an_error_of_the_service_itself(stack: Running) -> None:
    for process in stack.processes:
        assert process.running.poll() is None
        assert "unforeseen" not in process.log.read_text()
