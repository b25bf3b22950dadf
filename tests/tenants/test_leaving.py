"""A tenant that is deleted over HTTP in server mode: no place holds anything of it afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, inspect, text

from service.access import Access, TenantRemoval
from service.app import create_app
from service.blobs import blob_key
from service.catalogue import Tenants
from service.local_engine import LocalEngine
from service.settings import AccessSettings, DecideSettings
from service.tenancy import BY_OPERATOR, NewKey
from service.types import EVERY_GROUP, Scope
from tests.api.calling import calling_app
from tests.fakes_core import BROKEN, FakeEmbedder, a_tokenizer, drain, opened, quick_folder
from tests.qdrant_server import connected
from tests.redis_server import RedisServerProcess

CANARY, OTHERS = "zanzibarine", "kilimanjarine"
SAYS_SO = {"tenants", "audit", "receipts"}
"""What stays names the tenant, who did what, and what was deleted: no text of anybody."""


def everything_of(tenant: str) -> Scope:
    return Scope(tenant, frozenset({EVERY_GROUP}))


@dataclass
class Served:
    """An application of server mode and what lies beneath it."""

    engine: LocalEngine
    client: httpx.AsyncClient
    keys: dict[str, str]
    services: dict[str, Any]

    async def call(self, tenant: str, method: str, path: str, **parts: Any) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {self.keys[tenant]}", **parts.pop("headers", {})}
        return await self.client.request(method, path, headers=bearer, **parts)

    async def lives(self, tenant: str, word: str) -> None:
        """All that a tenant does: documents and new versions of them, questions, feedback, a delete, keys."""
        for version in ("first", "second"):
            content = (
                f"# Warranty\n\nThe {word} warranty lasts for two years in its {version} version.".encode()
            )
            for name in (f"{word}.md", f"{word}-too.md"):
                data = {"metadata": f'{{"word": "{word}"}}', "groups": word}
                response = await self.call(
                    tenant,
                    "POST",
                    "/documents",
                    files={"file": (name, content)},
                    data=data,
                    headers={"Idempotency-Key": f"{word}-{version}-{name}"},
                )
                assert response.status_code == 202, response.text
            await asyncio.to_thread(drain, self.engine)
        broken = {"file": (f"{word}-broken.md", f"{word} {BROKEN}".encode())}
        await self.call(tenant, "POST", "/documents", files=broken)
        await asyncio.to_thread(drain, self.engine)
        answer = (await self.call(tenant, "POST", "/query", json={"query": f"the {word} warranty?"})).json()
        assert answer["status"] == "answered"
        comment = {"query_id": answer["id"], "rating": "down", "comment": word, "correction": word}
        assert (await self.call(tenant, "POST", "/feedback", json=comment)).status_code == 201
        documents = (await self.call(tenant, "GET", "/documents")).json()["documents"]
        assert (await self.call(tenant, "DELETE", f"/documents/{documents[0]['document_id']}")).is_success
        unknown = {"query": f"nothing of {word}", "filters": {"document_ids": ["none"]}}
        assert (await self.call(tenant, "POST", "/query", json=unknown)).json()["status"] == "abstained"
        key = {"name": word, "role": "reader", "groups": [word]}
        assert (await self.call(tenant, "POST", "/keys", json=key)).status_code == 201
        await self.call(tenant, "POST", "/documents", files={"file": (f"{word}-waits.md", word.encode())})
        self.engine.keeper.flush()


@pytest.fixture
async def served(services: dict[str, Any]) -> AsyncIterator[Served]:
    services |= {"access": AccessSettings(key_cache_s=0.001), "decide": DecideSettings(threshold=0)}
    with (
        quick_folder() as folder,
        opened(folder / "data", FakeEmbedder(a_tokenizer(folder / "tokenizer")), **services) as engine,
    ):
        access = Access.of(engine.settings, engine.database)
        keys = {}
        for tenant in ("acme", "globex"):
            access.tenants.create(tenant)
            keys[tenant] = access.keys.create(tenant, NewKey("first", "admin"), BY_OPERATOR)[1]
        app = create_app(engine, engine.settings, access=access, limits=engine.sharing.limits)
        async with calling_app(app) as client:
            yield Served(engine, client, keys, services)
            access.keeper.flush()


def rows(url: str) -> dict[str, list[str]]:
    """Every row of every table, written out."""
    engine = create_engine(url)
    with closing(engine.connect()) as connection:
        names = inspect(connection).get_table_names()
        found = {
            name: [str(tuple(row)) for row in connection.execute(text(f'SELECT * FROM "{name}"'))]
            for name in names
        }
    engine.dispose()
    return found


def places(engine: LocalEngine, tenant: str) -> dict[str, int]:
    """What there is of a tenant outside the tables."""
    folder = blob_key(everything_of(tenant), "0" * 64).split("/")[0]
    originals = (engine.settings.data_dir / "files" / folder).rglob("*")
    return {
        "points": engine.index.vectors.count(everything_of(tenant)),
        "tokens": engine.index.tokens.count(everything_of(tenant)),
        "files": sum(path.is_file() for path in originals),
    }


def remove_all(engine: LocalEngine) -> None:
    """Beside the engine's own removal, which may be at it already: who has a document ends its delete."""
    tenants = Tenants(engine.database)
    removal = TenantRemoval(tenants, engine.delete, key_cache_s=0)
    until = time.monotonic() + 60
    while tenants.leaving(0):
        assert time.monotonic() < until
        removal.remove_all()
        time.sleep(0.01)


async def test_nothing_of_a_tenant_is_left_in_any_place_and_everything_of_another(
    served: Served, redis_server: RedisServerProcess
) -> None:
    url = served.services["catalogue"].url.get_secret_value()
    engine = served.engine
    await served.lives("globex", OTHERS)
    with closing(redis_server.client()) as redis:
        in_redis = set(redis.scan_iter("*:answer*"))
    await served.lives("acme", CANARY)
    assert any(CANARY in row for found in rows(url).values() for row in found)
    others = places(engine, "globex")
    assert min(*others.values(), *places(engine, "acme").values()) > 0

    assert (await served.call("acme", "DELETE", "/tenants/acme")).status_code == 202
    assert (await served.call("acme", "GET", "/documents")).status_code == 401
    await asyncio.to_thread(remove_all, engine)

    after = rows(url)
    assert {name for name, found in after.items() if any("'acme'" in row for row in found)} <= SAYS_SO
    assert [row for found in after.values() for row in found if CANARY in row] == []
    assert any(OTHERS in row for row in after["documents"])
    with closing(connected(served.services["store"].server)) as qdrant:
        alias = served.services["store"].server.alias
        assert qdrant.count(alias).count == others["points"]
    assert (places(engine, "globex"), set(places(engine, "acme").values())) == (others, {0})
    with closing(redis_server.client()) as redis:
        assert set(redis.scan_iter("*:answer*")) <= in_redis
        assert not [name for name in redis.scan_iter("*") if b"acme" in name]
    assert (await served.call("globex", "POST", "/query", json={"query": f"{OTHERS}?"})).status_code == 200
