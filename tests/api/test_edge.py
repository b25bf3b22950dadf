"""What is refused before a route runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.api.calling import calling, small_limits
from tests.fakes import FakeEngine

QUESTION = {"query": "How long?"}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080"])
async def test_our_own_names_are_answered(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/healthz", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", ""])
async def test_a_rebound_name_is_refused(client: httpx.AsyncClient, host: str) -> None:
    response = await client.post("/query", json=QUESTION, headers={"Host": host})
    assert (response.status_code, response.json()["code"]) == (421, "host_not_allowed")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "null"},
    ],
)
async def test_a_page_of_another_origin_changes_nothing(
    engine: FakeEngine, client: httpx.AsyncClient, document_id: str, headers: dict[str, str]
) -> None:
    response = await client.delete(f"/documents/{document_id}", headers=headers)
    assert (response.status_code, response.json()["code"]) == (403, "cross_site_request")
    assert document_id in engine.kept


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://127.0.0.1"}],
)
async def test_programs_and_our_own_pages_may_change_things(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await client.post("/query", json=QUESTION, headers=headers)).status_code == 200


async def test_no_other_origin_may_read_the_answers(client: httpx.AsyncClient) -> None:
    response = await client.get("/healthz", headers={"Origin": "https://evil.example"})
    assert not [name for name in response.headers if name.startswith("access-control")]


async def test_a_preflight_is_not_answered(client: httpx.AsyncClient) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert (await client.options("/query", headers=headers)).status_code == 405


@pytest.mark.parametrize("path", ["/healthz", "/nowhere"])
async def test_every_response_has_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["cache-control"] == "no-store"


JSON_START = b'{"query": "'
FORM_START = b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'


async def in_parts(start: bytes) -> AsyncIterator[bytes]:
    yield start
    for _ in range(3):
        yield b"x" * 50_000


@pytest.mark.parametrize(
    ("path", "media_type", "start", "setting"),
    [
        ("/query", "application/json", JSON_START, "api.max_json_bytes"),
        ("/search", "text/plain", JSON_START, "api.max_json_bytes"),
        ("/feedback", "application/json", JSON_START, "api.max_json_bytes"),
        ("/v1/chat/completions", "application/json", JSON_START, "api.max_json_bytes"),
        ("/documents", "multipart/form-data; boundary=b", FORM_START, "api.max_body_bytes"),
    ],
)
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "in parts"])
async def test_a_body_that_is_too_large_names_the_setting(
    client: httpx.AsyncClient, path: str, media_type: str, start: bytes, setting: str, *, declared: bool
) -> None:
    content = start + b"x" * 150_000 if declared else in_parts(start)
    response = await client.post(path, content=content, headers={"Content-Type": media_type})
    problem = response.json()
    assert (response.status_code, problem["code"]) == (413, "limit_exceeded")
    assert response.headers["content-type"] == "application/problem+json"
    assert setting in problem["detail"]


async def test_json_is_refused_long_before_it_is_as_large_as_an_upload_may_be(
    client: httpx.AsyncClient,
) -> None:
    sent = 0

    async def drops() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(90):
            sent += 1_000
            yield b" " * 1_000

    response = await client.post("/search", content=drops(), headers={"Content-Type": "application/json"})
    assert (response.status_code, sent) == (413, 61_000)


async def test_thousands_of_wrong_fields_are_not_answered_in_thousands(client: httpx.AsyncClient) -> None:
    wrong = {f"{'long name' * 20}{number}": 1 for number in range(300)}
    for metadata in ({"a": [None] * 5000}, {name: [] for name in wrong}):
        response = await client.post("/search", json={**QUESTION, "filters": {"metadata": metadata}})
        assert (response.status_code, len(response.json()["errors"])) == (422, 1)
    for body in (wrong, {**QUESTION, **dict(list(wrong.items())[:40])}):
        response = await client.post("/search", json=body)
        assert response.status_code == 422
        assert len(response.content) < 10_000


async def test_one_query_too_many_is_refused_and_the_next_is_served(engine: FakeEngine) -> None:
    engine.gate = asyncio.Event()
    async with calling(engine, small_limits(max_concurrent_queries=1)) as client:
        running = asyncio.create_task(client.post("/query", json=QUESTION))
        await engine.begun.wait()
        refused = await client.post("/search", json=QUESTION)
        engine.gate.set()
        assert (await running).status_code == 200
        assert (await client.post("/query", json=QUESTION)).status_code == 200
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["retryable"]) == (429, "overloaded", True)
    assert "api.max_concurrent_queries" in problem["detail"]
    assert refused.headers["retry-after"] == "1"


async def test_a_failed_query_gives_its_slot_back(engine: FakeEngine) -> None:
    engine.failure = RuntimeError("broken")
    async with calling(engine, small_limits(max_concurrent_queries=1)) as client:
        assert [(await client.post("/query", json=QUESTION)).status_code for _ in range(3)] == [500] * 3
