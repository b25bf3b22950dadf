"""Queued jobs are listed and can be taken back, and documents are found by their source."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from service.errors import Conflict, InvalidInput, NotFound
from service.local_engine import LocalEngine
from service.store.bm25 import sparse_document
from service.types import EVERY_GROUP, DocumentAttributes, Point, Query, Scope
from tests.fakes_core import LOCAL, drain, ingested, put, sections

TEXT = sections(Warranty="The warranty of every pump lasts for twenty four months from delivery.")
NEWER = TEXT.replace("months", "weeks")
OTHER = Scope("other", frozenset({EVERY_GROUP}))


def cancel(engine: LocalEngine, job_id: str, scope: Scope = LOCAL) -> None:
    asyncio.run(engine.cancel_job(scope, job_id))


def queued(engine: LocalEngine, scope: Scope = LOCAL) -> list[str]:
    return [job.source for job in asyncio.run(engine.find_jobs(scope, ("queued",), None, 10)).items]


def sources(engine: LocalEngine, **asked: str) -> list[str]:
    return sorted(one.source for one in asyncio.run(engine.documents(LOCAL, None, 10, **asked)).items)


def test_a_cancelled_job_leaves_neither_a_document_nor_a_file(engine: LocalEngine) -> None:
    job = put(engine, "manual.md", TEXT)
    cancel(engine, job.id)
    drain(engine)
    assert (queued(engine), sources(engine)) == ([], [])
    assert list((engine.settings.data_dir / "files").glob("*/??/*")) == []
    with pytest.raises(NotFound):
        asyncio.run(engine.job(LOCAL, job.id))


def test_the_version_before_a_cancelled_one_is_found_as_before(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    cancel(engine, put(engine, "manual.md", NEWER).id)
    drain(engine)
    found = asyncio.run(engine.search(LOCAL, Query("warranty"))).hits
    assert [hit.chunk.text for hit in found] == [TEXT.partition("\n\n")[2]]


def test_what_an_interrupted_job_has_staged_goes_when_it_is_cancelled(engine: LocalEngine) -> None:
    job = put(engine, "manual.md", TEXT)
    (claimed,) = engine.jobs.claim(1, 10**9)
    encoded = engine.pipeline.embedder.embed_passages([TEXT])[0]
    point = Point(str(uuid.uuid4()), encoded.dense, sparse_document(TEXT, "en"), encoded.tokens)
    engine.index.stage(LOCAL, job.document_id, DocumentAttributes("manual.md"), [point], 1)
    engine.jobs.release([claimed.lease], suspected=False)
    cancel(engine, job.id)
    assert set(engine.index.count(LOCAL, job.document_id).values()) == {0}


def test_a_file_that_another_job_needs_stays(engine: LocalEngine) -> None:
    first, _ = put(engine, "a.md", TEXT), put(engine, "b.md", TEXT)
    cancel(engine, first.id)
    drain(engine)
    assert sources(engine) == ["b.md"]


def test_a_job_that_runs_or_has_ended_is_not_cancelled(engine: LocalEngine) -> None:
    waiting = put(engine, "manual.md", TEXT)
    (claimed,) = engine.jobs.claim(1, 10**9)
    with pytest.raises(Conflict, match="runs already"):
        cancel(engine, waiting.id)
    engine.jobs.release([claimed.lease], suspected=False)
    drain(engine)
    with pytest.raises(Conflict, match="has ended"):
        cancel(engine, waiting.id)


def test_jobs_of_another_tenant_are_neither_listed_nor_cancelled(engine: LocalEngine) -> None:
    job = put(engine, "manual.md", TEXT)
    assert queued(engine, OTHER) == []
    with pytest.raises(NotFound):
        cancel(engine, job.id, OTHER)
    assert queued(engine) == ["manual.md"]


def test_jobs_are_listed_part_by_part_in_the_order_of_the_queue(engine: LocalEngine) -> None:
    for name in "abc":
        put(engine, name, TEXT)
    first = asyncio.run(engine.find_jobs(LOCAL, (), None, 2))
    rest = asyncio.run(engine.find_jobs(LOCAL, (), first.next_cursor, 2))
    assert [job.source for job in (*first.items, *rest.items)] == ["a", "b", "c"]
    assert rest.next_cursor is None
    with pytest.raises(InvalidInput):
        asyncio.run(engine.find_jobs(LOCAL, (), "nonsense", 2))


def test_documents_are_found_by_their_source_and_by_its_beginning_as_it_is_written(
    engine: LocalEngine,
) -> None:
    for name in ("handbook/a%.md", "handbook/ab.md", "Handbook/b.md"):
        ingested(engine, name, TEXT)
    assert sources(engine, source="handbook/ab.md") == ["handbook/ab.md"]
    assert sources(engine, source_prefix="handbook/") == ["handbook/a%.md", "handbook/ab.md"]
    assert sources(engine, source_prefix="handbook/a%") == ["handbook/a%.md"]
