"""Redis flushed and killed, PostgreSQL and Qdrant away in the middle: what was confirmed is read in, once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest

from service.background import repeating
from service.errors import Unavailable
from service.local_engine import LocalEngine
from service.settings import StoreSettings
from tests.durability.checking import Confirmed, states, strikes, until_done
from tests.durability.conftest import Size
from tests.durability.crew import Crew, until
from tests.durability.working import Fate
from tests.ingest.checking import found
from tests.postgres import PostgresServer
from tests.qdrant_server import QdrantStandIn
from tests.redis_server import RedisServerProcess


def begun(crew: Crew, confirmed: Confirmed, engine: LocalEngine, size: Size) -> None:
    """Two workers in the middle of their work."""
    for number in range(10 * size.rounds):
        confirmed.upload(f"{number}.md")
    for _ in range(2):
        crew.work(Fate(pause_s=size.pause_s))
    until(lambda: "embedding" in states(engine).values())


def test_documents_are_read_in_while_redis_is_flushed_and_killed_and_no_answer_is_an_old_one(
    crew: Crew, engine: LocalEngine, confirmed: Confirmed, size: Size, redis_server: RedisServerProcess
) -> None:
    begun(crew, confirmed, engine, size)
    for _ in range(size.rounds):
        redis_server.flush()
        confirmed.upload("0.md")
        redis_server.kill()
        try:
            confirmed.upload("1.md")
            until_done(engine)
        finally:
            redis_server.start()
        confirmed.assert_kept()
        edition = confirmed.editions["1.md"]
        assert f"of edition {edition}." in found(engine, f"pump 1.md edition {edition}")[0]
    assert all(hand.lives for hand in crew.at_work)
    assert strikes(engine) == 0


@pytest.fixture
def lasting(services: dict[str, Any], postgres_server: PostgresServer) -> None:
    """Commits are written before they are confirmed, which the other tests spare themselves."""
    name = services["catalogue"].url.get_secret_value().rpartition("/")[2]
    postgres_server.execute(f"ALTER DATABASE {name} SET synchronous_commit = on")


@pytest.mark.usefixtures("lasting")
def test_documents_are_read_in_although_postgresql_is_restarted_in_the_middle(
    crew: Crew, engine: LocalEngine, confirmed: Confirmed, size: Size, postgres_server: PostgresServer
) -> None:
    begun(crew, confirmed, engine, size)
    for _ in range(size.rounds):
        postgres_server.stop()  # as by a loss of power
        postgres_server.start()
        until(lambda: _uploaded(confirmed, "0.md"))
        until(lambda: "embedding" in states(engine).values() or not engine.jobs.depth())
    until_done(engine)
    confirmed.assert_kept()
    assert set(states(engine).values()) == {"done"}
    assert strikes(engine) == 0


def _uploaded(confirmed: Confirmed, source: str) -> bool:
    """Whether an upload was confirmed; nothing is said of one that was not."""
    with suppress(Unavailable):
        return bool(confirmed.upload(source))
    return False


@pytest.mark.parametrize("lease_s", [3.0])
def test_a_database_that_was_away_for_longer_than_a_lease_makes_no_job_suspect(
    engine: LocalEngine, confirmed: Confirmed, crew: Crew, postgres_server: PostgresServer, lease_s: float
) -> None:
    job = confirmed.upload("a.md")
    (ours,) = engine.jobs.claim(1, 10**9)
    with repeating(engine.jobs.renew, lease_s / 3, "keeping it"):
        postgres_server.execute("CHECKPOINT")
        postgres_server.stop()
        time.sleep(lease_s)
        postgres_server.start()
        confirmed.upload("b.md")
        crew.work()
        until(lambda: states(engine)["b.md"] == "done")
        assert engine.jobs.held([ours.lease]) == {job}
        engine.jobs.release([ours.lease], suspected=False)
    engine.wake.set()
    until_done(engine)
    confirmed.assert_kept()


@pytest.fixture
def own_store(services: dict[str, Any]) -> Iterator[QdrantStandIn]:
    """A vector store that can be stopped."""
    with closing(QdrantStandIn()) as server:
        services["store"] = StoreSettings(server=server.settings)
        yield server


def test_documents_are_read_in_although_the_vector_store_is_away_in_the_middle(
    own_store: QdrantStandIn, crew: Crew, engine: LocalEngine, confirmed: Confirmed, size: Size
) -> None:
    begun(crew, confirmed, engine, size)
    for _ in range(size.rounds):
        own_store.stop()
        confirmed.upload("0.md")
        time.sleep(size.beat_s)
        own_store.start()
        until(lambda: "embedding" in states(engine).values() or not engine.jobs.depth())
    until_done(engine)
    until(lambda: _answers(engine))
    confirmed.assert_kept()
    assert strikes(engine) == 0
    assert set(states(engine).values()) == {"done"}


def _answers(engine: LocalEngine) -> bool:
    """Whether the store is reached again; its client does not look for it all the time."""
    with suppress(Unavailable):
        return engine.index.vectors.size() > 0
    return False
