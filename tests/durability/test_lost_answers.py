"""A service does what it was asked and its answer never comes: it is done once all the same."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import closing

import pytest
from pydantic import SecretStr

from service.catalogue import document_id
from service.errors import StoreUnreachable
from service.local_engine import LocalEngine
from service.settings import StoreSettings
from tests.durability.between import LostCommits, slow_answers
from tests.durability.checking import Confirmed, states, strikes, work_off
from tests.durability.conftest import Size
from tests.durability.working import Place
from tests.fakes_core import LOCAL, FakeEmbedder, opened
from tests.postgres import PostgresServer

# --- the vector store ------------------------------------------------------------------------


@pytest.fixture
def lost_writes() -> list[str]:
    """The next answers to writes that get lost, by what they answer."""
    return []


@pytest.fixture
def losing_store(place: Place, embedder: FakeEmbedder, lost_writes: list[str]) -> Iterator[LocalEngine]:
    def loses(method: str) -> bool:
        if method in lost_writes:
            lost_writes.remove(method)
            return True
        return False

    server = place.services["store"].server.model_copy(update={"timeout_s": 1})
    with slow_answers(server, loses) as between:
        services = {**place.services, "store": StoreSettings(server=between)}
        with opened(place.folder / "data", embedder, **services) as engine:
            yield engine


@pytest.mark.parametrize("write", ["Upsert", "SetPayload", "Delete"])
def test_a_write_that_the_store_applied_and_did_not_answer_in_time_is_done_once_and_nobodys_fault(
    losing_store: LocalEngine, lost_writes: list[str], write: str
) -> None:
    confirmed = Confirmed(losing_store)
    confirmed.upload("a.md")
    work_off(losing_store)
    lost_writes.append(write)
    for name in ("a.md", "b.md"):
        confirmed.upload(name)
    work_off(losing_store)
    assert lost_writes == []
    confirmed.assert_kept()
    assert strikes(losing_store) == 0


def test_a_delete_that_the_store_applied_and_did_not_answer_in_time_is_completed(
    losing_store: LocalEngine, lost_writes: list[str]
) -> None:
    confirmed = Confirmed(losing_store)
    for name in ("a.md", "b.md"):
        confirmed.upload(name)
    work_off(losing_store)
    lost_writes.append("Delete")
    with pytest.raises(StoreUnreachable):
        asyncio.run(losing_store.delete(LOCAL, document_id(LOCAL, "a.md")))
    confirmed.forget("a.md")
    losing_store.maintenance.complete_deletes()
    confirmed.assert_kept()
    assert len(asyncio.run(losing_store.receipts(LOCAL, None, 10)).items) == 1


def test_however_many_answers_are_lost_every_document_is_read_in_once(
    losing_store: LocalEngine, lost_writes: list[str], size: Size, dice: random.Random
) -> None:
    confirmed = Confirmed(losing_store)
    for _ in range(size.rounds):
        lost_writes.append(dice.choice(["Upsert", "SetPayload", "Delete"]))
        for _ in range(3):
            confirmed.upload(f"{dice.randrange(6)}.md")
        work_off(losing_store)
    confirmed.assert_kept()
    assert strikes(losing_store) == 0


# --- the catalogue ---------------------------------------------------------------------------

COMMITS = {
    "of the claim": b"attempts=(jobs.attempts",
    "of the publication": b"INSERT INTO versions",
    "of the end": b"report=",
}


@pytest.mark.parametrize("commit", COMMITS)
def test_a_commit_that_was_not_answered_costs_a_lease_at_most(
    place: Place, embedder: FakeEmbedder, postgres_server: PostgresServer, commit: str
) -> None:
    losing: list[bytes] = []

    def loses(said: bytes) -> bool:
        if losing and losing[0] in said:
            losing.clear()
            return True
        return False

    with closing(LostCommits(postgres_server.port, loses)) as between:
        catalogue = place.services["catalogue"]
        url = SecretStr(between.url(catalogue.url.get_secret_value()))
        services = {**place.services, "catalogue": catalogue.model_copy(update={"url": url})}
        with opened(place.folder / "data", embedder, **services) as engine:
            confirmed = Confirmed(engine)
            for name in ("a.md", "b.md"):
                confirmed.upload(name)
            losing.append(COMMITS[commit])
            work_off(engine)
            assert losing == []
            confirmed.assert_kept()
            assert (strikes(engine), set(states(engine).values())) == (0, {"done"})
