from __future__ import annotations

import httpx
import pytest

from tests.fakes import FakeEngine


async def test_a_process_that_answers_is_alive(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json()["status"] == "alive"


async def test_readiness_lists_every_component(client: httpx.AsyncClient) -> None:
    response = await client.get("/readyz")
    assert response.status_code == 200
    assert [part["component"] for part in response.json()["components"]] == [
        "catalogue",
        "store",
        "embedder",
    ]


async def test_readiness_names_what_is_not_ready(engine: FakeEngine, client: httpx.AsyncClient) -> None:
    engine.unready = "embedder"
    response = await client.get("/readyz")
    problem = response.json()
    assert (response.status_code, problem["code"], problem["detail"]) == (
        503,
        "not_ready",
        "Not ready: embedder.",
    )
    states = {part["component"]: part["ready"] for part in problem["components"]}
    assert states == {"catalogue": True, "store": True, "embedder": False}


def sample(text: str, name: str) -> float:
    line = next(line for line in text.splitlines() if line.startswith(name))
    return float(line.rpartition(" ")[2])


async def test_metrics_count_requests_by_route_and_not_by_id(client: httpx.AsyncClient) -> None:
    await client.get("/documents/one")
    await client.get("/documents/two")
    await client.get("/nowhere/at/all")
    text = (await client.get("/metrics")).text
    counted = 'footnote_request_seconds_count{method="GET",route="/documents/{document_id}",status="404"}'
    assert sample(text, counted) == 2
    assert "/nowhere" not in text
    assert "/documents/one" not in text


@pytest.mark.parametrize("stream", [True, False])
async def test_metrics_count_answers_and_stages(
    client: httpx.AsyncClient, document_id: str, *, stream: bool
) -> None:
    await client.post("/query", json={"query": "warranty", "stream": stream})
    await client.post("/query", json={"query": "Who won?", "stream": stream})
    text = (await client.get("/metrics")).text
    assert sample(text, 'footnote_answers_total{reason="",status="answered"}') == 1
    assert sample(text, 'footnote_answers_total{reason="no_evidence",status="abstained"}') == 1
    assert sample(text, "footnote_dropped_sentences_total") == 4
    assert sample(text, 'footnote_stage_seconds_sum{stage="embed"}') == pytest.approx(0.005)
    assert sample(text, "footnote_queue_depth") == 7
    assert sample(text, 'footnote_fsck_findings{kind="lost_jobs"}') == 2


async def test_metrics_say_whether_redis_is_up_and_count_what_was_cached(
    client: httpx.AsyncClient, engine: FakeEngine, document_id: str
) -> None:
    assert "footnote_redis_up NaN" in (await client.get("/metrics")).text
    engine.redis, engine.cached = False, True
    await client.post("/query", json={"query": "warranty"})
    text = (await client.get("/metrics")).text
    assert (sample(text, "footnote_redis_up"), sample(text, "footnote_cached_answers_total")) == (0, 1)
