"""Answers as they come, over a real connection."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import httpx
import pytest

from service import event_stream
from service.background import QuestionThreads
from service.errors import GeneratorUnavailable
from service.types import Event, Query, Scope
from tests.api.calling import Served, serving, small_limits
from tests.fakes import FakeEngine

ASKED = {"query": "warranty?", "stream": True}
Events = AsyncIterator[tuple[str, dict[str, Any]]]


@pytest.fixture
async def served(engine: FakeEngine) -> AsyncIterator[Served]:
    async with serving(engine, small_limits(max_concurrent_queries=1)) as running:
        yield running


@pytest.fixture
async def caller(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.address, timeout=10) as opened:
        yield opened


async def events_of(response: httpx.Response) -> Events:
    name = ""
    async for line in response.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


async def test_a_stream_tells_the_story_in_order(caller: httpx.AsyncClient, document_id: str) -> None:
    async with caller.stream("POST", "/query", json=ASKED) as response:
        events = [event async for event in events_of(response)]
    assert response.headers["content-type"].startswith("text/event-stream")
    assert [name for name, _ in events] == ["retrieval", "sentence", "done"]
    (_, retrieval), (_, sentence), (_, done) = events
    assert retrieval["hits"][0]["document_id"] == document_id
    assert sentence["text"] == done["sentences"][0]["text"]
    assert sentence["new_citations"] == done["citations"]


async def test_the_last_event_is_the_answer_that_a_plain_query_gets(
    caller: httpx.AsyncClient, document_id: str
) -> None:
    plain = (await caller.post("/query", json={**ASKED, "stream": False})).json()
    async with caller.stream("POST", "/query", json=ASKED) as response:
        events = [event async for event in events_of(response)]
    assert events[-1] == ("done", plain)


async def test_what_is_known_is_sent_before_the_rest_is_written(
    engine: FakeEngine, caller: httpx.AsyncClient, document_id: str
) -> None:
    engine.gate = asyncio.Event()
    async with caller.stream("POST", "/query", json=ASKED) as response:
        events = events_of(response)
        assert (await anext(events))[0] == "retrieval"
        engine.gate.set()
        assert [name async for name, _ in events] == ["sentence", "done"]


async def test_a_refusal_before_the_stream_is_a_problem_and_not_an_event(caller: httpx.AsyncClient) -> None:
    response = await caller.post("/query", json={**ASKED, "query": "x" * 201})
    assert (response.status_code, response.headers["content-type"]) == (413, "application/problem+json")


@pytest.mark.parametrize(
    ("failure", "code"), [(GeneratorUnavailable("Gone."), "generator_unavailable"), (OSError(), "internal")]
)
async def test_a_failure_half_way_is_the_last_event(
    engine: FakeEngine, caller: httpx.AsyncClient, document_id: str, failure: Exception, code: str
) -> None:
    engine.failure = failure
    async with caller.stream("POST", "/query", json=ASKED) as response:
        events = [event async for event in events_of(response)]
    name, problem = events[-1]
    assert (name, problem["code"]) == ("error", code)
    assert problem["request_id"] == response.headers["x-request-id"]


async def test_a_silent_stream_is_kept_alive(
    engine: FakeEngine, caller: httpx.AsyncClient, document_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "PING_S", 0.01)
    engine.gate = asyncio.Event()
    async with caller.stream("POST", "/query", json=ASKED) as response:
        async for line in response.aiter_lines():
            if line.startswith(":"):
                engine.gate.set()
    assert engine.gate.is_set()


@pytest.mark.parametrize("stream", [True, False])
async def test_a_reader_who_leaves_ends_the_work_and_frees_the_slot(
    engine: FakeEngine, served: Served, document_id: str, *, stream: bool
) -> None:
    engine.gate = asyncio.Event()
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(raw_query({**ASKED, "stream": stream}))
    await engine.begun.wait()
    writer.close()
    async with asyncio.timeout(5):
        await engine.abandoned.wait()
    engine.gate.set()
    async with httpx.AsyncClient(base_url=served.address) as caller:
        assert (await caller.post("/query", json={"query": "warranty?"})).status_code == 200


class Threaded(FakeEngine):
    """Works on a question in a thread, which nothing can stop."""

    def __init__(self) -> None:
        super().__init__()
        self.threads = QuestionThreads(1)
        self.working, self.let_go = threading.Event(), threading.Event()
        self.task: asyncio.Task[object] | None = None

    async def stream(self, scope: Scope, query: Query) -> AsyncGenerator[Event, None]:
        self.task = asyncio.current_task()
        await self.threads.run(self._work)
        async for event in super().stream(scope, query):
            yield event

    def _work(self) -> None:
        self.working.set()
        self.let_go.wait()


@pytest.mark.parametrize("stream", [True, False])
async def test_a_slot_is_free_when_the_work_has_ended_not_when_the_reader_leaves(*, stream: bool) -> None:
    engine, another = Threaded(), {"query": "warranty?"}
    async with (
        asyncio.timeout(10),
        serving(engine, small_limits(max_concurrent_queries=1)) as served,
        httpx.AsyncClient(base_url=served.address) as caller,
    ):
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(raw_query({**ASKED, "stream": stream}))
        await asyncio.to_thread(engine.working.wait)
        writer.close()
        while engine.task is None or not engine.task.cancelling():
            await asyncio.sleep(0)
        assert (await caller.post("/search", json=another)).status_code == 429
        engine.let_go.set()
        while (await caller.post("/search", json=another)).status_code == 429:
            await asyncio.sleep(0)
    engine.threads.close()


async def test_a_stream_holds_its_slot_to_the_end(
    engine: FakeEngine, caller: httpx.AsyncClient, document_id: str
) -> None:
    engine.gate = asyncio.Event()
    async with caller.stream("POST", "/query", json=ASKED) as response:
        events = events_of(response)  # held, because an iterator that is dropped closes the response
        await anext(events)
        assert (await caller.post("/search", json={"query": "warranty?"})).status_code == 429
        engine.gate.set()


async def test_a_server_that_stops_says_so_on_open_streams(
    engine: FakeEngine, served: Served, caller: httpx.AsyncClient, document_id: str
) -> None:
    engine.gate = asyncio.Event()
    async with caller.stream("POST", "/query", json=ASKED) as response:
        events = events_of(response)
        await anext(events)
        stopping = asyncio.create_task(served.stop())
        name, problem = await anext(events)
        assert (name, problem["code"], problem["retryable"]) == ("error", "shutting_down", True)
        assert [event async for event in events] == []
    async with asyncio.timeout(5):
        assert await stopping == 0
    assert engine.abandoned.is_set()


async def test_a_server_that_stops_finishes_plain_answers(
    engine: FakeEngine, served: Served, caller: httpx.AsyncClient, document_id: str
) -> None:
    engine.gate = asyncio.Event()
    asking = asyncio.create_task(caller.post("/query", json={**ASKED, "stream": False}))
    await engine.begun.wait()
    stopping = asyncio.create_task(served.stop())
    await asyncio.sleep(0)
    engine.gate.set()
    assert (await asking).json()["status"] == "answered"
    assert await stopping == 0


def raw_query(body: dict[str, object]) -> bytes:
    content = json.dumps(body).encode()
    head = f"POST /query HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(content)}\r\n"
    return head.encode() + b"Content-Type: application/json\r\n\r\n" + content
