"""What a crash or an outage has left is completed while the service goes on, without a restart."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from unittest.mock import patch

import pytest

from service.blobs.folder import FolderBlobs
from service.catalogue import document_id
from service.errors import BlobsUnavailable, StoreUnavailable
from service.local_engine import LocalEngine
from service.store.edge import EdgeStore
from service.types import Query
from tests.fakes_core import LOCAL, FakeEmbedder, drain, ingested, opened, put, sections
from tests.ingest.checking import assert_whole

TEXT = sections(Warranty="The warranty of every pump lasts for twenty four months from delivery.")
NEWER = TEXT.replace("months", "weeks")
MANUAL = document_id(LOCAL, "manual.md")


def cut_off_delete(engine: LocalEngine) -> None:
    """The transaction of a delete is done, its vectors are still there."""
    with (
        patch.object(EdgeStore, "delete_document", side_effect=StoreUnavailable("away")),
        pytest.raises(StoreUnavailable),
    ):
        asyncio.run(engine.delete(LOCAL, MANUAL))


def found(engine: LocalEngine) -> list[str]:
    return [hit.chunk.text for hit in asyncio.run(engine.search(LOCAL, Query("warranty"))).hits]


def kept(engine: LocalEngine) -> list[Path]:
    return [path for path in (engine.settings.data_dir / "files").rglob("*") if path.is_file()]


def a_week_passes(engine: LocalEngine) -> None:
    """All files that are kept were put a week ago."""
    for path in kept(engine):
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 7 * 24 * 3600))


def test_a_delete_that_was_cut_off_is_completed_without_a_restart(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    cut_off_delete(engine)
    assert (found(engine), engine.index.vectors.count(LOCAL)) == ([], 1)  # unseen, but there
    engine.maintenance.complete_deletes()
    assert engine.index.vectors.count(LOCAL) == 0
    assert engine.versions.pending_purges() == []
    a_week_passes(engine)
    engine.maintenance.tidy()
    assert kept(engine) == []


def test_a_document_put_in_again_before_its_delete_is_completed_stays(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    cut_off_delete(engine)
    ingested(engine, "manual.md", NEWER)
    engine.maintenance.complete_deletes()
    assert (engine.index.vectors.count(LOCAL), len(found(engine))) == (1, 1)
    assert "weeks" in found(engine)[0]
    assert_whole(engine)


def test_a_delete_is_not_completed_while_its_document_is_being_read_in_again(
    engine: LocalEngine, embedder: FakeEmbedder
) -> None:
    """What the job has staged would go with it."""
    ingested(engine, "manual.md", TEXT)
    cut_off_delete(engine)
    put(engine, "manual.md", NEWER)
    turns: list[None] = []
    embedder.before_passages = lambda: turns.append(engine.maintenance.complete_deletes())
    drain(engine)
    assert turns
    assert len(engine.versions.pending_purges()) == 1
    assert "weeks" in found(engine)[0]
    engine.maintenance.complete_deletes()
    assert engine.versions.pending_purges() == []
    assert_whole(engine)


def test_an_original_that_nothing_needs_goes_after_a_day_and_not_before(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    a_week_passes(engine)
    left = kept(engine)[0].with_name("0" * 64)
    left.write_bytes(b"of an upload that died, or is on its way")
    engine.maintenance.tidy()
    assert len(kept(engine)) == 2
    a_week_passes(engine)
    engine.maintenance.tidy()
    assert len(kept(engine)) == 1
    assert_whole(engine)


def test_maintenance_changes_nothing_that_is_whole(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    a_week_passes(engine)
    for _ in range(2):
        engine.maintenance.complete_deletes()
        engine.maintenance.tidy()
    assert len(found(engine)) == len(kept(engine)) == 1
    assert_whole(engine)


def test_the_service_starts_while_the_originals_cannot_be_reached(
    folder: Path, embedder: FakeEmbedder
) -> None:
    with opened(folder / "data", embedder) as engine:
        ingested(engine, "manual.md", TEXT)
    away = BlobsUnavailable("away")
    with (
        patch.object(FolderBlobs, "older_than", side_effect=away),
        opened(folder / "data", embedder) as engine,
    ):
        assert len(found(engine)) == 1
        with pytest.raises(BlobsUnavailable), patch.object(FolderBlobs, "put", side_effect=away):
            put(engine, "other.md", TEXT)
        assert engine.jobs.depth() == 0


def test_documents_wait_and_none_fails_while_the_originals_cannot_be_read(engine: LocalEngine) -> None:
    job = put(engine, "manual.md", TEXT)
    with (
        patch.object(FolderBlobs, "read", side_effect=BlobsUnavailable("away")),
        pytest.raises(BlobsUnavailable),
    ):
        drain(engine)
    assert engine.jobs.get(LOCAL, job.id).state == "queued"
    drain(engine)
    assert len(found(engine)) == 1


def test_a_piece_that_was_added_is_done_beside_the_others(engine: LocalEngine) -> None:
    done = threading.Event()
    engine.maintenance.include(done.set, 0.01, "a piece")
    with engine.maintenance.running():
        assert done.wait(30)
