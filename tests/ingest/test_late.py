"""Who was stopped for longer than his lease and wakes late changes nothing that is searchable."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from service.catalogue import ClaimedJob, Jobs, document_id
from service.local_engine import LocalEngine
from service.store.bm25 import sparse_document
from service.store.edge import EdgeStore
from service.types import DocumentAttributes, Point
from tests.fakes_core import LOCAL, FakeEmbedder, drain, ingested, put, sections
from tests.ingest.checking import assert_whole, found, live_chunks

TEXT = sections(
    Warranty="The warranty of every pump lasts for twenty four months from delivery.",
    Cleaning="The housing is wiped with a soft cloth and without any solvent at all.",
)
NEWER = TEXT.replace("months", "weeks")
MANUAL = document_id(LOCAL, "manual.md")
OTHER_LABELS = DocumentAttributes("elsewhere.md", ("nobody",))


@pytest.fixture
def late(engine: LocalEngine) -> ClaimedJob:
    """A job of a worker that was stopped when it had just taken it; another one has published it since."""
    ingested(engine, "manual.md", TEXT)
    put(engine, "manual.md", NEWER)
    (job,) = Jobs(engine.database, lease_s=0).claim(1, 10**9)
    drain(engine)
    assert_whole(engine)
    return job


def points(engine: LocalEngine, chunk_ids: Sequence[str]) -> list[Point]:
    encoded = engine.pipeline.embedder.embed_passages(["something else"] * len(chunk_ids))
    terms = sparse_document("something else", "en")
    return [
        Point(chunk_id, one.dense, terms, one.tokens)
        for chunk_id, one in zip(chunk_ids, encoded, strict=True)
    ]


def test_a_late_worker_neither_removes_nor_hides_nor_relabels_what_another_has_published(
    engine: LocalEngine, late: ClaimedJob
) -> None:
    before, live = found(engine, "warranty"), live_chunks(engine)
    engine.index.stage(LOCAL, MANUAL, OTHER_LABELS, points(engine, live), late.epoch)
    engine.index.promote(LOCAL, MANUAL, OTHER_LABELS, live, late.epoch)
    engine.index.discard(LOCAL, MANUAL, live, late.epoch)
    assert found(engine, "warranty") == before
    assert "weeks" in before[0]
    assert_whole(engine)


def test_a_version_that_keeps_every_chunk_is_its_last_writers_own_as_well(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    put(engine, "manual.md", TEXT, metadata={"year": 2024})
    (late,) = Jobs(engine.database, lease_s=0).claim(1, 10**9)
    drain(engine)  # nothing is embedded again
    engine.index.discard(LOCAL, MANUAL, live_chunks(engine), late.epoch)
    assert_whole(engine)


def test_a_delete_that_was_stopped_leaves_what_was_put_in_again_since(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    _, epoch = engine.versions.delete(LOCAL, MANUAL)  # and stops here
    ingested(engine, "manual.md", NEWER)
    engine.index.delete_document(LOCAL, MANUAL, epoch)  # and wakes
    assert "weeks" in found(engine, "warranty")[0]
    engine.maintenance.complete_deletes()
    assert_whole(engine)


def test_what_is_staged_for_a_document_that_was_deleted_at_that_moment_is_taken_back(
    engine: LocalEngine,
) -> None:
    """The lock of a process that was stopped may be another's when it wakes."""
    put(engine, "manual.md", TEXT)
    stage = EdgeStore.stage

    def deleted_in_between(store: EdgeStore, *what: Any) -> None:
        _, epoch = engine.versions.delete(LOCAL, MANUAL)
        engine.index.delete_document(LOCAL, MANUAL, epoch)
        stage(store, *what)

    with patch.object(EdgeStore, "stage", deleted_in_between):
        drain(engine)
    assert set(engine.index.count(LOCAL, MANUAL).values()) == {0}
    assert engine.listing.documents(LOCAL, None, 10).items == ()


def test_a_delete_during_an_ingest_never_brings_the_document_back(
    engine: LocalEngine, embedder: FakeEmbedder
) -> None:
    job = put(engine, "manual.md", TEXT)
    receipts = []
    embedder.before_passages = lambda: receipts.append(asyncio.run(engine.delete(LOCAL, job.document_id)))
    drain(engine)
    assert [set(one.remaining.values()) for one in receipts] == [{0}]
    assert set(engine.index.count(LOCAL, MANUAL).values()) == {0}
    assert found(engine, "warranty") == []


def test_a_cancel_beside_a_job_that_was_just_taken_leaves_it_what_it_needs(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    first, second = put(engine, "manual.md", TEXT), put(engine, "manual.md", NEWER)
    (running,) = engine.jobs.claim(1, 10**9)
    assert running.id == first.id
    asyncio.run(engine.cancel_job(LOCAL, second.id))
    engine.jobs.release([replace(running).lease], suspected=False)
    drain(engine)
    assert_whole(engine)
