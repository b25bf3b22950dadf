"""How often one may ask: counted by key and tenant, said in every response, refused by the setting's name."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest

from service.app import create_app
from service.redis import RedisServer
from service.routes.context import current_caller
from service.settings import LimitsSettings
from service.sharing.limiting import RateLimits
from service.types import Caller, Scope
from tests.api.calling import calling_app, small_limits
from tests.fakes import FakeEngine
from tests.redis_server import RedisServerProcess

QUESTION = {"query": "How long is the warranty?"}
FIELD = re.compile(r'"(\w+)";[qr]=(\d+);[tw]=(\d+)')

Calling = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


def keyed(key: str, tenant: str = "acme") -> dict[str, str]:
    """Headers that the tests' own authentication reads."""
    return {"X-Test-Key": key, "X-Test-Tenant": tenant}


@asynccontextmanager
async def limited(
    redis: RedisServer | None = None, granted: Mapping[str, int] | None = None, **limits: int
) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(FakeEngine(), small_limits(), limits=RateLimits(LimitsSettings(**limits), redis))

    async def caller(request: httpx.Request) -> Caller:
        tenant, key = request.headers["X-Test-Tenant"], request.headers["X-Test-Key"]
        return Caller(Scope(tenant), "reader", key, (granted or {}).get(tenant))

    # FastAPI reads the signature: the request has to be its own.
    from fastapi import Request

    caller.__annotations__["request"] = Request
    app.dependency_overrides[current_caller] = caller
    async with calling_app(app) as client:
        yield client


async def statuses(client: httpx.AsyncClient, key: str, count: int, tenant: str = "acme") -> list[int]:
    return [
        (await client.post("/query", json=QUESTION, headers=keyed(key, tenant))).status_code
        for _ in range(count)
    ]


async def test_without_limits_nothing_is_counted_and_nothing_said() -> None:
    async with limited() as client:
        response = await client.post("/query", json=QUESTION, headers=keyed("a"))
    assert response.status_code == 200
    assert not [name for name in response.headers if name.startswith("ratelimit")]


@pytest.mark.parametrize("path", ["/query", "/search", "/v1/chat/completions"])
async def test_a_key_that_asks_too_often_is_refused_with_the_setting_and_a_time(path: str) -> None:
    async with limited(key_per_minute=2) as client:
        assert await statuses(client, "a", 2) == [200, 200]
        body = {"model": "footnote", "messages": [{"role": "user", "content": "How long?"}]}
        sent = body if path.startswith("/v1") else QUESTION
        refused = await client.post(path, json=sent, headers=keyed("a"))
        problem = refused.json()
        assert (refused.status_code, problem["code"], problem["retryable"]) == (429, "rate_limited", True)
        assert "limits.key_per_minute" in problem["detail"]
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert await statuses(client, "b", 1) == [200]


async def test_every_response_says_what_is_left() -> None:
    async with limited(key_per_minute=2, tenant_per_minute=9) as client:
        headers = [(await client.post("/query", json=QUESTION, headers=keyed("a"))).headers for _ in range(3)]
    assert FIELD.findall(headers[0]["ratelimit-policy"]) == [("key", "2", "60"), ("tenant", "9", "60")]
    left = [[(name, rest) for name, rest, _ in FIELD.findall(one["ratelimit"])] for one in headers]
    assert left == [[("key", "1"), ("tenant", "8")], [("key", "0"), ("tenant", "7")], [("key", "0")]]


async def test_a_stream_says_it_too() -> None:
    async with limited(key_per_minute=2) as client:
        response = await client.post("/query", json={**QUESTION, "stream": True}, headers=keyed("a"))
    assert FIELD.findall(response.headers["ratelimit"])[0][:2] == ("key", "1")


async def test_all_keys_of_a_tenant_share_its_limit_and_no_other_tenants_do() -> None:
    async with limited(tenant_per_minute=2) as client:
        assert [*await statuses(client, "a", 1), *await statuses(client, "b", 2)] == [200, 200, 429]
        assert await statuses(client, "a", 1, "globex") == [200]


async def test_what_a_tenant_was_granted_goes_before_the_setting() -> None:
    async with limited(granted={"acme": 1, "free": 0}, tenant_per_minute=2) as client:
        assert await statuses(client, "a", 2) == [200, 429]
        assert await statuses(client, "a", 3, "free") == [200] * 3
        assert await statuses(client, "a", 3, "globex") == [200, 200, 429]


async def test_what_does_not_ask_is_not_counted() -> None:
    async with limited(key_per_minute=1) as client:
        for path in ("/documents", "/healthz", "/jobs"):
            assert (await client.get(path, headers=keyed("a"))).status_code == 200
        assert await statuses(client, "a", 1) == [200]


async def test_processes_count_together_in_redis_and_alone_without(redis_server: RedisServerProcess) -> None:
    servers = [RedisServer(redis_server.settings()) for _ in range(2)]
    async with limited(servers[0], key_per_minute=3) as one, limited(servers[1], key_per_minute=3) as two:
        assert [*await statuses(one, "a", 2), *await statuses(two, "a", 2)] == [200, 200, 200, 429]
        with redis_server.paused():
            assert await statuses(one, "a", 4) == [200, 200, 200, 429]
        while not servers[0].is_up:
            servers[0].check()
        assert await statuses(one, "a", 1) == [429]
    for server in servers:
        server.close()
