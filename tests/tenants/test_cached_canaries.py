"""Everybody asks the same, again and again, while groups change: a cached answer is nobody else's.

Each document holds a word that no other one has, and answers the question. The order is a random one with a
seed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from itertools import product

import pytest

from service.catalogue import document_id
from service.local_engine import LocalEngine
from service.settings import DecideSettings, RedisSettings
from service.types import EVERY_GROUP, Answer, Query, Scope
from tests.fakes_core import FakeEmbedder, a_tokenizer, drain, opened, put, quick_folder, sections
from tests.redis_server import RedisServerProcess

TENANTS = ("acme", "globex")
GROUPS = ("sales", "legal")
AUDIENCES: tuple[tuple[str, ...], ...] = ((), ("sales",), ("legal",), ("sales", "legal"))
SCOPES = [
    Scope(tenant, frozenset(groups)) for tenant, groups in product(TENANTS, [*AUDIENCES, (EVERY_GROUP,)])
]
QUESTION = Query("How long does the warranty of the pump last?", top_k=20)
ROUNDS, SEED = 6, 20261121

Readers = dict[str, tuple[str, tuple[str, ...]]]


def canary(tenant: str, number: int) -> str:
    return f"canary{TENANTS.index(tenant)}x{number}"


def put_for(engine: LocalEngine, tenant: str, number: int, audience: tuple[str, ...]) -> None:
    word = canary(tenant, number)
    text = sections(Warranty=f"The warranty of the pump {word} lasts for two years.")
    put(engine, f"{word}.md", text, scope=Scope(tenant, frozenset({EVERY_GROUP})), groups=audience)


@pytest.fixture(params=["memory", "redis"])
def engine(request: pytest.FixtureRequest) -> Iterator[LocalEngine]:
    redis = RedisSettings()
    if request.param == "redis":
        server: RedisServerProcess = request.getfixturevalue("redis_server")
        redis = server.settings()
    with (
        quick_folder() as folder,
        opened(
            folder / "data",
            FakeEmbedder(a_tokenizer(folder / "tokenizer")),
            decide=DecideSettings(threshold=0),
            redis=redis,
        ) as engine,
    ):
        yield engine


def may_read(scope: Scope, tenant: str, audience: tuple[str, ...]) -> bool:
    everything = EVERY_GROUP in scope.groups
    return scope.tenant == tenant and (everything or not audience or bool(scope.groups & set(audience)))


def ask(engine: LocalEngine, scope: Scope) -> Answer:
    return asyncio.run(engine.answer(scope, QUESTION))


def test_no_answer_holds_a_word_that_its_reader_may_not_read_whoever_asked_before(
    engine: LocalEngine,
) -> None:
    order = random.Random(SEED)
    readers: Readers = {}
    for tenant, (number, audience) in product(TENANTS, enumerate(AUDIENCES)):
        put_for(engine, tenant, number, audience)
        readers[canary(tenant, number)] = (tenant, audience)
    drain(engine)
    for _ in range(ROUNDS):
        for scope in order.sample(SCOPES, len(SCOPES)):
            first, again = ask(engine, scope), ask(engine, scope)
            assert (again.cached, again.text, again.citations) == (True, first.text, first.citations)
            found = {hit.document.source.removesuffix(".md") for hit in first.hits}
            assert found == {
                word for word, (tenant, audience) in readers.items() if may_read(scope, tenant, audience)
            }
            assert all(word not in first.text for word in readers if word not in found)
        tenant, number = order.choice(TENANTS), order.randrange(len(AUDIENCES))
        readers[canary(tenant, number)] = (tenant, audience := order.choice(AUDIENCES))
        put_for(engine, tenant, number, audience)  # the same file: its groups alone are other ones now
        drain(engine)


def test_a_delete_by_one_reader_takes_the_answer_from_all(engine: LocalEngine) -> None:
    put_for(engine, "acme", 0, ())
    put_for(engine, "globex", 0, ())
    drain(engine)
    readers = [scope for scope in SCOPES if scope.tenant == "acme"]
    assert {ask(engine, scope).status for scope in readers} == {"answered"}
    gone = document_id(readers[0], f"{canary('acme', 0)}.md")
    asyncio.run(engine.delete(Scope("acme", frozenset({EVERY_GROUP})), gone))
    assert {ask(engine, scope).status for scope in readers} == {"abstained"}
    assert ask(engine, Scope("globex")).status == "answered"
