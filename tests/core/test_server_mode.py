"""Engines of server mode on the same services: what one does, the others see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.catalogue import Answers, Database, Jobs, document_id
from service.catalogue.keeping import ANOTHERS_RECORD_S, AnswerKeeper
from service.errors import (
    CatalogueUnavailable,
    IndexMismatch,
    Misconfigured,
    NotFound,
    StoreDamaged,
    StoreUnreachable,
)
from service.local_engine import LocalEngine
from service.records import Feedback
from service.settings import Settings, StoreSettings
from service.types import Query, Scope
from service.wiring import start_reindex
from tests.fakes_core import LOCAL, FakeEmbedder, drain, ingested, opened, put, sections
from tests.ingest.checking import assert_whole, found, sources
from tests.postgres import PostgresServer
from tests.qdrant_server import QdrantStandIn, connected

TEXT = sections(
    Warranty="The warranty of every pump lasts for twenty four months from delivery.",
    Cleaning="The housing is wiped with a soft cloth and without any solvent at all.",
)
MANUAL = document_id(LOCAL, "manual.md")
Opening = Callable[..., AbstractContextManager[LocalEngine]]


@pytest.fixture
def open_engine(folder: Path, embedder: FakeEmbedder, services: dict[str, Any]) -> Iterator[Opening]:
    """An engine as another process on a shared folder has it."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(opened(folder / "data", embedder, **services))


def test_what_one_process_reads_in_another_finds_and_deletes_for_all(open_engine: Opening) -> None:
    first, second = open_engine(), open_engine()
    ingested(first, "manual.md", TEXT)
    assert "months" in found(second, "warranty")[0]
    assert_whole(second)
    receipt = asyncio.run(second.delete(LOCAL, MANUAL))
    assert (receipt.removed["vectors"], receipt.removed["token_vectors"], receipt.removed["files"]) == (
        2,
        2,
        1,
    )
    assert set(receipt.remaining.values()) == {0}
    assert found(first, "warranty") == []
    assert_whole(first)


def test_a_new_version_that_one_process_reads_in_is_the_one_that_all_find(open_engine: Opening) -> None:
    first, second = open_engine(), open_engine()
    ingested(first, "manual.md", TEXT)
    ingested(second, "manual.md", TEXT.replace("months", "weeks"))
    assert "weeks" in found(first, "warranty")[0]
    assert_whole(first)


def test_a_process_that_starts_takes_nothing_from_those_that_work(open_engine: Opening) -> None:
    first = open_engine()
    put(first, "manual.md", TEXT)
    (job,) = first.jobs.claim(1, 10**9)
    second = open_engine()
    assert second.jobs.claim(1, 10**9) == []
    assert first.jobs.held([job.lease]) == {job.id}


def test_one_process_leads_and_another_when_it_has_ended(
    folder: Path, embedder: FakeEmbedder, services: dict[str, Any], open_engine: Opening
) -> None:
    done: list[str] = []

    def would_lead(engine: LocalEngine, name: str) -> None:
        engine.maintenance.if_leading(lambda: done.append(name))

    with opened(folder / "data", embedder, **services) as first:
        would_lead(first, "first")
        second = open_engine()
        would_lead(second, "second")
    would_lead(second, "second")
    assert done == ["first", "second"]


def test_jobs_of_a_process_that_died_wait_again_although_no_worker_asks_for_them(
    folder: Path, embedder: FakeEmbedder, services: dict[str, Any], open_engine: Opening
) -> None:
    engine = open_engine()
    put(engine, "manual.md", TEXT)
    with closing(Database(services["catalogue"].url.get_secret_value())) as database:
        assert len(Jobs(database, lease_s=-1).claim(1, 10**9)) == 1
    assert not engine.jobs.waiting()
    engine.jobs.requeue_expired()
    assert engine.jobs.waiting()


# --- a service that is away ------------------------------------------------------------------


def test_documents_wait_while_the_vector_store_is_away_and_are_read_in_once_it_is_back(
    folder: Path, embedder: FakeEmbedder, services: dict[str, Any]
) -> None:
    with closing(QdrantStandIn()) as server:
        services["store"] = StoreSettings(server=server.settings)
        with opened(folder / "data", embedder, **services) as engine:
            server.stop()
            job = put(engine, "manual.md", TEXT)
            with pytest.raises(StoreUnreachable):
                drain(engine)
            waiting = asyncio.run(engine.job(LOCAL, job.id))
            assert waiting.state == "queued"
            assert waiting.error is not None
            assert waiting.error.code == "store_unreachable"
            server.start()
            while not engine.jobs.get(LOCAL, job.id).finished:
                with suppress(StoreUnreachable):  # the client does not look for the server all the time
                    drain(engine)
            assert engine.jobs.get(LOCAL, job.id).state == "done"
            assert_whole(engine)


def test_documents_wait_while_the_catalogue_is_away_and_are_read_in_once_it_is_back(
    open_engine: Opening, postgres_server: PostgresServer
) -> None:
    engine = open_engine()
    engine.maintenance.if_leading(lambda: None)
    job = put(engine, "manual.md", TEXT)
    postgres_server.execute("CHECKPOINT")  # it is stopped as by a loss of power, and spares itself the log
    postgres_server.stop()
    try:
        with pytest.raises(CatalogueUnavailable):
            drain(engine)
        with pytest.raises(CatalogueUnavailable):
            asyncio.run(engine.search(LOCAL, Query("warranty")))
    finally:
        postgres_server.start()
    drain(engine)
    assert engine.jobs.get(LOCAL, job.id).state == "done"
    assert_whole(engine)


# --- what is refused -------------------------------------------------------------------------


def test_without_a_catalogue_on_a_server_nothing_is_opened(folder: Path, embedder: FakeEmbedder) -> None:
    with pytest.raises(Misconfigured) as caught, opened(folder / "data", embedder, mode="server"):
        pass
    assert "FOOTNOTE_CATALOGUE__URL" in caught.value.hint
    assert list((folder / "data").iterdir()) == []


def test_a_folder_that_the_processes_do_not_share_is_refused(
    folder: Path, embedder: FakeEmbedder, services: dict[str, Any], open_engine: Opening
) -> None:
    open_engine()
    with pytest.raises(Misconfigured) as caught, opened(folder / "other", embedder, **services):
        pass
    assert "FOOTNOTE_BLOBS__BUCKET" in caught.value.hint
    open_engine()


def test_a_process_with_another_model_is_refused_and_harms_nothing(
    folder: Path, embedder: FakeEmbedder, services: dict[str, Any], open_engine: Opening
) -> None:
    engine = open_engine()
    ingested(engine, "manual.md", TEXT)
    other = replace(embedder, fingerprint="words-2", name="other words")
    with pytest.raises(IndexMismatch), opened(folder / "data", other, **services):
        pass
    with pytest.raises(IndexMismatch):
        start_reindex(Settings(data_dir=folder / "data", **services), make_embedder=lambda _: other)
    assert sources(engine, "warranty") == {"manual.md"}


def test_an_index_that_the_server_has_lost_is_refused_and_made_anew_by_a_reindex(
    folder: Path, embedder: FakeEmbedder, services: dict[str, Any], open_engine: Opening
) -> None:
    with opened(folder / "data", embedder, **services) as engine:
        ingested(engine, "manual.md", TEXT)
    with closing(connected(services["store"].server)) as client:
        (lost,) = (
            one.collection_name
            for one in client.get_aliases().aliases
            if one.alias_name == services["store"].server.alias
        )
        client.delete_collection(lost)
    with pytest.raises(StoreDamaged, match="lost"), opened(folder / "data", embedder, **services):
        pass
    settings = Settings(data_dir=folder / "data", **services)
    assert start_reindex(settings, make_embedder=lambda _: embedder) == 1
    engine = open_engine()
    drain(engine)
    assert sources(engine, "warranty") == {"manual.md"}
    assert_whole(engine)


class WrittenLater(Answers):
    """The answers of a catalogue in which another process writes one down a moment later."""

    def __init__(self, database: Database, looks: int) -> None:
        super().__init__(database)
        self.looks = looks

    def judge(self, scope: Scope, feedback: Feedback) -> str:
        self.looks -= 1
        if self.looks > 0:
            raise NotFound("there is no such answer")
        return super().judge(scope, feedback)


def test_feedback_that_is_faster_than_the_record_of_its_answer_waits_for_it(
    open_engine: Opening,
) -> None:
    first, second = open_engine(), open_engine()
    answer = asyncio.run(first.answer(LOCAL, Query("warranty")))
    first.keeper.flush()
    late = replace(second, keeper=AnswerKeeper(WrittenLater(second.database, looks=3)))
    assert asyncio.run(late.feedback(LOCAL, Feedback(answer.id, "up")))


def test_feedback_for_an_answer_that_nobody_gave_is_refused_after_a_bounded_wait(
    open_engine: Opening,
) -> None:
    engine = open_engine()
    never = WrittenLater(engine.database, looks=10**6)
    with pytest.raises(NotFound):
        asyncio.run(replace(engine, keeper=AnswerKeeper(never)).feedback(LOCAL, Feedback("unknown", "up")))
    assert 10**6 - never.looks == 1 + len(ANOTHERS_RECORD_S)


def test_feedback_given_through_another_process_at_once_is_kept(open_engine: Opening) -> None:
    first, second = open_engine(), open_engine()
    for _ in range(5):
        answer = asyncio.run(first.answer(LOCAL, Query("warranty")))
        assert asyncio.run(second.feedback(LOCAL, Feedback(answer.id, "down")))
